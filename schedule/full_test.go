package schedule

import (
	"context"
	"errors"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// smallMailboxes is an engine whose first two mailboxes are full until they get room.
func smallMailboxes() (engine *fakeEngine, room func()) {
	hasRoom := make(chan struct{})
	engine = &fakeEngine{}
	engine.sync = func(_ context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		select {
		case <-hasRoom:
		default:
			if job.Resource.Row <= 2 {
				return migration.Tally{}, &imapsync.Error{Side: imapsync.DestinationSide, Class: imapsync.ClassOverQuota, Err: errFull}
			}
		}
		return migration.Tally{}, nil
	}
	return engine, func() { close(hasRoom) }
}

var errFull = errors.New("the mailbox is full")

// inFirstPass is a migration of three rows whose first pass has ended, with the letter
// that says so read.
func inFirstPass(t *testing.T, engine *fakeEngine) (*lab, *postbox, migration.Migration) {
	t.Helper()
	l, box := newLab(t, engine, imaginary()), &postbox{sent: make(chan migration.Letter, 10)}
	l.options.Notifier = box
	m := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno"), l.row(3, "old.example", "carla")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if done := receive(t, box.sent); done.Notice.Kind != migration.NoticePassDone {
		t.Fatalf("a letter %s before others could join it", done.Notice.Kind)
	}
	return l, box, m
}

// goOn has the full mailboxes tried before their hour.
func (l *lab) goOn(m migration.Migration) {
	l.t.Helper()
	check(l.t, l.s.LookAgain(l.t.Context(), l.customer, &m))
	l.s.Wake()
	l.until(m, "copied", func(m migration.Migration) bool { return m.Passes[0].Runs.Parked == 0 })
}

func TestFullMailboxesAreToldInOneLetter(t *testing.T) {
	engine, room := smallMailboxes()
	l, box, m := inFirstPass(t, engine)
	l.pass(11 * time.Minute)
	l.s.notices.nudge()
	told := receive(t, box.sent)
	if told.Notice.Kind != migration.NoticeFull || told.Notice.Pass != 1 || len(told.Full) != 2 || told.Full[1].Row != 2 {
		t.Fatalf("the letter is %+v with %+v", told.Notice, told.Full)
	}
	room()
	l.goOn(m)
	if full, err := l.store.FullMailboxes(t.Context(), l.customer, m.ID); err != nil || len(full) != 0 {
		t.Errorf("full are %+v, %v", full, err)
	}
}

func TestNoLetterAboutMailboxesThatHaveRoomAgain(t *testing.T) {
	engine, room := smallMailboxes()
	l, box, m := inFirstPass(t, engine)
	room()
	l.goOn(m)
	l.pass(11 * time.Minute)
	l.s.notices.nudge()
	l.eventually("the notice is dropped", func() bool {
		for _, n := range l.notices(m) {
			if n.Kind == migration.NoticeFull && n.GaveUp {
				return true
			}
		}
		return false
	})
	if len(box.sent) != 0 {
		t.Errorf("a letter was sent: %+v", <-box.sent)
	}
}
