package schedule

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// moody is an engine whose login of anna is refused, and whose destination
// refuses a message of bruno, as long as it is in that mood.
func moody(mood *atomic.Bool) *fakeEngine {
	engine := &fakeEngine{}
	engine.sync = func(_ context.Context, job imapsync.Job, report imapsync.Reporter) (migration.Tally, error) {
		switch login := job.Resource.Destination.Auth.Login; {
		case login == "anna" && mood.Load():
			return migration.Tally{}, &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassLogin, Err: errors.New("no")}
		case login == "bruno" && mood.Load():
			so := migration.Tally{Listed: 2, Copied: 1, Failed: 1, Bytes: 10}
			report.Message(migration.Outcome{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: 7, Count: 1})
			report.Progress("INBOX", so)
			return so, nil
		}
		so := migration.Tally{Listed: 2, Copied: 2, Bytes: 20}
		report.Progress("INBOX", so)
		return so, nil
	}
	return engine
}

// troubled is a migration of three rows whose first pass is done, and in which
// two had trouble.
func troubled(t *testing.T) (*lab, migration.Migration, *fakeEngine, *atomic.Bool) {
	t.Helper()
	var mood atomic.Bool
	mood.Store(true)
	engine := moody(&mood)
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno"), l.row(3, "old.example", "carla")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if got := m.Passes[0].Runs; got.Failed != 1 || got.Tally.Failed != 1 {
		t.Fatalf("pass 1: %+v", got)
	}
	return l, m, engine, &mood
}

func TestWhatFailedIsTriedAgainAndNothingElse(t *testing.T) {
	l, m, engine, mood := troubled(t)
	mood.Store(false)
	l.pass(time.Minute)
	check(t, l.s.Retry(t.Context(), l.customer, &m, 0))
	m = l.until(m, "clean", func(m migration.Migration) bool {
		return m.Passes[0].Status == migration.PassDone && m.Passes[0].Runs.Clean()
	})
	if got := m.Passes[0].Runs.Tally; got.Copied != 6 || got.Failed != 0 || !got.Balanced() {
		t.Errorf("pass 1 after it: %+v", got)
	}
	again := map[string]int{}
	for _, login := range engine.starts() {
		again[login]++
	}
	if again["anna"] != 2 || again["bruno"] != 2 || again["carla"] != 1 {
		t.Errorf("runs: %v", again)
	}
	if len(m.Passes) != 2 || m.Phase(l.now()) != migration.PhaseCutOver {
		t.Errorf("%d passes, phase %s", len(m.Passes), m.Phase(l.now()))
	}
	exceptions, err := l.store.Exceptions(t.Context(), l.customer, l.runs(m, 1)[1].ID)
	check(t, err)
	if len(exceptions) != 0 {
		t.Errorf("exceptions of the first try stand there still: %+v", exceptions)
	}
	l.eventually("a mail for each end", func() bool { return len(l.notices(m)) == 2 })
	wantConflict(t, l.s.Retry(t.Context(), l.customer, &m, 0)) // nothing failed any more
}

// The mailbox that was full in the last pass goes on by itself once there is room.
func TestAFullMailboxIsLookedAtAgain(t *testing.T) {
	var full atomic.Bool
	full.Store(true)
	engine := &fakeEngine{}
	engine.sync = func(context.Context, imapsync.Job, imapsync.Reporter) (migration.Tally, error) {
		if full.Load() {
			return migration.Tally{}, &imapsync.Error{Side: imapsync.DestinationSide, Class: imapsync.ClassOverQuota, Err: errors.New("full")}
		}
		return migration.Tally{Listed: 1, Copied: 1}, nil
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if run := l.runs(m, 1)[0]; run.Status != migration.RunParked {
		t.Fatalf("%+v", run)
	}
	full.Store(false)
	l.pass(time.Hour)
	l.s.Wake()
	l.until(m, "copied", func(m migration.Migration) bool { return m.Passes[0].Runs.Clean() })
}

func TestOneRowIsTriedAgainAlone(t *testing.T) {
	l, m, engine, mood := troubled(t)
	mood.Store(false)
	wantConflict(t, l.s.Retry(t.Context(), l.customer, &m, 3)) // it did not fail
	if got := l.read(m).Passes[0]; got.Status != migration.PassDone || got.EndedAt.IsZero() {
		t.Errorf("after the refusal: %+v", got)
	}
	check(t, l.s.Retry(t.Context(), l.customer, &m, 1))
	m = l.until(m, "done again", func(m migration.Migration) bool {
		return m.Passes[0].Status == migration.PassDone && m.Passes[0].Runs.Failed == 0
	})
	if starts := engine.starts(); len(starts) != 4 || starts[3] != "anna" || m.Passes[0].Runs.Tally.Failed != 1 {
		t.Errorf("runs %v, pass %+v", starts, m.Passes[0].Runs)
	}
}

// Killed in the middle of the second attempt, it goes on with the next start.
func TestARetryOutlastsTheProgram(t *testing.T) {
	l, m, _, mood := troubled(t)
	mood.Store(false)
	check(t, l.s.Shutdown(t.Context()))
	check(t, l.s.Retry(t.Context(), l.customer, &m, 0))
	check(t, l.store.Close())
	l.open()
	l.start()
	l.until(m, "clean", func(m migration.Migration) bool {
		return m.Passes[0].Status == migration.PassDone && m.Passes[0].Runs.Clean()
	})
}

func TestNoRetryWithoutSecretsOrBesideAPass(t *testing.T) {
	l, m, _, _ := troubled(t)
	check(t, l.store.Shred(t.Context(), l.customer, m.ID))
	wantConflict(t, l.s.Retry(t.Context(), l.customer, &m, 0))
	l.pass(6 * time.Hour)
	wantConflict(t, l.s.Retry(t.Context(), l.customer, &m, 0)) // pass 2 is due
	if err := l.s.Retry(t.Context(), l.customer+1, &m, 0); !errors.Is(err, migration.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
}

// hasty is a store between whose answer and what comes of it somebody does something.
type hasty struct {
	Store
	meanwhile func()
}

func (h hasty) Closable(ctx context.Context, policy migration.Policy, now time.Time) ([]migration.Migration, error) {
	closable, err := h.Store.Closable(ctx, policy, now)
	if len(closable) > 0 {
		h.meanwhile()
	}
	return closable, err
}

// Somebody plans one more pass in the moment in which the passwords would go.
func TestPasswordsOfAPassThatIsToComeStay(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	seen := false
	l.between = func(inner Store) Store {
		return hasty{inner, func() {
			if pass, problems := migration.PlanStraggler(l.read(m).Passes, migration.FirstStart{At: l.now().Add(time.Hour)}, l.now()); !seen && len(problems) == 0 {
				check(t, l.store.AddPass(context.Background(), l.customer, pass))
			}
			seen = true
		}}
	}
	l.start()
	l.untilPass(m, 1, migration.PassDone)
	l.pass(6 * time.Hour)
	l.s.Wake()
	m = l.untilPass(m, 2, migration.PassDone)
	l.pass(72 * time.Hour)
	l.s.cleanup(t.Context())
	if !seen || !l.store.HasSecrets(m.ID) {
		t.Errorf("the passwords are gone; somebody was faster: %t", seen)
	}
}

// The passwords live on for as long as somebody may want one more pass (S22).
func TestOneMorePassForStragglersRuns(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	l.untilPass(m, 1, migration.PassDone)
	l.pass(6 * time.Hour)
	l.s.Wake()
	m = l.untilPass(m, 2, migration.PassDone)
	l.pass(71 * time.Hour)
	l.s.cleanup(t.Context())
	pass, problems := migration.PlanStraggler(m.Passes, migration.FirstStart{Soonest: true}, l.now())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	check(t, l.store.AddPass(t.Context(), l.customer, pass))
	l.s.Wake()
	m = l.untilPass(m, 3, migration.PassDone)
	if run := l.runs(m, 3)[0]; run.Status != migration.RunDone || run.ErrorClass != "" {
		t.Errorf("%+v", run)
	}
	l.pass(time.Hour)
	l.s.cleanup(t.Context())
	if l.store.HasSecrets(m.ID) {
		t.Error("the passwords outlive their 72 hours")
	}
	wantConflict(t, l.store.AddPass(t.Context(), l.customer, pass)) // pressed twice
}

// Two people press at the same moment: the one who is second by a hair is told
// that something has changed, and the plan is that of the first.
func TestMovingAndStartingAtOnceIsWonByOne(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	seen := m.Passes[1] // what the form of the second person was made from
	l.pass(time.Minute)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	wantConflict(t, l.store.MovePass(t.Context(), l.customer, &seen, l.now().Add(10*time.Hour)))
	l.untilPass(m, 2, migration.PassDone)
}

func TestHowFarAPassWasIsNotedOnceAMinute(t *testing.T) {
	report, goOn := make(chan imapsync.Reporter, 1), make(chan struct{})
	engine := &fakeEngine{}
	engine.sync = func(_ context.Context, _ imapsync.Job, r imapsync.Reporter) (migration.Tally, error) {
		report <- r
		<-goOn
		return migration.Tally{Listed: 100, Copied: 100, Bytes: 1000}, nil
	}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	told := receive(t, report)
	m = l.untilPass(m, 1, migration.PassRunning)
	samples := func() []migration.Sample {
		all, err := l.store.Samples(context.Background(), l.customer, m.Passes[0].ID)
		check(t, err)
		return all
	}
	for minute := 1; minute <= 3; minute++ {
		told.Progress("INBOX", migration.Tally{Listed: 100, Copied: 10 * minute, Bytes: int64(100 * minute)})
		l.eventually("progress in the store", func() bool { return l.resources(m)[0].Runs[1].Tally.Copied == 10*minute })
		l.pass(time.Minute)
		l.eventually("a sample", func() bool { return len(samples()) == minute+1 })
	}
	close(goOn)
	l.untilPass(m, 1, migration.PassDone)
	got := samples()
	if last := got[len(got)-1]; got[0].Messages != 0 || got[1].Messages != 10 || got[1].Bytes != 100 || last.Messages != 100 || last.Bytes != 1000 {
		t.Errorf("%+v", got)
	}
}
