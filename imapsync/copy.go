package imapsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

const (
	batchMessages = 100             // of one in-flight record
	batchOctets   = 4 << 20         // the same; a larger message is a batch of its own
	memoryOctets  = 3 * batchOctets // of messages of one run between reading and the answer
	maxUnanswered = 16              // APPENDs under way at once
	minWindow     = 64 << 10
	maxWindow     = 8 << 20
	// windowTime bounds what is sent and not yet answered by what the destination
	// stores in that time. So when a connection dies, whatever was still on its
	// way has been stored or lost before anybody looks (I-9).
	windowTime  = 2 * time.Second
	keepAlive   = 2 * time.Minute // C-3
	appendTries = 3
	queueLength = 2 * batchMessages
)

// copyMessages moves messages from the open source folder to their target: one
// goroutine reads, one appends, and between them wait at most memoryOctets.
func (r *run) copyMessages(ctx context.Context, f *folderRun, metas []meta) error {
	queue := make(chan *item, queueLength)
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(queue)
		return r.read(both, f, metas, queue)
	})
	group.Go(func() error { return r.write(both, f, queue) })
	err := group.Wait()
	for it := range queue { // what nobody took
		r.release(it)
	}
	return err
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
			if f.sent[it.uid] > 0 {
				next = ready[:max(i, 1)]
				break
			}
		}
		ready = ready[len(next):]
		again, err := r.appendBatch(ctx, f, next)
		if errors.Is(err, errTryCreate) && !f.remade {
			f.remade, f.vanished = true, true
			err = r.openTarget(r.hard, f, len(again))
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
	o.MessageID, o.From, o.Subject = it.header.messageID, readable(it.header.from), readable(it.header.subject)
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
		for i, it := range items {
			if answers[i] == nil {
				f.sent[it.uid]++ // the first without an answer may be the cause
				break
			}
		}
		return nil, blame(DestinationSide, err)
	}
	verdicts, err := r.judge(f, items, answers)
	if err != nil && !stopsAfter(err) {
		return nil, err
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

func (r *run) batch(f *folderRun, items []*item) migration.Batch {
	b := migration.Batch{PairID: f.pair.ID, DestID: f.pair.Dest.ID, DestUIDValidity: f.pair.Dest.UIDValidity, DestLow: f.low}
	for _, it := range items {
		b.Items = append(b.Items, migration.BatchItem{
			UID: it.uid, Fingerprint: it.header.fingerprint(), Size: it.spool.size, BareLF: it.spool.bareLF,
			Digest: it.spool.digest(), Date: it.date, Flags: it.flags,
		})
	}
	return b
}

// send appends items in order with several under way. Missing answers belong to
// messages that were not sent: the destination said something that stops all.
func (r *run) send(ctx context.Context, f *folderRun, items []*item) ([]*wire.Appended, error) {
	type sent struct {
		index   int
		pending wire.Pending
	}
	answers := make([]*wire.Appended, len(items))
	var under []sent
	var octets int64
	stop := false
	began := r.engine.opts.Now()
	finish := func() error {
		first := under[0]
		answer, err := r.dst.FinishAppend(r.hard, first.pending)
		if err != nil {
			return err
		}
		under = under[1:]
		octets -= items[first.index].spool.size
		answers[first.index] = &answer
		stop = stop || !answer.Status.OK() && stopsAll(answer.Status)
		return nil
	}
	var total int64
	for i, it := range items {
		size := it.spool.size
		for len(under) > 0 && (len(under) == maxUnanswered || octets+size > r.window || !r.dst.Pipelines(size)) {
			if err := finish(); err != nil {
				return answers, err
			}
		}
		if stop || ctx.Err() != nil {
			break
		}
		pending, err := r.dst.StartAppend(r.hard, f.pair.Dest.Name, wire.Message{
			Flags: it.flags, Date: it.date, Size: size, Open: func() (io.Reader, error) { return it.spool.open() },
		})
		if err != nil {
			return answers, err
		}
		under = append(under, sent{i, pending})
		octets += size
		total += size
	}
	for len(under) > 0 {
		if err := finish(); err != nil {
			return answers, err
		}
	}
	r.learnWindow(total, r.engine.opts.Now().Sub(began))
	return answers, nil
}

// learnWindow sets how much may be unanswered by what the last batch took.
func (r *run) learnWindow(octets int64, took time.Duration) {
	if octets < minWindow {
		return // too little to tell
	}
	perWindow := float64(octets) / max(took.Seconds(), 0.001) * windowTime.Seconds()
	r.window = int64(min(max(perWindow, minWindow), maxWindow))
}

// verdict says what an answer means for a message.
type verdict struct {
	stored bool
	uid    uint32
	again  bool // to be tried in another form, or not sent
	failed *migration.Outcome
}

var (
	flagText    = regexp.MustCompile(`(?i)flag|keyword`)
	tooBigText  = regexp.MustCompile(`(?i)maximum (message )?size|size of appendable|mail size is larger|too (big|large)|size exceed`)
	contentText = regexp.MustCompile(`(?i)newline|NUL char|invalid header|line ?length|line too long|bare (lf|cr)|8-?bit`)
)

// stopsAll recognises refusals that are about the mailbox, not the message.
func stopsAll(s wire.Status) bool {
	if s.Code == "TRYCREATE" {
		return true
	}
	class, _ := classifyStatus(&wire.StatusError{Command: "APPEND", Status: s})
	return (class == ClassOverQuota || class == ClassThrottled) && !isTooBig(s)
}

// isTooBig tells a message that is too large from a mailbox that is full: both
// may come with the code LIMIT.
func isTooBig(s wire.Status) bool { return s.Code == "TOOBIG" || tooBigText.MatchString(s.Text) }

// judge turns answers into verdicts (T-6). Its error, if any, holds for the run;
// the verdicts are to be recorded all the same.
func (r *run) judge(f *folderRun, items []*item, answers []*wire.Appended) ([]verdict, error) {
	verdicts := make([]verdict, len(items))
	var stop *wire.StatusError
	for i, it := range items {
		switch a := answers[i]; {
		case a == nil:
			verdicts[i] = verdict{again: true}
		case a.Status.OK():
			verdicts[i] = verdict{stored: true, uid: a.UID}
		case stopsAll(a.Status):
			verdicts[i] = verdict{again: true}
			stop = &wire.StatusError{Command: "APPEND", Status: a.Status}
		default:
			v, err := r.refusal(f, it, a.Status)
			if err != nil {
				return nil, err
			}
			verdicts[i] = v
		}
	}
	if stop == nil {
		return verdicts, nil
	}
	if stop.Status.Code == "TRYCREATE" {
		return verdicts, &folderError{migration.ReasonFolderCreate, 0, errors.Join(errTryCreate, stop)}
	}
	return verdicts, blame(DestinationSide, stop)
}

var errTryCreate = errors.New("the destination folder is gone")

// stopsAfter reports whether a batch is settled before its error counts.
func stopsAfter(err error) bool {
	var run *Error
	var folder *folderError
	return errors.As(err, &run) || errors.As(err, &folder)
}

// refusal looks for a form in which the destination may take a message that it
// refused: without keywords, then with its line ends repaired (T-4, T-6). A
// message refused in every form is a failure, in the server's words.
func (r *run) refusal(f *folderRun, it *item, status wire.Status) (verdict, error) {
	switch {
	case !it.plain && len(onlySystem(it.flags)) < len(it.flags) && (status.Type == "BAD" || flagText.MatchString(status.Text)):
		f.dropKeywords(r, it.flags)
		it.flags, it.plain = onlySystem(it.flags), true
		return verdict{again: true}, nil
	case isTooBig(status):
		return failure(migration.ReasonTooBig, status), nil
	case !it.altered && it.spool.repairable() && (status.Type == "BAD" || contentText.MatchString(status.Text)):
		fixed, err := it.spool.repaired(r.engine.opts.TempDir)
		if err != nil {
			return verdict{}, &Error{Side: DestinationSide, Class: ClassInternal, Err: err}
		}
		r.replace(it, fixed)
		r.entry(migration.Info, "altered", migration.Args{"folder": f.display(), "uid": it.uid}, status.String())
		return verdict{again: true}, nil
	default:
		return failure(migration.ReasonRefused, status), nil
	}
}

func failure(reason migration.Reason, status wire.Status) verdict {
	return verdict{failed: &migration.Outcome{Kind: migration.Failed, Reason: reason, ServerText: status.String()}}
}

// replace gives an item other octets. The budget is not asked: waiting for room
// here could wait for oneself, and the difference is a few line ends.
func (r *run) replace(it *item, fixed *spool) {
	old := it.spool
	fixed.announced = old.announced // what is released is what was acquired
	it.spool, it.altered = fixed, true
	old.close()
}

// settle records a batch that was answered.
func (r *run) settle(f *folderRun, batch migration.Batch, items []*item, verdicts []verdict) error {
	if err := r.findUIDs(f, batch, verdicts); err != nil {
		return err
	}
	var states []migration.MessageState
	for i, v := range verdicts {
		switch {
		case v.stored:
			states = append(states, items[i].state(r.job.Pass, migration.Copied, "", v.uid))
			f.low = max(f.low, v.uid+1)
		case v.failed != nil:
			states = append(states, items[i].state(r.job.Pass, migration.Failed, v.failed.Reason, 0))
		}
	}
	if err := r.journal.Settle(r.hard, batch, states, f.low); err != nil {
		return fmt.Errorf("settle a batch: %w", err)
	}
	f.pair.Dest.UIDNext = f.low
	for i, v := range verdicts {
		if v.stored {
			f.tally.Copied++
			f.tally.Bytes += items[i].spool.size
		}
		if v.failed != nil {
			f.note(items[i].outcome(*v.failed))
		}
	}
	r.acknowledged()
	return nil
}

// findUIDs looks up where stored messages went if the destination did not say
// it: no UIDPLUS, or an answer that cannot be read (G-11).
func (r *run) findUIDs(f *folderRun, batch migration.Batch, verdicts []verdict) error {
	var items []migration.BatchItem
	var index []int
	for i, v := range verdicts {
		if v.stored && v.uid == 0 {
			items = append(items, batch.Items[i])
			index = append(index, i)
		}
	}
	if len(items) == 0 {
		return nil
	}
	list, next, err := r.tail(r.hard, f.pair.Dest, batch.DestLow)
	if err != nil {
		return blame(DestinationSide, err)
	}
	known := map[uint32]bool{}
	for _, v := range verdicts {
		known[v.uid] = true
	}
	var free []candidate
	for _, c := range list {
		if !known[c.uid] {
			free = append(free, c)
		}
	}
	found, err := pair(items, free, digestAt(r.hard, r.dst))
	if err != nil {
		return blame(DestinationSide, err)
	}
	for i, uid := range found {
		verdicts[index[i]].uid = uid
	}
	f.low = max(f.low, next)
	if err := r.dst.Leave(r.hard); err != nil && !isRefusal(err) {
		return blame(DestinationSide, err)
	}
	return nil
}
