package schedule

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"trasloco/migration"
)

// pace is how often one watcher is told at most.
const pace = 500 * time.Millisecond

// Hub tells those who watch a migration how it gets on. Latest wins: a watcher
// who is slow misses what was in between and holds nobody up.
type Hub struct {
	// recall returns where the runs of a migration stand in the store.
	recall func(ctx context.Context, migrationID int64) ([]migration.Progress, error)
	pace   time.Duration

	mu       sync.Mutex
	closed   chan struct{}
	watchers map[int64]map[*watcher]bool
	live     map[int64]map[int64]migration.Progress // runs at work, by migration and run
}

// watcher is one call of Watch. The hub's lock guards what it is to be told.
type watcher struct {
	pending map[int64]migration.Progress
	other   bool          // something else changed
	news    chan struct{} // holds one
}

func newHub(recall func(context.Context, int64) ([]migration.Progress, error)) *Hub {
	return &Hub{
		recall: recall, pace: pace, closed: make(chan struct{}),
		watchers: map[int64]map[*watcher]bool{}, live: map[int64]map[int64]migration.Progress{},
	}
}

// Watch calls tell with the current state of a migration's runs, and then with
// the latest snapshot of each run that changed since, at most twice a second. An
// empty call says that something else of the migration changed: a check, a pass,
// its validity.
//
// It blocks until ctx ends or the program stops, which is nil, or tell fails.
func (h *Hub) Watch(ctx context.Context, migrationID int64, tell func([]migration.Progress) error) error {
	w, ok := h.enter(migrationID)
	if !ok {
		return nil
	}
	defer h.leave(migrationID, w)
	state, err := h.state(ctx, migrationID)
	for other := false; err == nil; state, other = h.take(w) {
		if err = hand(tell, state, other); err == nil && !h.await(ctx, w) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func hand(tell func([]migration.Progress) error, state []migration.Progress, other bool) error {
	if len(state) > 0 {
		if err := tell(state); err != nil || !other {
			return err
		}
	}
	return tell(nil)
}

// await returns when the watcher may be told more and there is more to tell;
// false: it is to leave.
func (h *Hub) await(ctx context.Context, w *watcher) bool {
	return await(ctx, h.closed, time.After(h.pace)) && await(ctx, h.closed, w.news)
}

func await[T any](ctx context.Context, closed <-chan struct{}, what <-chan T) bool {
	select {
	case <-what:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// state is what the store remembers, and above it what is going on.
func (h *Hub) state(ctx context.Context, migrationID int64) ([]migration.Progress, error) {
	stored, err := h.recall(ctx, migrationID)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range stored {
		if live, ok := h.live[migrationID][p.RunID]; ok {
			stored[i] = live
		}
	}
	return stored, nil
}

func (h *Hub) enter(migrationID int64) (*watcher, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed() {
		return nil, false
	}
	w := &watcher{pending: map[int64]migration.Progress{}, news: make(chan struct{}, 1)}
	if h.watchers[migrationID] == nil {
		h.watchers[migrationID] = map[*watcher]bool{}
	}
	h.watchers[migrationID][w] = true
	return w, true
}

func (h *Hub) leave(migrationID int64, w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers[migrationID], w)
	if len(h.watchers[migrationID]) == 0 {
		delete(h.watchers, migrationID)
	}
}

// take hands out the runs that changed, by their ids, and whether something else
// did.
func (h *Hub) take(w *watcher) (list []migration.Progress, other bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(w.pending)) {
		list = append(list, w.pending[id])
	}
	other = w.other
	clear(w.pending)
	w.other = false
	return list, other
}

// tell takes the latest snapshot of a run. One that is not at work any more is
// told and forgotten: the store knows it.
func (h *Hub) tell(migrationID int64, p migration.Progress) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Status == migration.RunConnecting || p.Status == migration.RunCopying {
		if h.live[migrationID] == nil {
			h.live[migrationID] = map[int64]migration.Progress{}
		}
		h.live[migrationID][p.RunID] = p
	} else {
		delete(h.live[migrationID], p.RunID)
		if len(h.live[migrationID]) == 0 {
			delete(h.live, migrationID)
		}
	}
	for w := range h.watchers[migrationID] {
		w.pending[p.RunID] = p
		w.nudge()
	}
}

// changed tells that something of a migration is to be read anew.
func (h *Hub) changed(migrationID int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers[migrationID] {
		w.other = true
		w.nudge()
	}
}

func (w *watcher) nudge() {
	select {
	case w.news <- struct{}{}:
	default: // it has not heard of the last one yet
	}
}

// Close ends every Watch, and each that is called later.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.isClosed() {
		close(h.closed)
	}
}

func (h *Hub) isClosed() bool {
	select {
	case <-h.closed:
		return true
	default:
		return false
	}
}
