package imapsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// folderRun is the state of one source folder in a run.
type folderRun struct {
	folder
	reason     migration.Reason // why it is left out; empty: it is not
	subscribed bool
	pair       migration.FolderPair
	closed     *folderError // the destination has no place for it
	vanished   bool         // the destination folder was deleted since
	remade     bool
	low        uint32 // no message that is appended now gets a lower UID
	permanent  []string

	tries map[uint32]int // reads of a message that went wrong; the reader's
	sent  map[uint32]int // appends of a message that went wrong; the writer's
	// putOff counts answers to a message that sound like throttling; the writer's.
	putOff map[uint32]int
	over   map[uint32]migration.Outcome // messages with their outcome in this run

	tally    migration.Tally
	outcomes []migration.Outcome
	lastDate time.Time
	keywords map[string]bool // dropped, and said so

	breaks   int // connections lost here without getting on
	progress int
}

func (f *folderRun) reset() {
	f.tally, f.outcomes = migration.Tally{}, nil
	for _, o := range f.over { // what was settled in this run stays so
		f.tally.Add(o)
		f.tally.Listed += o.Count
		f.outcomes = append(f.outcomes, o)
	}
}

// forget drops what was noted of messages by their UIDs: the source has given
// them others.
func (f *folderRun) forget() {
	clear(f.over)
	clear(f.tries)
	clear(f.sent)
	clear(f.putOff)
	f.reset()
}

// settled takes from a listing the messages that have an outcome of this run.
func (f *folderRun) settled(listing []meta) []meta {
	return slices.DeleteFunc(listing, func(m meta) bool { _, over := f.over[m.uid]; return over })
}

// note adds the outcome of a message that was skipped or failed.
func (f *folderRun) note(o migration.Outcome) {
	o.Folder = f.display()
	f.tally.Add(o)
	f.outcomes = append(f.outcomes, o)
	if o.UID != 0 {
		f.over[o.UID] = o
	}
}

// count adds what a plan found listed, and done already.
func (f *folderRun) count(p plan) {
	f.tally.Listed += p.listed
	f.tally.Present += p.present
	f.tally.Copied += p.copied
	f.tally.Bytes += p.bytes
}

const maxBreaks = 3

// isStuck reports whether a folder broke the connection again and again without
// a message getting on: then the others must not wait for it.
func (f *folderRun) isStuck(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Class != ClassTransport {
		return false
	}
	progress := f.tally.Copied + len(f.over)
	for _, n := range f.tries {
		progress += n
	}
	for _, n := range f.sent {
		progress += n
	}
	if progress != f.progress {
		f.progress, f.breaks = progress, 0
	}
	f.breaks++
	return f.breaks > maxBreaks
}

// add adds to the run what was reached in a folder, and names what was left out.
func (r *run) add(f *folderRun) {
	r.tally = r.tally.Plus(f.tally)
	for _, o := range f.outcomes {
		r.report.Message(o)
	}
}

// finish adds a folder that is done.
func (r *run) finish(f *folderRun) {
	r.add(f)
	r.logFolder(f)
	r.acknowledged()
	r.report.Progress(f.display(), r.tally)
}

// failFolder counts what is missing of a folder that could not be gone through.
// The error is the journal's.
func (r *run) failFolder(f *folderRun, e *folderError) error {
	r.doubt = r.doubt || !r.clean
	f.tally.Listed = max(f.tally.Listed, e.count)
	if err := r.countKnown(f); err != nil {
		return err
	}
	t := f.tally
	missing := t.Listed - t.Copied - t.Present - t.Skipped - t.Failed
	f.note(migration.Outcome{Kind: migration.Failed, Reason: e.reason, Count: missing, ServerText: ServerText(e.err)})
	r.entry(migration.Failure, "folder_failed", migration.Args{"folder": f.display(), "reason": string(e.reason), "detail": e.err.Error()}, ServerText(e.err))
	return nil
}

// countKnown counts what earlier runs brought over of a folder that could not be
// gone through this time, as far as the folder can still hold that much.
func (r *run) countKnown(f *folderRun) error {
	if f.pair.ID == 0 || f.tally.Copied+f.tally.Present > 0 {
		return nil
	}
	known, err := r.journal.Messages(r.hard, f.pair.ID)
	if err != nil {
		return fmt.Errorf("what is known of folder %q: %w", f.display(), err)
	}
	var p plan
	for _, s := range known {
		if s.Kind == migration.Copied {
			p.countCopied(s, r.job.Pass)
		}
	}
	if p.copied+p.present+f.tally.Skipped+f.tally.Failed <= f.tally.Listed {
		f.count(p)
	}
	return nil
}

// countExcluded says how much lies in a folder that is left out.
func (r *run) countExcluded(ctx context.Context, f *folderRun) error {
	if !f.opens() {
		return nil
	}
	status, err := r.src.Status(ctx, f.Name, "MESSAGES")
	if err != nil && !isRefusal(err) {
		return blame(SourceSide, err)
	}
	n := int(min(status["MESSAGES"], 1<<31))
	f.tally.Listed += n
	f.note(migration.Outcome{Kind: migration.Skipped, Reason: f.reason, Count: n})
	return nil
}

// isSettled counts an unchanged folder by what is remembered of it; false: that
// does not add up, and the folder has to be listed.
func (r *run) isSettled(f *folderRun, known []migration.MessageState, exists int) bool {
	p := plan{listed: exists}
	for _, s := range known {
		if s.Kind == migration.Copied {
			p.countCopied(s, r.job.Pass)
		}
	}
	if p.copied+p.present != exists {
		return false // some were skipped or deleted since
	}
	f.count(p)
	return true
}

// rememberValidity stores the UIDVALIDITY that the messages recorded from now
// on belong to, before the first of them is.
func (r *run) rememberValidity(ctx context.Context, f *folderRun, validity uint32) error {
	if f.pair.UIDValidity == validity {
		return nil
	}
	f.pair.UIDValidity, f.pair.Complete = validity, false
	return r.journal.SavePair(ctx, &f.pair)
}

// remember stores how the source folder was, for the next pass (Δ-1).
func (r *run) remember(ctx context.Context, f *folderRun, box wire.Mailbox) error {
	f.pair.UIDNext, f.pair.Exists, f.pair.ModSeq = box.UIDNext, box.Exists, box.HighestModSeq
	f.pair.Complete = f.tally.Failed == 0
	return r.journal.SavePair(ctx, &f.pair)
}

// leaveOut records what the plan leaves out, in one go, and says what it is.
func (r *run) leaveOut(ctx context.Context, f *folderRun, list []left) error {
	if len(list) == 0 {
		return nil
	}
	metas := make([]meta, len(list))
	for i, l := range list {
		metas[i] = l.meta
	}
	headers, err := r.headersOf(ctx, metas)
	if err != nil {
		return err
	}
	var states []migration.MessageState
	for _, l := range list {
		it := &item{meta: l.meta, header: headers[l.uid]}
		states = append(states, it.state(r.job.Pass, l.kind, l.reason, 0))
		f.note(it.outcome(migration.Outcome{Kind: l.kind, Reason: l.reason}))
	}
	return r.journal.Record(ctx, f.pair.ID, states)
}

// headersOf reads who wrote what and when: the fields a message is known by. A
// message that the open source folder refuses to show is missing in the result,
// and takes no other with it.
func (r *run) headersOf(ctx context.Context, metas []meta) (map[uint32]header, error) {
	headers := map[uint32]header{}
	note := func(f wire.Fetched) {
		if f.Header != nil {
			headers[f.UID] = readHeader(f.Header)
		}
	}
	for _, set := range wire.Sets(uidsOf(metas)) {
		if err := r.fetchFields(ctx, set, note); err != nil {
			return nil, err
		}
	}
	for _, m := range metas {
		if _, ok := headers[m.uid]; ok {
			continue
		}
		if err := r.fetchFields(ctx, fmt.Sprint(m.uid), note); err != nil {
			return nil, err
		}
	}
	return headers, nil
}

func (r *run) fetchFields(ctx context.Context, set string, fn func(wire.Fetched)) error {
	err := fetchHeaders(ctx, r.src, set, fn)
	if isRefusal(err) && !r.isThrottled(err) {
		return nil
	}
	return blame(SourceSide, err)
}

// fetchHeaders returns the identifying fields of messages in the open source
// folder, for pairing.
func fetchHeaders(ctx context.Context, conn *wire.Conn, set string, fn func(wire.Fetched)) error {
	q := wire.Query{Set: set, ByUID: true, Items: "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)])"}
	got := map[uint32]wire.Fetched{}
	var order []uint32
	status, err := conn.Fetch(ctx, q, nil, func(f wire.Fetched) error {
		if f.UID == 0 {
			return nil
		}
		if _, ok := got[f.UID]; !ok {
			order = append(order, f.UID)
		}
		merged := merge(got[f.UID], f)
		if f.Header != nil {
			merged.Header = f.Header
		}
		got[f.UID] = merged
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(order)
	for _, uid := range order {
		fn(got[uid])
	}
	return status.Err("FETCH")
}
