package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// Every answer carries the headers, be it a page, a file, a redirect or an error.
func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	answers := map[string]answer{
		"page":         b.get("/profile"),
		"redirect":     b.get("/"),
		"no such page": b.get("/nothing"),
		"wrong method": b.do(http.MethodDelete, "/profile", "", nil),
		"file":         b.get(p.Static.Path("panel.css")),
		"no such file": b.get("/static/nothing.css"),
		"health":       b.get("/healthz"),
		"stranger":     p.anonymous().get("/profile"),
	}
	want := map[string]string{
		"Content-Security-Policy":    contentPolicy,
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	}
	for what, got := range answers {
		for name, value := range want {
			if got.header.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", what, name, got.header.Get(name), value)
			}
		}
		if got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s has no number", what)
		}
		cache := got.header.Get("Cache-Control")
		if what == "file" && !strings.Contains(cache, "immutable") || what != "file" && cache != "no-store" {
			t.Errorf("%s: Cache-Control %q", what, cache)
		}
	}
	if strings.Contains(contentPolicy, "unsafe") {
		t.Error("the policy has an exception")
	}
}

func TestOnlyAnHTTPSAddressIsRemembered(t *testing.T) {
	for public, want := range map[string]string{"": "", "http://panel.lan": "", "https://panel.example": "max-age=31536000"} {
		p := newEmptyPanel(t, func(o *Options) { o.PublicURL = public })
		if got := p.anonymous().get("/healthz").header.Get("Strict-Transport-Security"); got != want {
			t.Errorf("public URL %q: %q, want %q", public, got, want)
		}
	}
}

// The six situations of a form that is posted.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	tests := []struct {
		name      string
		publicURL string
		header    map[string]string
		refused   bool
	}{
		{"another site, as the browser says", "", map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{"another origin, from an old browser", "", map[string]string{"Origin": "https://evil.example"}, true},
		{"the same origin on plain http", "", map[string]string{"Origin": "http://panel.lan", "Host": "panel.lan"}, false},
		{"no header at all, as curl sends it", "", nil, false},
		{"a proxy that rewrites Host", "", map[string]string{"Origin": "http://panel.example", "Host": "10.0.0.5:8080"}, true},
		{"the same proxy, its address known", "http://panel.example/", map[string]string{"Origin": "http://panel.example", "Host": "10.0.0.5:8080"}, false},
		{"the same site, as the browser says", "", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://panel.example", "Host": "other"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t, func(o *Options) { o.PublicURL = tt.publicURL })
			b := p.anonymous()
			for name, value := range tt.header {
				b.header.Set(name, value)
			}
			got := b.post("/login", "email", operatorEmail, "password", operatorPassword)
			if !tt.refused {
				got.wantGoTo(t, "/migrations")
				return
			}
			got.want(t, http.StatusForbidden, "TRASLOCO_PUBLIC_URL", got.header.Get("X-Request-Id"))
			if log := p.log.String(); !strings.Contains(log, "TRASLOCO_PUBLIC_URL") || !strings.Contains(log, "host=") {
				t.Errorf("the log does not help: %s", log)
			}
		})
	}
}

// The refusal comes before anybody has asked who is there, and still speaks the
// browser's language.
func TestRefusedFormsSpeakTheBrowsersLanguage(t *testing.T) {
	b := newPanel(t).anonymous()
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.header.Set("Accept-Language", "it")
	b.post("/login").want(t, http.StatusForbidden, `lang="it"`, "sembra arrivare da un altro sito")
}

func TestAddressAndSchemeAreBelievedFromTrustedProxiesAlone(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name             string
		remote           string
		proxies          []netip.Prefix
		forwarded, proto string
		address, scheme  string
	}{
		{"nobody is trusted", "10.0.0.1:5", nil, "198.51.100.7", "https", "10.0.0.1", "http"},
		{"a stranger who says so", "203.0.113.9:5", proxies, "198.51.100.7", "https", "203.0.113.9", "http"},
		{"a trusted proxy", "10.0.0.1:5", proxies, "198.51.100.7", "https", "198.51.100.7", "https"},
		{"a trusted proxy over IPv6", "[fd00::1]:5", proxies, "2001:db8::7", "https", "2001:db8::7", "https"},
		{"an IPv4 address written as IPv6", "[::ffff:10.0.0.1]:5", proxies, "198.51.100.7", "https", "198.51.100.7", "https"},
		{"the last that is not ours counts", "10.0.0.1:5", proxies, "192.0.2.1, 198.51.100.7, 10.2.2.2", "http", "198.51.100.7", "http"},
		{"a proxy that writes the port", "10.0.0.1:5", proxies, "192.0.2.1, 198.51.100.7:4711", "http", "198.51.100.7", "http"},
		{"one that does over IPv6", "10.0.0.1:5", proxies, "192.0.2.1, [2001:db8::7]:4711", "http", "2001:db8::7", "http"},
		{"what a browser says before rubbish", "10.0.0.1:5", proxies, "192.0.2.1, unknown, 10.2.2.2", "http", "10.0.0.1", "http"},
		{"rubbish is no address", "10.0.0.1:5", proxies, "unknown", "gopher", "10.0.0.1", "http"},
		{"nothing is said", "10.0.0.1:5", proxies, "", "", "10.0.0.1", "http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = tt.remote
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
				r.Header.Set("X-Real-Ip", "192.0.2.66")
			}
			if tt.proto != "" {
				r.Header.Set("X-Forwarded-Proto", tt.proto)
			}
			p := newEmptyPanel(t, func(o *Options) { o.TrustedProxies = tt.proxies })
			c := p.echo.NewContext(r, httptest.NewRecorder())
			if c.RealIP() != tt.address || c.Scheme() != tt.scheme {
				t.Errorf("address %s by %s, want %s by %s", c.RealIP(), c.Scheme(), tt.address, tt.scheme)
			}
		})
	}
}

func TestTheNumberOfARequestIsOurs(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, tt := range []struct {
		name    string
		proxies []netip.Prefix
		sent    string
		kept    bool
	}{
		{"from a trusted proxy", loopback, "abcd-1234", true},
		{"from anybody", nil, "abcd-1234", false},
		{"with signs that could break a log", loopback, "abcd 1234\t<", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newEmptyPanel(t, func(o *Options) { o.TrustedProxies = tt.proxies }).anonymous()
			b.header.Set("X-Request-Id", tt.sent)
			if got := b.get("/healthz").header.Get("X-Request-Id"); (got == tt.sent) != tt.kept || got == "" {
				t.Errorf("number %q", got)
			}
		})
	}
}

func TestTooLargeFormsAreRefused(t *testing.T) {
	p := newPanel(t)
	large := strings.Repeat("x", bodyLimit)
	p.anonymous().post("/login", "email", large, "password", "p").want(t, http.StatusRequestEntityTooLarge)
	p.as(p.operator).post("/profile", "name", large).want(t, http.StatusRequestEntityTooLarge)
	p.as(p.operator).do(http.MethodPost, "/profile", "application/x-www-form-urlencoded", strings.NewReader("%zz")).
		want(t, http.StatusBadRequest)
}

func TestErrorPagesSayWhatAndTheNumber(t *testing.T) {
	p := newPanel(t)
	for _, code := range []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable,
	} {
		for _, lang := range []string{"en", "it"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Accept-Language", lang)
			w := httptest.NewRecorder()
			c := p.echo.NewContext(r, w)
			c.Set(requestKey, "NUMBER77")
			p.fail(echo.NewHTTPError(code), c)
			body := w.Body.String()
			if w.Code != code || !strings.Contains(body, `lang="`+lang+`"`) || !strings.Contains(body, "NUMBER77") {
				t.Errorf("%d in %s: answer %d\n%s", code, lang, w.Code, body)
			}
			if strings.Contains(body, "page.error") {
				t.Errorf("%d in %s lacks its text:\n%s", code, lang, body)
			}
		}
	}
}

// Whoever looks from outside learns nothing of what went wrong inside.
func TestInnerErrorsStayInside(t *testing.T) {
	p := newPanel(t)
	p.echo.GET("/broken", func(echo.Context) error { return errTest })
	p.echo.GET("/panics", func(echo.Context) error { panic("secret inner state") }) //nolint:forbidigo // that is the test
	for _, path := range []string{"/broken", "/panics"} {
		got := p.as(p.operator).get(path).want(t, http.StatusInternalServerError)
		if strings.Contains(got.body, "secret inner state") {
			t.Errorf("%s shows its error", path)
		}
		number := got.header.Get("X-Request-Id")
		if !strings.Contains(got.body, number) || strings.Count(p.log.String(), number) < 2 {
			t.Errorf("%s: the number %s does not lead to the log:\n%s", path, number, p.log)
		}
	}
}

var errTest = echo.NewHTTPError(http.StatusInternalServerError, "secret inner state")

func TestReportsOnThePolicyAreLoggedAndBounded(t *testing.T) {
	p := newEmptyPanel(t)
	b := p.anonymous()
	b.header.Set("Sec-Fetch-Site", "cross-site") // as browsers send them
	report := `{"csp-report":{"document-uri":"http://panel.lan/login?name=secret","blocked-uri":"inline","violated-directive":"style-src"}}`
	send := func() answer {
		return b.do(http.MethodPost, "/csp-report", "application/csp-report", strings.NewReader(report))
	}
	send().want(t, http.StatusNoContent)
	if log := p.log.String(); !strings.Contains(log, "style-src") || strings.Contains(log, "secret") {
		t.Errorf("log: %s", log)
	}
	for range reportsAtMax - 1 {
		send().want(t, http.StatusNoContent)
	}
	send().want(t, http.StatusTooManyRequests)
	p.clock.pass(reportsIn)
	send().want(t, http.StatusNoContent)
	b.do(http.MethodPost, "/csp-report", "application/csp-report", strings.NewReader("{")).want(t, http.StatusBadRequest)
}

func TestWhereAFormMayLead(t *testing.T) {
	for wish, want := range map[string]string{
		"/migrations/M-4K7QZ?page=2": "/migrations/M-4K7QZ?page=2",
		"":                           "/fall",
		"migrations":                 "/fall",
		"//evil.example":             "/fall",
		`/\evil.example`:             "/fall",
		"/\t/evil.example":           "/fall",
		"https://evil.example/":      "/fall",
		"javascript:alert(1)":        "/fall",
		"/%zz":                       "/fall",
	} {
		if got := localPath(wish, "/fall"); got != want {
			t.Errorf("%q leads to %q, want %q", wish, got, want)
		}
	}
}
