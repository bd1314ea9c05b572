package schedule

import (
	"context"
	"errors"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

func TestShutdownInterruptsAndARestartGoesOn(t *testing.T) {
	began := make(chan string, 10)
	engine := &fakeEngine{}
	engine.sync = untilStopped(began)
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno")))
	l.start()
	receive(t, began)
	receive(t, began)
	before := time.Now()
	check(t, l.s.Shutdown(t.Context()))
	if took := time.Since(before); took > stopWithin {
		t.Errorf("the stop took %v", took)
	}
	for _, run := range l.runs(m, 1) {
		if run.Status != migration.RunInterrupted || run.Tally.Copied != 4 {
			t.Errorf("the run is %s, %+v", run.Status, run.Tally)
		}
	}
	l.close()
	l.open()
	engine.sync = nil
	l.start() // on the same folder, with another scheduler
	m = l.untilPass(m, 1, migration.PassDone)
	if got := m.Passes[0].Runs; got.Tally.Copied != 2 || !got.Clean() {
		t.Errorf("%+v", got)
	}
	notices, err := l.store.Notices(t.Context(), l.customer, m.ID)
	check(t, err)
	if len(notices) != 1 {
		t.Errorf("%d notices", len(notices))
	}
}

// A kill is normal: the next start goes on (P-1).
func TestWhatADeadProcessLeftGoesOnByItself(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	ctx := t.Context()
	jobs, err := l.store.ChecksToMake(ctx, 10)
	check(t, err)
	check(t, l.store.StartCheck(ctx, l.customer, jobs[0].Resource.ID)) // died in the middle of it
	l.start()
	l.until(m, "checked", func(m migration.Migration) bool { return m.Checks.Passed == 1 })
	check(t, l.s.Shutdown(ctx))

	check(t, l.store.Submit(ctx, l.customer, &m, []migration.Pass{{Number: 1, PlannedAt: l.now()}}))
	check(t, l.store.Settle(ctx, l.customer, &m, migration.Valid, nil))
	check(t, l.store.BeginPass(ctx, l.customer, &m.Passes[0]))
	run := l.runs(m, 1)[0]
	check(t, l.store.MoveRun(ctx, l.customer, &run, migration.RunConnecting))
	check(t, l.store.MoveRun(ctx, l.customer, &run, migration.RunCopying)) // and in the middle of this
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if !m.Passes[0].Runs.Clean() {
		t.Errorf("%+v", m.Passes[0].Runs)
	}
}

func TestShutdownDoesNotWaitForAnEngineThatDoesNotStop(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	engine := &fakeEngine{}
	engine.sync = func(context.Context, imapsync.Job, imapsync.Reporter) (migration.Tally, error) {
		close(began)
		<-goOn
		return migration.Tally{}, errors.New("late")
	}
	l := newLab(t, engine, imaginary())
	l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	receive(t, began)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: %v", err)
	}
	close(goOn)
	l.s.runs.all.Wait()
}

func TestAWatcherLeavesWhenTheProgramStops(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	l.start()
	entered, left := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		left <- l.s.Hub().Watch(context.Background(), m.ID, func([]migration.Progress) error {
			entered <- struct{}{}
			return nil
		})
	}()
	receive(t, entered)
	check(t, l.s.Shutdown(t.Context()))
	check(t, receive(t, left))
}

func TestASchedulerIsWholeAndStartsOnce(t *testing.T) {
	if _, err := New(Options{}); !errors.Is(err, errNotWhole) {
		t.Errorf("nothing given: %v", err)
	}
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	if err := l.s.Start(t.Context()); !errors.Is(err, errStarted) {
		t.Errorf("started twice: %v", err)
	}
	check(t, l.s.Shutdown(t.Context()))
	check(t, l.s.Shutdown(t.Context())) // twice is once
}

func TestOldMigrationsAreDeletedAndSecretsOfClosedOnesDestroyed(t *testing.T) {
	engine := &fakeEngine{}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	l.untilPass(m, 1, migration.PassDone)
	l.pass(6 * time.Hour)
	l.s.Wake()
	l.untilPass(m, 2, migration.PassDone)
	ctx := t.Context()
	resource := l.resources(m)[0].Resource
	l.pass(l.options.Policy.KeepSecretsFor - time.Minute)
	l.s.cleanup(ctx) // there is time for a retry, and for stragglers
	check(t, l.store.OpenResource(ctx, l.customer, &resource))
	l.pass(time.Minute)
	l.s.cleanup(ctx)
	if err := l.store.OpenResource(ctx, l.customer, &resource); err == nil {
		t.Error("the secrets of a closed migration still open")
	}
	l.pass(l.options.Policy.KeepFor + time.Minute)
	l.s.cleanup(ctx)
	if _, err := l.store.MigrationByID(ctx, l.customer, m.ID); !errors.Is(err, migration.ErrNotFound) {
		t.Errorf("the old migration: %v", err)
	}
}
