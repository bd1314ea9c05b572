package handlers

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

func signIn(b *browser, email, password string, more ...string) answer {
	b.t.Helper()
	return b.post("/login", append([]string{"email", email, "password", password}, more...)...)
}

func TestLoginOpensThePanel(t *testing.T) {
	p := newPanel(t)
	b := p.anonymous()
	b.get("/migrations?page=2").wantGoTo(t, "/login?next=%2Fmigrations%3Fpage%3D2")
	b.get("/login?next=%2Fprofile").want(t, http.StatusOK, `name="next" value="/profile"`)
	signIn(b, strings.ToUpper(operatorEmail)+" ", operatorPassword, "next", "/profile").wantGoTo(t, "/profile")
	b.get("/profile").want(t, http.StatusOK, "Laura Bianchi")
	b.get("/login").wantGoTo(t, "/migrations")
}

func TestLoginLeadsToNoOtherSite(t *testing.T) {
	p := newPanel(t)
	p.anonymous().get("/login?next=//evil.example").want(t, http.StatusOK)
	signIn(p.anonymous(), operatorEmail, operatorPassword, "next", "https://evil.example/").wantGoTo(t, "/migrations")
}

func TestUnknownUsersGetTheSameAnswer(t *testing.T) {
	p := newPanel(t)
	wrong := signIn(p.anonymous(), operatorEmail, "not the password")
	nobody := signIn(p.anonymous(), "nobody@rossi.example", "not the password")
	wrong.want(t, http.StatusUnprocessableEntity, `role="alert"`)
	if nobody.code != wrong.code || strings.ReplaceAll(nobody.body, "nobody@", "laura@") != wrong.body {
		t.Errorf("the answers differ:\n%s\n%s", wrong.body, nobody.body)
	}
	if strings.Contains(wrong.body, "not the password") {
		t.Error("the password came back")
	}
}

// The hash that stands for nobody costs what a real one does.
func TestNobodysHashIsAFullOne(t *testing.T) {
	if a, b := strings.Split(nobodysHash, "$"), strings.Split(operatorHash(), "$"); len(a) != len(b) || a[2] != b[2] || a[3] != b[3] || len(a[4]) != len(b[4]) || len(a[5]) != len(b[5]) {
		t.Errorf("%s has not the form of %s", nobodysHash, operatorHash())
	}
	for _, password := range []string{"", "nobody", operatorPassword} {
		if matches(nobodysHash, password) {
			t.Errorf("%q opens nobody's account", password)
		}
	}
}

func TestFailedLoginsHaveToWait(t *testing.T) {
	p := newPanel(t)
	for range 6 {
		signIn(p.anonymous(), operatorEmail, "wrong").want(t, http.StatusUnprocessableEntity)
	}
	got := signIn(p.anonymous(), operatorEmail, operatorPassword)
	got.want(t, http.StatusTooManyRequests, "too many attempts")
	if got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	p.clock.pass(time.Second)
	signIn(p.anonymous(), operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
}

// The network is counted too: one who tries every account of a firm has to wait.
func TestTriesOfManyAccountsHaveToWait(t *testing.T) {
	p := newPanel(t)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		signIn(p.anonymous(), name+"@rossi.example", "wrong").want(t, http.StatusUnprocessableEntity)
	}
	signIn(p.anonymous(), "g@rossi.example", "wrong").want(t, http.StatusTooManyRequests)
}

func TestWhatFailuresAreCountedUnder(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77":                  "net:192.0.2.0/24",
		"::ffff:192.0.2.77":           "net:192.0.2.0/24",
		"2001:db8:1:2:3:4:5:6":        "net:2001:db8:1:2::/64",
		"fe80::1%eth0":                "net:fe80::/64",
		netip.IPv6Loopback().String(): "net:::/64",
	} {
		got := throttleKeys("a@b.example", address)
		account := "account:a@b.example from " + strings.TrimPrefix(want, "net:")
		if !slices.Equal(got, []string{"brief:a@b.example", account, want}) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// Somebody who fails and fails keeps himself out, and not the owner of the
// account: neither from afar nor behind one proxy that nobody has named.
func TestNobodyIsKeptOutByOthers(t *testing.T) {
	tests := []struct {
		name    string
		proxies []netip.Prefix
		account func(i int) string
	}{
		{"one account, from another network", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, func(int) string { return operatorEmail }},
		{"many accounts, behind the same proxy", nil, func(i int) string { return fmt.Sprintf("x%d@nowhere.example", i) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t, func(o *Options) { o.TrustedProxies = tt.proxies })
			bad, good := p.anonymous(), p.anonymous()
			bad.header.Set("X-Forwarded-For", "203.0.113.9")
			good.header.Set("X-Forwarded-For", "198.51.100.7")
			for i := range 16 {
				signIn(bad, tt.account(i), "wrong wrong wrong")
				p.clock.pass(15 * time.Minute)
			}
			signIn(bad, tt.account(16), "wrong wrong wrong")
			p.clock.pass(5 * time.Second)
			signIn(good, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
		})
	}
}

// A session that somebody planted in the browser does not become that of who
// signs in.
func TestLoginStartsANewSession(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.stranger)
	planted := b.cookies()[0].Value
	signIn(b, operatorEmail, operatorPassword).wantGoTo(t, "/migrations")
	if b.cookies()[0].Value == planted {
		t.Error("the session is the one there was before")
	}
	thief := p.anonymous()
	thief.setCookie(&http.Cookie{Name: "sid", Value: planted, Path: "/"})
	thief.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
}

func TestLogoutEndsTheSession(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	kept := b.cookies()[0]
	b.post("/logout").wantGoTo(t, "/login")
	if len(b.cookies()) != 0 {
		t.Error("the browser still has its cookie")
	}
	b.setCookie(&http.Cookie{Name: kept.Name, Value: kept.Value, Path: "/"})
	b.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
}

func TestSessionsEndByThemselves(t *testing.T) {
	tests := []struct {
		name string
		step time.Duration // between two pages
		end  time.Duration
	}{
		{"unused", sessionIdle + time.Second, sessionIdle + time.Second},
		{"used all the time", sessionIdle - time.Hour, sessionLife + sessionIdle},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			b := p.as(p.operator)
			var passed time.Duration
			for b.get("/profile").code == http.StatusOK {
				p.clock.pass(tt.step)
				if passed += tt.step; passed > tt.end {
					t.Fatalf("the session holds after %s", passed)
				}
			}
		})
	}
}

func TestTheCookieGoesWithTheWayTheBrowserCame(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	tests := []struct {
		name, publicURL, proto string
		proxies                []netip.Prefix
		cookie                 string
		secure                 bool
	}{
		{"plain http in the office", "", "", nil, "sid", false},
		{"behind a proxy that speaks TLS", "", "https", loopback, "__Host-sid", true},
		{"behind one that nobody trusts", "", "https", nil, "sid", false},
		{"a public address by https", "https://panel.example", "", nil, "__Host-sid", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t, func(o *Options) { o.PublicURL, o.TrustedProxies = tt.publicURL, tt.proxies })
			b := p.anonymous()
			if tt.proto != "" {
				b.header.Set("X-Forwarded-Proto", tt.proto)
			}
			got := signIn(b, operatorEmail, operatorPassword)
			got.wantGoTo(t, "/migrations")
			cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
			check(t, err)
			if cookie.Name != tt.cookie || cookie.Secure != tt.secure {
				t.Errorf("cookie %s, secure %v", cookie.Name, cookie.Secure)
			}
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("cookie %+v", cookie)
			}
			if len(cookie.Value) < 43 {
				t.Errorf("the value has %d signs, want 32 octets' worth", len(cookie.Value))
			}
		})
	}
}

func TestTheDemoShowsItsLogin(t *testing.T) {
	p := newPanel(t, demo)
	p.anonymous().get("/login").want(t, http.StatusOK, operatorEmail, operatorPassword)
	if body := newPanel(t).anonymous().get("/login").body; strings.Contains(body, operatorPassword) {
		t.Error("a real panel shows a password")
	}
}

func TestLanguageIsChosenBeforeAndAfterTheLogin(t *testing.T) {
	p := newPanel(t)
	b := p.anonymous()
	b.header.Set("Accept-Language", "en")
	b.get("/login").want(t, http.StatusOK, `lang="en"`, "Sign in")
	b.post("/language", "lang", "it", "back", "/login").wantGoTo(t, "/login")
	b.get("/login").want(t, http.StatusOK, `lang="it"`, "Accedi")
	b.post("/language", "lang", "it", "back", "//evil.example").wantGoTo(t, "/")

	member := p.as(p.member)
	member.post("/language", "lang", "it", "back", "/profile").wantGoTo(t, "/profile")
	if user, err := p.Store.User(t.Context(), p.member.ID); err != nil || user.Language != "it" {
		t.Errorf("language %q, error %v", user.Language, err)
	}
}

func TestProfileIsSaved(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.member)
	b.post("/profile", "name", "New Name", "language", "it", "time_zone", "Europe/London", "theme", "dark").wantGoTo(t, "/profile")
	b.get("/profile").want(t, http.StatusOK, `data-bs-theme="dark"`, `lang="it"`, "New Name", "Il profilo è salvato", "Europe/London")
	if again := b.get("/profile"); strings.Contains(again.body, "Il profilo è salvato") {
		t.Error("the message came twice")
	}
	got := b.post("/profile", "name", "", "language", "xx", "time_zone", "Local", "theme", "red")
	got.want(t, http.StatusUnprocessableEntity, `href="#name"`, `href="#language"`, `href="#time_zone"`, `href="#theme"`)
	user, err := p.Store.User(t.Context(), p.member.ID)
	check(t, err)
	if user.Name != "New Name" || user.Theme != migration.ThemeDark || user.TimeZone != "Europe/London" || user.Role != migration.TeamMember {
		t.Errorf("user %+v", user)
	}
}

func TestPasswordChangeEndsOtherSessions(t *testing.T) {
	p := newPanel(t)
	here, elsewhere := p.as(p.operator), p.as(p.operator)
	const next = "another house on the road"
	here.post("/profile/password", "old_password", "wrong", "new_password", next).
		want(t, http.StatusUnprocessableEntity, `href="#old_password"`)
	here.post("/profile/password", "old_password", operatorPassword, "new_password", "short").
		want(t, http.StatusUnprocessableEntity, `href="#new_password"`)
	elsewhere.get("/profile").want(t, http.StatusOK)
	before := here.cookies()[0].Value
	here.post("/profile/password", "old_password", operatorPassword, "new_password", next).wantGoTo(t, "/profile")
	if here.cookies()[0].Value == before {
		t.Error("the session is the one there was before")
	}
	here.get("/profile").want(t, http.StatusOK, "La password è cambiata")
	elsewhere.get("/profile").wantGoTo(t, "/login?next=%2Fprofile")
	signIn(p.anonymous(), operatorEmail, operatorPassword).want(t, http.StatusUnprocessableEntity)
	signIn(p.anonymous(), operatorEmail, next).wantGoTo(t, "/migrations")
}

// Who has a browser in his hands cannot try out passwords without end either.
func TestOldPasswordsAreNotGuessed(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	for range 6 {
		b.post("/profile/password", "old_password", "wrong", "new_password", "long enough to pass").want(t, http.StatusUnprocessableEntity)
	}
	b.post("/profile/password", "old_password", operatorPassword, "new_password", "long enough to pass").want(t, http.StatusTooManyRequests)
}
