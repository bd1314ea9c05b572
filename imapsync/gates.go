package imapsync

import (
	"cmp"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"syscall"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// How many connections to one server are made at once where nothing was learnt: a
// source has other users, and the defaults of some servers are as low as four; a
// destination is ours (C-1).
const (
	sourceStart      = 5
	destinationStart = 32
	// gmailStart is how many Google allows for one account, whatever else goes to its
	// servers (M-5).
	gmailStart = 15
)

// isGoogle reports whether an end counts connections by account, and not by who
// makes them.
func isGoogle(ep migration.Endpoint) bool { return ep.Host == migration.Gmail.Host() }

// gate returns the one that all runs and checks of the process go through to this
// end.
func (e *Engine) gate(side Side, ep migration.Endpoint) *gate {
	server := string(side) + " " + strings.ToLower(ep.Address())
	start := destinationStart
	switch {
	case side == SourceSide && isGoogle(ep):
		start = gmailStart
		server += " " + ep.Auth.Login
	case side == SourceSide:
		start = cmp.Or(e.opts.PerSource, sourceStart)
		if at := ep.Addresses.First(); at != "" {
			server += " " + at
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	g := e.gates[server]
	if g == nil {
		g = &gate{server: server, start: start, pairs: side == DestinationSide, now: e.opts.Now, learnt: e.opts.Learnt}
		for _, limit := range e.opts.Limits {
			if limit.Server == server {
				g.limit = limit
			}
		}
		e.gates[server] = g
	}
	if ep.Most > 0 {
		g.knowsMost(ep.Most)
	}
	return g
}

// Places is how many runs may be at work with a source at once, as far as its server
// has taught us. At least one.
func (e *Engine) Places(source migration.Endpoint) int {
	return max(1, e.gate(SourceSide, source).places())
}

// visit connects for a check: it waits for its turn, again where the server wants
// fewer connections than there are.
func (e *Engine) visit(ctx context.Context, side Side, ep migration.Endpoint, w warrant) (*wire.Conn, error) {
	for times := 1; ; times++ {
		place, err := e.gate(side, ep).take(ctx, true, nil)
		if err != nil {
			return nil, err
		}
		conn, err := e.connect(ctx, side, ep, w)
		if err == nil {
			conn.OnClose(place.leave)
			return conn, nil
		}
		again := false
		if wantsFewer(err, ep) {
			again, _ = place.refusedBy(err, times)
		}
		place.leave()
		if !again {
			return nil, err
		}
		if err := sleep(ctx, e.opts.Patience.Backoff); err != nil {
			return nil, err
		}
	}
}

// further connects once more to the destination of a job that is connected already, if
// the server bears it.
func (e *Engine) further(ctx context.Context, job Job) (*wire.Conn, error) {
	place := e.gate(DestinationSide, job.Resource.Destination).further()
	if place == nil {
		return nil, ErrNoTurn
	}
	conn, _, err := e.connectAt(ctx, place, job, 1)
	return conn, err
}

// second is further for who cannot do without. Its error is an *Error that lets the run
// give way to others, or the context's.
func (e *Engine) second(ctx context.Context, job Job) (*wire.Conn, error) {
	for times := 1; ; times++ {
		turn, cancel := context.WithTimeout(ctx, e.opts.Patience.GiveUp)
		place, err := e.gate(DestinationSide, job.Resource.Destination).second(turn)
		cancel()
		if ctx.Err() != nil {
			place.leave()
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, &Error{Side: DestinationSide, Class: ClassThrottled, Err: err}
		}
		conn, again, err := e.connectAt(ctx, place, job, times)
		if err == nil || !again || place.gate.limitNow() < 2 {
			return conn, err
		}
		if err := sleep(ctx, e.opts.Patience.Backoff); err != nil {
			return nil, err
		}
	}
}

// connectAt connects to a destination in a place, which it leaves with the connection.
// again reports whether others of ours have the connections.
func (e *Engine) connectAt(ctx context.Context, place *seat, job Job, times int) (conn *wire.Conn, again bool, err error) {
	ep := job.Resource.Destination
	if conn, err = e.connect(ctx, DestinationSide, ep, job.warrant()); err == nil {
		conn.OnClose(place.leave)
		return conn, false, nil
	}
	if wantsFewer(err, ep) {
		again, _ = place.refusedBy(err, times)
	}
	place.leave()
	return nil, again, err
}

// Words of servers that have enough connections of ours (providers' texts, C-1), and
// those by which they mean one user's only. A master user is one user to some of
// them, so then these count too.
var (
	enough = regexp.MustCompile(`(?i)too many (\w+ ){0,2}(connections|sessions)|maximum number of connections|connection limit`)
	ofOne  = regexp.MustCompile(`(?i)user\+ip|simultaneous|per user|from user|this (user|account|mailbox)`)
)

// wantsFewer reports whether a server refused a connection because of others of ours.
// Courier says nothing: it takes the connection, and closes it.
func wantsFewer(err error, ep migration.Endpoint) bool {
	var said *wire.StatusError
	if errors.As(err, &said) {
		text := said.Status.Text
		return enough.MatchString(text) && (ep.Auth.Kind == migration.AuthMaster || isGoogle(ep) || !ofOne.MatchString(text))
	}
	var dial *wire.DialError
	if !errors.As(err, &dial) || dial.Stage != wire.StageGreeting && dial.Stage != wire.StageTLS {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// failedHandshake reports whether a connection came no further than TLS.
func failedHandshake(err error) bool {
	var dial *wire.DialError
	return errors.As(err, &dial) && dial.Stage == wire.StageTLS
}

// seats are the places of a run: the source's is taken first, always, so that no two
// runs wait for each other.
type seats struct{ source, destination *seat }

func (s *seats) leave() {
	s.source.leave()
	s.destination.leave()
	*s = seats{}
}

// sit takes the places of the run, unless it has them.
func (r *run) sit(ctx context.Context) (err error) {
	if r.seats.destination != nil {
		return nil
	}
	ends := r.job.Resource
	if r.seats.source, err = r.engine.gate(SourceSide, ends.Source).take(ctx, false, r.saysItWaits(SourceSide)); err != nil {
		return err
	}
	r.seats.destination, err = r.engine.gate(DestinationSide, ends.Destination).take(ctx, false, r.saysItWaits(DestinationSide))
	return err
}

func (r *run) saysItWaits(side Side) func() {
	return func() { r.entry(migration.Info, "waits_for_turn", migration.Args{"side": string(side)}, "") }
}

// learn takes an error for what it teaches of the server's limit, and reports whether
// it is no error then: others of ours have the connections.
func (r *run) learn(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	place, ep := r.seats.source, r.job.Resource.Source
	if e.Side == DestinationSide {
		place, ep = r.seats.destination, r.job.Resource.Destination
	}
	if place == nil || !wantsFewer(err, ep) {
		return false
	}
	r.refused++
	ours, learnt := place.refusedBy(err, r.refused)
	if learnt {
		r.entry(migration.Info, "limit_learnt", migration.Args{"side": string(e.Side), "connections": place.gate.limitNow()}, ServerText(err))
	}
	return ours
}

// giveWay is learn for a run that has not begun: it lets go of everything, and takes
// its places again in turn.
func (r *run) giveWay(ctx context.Context, err error) bool {
	if ctx.Err() != nil || !r.learn(err) {
		return false
	}
	r.letGo()
	return sleep(ctx, r.engine.opts.Patience.Backoff) == nil
}

// letGo leaves both ends to others.
func (r *run) letGo() {
	for _, conn := range []**wire.Conn{&r.src, &r.dst} {
		if *conn != nil {
			(*conn).Logout(r.hard)
			*conn = nil
		}
	}
	r.seats.leave()
}

// stepAside lets go of everything in the middle of a run, and takes its places again in
// turn: waiting for that is no trouble.
func (r *run) stepAside(ctx context.Context) error {
	r.letGo()
	if err := sleep(ctx, r.engine.opts.Patience.Backoff); err != nil {
		return err
	}
	err := r.sit(ctx)
	r.books.Lock()
	defer r.books.Unlock()
	r.trouble = time.Time{}
	return err
}

func (g *gate) limitNow() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most()
}
