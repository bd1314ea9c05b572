package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

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
