package imapsync_test

import (
	"fmt"
	"sync"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// C-1: a source that bears three connections teaches so once; all is copied, nothing
// is an error, and from then on it has nothing to refuse.
func TestASourceThatBearsThreeConnections(t *testing.T) {
	for _, curt := range []bool{false, true} {
		t.Run(fmt.Sprintf("without a word: %v", curt), func(t *testing.T) {
			var src *imaptest.Account
			var once sync.Once
			refused := make(chan struct{})
			src = imaptest.NewAccount(t, imaptest.AccountOptions{
				MaxConnections: 3, Curt: curt,
				Refused: func() { once.Do(func() { close(refused) }) },
				Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
					if cmd.Name == "LIST" {
						<-refused // so that the first ones are there together
					}
					return false
				},
			})
			for i := range 5 {
				src.Folder("INBOX").Add(imaptest.Message{Body: fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", i)})
			}
			one := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			var learnt []migration.ServerLimit
			e := imapsync.New(imapsync.Options{
				TempDir: one.temp, AllowPrivate: true, Patience: one.patience, Timeouts: one.timeouts,
				Learnt: func(l migration.ServerLimit) { learnt = append(learnt, l) },
			})
			together := func() {
				t.Helper()
				var all sync.WaitGroup
				for range 5 {
					dst := imaptest.NewAccount(t, imaptest.AccountOptions{})
					job := one.job()
					job.Resource.Source, job.Resource.Destination = src.Endpoint(), dst.Endpoint()
					all.Go(func() {
						var heard recorder
						tally, err := e.Sync(t.Context(), job, cleanMemory(), &heard)
						if err != nil || tally.Copied != 5 || tally.Failed != 0 {
							t.Errorf("%+v, %v%s", tally, err, heard.log())
						}
						for _, entry := range heard.entries {
							if entry.Level != migration.Info && entry.Code != "weak_source" { // these have no TLS
								t.Errorf("the log tells of trouble: %+v", entry)
							}
						}
					})
				}
				all.Wait()
			}
			together()
			before := src.TurnedAway()
			if before == 0 || len(learnt) == 0 || learnt[len(learnt)-1].Most != 3 {
				t.Fatalf("%d were turned away, learnt %+v", before, learnt)
			}
			together()
			if after := src.TurnedAway(); after != before {
				t.Errorf("%d more were turned away", after-before)
			}
		})
	}
}

// C-1: four runs at once at a destination that bears two connections wait for each
// other, the second connection that each needs for its folders included; none is parked.
func TestADestinationThatBearsTwoConnections(t *testing.T) {
	dst := imaptest.NewAccount(t, imaptest.AccountOptions{MaxConnections: 2})
	one := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	var mu sync.Mutex
	var learnt []migration.ServerLimit
	e := imapsync.New(imapsync.Options{
		TempDir: one.temp, AllowPrivate: true, Patience: one.patience, Timeouts: one.timeouts,
		Learnt: func(l migration.ServerLimit) {
			mu.Lock()
			defer mu.Unlock()
			learnt = append(learnt, l)
		},
	})
	var all sync.WaitGroup
	for i := range 4 {
		src := imaptest.NewAccount(t, imaptest.AccountOptions{})
		for folder := range 3 { // each has its own: they have one destination here
			src.Create(fmt.Sprintf("Folder %d of %d", folder, i)).Add(imaptest.Message{Body: fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", i)})
		}
		job := one.job()
		job.Resource.Source, job.Resource.Destination = src.Endpoint(), dst.Endpoint()
		all.Go(func() {
			var heard recorder
			tally, err := e.Sync(t.Context(), job, cleanMemory(), &heard)
			if err != nil || tally.Copied != 3 || tally.Failed != 0 {
				t.Errorf("run %d: %+v, %v%s", i, tally, err, heard.log())
			}
		})
	}
	all.Wait()
	if dst.TurnedAway() == 0 || len(learnt) == 0 {
		t.Errorf("%d were turned away, learnt %+v", dst.TurnedAway(), learnt)
	}
}

// C-1: checks wait for their turn too.
func TestChecksShareTheGateWithRuns(t *testing.T) {
	src := imaptest.NewAccount(t, imaptest.AccountOptions{MaxConnections: 1})
	one := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	e := imapsync.New(imapsync.Options{TempDir: one.temp, AllowPrivate: true, Patience: one.patience, Timeouts: one.timeouts, PerSource: 1})
	job := one.job()
	job.Resource.Source = src.Endpoint()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if found, err := e.CheckSource(t.Context(), job); err != nil || !found.OK {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
	all.Wait()
	if n := src.TurnedAway(); n != 0 {
		t.Errorf("%d were turned away", n)
	}
}

// One that shows a single message at a time as well, of more than it answers without a
// rest: its list goes on where it was put off.
func TestOneMessageAtATimeAndThrottled(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{MessageLimit: 1, Throttle: imaptest.Throttle{Every: 50}}, imaptest.AccountOptions{})
	for i := range 120 {
		s.fill("INBOX", mail(i, "text"))
	}
	got := s.mustRun()
	if got.tally.Copied != 120 || got.tally.Failed != 0 {
		t.Errorf("got %+v%s", got.tally, got.log())
	}
	if n := s.count(s.src, "FETCH"); n > 200 {
		t.Errorf("%d commands for a list of 120", n)
	}
	s.checkWhole()
}

// A source that throttles every 200th command: all is copied, and the tally has no
// failure (2.10).
func TestEvery200thCommandIsThrottled(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{Throttle: imaptest.Throttle{Every: 200}}, imaptest.AccountOptions{})
	for i := range 300 {
		s.src.Create(fmt.Sprintf("Folder %d", i)).Add(imaptest.Message{Body: fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", i)})
	}
	got := s.mustRun()
	if got.tally.Copied != 300 || got.tally.Failed != 0 || !got.tally.Balanced() {
		t.Errorf("got %+v%s", got.tally, got.log())
	}
	if n := len(s.src.Commands()); n < 600 {
		t.Errorf("%d commands: it was hardly ever throttled", n)
	}
}
