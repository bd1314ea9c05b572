package store

import (
	"testing"
	"time"

	"trasloco/migration"
)

// checked lets the check of every row that waits end as c, and a draft become valid.
func (p panel) checked(t *testing.T, m migration.Migration, c migration.Check) migration.Migration {
	t.Helper()
	for _, job := range must(p.ChecksToMake(t.Context(), 9))(t) {
		p.finishCheck(t, job.Resource.ID, c)
	}
	return p.settled(t, m)
}

func (p panel) settled(t *testing.T, m migration.Migration) migration.Migration {
	t.Helper()
	if m = p.reread(t, m); m.Validity == migration.Draft {
		check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
		check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	}
	return m
}

func (p panel) frozen(t *testing.T, m migration.Migration, row int) migration.Addresses {
	t.Helper()
	return must(p.Resource(t.Context(), p.customer, m.ID, row))(t).Source.Addresses
}

// S7: what the check froze stays, whatever comes; only the admin's word lets it be
// looked up again.
func TestAddressesStayUntilTheAdminSaysSo(t *testing.T) {
	const first, later = migration.Addresses("192.0.2.1 192.0.2.2"), migration.Addresses("198.51.100.1")
	tests := []struct {
		name string
		do   func(p panel, m migration.Migration, row migration.Resource) error
		want migration.Addresses
	}{
		{"a run that looked them up itself", func(p panel, _ migration.Migration, row migration.Resource) error {
			return p.Freeze(t.Context(), p.customer, row.ID, later)
		}, first},
		{"another password", func(p panel, m migration.Migration, row migration.Resource) error {
			row.Source.Auth.Password = migration.NewSecret("new")
			return p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: row.Source})
		}, first},
		{"another host", func(p panel, m migration.Migration, row migration.Resource) error {
			row.Source.Host = "moved.example"
			return p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: row.Source})
		}, ""},
		{"looked up again", func(p panel, m migration.Migration, _ migration.Resource) error {
			return p.Unfreeze(t.Context(), p.customer, m.ID, 1)
		}, ""},
		{"looked up again, and found by a run", func(p panel, m migration.Migration, row migration.Resource) error {
			check(t, p.Unfreeze(t.Context(), p.customer, m.ID, 0))
			return p.Freeze(t.Context(), p.customer, row.ID, later)
		}, later},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPanel(t)
			m := p.draft(t, "x")
			m = p.checked(t, m, migration.Check{Status: migration.CheckPassed, At: p.at, Addresses: first, Shown: "aa"})
			row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t)
			if row.Source.Addresses != first || row.Check.Shown != "aa" {
				t.Fatalf("the check left %+v", row.Source)
			}
			check(t, test.do(p, m, row.Resource))
			if got := p.frozen(t, m, 1); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			// A check that fails tells of no address, and forgets none.
			p.checked(t, m, migration.Check{Status: migration.CheckFailed, At: p.at, Side: "source", Class: "login"})
			if got := p.frozen(t, m, 1); got != test.want {
				t.Errorf("after a check that failed: %q, want %q", got, test.want)
			}
		})
	}
}

// In the wizard every check that somebody asks for looks the names up.
func TestAnotherCheckOfADraftLooksUpAnew(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	p.finishCheck(t, must(p.ChecksToMake(t.Context(), 9))(t)[0].Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.at, Addresses: "192.0.2.1"})
	check(t, p.Recheck(t.Context(), p.customer, m.ID, p.at.Add(time.Second)))
	if jobs := must(p.ChecksToMake(t.Context(), 9))(t); len(jobs) != 1 || jobs[0].Resource.Source.Addresses != "" {
		t.Errorf("got %+v", jobs)
	}
}

// S7: a changed certificate is a question; the answer holds for all rows with that
// server at that address, also where one of them is corrected later.
func TestACertificateIsAcceptedForItsServer(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "y", "z")
	jobs := must(p.ChecksToMake(t.Context(), 9))(t)
	for i, addresses := range []migration.Addresses{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		p.finishCheck(t, jobs[i].Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.at, Addresses: addresses})
	}
	m = p.settled(t, m)
	accept := func(pin string) (int, error) { return p.AcceptCertificate(t.Context(), p.customer, m, 1, pin) }
	_, err := accept("cafe")
	wantError(t, err, migration.ErrConflict) // nobody refused it
	check(t, p.RefuseCertificate(t.Context(), p.customer, jobs[0].Resource.ID, "cafe"))
	_, err = accept("beef")
	wantError(t, err, migration.ErrConflict) // the page shows another one by now
	if rows, err := accept("cafe"); rows != 2 || err != nil {
		t.Errorf("accepted in %d rows, %v", rows, err)
	}
	for line, want := range map[int]string{1: "cafe", 2: "cafe", 3: "f00d"} {
		if row := must(p.Resource(t.Context(), p.customer, m.ID, line))(t); row.Source.Pin != want || row.Refused != "" {
			t.Errorf("row %d: pinned %q, refused %q", line, row.Source.Pin, row.Refused)
		}
	}
	if m = must(p.MigrationByID(t.Context(), p.customer, m.ID))(t); m.Source.PinOf(jobs[0].Resource.Source.Address()) != "cafe" {
		t.Errorf("for rows corrected later: %+v", m.Source)
	}
}

// Nothing is changed under the hands of a run that is at work.
func TestNoAddressIsLookedUpAgainWhileItsRunIsAtWork(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	m = p.checked(t, m, migration.Check{Status: migration.CheckPassed, At: p.at, Addresses: "192.0.2.1"})
	pass := m.Passes[0]
	check(t, p.BeginPass(t.Context(), p.customer, &pass))
	run := must(p.Runs(t.Context(), p.customer, pass.ID))(t)[0]
	check(t, p.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	wantError(t, p.Unfreeze(t.Context(), p.customer, m.ID, 1), migration.ErrConflict)
	if got := p.frozen(t, m, 1); got != "192.0.2.1" {
		t.Errorf("got %q", got)
	}
}
