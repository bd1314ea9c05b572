package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/store"
)

// C-2: the wizard says which rows were refused and which were not tried, and why; the
// button lets one be tried.
func TestTheWizardTellsOfAHostThatRefuses(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(strings.ReplaceAll(pausedFile, "HOST", "mail.verdi.example"))
	w.refuses("mail.verdi.example", map[string]migration.Check{"anna": refused("source", "login"), "bruno": refused("source", "login"), "carla": refused("source", "login")})
	page := w.see("file").body
	for text, times := range map[string]int{
		"mail.verdi.example ha rifiutato 3 accessi di fila": 1,
		"Riga 2: bruno": 1,
		"2 righe di questa migrazione aspettano e non sono state provate.":           1,
		"Non provata: 3 accessi di fila sono stati rifiutati da mail.verdi.example.": 2,
		`name="host" value="source mail.verdi.example"`:                              1,
		`action="/migrations/` + w.code + `/go-on"`:                                  1,
	} {
		if got := strings.Count(page, text); got != times {
			t.Errorf("%q stands there %d times, want %d", text, got, times)
		}
	}
	answer := w.browser.post("/migrations/"+w.code+"/go-on", "host", "source mail.verdi.example")
	answer.wantGoTo(t, w.path("file"))
	if !slices.Contains(p.desk.calls(), "go on at source mail.verdi.example with "+w.code) {
		t.Errorf("the desk was asked %v", p.desk.calls())
	}
	before := len(p.desk.calls())
	w.browser.post("/migrations/"+w.code+"/go-on", "host", "source elsewhere").wantGoTo(t, w.path("file"))
	if len(p.desk.calls()) != before {
		t.Errorf("of a host that is not paused the desk was asked %v", p.desk.calls()[before:])
	}
}

// A migration of others at the same host says that it waits, and not for whom.
func TestOthersLearnOfNoLogin(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(strings.ReplaceAll(pausedFile, "HOST", "imap.old.example"))
	w.refuses("imap.old.example", map[string]migration.Check{"anna": refused("source", "login"), "bruno": refused("source", "login"), "carla": refused("source", "login")})
	m := p.waiting("xaver")
	page := p.as(p.operator).get("/migrations/" + m.Code).body
	if !strings.Contains(page, "3 altri accessi") || !strings.Contains(page, "1 riga di questa migrazione aspetta") || strings.Contains(page, "bruno") {
		t.Errorf("the page tells %s", page)
	}
	if page := p.as(p.manager).get("/migrations/" + m.Code); strings.Contains(page.body, "/go-on") && page.code == 200 && !p.manager.CanChange(m) {
		t.Error("who may not run the migration has the button")
	}
}

// refuse lets a row's end be refused, at once for all.
func (p *panel) refuse(side string, row migration.Resource, cause migration.PauseCause) string {
	p.t.Helper()
	ep := row.Source
	if side == "destination" {
		ep = row.Destination
	}
	key := migration.HostKey(side, ep)
	check(p.t, p.Store.Refuse(p.t.Context(), migration.Refusal{
		Key: key, Side: side, Host: ep.Host, Cause: cause, AtOnce: true,
		RefusedLogin: migration.RefusedLogin{Account: migration.AccountKey(side, ep), Login: ep.Auth.Login, At: testNow},
	}))
	return key
}

// Nobody is told to go on, or takes the trial of another, where no login can come: the
// migration is cancelled, or closed, or the check of its refused row is just being judged.
func TestNoLoginIsTriedWhereNoneCanCome(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(p *panel, m *migration.Migration)
		told bool // of the pause
	}{
		"cancelled": {end: func(p *panel, m *migration.Migration) { check(p.t, p.Store.Cancel(p.t.Context(), p.customer, m)) }},
		"closed":    {end: func(p *panel, m *migration.Migration) { check(p.t, p.Store.Shred(p.t.Context(), p.customer, m.ID)) }},
		"judged": {told: true, end: func(p *panel, m *migration.Migration) {
			check(p.t, p.Store.Submit(p.t.Context(), p.customer, m, []migration.Pass{
				{Number: 1, Status: migration.PassPlanned, PlannedAt: testNow}, {Number: 2, Status: migration.PassPlanned, PlannedAt: testNow.Add(6 * time.Hour)},
			}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPanel(t)
			m := p.draft("anna")
			check(t, p.Store.StartCheck(t.Context(), p.customer, p.toCheck()[0].ID))
			row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
			check(t, err)
			key := p.refuse("source", row.Resource, migration.PauseLogins)
			check(t, p.Store.FinishCheck(t.Context(), p.customer, row.ID, refused("source", "login")))
			test.end(p, &m)
			p.desk.err = migration.ErrConflict
			b := p.as(p.operator)
			page := b.get("/migrations/"+m.Code).want(t, http.StatusOK).body
			if strings.Contains(page, "/go-on") || strings.Contains(page, "ha rifiutato") != test.told {
				t.Errorf("the page offers what cannot be, or tells what is not so:\n%s", page)
			}
			b.post("/migrations/"+m.Code+"/go-on", "host", key).wantGoTo(t, p.pausePage(p.reread(m)))
			if calls := p.desk.calls(); slices.Contains(calls, "go on at "+key+" with "+m.Code) {
				t.Errorf("the desk was asked %v", calls)
			}
			if page := b.get("/migrations/" + m.Code).body; test.told && !strings.Contains(page, "Nessun accesso è stato provato") {
				t.Errorf("nobody says that nothing was tried:\n%s", page)
			}
		})
	}
}

// A pass whose hosts let nobody in has begun, and nothing of it is on its way. Rows that
// only wait for their turn will be.
func TestAPassThatNobodyIsLetInForIsNotOnItsWay(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna", "bruno")
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	refuse := func(line int, host string) {
		row, err := p.Store.Resource(t.Context(), p.customer, m.ID, line)
		check(t, err)
		row.Source.Host = host
		check(t, p.Store.CorrectRow(t.Context(), p.customer, m.ID, store.Correction{Row: line, Source: row.Source}))
		p.refuse("source", row.Resource, migration.PauseMaster)
	}
	const held, begun = "ma per ora nessuna casella si può copiare", "I primi messaggi sono in viaggio"
	see := func(want, other string) {
		t.Helper()
		if page := p.as(p.operator).get("/migrations/"+m.Code).want(t, http.StatusOK, want).body; strings.Contains(page, other) {
			t.Errorf("the page says %q too", other)
		}
	}
	see(begun, held)
	refuse(1, "mail.uno.example")
	see(begun, held)
	refuse(2, "mail.due.example")
	see(held, begun)
}

// At the destination it is the mailbox that is missing, more likely.
func TestARefusalSaysOnWhichSideItIs(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
	check(t, err)
	for cause, texts := range map[migration.PauseCause][]string{
		migration.PauseLogins: {"Il nuovo server imap.new.example ha rifiutato 1 accesso.", "creale sul nuovo server"},
		migration.PauseMaster: {"Il nuovo server imap.new.example non accetta l’utente master.", "nelle impostazioni del nuovo server"},
	} {
		key := p.refuse("destination", row.Resource, cause)
		p.as(p.operator).get("/migrations/"+m.Code+"/edit/file").want(t, http.StatusOK, texts...)
		check(t, p.Store.Accept(t.Context(), key))
	}
}

// Who only waits is not told to correct what is not his.
func TestWhoWaitsHasNothingToCorrect(t *testing.T) {
	p := newPanel(t)
	key := p.refuse("source", p.row(1, "xaver"), migration.PauseLogins)
	m := p.draft("anna")
	page := p.as(p.operator).get("/migrations/"+m.Code+"/edit/file").want(t, http.StatusOK, "1 altro accesso", "le sue righe aspettano soltanto", key)
	if strings.Contains(page.body, "Correggi una di queste righe") {
		t.Error("it says to correct one of no rows")
	}
}

// The link of a refused row leads to the page of the rows on which it stands.
func TestARefusedRowIsFoundOnItsPage(t *testing.T) {
	p := newPanel(t)
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprint("user", i+1))
	}
	m := p.draft(names...)
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 120)
	check(t, err)
	p.refuse("source", row.Resource, migration.PauseLogins)
	file, b := "/migrations/"+m.Code+"/edit/file", p.as(p.operator)
	b.get(file).want(t, http.StatusOK, `href="`+file+`?row=120#row-120"`)
	b.get(file+"?row=120").want(t, http.StatusOK, `id="row-120"`)
}
