package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// Accounts at once are limited for the process and for each source host (C-1).
func TestRunsHoldTheirLimits(t *testing.T) {
	var left atomic.Int64
	left.Store(16) // those after the first hold on until four more have begun
	engine := &fakeEngine{}
	engine.sync = func(ctx context.Context, _ imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		left.Add(-1)
		timer := time.NewTimer(3 * time.Millisecond) // runs overlap
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return migration.Tally{}, ctx.Err()
	}
	l := newLab(t, engine, imaginary())
	var first, second []migration.Resource
	for i := range 8 { // every mailbox is fed by two sources, in two migrations
		first = append(first, l.row(i+1, "one.example", fmt.Sprint("box", i)))
		second = append(second, l.row(i+1, "two.example", fmt.Sprint("BOX", i)))
	}
	a, b := l.submit(l.draft(first...)), l.submit(l.draft(second...))
	l.start()
	l.untilPass(a, 1, migration.PassDone)
	l.untilPass(b, 1, migration.PassDone)
	if left.Load() != 0 {
		t.Errorf("%d runs are missing", left.Load())
	}
	if engine.twice {
		t.Error("two runs were at work on one destination mailbox")
	}
	if engine.mostHost > 4 || engine.most > 8 || engine.most < 2 {
		t.Errorf("at once: %d, with one host %d", engine.most, engine.mostHost)
	}
}

func TestASmallMigrationDoesNotWaitForALargeOne(t *testing.T) {
	began, goOn := make(chan string, 100), make(chan struct{})
	engine := &fakeEngine{}
	engine.sync = func(ctx context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		began <- job.Resource.Destination.Auth.Login
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return migration.Tally{}, ctx.Err()
	}
	l := newLab(t, engine, imaginary())
	var rows []migration.Resource
	for i := range 40 {
		rows = append(rows, l.row(i+1, fmt.Sprintf("old%d.example", i), fmt.Sprint("large", i)))
	}
	large := l.submit(l.draft(rows...))
	l.start()
	for range 8 {
		receive(t, began)
	}
	small := l.submit(l.draft(l.row(1, "old.example", "small")))
	l.untilValidity(small, migration.Valid)
	l.untilPass(small, 1, migration.PassRunning)
	goOn <- struct{}{} // one place is free
	if next := receive(t, began); next != "small" {
		t.Errorf("the place went to %s", next)
	}
	close(goOn)
	l.untilPass(small, 1, migration.PassDone)
	l.untilPass(large, 1, migration.PassDone)
}

func TestWhatARunTellsIsWrittenDown(t *testing.T) {
	reached, goOn := make(chan struct{}), make(chan struct{})
	engine := &fakeEngine{}
	engine.sync = func(_ context.Context, _ imapsync.Job, report imapsync.Reporter) (migration.Tally, error) {
		report.Entry(migration.Entry{Code: "connected", Level: migration.Info})
		report.Message(migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonOversize, Folder: "INBOX", UID: 7, Count: 1})
		report.Progress("Clienti/Caffè", migration.Tally{Listed: 3, Copied: 1, Skipped: 1})
		report.Folder(migration.FolderTally{Name: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 3, Copied: 2, Skipped: 1}})
		close(reached)
		<-goOn
		return migration.Tally{Listed: 3, Copied: 2, Skipped: 1, Bytes: 20}, nil
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	receive(t, reached)
	l.eventually("progress in the store", func() bool {
		row := l.resources(m)[0]
		return row.Runs[1].Tally.Copied == 1 && row.Folder == "Clienti/Caffè"
	})
	close(goOn)
	l.untilPass(m, 1, migration.PassDone)
	run := l.runs(m, 1)[0]
	if run.Status != migration.RunDone || run.Tally != (migration.Tally{Listed: 3, Copied: 2, Skipped: 1, Bytes: 20}) {
		t.Errorf("%+v", run)
	}
	entries, err := l.store.Entries(t.Context(), l.customer, run.ID)
	check(t, err)
	if codes := codesOf(entries); codes != "run_started connected run_ended" {
		t.Errorf("log: %s", codes)
	}
	exceptions, err := l.store.Exceptions(t.Context(), l.customer, run.ID)
	check(t, err)
	if len(exceptions) != 1 || exceptions[0].UID != 7 {
		t.Errorf("exceptions %+v", exceptions)
	}
	folders, err := l.store.Folders(t.Context(), l.customer, run.ID, 1, 10)
	check(t, err)
	if folders.Total != 1 || folders.Folders[0].Name != "INBOX" || folders.Sum.Copied != 2 {
		t.Errorf("folders %+v", folders)
	}
}

func codesOf(entries []migration.Entry) string {
	codes := ""
	for i, e := range entries {
		if i > 0 {
			codes += " "
		}
		codes += e.Code
	}
	return codes
}

func TestAParkedRunHoldsNobodyUpAndGoesOnAlone(t *testing.T) {
	var tries atomic.Int64
	engine := &fakeEngine{}
	engine.sync = func(_ context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		if job.Resource.Row == 1 && tries.Add(1) == 1 {
			return migration.Tally{}, &imapsync.Error{
				Side: imapsync.SourceSide, Class: imapsync.ClassThrottled, RetryAfter: 5 * time.Minute, Err: errors.New("slower"),
			}
		}
		return migration.Tally{Listed: 1, Copied: 1}, nil
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	run := l.runs(m, 1)[0]
	if run.Status != migration.RunParked || !run.RetryAt.Equal(l.now().Add(5*time.Minute+30*time.Second)) || // a tenth more
		run.ErrorClass != "throttled" {
		t.Errorf("%+v", run)
	}
	l.pass(6 * time.Minute)
	l.s.Wake()
	l.until(m, "clean", func(m migration.Migration) bool { return m.Passes[0].Runs.Clean() })
	if notices, _ := l.store.Notices(t.Context(), l.customer, m.ID); len(notices) != 1 {
		t.Errorf("%d notices of one pass", len(notices))
	}
}

func TestARunWithoutSecretsFailsAndDoesNotComeAgain(t *testing.T) {
	engine := &fakeEngine{}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	check(t, l.store.Shred(t.Context(), l.customer, m.ID))
	l.pass(6 * time.Hour)
	l.s.Wake()
	m = l.untilPass(m, 2, migration.PassDone)
	run := l.runs(m, 2)[0]
	if run.Status != migration.RunFailed || run.ErrorClass != string(imapsync.ClassSecrets) {
		t.Errorf("%+v", run)
	}
	if got := len(engine.starts()); got != 1 {
		t.Errorf("the engine was called %d times", got)
	}
}

// shakyStore fails some writes of a run's log, and moves of runs.
type shakyStore struct {
	Store
	entries, moves atomic.Int64 // how often still
}

var errShaky = errors.New("disk is full")

func (s *shakyStore) AppendEntries(ctx context.Context, customer, run int64, entries []migration.Entry) error {
	if s.entries.Add(-1) >= 0 {
		return errShaky
	}
	return s.Store.AppendEntries(ctx, customer, run, entries)
}

func (s *shakyStore) MoveRun(ctx context.Context, customer int64, run *migration.Run, to migration.RunStatus) error {
	if s.moves.Add(-1) >= 0 {
		return errShaky
	}
	return s.Store.MoveRun(ctx, customer, run, to)
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	shaky := &shakyStore{}
	shaky.entries.Store(7)
	shaky.moves.Store(5)
	l := newLab(t, &fakeEngine{}, imaginary())
	l.between = func(s Store) Store { shaky.Store = s; return shaky }
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	run := l.runs(m, 1)[0]
	entries, err := l.store.Entries(t.Context(), l.customer, run.ID)
	check(t, err)
	if codes := codesOf(entries); codes != "run_started run_ended" || !m.Passes[0].Runs.Clean() {
		t.Errorf("log: %s, runs %+v", codes, m.Passes[0].Runs)
	}
	if shaky.entries.Load() >= 0 || shaky.moves.Load() >= 0 {
		t.Error("not all failures were met")
	}
}

func TestARetryThatDoesNotConnectKeepsTheTally(t *testing.T) {
	var tries atomic.Int64
	throttled := &imapsync.Error{
		Side: imapsync.SourceSide, Class: imapsync.ClassThrottled, RetryAfter: time.Minute, Err: errors.New("slower"),
	}
	engine := &fakeEngine{}
	engine.sync = func(_ context.Context, _ imapsync.Job, report imapsync.Reporter) (migration.Tally, error) {
		if tries.Add(1) > 1 {
			return migration.Tally{}, throttled
		}
		reached := migration.Tally{Listed: 9, Copied: 4}
		report.Progress("INBOX", reached)
		return reached, throttled
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	first := l.runs(m, 1)[0].RetryAt
	l.pass(2 * time.Minute)
	l.s.Wake()
	l.until(m, "parked again", func(m migration.Migration) bool { return l.runs(m, 1)[0].RetryAt.After(first) })
	if got := l.runs(m, 1)[0].Tally; got.Copied != 4 || got.Listed != 9 {
		t.Errorf("%+v", got)
	}
}

func TestProgressThatCameTooEarlyIsNotLost(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	l.untilPass(m, 1, migration.PassDone)
	check(t, l.s.Shutdown(t.Context()))

	// A run of pass 2, with the beats of the logbook made by hand.
	ctx := t.Context()
	pass := l.read(m).Passes[1]
	check(t, l.store.BeginPass(ctx, l.customer, &pass))
	jobs, err := l.store.Claimable(ctx, l.now(), 10)
	check(t, err)
	rec, err := l.s.book.begin(ctx, jobs[0])
	check(t, err)
	rec.Progress("INBOX", migration.Tally{Listed: 3, Copied: 1})
	if _, fresh := rec.progress(); fresh {
		t.Fatal("progress of a run that is not copying yet")
	}
	l.s.book.write(ctx)
	if got := l.resources(m)[0]; got.Runs[2].Tally.Copied != 1 || got.Folder != "INBOX" {
		t.Errorf("%+v in %q", got.Runs[2], got.Folder)
	}
	rec.end(ctx, migration.Tally{Listed: 3, Copied: 3}, imapsync.Ending{Status: migration.RunDone})
}
