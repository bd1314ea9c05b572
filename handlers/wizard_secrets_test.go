package handlers

import (
	"net/http"
	"testing"

	"trasloco/migration"
)

// toCheck are the rows that wait for their check, with their secrets.
func (p *panel) toCheck() []migration.Resource {
	p.t.Helper()
	jobs, err := p.Store.ChecksToMake(p.t.Context(), 10)
	check(p.t, err)
	var rows []migration.Resource
	for _, job := range jobs {
		check(p.t, p.Store.OpenResource(p.t.Context(), p.customer, &job.Resource))
		rows = append(rows, job.Resource)
	}
	return rows
}

// A colleague who may correct a draft must not have its passwords sent to a server
// of his own. Who handed the file in may mend a slip of the host.
func TestAPasswordFollowsARowOnlyForWhoHandedItIn(t *testing.T) {
	tests := []struct {
		name string
		as   func(p *panel) migration.User
		form []string
		kept bool
	}{
		{"another user, another host", func(p *panel) migration.User { return p.manager }, []string{"host", "evil.example.org"}, false},
		{"another user, another account", func(p *panel) migration.User { return p.manager }, []string{"login", "other@old.example"}, false},
		{"another user, nothing changed", func(p *panel) migration.User { return p.manager }, []string{"host", "imap.old.example"}, true},
		{"himself, another host", func(p *panel) migration.User { return p.operator }, []string{"host", "imap2.old.example"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			m := p.draft("anna")
			form := append([]string{"destination", "anna@rossi.example", "password", ""}, tt.form...)
			a := p.as(tt.as(p)).post("/migrations/"+m.Code+"/edit/rows/1", form...)
			if a.code != http.StatusSeeOther {
				t.Fatalf("answer %d", a.code)
			}
			rows := p.toCheck()
			if kept := len(rows) == 1 && rows[0].Source.Auth.Password.Reveal() == "pw-anna"; kept != tt.kept {
				t.Errorf("password kept: %v, rows %v", kept, rows)
			}
		})
	}
}

func TestOnlyWhoHandedTheFileInChangesHowServersAreReached(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	step := "/migrations/" + m.Code + "/edit/server"
	p.as(p.manager).post(step, "server", "standard", "tls", "starttls").want(t, http.StatusUnprocessableEntity, "Another user uploaded the CSV file")
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.TLS == migration.TLSStartTLS {
		t.Errorf("rows %+v", rows)
	}
	p.as(p.manager).post(step, "server", "exchange").want(t, http.StatusUnprocessableEntity, "Another user uploaded the CSV file") // another form of login
	p.as(p.manager).post(step, "server", "gmail").wantGoTo(t, "/migrations/"+m.Code+"/edit/file")                                  // that is no way out
	p.as(p.operator).post(step, "server", "standard", "tls", "starttls").wantGoTo(t, "/migrations/"+m.Code+"/edit/file")
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.TLS != migration.TLSStartTLS {
		t.Errorf("rows %+v", rows)
	}
}

func TestOnlyACertificateThatACheckHasShownIsTrusted(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	pin := "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	p.as(p.operator).post("/migrations/"+m.Code+"/edit/trust", "pin", pin, "address", "imap.old.example:993").want(t, http.StatusBadRequest)
	if got := p.reread(m).Source; got.Pin != "" || got.Pins != nil {
		t.Errorf("source %+v", got)
	}
}
