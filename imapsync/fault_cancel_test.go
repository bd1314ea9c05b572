package imapsync_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// TestStoppedAtEachCommand ends the context at each command of a run, on either
// side; the server answers, or it keeps silent. The run returns in time, says
// that it was stopped, has recorded what was answered, and goes on the next time.
func TestStoppedAtEachCommand(t *testing.T) {
	const grace = 150 * time.Millisecond
	for _, end := range bothEnds() {
		for _, silent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, silent %t", end.name, silent), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					ctx, cancel := context.WithCancel(t.Context())
					hook, seen := stopAt(n, silent, cancel)
					s := newStory(t, withHook(end.name == "source", hook), withHook(end.name == "destination", hook))
					s.patience.Grace = grace
					s.fillOdd()
					got := s.run(ctx)
					took := seen.since()
					if took < 0 {
						return // the dialogue is shorter
					}
					if got.err != nil && !errors.Is(got.err, context.Canceled) {
						t.Errorf("ended with %v", got.err)
					}
					if limit := grace + 2500*time.Millisecond; took > limit { // a moment for LOGOUT
						t.Errorf("took %s", took)
					}
					if !silent {
						s.checkMappedSoFar()
					}
					seen.quiet()
					s.mustRun()
					s.checkWhole()
					if t.Failed() {
						t.Fatalf("at command %d%s", n, got.log())
					}
				}
			})
		}
	}
}

func withHook(here bool, hook func(imaptest.Command, *imaptest.Session) bool) imaptest.AccountOptions {
	if !here {
		return imaptest.AccountOptions{}
	}
	return imaptest.AccountOptions{Hook: hook}
}

// stopper ends a context at a command.
type stopper struct {
	mu   sync.Mutex
	at   int // counts down; 0: off
	when time.Time
}

// since returns how long ago the context was ended, or -1 if it was not.
func (s *stopper) since() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.when.IsZero() {
		return -1
	}
	return time.Since(s.when)
}

// quiet lets all further commands pass.
func (s *stopper) quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = -1
}

// stopAt returns a hook that calls stop at the nth command, and answers neither
// it nor any later one if silent.
func stopAt(n int, silent bool, stop func()) (hook func(imaptest.Command, *imaptest.Session) bool, s *stopper) {
	s = &stopper{at: n}
	return func(_ imaptest.Command, c *imaptest.Session) bool {
		s.mu.Lock()
		if s.at > 0 {
			if s.at--; s.at == 0 {
				s.when = time.Now()
				stop()
			}
		}
		stall := silent && s.at == 0
		s.mu.Unlock()
		if stall {
			c.Stall(context.Background())
		}
		return stall
	}, s
}

// TestStoppedBeforeItBegan: nothing is contacted.
func TestStoppedBeforeItBegan(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fillOdd()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := s.run(ctx); !errors.Is(got.err, context.Canceled) || len(s.dst.Commands()) > 0 {
		t.Errorf("ended with %v after %v", got.err, s.dst.Commands())
	}
	s.mustRun()
	s.checkWhole()
}

// TestStoppedWhileItWaits: a server that throttles us for minutes does not hold
// up the end.
func TestStoppedWhileItWaits(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		Faults: []imaptest.Fault{{Command: "APPEND", Reply: "BAD Request is throttled. Suggested Backoff Time: 200000 milliseconds"}},
	})
	s.patience.GiveUp = 30 * time.Minute // a longer rest would be taken parked
	s.fillOdd()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if got := s.run(ctx); !errors.Is(got.err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
		t.Errorf("ended with %v after %s", got.err, time.Since(began))
	}
	s.dst.SetFaults()
	s.mustRun()
	s.checkWhole()
}
