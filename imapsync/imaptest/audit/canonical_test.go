package audit

import (
	"math/rand/v2"
	"testing"
)

// TestTheFormDoesNotDependOnHowOctetsArrive cuts streams at every place.
func TestTheFormDoesNotDependOnHowOctetsArrive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var raw []byte
		for range 1 + r.IntN(12) {
			raw = append(raw, "\r\r\n\n\x00a"[r.IntN(6)])
		}
		want := string(AsDovecot(raw))
		for cut := range raw {
			var form dovecotForm
			if got := form.append(form.append(nil, raw[:cut]), raw[cut:]); string(got) != want {
				t.Fatalf("%q cut at %d became %q, want %q", raw, cut, got, want)
			}
		}
	}
}
