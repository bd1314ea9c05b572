package handlers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// full is a migration in its first pass whose destination mailboxes have no room, but
// for that of carla.
func (p *panel) full(names ...string) migration.Migration {
	p.t.Helper()
	m := p.running(append(names, "carla")...)
	runs, err := p.Store.Runs(p.t.Context(), p.customer, m.Passes[0].ID)
	check(p.t, err)
	for i := range names {
		check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &runs[i], migration.RunConnecting))
		runs[i].ErrorClass, runs[i].RetryAt = migration.ClassOverQuota, p.clock.now()
		check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &runs[i], migration.RunParked))
	}
	return p.reread(m)
}

func TestFullMailboxesAreNamedWithWhatToDo(t *testing.T) {
	p := newPanel(t)
	m := p.full("anna", "bruno")
	page := p.as(p.member).get("/migrations/"+m.Code).want(t, http.StatusOK).body
	for _, want := range []string{
		"2 destination mailboxes are full.", "Give more space on the new server", `/migrations/` + m.Code + `/resources/2"`, "There is room, go on now",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	p.as(p.member).post("/migrations/"+m.Code+"/look-again").wantGoTo(t, "/migrations/"+m.Code)
	if !slices.Contains(p.desk.calls(), "look again with "+m.Code) {
		t.Errorf("the desk was asked %v", p.desk.calls())
	}
}
