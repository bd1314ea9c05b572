package handlers

import (
	"bytes"
	"encoding/gob"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/store"
)

// moment lets something happen in the middle of a request: when the panel asks for
// the time once more.
type moment struct{ what atomic.Pointer[func()] }

func (m *moment) next(what func()) { m.what.Store(&what) }

func (m *moment) clock(o *Options) {
	now := o.Now
	o.Now = func() time.Time {
		if what := m.what.Swap(nil); what != nil {
			(*what)()
		}
		return now()
	}
}

// Whoever knows the old password, and signs in while it is changed, is not in.
func TestALoginInTheMomentOfAPasswordChangeOpensNothing(t *testing.T) {
	var m moment
	p := newPanel(t, m.clock)
	thief := p.anonymous()
	m.next(func() {
		_, err := p.Store.SetPassword(t.Context(), p.operator, HashPassword(newPassword), false)
		check(t, err)
	})
	signIn(thief, operatorEmail, operatorPassword).wantGoTo(t, "/login")
	if m.what.Load() != nil {
		t.Fatal("the password was not changed in between")
	}
	thief.get("/migrations").wantGoTo(t, "/login?next=%2Fmigrations")
	signIn(thief, operatorEmail, newPassword).wantGoTo(t, "/migrations")
}

// So it is with a password that is changed twice at once: what the first one shut
// out does not choose the next.
func TestOfTwoPasswordChangesAtOnceOneCounts(t *testing.T) {
	p := newPanel(t)
	thief := p.as(p.operator)
	for range hashesAtOnce { // no hash but when the test gives a turn
		p.hashing <- struct{}{}
	}
	answers := make(chan answer, 1)
	go func() {
		answers <- thief.post("/profile/password", "old_password", operatorPassword, "new_password", "the thief has chosen this")
	}()
	<-p.hashing // his turn to compare the old one
	for len(p.hashing) < hashesAtOnce {
		runtime.Gosched()
	}
	p.hashing <- struct{}{} // he has
	_, err := p.Store.SetPassword(t.Context(), p.operator, HashPassword(newPassword), false)
	check(t, err)
	for range hashesAtOnce {
		<-p.hashing
	}
	got := <-answers
	got.want(t, http.StatusConflict)
	signIn(p.anonymous(), operatorEmail, newPassword).wantGoTo(t, "/migrations")
}

// A request that was under way when its session ended keeps its message, and does
// not bring the session back.
func TestARequestUnderWayDoesNotBringItsSessionBack(t *testing.T) {
	var m moment
	p := newPanel(t, m.clock)
	b := p.as(p.operator)
	token := b.cookies()[0].Value
	m.next(func() { check(t, p.Store.DeleteOtherSessions(t.Context(), p.operator.ID, [32]byte{})) })
	b.post("/profile", "name", "Laura", "language", "it").wantGoTo(t, "/profile")
	if m.what.Load() != nil {
		t.Fatal("the session did not end in between")
	}
	if b.cookies()[0].Value == token {
		t.Error("the token is still in use")
	}
	b.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
	b.get("/login").want(t, http.StatusOK, "Il profilo è salvato")
	b.setCookie(&http.Cookie{Name: "sid", Value: token, Path: "/"})
	b.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
}

// A reset in a browser that is signed in ends that session too.
func TestAResetSignsItsOwnBrowserOut(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.member)
	link := p.as(p.operator).post(numbered("/users", p.member.ID, "/link")).link(t)
	b.post(link, "new_password", newPassword).wantGoTo(t, "/login")
	b.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
}

const waitingMessage = "This waits for a page"

// told is a browser in which a message waits for the next page.
func (p *panel) told(user *migration.User) *browser {
	p.t.Helper()
	var data bytes.Buffer
	check(p.t, gob.NewEncoder(&data).Encode(map[any]any{keyFlash: []string{waitingMessage}}))
	b, token, whose := p.anonymous(), newToken(), migration.User{}
	if user != nil {
		whose = p.byEmail(user.Email)
	}
	check(p.t, p.Store.AddSession(p.t.Context(), store.Session{
		TokenHash: hashToken(token), CreatedAt: p.clock.now(), SeenAt: p.clock.now(), Data: data.Bytes(),
	}, whose))
	b.setCookie(&http.Cookie{Name: "sid", Value: token, Path: "/"})
	return b
}

func TestAMessageWaitsForAPageThatShowsIt(t *testing.T) {
	p := newPanel(t)
	b := p.told(&p.member)
	for path, code := range map[string]int{"/nothing": http.StatusNotFound, "/users": http.StatusForbidden, "/static/nothing.css": http.StatusNotFound} {
		if page := b.get(path).want(t, code); strings.Contains(page.body, waitingMessage) {
			t.Errorf("%s shows it: take it out of this test", path)
		}
	}
	b.get("/profile").want(t, http.StatusOK, waitingMessage)
	if again := b.get("/profile"); strings.Contains(again.body, waitingMessage) {
		t.Error("the message came twice")
	}
}

// Whatever page comes next: it shows the message, or leaves it to the one after.
func TestNoPageSwallowsAMessage(t *testing.T) {
	g := newGallery(t)
	for _, s := range g.states {
		if s.empty || s.action != "" {
			continue
		}
		user := s.who(g.panel)
		b, after := g.told(user), "/login"
		if user != nil {
			after = "/profile"
		}
		if page := b.get(s.path); !strings.Contains(page.body, waitingMessage) && !strings.Contains(b.get(after).body, waitingMessage) {
			t.Errorf("%s swallows it", s.name)
		}
	}
}
