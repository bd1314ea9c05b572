package imapsync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

const (
	maxUnanswered = 16 // APPENDs under way at once
	minWindow     = 64 << 10
	maxWindow     = 8 << 20
	// windowTime bounds what is sent and not yet answered by what the destination
	// stores in that time. So when a connection dies, whatever was still on its
	// way has been stored or lost before anybody looks (I-9).
	windowTime  = 2 * time.Second
	longestLate = 5 * time.Minute // what buffers on the way can hold is gone by then
)

// appendBatch appends messages and settles what the destination answered. It
// returns those to be tried again in another form. After a connection error the
// batch stays in flight: nobody knows, until settleInFlight looks.
func (r *run) appendBatch(ctx context.Context, f *folderRun, items []*item) (again []*item, err error) {
	batch := r.batch(f, items)
	if err := r.journal.Begin(r.hard, &batch); err != nil {
		return nil, fmt.Errorf("record a batch: %w", err)
	}
	answers, err := r.send(ctx, f, items)
	if err != nil {
		return nil, errors.Join(blame(DestinationSide, err), r.keepAnswers(f, items, answers))
	}
	verdicts, err := r.judge(f, items, answers)
	if verdicts == nil {
		return nil, err // the batch stays in flight: some of it may be stored
	}
	if e := r.settle(f, batch, items, verdicts); e != nil {
		return nil, errors.Join(e, err)
	}
	for i, v := range verdicts {
		if v.again {
			again = append(again, items[i])
		}
	}
	return again, err
}

// keepAnswers records what was answered of a batch before the connection broke:
// what is known need not be found out again.
func (r *run) keepAnswers(f *folderRun, items []*item, answers []*wire.Appended) error {
	var states []migration.MessageState
	for i, a := range answers {
		if a == nil {
			f.sent[items[i].uid]++ // the first without an answer may be the cause
			break
		}
		if a.Status.OK() && a.UID != 0 && a.UIDValidity == f.pair.Dest.UIDValidity {
			states = append(states, items[i].state(r.job.Pass, migration.Copied, "", a.UID))
		}
	}
	if len(states) == 0 {
		return nil
	}
	r.acknowledged()
	return r.journal.Record(r.hard, f.pair.ID, states)
}

func (r *run) batch(f *folderRun, items []*item) migration.Batch {
	b := migration.Batch{PairID: f.pair.ID, DestID: f.pair.Dest.ID, DestUIDValidity: f.pair.Dest.UIDValidity, DestLow: f.low}
	var total, largest int64
	for _, it := range items {
		total, largest = total+it.spool.size, max(largest, it.spool.size)
		b.Items = append(b.Items, migration.BatchItem{
			UID: it.uid, Fingerprint: it.header.fingerprint(), Size: it.spool.size, BareLF: it.spool.bareLF,
			Digest: it.spool.digest(), Date: it.date, Flags: it.flags,
		})
	}
	b.Late = r.late(max(largest, min(total, r.window)))
	return b
}

// send appends items in order with several under way. Missing answers belong to
// messages that were not sent: the destination said something that stops all.
func (r *run) send(ctx context.Context, f *folderRun, items []*item) ([]*wire.Appended, error) {
	u := underway{run: r, items: items, answers: make([]*wire.Appended, len(items))}
	began, total := r.engine.opts.Now(), int64(0)
	for i, it := range items {
		if err := u.makeRoom(it.spool.size); err != nil {
			return u.answers, err
		}
		if u.stop || ctx.Err() != nil {
			break
		}
		if err := u.start(f.pair.Dest.Name, i); err != nil {
			return u.answers, err
		}
		total += it.spool.size
	}
	if err := u.finishAll(); err != nil {
		return u.answers, err
	}
	r.learnWindow(total, r.engine.opts.Now().Sub(began))
	return u.answers, nil
}

// underway are the APPENDs that were sent and not answered yet, oldest first.
type underway struct {
	*run
	items   []*item
	answers []*wire.Appended // by item
	stop    bool             // an answer stops all that is not sent yet

	pending []wire.Pending
	first   int   // the item of pending[0]; the others follow it
	octets  int64 // of them all
}

// start sends the next item, which is the one behind those that are pending.
func (u *underway) start(folder string, i int) error {
	it := u.items[i]
	pending, err := u.dst.StartAppend(u.hard, folder, wire.Message{
		Flags: it.flags, Date: it.date, Size: it.spool.size, Open: it.spool.open,
	})
	if err != nil {
		return err
	}
	u.pending = append(u.pending, pending)
	u.octets += it.spool.size
	return nil
}

// makeRoom waits for answers until a message of size octets may be sent.
func (u *underway) makeRoom(size int64) error {
	for len(u.pending) > 0 && (len(u.pending) == maxUnanswered || u.octets+size > u.window || !u.dst.Pipelines(size)) {
		if err := u.finishFirst(); err != nil {
			return err
		}
	}
	return nil
}

func (u *underway) finishAll() error {
	for len(u.pending) > 0 {
		if err := u.finishFirst(); err != nil {
			return err
		}
	}
	return nil
}

func (u *underway) finishFirst() error {
	answer, err := u.dst.FinishAppend(u.hard, u.pending[0])
	if err != nil {
		return err
	}
	u.answers[u.first] = &answer
	u.stop = u.stop || !answer.Status.OK() && stopsAll(answer.Status)
	u.octets -= u.items[u.first].spool.size
	u.pending = u.pending[1:]
	u.first++
	return nil
}

// learnWindow sets how much may be unanswered by what the last batch took.
func (r *run) learnWindow(octets int64, took time.Duration) {
	if octets < minWindow {
		return // too little to tell
	}
	r.rate = float64(octets) / max(took.Seconds(), 0.001)
	r.window = int64(min(max(r.rate*windowTime.Seconds(), minWindow), maxWindow))
}

// late returns how long after its end a connection may still deliver what it
// was given of a batch. The window bounds that to windowTime, but for a message
// that is larger: the whole of it may stand in the buffers on the way.
func (r *run) late(octets int64) time.Duration {
	rate := r.rate / 2 // lines get slower too
	if rate == 0 {
		rate = float64(r.engine.opts.Patience.SlowestLine)
	}
	onTheWay := min(float64(octets)/rate, longestLate.Seconds())
	return r.engine.opts.Patience.LateCommit + time.Duration(onTheWay*float64(time.Second))
}
