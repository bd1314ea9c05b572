package handlers

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
)

// ends reads a stream to its end, and fails if a picture says what the reader may
// not see. Without an end the test would hang.
func ends(t *testing.T, b *browser, path, hidden string, meanwhile func()) {
	t.Helper()
	lines := b.events(path)
	event(lines)
	meanwhile()
	for {
		name, picture, open := event(lines)
		if strings.Contains(picture, hidden) {
			t.Errorf("the stream says %s", hidden)
		}
		if name == endEvent {
			t.Error("the stream ends for good")
		}
		if !open {
			return
		}
	}
}

// A file with accounts of another domain takes a draft out of a manager's hands,
// and off his page.
func TestAStreamEndsWhenTheMigrationIsNoMoreTheReaders(t *testing.T) {
	p, feed := livePanel(t)
	m := p.draft("anna")
	ends(t, p.as(p.manager), "/migrations/"+m.Code+"/edit/file", "bruno@bianchi.example", func() {
		foreign := p.row(1, "bruno")
		foreign.DomainID, foreign.Destination.Auth.Login = p.domains[0].ID, "bruno@bianchi.example"
		check(t, p.Store.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("{}"), []migration.Resource{foreign}))
		feed.tell()
	})
}

// What ends a session, or takes rights away, ends the streams, though nothing
// changes in what they show.
func TestStreamsEndWithTheRightsOfTheirReader(t *testing.T) {
	tests := map[string]func(p *panel, admin, his *browser, page string){
		"deleted": func(_ *panel, admin, _ *browser, page string) {
			admin.post(page+"/delete").want(t, http.StatusSeeOther)
		},
		"without a domain": func(p *panel, admin, _ *browser, page string) {
			admin.post(page, "name", "M", "role", "manager", "domains", strconv.FormatInt(p.domains[0].ID, 10)).wantGoTo(t, page)
		},
		"with another role": func(_ *panel, admin, _ *browser, page string) {
			admin.post(page, "name", "M", "role", "admin").wantGoTo(t, page)
		},
		"signed out": func(_ *panel, _, his *browser, _ string) { his.post("/logout").wantGoTo(t, "/login") },
		"signed out elsewhere": func(p *panel, _, _ *browser, _ string) {
			p.as(p.manager).post("/profile/sessions/others").want(t, http.StatusSeeOther)
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := livePanel(t)
			m := p.running("anna")
			his := p.as(p.manager)
			ends(t, his, "/migrations/"+m.Code, "nothing", func() {
				change(p, p.as(p.operator), his, numbered("/users", p.manager.ID))
			})
		})
	}
}

// Rights that go between the look at them and the first picture are noticed too.
func TestAStreamThatBeginsAMomentTooLateShowsNothing(t *testing.T) {
	p, _ := livePanel(t)
	m := p.running("anna")
	late := echo.New()
	late.HTTPErrorHandler = p.fail
	block := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p.as(p.operator).post(numbered("/users", p.manager.ID, "/block")).want(t, http.StatusSeeOther)
			return next(c)
		}
	}
	late.GET("/migrations/:code/events", func(c echo.Context) error { return p.migrationEvents(c) },
		p.know, p.require(seesMigration), block, p.bear(streams))
	site := httptest.NewServer(late)
	defer site.Close()
	b := p.as(p.manager)
	token := b.cookies()[0].Value
	b.base = site.URL
	b.setCookie(&http.Cookie{Name: "sid", Value: token, Path: "/"})
	if got := b.get("/migrations/" + m.Code + "/events"); got.body != "" {
		t.Errorf("answer %d:\n%s", got.code, got.body)
	}
}

// A reader who takes nothing of his stream keeps its view alive. Who comes back with
// other rights is not shown that one.
func TestAListIsNotSharedWithOneOfOtherRights(t *testing.T) {
	p := newPanel(t)
	p.planned("anna")
	p.live.repaint = 0
	his := p.as(p.manager)
	address := his.followed("/migrations?sort=first")
	until(t, his.follow(address), "rossi.example")
	p.live.mu.Lock()
	for _, view := range p.live.views {
		view.watchers++ // he takes nothing
	}
	p.live.mu.Unlock()
	page := numbered("/users", p.manager.ID)
	p.as(p.operator).post(page, "name", "M", "role", "manager", "domains", strconv.FormatInt(p.domains[0].ID, 10)).wantGoTo(t, page)
	if _, picture, _ := event(his.follow(address)); strings.Contains(picture, "rossi.example") {
		t.Error("the list shows what is not his any more")
	}
}
