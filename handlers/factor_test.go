package handlers

import (
	"bytes"
	"encoding/base64"
	"html"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"trasloco/migration"
	"trasloco/store"
)

var (
	shownSecret = regexp.MustCompile(`id="secret" translate="no">([A-Z2-7 ]+)<`)
	shownCode   = regexp.MustCompile(`<code translate="no">([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</code>`)
	shownQR     = regexp.MustCompile(`src="data:image/png;base64,([^"]+)"`)
)

// app is the app of a user: it makes the code of the moment.
type app struct {
	p      *panel
	secret string
}

func (a app) code() string {
	a.p.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.p.clock.now())
	check(a.p.t, err)
	return code
}

// wrong is a code that is none of those around the moment.
func (a app) wrong() string {
	if strings.HasPrefix(a.code(), "1") {
		return "200000"
	}
	return "100000"
}

// factorOn switches the second factor on, in a browser, and returns the app and
// the recovery codes.
func (p *panel) factorOn(b *browser) (app, []string) {
	p.t.Helper()
	b.get("/profile/factor").want(p.t, http.StatusOK, "/profile/factor/offer")
	b.post("/profile/factor/offer").wantGoTo(p.t, "/profile/factor")
	page := b.get("/profile/factor").want(p.t, http.StatusOK, "data:image/png")
	a := app{p, strings.ReplaceAll(shownSecret.FindStringSubmatch(page.body)[1], " ", "")}
	picture, err := base64.StdEncoding.DecodeString(html.UnescapeString(shownQR.FindStringSubmatch(page.body)[1]))
	check(p.t, err)
	if drawn, err := png.Decode(bytes.NewReader(picture)); err != nil || drawn.Bounds().Dx() != qrPixels {
		p.t.Errorf("picture %v", err)
	}
	b.post("/profile/factor/confirm", "code", a.wrong()).want(p.t, http.StatusUnprocessableEntity, "#code")
	shown := b.post("/profile/factor/confirm", "code", a.code()[:3]+" "+a.code()[3:]).want(p.t, http.StatusOK)
	var codes []string
	for _, found := range shownCode.FindAllStringSubmatch(shown.body, -1) {
		codes = append(codes, found[1])
	}
	if len(codes) != recoveryCodes {
		p.t.Fatalf("%d recovery codes:\n%s", len(codes), shown.body)
	}
	return a, codes
}

func TestASecondFactorIsAskedForAtTheLogin(t *testing.T) {
	p := newPanel(t)
	here, there := p.anonymous(), p.anonymous()
	signIn(here, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	signIn(there, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	before := here.cookies()[0].Value
	a, _ := p.factorOn(here)
	if here.cookies()[0].Value == before {
		t.Error("the session kept its token")
	}
	here.get("/profile").want(t, http.StatusOK, "Restano 10 codici")
	there.get("/profile").wantGoTo(t, "/login?next=%2Fprofile") // other sessions have ended

	b := p.anonymous()
	b.get("/login/code").wantGoTo(t, "/login")
	b.post("/login/code", "code", a.code()).wantGoTo(t, "/login")
	signIn(b, operatorEmail, operatorPassword, "next", "/profile").wantGoTo(t, "/login/code")
	b.get("/profile").wantGoTo(t, "/login?next=%2Fprofile") // the password alone opens nothing
	b.get("/login/code").want(t, http.StatusOK, `autocomplete="one-time-code"`)
	b.post("/login/code", "code", a.code()).want(t, http.StatusUnprocessableEntity) // used up when it was switched on
	p.clock.pass(factorPeriod * time.Second)
	half := b.cookies()[0].Value
	b.post("/login/code", "code", a.code()).wantGoTo(t, "/profile")
	if b.cookies()[0].Value == half {
		t.Error("the session kept the token of the half login")
	}
	b.get("/profile").want(t, http.StatusOK)

	again := p.anonymous()
	signIn(again, operatorEmail, operatorPassword).wantGoTo(t, "/login/code")
	again.post("/login/code", "code", a.code()).want(t, http.StatusUnprocessableEntity) // none works twice
}

// Clocks may differ by half a minute, not more.
func TestACodeFitsForAMinuteAndAHalf(t *testing.T) {
	secret := migration.NewSecret("JBSWY3DPEHPK3PXP")
	at := time.Unix(1700000010, 0)
	code, err := totp.GenerateCode(secret.Reveal(), at)
	check(t, err)
	for shift, want := range map[time.Duration]bool{
		-60 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 60 * time.Second: false,
	} {
		step, ok := factorStep(secret, code, at.Add(shift))
		if ok != want || ok && step != at.Unix()/factorPeriod {
			t.Errorf("%v later: %v, step %d", shift, ok, step)
		}
	}
	for _, code := range []string{"", "0", "12345", "1234567", "abcdef"} {
		if _, ok := factorStep(secret, code, at); ok {
			t.Errorf("%q fits", code)
		}
	}
}

func TestARecoveryCodeOpensOneLogin(t *testing.T) {
	p := newPanel(t)
	_, codes := p.factorOn(p.as(p.operator))
	b := p.anonymous()
	signIn(b, operatorEmail, operatorPassword).wantGoTo(t, "/login/code")
	b.post("/login/code", "code", strings.ToLower(codes[3])).wantGoTo(t, "/migrations")
	b.get("/profile").want(t, http.StatusOK, "ne restano 9", "Restano 9 codici")
	again := p.anonymous()
	signIn(again, operatorEmail, operatorPassword).wantGoTo(t, "/login/code")
	again.post("/login/code", "code", codes[3]).want(t, http.StatusUnprocessableEntity)

	b.post("/profile/factor/codes", "codes_password", "wrong").want(t, http.StatusUnprocessableEntity, "#codes_password")
	page := b.post("/profile/factor/codes", "codes_password", operatorPassword).want(t, http.StatusOK)
	if fresh := shownCode.FindAllString(page.body, -1); len(fresh) != recoveryCodes || strings.Contains(page.body, codes[0]) {
		t.Errorf("new codes %v", fresh)
	}
	again.post("/login/code", "code", codes[0]).want(t, http.StatusUnprocessableEntity)
}

// Whoever has the password has few tries at the code, wherever he comes from.
func TestCodesHaveToWait(t *testing.T) {
	p := newPanel(t)
	a, _ := p.factorOn(p.as(p.operator))
	b := p.anonymous()
	signIn(b, operatorEmail, operatorPassword).wantGoTo(t, "/login/code")
	for range 6 {
		b.post("/login/code", "code", a.wrong()).want(t, http.StatusUnprocessableEntity)
	}
	p.clock.pass(factorPeriod * time.Second)
	check(t, p.Store.LoginFailed(t.Context(), "account:code "+numbered("", p.operator.ID)[1:]))
	other := p.anonymous()
	other.header.Set("X-Forwarded-For", "198.51.100.7")
	signIn(other, operatorEmail, operatorPassword).wantGoTo(t, "/login/code")
	got := other.post("/login/code", "code", a.code()).want(t, http.StatusTooManyRequests, "too many attempts")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.clock.pass(factorPeriod * time.Second)
	other.post("/login/code", "code", a.code()).wantGoTo(t, "/migrations")
}

// What is half done is over after ten minutes, with another password, and with
// the user.
func TestAHalfLoginEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(t *testing.T, p *panel)
	}{
		{"after ten minutes", func(_ *testing.T, p *panel) { p.clock.pass(codeWithin + time.Second) }},
		{"with another password", func(t *testing.T, p *panel) {
			_, err := p.Store.SetPassword(t.Context(), p.byEmail(p.member.Email), "another hash", false)
			check(t, err)
		}},
		{"with the second factor", func(t *testing.T, p *panel) {
			_, err := p.Store.RemoveFactor(t.Context(), p.customer, p.byEmail(p.member.Email), false)
			check(t, err)
		}},
		{"with the user's block", func(t *testing.T, p *panel) {
			user := p.byEmail(p.member.Email)
			user.BlockedAt = p.clock.now()
			check(t, p.Store.SaveUser(t.Context(), p.customer, user))
		}},
		{"with the user", func(t *testing.T, p *panel) { check(t, p.Store.DeleteUser(t.Context(), p.customer, p.member.ID)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			p.withPassword(p.member)
			a, _ := p.factorOn(p.as(p.member))
			b := p.anonymous()
			signIn(b, p.member.Email, operatorPassword).wantGoTo(t, "/login/code")
			p.clock.pass(factorPeriod * time.Second)
			tt.end(t, p)
			b.post("/login/code", "code", a.code()).wantGoTo(t, "/login")
			b.get("/migrations").want(t, http.StatusSeeOther)
		})
	}
}

func TestASecondFactorIsSwitchedOffWithThePassword(t *testing.T) {
	p := newPanel(t, mailing)
	b := p.as(p.operator)
	p.factorOn(b)
	b.post("/profile/factor/confirm", "code", "123456").want(t, http.StatusConflict)
	b.post("/profile/factor/offer").want(t, http.StatusConflict)
	b.post("/profile/factor/off", "off_password", "wrong").want(t, http.StatusUnprocessableEntity, "#off_password")
	other := p.as(p.operator)
	b.post("/profile/factor/off", "off_password", operatorPassword).wantGoTo(t, "/profile")
	other.get("/profile").want(t, http.StatusSeeOther)
	b.get("/profile").want(t, http.StatusOK, "Non attivo")
	signIn(p.anonymous(), operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	notices, err := p.Store.PendingAccountNotices(t.Context(), p.clock.now())
	check(t, err)
	if len(notices) != 2 || notices[0].Kind != migration.AccountFactorOn || notices[1].Kind != migration.AccountFactorOff {
		t.Errorf("mails %+v", notices)
	}
}

func TestAnAdminResetsALostSecondFactor(t *testing.T) {
	p := newPanel(t)
	p.withPassword(p.member)
	p.factorOn(p.as(p.member))
	admin, page := p.as(p.operator), numbered("/users", p.member.ID)
	admin.get("/users").want(t, http.StatusOK, "Con secondo fattore")
	admin.get(page).want(t, http.StatusOK, page+"/factor")
	admin.get(page+"/factor").want(t, http.StatusOK, "<dialog")
	admin.post(page+"/factor").wantGoTo(t, page)
	admin.post(page+"/factor").want(t, http.StatusConflict)
	signIn(p.anonymous(), p.member.Email, operatorPassword).wantGoTo(t, "/migrations")
}

// Nothing secret of a second factor stands in the log, and its page is kept
// nowhere.
func TestASecondFactorLeavesNoTrace(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	a, codes := p.factorOn(b)
	if got := b.get("/profile/factor"); strings.Contains(got.body, a.secret[:8]) || got.header.Get("Cache-Control") != "no-store" {
		t.Error("the secret is shown after it is on, or may be kept")
	}
	for _, secret := range append(codes, a.secret) {
		if strings.Contains(p.log.String(), secret) || strings.Contains(p.log.String(), strings.ReplaceAll(secret, "-", "")) {
			t.Error("a secret stands in the log")
		}
	}
}

func sessionOf(hash [32]byte) store.Session { return store.Session{TokenHash: hash} }
