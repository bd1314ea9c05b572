package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/static"
	"trasloco/static/browsertest"
	"trasloco/store"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }

// testNow is where the clock of a test panel begins: a Monday, 14:00 in Rome.
var testNow = time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)

// panel is a panel in the process, with a real store in a folder of its own. It
// was set up: one customer with the domains rossi.example and bianchi.example,
// which move to a server with a master user, and users of every kind.
type panel struct {
	*Server
	t     testing.TB
	site  *httptest.Server
	dir   string // of the store
	clock *clock
	desk  *fakeDesk
	log   *logBook

	operator migration.User // the operator, and admin of the customer
	member   migration.User // team member
	manager  migration.User // of rossi.example alone
	stranger migration.User // admin of another customer
	customer int64
	domains  []migration.Domain // bianchi.example, rossi.example
}

// The login of the operator, for tests of the login itself.
const (
	operatorEmail    = "laura@rossi.example"
	operatorPassword = "a house on the road"
)

// newPanel returns a panel that was set up. change may alter its options.
func newPanel(t testing.TB, change ...func(*Options)) *panel {
	t.Helper()
	p := newEmptyPanel(t, change...)
	ctx := t.Context()
	_, err := p.Store.EnsureLocal(ctx) // there is no other way to another customer yet
	check(t, err)
	check(t, p.Store.SetUp(ctx, store.SetUp{
		Customer:     "Studio Rossi",
		Operator:     migration.User{Name: "Laura Bianchi", Email: operatorEmail, Language: "it", TimeZone: "Europe/Rome"},
		PasswordHash: operatorHash(),
		Domains:      []string{"rossi.example", "bianchi.example"},
		Destination:  testDestination(),
	}))
	p.operator, _, err = p.Store.UserByEmail(ctx, operatorEmail)
	check(t, err)
	p.customer = p.operator.CustomerID
	p.domains, err = p.Store.Domains(ctx, p.customer)
	check(t, err)
	p.member = p.user(migration.User{Role: migration.TeamMember, Name: "Team Member", Email: "team@rossi.example", Language: "en"})
	p.manager = p.user(migration.User{
		Role: migration.Manager, Name: "Man Ager", Email: "manager@rossi.example", Language: "en", DomainIDs: []int64{p.domains[1].ID},
	})
	p.stranger = p.user(migration.User{
		CustomerID: store.LocalCustomer, Role: migration.Admin, Name: "Strange R", Email: "stranger@other.example", Language: "en",
	})
	return p
}

// operatorHash is made once: it takes its time, as it should.
var operatorHash = sync.OnceValue(func() string { return HashPassword(operatorPassword) })

// newEmptyPanel returns a panel at its first start: nobody was there yet.
func newEmptyPanel(t testing.TB, change ...func(*Options)) *panel {
	t.Helper()
	p := &panel{t: t, dir: filepath.Join(t.TempDir(), "state"), clock: &clock{at: testNow}, desk: &fakeDesk{}, log: &logBook{}}
	memory, err := store.Open(t.Context(), p.dir, store.Options{Now: p.clock.now})
	check(t, err)
	t.Cleanup(func() { check(t, memory.Close()) })
	files, err := static.New()
	check(t, err)
	opts := Options{
		Store: memory, Feed: fakeFeed{}, Desk: p.desk, Static: files, Policy: migration.DefaultPolicy(), Now: p.clock.now,
		Logger:  slog.New(slog.NewTextHandler(p.log, nil)),
		Support: Support{Name: "Help desk", Email: "help@new.example"},
	}
	for _, alter := range change {
		alter(&opts)
	}
	p.Server, err = New(opts)
	check(t, err)
	p.site = httptest.NewServer(p.Server)
	t.Cleanup(func() {
		p.Server.Close()
		p.site.Close()
	})
	return p
}

func testDestination() migration.Destination {
	return migration.Destination{
		Name: "New server", MX: []string{"10 mx1.new.example", "20 mx2.new.example"},
		Endpoint: migration.Endpoint{
			Host: "imap.new.example", Port: 993, TLS: migration.TLSDirect,
			Auth: migration.Auth{
				Kind: migration.AuthMaster, Master: "mover", Form: migration.MasterForm{Separator: "*"},
				Password: migration.NewSecret("hunter2-MASTER"),
			},
		},
	}
}

func (p *panel) user(u migration.User) migration.User {
	p.t.Helper()
	check(p.t, p.Store.CreateUser(p.t.Context(), &u, "no password"))
	return u
}

// row is a row of a file: the account of that name in rossi.example.
func (p *panel) row(line int, name string) migration.Resource {
	return migration.Resource{
		Row: line, DomainID: p.domains[1].ID,
		Source: migration.Endpoint{
			Host: "imap.old.example", Port: 993, TLS: migration.TLSDirect,
			Auth: migration.Auth{Kind: migration.AuthPassword, Login: name + "@old.example", Password: migration.NewSecret("pw-" + name)},
		},
		Destination: testDestination().For(name+"@rossi.example", migration.Secret{}),
	}
}

// draft makes a migration of the operator's with rows of those names, as the
// wizard leaves it after the file.
func (p *panel) draft(names ...string) migration.Migration {
	p.t.Helper()
	ctx := p.t.Context()
	m := migration.Migration{CustomerID: p.customer, UserID: p.operator.ID, ServerType: migration.Standard}
	check(p.t, p.Store.CreateDraft(ctx, &m))
	var rows []migration.Resource
	var text strings.Builder
	for i, name := range names {
		rows = append(rows, p.row(i+1, name))
		text.WriteString(name + "@rossi.example;imap.old.example;" + name + "@old.example;pw-" + name + "\n")
	}
	file, err := json.Marshal(draftFile{Encoding: "UTF-8", Separator: ";", Text: text.String()})
	check(p.t, err)
	check(p.t, p.Store.SaveSheet(ctx, p.customer, m.ID, migration.NewSecret(string(file)), rows))
	return p.reread(m)
}

// planned makes a valid migration with rows of those names, whose passes are
// planned for now and six hours later.
func (p *panel) planned(names ...string) migration.Migration {
	p.t.Helper()
	ctx, m := p.t.Context(), p.draft(names...)
	jobs, err := p.Store.ChecksToMake(ctx, 1000)
	check(p.t, err)
	for _, job := range jobs {
		check(p.t, p.Store.StartCheck(ctx, p.customer, job.Resource.ID))
		passed := migration.Check{Status: migration.CheckPassed, At: p.clock.now(), Folders: 5, Messages: 100, Bytes: 1 << 20}
		check(p.t, p.Store.FinishCheck(ctx, p.customer, job.Resource.ID, passed))
	}
	check(p.t, p.Store.Submit(ctx, p.customer, &m, []migration.Pass{
		{Number: 1, Status: migration.PassPlanned, PlannedAt: p.clock.now()},
		{Number: 2, Status: migration.PassPlanned, PlannedAt: p.clock.now().Add(6 * time.Hour)},
	}))
	check(p.t, p.Store.Settle(ctx, p.customer, &m, migration.Valid, nil))
	return p.reread(m)
}

// running is planned with pass 1 under way.
func (p *panel) running(names ...string) migration.Migration {
	p.t.Helper()
	m := p.planned(names...)
	check(p.t, p.Store.BeginPass(p.t.Context(), p.customer, &m.Passes[0]))
	return p.reread(m)
}

func (p *panel) reread(m migration.Migration) migration.Migration {
	p.t.Helper()
	read, err := p.Store.MigrationByID(p.t.Context(), store.AnyCustomer, m.ID)
	check(p.t, err)
	return read
}

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
	check(p.t, p.Store.SaveSession(p.t.Context(), store.Session{
		TokenHash: hashToken(token), UserID: user.ID, CreatedAt: p.clock.now(), SeenAt: p.clock.now(),
	}))
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

// clock is what a panel takes for the time. Only the test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBook keeps what the panel logs.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the book.
func (l *logBook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns all that was logged.
func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// fakeDesk notes what it is asked for, and answers as the test says.
type fakeDesk struct {
	mu    sync.Mutex
	asked []string // "pause M-4K7QZ", …
	err   error    // the answer to all that concerns a migration

	tested     migration.Destination // by the last TestDestination
	mailbox    string
	serverTest migration.ServerTest
}

func (d *fakeDesk) note(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, what)
	return d.err
}

// calls returns what the desk was asked for, in order.
func (d *fakeDesk) calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

func (d *fakeDesk) Wake() { _ = d.note("wake") }

func (d *fakeDesk) Pause(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("pause " + m.Code)
}

func (d *fakeDesk) Resume(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("resume " + m.Code)
}

func (d *fakeDesk) Cancel(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("cancel " + m.Code)
}

func (d *fakeDesk) RunNow(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("run now " + m.Code)
}

func (d *fakeDesk) TestDestination(_ context.Context, server migration.Destination, mailbox string) (migration.ServerTest, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tested, d.mailbox = server, mailbox
	return d.serverTest, nil
}

// fakeFeed says once that something is there, and then that nothing changes.
type fakeFeed struct{}

func (fakeFeed) Watch(ctx context.Context, _ int64, tell func([]migration.Progress) error) error {
	if err := tell(nil); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
