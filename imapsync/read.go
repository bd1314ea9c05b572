package imapsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// reader reads the bodies of messages from the source and hands them on.
type reader struct {
	*run
	out     chan<- *item
	day     *dayLimit
	missing map[*folderRun][]meta // did not come whole and clean with the others
}

// read reads what is to be copied of folders. Before all others each message
// that broke a connection gets its try, alone: on a connection that is new it
// breaks only what it does break. Then come the others, with the commands of all
// folders sent ahead of their answers, and last, alone, what did not come whole
// and clean with those.
func (rd *reader) read(ctx context.Context, folders []*folderRun) error {
	var steps []step
	for _, f := range folders {
		suspects, others := f.suspects(f.plan.copy)
		if err := rd.readSingly(ctx, f, suspects); err != nil {
			return err
		}
		steps = append(steps, rd.steps(f, others)...)
	}
	for len(steps) > 0 {
		if err := rd.freshSource(ctx); err != nil {
			return err
		}
		done, err := goAhead(ctx, steps, rd.sourceAhead(fetchesAhead), rd.sourceTires)
		if err != nil {
			return err
		}
		steps = steps[done:]
	}
	for _, f := range folders {
		if err := rd.readSingly(ctx, f, rd.missing[f]); err != nil {
			return err
		}
	}
	return nil
}

// suspects parts off the messages that broke a connection before.
func (f *folderRun) suspects(metas []meta) (suspects, others []meta) {
	for _, m := range metas {
		if f.tries[m.uid]+f.sent[m.uid] > 0 {
			suspects = append(suspects, m)
		} else {
			others = append(others, m)
		}
	}
	return suspects, others
}

// fetchesAhead is how many commands stand in line at the source while it answers
// one: enough that it never waits for us.
const fetchesAhead = 4

// bodies is one FETCH for a piece of a folder. Servers answer commands that were
// sent ahead in their order, but may hold back the last word of one until all
// have brought their messages (Dovecot does): so a message belongs to whichever
// piece of the folder wants it (K-2).
type bodies struct {
	opening *opening
	set     string
	want    []meta // not come yet, ascending
	whole   []meta // all of it
	pending wire.Pending
	sent    bool
	reopens bool // the connection was made anew: the folder is opened before it
}

// opening is the EXAMINE that goes before the pieces of a folder.
type opening struct {
	f       *folderRun
	conn    *wire.Conn // where it was sent
	pending wire.Opening
	failed  bool
	asked   []*bodies // sent and not yet received
}

// steps are the commands that read messages of one folder.
func (rd *reader) steps(f *folderRun, metas []meta) []step {
	if len(metas) == 0 {
		return nil
	}
	o := &opening{f: f}
	steps := []step{{
		send:    func(ctx context.Context) error { return rd.open(ctx, o) },
		receive: func(ctx context.Context) error { return rd.examined(ctx, o) },
	}}
	for _, chunk := range chunks(metas) {
		for _, set := range wire.Sets(uidsOf(chunk)) {
			b := &bodies{opening: o, set: set}
			n := wire.CountSet(set)
			b.want, chunk = chunk[:n:n], chunk[n:]
			steps = append(steps, step{
				f:       f,
				broke:   b.broke,
				send:    func(ctx context.Context) error { return rd.ask(ctx, b) },
				receive: func(ctx context.Context) error { return rd.receive(ctx, b) },
			})
		}
	}
	return steps
}

func (rd *reader) blame(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return blame(SourceSide, err)
}

// broke counts a try for the message that was under way when the connection
// broke: the first that did not arrive.
func (b *bodies) broke() {
	if len(b.want) > 0 {
		b.opening.f.tries[b.want[0].uid]++
	}
}

// examined takes in that a folder stands open. If it does not, or is another one
// now, its pieces are passed over and it is looked at again, alone.
func (rd *reader) examined(ctx context.Context, o *opening) error {
	box, err := rd.src.FinishExamine(ctx, o.pending)
	switch {
	case err == nil && box.UIDValidity == o.f.box.UIDValidity:
		return nil
	case err == nil && box.UIDValidity != 0:
		return renumberedMeanwhile(o.f)
	case err == nil || isRefusal(err):
		rd.heed(err)
		o.failed = true
		return nil
	}
	return rd.blame(ctx, err)
}

func (rd *reader) open(ctx context.Context, o *opening) (err error) {
	o.conn = rd.src
	o.pending, err = rd.src.StartExamine(ctx, o.f.Name)
	return rd.blame(ctx, err)
}

func (rd *reader) ask(ctx context.Context, b *bodies) (err error) {
	if b.opening.failed || !rd.day.ask(b.want) {
		return nil
	}
	b.whole = b.want
	if b.reopens = b.opening.conn != rd.src; b.reopens {
		if err := rd.open(ctx, b.opening); err != nil {
			return err
		}
	}
	b.pending, err = rd.src.StartFetch(ctx, bodyQuery(rd.src, b.set))
	b.sent = err == nil
	b.opening.asked = append(b.opening.asked, b)
	return rd.blame(ctx, err)
}

// receive hands on what comes until a piece is answered.
func (rd *reader) receive(ctx context.Context, b *bodies) error {
	o := b.opening
	if b.reopens {
		if err := rd.examined(ctx, o); err != nil {
			return err
		}
	}
	if b.sent {
		err := rd.fetchBodies(ctx, b.pending, func(got wire.Fetched, s *spool) (bool, error) {
			m, strike := o.wanted(got.UID)
			if strike == nil || o.failed || got.Bad || s == nil || s.size == 0 || isStub(m, s) {
				return false, nil
			}
			strike()
			return true, rd.hand(ctx, &item{meta: m, f: o.f, spool: s})
		})
		if err != nil && !isRefusal(err) {
			return rd.blame(ctx, err)
		}
		rd.heed(err)
		o.asked = o.asked[1:]
		if err := rd.bookDownload(ctx, rd.day, b.whole); err != nil {
			return err
		}
	}
	rd.missing[o.f] = append(rd.missing[o.f], b.want...)
	return nil
}

// wanted returns the message of a UID and how to strike it off what is wanted;
// nil: nobody asked for it, or it came already.
func (o *opening) wanted(uid uint32) (m meta, strike func()) {
	for _, b := range o.asked {
		i, there := slices.BinarySearchFunc(b.want, uid, func(m meta, uid uint32) int { return cmp.Compare(m.uid, uid) })
		if there {
			return b.want[i], func() { b.strike(i) }
		}
	}
	return meta{}, nil
}

func (b *bodies) strike(i int) {
	if i == 0 { // nearly always
		b.want = b.want[1:]
		return
	}
	b.want = slices.Delete(slices.Clone(b.want), i, i+1)
}

func (rd *reader) hand(ctx context.Context, it *item) error {
	select {
	case rd.out <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchBodies reads the answer to a FETCH of whole messages. take says whether
// it keeps the spool; the others are closed. The spool of an answer without a
// body is nil.
func (rd *reader) fetchBodies(ctx context.Context, p wire.Pending, take func(wire.Fetched, *spool) (bool, error)) error {
	var current *spool
	drop := func() {
		if current != nil {
			current.close()
			current = nil
		}
	}
	defer func() { drop() }()
	sink := func(size int64) (w io.Writer, err error) {
		drop()
		rd.day.came += size
		current, err = rd.makeRoom(ctx, size)
		return current, err
	}
	answer := func(got wire.Fetched) error {
		if !got.HasBody && !got.NilBody {
			return nil // flags that nobody asked for
		}
		if current != nil && !current.whole() {
			drop()
		}
		kept, err := take(got, current)
		if kept && err == nil {
			current = nil // the taker's now
		}
		drop()
		return err
	}
	status, err := rd.src.FinishFetch(ctx, p, sink, answer)
	if err != nil {
		return err
	}
	return status.Err("FETCH")
}

// makeRoom makes a place for a message of size octets as soon as there is room
// for it. Of one above the limit only the head is kept: it is left out (T-5).
func (r *run) makeRoom(ctx context.Context, size int64) (*spool, error) {
	if r.job.MaxSize > 0 && size > r.job.MaxSize {
		return hashOnly(size), nil
	}
	space, err := r.budget.acquire(ctx, size)
	if err != nil {
		return nil, err
	}
	s, err := newSpool(r.engine.opts.TempDir, size, r.blocks)
	if err != nil {
		space.release()
		return nil, &Error{Side: SourceSide, Class: ClassInternal, Err: err}
	}
	s.room = space
	return s, nil
}

// readSingly reads messages of one folder, one at a time.
func (rd *reader) readSingly(ctx context.Context, f *folderRun, metas []meta) error {
	for _, m := range metas {
		if err := rd.freshSource(ctx); err != nil {
			return err
		}
		if !rd.day.ask([]meta{m}) {
			return rd.parkForDay(rd.day)
		}
		err := rd.patiently(ctx, rd.src, SourceSide, func() error {
			if err := rd.reopen(ctx, f); err != nil {
				return err
			}
			return rd.readAlone(ctx, f, m)
		})
		if err := rd.bookDownload(ctx, rd.day, []meta{m}); err != nil {
			return err
		}
		if folder := asFolderError(err); folder != nil {
			return rd.hand(ctx, &item{f: f, failed: folder})
		}
		if err != nil {
			return atFolder(f, err)
		}
	}
	return nil
}

const readTries = 3

// readAlone fetches one message that did not come with its piece. It believes a
// clean answer, or two uncertain ones that are alike.
func (rd *reader) readAlone(ctx context.Context, f *folderRun, m meta) error {
	verdict := migration.ReasonUnreadable
	var said error
	var before *[32]byte
	for ; f.tries[m.uid] < readTries; f.tries[m.uid]++ {
		var done, answered bool
		err := rd.fetchOne(ctx, m.uid, func(got wire.Fetched, s *spool) (bool, error) {
			if done || got.UID != 0 && got.UID != m.uid {
				return false, nil
			}
			answered = true
			switch {
			case s == nil || s.size == 0:
				verdict = migration.ReasonEmpty
				return false, nil
			case isStub(m, s):
				verdict = migration.ReasonUnreadable
				return false, nil
			}
			if digest := s.digest(); got.Bad && (before == nil || *before != digest) {
				before, verdict = &digest, migration.ReasonDamaged
				return false, nil
			}
			done = true
			return true, rd.hand(ctx, &item{meta: m, f: f, spool: s})
		})
		switch {
		case f.waitedEnough(m.uid, err):
			return rd.hand(ctx, &item{meta: m, f: f, left: &migration.Outcome{Kind: migration.Failed, Reason: verdict, ServerText: ServerText(err)}})
		case err != nil && (!isRefusal(err) || isThrottled(err)):
			if ctx.Err() == nil && !isRefusal(err) { // else nothing is wrong at this end, or it only has to wait
				f.tries[m.uid]++
			}
			return blame(SourceSide, err)
		case done: // whatever is said behind it: the message is on its way
			return nil
		case err != nil || !answered:
			said = cmp.Or(err, said)
			gone, err := rd.isGone(ctx, m.uid)
			if err != nil {
				return err
			}
			if gone {
				return rd.hand(ctx, &item{meta: m, f: f, left: &migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonGone}})
			}
		}
	}
	return rd.hand(ctx, &item{meta: m, f: f, left: &migration.Outcome{Kind: migration.Failed, Reason: verdict, ServerText: ServerText(said)}})
}

// waitedEnough counts how often a message, asked for alone, was answered in words
// that sound like throttling. Said that often they are about the message, and
// must not hold up all others for ever (see isPutOffForGood).
func (f *folderRun) waitedEnough(uid uint32, err error) bool {
	var refused *wire.StatusError
	if !errors.As(err, &refused) || refused.Status.Code != "" || !isThrottled(err) {
		return false
	}
	f.waited[uid]++
	return f.waited[uid] > maxPutOff
}

func (rd *reader) fetchOne(ctx context.Context, uid uint32, take func(wire.Fetched, *spool) (bool, error)) error {
	pending, err := rd.src.StartFetch(ctx, bodyQuery(rd.src, fmt.Sprint(uid)))
	if err != nil {
		return err
	}
	return rd.fetchBodies(ctx, pending, take)
}
