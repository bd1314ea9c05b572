package schedule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"trasloco/migration"
)

// errStopping is the cause with which work ends when the program does.
var errStopping = errors.New("the program stops")

// piece names one piece of work, and what it must not share.
type piece struct {
	id        int64 // two of one id never run together
	migration int64
	host      string // source server: only some at once
	most      int    // of them, as the server has taught; 0: as the pool has it
	mailbox   string // destination mailbox: never two at once (P-3); empty: no matter
}

func runPiece(job migration.RunJob) piece {
	return piece{
		id: job.Run.ID, migration: job.MigrationID,
		host: strings.ToLower(job.Resource.Source.Host), mailbox: job.Resource.DestinationKey(),
	}
}

func checkPiece(job migration.CheckJob) piece {
	return piece{id: job.Resource.ID, migration: job.MigrationID, host: strings.ToLower(job.Resource.Source.Host)}
}

// pool does pieces of work, each in a goroutine, within its limits. It keeps no
// queue: what it has no room for is offered again at the next tick.
type pool struct {
	size, perHost int
	ended         func() // called after each piece

	mu      sync.Mutex
	closed  bool
	working map[int64]*worker
	started int           // pieces so far
	turns   map[int64]int // the number of each migration's last one
	all     sync.WaitGroup
}

type worker struct {
	piece
	cancel context.CancelCauseFunc
	done   chan struct{}
}

func newPool(size, perHost int, ended func()) *pool {
	return &pool{size: size, perHost: perHost, ended: ended, working: map[int64]*worker{}, turns: map[int64]int{}}
}

// busy reports whether there is no room for any piece.
func (p *pool) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed || len(p.working) >= p.size
}

// start does a piece of work if there is room for it. Its context ends with ctx,
// with stop and with close.
func (p *pool) start(ctx context.Context, one piece, do func(ctx context.Context)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.admits(one) {
		return false
	}
	ctx, cancel := context.WithCancelCause(ctx)
	w := &worker{piece: one, cancel: cancel, done: make(chan struct{})}
	p.working[one.id] = w
	p.started++
	p.turns[one.migration] = p.started
	p.all.Go(func() {
		do(ctx)
		p.leave(w)
	})
	return true
}

// leave makes room before anybody hears that the piece is over.
func (p *pool) leave(w *worker) {
	w.cancel(nil)
	p.mu.Lock()
	delete(p.working, w.id)
	p.mu.Unlock()
	close(w.done)
	p.ended()
}

// admits holds the limits; the lock is held.
func (p *pool) admits(one piece) bool {
	if p.closed || len(p.working) >= p.size || p.working[one.id] != nil {
		return false
	}
	sameHost := 0
	for _, w := range p.working {
		if w.host == one.host {
			sameHost++
		}
		if one.mailbox != "" && w.mailbox == one.mailbox {
			return false
		}
	}
	if one.most > 0 && sameHost >= one.most {
		return false
	}
	return sameHost < p.perHost
}

// atWork counts the pieces under way, by migration.
func (p *pool) atWork() map[int64]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := map[int64]int{}
	for _, w := range p.working {
		count[w.migration]++
	}
	return count
}

// lastTurns returns when each migration had its last turn, in no unit; 0: never.
func (p *pool) lastTurns() map[int64]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.turns)
}

// stop ends the pieces of a migration and waits for them, as long as ctx lasts.
func (p *pool) stop(ctx context.Context, migrationID int64, cause error) error {
	for _, w := range p.cancelled(cause, func(w *worker) bool { return w.migration == migrationID }) {
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close ends all pieces, takes no more, and waits as long as ctx lasts.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for _, w := range p.cancelled(errStopping, func(*worker) bool { return true }) {
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	p.all.Wait() // what is left of them is a few instructions
	return nil
}

func (p *pool) cancelled(cause error, which func(*worker) bool) []*worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*worker
	for _, w := range p.working {
		if which(w) {
			w.cancel(cause)
			list = append(list, w)
		}
	}
	return list
}

func (w *worker) wait(ctx context.Context) error {
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for work on resource or run %d: %w", w.id, context.Cause(ctx))
	}
}

// offered returns work that is not held, at least as much as an offer if there is so
// much: what is held, for as long as a host is paused, keeps nothing else from its turn.
func offered[J any](read func(limit int) ([]J, error), isHeld func(J) bool) ([]J, error) {
	for limit := offer; ; limit *= 2 {
		jobs, err := read(limit)
		isAll := len(jobs) < limit
		jobs = slices.DeleteFunc(jobs, isHeld)
		if err != nil || isAll || len(jobs) >= offer {
			return jobs, err
		}
	}
}

// fairly hands out work by migration: the next piece always comes from the one
// with the fewest at work, among equals from the one whose last turn is longest ago,
// then in the order of jobs. take says whether a piece found room; whose did not may
// find it later.
func fairly[J any](jobs []J, atWork, turns map[int64]int, of func(J) int64, take func(J) bool) {
	var order []int64
	queues := map[int64][]J{}
	for _, job := range jobs {
		id := of(job)
		if len(queues[id]) == 0 {
			order = append(order, id)
		}
		queues[id] = append(queues[id], job)
	}
	for {
		next, found := int64(0), false
		for _, id := range order {
			if len(queues[id]) > 0 && (!found || atWork[id] < atWork[next] || atWork[id] == atWork[next] && turns[id] < turns[next]) {
				next, found = id, true
			}
		}
		if !found {
			return
		}
		job := queues[next][0]
		queues[next] = queues[next][1:]
		if take(job) {
			atWork[next]++
		}
	}
}
