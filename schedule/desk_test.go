package schedule

import (
	"context"
	"errors"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// stopped is a running migration of one row whose run goes on until it is
// stopped.
func stopped(t *testing.T) (*lab, migration.Migration, chan string) {
	t.Helper()
	began := make(chan string, 10)
	engine := &fakeEngine{}
	engine.sync = untilStopped(began)
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	receive(t, began)
	return l, l.read(m), began
}

func TestPauseAndResume(t *testing.T) {
	l, m, began := stopped(t)
	ctx := t.Context()
	check(t, l.s.Pause(ctx, l.customer, &m))
	if run := l.runs(m, 1)[0]; m.Passes[0].Status != migration.PassPaused || run.Status != migration.RunInterrupted {
		t.Fatalf("pass %s, run %s", m.Passes[0].Status, run.Status)
	}
	if run := l.runs(m, 1)[0]; run.ErrorClass != "" || run.Tally.Copied != 4 {
		t.Errorf("a pause is no failure, and keeps the tally: %+v", run)
	}
	wantConflict(t, l.s.Pause(ctx, l.customer, &m))
	l.s.tick(ctx) // nothing of a paused pass starts
	if len(began) > 0 {
		t.Error("the paused pass went on")
	}
	check(t, l.s.Resume(ctx, l.customer, &m))
	receive(t, began)
	wantConflict(t, l.s.Resume(ctx, l.customer, &m))
}

func TestPauseOutlastsTheProgram(t *testing.T) {
	l, m, began := stopped(t)
	check(t, l.s.Pause(t.Context(), l.customer, &m))
	l.close()
	l.open()
	l.start()
	l.s.tick(t.Context())
	if got := l.read(m).Passes[0].Status; got != migration.PassPaused || len(began) > 0 {
		t.Errorf("after the restart the pass is %s", got)
	}
}

func TestCancelEndsARunningMigration(t *testing.T) {
	l, m, _ := stopped(t)
	ctx := t.Context()
	check(t, l.s.Cancel(ctx, l.customer, &m))
	if m.Validity != migration.Cancelled || m.Passes[0].Status != migration.PassCancelled || m.Passes[1].Status != migration.PassCancelled {
		t.Errorf("%s, passes %+v", m.Validity, m.Passes)
	}
	if run := l.runs(m, 1)[0]; run.Status != migration.RunCancelled {
		t.Errorf("the run is %s", run.Status)
	}
	wantConflict(t, l.s.Cancel(ctx, l.customer, &m))
	wantConflict(t, l.s.Pause(ctx, l.customer, &m))
	wantConflict(t, l.s.Resume(ctx, l.customer, &m))
	wantConflict(t, l.s.RunNow(ctx, l.customer, &m))
}

func TestACancelledMigrationIsHeldUntilItIsWrittenDown(t *testing.T) {
	began, stopping, goOn := make(chan string, 10), make(chan struct{}), make(chan struct{})
	engine := &fakeEngine{}
	engine.sync = func(ctx context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		began <- job.Resource.Destination.Auth.Login
		<-ctx.Done()
		close(stopping)
		<-goOn // the engine takes its time to stop
		return migration.Tally{}, ctx.Err()
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	receive(t, began)
	ended := make(chan error, 1)
	other := m
	go func() { ended <- l.s.Cancel(context.Background(), l.customer, &other) }()
	receive(t, stopping)
	wantConflict(t, l.s.Cancel(t.Context(), l.customer, &m))
	l.s.tick(t.Context())
	close(goOn)
	check(t, receive(t, ended))
	if len(began) > 0 || other.Validity != migration.Cancelled {
		t.Errorf("%d runs began meanwhile, the migration is %s", len(began), other.Validity)
	}
}

func TestADraftIsCancelledWithItsChecks(t *testing.T) {
	began := make(chan struct{}, 10)
	engine := &fakeEngine{source: func(ctx context.Context, _ imapsync.Job) (imapsync.Findings, error) {
		began <- struct{}{}
		<-ctx.Done()
		return imapsync.Findings{}, ctx.Err()
	}}
	l := newLab(t, engine, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	l.start()
	receive(t, began)
	check(t, l.s.Cancel(t.Context(), l.customer, &m))
	if m.Validity != migration.Cancelled {
		t.Errorf("the draft is %s", m.Validity)
	}
}

func TestRunNowStartsTheNextPass(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	l.start()
	wantConflict(t, l.s.RunNow(t.Context(), l.customer, &m)) // not valid
	first := l.now().Add(48 * time.Hour)
	check(t, l.store.Submit(t.Context(), l.customer, &m, []migration.Pass{
		{Number: 1, PlannedAt: first}, {Number: 2, PlannedAt: first.Add(6 * time.Hour)},
	}))
	l.s.Wake()
	m = l.untilValidity(m, migration.Valid)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	m = l.untilPass(m, 1, migration.PassDone)
	if gap := m.Passes[1].PlannedAt.Sub(m.Passes[0].PlannedAt); gap != 6*time.Hour {
		t.Errorf("the distance of the passes became %v", gap)
	}
	l.pass(time.Minute)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	m = l.untilPass(m, 2, migration.PassDone)
	if l.now().Sub(m.Passes[1].PlannedAt) != 0 {
		t.Errorf("pass 2 stands at %v", m.Passes[1].PlannedAt)
	}
	wantConflict(t, l.s.RunNow(t.Context(), l.customer, &m))
}

func TestNobodyTouchesAnothersMigration(t *testing.T) {
	l, m, _ := stopped(t)
	for name, call := range map[string]func(context.Context, int64, *migration.Migration) error{
		"pause": l.s.Pause, "resume": l.s.Resume, "cancel": l.s.Cancel, "start": l.s.RunNow,
	} {
		if err := call(t.Context(), l.customer+1, &m); !errors.Is(err, migration.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := l.read(m).Passes[0].Status; got != migration.PassRunning {
		t.Errorf("the pass is %s", got)
	}
}

func TestTheDestinationIsTestedWithTheMailboxThatWasNamed(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	got, err := l.s.TestDestination(t.Context(), migration.Destination{Endpoint: imaginary()}, "anna@new.example")
	check(t, err)
	if got.Greeting != "anna@new.example" {
		t.Errorf("tested with %q", got.Greeting)
	}
}
