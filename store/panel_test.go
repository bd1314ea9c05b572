package store

import (
	"fmt"
	"testing"
	"time"

	"trasloco/migration"
)

const moverPassword = "hunter2-MASTER"

// clock is what a panel's store takes for the time. Only the test moves it, and
// never while a call is under way.
type clock struct{ at time.Time }

func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

// panel is a store that was set up: one customer with two domains, which move
// to a server with a master user, and a user who is admin and operator.
type panel struct {
	*Store
	*clock
	dir      string
	user     migration.User
	customer int64
	domains  []migration.Domain
}

func newPanel(t testing.TB) panel {
	t.Helper()
	p := panel{clock: &clock{at: testNow}, dir: newFolder(t)}
	s, err := Open(t.Context(), p.dir, Options{Now: func() time.Time { return p.at }})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	p.Store = s
	check(t, s.SetUp(t.Context(), SetUp{
		Customer:     "First",
		Operator:     migration.User{Name: "Laura Bianchi", Email: "laura@new.example", Language: "it", TimeZone: "Europe/Rome"},
		PasswordHash: "hash",
		Domains:      []string{"b.example", "a.example"},
		Destination:  masterDestination(),
	}))
	p.user, _, err = s.UserByEmail(t.Context(), "laura@new.example")
	check(t, err)
	p.customer = p.user.CustomerID
	p.domains = must(s.Domains(t.Context(), p.customer))(t)
	return p
}

func masterDestination() migration.Destination {
	return migration.Destination{
		Name: "New", MX: []string{"10 mx1.new.example", "20 mx2.new.example"},
		Endpoint: migration.Endpoint{
			Host: "imap.new.example", Port: 993, TLS: migration.TLSDirect,
			Auth: migration.Auth{
				Kind: migration.AuthMaster, Master: "mover", Form: migration.MasterForm{Separator: "*"},
				Password: migration.NewSecret(moverPassword),
			},
		},
	}
}

// row is a row of a file: the account of that name in domain a.example.
func (p panel) row(line int, name string) migration.Resource {
	login := name + "@a.example"
	r := migration.Resource{
		Row: line, DomainID: p.domains[0].ID,
		Source: migration.Endpoint{
			Host: "imap.old.example", Port: 143, TLS: migration.TLSStartTLS, TLSName: "mail.old.example", Pin: "f00d",
			Auth: migration.Auth{Kind: migration.AuthPassword, Login: login, Password: migration.NewSecret("pw-" + name)},
		},
		Destination: masterDestination().For(login, migration.Secret{}),
	}
	return r
}

func (p panel) rows(names ...string) []migration.Resource {
	var rows []migration.Resource
	for i, name := range names {
		rows = append(rows, p.row(i+1, name))
	}
	return rows
}

// draft makes a migration with rows of those names.
func (p panel) draft(t testing.TB, names ...string) migration.Migration {
	t.Helper()
	m := migration.Migration{CustomerID: p.customer, UserID: p.user.ID, ServerType: migration.Standard}
	check(t, p.CreateDraft(t.Context(), &m))
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("the file"), p.rows(names...)))
	return p.reread(t, m)
}

func (p panel) reread(t testing.TB, m migration.Migration) migration.Migration {
	t.Helper()
	return must(p.MigrationByID(t.Context(), AnyCustomer, m.ID))(t)
}

// twoPasses are passes at the clock's time and six hours later.
func (p panel) twoPasses() []migration.Pass {
	return []migration.Pass{
		{Number: 1, Status: migration.PassPlanned, PlannedAt: p.at},
		{Number: 2, Status: migration.PassPlanned, PlannedAt: p.at.Add(6 * time.Hour)},
	}
}

// checkAll lets every waiting check pass.
func (p panel) checkAll(t testing.TB) {
	t.Helper()
	for _, job := range must(p.ChecksToMake(t.Context(), 1000))(t) {
		p.finishCheck(t, job.Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.at})
	}
}

func (p panel) finishCheck(t testing.TB, id int64, c migration.Check) {
	t.Helper()
	check(t, p.StartCheck(t.Context(), p.customer, id))
	check(t, p.FinishCheck(t.Context(), p.customer, id, c))
}

// valid makes a migration with rows of those names that may run.
func (p panel) valid(t testing.TB, names ...string) migration.Migration {
	t.Helper()
	m := p.draft(t, names...)
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	return m
}

// running is valid with its first pass begun.
func (p panel) running(t testing.TB, names ...string) migration.Migration {
	t.Helper()
	m := p.valid(t, names...)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	return p.reread(t, m)
}

// run returns the run of the row on a line in a pass.
func (p panel) run(t testing.TB, m migration.Migration, line, pass int) migration.Run {
	t.Helper()
	run, ok := must(p.Resource(t.Context(), p.customer, m.ID, line))(t).Runs[pass]
	if !ok {
		t.Fatalf("row %d has no run in pass %d", line, pass)
	}
	return run
}

func (p panel) move(t testing.TB, run migration.Run, to ...migration.RunStatus) migration.Run {
	t.Helper()
	for _, status := range to {
		check(t, p.MoveRun(t.Context(), p.customer, &run, status))
	}
	return run
}

// finish ends every run of a running pass, then the pass.
func (p panel) finish(t testing.TB, m migration.Migration, number int, notices ...migration.Notice) migration.Migration {
	t.Helper()
	pass := p.reread(t, m).Passes[number-1]
	for _, run := range must(p.Runs(t.Context(), p.customer, pass.ID))(t) {
		if run.Status == migration.RunWaiting {
			run.Tally = migration.Tally{Listed: 3, Copied: 3, Bytes: 30}
			p.move(t, run, migration.RunConnecting, migration.RunCopying, migration.RunDone)
		}
	}
	check(t, p.FinishPass(t.Context(), p.customer, &pass, notices...))
	return p.reread(t, m)
}

// stranger makes another customer with a user and a domain.
func (p panel) stranger(t testing.TB) migration.User {
	t.Helper()
	customer := p.insert(t, `INSERT INTO customer (name, created_at) VALUES ('Second', 0) RETURNING id`)
	p.insert(t, `INSERT INTO domain (customer_id, destination_id, name)
		SELECT $1, destination_id, 'c.example' FROM domain LIMIT 1 RETURNING id`, customer)
	u := migration.User{CustomerID: customer, Role: migration.Admin, Name: "Stranger", Email: fmt.Sprintf("s%d@c.example", customer)}
	check(t, p.CreateUser(t.Context(), &u, "hash"))
	return u
}

func (p panel) insert(t testing.TB, query string, args ...any) int64 {
	t.Helper()
	return must(queryOne(t.Context(), p.writer, scanValue[int64], query, args...))(t)
}
