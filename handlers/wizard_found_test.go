package handlers

import (
	"net/http"
	"testing"

	"trasloco/migration"
)

const lostFile = `anna@rossi.example;;anna@old.example;pw-anna
bruno@rossi.example;imap old example;bruno@old.example;pw-bruno
carla@rossi.example;imap.old.example;carla@old.example;pw-carla
dora@rossi.example;;dora@other.example;pw-dora
`

// finds answers all searches with a server.
func (p *panel) finds(found migration.Suggestion) {
	p.t.Helper()
	jobs, err := p.Store.DiscoveriesToMake(p.t.Context(), 10)
	check(p.t, err)
	for _, job := range jobs {
		check(p.t, p.Store.FinishDiscovery(p.t.Context(), job.ID, found))
	}
}

func TestAServerThatWasFoundIsTakenByTheAdminAlone(t *testing.T) {
	p := newPanel(t)
	m := migration.Migration{CustomerID: p.customer, UserID: p.operator.ID, ServerType: migration.Standard}
	check(t, p.Store.CreateDraft(t.Context(), &m))
	edit := "/migrations/" + m.Code + "/edit/"
	admin := p.as(p.operator)
	admin.post(edit+"file", "rows", lostFile).wantGoTo(t, edit+"file")
	admin.get(edit+"file").want(t, http.StatusOK, "Stiamo cercando il server di old.example")
	p.finds(migration.Suggestion{Host: "imaps.aruba.it", Port: 993, How: migration.FoundByMX})
	admin.get(edit+"file").want(t, http.StatusOK, "Per old.example abbiamo trovato imaps.aruba.it", "Usalo per tutte le 2 righe del dominio", "Per other.example")
	if rows := p.toCheck(); len(rows) != 1 {
		t.Fatalf("nobody has taken it, and %d rows go somewhere", len(rows))
	}
	for _, wrong := range [][]string{
		{"domain", "old.example", "host", "evil.example"},
		{"domain", "rossi.example", "host", "imaps.aruba.it"},
		{"domain", "old.example", "host", "imaps.aruba.it", "line", "3"},
	} {
		if a := admin.post(edit+"found", wrong...); a.code != http.StatusSeeOther {
			t.Errorf("%v is answered by %d", wrong, a.code)
		}
	}
	goesTo := func(want ...string) {
		t.Helper()
		rows := p.toCheck()
		for i, r := range rows {
			if i >= len(want) || r.Source.Auth.Login+" "+r.Source.Address() != want[i] {
				t.Errorf("row %d: %s at %s, want %v", r.Row, r.Source.Auth.Login, r.Source.Address(), want)
			}
		}
		if len(rows) != len(want) {
			t.Errorf("%d rows, want %v", len(rows), want)
		}
	}
	admin.post(edit+"found", "domain", "old.example", "host", "imaps.aruba.it", "line", "1").wantGoTo(t, edit+"file?rows=&page=1")
	goesTo("anna@old.example imaps.aruba.it:993", "carla@old.example imap.old.example:993")
	admin.post(edit+"found", "domain", "old.example", "host", "imaps.aruba.it", "line", "0").wantGoTo(t, edit+"file?rows=&page=1")
	goesTo("anna@old.example imaps.aruba.it:993", "bruno@old.example imaps.aruba.it:993", "carla@old.example imap.old.example:993")
}

// What a colleague takes goes without the passwords of who handed the file in.
func TestAColleaguesServerGetsNoPasswords(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	jobs, err := p.Store.ChecksToMake(t.Context(), 10)
	check(t, err)
	lost := refused("source", "address")
	check(t, p.Store.StartCheck(t.Context(), p.customer, jobs[0].Resource.ID))
	check(t, p.Store.FinishCheck(t.Context(), p.customer, jobs[0].Resource.ID, lost))
	check(t, p.Store.WantDiscovery(t.Context(), p.customer, m.ID, "old.example"))
	p.finds(migration.Suggestion{Host: "mail.old.example", Port: 143, How: migration.FoundByName})
	edit := "/migrations/" + m.Code + "/edit/"
	p.as(p.manager).get(edit+"file").want(t, http.StatusOK, "mail.old.example:143")
	p.as(p.manager).post(edit+"found", "domain", "old.example", "host", "mail.old.example:143").wantGoTo(t, edit+"file?rows=&page=1")
	if rows := p.toCheck(); len(rows) != 0 {
		t.Errorf("it goes to %s with a password", rows[0].Source.Address())
	}
	p.as(p.operator).get(edit+"file").want(t, http.StatusOK, `value="mail.old.example:143"`)
}
