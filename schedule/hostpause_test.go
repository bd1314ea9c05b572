package schedule

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// wrongPasswords is a server that says no to all logins but those in right.
type wrongPasswords struct {
	*fakeEngine
	refusals imapsync.Refusals

	mu    sync.Mutex
	right []string
	heard []string
}

// login is what an engine does with one, and tells the scheduler's store.
func (w *wrongPasswords) login(ctx context.Context, job imapsync.Job) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ep := job.Resource.Source
	key := migration.HostKey("source", ep)
	pause, err := w.refusals.HostPause(ctx, key)
	if err != nil {
		return err
	}
	known := job.Resource.Check.LetIn()
	if pause.Paused() && !pause.Passes(known) && (!pause.OnTrial() || !slices.Contains(job.Trials, key)) {
		return &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassHostPaused, Err: &imapsync.PausedError{Pause: pause}}
	}
	w.heard = append(w.heard, ep.Auth.Login)
	if ep.Host != "old.example" || slices.Contains(w.right, ep.Auth.Login) {
		if pause.Paused() && pause.Passes(known) {
			return nil
		}
		return w.refusals.Accept(ctx, key)
	}
	err = w.refusals.Refuse(ctx, migration.Refusal{
		Key: key, Side: "source", Host: ep.Host, Cause: migration.PauseLogins, Known: known,
		RefusedLogin: migration.RefusedLogin{Account: job.Resource.SourceKey(), Login: ep.Auth.Login, At: time.UnixMilli(int64(len(w.heard)))},
	})
	if err != nil {
		return err
	}
	return &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassLogin, Err: fmt.Errorf("%s: wrong", ep.Auth.Login)} //nolint:err113 // a test's
}

func (w *wrongPasswords) logins() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.heard)
}

func newWrongPasswords(t *testing.T) (*wrongPasswords, *lab) {
	t.Helper()
	w := &wrongPasswords{fakeEngine: &fakeEngine{}}
	l := newLab(t, w, imaginary())
	w.refusals = l.store
	w.source = func(ctx context.Context, job imapsync.Job) (imapsync.Findings, error) {
		return imapsync.Findings{OK: true, Folders: 1}, w.login(ctx, job)
	}
	w.sync = func(ctx context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		return migration.Tally{}, w.login(ctx, job)
	}
	return w, l
}

func (l *lab) fiveRows() (rows []migration.Resource) {
	for i := range 5 {
		rows = append(rows, l.row(i+1, "old.example", fmt.Sprint("user", i+1)))
	}
	return rows
}

// C-2: the checks of a host stop at the third refusal, and the migration waits for a
// correction, not for ever. The corrected row is tried first, and lets the others go on.
func TestChecksStopAtAHostThatRefuses(t *testing.T) {
	w, l := newWrongPasswords(t)
	w.right = []string{"user4", "user5"}
	l.options.Checks = 1
	rows := l.fiveRows()
	m := l.submit(l.draft(append(rows, l.row(6, "other.example", "else"))...))
	l.start()
	m = l.untilValidity(m, migration.Invalid)
	if got := w.logins(); len(got) != 4 || slices.Contains(got, "user4") {
		t.Fatalf("logins %v", got)
	}
	if m.Checks.Failed != 3 || m.Checks.Waiting != 2 || m.Checks.Passed != 1 {
		t.Fatalf("checks %+v", m.Checks)
	}
	w.mu.Lock()
	w.right = append(w.right, "user2")
	w.mu.Unlock()
	rows[1].Source.Auth.Password = migration.NewSecret("right")
	rows = append(rows, l.row(6, "other.example", "else"))
	check(t, l.store.SaveSheet(t.Context(), l.customer, m.ID, migration.NewSecret("file"), rows))
	l.s.Wake()
	l.until(m, "checked", func(m migration.Migration) bool { return m.Checks.Passed == 4 && m.Checks.Waiting == 0 })
	if got := w.logins(); got[4] != "user2" || len(got) != 7 {
		t.Errorf("logins %v", got)
	}
}

// Runs that wait for a paused host are parked, other hosts' are not; on the admin's word
// one tries, and if it is let in all go on by themselves.
func TestRunsAreParkedAtAHostThatRefuses(t *testing.T) {
	w, l := newWrongPasswords(t)
	w.right = []string{"user1", "user2", "user3", "user4", "user5"}
	l.options.Runs, l.options.Checks = 1, 1
	m := l.submit(l.draft(append(l.fiveRows(), l.row(6, "other.example", "else"))...))
	l.start()
	m = l.until(m, "checked", func(m migration.Migration) bool { return m.Validity == migration.Valid })
	l.untilPass(m, 1, migration.PassDone)
	w.mu.Lock()
	w.right, w.heard = nil, nil
	w.mu.Unlock()
	l.pass(time.Minute)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	m = l.untilPass(m, 2, migration.PassDone)
	for i, run := range l.runs(m, 2) {
		want := []migration.RunStatus{
			migration.RunFailed, migration.RunFailed, migration.RunFailed, migration.RunParked, migration.RunParked, migration.RunDone,
		}[i]
		if run.Status != want || want == migration.RunParked && run.ErrorClass != migration.ClassHostPaused {
			t.Errorf("run %d: %s (%s), want %s", i+1, run.Status, run.ErrorClass, want)
		}
	}
	if got := w.logins(); len(got) != 4 {
		t.Errorf("logins %v", got)
	}
	l.pass(3 * time.Hour) // the time to look again has come, and nobody asks the host
	w.mu.Lock()
	w.right = []string{"user4", "user5"}
	w.mu.Unlock()
	check(t, l.s.GoOn(t.Context(), l.customer, &m, "source old.example"))
	l.until(m, "gone on", func(m migration.Migration) bool { return m.Passes[1].Runs.Parked == 0 && m.Passes[1].Runs.Open == 0 })
	if got := w.logins(); !slices.Equal(got[4:], []string{"user4", "user5"}) {
		t.Errorf("after it went on: logins %v", got)
	}
	if still, err := l.store.HostPauses(t.Context()); err != nil || len(still) > 0 {
		t.Errorf("others wait still: %+v, %v", still, err)
	}
}

// What one customer has wrong in his file does not cost another his night: a row whose
// check passed logs in at a host that is paused for those it never let in.
func TestRunsOfKnownLoginsGoOnAtAPausedHost(t *testing.T) {
	w, l := newWrongPasswords(t)
	w.right = []string{"user1", "user2"}
	l.options.Runs, l.options.Checks = 1, 1
	m := l.submit(l.draft(l.fiveRows()[:2]...))
	l.start()
	m = l.until(m, "checked", func(m migration.Migration) bool { return m.Validity == migration.Valid })
	l.untilPass(m, 1, migration.PassDone)
	l.untilValidity(l.submit(l.draft(
		l.row(1, "old.example", "wrong1"), l.row(2, "old.example", "wrong2"), l.row(3, "old.example", "wrong3"), l.row(4, "old.example", "wrong4"),
	)), migration.Invalid)
	paused, err := l.store.HostPauses(t.Context())
	if err != nil || len(paused) != 1 || paused[0].Turned {
		t.Fatalf("paused are %+v, %v", paused, err)
	}
	l.pass(time.Minute)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	m = l.untilPass(m, 2, migration.PassDone)
	for i, run := range l.runs(m, 2) {
		if run.Status != migration.RunDone {
			t.Errorf("run %d: %s (%s)", i+1, run.Status, run.ErrorClass)
		}
	}
	if slices.Contains(w.logins(), "wrong4") {
		t.Error("a login that is new to the host was tried at it")
	}
	if still, err := l.store.HostPauses(t.Context()); err != nil || len(still) != 1 {
		t.Errorf("that known logins were let in lifted the pause: %+v, %v", still, err)
	}
}

// Who hands in a draft whose rows waited already is told, and once.
func TestADraftThatWaitsIsToldWhenItIsHandedIn(t *testing.T) {
	_, l := newWrongPasswords(t)
	l.options.Checks = 1
	first := l.submit(l.draft(l.fiveRows()...))
	l.start()
	l.untilValidity(first, migration.Invalid)
	draft := l.draft(l.row(1, "old.example", "carla"))
	l.s.tick(t.Context()) // sees that it is held
	told := func() (n int) {
		for _, notice := range l.notices(draft) {
			if notice.Kind == migration.NoticeHostPaused {
				n++
			}
		}
		return n
	}
	if told() != 0 {
		t.Fatal("who is in the wizard gets a mail")
	}
	l.submit(draft)
	for range 2 {
		l.s.tick(t.Context())
	}
	if told() != 1 {
		t.Errorf("%d notices, want 1", told())
	}
}
