package schedule

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trasloco/imapsync"
	"trasloco/migration"
	"trasloco/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// clock is what everybody takes for the time; only tests move it.
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

// lab is a panel without a web: a store that was set up, and a scheduler.
type lab struct {
	*clock
	t        *testing.T
	dir      string
	store    *store.Store
	s        *Scheduler
	options  Options
	between  func(Store) Store // what stands between the scheduler and its store; nil: nothing
	customer int64
	user     migration.User
	domain   int64
}

// newLab sets a store up. The scheduler is not there before start.
func newLab(t *testing.T, engine Engine, destination migration.Endpoint) *lab {
	t.Helper()
	l := &lab{
		t: t, dir: filepath.Join(t.TempDir(), "state"),
		clock: &clock{at: time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)},
	}
	l.options = Options{
		Engine: engine, Policy: migration.DefaultPolicy(), Now: l.now,
		Rhythm: Rhythm{Tick: 50 * time.Millisecond, Record: 5 * time.Millisecond, Notices: 5 * time.Millisecond, Again: time.Millisecond},
	}
	l.open()
	ctx := t.Context()
	check(t, l.store.SetUp(ctx, store.SetUp{
		Customer: "First", Operator: migration.User{Name: "Laura", Email: "laura@new.example"}, PasswordHash: "hash",
		Domains: []string{"new.example"}, Destination: migration.Destination{Name: "New", Endpoint: destination},
	}))
	var err error
	l.user, _, err = l.store.UserByEmail(ctx, "laura@new.example")
	check(t, err)
	l.customer = l.user.CustomerID
	domains, err := l.store.Domains(ctx, l.customer)
	check(t, err)
	l.domain = domains[0].ID
	t.Cleanup(l.close)
	return l
}

// imaginary is a destination for an engine that reaches no server.
func imaginary() migration.Endpoint {
	return migration.Endpoint{
		Host: "imap.new.example", Port: 993, TLS: migration.TLSDirect,
		Auth: migration.Auth{Kind: migration.AuthMaster, Master: "mover", Password: migration.NewSecret("pw")},
	}
}

func (l *lab) open() {
	l.t.Helper()
	var err error
	l.store, err = store.Open(l.t.Context(), l.dir, store.Options{Now: l.now})
	check(l.t, err)
}

// start recovers the store and starts a new scheduler on it.
func (l *lab) start() {
	l.t.Helper()
	check(l.t, l.store.Recover(context.Background()))
	l.options.Store = l.store
	if l.between != nil {
		l.options.Store = l.between(l.store)
	}
	journals := l.store
	l.options.Journal = func(customer, resource int64, pass int) imapsync.Journal {
		return journals.Journal(customer, resource, pass)
	}
	var err error
	l.s, err = New(l.options)
	check(l.t, err)
	l.s.hub.pace = time.Millisecond
	check(l.t, l.s.Start(context.Background()))
}

func (l *lab) close() {
	if l.s != nil {
		check(l.t, l.s.Shutdown(context.Background()))
	}
	check(l.t, l.store.Close())
}

// row is a resource from an account of that host to a mailbox.
func (l *lab) row(line int, host, mailbox string) migration.Resource {
	r := migration.Resource{Row: line, DomainID: l.domain}
	r.Source = migration.Endpoint{Host: host, Port: 993, TLS: migration.TLSDirect, Auth: migration.Auth{
		Kind: migration.AuthPassword, Login: mailbox, Password: migration.NewSecret("pw"),
	}}
	r.Destination.Auth.Login = mailbox
	return r
}

// draft makes a migration of rows.
func (l *lab) draft(rows ...migration.Resource) migration.Migration {
	l.t.Helper()
	ctx := context.Background()
	m := migration.Migration{CustomerID: l.customer, UserID: l.user.ID, ServerType: migration.Standard}
	check(l.t, l.store.CreateDraft(ctx, &m))
	check(l.t, l.store.SaveSheet(ctx, l.customer, m.ID, migration.NewSecret("file"), rows))
	return l.read(m)
}

// submit hands m in: pass 1 as soon as possible, pass 2 six hours later.
func (l *lab) submit(m migration.Migration) migration.Migration {
	l.t.Helper()
	check(l.t, l.store.Submit(context.Background(), l.customer, &m, []migration.Pass{
		{Number: 1, PlannedAt: l.now()}, {Number: 2, PlannedAt: l.now().Add(6 * time.Hour)},
	}))
	if l.s != nil {
		l.s.Wake()
	}
	return m
}

func (l *lab) read(m migration.Migration) migration.Migration {
	l.t.Helper()
	fresh, err := l.store.MigrationByID(context.Background(), store.AnyCustomer, m.ID)
	check(l.t, err)
	return fresh
}

var errSeen = errors.New("seen")

// until watches m through the hub until it is as the test wants it.
func (l *lab) until(m migration.Migration, what string, want func(m migration.Migration) bool) migration.Migration {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var fresh migration.Migration
	err := l.s.Hub().Watch(ctx, m.ID, func([]migration.Progress) error {
		if fresh = l.read(m); want(fresh) {
			return errSeen
		}
		return nil
	})
	if !errors.Is(err, errSeen) {
		l.t.Fatalf("never %s: %v, passes %+v, checks %+v, %v", what, fresh.Validity, fresh.Passes, fresh.Checks, err)
	}
	return fresh
}

// eventually looks again and again, for what the hub does not tell of.
func (l *lab) eventually(what string, holds func() bool) {
	l.t.Helper()
	rhythm := time.NewTicker(2 * time.Millisecond)
	defer rhythm.Stop()
	for end := time.Now().Add(patience); !holds(); <-rhythm.C {
		if time.Now().After(end) {
			l.t.Fatalf("never %s", what)
		}
	}
}

func (l *lab) untilValidity(m migration.Migration, v migration.Validity) migration.Migration {
	l.t.Helper()
	return l.until(m, string(v), func(m migration.Migration) bool { return m.Validity == v })
}

func (l *lab) untilPass(m migration.Migration, number int, status migration.PassStatus) migration.Migration {
	l.t.Helper()
	return l.until(m, "pass "+string(status), func(m migration.Migration) bool {
		return len(m.Passes) >= number && m.Passes[number-1].Status == status
	})
}

func (l *lab) runs(m migration.Migration, number int) []migration.Run {
	l.t.Helper()
	runs, err := l.store.Runs(context.Background(), l.customer, l.read(m).Passes[number-1].ID)
	check(l.t, err)
	return runs
}

func (l *lab) resources(m migration.Migration) []store.ResourceRow {
	l.t.Helper()
	page, err := l.store.Resources(context.Background(), store.ResourceQuery{Customer: l.customer, MigrationID: m.ID})
	check(l.t, err)
	return page.Resources
}

// fakeEngine does as the test says, and notes what goes on at the same time.
type fakeEngine struct {
	// sync is what a run does; nil: one message, copied.
	sync func(ctx context.Context, job imapsync.Job, report imapsync.Reporter) (migration.Tally, error)
	// source is what the check of a source finds; nil: all is well.
	source func(ctx context.Context, job imapsync.Job) (imapsync.Findings, error)

	places int // at a source, as its server has taught; 0: many
	// found is the server of every domain that is looked for.
	found migration.Suggestion
	// addresses is where a name leads; nil: nowhere.
	addresses func(host string) migration.Addresses

	mu        sync.Mutex
	began     []string // mailboxes, in order
	mailboxes map[string]int
	hosts     map[string]int
	most      int // runs at once
	mostHost  int // with one host
	twice     bool
	fromPass  []int
}

func (e *fakeEngine) enter(job imapsync.Job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mailboxes == nil {
		e.mailboxes, e.hosts = map[string]int{}, map[string]int{}
	}
	mailbox, host := job.Resource.DestinationKey(), job.Resource.Source.Host
	e.began = append(e.began, job.Resource.Destination.Auth.Login)
	e.fromPass = append(e.fromPass, job.Pass)
	e.mailboxes[mailbox]++
	e.hosts[host]++
	e.twice = e.twice || e.mailboxes[mailbox] > 1
	e.mostHost = max(e.mostHost, e.hosts[host])
	together := 0
	for _, n := range e.hosts {
		together += n
	}
	e.most = max(e.most, together)
}

func (e *fakeEngine) leave(job imapsync.Job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mailboxes[job.Resource.DestinationKey()]--
	e.hosts[job.Resource.Source.Host]--
}

func (e *fakeEngine) starts() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.began...)
}

func (e *fakeEngine) Sync(
	ctx context.Context, job imapsync.Job, _ imapsync.Journal, report imapsync.Reporter,
) (migration.Tally, error) {
	e.enter(job)
	defer e.leave(job)
	if e.sync != nil {
		return e.sync(ctx, job, report)
	}
	done := migration.Tally{Listed: 1, Copied: 1, Bytes: 10}
	report.Progress("INBOX", done)
	return done, nil
}

func (e *fakeEngine) CheckSource(ctx context.Context, job imapsync.Job) (imapsync.Findings, error) {
	if e.source != nil {
		return e.source(ctx, job)
	}
	return imapsync.Findings{OK: true, Folders: 2, Messages: 3, Bytes: 40, Oversize: 1}, nil
}

func (e *fakeEngine) CheckDestination(context.Context, imapsync.Job) (imapsync.Findings, error) {
	return imapsync.Findings{OK: true, Quota: &imapsync.Quota{Used: 5, Limit: 50}}, nil
}

func (e *fakeEngine) Places(migration.Endpoint) int {
	if e.places > 0 {
		return e.places
	}
	return 99
}

func (e *fakeEngine) Discover(context.Context, string) (migration.Suggestion, error) {
	return e.found, nil
}

func (e *fakeEngine) Resolve(_ context.Context, ep migration.Endpoint) (migration.Addresses, error) {
	if e.addresses != nil {
		return e.addresses(ep.Host), nil
	}
	return "", nil
}

func (e *fakeEngine) Probe(_ context.Context, ep migration.Endpoint) (migration.ServerTest, error) {
	return migration.ServerTest{Greeting: ep.Auth.Login}, nil
}

// untilStopped is a run that has begun to copy and goes on until its context
// ends.
func untilStopped(began chan<- string) func(context.Context, imapsync.Job, imapsync.Reporter) (migration.Tally, error) {
	return func(ctx context.Context, job imapsync.Job, report imapsync.Reporter) (migration.Tally, error) {
		so := migration.Tally{Listed: 9, Copied: 4, Bytes: 40}
		report.Progress("INBOX", so)
		began <- job.Resource.Destination.Auth.Login
		<-ctx.Done()
		return so, ctx.Err()
	}
}

func receive[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
	return value
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, migration.ErrConflict) {
		t.Errorf("error is %v, want a conflict", err)
	}
}
