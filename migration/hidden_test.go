package migration

import (
	"slices"
	"testing"
)

// What may be hidden is kept as it was found, under whatever name (M-4).
func TestHiddenIsReadAsItWasWritten(t *testing.T) {
	some := []CutFolder{{"INBOX", 1000}, {`Caff\u00e8 "\\` + "\n", 10_000}}
	for _, tt := range []struct {
		allMail bool
		cut     []CutFolder
	}{{false, nil}, {true, nil}, {false, some}, {true, some}} {
		h := Hide(tt.allMail, tt.cut)
		if h.AllMail() != tt.allMail || !slices.Equal(h.Cut(), tt.cut) || (h == "") != (!tt.allMail && tt.cut == nil) {
			t.Errorf("%+v became %q", tt, h)
		}
	}
}
