package handlers

import (
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
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
	if !strings.Contains(page, "3 accessi di altre migrazioni") || !strings.Contains(page, "1 riga di questa migrazione aspetta") || strings.Contains(page, "bruno") {
		t.Errorf("the page tells %s", page)
	}
	if page := p.as(p.manager).get("/migrations/" + m.Code); strings.Contains(page.body, "/go-on") && page.code == 200 && !p.manager.CanChange(m) {
		t.Error("who may not run the migration has the button")
	}
}
