package schedule

import (
	"context"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// One mailbox that makes the engine stumble must not end the panel, and again
// after each restart, since its run goes on by itself.
func TestAPanicInOneRunIsItsFailure(t *testing.T) {
	engine := &fakeEngine{sync: func(context.Context, imapsync.Job, imapsync.Reporter) (migration.Tally, error) {
		panic("index out of range")
	}}
	l := newLab(t, engine, imaginary())
	l.start()
	m := l.submit(l.draft(l.row(1, "old.example", "a@new.example")))
	m = l.untilPass(m, 1, migration.PassDone)
	runs, err := l.store.Runs(t.Context(), l.customer, m.Passes[0].ID)
	check(t, err)
	if len(runs) != 1 || runs[0].Status != migration.RunFailed || runs[0].ErrorClass != string(imapsync.ClassInternal) {
		t.Errorf("runs %+v", runs)
	}
}

func TestAFinishedMigrationIsNotCancelled(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	m := l.finished()
	wantConflict(t, l.s.Cancel(t.Context(), l.customer, &m))
	if got := l.read(m).Phase(l.now()); got != migration.PhaseFinished {
		t.Errorf("a finished migration now says %s", got)
	}
}

// finished is a migration both of whose passes are done.
func (l *lab) finished() migration.Migration {
	l.t.Helper()
	m := l.submit(l.draft(l.row(1, "old.example", "a@new.example")))
	m = l.untilPass(m, 1, migration.PassDone)
	l.pass(6 * time.Hour)
	l.s.Wake()
	m = l.untilPass(m, 2, migration.PassDone)
	return l.read(m)
}

// Mail is switched on weeks after a migration has ended: "change the MX now" would
// mislead.
func TestAnOldNoticeIsGivenUp(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	m := l.finished()
	l.pass(20 * 24 * time.Hour)
	box := &postbox{sent: make(chan migration.Letter, 10)}
	check(t, l.s.Shutdown(t.Context()))
	l.s.notifier = box
	l.s.sendNotices(t.Context())
	if n := len(box.sent); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
	for _, n := range l.notices(m) {
		if !n.GaveUp {
			t.Errorf("the notice of pass %d still waits", n.Pass)
		}
	}
}

// The program was down over the start of both passes: the hours for the cut-over
// are kept.
func TestAFirstPassThatStartsLateTakesTheSecondAlong(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	m := l.draft(l.row(1, "old.example", "a@new.example"))
	const before = 6 * time.Hour
	check(t, l.store.Submit(t.Context(), l.customer, &m, []migration.Pass{
		{Number: 1, PlannedAt: l.now().Add(time.Hour)}, {Number: 2, PlannedAt: l.now().Add(time.Hour + before)},
	}))
	l.s.Wake()
	l.untilValidity(m, migration.Valid)
	check(t, l.s.Shutdown(t.Context()))
	l.pass(8 * time.Hour)
	l.start()
	m = l.read(l.untilPass(m, 1, migration.PassDone))
	if m.Passes[1].Status != migration.PassPlanned {
		t.Fatalf("pass 2 is %s", m.Passes[1].Status)
	}
	if after := m.Passes[1].PlannedAt.Sub(m.Passes[0].PlannedAt); after != before {
		t.Errorf("the passes are %v apart, they were %v", after, before)
	}
}
