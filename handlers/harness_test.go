package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http/httptest"
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
	return openPanel(t, readyFolder, change...).meet()
}

// meet looks the people up, who are there already.
func (p *panel) meet() *panel {
	t, ctx := p.t, p.t.Context()
	t.Helper()
	for email, user := range map[string]*migration.User{
		operatorEmail: &p.operator, "team@rossi.example": &p.member, "manager@rossi.example": &p.manager, "stranger@other.example": &p.stranger,
	} {
		found, _, err := p.Store.UserByEmail(ctx, email)
		check(t, err)
		*user = found
	}
	p.customer = p.operator.CustomerID
	var err error
	p.domains, err = p.Store.Domains(ctx, p.customer)
	check(t, err)
	return p
}

// newEmptyPanel returns a panel at its first start: nobody was there yet.
func newEmptyPanel(t testing.TB, change ...func(*Options)) *panel {
	t.Helper()
	return openPanel(t, emptyFolder, change...)
}

// A folder holds the files of a store by their paths. Making a database anew for
// every test would take most of their time.
type folder map[string][]byte

var (
	emptyFolder = sync.OnceValues(func() (folder, error) { return makeFolder(func(*store.Store) error { return nil }) })
	readyFolder = sync.OnceValues(func() (folder, error) { return makeFolder(people) })
)

// people sets a panel up, and adds the others.
func people(s *store.Store) error {
	ctx := context.Background()
	if err := s.SetUp(ctx, store.SetUp{
		Customer:     "Studio Rossi",
		Operator:     migration.User{Name: "Laura Bianchi", Email: operatorEmail, Language: "it", TimeZone: "Europe/Rome"},
		PasswordHash: operatorHash(),
		Domains:      []string{"rossi.example", "bianchi.example"},
		Destination:  testDestination(),
	}); err != nil {
		return err
	}
	operator, _, err := s.UserByEmail(ctx, operatorEmail)
	if err != nil {
		return err
	}
	domains, err := s.Domains(ctx, operator.CustomerID)
	if err != nil {
		return err
	}
	for _, u := range []migration.User{
		{Role: migration.TeamMember, Name: "Team Member", Email: "team@rossi.example"},
		{Role: migration.Manager, Name: "Man Ager", Email: "manager@rossi.example", DomainIDs: []int64{domains[1].ID}},
	} {
		u.Language, u.CustomerID = "en", operator.CustomerID
		if err := s.CreateUser(ctx, &u, "no password"); err != nil {
			return err
		}
	}
	return strangers(s)
}

// strangers adds another customer with a domain and an admin.
func strangers(s *store.Store) error {
	ctx, token := context.Background(), migration.NewSecret("harness")
	customer := migration.Customer{Name: "Other & Sons"}
	admin := migration.User{Name: "Strange R", Email: "stranger@other.example", Language: "en"}
	if err := s.CreateCustomer(ctx, &customer, &admin, store.Link{Token: token}); err != nil {
		return err
	}
	if _, err := s.RedeemLink(ctx, migration.LinkInvitation, token, "no password", false); err != nil {
		return err
	}
	servers, err := s.Destinations(ctx)
	if err != nil {
		return err
	}
	return s.CreateDomain(ctx, &migration.Domain{CustomerID: customer.ID, DestinationID: servers[0].ID, Name: "other.example"})
}

// makeFolder returns the files of a store after fill.
func makeFolder(fill func(*store.Store) error) (folder, error) {
	dir, err := os.MkdirTemp("", "panel")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(context.Background(), dir, store.Options{Now: func() time.Time { return testNow }})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(fill(s), s.Close()); err != nil {
		return nil, err
	}
	made := folder{}
	return made, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		inside, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		made[inside], err = os.ReadFile(path)
		return err
	})
}

func (f folder) write(t testing.TB, dir string) {
	t.Helper()
	for path, content := range f {
		file := filepath.Join(dir, path)
		check(t, os.MkdirAll(filepath.Dir(file), 0o700))
		check(t, os.WriteFile(file, content, 0o600))
	}
}

// operatorHash is made once: it takes its time, as it should.
var operatorHash = sync.OnceValue(func() string { return HashPassword(operatorPassword) })

// assetsOnce: they do not change, and compressing them takes its time.
var assetsOnce = sync.OnceValues(static.New)

func openPanel(t testing.TB, made func() (folder, error), change ...func(*Options)) *panel {
	t.Helper()
	content, err := made()
	check(t, err)
	dir := filepath.Join(t.TempDir(), "state")
	content.write(t, dir)
	return panelAt(t, dir, change...)
}

// panelAt opens a panel on a folder that is there.
func panelAt(t testing.TB, dir string, change ...func(*Options)) *panel {
	t.Helper()
	p := &panel{t: t, dir: dir, clock: &clock{at: testNow}, desk: &fakeDesk{}, log: &logBook{}}
	memory, err := store.Open(t.Context(), p.dir, store.Options{Now: p.clock.now})
	check(t, err)
	t.Cleanup(func() { check(t, memory.Close()) })
	assets, err := assetsOnce()
	check(t, err)
	opts := Options{
		Store: memory, Feed: fakeFeed{}, Desk: p.desk, Static: assets, Policy: migration.DefaultPolicy(), Now: p.clock.now,
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
	file, err := json.Marshal(draftFile{By: p.operator.ID, Encoding: "UTF-8", Separator: ";", Text: text.String()})
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

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
