package imapsync

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"trasloco/migration"
)

// ErrNoTurn says that a check ended while it waited for a connection to a server that
// bears no more of ours: nothing was found out.
var ErrNoTurn = errors.New("no turn at the server")

const (
	learntFor    = 24 * time.Hour // a refusal counts so long
	regrowEach   = time.Minute    // then one more connection is tried in such a time
	stillCounted = 2 * time.Second
	spareFrom    = 4 // from so many on, runs leave one to checks
)

// gate counts our connections to one server at one address, or to one destination,
// and lets no more through than it bears (C-1). Its methods may be called from any
// goroutine.
type gate struct {
	server string
	now    func() time.Time
	learnt func(migration.ServerLimit) // called without the lock

	mu    sync.Mutex
	start int                   // as many as are tried where nothing was learnt
	pairs bool                  // a run may need a second connection for a while
	limit migration.ServerLimit // what was; Most 0: nothing
	used  int
	calls int        // of them checks
	left  time.Time  // when the last one was given back
	queue []*waiting // who waits, in order
	met   bool       // it has greeted us once
}

type waiting struct {
	visit bool
	turn  chan struct{} // closed when it has its place
}

// seat is a place at a gate. It is left once, however often leave is called.
type seat struct {
	gate  *gate
	visit bool
	once  sync.Once
}

func (s *seat) leave() {
	if s != nil {
		s.once.Do(func() { s.gate.leave(s.visit) })
	}
}

// most is how many connections the server bears now; the lock is held.
func (g *gate) most() int {
	if g.limit.Most == 0 {
		return g.start
	}
	past := g.now().Sub(g.limit.Until)
	if past < 0 {
		return g.limit.Most
	}
	return min(g.start, g.limit.Most+1+int(past/regrowEach))
}

// knowsMost lowers how many connections are tried to what somebody knows of the
// server; who knows nothing does not raise it again.
func (g *gate) knowsMost(most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.start = min(g.start, most)
}

// forRuns is how many of them runs may have: one is left to checks, which are over
// soon, unless there are few. Where runs need a second connection for a while one is
// left to that too, however few there are: they have it by turns.
func (g *gate) forRuns() int {
	most := g.most()
	if most >= spareFrom || g.pairs && g.limit.Most > 0 {
		return max(1, most-1)
	}
	return most
}

// places is forRuns for those who do not hold the lock.
func (g *gate) places() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.forRuns()
}

// take waits for a place, as long as ctx lasts. A visit is a check: it goes first.
// late is called, if it is not nil, where the place is not there at once.
func (g *gate) take(ctx context.Context, visit bool, late func()) (*seat, error) {
	w := &waiting{visit: visit, turn: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.admit()
	g.mu.Unlock()
	select {
	case <-w.turn:
		return &seat{gate: g, visit: visit}, nil
	default:
		if late != nil {
			late()
		}
	}
	select {
	case <-w.turn:
		return &seat{gate: g, visit: visit}, nil
	case <-ctx.Done():
	}
	if !g.withdraw(w) {
		g.leave(visit) // it came at the same moment
	}
	return nil, fmt.Errorf("%s: %w: %w", g.server, ErrNoTurn, context.Cause(ctx))
}

// withdraw takes a waiting one out of the queue; false: it has its place.
func (g *gate) withdraw(w *waiting) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.queue {
		if other == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			return true
		}
	}
	return false
}

// admit gives places to those who wait, checks first; the lock is held.
func (g *gate) admit() {
	for _, visits := range []bool{true, false} {
		rest := g.queue[:0]
		for _, w := range g.queue {
			if w.visit != visits || g.used >= g.most() || !visits && g.used-g.calls >= g.forRuns() {
				rest = append(rest, w)
				continue
			}
			g.used++
			if visits {
				g.calls++
			}
			close(w.turn)
		}
		g.queue = rest
	}
}

// further takes a place for one more connection of who has one already, and can do
// without: nil where there is none. The last one is left to those who cannot.
func (g *gate) further() *seat {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.used >= g.most() || g.limit.Most > 0 && g.used >= g.forRuns() {
		return nil
	}
	g.used++
	return &seat{gate: g}
}

// second takes a place for one more connection of who has one already, and cannot go
// on without. Where nothing was learnt of the server, or it bears one connection only,
// there always is one, and it may refuse. Else it waits for its turn, which comes as
// long as runs have no more places than they should; if they have, it is ErrNoTurn, and
// who asks has to give way.
func (g *gate) second(ctx context.Context) (*seat, error) {
	g.mu.Lock()
	isFree := g.limit.Most == 0 || g.most() < 2 || g.used < g.most()
	tooMany := g.used-g.calls > g.forRuns()
	if isFree {
		g.used++
		g.calls++
	}
	g.mu.Unlock()
	switch {
	case isFree:
		return &seat{gate: g, visit: true}, nil
	case tooMany:
		return nil, fmt.Errorf("%s: %w", g.server, ErrNoTurn)
	}
	return g.take(ctx, true, nil)
}

func (g *gate) leave(visit bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used--
	if visit {
		g.calls--
	}
	g.left = g.now()
	g.admit()
}

// meets notes that the server has greeted us.
func (g *gate) meets() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.met = true
}

// handshakesTried is how often a server that never let anybody of ours through its
// handshake is tried while others of ours are.
const handshakesTried = 3

// refusedBy is refused for a connection that failed with err. A server that hangs up in
// the handshake, and never greeted us, may have too many connections of ours, or be too
// old to speak with us: nothing is learnt, and it is tried a few times more.
func (s *seat) refusedBy(err error, times int) (ours, learnt bool) {
	s.gate.mu.Lock()
	isOpen, others := failedHandshake(err) && !s.gate.met, s.gate.used > 1
	s.gate.mu.Unlock()
	if isOpen {
		return others && times < handshakesTried, false
	}
	return s.refused(times)
}

// refused learns from a connection that the server refused while others of ours
// stood, the times-th time for who asks: fewer are made for a day. It reports whether
// there were any; without, the refusal is no matter of ours. Nothing is learnt from a
// first refusal right after another connection ended: the server may count that still.
func (s *seat) refused(times int) (ours, learnt bool) {
	g := s.gate
	g.mu.Lock()
	late := times == 1 && g.now().Sub(g.left) < stillCounted
	if g.used < 2 || late {
		defer g.mu.Unlock()
		return g.used > 1, false
	}
	g.limit = migration.ServerLimit{Server: g.server, Most: min(g.most(), g.used-1), Until: g.now().Add(learntFor)}
	limit := g.limit
	g.mu.Unlock()
	g.learnt(limit)
	return true, true
}
