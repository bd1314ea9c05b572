package imapsync

import (
	"context"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

const (
	batchMessages = 100      // of one batch, which is one command where the server takes several
	batchOctets   = 4 << 20  // the same; a larger message is a batch of its own
	mostFlights   = 16       // batches under way at once
	mostCommands  = 64       // APPENDs under way at once
	firstWindow   = 1 << 20  // octets unanswered while nothing is known of the line
	minWindow     = 64 << 10 //
	maxWindow     = 8 << 20
	// windowTime bounds what is sent and not yet answered by what the destination
	// stores in that time. So when a connection dies, whatever was still on its
	// way has been stored or lost before anybody looks (I-9).
	windowTime  = 2 * time.Second
	longestLate = 5 * time.Minute // what buffers on the way can hold is gone by then
)

// lane appends messages over one connection to the destination. Several batches
// are under way at once where the server lets them (K-3): while it stores one, the
// next is sent. It belongs to one goroutine.
type lane struct {
	*run
	conn    *wire.Conn
	lanes   int  // how many there are
	several bool // messages in one command (RFC 3502)
	careful bool // the server refuses messages for their line ends: such ones go alone

	held    *item     // taken from the queue for the next load
	backlog []load    // to be sent before anything else
	flights []*flight // not settled yet, oldest first
	open    []*command
	octets  int64 // of the open commands
	settled time.Time

	stored, took float64 // octets and seconds of the last flights, for the pace
}

// load is what is to be appended to one folder together.
type load struct {
	f     *folderRun
	items []*item
	alone bool // with nothing else under way: one of it broke a connection before
}

// flight is a batch that was begun: the journal knows of it.
type flight struct {
	f          *folderRun
	dest       migration.DestFolder
	items      []*item
	batch      migration.Batch
	commands   []*command
	generation int
	stopped    bool // an answer stops all that is not sent yet
	began      time.Time
}

// isOver reports whether what is not sent yet stays unsent.
func (fl *flight) isOver(ctx context.Context) bool { return fl.stopped || ctx.Err() != nil }

// command is an APPEND of one or more messages of a flight.
type command struct {
	flight  *flight
	items   []*item
	octets  int64
	pending wire.Pending
	answer  *wire.Appended
}

func (r *run) newLane(conn *wire.Conn) *lane {
	return &lane{run: r, conn: conn, lanes: 1, several: conn.Has("MULTIAPPEND")}
}

// work appends what comes out of the queue, until that is closed and everything
// has its outcome. When ctx ends, what is under way is still heard to its end.
func (l *lane) work(ctx context.Context, queue <-chan *item) error {
	defer l.drop()
	for {
		next, more, err := l.next(ctx, queue)
		if err != nil {
			return l.end(err)
		}
		switch {
		case next != nil:
			err = l.launch(ctx, *next)
		case len(l.flights) > 0:
			err = l.advance()
		case !more:
			return nil
		}
		if err != nil {
			return l.end(err)
		}
	}
}

// end lands what is under way before the lane ends with err: what is known of it
// need not be found out again. It does nothing after a broken connection.
func (l *lane) end(err error) error {
	for n := len(l.flights); n > 0 && l.conn.Err() == nil; n-- {
		if other := l.land(); other != nil && l.conn.Err() != nil {
			return other
		}
	}
	return err
}

// drop gives back what the lane still holds.
func (l *lane) drop() {
	for _, fl := range l.flights {
		releaseAll(fl.items)
	}
	for _, ld := range l.backlog {
		releaseAll(ld.items)
	}
	if l.held != nil {
		l.held.release()
	}
}

func releaseAll(items []*item) {
	for _, it := range items {
		it.release()
	}
}

// next returns what to append next; nil: nothing is there at this moment. It
// waits only while nothing is under way. more is false at the end of the queue.
func (l *lane) next(ctx context.Context, queue <-chan *item) (next *load, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if len(l.backlog) > 0 {
		ld := l.backlog[0]
		l.backlog = l.backlog[1:]
		return &ld, true, nil
	}
	first, more, err := l.first(ctx, queue)
	if first == nil || err != nil {
		return nil, more, err
	}
	ld := load{f: first.f, items: []*item{first}, alone: l.isSuspect(first)}
	return &ld, true, l.fill(&ld, queue)
}

// first returns the next item that has a place to go.
func (l *lane) first(ctx context.Context, queue <-chan *item) (it *item, more bool, err error) {
	if l.held != nil {
		it, l.held = l.held, nil
		return it, true, nil
	}
	for {
		if it, more, err = l.take(ctx, queue); it == nil || err != nil {
			return nil, more, err
		}
		if done, err := l.isDone(it); !done || err != nil {
			return it, true, err
		}
	}
}

// take takes an item from the queue. While batches are under way it waits for
// whatever comes first, an item or an answer; it returns none for an answer.
func (l *lane) take(ctx context.Context, queue <-chan *item) (it *item, more bool, err error) {
	if len(l.flights) > 0 {
		it, more = l.poll(queue)
		return it, more, nil
	}
	idle := time.NewTicker(keepAlive)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-idle.C:
			if err := l.conn.Noop(l.hard); err != nil && !isRefusal(err) {
				return nil, false, blame(DestinationSide, err)
			}
		case it, more = <-queue:
			return it, more, nil
		}
	}
}

// A lane looks to and fro between queue and connection for a moment: with one of
// them at a time in view, the destination would stand idle for the length of a
// round trip whenever the source was late.
const (
	glance  = 2 * time.Millisecond
	glances = 100
)

func (l *lane) poll(queue <-chan *item) (it *item, more bool) {
	for range glances {
		select {
		case it, more = <-queue:
			return it, more
		default:
			if len(l.open) == 0 || l.conn.Ready(glance) {
				return nil, true
			}
		}
	}
	return nil, true // nothing moves: wait for the answer
}

// fill takes along what is there already and goes to the same folder.
func (l *lane) fill(ld *load, queue <-chan *item) error {
	if ld.alone || l.goesAlone(ld.items[0]) {
		return nil
	}
	most, octets := l.batchLimit(), ld.items[0].spool.size
	for len(ld.items) < batchMessages && octets < most {
		var it *item
		select {
		case it = <-queue:
		default:
		}
		if it == nil {
			return nil
		}
		if done, err := l.isDone(it); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		octets += it.spool.size
		if it.f != ld.f || octets > most || l.isSuspect(it) || l.goesAlone(it) {
			l.held = it
			return nil
		}
		ld.items = append(ld.items, it)
	}
	return nil
}

// batchLimit is how many octets go into one batch: half of what may be
// unanswered, so that the next is on its way while the server stores one.
func (l *lane) batchLimit() int64 {
	l.books.Lock()
	defer l.books.Unlock()
	return min(batchOctets, l.window/2)
}

// goesAlone reports whether an item is not to be stored or refused together with
// others.
func (l *lane) goesAlone(it *item) bool {
	return it.spool.size > batchOctets || l.careful && it.spool.repairable()
}

// isSuspect reports whether a message broke a connection, or was put off.
func (l *lane) isSuspect(it *item) bool {
	l.books.Lock()
	defer l.books.Unlock()
	return it.f.sent[it.uid]+it.f.putOff[it.uid] > 0
}

// isDone settles an item that is not to be appended.
func (l *lane) isDone(it *item) (bool, error) {
	l.books.Lock()
	defer l.books.Unlock()
	switch {
	case it.failed != nil:
		it.f.failing = it.failed
		return true, nil
	case it.f.failing != nil:
		it.release()
		return true, nil
	}
	if it.left == nil {
		l.prepare(it)
	}
	if it.left == nil {
		return false, nil
	}
	err := l.leave(it)
	it.release()
	return true, err
}
