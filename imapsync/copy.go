package imapsync

import (
	"context"
	"errors"
	"time"

	"trasloco/migration"
)

const (
	batchMessages = 100             // of one in-flight record
	batchOctets   = 4 << 20         // the same; a larger message is a batch of its own
	memoryOctets  = 3 * batchOctets // of messages of one run between reading and the answer
	queueLength   = 2 * batchMessages
	keepAlive     = 2 * time.Minute // C-3
	appendTries   = 3
)

// copyMessages moves messages from the open source folder to their target: one
// goroutine reads, one appends, and between them wait at most memoryOctets. When
// the reader fails, what it has read is still appended; when the writer does, the
// reader is stopped.
func (r *run) copyMessages(ctx context.Context, f *folderRun, metas []meta) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan *item, queueLength)
	suspects, others := f.suspects(metas)
	var unread error
	go func() {
		defer close(queue)
		unread = r.read(reading, f, suspects, others, queue)
	}()
	err := r.write(ctx, f, queue)
	stop()
	for it := range queue { // what nobody took, until the reader has ended
		r.release(it)
	}
	if err != nil {
		return err
	}
	return unread
}

func (r *run) release(it *item) {
	if it.spool != nil {
		r.budget.Release(it.spool.weight())
		it.spool.close()
		it.spool = nil
	}
}

// write takes messages as they come and appends them in batches. It ends when
// the queue does; when ctx ends, after the batch under way.
func (r *run) write(ctx context.Context, f *folderRun, queue <-chan *item) error {
	for {
		items, more, err := r.collect(ctx, queue)
		if err == nil && len(items) > 0 {
			err = r.appendAll(ctx, f, items)
		}
		for _, it := range items {
			r.release(it)
		}
		if err != nil || !more {
			return err
		}
		r.report.Progress(f.display(), r.tally.Plus(f.tally))
	}
}

// collect waits for a message and takes along those that are there already:
// while one batch is appended the next one gathers.
func (r *run) collect(ctx context.Context, queue <-chan *item) (items []*item, more bool, err error) {
	idle := time.NewTicker(keepAlive)
	defer idle.Stop()
	var octets int64
	add := func(it *item) {
		items = append(items, it)
		if it.spool != nil {
			octets += it.spool.size
		}
	}
	for len(items) == 0 {
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-idle.C:
			if err := r.dst.Noop(r.hard); err != nil && !isRefusal(err) {
				return nil, false, blame(DestinationSide, err)
			}
		case it, open := <-queue:
			if !open {
				return nil, false, nil
			}
			add(it)
		}
	}
	for len(items) < batchMessages && octets < batchOctets {
		select {
		case it, open := <-queue:
			if !open {
				return items, false, nil
			}
			add(it)
		default:
			return items, true, nil
		}
	}
	return items, true, nil
}

// appendAll settles the messages that have no octets and appends the others,
// again and again until each of them has its outcome.
func (r *run) appendAll(ctx context.Context, f *folderRun, items []*item) error {
	var ready []*item
	for _, it := range items {
		if it.left == nil {
			r.prepare(f, it)
		}
		if it.left == nil {
			ready = append(ready, it)
			continue
		}
		if err := r.leave(f, it); err != nil {
			return err
		}
	}
	for len(ready) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		next := ready
		for i, it := range ready { // one that broke a connection goes alone
			if f.sent[it.uid]+f.putOff[it.uid] > 0 {
				next = ready[:max(i, 1)]
				break
			}
		}
		ready = ready[len(next):]
		again, err := r.appendBatch(ctx, f, next)
		if errors.Is(err, errTryCreate) && !f.remade {
			f.remade, f.vanished = true, true
			err = r.reopenTarget(r.hard, f, len(again))
		}
		if err != nil {
			return err
		}
		ready = append(again, ready...)
	}
	return nil
}

// prepare finds what an APPEND needs beside the octets: date and flags.
func (r *run) prepare(f *folderRun, it *item) {
	if r.job.MaxSize > 0 && it.spool.size > r.job.MaxSize {
		it.left = &migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonOversize}
		return
	}
	if f.sent[it.uid] >= appendTries {
		it.left = &migration.Outcome{Kind: migration.Failed, Reason: migration.ReasonUnconfirmed}
		return
	}
	it.header = it.spool.header()
	if it.size >= 0 && sizesDiffer(it.size, it.spool.size) {
		r.entry(migration.Info, "size_differs", migration.Args{"folder": f.display(), "uid": it.uid, "listed": it.size, "got": it.spool.size}, "")
	}
	if it.date.IsZero() {
		r.repairDate(f, it)
	}
	f.lastDate = it.date
	var dropped []string
	it.flags, dropped = cleanFlags(it.meta.flags, f.permanent)
	f.dropKeywords(r, dropped)
}

// repairDate finds a date for a message whose server has none that anybody
// would keep (D-2).
func (r *run) repairDate(f *folderRun, it *item) {
	from := "header"
	date, ok := headerDate(it.header)
	if !ok {
		date, from = f.lastDate, "neighbour"
	}
	it.date = date
	r.entry(migration.Info, "date_repaired", migration.Args{"folder": f.display(), "uid": it.uid, "from": from}, "")
}

// leave records a message that is not appended.
func (r *run) leave(f *folderRun, it *item) error {
	f.note(it.outcome(*it.left))
	return r.journal.Record(r.hard, f.pair.ID, []migration.MessageState{it.state(r.job.Pass, it.left.Kind, it.left.Reason, 0)})
}

// outcome completes an outcome with what people want to know of the message.
func (it *item) outcome(o migration.Outcome) migration.Outcome {
	o.UID, o.Count, o.Size = it.uid, 1, it.size
	if it.spool != nil {
		it.header, o.Size = it.spool.header(), it.spool.size
	}
	o.MessageID, o.From, o.Subject = readable(it.header.messageID), readable(it.header.from), readable(it.header.subject)
	if o.Date = it.date; o.Date.IsZero() {
		o.Date = it.header.parsedDate()
	}
	return o
}

func (it *item) state(pass int, kind migration.OutcomeKind, reason migration.Reason, destUID uint32) migration.MessageState {
	s := migration.MessageState{
		UID: it.uid, Kind: kind, Reason: reason, Pass: pass, DestUID: destUID, Size: it.size, Flags: it.flags,
		Fingerprint: it.header.fingerprint(),
	}
	if it.spool != nil {
		s.Size = it.spool.size
	}
	return s
}
