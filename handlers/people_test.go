package handlers

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

const newPassword = "another house on the road"

// mailing makes the panel one that sends mail.
func mailing(o *Options) { o.SendsMail, o.PublicURL = true, "http://panel.example" }

// numbered is the path of a thing, or below it.
func numbered(page string, id int64, below ...string) string {
	return page + "/" + strconv.FormatInt(id, 10) + strings.Join(below, "")
}

var shownLink = regexp.MustCompile(`http://[^/]+(/(?:invitation|reset)/[A-Za-z0-9_-]{43})`)

// link returns the path of the link that a page shows.
func (a answer) link(t *testing.T) string {
	t.Helper()
	found := shownLink.FindStringSubmatch(a.want(t, http.StatusOK).body)
	if found == nil {
		t.Fatalf("the page shows no link:\n%s", a.body)
	}
	return found[1]
}

// mailed returns the path of the link in the last mail to a user.
func (p *panel) mailed(user migration.User) string {
	p.t.Helper()
	n, err := p.Store.LastAccountNotice(p.t.Context(), user.CustomerID, user.ID)
	check(p.t, err)
	letter, err := p.Store.AccountLetter(p.t.Context(), n)
	check(p.t, err)
	return "/" + string(n.Kind) + "/" + letter.Token.Reveal()
}

func (p *panel) byEmail(email string) migration.User {
	p.t.Helper()
	user, _, err := p.Store.UserByEmail(p.t.Context(), email)
	check(p.t, err)
	return user
}

// withPassword gives a user a real password, for tests of the login.
func (p *panel) withPassword(user migration.User) migration.User {
	p.t.Helper()
	user, err := p.Store.SetPassword(p.t.Context(), p.byEmail(user.Email), operatorHash(), false)
	check(p.t, err)
	return user
}

func inviteFields(more ...string) []string {
	return with([]string{"name", "Giulia Conti", "email", "giulia@rossi.example", "language", "it", "role", "team_member"}, more...)
}

func TestAUserIsInvitedAndChoosesAPassword(t *testing.T) {
	p := newPanel(t)
	admin := p.as(p.operator)
	page := admin.post("/users/new", inviteFields()...)
	link := page.link(t)
	page.want(t, http.StatusOK, "giulia@rossi.example")
	if strings.Contains(p.log.String(), strings.TrimPrefix(link, "/invitation/")) {
		t.Error("the link stands in the log")
	}
	admin.get("/users").want(t, http.StatusOK, "Giulia Conti", "In attesa", "Mai")

	guest := p.anonymous()
	guest.header.Set("Accept-Language", "it")
	guest.get(link).want(t, http.StatusOK, "giulia@rossi.example")
	guest.post(link, "new_password", "short").want(t, http.StatusUnprocessableEntity, `role="alert"`, `id="new_password"`)
	guest.post(link, "new_password", newPassword).wantGoTo(t, "/migrations")
	guest.get("/migrations").want(t, http.StatusOK, "Ti diamo il benvenuto, Giulia Conti")
	guest.get("/users").want(t, http.StatusForbidden)

	p.anonymous().get(link).want(t, http.StatusNotFound, "does not hold any more")
	p.anonymous().post(link, "new_password", newPassword).want(t, http.StatusNotFound)
	signIn(p.anonymous(), "giulia@rossi.example", newPassword).wantGoTo(t, "/migrations")
	if got := p.byEmail("giulia@rossi.example"); got.State() != migration.UserActive || got.Role != migration.TeamMember || got.Language != "it" || got.SeenAt.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestAnInvitationByMailShowsNoLink(t *testing.T) {
	p := newPanel(t, mailing)
	admin := p.as(p.operator)
	admin.post("/users/new", inviteFields()...).wantGoTo(t, "/users?customer="+strconv.FormatInt(p.customer, 10))
	page := admin.get("/users").want(t, http.StatusOK, "una mail a giulia@rossi.example")
	if shownLink.MatchString(page.body) {
		t.Error("the link is shown")
	}
	guest := p.byEmail("giulia@rossi.example")
	first := p.mailed(guest)
	admin.get(numbered("/users", guest.ID)).want(t, http.StatusOK, "sta per partire", "Invita di nuovo")
	admin.post(numbered("/users", guest.ID, "/link")).wantGoTo(t, numbered("/users", guest.ID))
	p.anonymous().get(first).want(t, http.StatusNotFound)
	second := p.mailed(guest)
	p.clock.pass(7 * 24 * time.Hour)
	p.anonymous().get(second).want(t, http.StatusNotFound)
}

// What became of the mail stands on the user's page.
func TestAnInvitationThatDoesNotLeaveIsSeen(t *testing.T) {
	p := newPanel(t, mailing)
	p.as(p.operator).post("/users/new", inviteFields()...).want(t, http.StatusSeeOther)
	guest := p.byEmail("giulia@rossi.example")
	n, err := p.Store.LastAccountNotice(t.Context(), p.customer, guest.ID)
	check(t, err)
	n.Tries, n.NextAt, n.Error = 1, p.clock.now(), "550 no such user"
	check(t, p.Store.AccountNoticeFailed(t.Context(), n))
	p.as(p.operator).get(numbered("/users", guest.ID)).want(t, http.StatusOK, "550 no such user", "continuiamo a provare")
	n.GaveUp = true
	check(t, p.Store.AccountNoticeFailed(t.Context(), n))
	p.as(p.operator).get(numbered("/users", guest.ID)).want(t, http.StatusOK, "550 no such user", "non proviamo più")
}

func TestWhatIsWrongWithAnInvitationIsSaid(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	tests := []struct {
		name   string
		fields []string
		fault  string
	}{
		{"no name", inviteFields("name", " "), "#name"},
		{"no address", inviteFields("email", "giulia"), "#email"},
		{"an address with a sign that nobody sees", inviteFields("email", "gi\u200bulia@rossi.example"), "#email"},
		{"one that is shown the other way round", inviteFields("email", "\u202eaura@rossi.example"), "#email"},
		{"an endless address", inviteFields("email", strings.Repeat("[", 4000)+"@rossi.example"), "#email"},
		{"a name that nobody sees", inviteFields("name", "\u200b\u202e\n"), "#name"},
		{"an address that somebody has", inviteFields("email", "TEAM@rossi.example"), "ha già un accesso"},
		{"one of another customer", inviteFields("email", "stranger@other.example"), "ha già un accesso"},
		{"no role", inviteFields("role", "boss"), "#role"},
		{"a manager without domains", inviteFields("role", "manager"), "#domains"},
		{"a language nobody speaks", inviteFields("language", "tlh"), "#language"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b.post("/users/new", tt.fields...).want(t, http.StatusUnprocessableEntity, `role="alert"`, tt.fault, `id="email"`)
		})
	}
	if users, err := p.Store.Users(t.Context(), p.customer); err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
}

func TestANameIsOneLineAndTurnsNothingRound(t *testing.T) {
	p := newPanel(t)
	p.as(p.operator).post("/users/new", inviteFields("name", " Giulia\r\nConti\u202e \u00a0de  Rossi\x00 ")...).want(t, http.StatusOK)
	if got := p.byEmail("giulia@rossi.example"); got.Name != "Giulia Conti de Rossi" {
		t.Errorf("%q", got.Name)
	}
}

func TestAUserIsChangedBlockedAndDeleted(t *testing.T) {
	p := newPanel(t)
	b, his := p.as(p.operator), p.as(p.member)
	page := numbered("/users", p.member.ID)
	b.get(page).want(t, http.StatusOK, "Team Member", "team@rossi.example")
	b.post(page, "name", "Tea", "role", "manager", "domains", strconv.FormatInt(p.domains[0].ID, 10)).wantGoTo(t, page)
	b.get(page).want(t, http.StatusOK, "Le modifiche a Tea sono salvate.")
	if got := p.byEmail("team@rossi.example"); got.Role != migration.Manager || got.DomainIDs[0] != p.domains[0].ID || got.Name != "Tea" || got.Operator {
		t.Errorf("%+v", got)
	}
	his.get("/profile").want(t, http.StatusOK)
	b.post(page+"/block").wantGoTo(t, page)
	his.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
	b.get(page).want(t, http.StatusOK, "Bloccato", "Sblocca")
	b.post(page+"/link").want(t, http.StatusConflict)
	b.post(page+"/unblock").wantGoTo(t, page)
	his.get("/profile").wantGoTo(t, "/login?next=%2Fprofile") // the session has ended for good

	b.get(page+"/delete").want(t, http.StatusOK, "<dialog", "Eliminare Tea?")
	b.post(page+"/delete").want(t, http.StatusSeeOther)
	b.get("/users").want(t, http.StatusOK, "Tea è stato eliminato")
	b.get(page).want(t, http.StatusNotFound)
}

func TestWhoIsBlockedGetsNoOtherAnswerThanWhoIsUnknown(t *testing.T) {
	p := newPanel(t)
	member := p.withPassword(p.member)
	signIn(p.anonymous(), member.Email, operatorPassword).wantGoTo(t, "/migrations")
	p.as(p.operator).post(numbered("/users", member.ID, "/block")).want(t, http.StatusSeeOther)
	blocked := signIn(p.anonymous(), member.Email, operatorPassword)
	nobody := signIn(p.anonymous(), "aaaa@rossi.example", operatorPassword)
	if blocked.code != http.StatusUnprocessableEntity || strings.ReplaceAll(nobody.body, "aaaa@", "team@") != blocked.body {
		t.Errorf("answer %d:\n%s", blocked.code, blocked.body)
	}
}

// Live pages end with the session that opened them.
func TestABlockedUsersLivePageEnds(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	his := p.as(p.member)
	ended := make(chan struct{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, his.base+"/migrations/"+m.Code+"/events", nil)
	check(t, err)
	response, err := his.client.Do(request)
	check(t, err)
	defer response.Body.Close()
	octet := make([]byte, 1)
	_, err = response.Body.Read(octet) // it has begun
	check(t, err)
	go func() {
		var err error
		for err == nil {
			_, err = response.Body.Read(make([]byte, 4096))
		}
		close(ended)
	}()
	p.as(p.operator).post(numbered("/users", p.member.ID, "/block")).want(t, http.StatusSeeOther)
	select {
	case <-ended:
	case <-time.After(streamFor):
		t.Fatal("the stream goes on")
	}
}

func TestNobodyTakesTheLastAdminAway(t *testing.T) {
	p := newPanel(t)
	operator, other := p.as(p.operator), p.stranger
	page := numbered("/users", other.ID)
	for _, answer := range []answer{
		operator.post(page, "name", "S", "role", "manager", "domains", strconv.FormatInt(p.foreignDomain().ID, 10)),
		operator.post(page + "/block"), operator.post(page + "/delete"),
	} {
		answer.want(t, http.StatusConflict, "ultimo admin", `role="alert"`)
	}
	if got := p.byEmail(other.Email); got.State() != migration.UserActive || got.Role != migration.Admin {
		t.Errorf("%+v", got)
	}
	// Nor his own role, his own access, or himself.
	self := numbered("/users", p.operator.ID)
	operator.post(self, "name", "Laura B.", "role", "manager").wantGoTo(t, self)
	for _, below := range []string{"/block", "/unblock", "/delete", "/factor", "/link"} {
		operator.post(self+below).want(t, http.StatusForbidden)
	}
	if got := p.byEmail(p.operator.Email); got.Role != migration.Admin || !got.Operator || got.Name != "Laura B." {
		t.Errorf("%+v", got)
	}
}

func TestPolicyReportsDoNotLogLinks(t *testing.T) {
	p := newPanel(t)
	p.anonymous().do(http.MethodPost, "/csp-report", "application/csp-report",
		strings.NewReader(`{"csp-report":{"document-uri":"http://x/invitation/secret-token","effective-directive":"script-src"}}`)).want(t, http.StatusNoContent)
	if log := p.log.String(); strings.Contains(log, "secret-token") || !strings.Contains(log, "content policy broken") {
		t.Error(log)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	p := newPanel(t)
	here, there, third := p.anonymous(), p.anonymous(), p.anonymous()
	here.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	there.header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1")
	for _, b := range []*browser{here, there, third} {
		signIn(b, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	}
	page := here.get("/profile").want(t, http.StatusOK, "Firefox su Linux", "Safari su iPhone", "Questo browser", "127.0.0.1")
	if n := strings.Count(page.body, `action="/profile/sessions/`); n != 4 {
		t.Errorf("%d forms, want one a session and one for all others", n)
	}
	for _, b := range []*browser{here, there, third} {
		if strings.Contains(page.body, b.cookies()[0].Value) {
			t.Error("a token stands in the page")
		}
	}
	hash := hashToken(there.cookies()[0].Value)
	name := sessionName(sessionOf(hash))
	p.as(p.member).post("/profile/sessions/"+name).want(t, http.StatusNotFound)
	here.post("/profile/sessions/"+name).wantGoTo(t, "/profile#sessions")
	there.get("/profile").want(t, http.StatusSeeOther)
	third.get("/profile").want(t, http.StatusOK)
	here.post("/profile/sessions/others").wantGoTo(t, "/profile#sessions")
	third.get("/profile").want(t, http.StatusSeeOther)
	own := sessionName(sessionOf(hashToken(here.cookies()[0].Value)))
	here.post("/profile/sessions/"+own).wantGoTo(t, "/login")
	here.get("/profile").want(t, http.StatusSeeOther)
}
