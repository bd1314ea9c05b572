package imapsync

import (
	"testing"
	"time"
)

// what a server asks for is waited out, a tenth more and at most two; of runs
// that were sent away together not all come back together.
func TestWhatAServerAsksForIsWaitedOut(t *testing.T) {
	r := local().newRun(t.Context(), Job{}, nil, Discard{})
	defer r.cancel()
	const asked = 10 * time.Minute
	seen := map[time.Duration]bool{}
	for range 50 {
		got := r.pause(&Error{Side: SourceSide, Class: ClassThrottled, RetryAfter: asked})
		if got < asked+asked/10 || got > asked+asked/5 {
			t.Fatalf("waits %v", got)
		}
		seen[got] = true
	}
	if len(seen) < 2 {
		t.Error("all come back at the same moment")
	}
	if got := r.pause(&Error{Side: SourceSide, Class: ClassThrottled, RetryAfter: 1}); got < 1 {
		t.Errorf("waits %v", got)
	}
}
