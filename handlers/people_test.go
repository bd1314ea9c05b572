package handlers

import (
	"net/http"
	"net/url"
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
	check(p.t, p.Store.SetPassword(p.t.Context(), user.ID, operatorHash(), false))
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

func (p *panel) foreignDomain() migration.Domain {
	p.t.Helper()
	domains, err := p.Store.Domains(p.t.Context(), p.stranger.CustomerID)
	check(p.t, err)
	return domains[0]
}

func TestAForgottenPasswordIsReplaced(t *testing.T) {
	p := newPanel(t, mailing)
	b := p.anonymous()
	signIn(b, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	p.anonymous().get("/login").want(t, http.StatusOK, "/forgot")
	asking := p.anonymous()
	asking.get("/forgot").want(t, http.StatusOK, `id="email"`)
	asking.post("/forgot", "email", "nobody").want(t, http.StatusUnprocessableEntity, "#email")
	asking.post("/forgot", "email", operatorEmail).wantGoTo(t, "/login")
	known := asking.get("/login").want(t, http.StatusOK, "If laura@rossi.example has access here")

	stranger := p.anonymous()
	stranger.post("/forgot", "email", "aaaaa@rossi.example").wantGoTo(t, "/login")
	if unknown := stranger.get("/login"); strings.ReplaceAll(unknown.body, "aaaaa@", "laura@") != known.body {
		t.Errorf("the answers differ:\n%s\n%s", known.body, unknown.body)
	}
	link := p.mailed(p.operator)
	asking.get(link).want(t, http.StatusOK, operatorEmail)
	asking.post(link, "new_password", newPassword).wantGoTo(t, "/login")
	b.get("/migrations").wantGoTo(t, "/login?next=%2Fmigrations") // all sessions have ended
	signIn(p.anonymous(), operatorEmail, operatorPassword).want(t, http.StatusUnprocessableEntity)
	signIn(p.anonymous(), operatorEmail, newPassword).wantGoTo(t, "/migrations")
	p.anonymous().post(link, "new_password", newPassword+"!").want(t, http.StatusNotFound)
	notices, err := p.Store.PendingAccountNotices(t.Context(), p.clock.now())
	check(t, err)
	if len(notices) != 1 || notices[0].Kind != migration.AccountPassword {
		t.Errorf("mails %+v", notices)
	}
}

func TestALinkForANewPasswordHoldsForAnHour(t *testing.T) {
	p := newPanel(t, mailing)
	p.anonymous().post("/forgot", "email", operatorEmail).wantGoTo(t, "/login")
	link := p.mailed(p.operator)
	p.clock.pass(time.Hour - time.Second)
	p.anonymous().get(link).want(t, http.StatusOK)
	p.clock.pass(time.Second)
	p.anonymous().get(link).want(t, http.StatusNotFound)
	p.anonymous().post(link, "new_password", newPassword).want(t, http.StatusNotFound)
}

func TestAskingForPasswordsHasToWait(t *testing.T) {
	p := newPanel(t, mailing)
	for i := range 6 {
		p.anonymous().post("/forgot", "email", strconv.Itoa(i)+"@rossi.example").wantGoTo(t, "/login")
	}
	got := p.anonymous().post("/forgot", "email", operatorEmail).want(t, http.StatusTooManyRequests, "too many attempts")
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	p.clock.pass(time.Second)
	p.anonymous().post("/forgot", "email", operatorEmail).wantGoTo(t, "/login")
}

func TestWithoutMailAnAdminHelps(t *testing.T) {
	p := newPanel(t)
	p.anonymous().get("/forgot").want(t, http.StatusOK, "No mail leaves this panel", "help@new.example")
	p.anonymous().post("/forgot", "email", operatorEmail).want(t, http.StatusConflict)
	link := p.as(p.operator).post(numbered("/users", p.member.ID, "/link")).link(t)
	p.anonymous().post(link, "new_password", newPassword).wantGoTo(t, "/login")
	signIn(p.anonymous(), p.member.Email, newPassword).wantGoTo(t, "/migrations")
	// The mail that nobody could send is not written down either.
	notices, err := p.Store.PendingAccountNotices(t.Context(), p.clock.now())
	check(t, err)
	if len(notices) != 0 {
		t.Errorf("mails %+v", notices)
	}
}

// Who asks for somebody else's new password may say anything of where the panel
// is: mails use what the operator said.
func TestTheHostHeaderIsNoAddressForMails(t *testing.T) {
	p := newPanel(t, func(o *Options) { o.SendsMail = true })
	b := p.anonymous()
	b.header.Set("Host", "evil.example")
	b.post("/forgot", "email", operatorEmail).want(t, http.StatusConflict)
	if _, err := p.Store.LastAccountNotice(t.Context(), p.customer, p.operator.ID); err == nil {
		t.Error("a link was made")
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

func TestDomainsAreAddedMovedAndDeleted(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	servers, err := p.Store.Destinations(t.Context())
	check(t, err)
	server := strconv.FormatInt(servers[0].ID, 10)
	list := "/domains?customer=" + strconv.FormatInt(p.customer, 10)
	b.get("/domains").want(t, http.StatusOK, "rossi.example", "New server")
	b.post("/domains", "domain", " @BÜCHER.example ", "server", server).wantGoTo(t, list)
	b.get("/domains").want(t, http.StatusOK, "xn--bcher-kva.example")
	for name, want := range map[string]string{
		"": "#domain", "no domain": "Questo non è un dominio", "192.0.2.1": "Questo non è un dominio", "Rossi.example": "già nell’elenco", "other.example": "in uso altrove",
	} {
		page := b.post("/domains", "domain", name, "server", server).want(t, http.StatusUnprocessableEntity, want, `role="alert"`)
		if strings.Contains(page.body, "Other &amp; Sons</option>") != strings.Contains(page.body, "Studio Rossi</option>") {
			t.Error("the page tells whose the domain is")
		}
	}
	b.post("/domains", "domain", "x.example", "server", "99").want(t, http.StatusNotFound)

	p.draft("anna")
	used := p.domains[1]
	b.get(numbered("/domains", used.ID)).want(t, http.StatusOK, "finché una migrazione lo usa", "fino ad allora il server resta")
	second := testDestination()
	second.Name = "Second server"
	check(t, p.Store.SaveDestination(t.Context(), &second))
	to := strconv.FormatInt(second.ID, 10)
	b.post(numbered("/domains", used.ID), "server", to).want(t, http.StatusConflict, "#server")
	b.get(numbered("/domains", used.ID, "/delete")).want(t, http.StatusConflict, "finché una migrazione lo usa")
	b.post(numbered("/domains", used.ID, "/delete")).want(t, http.StatusConflict)

	free := p.domains[0]
	b.post(numbered("/domains", free.ID), "server", to).wantGoTo(t, list)
	b.get("/domains").want(t, http.StatusOK, "Second server")
	b.get(numbered("/domains", free.ID, "/delete")).want(t, http.StatusOK, "<dialog", "Eliminare bianchi.example?")
	b.post(numbered("/domains", free.ID, "/delete")).wantGoTo(t, list)
	b.get(numbered("/domains", free.ID)).want(t, http.StatusNotFound)
}

func TestAResellerWithOneCustomerNeverMeetsTheWord(t *testing.T) {
	p := newEmptyPanel(t)
	b := p.anonymous()
	b.header.Set("Accept-Language", "en")
	b.post("/setup", setUpFields()...).wantGoTo(t, "/migrations")
	for _, path := range []string{"/migrations", "/users", "/users/new", "/users/1", "/domains", "/domains/1", "/profile", "/profile/factor", "/forgot"} {
		if page := b.get(path).want(t, http.StatusOK); strings.Contains(strings.ToLower(page.body), "customer<") || strings.Contains(page.body, "Customers") {
			t.Errorf("%s says the word:\n%s", path, page.body)
		}
	}
	b.get("/destinations").want(t, http.StatusOK, "/customers/new")
	link := b.post("/customers/new", "customer", "Other", "name", "Bice", "email", "bice@other.example", "language", "en").link(t)
	b.get("/migrations").want(t, http.StatusOK, "Customers")
	b.get("/customers").want(t, http.StatusOK, "Other", "Studio Rossi")
	b.get("/users").want(t, http.StatusOK, `name="customer"`, "Laura Bianchi")
	other := p.byEmail("bice@other.example").CustomerID
	b.get("/users?customer="+strconv.FormatInt(other, 10)).want(t, http.StatusOK, "bice@other.example")
	b.get("/users?customer=99").want(t, http.StatusNotFound)

	bice := p.anonymous()
	bice.post(link, "new_password", newPassword).wantGoTo(t, "/migrations")
	page := bice.get("/users").want(t, http.StatusOK, "Bice")
	if strings.Contains(page.body, `name="customer"`) || strings.Contains(page.body, "Laura") {
		t.Error("a customer sees the others")
	}
	bice.get("/customers").want(t, http.StatusForbidden)
}

func TestACustomerIsRenamed(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	page := numbered("/customers", p.stranger.CustomerID)
	b.get(page).want(t, http.StatusOK, "Other &amp; Sons", url.Values{"customer": {strconv.FormatInt(p.stranger.CustomerID, 10)}}.Encode())
	b.post(page, "customer", "studio rossi").want(t, http.StatusUnprocessableEntity, "#customer")
	b.post(page, "customer", "").want(t, http.StatusUnprocessableEntity, "#customer")
	b.post(page, "customer", "Another name").wantGoTo(t, "/customers")
	b.get("/customers").want(t, http.StatusOK, "Another name")
	b.get("/customers/99").want(t, http.StatusNotFound)
	b.post("/customers/99", "customer", "x").want(t, http.StatusNotFound)
	b.post("/customers/new", "customer", "Third", "name", "X", "email", operatorEmail, "language", "it").want(t, http.StatusUnprocessableEntity, "#email")
	b.post("/customers/new", "customer", "another NAME", "name", "X", "email", "x@x.example", "language", "it").want(t, http.StatusUnprocessableEntity, "#customer")
}
