package imapsync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// launch begins a batch and sends it. What comes of it land hears.
func (l *lane) launch(ctx context.Context, ld load) error {
	fl := &flight{f: ld.f, items: ld.items}
	if err := l.clear(ctx, ld); err != nil {
		releaseAll(ld.items)
		return err
	}
	if _, failing := l.stateOf(ld.f); failing {
		releaseAll(ld.items)
		return nil
	}
	l.flights = append(l.flights, fl)
	l.begin(fl)
	if err := l.journal.Begin(l.hard, &fl.batch); err != nil {
		return fmt.Errorf("record a batch: %w", err)
	}
	return l.send(ctx, fl)
}

// clear waits until a load may be sent: one that must be alone, and one for a
// folder that has to be made anew, not before all others have landed.
func (l *lane) clear(ctx context.Context, ld load) error {
	octets := total(ld.items)
	gone, failing := l.stateOf(ld.f)
	for len(l.flights) > 0 && (ld.alone || gone || len(l.flights) >= l.most() || l.octets+octets > l.room()) {
		if err := l.land(); err != nil {
			return err
		}
		gone, failing = l.stateOf(ld.f)
	}
	if !gone || failing {
		return nil
	}
	l.books.Lock()
	defer l.books.Unlock()
	if !ld.f.gone { // another lane was faster
		return nil
	}
	err := l.reopenTarget(ctx, l.conn, ld.f)
	if folder := asFolderError(err); folder != nil {
		ld.f.failing = folder
		return nil
	}
	return atFolder(ld.f, err)
}

// stateOf reports whether a folder has to be made anew, and whether it fails.
func (l *lane) stateOf(f *folderRun) (gone, failing bool) {
	l.books.Lock()
	defer l.books.Unlock()
	return f.gone, f.fails()
}

// most is how many batches may be under way. Where the server does not say where
// it puts a message, that is looked up after each batch.
func (l *lane) most() int {
	if !l.conn.Has("UIDPLUS") {
		return 1
	}
	return mostFlights
}

// room is how many octets may be unanswered.
func (l *lane) room() int64 {
	l.books.Lock()
	defer l.books.Unlock()
	return l.window
}

func total(items []*item) (octets int64) {
	for _, it := range items {
		octets += it.spool.size
	}
	return octets
}

// begin fills in the batch of a flight as the journal gets it.
func (l *lane) begin(fl *flight) {
	l.books.Lock()
	defer l.books.Unlock()
	f := fl.f
	fl.dest, fl.generation, fl.began = f.pair.Dest, f.generation, l.engine.opts.Now()
	fl.batch = migration.Batch{PairID: f.pair.ID, DestID: f.pair.Dest.ID, DestUIDValidity: f.pair.Dest.UIDValidity, DestLow: f.low}
	var sum, largest int64
	for _, it := range fl.items {
		sum, largest = sum+it.spool.size, max(largest, it.spool.size)
		fl.batch.Items = append(fl.batch.Items, migration.BatchItem{
			UID: it.uid, Fingerprint: it.header.fingerprint(), Size: it.spool.size, BareLF: it.spool.bareLF,
			Digest: it.spool.digest(), Date: it.date, Flags: it.base, Identity: it.id,
		})
	}
	fl.batch.Late = l.late(max(largest, min(l.octets+sum, l.window)))
}

// send sends a flight: one command where the server takes several messages in
// one, else a command for each.
func (l *lane) send(ctx context.Context, fl *flight) error {
	size := 1
	if l.several {
		size = len(fl.items)
	}
	for from := 0; from < len(fl.items); from += size {
		items := fl.items[from:min(from+size, len(fl.items))]
		if err := l.makeRoom(total(items)); err != nil {
			return err
		}
		if fl.isOver(ctx) {
			return nil // the rest is not sent
		}
		if err := l.start(fl, items); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom hears answers until a command of octets may be sent. A message that
// needs leave first is announced while the one before it is stored: that is one
// round trip a message instead of two.
func (l *lane) makeRoom(octets int64) error {
	for len(l.open) > 0 {
		most := mostCommands
		if !l.conn.Pipelines(octets) {
			most = 2
		}
		if len(l.open) < most && l.octets+octets <= l.room() {
			return nil
		}
		if err := l.hear(); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) start(fl *flight, items []*item) error {
	c := &command{flight: fl, items: items, octets: total(items)}
	messages := make([]wire.Message, len(items))
	for i, it := range items {
		messages[i] = wire.Message{Flags: it.flags, Date: it.date, Size: it.spool.size, Open: it.spool.open}
	}
	fl.commands = append(fl.commands, c)
	l.open = append(l.open, c)
	l.octets += c.octets
	var err error
	if c.pending, err = l.conn.StartAppend(l.hard, fl.dest.Name, messages...); err != nil {
		return l.broke(err)
	}
	return nil
}

// hear reads the answer to the oldest open command.
func (l *lane) hear() error {
	c := l.open[0]
	answer, err := l.conn.FinishAppend(l.hard, c.pending)
	if err != nil {
		return l.broke(err)
	}
	l.open = l.open[1:]
	l.octets -= c.octets
	c.answer = &answer
	if answer.UIDValidity == c.flight.batch.DestUIDValidity {
		l.noteTold(c.flight, answer.UIDs...)
	}
	c.flight.stopped = c.flight.stopped || !answer.Status.OK() && stopsAll(answer.Status)
	return nil
}

// broke notes what was answered before the connection broke, and which messages
// may be the cause: those of the first command without an answer. The batches
// stay in flight: nobody knows, until settleInFlight looks.
func (l *lane) broke(cause error) error {
	l.books.Lock()
	defer l.books.Unlock()
	err := blame(DestinationSide, cause)
	if len(l.open) > 0 {
		err = atFolder(l.open[0].flight.f, err)
		for _, it := range l.open[0].items {
			it.f.sent[it.uid]++
		}
	}
	for _, fl := range l.flights {
		err = errors.Join(err, l.keepAnswers(fl))
	}
	return err
}

// keepAnswers records what was answered of a flight that does not land: what is
// known need not be found out again. The books are held.
func (l *lane) keepAnswers(fl *flight) error {
	var states []migration.MessageState
	for _, c := range fl.commands {
		if c.answer == nil || !c.answer.Status.OK() || c.answer.UIDs == nil || c.answer.UIDValidity != fl.batch.DestUIDValidity {
			continue
		}
		for i, it := range c.items {
			states = append(states, it.state(l.job.Pass, migration.Copied, "", c.answer.UIDs[i]))
		}
	}
	if len(states) == 0 {
		return nil
	}
	l.acknowledged()
	return l.journal.Record(l.hard, fl.f.pair.ID, states)
}

// advance hears one answer, and lands the oldest flight with its last.
func (l *lane) advance() error {
	fl := l.flights[0]
	if len(l.open) > 0 && l.open[0].flight == fl {
		if err := l.hear(); err != nil {
			return err
		}
	}
	if len(l.open) > 0 && l.open[0].flight == fl {
		return nil
	}
	return l.land()
}

// land hears all of the oldest flight and settles it. What is to be tried again
// goes to the backlog. An error that is not a broken connection holds for the
// run: the flight is settled all the same.
func (l *lane) land() error {
	fl := l.flights[0]
	for len(l.open) > 0 && l.open[0].flight == fl {
		if err := l.hear(); err != nil {
			return err
		}
	}
	verdicts, stop := l.judge(fl)
	if verdicts == nil {
		return stop // the batch stays in flight: some of it may be stored
	}
	if err := l.settle(fl, verdicts); err != nil {
		return errors.Join(err, stop)
	}
	l.flights = l.flights[1:]
	l.learnPace(fl)
	l.putBack(fl, verdicts)
	return stop
}

// putBack queues what is to be tried again: the halves of what was refused
// together, and the rest as it was.
func (l *lane) putBack(fl *flight, verdicts []verdict) {
	var rest []*item
	var loads []load
	for i, it := range fl.items {
		v := verdicts[i]
		switch {
		case !v.again:
			it.release()
		case v.part == nil && v.form:
			loads = append(loads, load{f: fl.f, items: []*item{it}})
		case v.part == nil:
			rest = append(rest, it)
		case it == v.part[0]:
			half := (len(v.part) + 1) / 2
			loads = append(loads, load{f: fl.f, items: v.part[:half]}, load{f: fl.f, items: v.part[half:]})
		}
	}
	if len(rest) > 0 {
		loads = append(loads, load{f: fl.f, items: rest})
	}
	l.backlog = append(loads, l.backlog...)
	for i := range l.backlog {
		for _, it := range l.backlog[i].items {
			l.backlog[i].alone = l.backlog[i].alone || l.isSuspect(it)
		}
	}
	l.splitSuspects()
}

// splitSuspects gives each message that was put off a load of its own.
func (l *lane) splitSuspects() {
	var loads []load
	for _, ld := range l.backlog {
		if !ld.alone || len(ld.items) == 1 {
			loads = append(loads, ld)
			continue
		}
		var others []*item
		for _, it := range ld.items {
			if l.isSuspect(it) {
				loads = append(loads, load{f: ld.f, items: []*item{it}, alone: true})
			} else {
				others = append(others, it)
			}
		}
		if len(others) > 0 {
			loads = append(loads, load{f: ld.f, items: others})
		}
	}
	l.backlog = loads
}

// learnPace sets how much may be unanswered by what the destination stored in
// the time since the flight before this one had landed.
func (l *lane) learnPace(fl *flight) {
	l.books.Lock()
	defer l.books.Unlock()
	now, octets := l.engine.opts.Now(), total(fl.items)
	began := fl.began
	if l.settled.After(began) {
		began = l.settled
	}
	l.settled = now
	// The last few flights together: one alone may have met a slow moment.
	l.stored, l.took = l.stored*7/10+float64(octets), l.took*7/10+max(now.Sub(began).Seconds(), 0)
	if l.stored < minWindow || l.took < 0.001 {
		return // too little to tell
	}
	l.rate = l.stored / l.took
	l.window = int64(min(max(l.rate*windowTime.Seconds(), minWindow), maxWindow))
}

// late returns how long after its end a connection may still deliver what it
// was given of a batch. The window bounds that to windowTime, but for a message
// that is larger: the whole of it may stand in the buffers on the way. The books
// are held.
func (r *run) late(octets int64) time.Duration {
	rate := r.rate / 2 // lines get slower too
	if rate == 0 {
		rate = float64(r.engine.opts.Patience.SlowestLine)
	}
	onTheWay := min(float64(octets)/rate, longestLate.Seconds())
	return r.engine.opts.Patience.LateCommit + time.Duration(onTheWay*float64(time.Second))
}
