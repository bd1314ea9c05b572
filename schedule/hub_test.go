package schedule

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"trasloco/migration"
)

// newTestHub remembers run 1 as waiting and run 2 as done.
func newTestHub() *Hub {
	h := newHub(func(context.Context, int64) ([]migration.Progress, error) {
		return []migration.Progress{{RunID: 1, Status: migration.RunWaiting}, {RunID: 2, Status: migration.RunDone}}, nil
	})
	h.pace = time.Millisecond
	return h
}

func copying(run int64, copied int) migration.Progress {
	return migration.Progress{RunID: run, Status: migration.RunCopying, Tally: migration.Tally{Copied: copied}}
}

// watch returns what a watcher of migration 5 is told; it takes the next only
// when the last was read.
func watch(t *testing.T, h *Hub) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	told, ended := make(chan string), make(chan error, 1)
	go func() {
		ended <- h.Watch(ctx, 5, func(all []migration.Progress) error {
			text := ""
			for _, p := range all {
				text += fmt.Sprintf("%d %s %d;", p.RunID, p.Status, p.Tally.Copied)
			}
			select {
			case told <- text:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		cancel()
		check(t, receive(t, ended))
	})
	return told
}

func wantTold(t *testing.T, told <-chan string, want string) {
	t.Helper()
	if got := receive(t, told); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func TestAWatcherHearsTheStateFirst(t *testing.T) {
	h := newTestHub()
	h.tell(5, copying(1, 3))
	told := watch(t, h)
	wantTold(t, told, "1 copying 3;2 done 0;")
	h.tell(5, copying(1, 4))
	wantTold(t, told, "1 copying 4;")
	h.tell(6, copying(9, 1)) // of another migration
	h.changed(5)
	wantTold(t, told, "")
}

func TestLatestWinsForAWatcherThatIsStuck(t *testing.T) {
	h := newTestHub()
	told := watch(t, h)
	wantTold(t, told, "1 waiting 0;2 done 0;")
	h.tell(5, copying(1, 1))
	for receive(t, told) != "1 copying 1;" {
		t.Fatal("the first snapshot did not come")
	}
	h.tell(5, copying(1, 2)) // taken by a watcher that now is stuck, or not yet
	for n := range 100_000 { // it holds nobody up
		h.tell(5, copying(1, 3+n))
		h.tell(5, copying(7, n))
	}
	h.changed(5)
	last, heard := "", 0
	for last != "1 copying 100002;7 copying 99999;" {
		last = receive(t, told)
		if heard++; heard > 5 {
			t.Fatalf("still told old news: %q", last)
		}
	}
	wantTold(t, told, "") // and that something else changed
}

func TestARunThatEndedIsForgottenByTheHub(t *testing.T) {
	h := newTestHub()
	h.tell(5, copying(1, 3))
	h.tell(5, migration.Progress{RunID: 1, Status: migration.RunDone, Tally: migration.Tally{Copied: 3}})
	if len(h.live) != 0 {
		t.Errorf("%v", h.live)
	}
	told := watch(t, h)
	wantTold(t, told, "1 waiting 0;2 done 0;") // what the store says
}

func TestAWatcherLeavesNothingBehind(t *testing.T) {
	h := newTestHub()
	errGone := errors.New("the browser is gone")
	if err := h.Watch(t.Context(), 5, func([]migration.Progress) error { return errGone }); !errors.Is(err, errGone) {
		t.Errorf("watch: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	check(t, h.Watch(ctx, 5, func([]migration.Progress) error { cancel(); return nil }))
	h.recall = func(context.Context, int64) ([]migration.Progress, error) { return nil, errGone }
	if err := h.Watch(t.Context(), 5, nil); !errors.Is(err, errGone) {
		t.Errorf("watch: %v", err)
	}
	if len(h.watchers) != 0 {
		t.Errorf("%v", h.watchers)
	}
}

func TestAClosedHubTakesNoWatcher(t *testing.T) {
	h := newTestHub()
	told := watch(t, h)
	wantTold(t, told, "1 waiting 0;2 done 0;")
	h.Close()
	h.Close()
	check(t, h.Watch(t.Context(), 5, nil))
}
