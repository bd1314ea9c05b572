package store

import (
	"os"
	"testing"
	"time"

	"trasloco/migration"
)

func TestDeleteLeavesNothingOfAMigrationAndAllOfTheOthers(t *testing.T) {
	p := newPanel(t)
	m, other := p.finish(t, p.running(t, "x", "y"), 1, passDone(1)), p.running(t, "x")
	for _, owner := range []migration.Migration{m, other} {
		row := must(p.Resource(t.Context(), p.customer, owner.ID, 1))(t)
		j := p.Journal(p.customer, row.ID, 1)
		pair := savePair(t, j, "INBOX", "INBOX")
		check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
		check(t, p.AppendEntries(t.Context(), p.customer, row.Runs[1].ID, []migration.Entry{{At: p.at, Code: "x"}}))
	}
	alone := p.Journal(p.customer, must(p.Resource(t.Context(), p.customer, m.ID, 2))(t).ID, 1)
	begin(t, alone, savePair(t, alone, "INBOX", "INBOX"), 2)
	check(t, p.Delete(t.Context(), p.customer, &m))

	for table, want := range map[string]int{
		"migration": 1, "migration_domain": 1, "sheet": 0, "resource": 1, "pass": 2, "run": 1, "entry": 1, "notice": 0,
		"pair": 1, "msg": 1, "dst": 1, "inflight": 0,
	} {
		if got := count(t, p.Store, table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	if _, err := os.Stat(p.keys.path(m.ID)); err == nil {
		t.Error("the key is still there")
	}
	row := must(p.Resource(t.Context(), p.customer, other.ID, 1))(t).Resource
	check(t, p.OpenResource(t.Context(), p.customer, &row))
	wantError(t, p.Delete(t.Context(), p.customer, &m), migration.ErrNotFound)
}

func TestWhatRunsIsNotDeleted(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y")
	run := p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunParked)
	planned := m
	planned.Passes = nil // whatever the caller believes
	wantError(t, p.Delete(t.Context(), p.customer, &planned), migration.ErrConflict)
	m = p.finish(t, m, 1)
	run = p.move(t, run, migration.RunConnecting) // tries again, its pass is done
	wantError(t, p.Delete(t.Context(), p.customer, &m), migration.ErrConflict)
	row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	check(t, p.OpenResource(t.Context(), p.customer, &row))
	p.move(t, run, migration.RunParked)
	check(t, p.Delete(t.Context(), p.customer, &m))
}

func TestOldMigrationsExpire(t *testing.T) {
	p := newPanel(t)
	p.name(t, p.draft(t, "x"), "draft")
	p.name(t, p.finish(t, p.running(t, "x"), 1), "cut-over")
	running := p.name(t, p.running(t, "x"), "running")
	touched := p.name(t, p.draft(t, "x"), "touched")
	policy := migration.DefaultPolicy()
	expired := func() []string { return titles(must(p.Expired(t.Context(), policy, p.at))(t)) }
	p.pass(29 * 24 * time.Hour)
	check(t, p.SaveDraft(t.Context(), p.customer, &touched))
	if got := expired(); got != nil {
		t.Errorf("after 29 days: %v", got)
	}
	p.pass(31 * time.Hour) // the planned second pass keeps its migration six hours longer
	if got := expired(); len(got) != 2 || got[0] != "draft" || got[1] != "cut-over" {
		t.Errorf("after 30 days: %v", got)
	}
	p.finish(t, running, 1)
	p.pass(60 * 24 * time.Hour)
	if got := expired(); len(got) != 4 {
		t.Errorf("after 90 days: %v", got)
	}
}

func TestSecretsAreClosedWhenTheyHaveNoUseAnyMore(t *testing.T) {
	p := newPanel(t)
	policy := migration.DefaultPolicy()
	closable := func() []string { return titles(must(p.Closable(t.Context(), policy, p.at))(t)) }
	p.name(t, p.draft(t, "x"), "draft")
	cancelled := p.name(t, p.draft(t, "x"), "cancelled")
	m := p.name(t, p.finish(t, p.running(t, "x", "parked"), 1), "done")
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	if got := closable(); got != nil {
		t.Errorf("while all goes on: %v", got)
	}
	check(t, p.Cancel(t.Context(), p.customer, &cancelled))
	run := p.move(t, p.run(t, m, 2, 2), migration.RunConnecting, migration.RunParked)
	m = p.finish(t, m, 2)
	if got := closable(); len(got) != 1 || got[0] != "cancelled" {
		t.Errorf("while a run is parked: %v", got)
	}
	check(t, p.Shred(t.Context(), AnyCustomer, cancelled.ID))
	if got := closable(); got != nil {
		t.Errorf("closed twice: %v", got)
	}
	p.pass(policy.KeepSecretsFor)
	run = p.move(t, run, migration.RunConnecting)
	if got := closable(); got != nil {
		t.Errorf("while a run is at work: %v", got)
	}
	p.move(t, run, migration.RunCopying, migration.RunDone)
	if got := closable(); len(got) != 1 || got[0] != "done" {
		t.Errorf("after the last run: %v", got)
	}
}
