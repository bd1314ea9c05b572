package handlers

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"trasloco/migration"
	"trasloco/store"
)

// browser is a browser that follows no redirect.
type browser struct {
	t      testing.TB
	client *http.Client
	base   string
	// header goes with every request.
	header http.Header
}

// anonymous returns a browser nobody has signed in with.
func (p *panel) anonymous() *browser {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	check(p.t, err)
	client := &http.Client{
		Transport: p.site.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &browser{t: p.t, client: client, base: p.site.URL, header: http.Header{}}
}

// as returns a browser in which the user is signed in.
func (p *panel) as(user migration.User) *browser {
	p.t.Helper()
	b, token := p.anonymous(), newToken()
	user, err := p.Store.User(p.t.Context(), user.ID)
	check(p.t, err)
	check(p.t, p.Store.AddSession(p.t.Context(), store.Session{
		TokenHash: hashToken(token), CreatedAt: p.clock.now(), SeenAt: p.clock.now(),
	}, user))
	b.setCookie(&http.Cookie{Name: "sid", Value: token, Path: "/"})
	return b
}

func (b *browser) setCookie(cookie *http.Cookie) {
	b.client.Jar.SetCookies(b.address("/"), []*http.Cookie{cookie})
}

func (b *browser) cookies() []*http.Cookie { return b.client.Jar.Cookies(b.address("/")) }

func (b *browser) address(path string) *url.URL {
	b.t.Helper()
	address, err := url.Parse(b.base + path)
	check(b.t, err)
	return address
}

// answer is what came back.
type answer struct {
	code   int
	header http.Header
	body   string
}

// location is where a redirect leads.
func (a answer) location() string { return a.header.Get("Location") }

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil)
}

// post sends a form, its fields as pairs of name and value.
func (b *browser) post(path string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (b *browser) do(method, path, contentType string, body io.Reader) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	check(b.t, err)
	for name, values := range b.header {
		request.Header[name] = values
	}
	if host := b.header.Get("Host"); host != "" {
		request.Host = host
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := b.client.Do(request)
	check(b.t, err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	check(b.t, err)
	return answer{code: response.StatusCode, header: response.Header, body: string(read)}
}

// want fails the test unless the answer has the code, and the body all texts.
func (a answer) want(t testing.TB, code int, texts ...string) answer {
	t.Helper()
	if a.code != code {
		t.Fatalf("answer %d to %q, want %d:\n%s", a.code, a.location(), code, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page lacks %q:\n%s", text, a.body)
		}
	}
	return a
}

// wantGoTo fails the test unless the answer is a redirect after a form.
func (a answer) wantGoTo(t testing.TB, path string) {
	t.Helper()
	if a.code != http.StatusSeeOther || a.location() != path {
		t.Fatalf("answer %d to %q, want 303 to %q:\n%s", a.code, a.location(), path, a.body)
	}
}
