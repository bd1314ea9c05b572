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

// A folderError is trouble with one folder: the run goes on with the others.
type folderError struct {
	reason migration.Reason
	count  int // messages that are not copied because of it
	err    error
}

func (e *folderError) Error() string { return fmt.Sprintf("%s: %v", e.reason, e.err) }
func (e *folderError) Unwrap() error { return e.err }

// examine opens a source folder without changing anything there (I-2).
func (r *run) examine(ctx context.Context, f *folderRun) (*wire.Mailbox, error) {
	box, err := r.src.Examine(ctx, f.Name)
	if err == nil && box.UIDValidity == 0 {
		// Courier fixes UIDVALIDITY only for who opens the folder read-write.
		box, err = r.src.Select(ctx, f.Name)
	}
	switch {
	case err == nil && (box.UIDValidity == 0 || box.UIDNotSticky):
		return nil, &folderError{migration.ReasonFolderClosed, int(box.Exists), errNoUIDs}
	case err != nil && isRefusal(err) && !r.isThrottled(err):
		return nil, &folderError{migration.ReasonFolderClosed, r.countClosed(ctx, f), err}
	}
	return box, blame(SourceSide, err)
}

var errNoUIDs = errors.New("the server gives this folder no lasting UIDs")

func (r *run) isThrottled(err error) bool {
	class, _ := classify(err)
	return class == ClassThrottled || class == ClassOverQuota
}

// countClosed asks how many messages are in a folder that does not open, so
// that they can be named as missing.
func (r *run) countClosed(ctx context.Context, f *folderRun) int {
	status, err := r.src.Status(ctx, f.Name, "MESSAGES")
	if err != nil {
		return 0 // a refusal here too: the folder is named without a number
	}
	return int(min(status["MESSAGES"], 1<<31))
}

const (
	listWindow = 500 // messages asked for at once (I-3)
	listTries  = 3
	metaItems  = "(UID FLAGS INTERNALDATE RFC822.SIZE)"
)

// listMessages returns one line for every message of the open source folder, by
// ascending UID, or a folderError: never a short list (I-3).
func (r *run) listMessages(ctx context.Context, box *wire.Mailbox) ([]meta, error) {
	var why error
	for range listTries {
		listing, err := r.listOnce(ctx, box.Exists)
		if err == nil {
			return listing, nil
		}
		if !errors.Is(err, errIncomplete) && !isRefusal(err) {
			return nil, blame(SourceSide, err)
		}
		why = err
		if err := r.src.Noop(ctx); err != nil && !isRefusal(err) { // hears of what went meanwhile
			return nil, blame(SourceSide, err)
		}
	}
	return nil, &folderError{migration.ReasonIncomplete, int(box.Exists), why}
}

var errIncomplete = errors.New("the list of messages does not add up")

// listOnce walks by sequence numbers: while that goes on no number may shift
// (RFC 3501 §7.4.1), so every number of a window must come back.
func (r *run) listOnce(ctx context.Context, exists uint32) ([]meta, error) {
	listing := make([]meta, 0, exists)
	for low := uint32(1); low <= exists; low += listWindow {
		high := min(low+listWindow-1, exists)
		window, err := r.listWindow(ctx, low, high)
		if err != nil {
			return nil, err
		}
		listing = append(listing, window...)
	}
	slices.SortFunc(listing, func(a, b meta) int { return cmp.Compare(a.uid, b.uid) })
	for i := 1; i < len(listing); i++ {
		if listing[i].uid == listing[i-1].uid {
			return nil, fmt.Errorf("%w: UID %d twice", errIncomplete, listing[i].uid)
		}
	}
	return listing, nil
}

func (r *run) listWindow(ctx context.Context, low, high uint32) ([]meta, error) {
	got := map[uint32]wire.Fetched{}
	collect := func(f wire.Fetched) error {
		if f.Seq >= low && f.Seq <= high {
			got[f.Seq] = merge(got[f.Seq], f)
		}
		return nil
	}
	set := fmt.Sprintf("%d:%d", low, high)
	if err := r.fetchMeta(ctx, set, collect); err != nil {
		return nil, err
	}
	window := make([]meta, 0, high-low+1)
	for seq := low; seq <= high; seq++ {
		if !complete(got[seq]) { // ask again, alone (G-04)
			if err := r.fetchMeta(ctx, fmt.Sprint(seq), collect); err != nil {
				return nil, err
			}
		}
		f := got[seq]
		if f.UID == 0 || !f.HasFlags {
			return nil, fmt.Errorf("%w: nothing of message %d", errIncomplete, seq)
		}
		window = append(window, r.metaOf(f))
	}
	return window, nil
}

func (r *run) fetchMeta(ctx context.Context, set string, fn func(wire.Fetched) error) error {
	status, err := r.src.Fetch(ctx, wire.Query{Set: set, Items: metaItems}, nil, fn)
	if err != nil {
		return err
	}
	return status.Err("FETCH")
}

func complete(f wire.Fetched) bool { return f.UID != 0 && f.HasFlags && f.HasDate && f.HasSize }

// merge joins two answers about one message: servers may split them.
func merge(a, b wire.Fetched) wire.Fetched {
	a.Seq = b.Seq
	if b.UID != 0 {
		a.UID = b.UID
	}
	if b.HasFlags {
		a.Flags, a.HasFlags = b.Flags, true
	}
	if b.HasDate {
		a.Date, a.HasDate = b.Date, true
	}
	if b.HasSize {
		a.Size, a.HasSize = b.Size, true
	}
	return a
}

func (r *run) metaOf(f wire.Fetched) meta {
	m := meta{uid: f.UID, flags: f.Flags, size: -1}
	if date, ok := parseInternalDate(f.Date); ok {
		m.date = date
	}
	if f.HasSize {
		m.size = f.Size
	}
	return m
}

// item is a message on its way from the source to the destination: its octets,
// or why there are none.
type item struct {
	meta
	spool *spool
	left  *migration.Outcome

	header  header
	flags   []string // to be sent
	altered bool     // by repaired
	plain   bool     // keywords were taken off
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

// read fetches the bodies of messages and hands them on, newest piece first.
// Before all others each suspect gets its try, alone: on a connection that is
// new it breaks only what it does break.
func (r *run) read(ctx context.Context, f *folderRun, suspects, others []meta, out chan<- *item) error {
	for _, m := range suspects {
		if err := r.readAlone(ctx, f, m, out); err != nil {
			return err
		}
	}
	for _, chunk := range chunks(others) {
		missing, err := r.readChunk(ctx, f, chunk, out)
		if err != nil {
			return err
		}
		for _, m := range missing {
			if err := r.readAlone(ctx, f, m, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// readChunk fetches a piece with one command and returns what did not come
// whole and clean.
func (r *run) readChunk(ctx context.Context, f *folderRun, chunk []meta, out chan<- *item) ([]meta, error) {
	uids := uidsOf(chunk)
	want := map[uint32]meta{}
	for _, m := range chunk {
		want[m.uid] = m
	}
	for _, set := range wire.Sets(uids) {
		err := r.fetchBodies(ctx, set, func(got wire.Fetched, s *spool) (bool, error) {
			m, ok := want[got.UID]
			if !ok || got.Bad || s == nil || s.size == 0 || isStub(m, s) {
				return false, nil
			}
			delete(want, got.UID)
			return true, hand(ctx, out, &item{meta: m, spool: s})
		})
		if err != nil && !isRefusal(err) {
			if ctx.Err() == nil { // else nothing is wrong at this end
				f.suspect(uids, want)
			}
			return nil, blame(SourceSide, err)
		}
		if err != nil && r.isThrottled(err) {
			return nil, blame(SourceSide, err)
		}
	}
	return slices.DeleteFunc(slices.Clone(chunk), func(m meta) bool { _, missing := want[m.uid]; return !missing }), nil
}

// suspect counts a try for the message that was under way when the connection
// broke: the first that did not arrive.
func (f *folderRun) suspect(uids []uint32, want map[uint32]meta) {
	for _, uid := range uids {
		if _, missing := want[uid]; missing {
			f.tries[uid]++
			return
		}
	}
}

func hand(ctx context.Context, out chan<- *item, it *item) error {
	select {
	case out <- it:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchBodies fetches whole messages. take says whether it keeps the spool;
// the others are closed. The spool of an answer without a body is nil.
func (r *run) fetchBodies(ctx context.Context, set string, take func(wire.Fetched, *spool) (bool, error)) error {
	var current *spool
	drop := func() {
		if current != nil {
			r.budget.Release(current.weight())
			current.close()
			current = nil
		}
	}
	defer drop()
	sink := func(size int64) (io.Writer, error) {
		drop()
		if err := r.budget.Acquire(ctx, weight(size)); err != nil {
			return nil, err
		}
		s, err := newSpool(r.engine.opts.TempDir, size)
		if err != nil {
			r.budget.Release(weight(size))
			return nil, &Error{Side: SourceSide, Class: ClassInternal, Err: err}
		}
		current = s
		return s, nil
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
	status, err := r.src.Fetch(ctx, wire.Query{Set: set, ByUID: true, Items: "(UID BODY.PEEK[])"}, sink, answer)
	if err != nil {
		return err
	}
	return status.Err("FETCH")
}

const readTries = 3

// readAlone fetches one message that did not come with its piece. It believes a
// clean answer, or two uncertain ones that are alike.
func (r *run) readAlone(ctx context.Context, f *folderRun, m meta, out chan<- *item) error {
	verdict := migration.ReasonUnreadable
	var said error
	var before *[32]byte
	for ; f.tries[m.uid] < readTries; f.tries[m.uid]++ {
		var done, answered bool
		err := r.fetchBodies(ctx, fmt.Sprint(m.uid), func(got wire.Fetched, s *spool) (bool, error) {
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
			return true, hand(ctx, out, &item{meta: m, spool: s})
		})
		switch {
		case err != nil && (!isRefusal(err) || r.isThrottled(err)):
			if ctx.Err() == nil { // else nothing is wrong at this end
				f.tries[m.uid]++
			}
			return blame(SourceSide, err)
		case done: // whatever is said behind it: the message is on its way
			return nil
		case err != nil:
			said = err
		case !answered:
			gone, err := r.isGone(ctx, m.uid)
			if err != nil {
				return err
			}
			if gone {
				return hand(ctx, out, &item{meta: m, left: &migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonGone}})
			}
		}
	}
	return hand(ctx, out, &item{meta: m, left: &migration.Outcome{Kind: migration.Failed, Reason: verdict, ServerText: ServerText(said)}})
}

// isGone asks whether a message that the source did not send is still there.
func (r *run) isGone(ctx context.Context, uid uint32) (bool, error) {
	gone := true
	status, err := r.src.Fetch(ctx, wire.Query{Set: fmt.Sprint(uid), ByUID: true, Items: "(UID)"}, nil, func(f wire.Fetched) error {
		gone = gone && f.UID != uid
		return nil
	})
	if err != nil {
		return false, blame(SourceSide, err)
	}
	return gone && status.OK(), nil
}
