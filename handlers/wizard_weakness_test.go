package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

func TestAWeaknessIsBorneWithAtOneServerAlone(t *testing.T) {
	for _, tt := range []struct {
		weakness migration.Weakness
		button   string
		holds    func(e migration.Endpoint) bool
		review   string
	}{
		{migration.WeakTLS, "imap.old.example:993 non offre più di TLS 1.0, a cipher", func(e migration.Endpoint) bool { return e.OldTLS && e.TLS == migration.TLSDirect }, "Con imap.old.example:993 usiamo una cifratura vecchia"},
		{migration.NoTLS, "imap.old.example:993 accetta password solo in chiaro", func(e migration.Endpoint) bool { return e.TLS == migration.TLSNone }, "Verso imap.old.example:993 password e posta viaggiano senza cifratura"},
	} {
		t.Run(string(tt.weakness), func(t *testing.T) {
			p := newPanel(t)
			w := p.inWizard(p.operator)
			w.post("server", "server", "standard")
			w.upload("anna@rossi.example;imap.old.example;anna@old.example;pw\nbruno@rossi.example;imap2.old.example;bruno@old.example;pw\n")
			failed := refused("source", string(tt.weakness))
			failed.Detail = "TLS 1.0, a cipher"
			w.checked(map[string]migration.Check{"anna@old.example": failed})
			edit := "/migrations/" + w.code + "/edit/"
			admin := p.as(p.operator)
			admin.get(edit+"file").want(t, http.StatusOK, tt.button)
			fields := []string{"address", "imap.old.example:993", "weakness", string(tt.weakness)}
			p.as(p.member).post(edit+"allow", fields...).want(t, http.StatusUnprocessableEntity)
			for _, wrong := range [][]string{
				{"address", "imap2.old.example:993", "weakness", string(tt.weakness)},
				{"address", "imap.old.example:993", "weakness", ""},
				{"address", "imap.old.example:993", "weakness", "insecure"},
			} {
				if a := admin.post(edit+"allow", wrong...); a.code != http.StatusSeeOther {
					t.Errorf("%v is answered by %d", wrong, a.code)
				}
			}
			if rows := p.toCheck(); len(rows) > 0 {
				t.Fatalf("nobody has allowed it, and it is tried: %+v", rows)
			}
			admin.post(edit+"allow", fields...).wantGoTo(t, edit+"file")
			rows := p.toCheck()
			if len(rows) != 1 || rows[0].Source.Host != "imap.old.example" || !tt.holds(rows[0].Source) {
				t.Fatalf("rows %+v", rows)
			}
			w.checked(nil)
			w.post("first", "first", "asap")
			w.post("second", "second", "gap")
			admin.get(edit+"review").want(t, http.StatusOK, tt.review)
			admin.get("/migrations/"+w.code+"/resources/1").want(t, http.StatusOK, tt.review)
			if body := admin.get("/migrations/" + w.code + "/resources/2").body; len(body) == 0 || strings.Contains(body, "cifratura") {
				t.Error("the other server is weak too")
			}
		})
	}
}
