package imapsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	status     wire.FolderStatus // as the source listed it; nil: it did not say
	pair       migration.FolderPair
	closed     *folderError // the destination has no place for it
	finished   bool         // nothing more is done about it in this run
	fleeting   bool         // its UIDVALIDITY changed under our eyes: it is to be fixed (I-2)

	// Of the present walk.
	box      *wire.Mailbox // as the source folder was when it was listed
	opened   *wire.Mailbox // as it was opened last
	listing  []meta
	known    []migration.MessageState // nil: they need not be looked at one by one
	plan     plan
	unmerged bool             // flags could not be carried over
	open     int              // messages to copy that have no outcome yet
	shown    []shown          // messages that another folder has the copy of
	failing  *folderError     // it fails when what is under way has ended
	failed   migration.Reason // why it could not be gone through

	// The destination folder.
	saved      migration.DestFolder // as it is stored
	held       bool                 // it held something when it was opened
	vanished   bool                 // it was deleted since
	remade     bool
	gone       bool // messages to it were refused since it is not there any more
	generation int  // how often it was opened
	low        uint32
	permanent  []string

	waited  map[uint32]int // for a message that the source put off; the reader's
	awkward bool           // no good to be asked ahead of others
	tries   map[uint32]int // reads of a message that went wrong; the reader's
	sent    map[uint32]int // appends of a message that went wrong
	// putOff counts answers to a message that sound like throttling.
	putOff map[uint32]int
	over   map[uint32]migration.Outcome // messages with their outcome in this run

	tally    migration.Tally
	outcomes []migration.Outcome
	lastDate time.Time
	keywords map[string]bool // dropped, and said so

	breaks   int // connections lost here without getting on
	progress int
}

// fails reports whether the folder fails when what is under way has ended.
func (f *folderRun) fails() bool { return f.failing != nil }

// begin makes the folder ready for a walk, which begins with what the journal
// remembers.
func (f *folderRun) begin() {
	f.box, f.opened, f.listing, f.known, f.plan, f.open, f.shown = nil, nil, nil, nil, plan{}, 0, nil
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
	clear(f.waited)
	f.tally, f.outcomes = migration.Tally{}, nil
}

// isOver reports whether a message has an outcome of this run.
func (f *folderRun) isOver(uid uint32) bool { _, over := f.over[uid]; return over }

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

// spotError says at which folder a connection broke.
type spotError struct {
	f   *folderRun
	err error
}

func (e *spotError) Error() string { return fmt.Sprintf("folder %q: %v", e.f.display(), e.err) }
func (e *spotError) Unwrap() error { return e.err }

// atFolder names the folder that was at hand when err came about.
func atFolder(f *folderRun, err error) error {
	var known *spotError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &spotError{f, err}
}

// giveUpStuck fails the folder at which a connection broke once too often.
func (r *run) giveUpStuck(err error) error {
	var spot *spotError
	if !errors.As(err, &spot) || spot.f.finished || !spot.f.isStuck(err) {
		return nil
	}
	return r.failFolder(spot.f, &folderError{migration.ReasonFolderClosed, 0, err})
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
	r.report.Folder(f.told())
}

// told is what a reader learns of the folder.
func (f *folderRun) told() migration.FolderTally {
	t := migration.FolderTally{Name: f.display(), Role: f.role, State: migration.FolderDone, Tally: f.tally}
	switch {
	case f.reason != "":
		t.State, t.Reason = migration.FolderLeftOut, f.reason
		return t
	case f.failed != "":
		t.State, t.Reason = migration.FolderFailed, f.failed
	case !f.finished:
		t.State = migration.FolderOpen
	}
	t.Destination = wire.DecodeName(f.pair.Dest.Name)
	return t
}

// finish adds a folder that is done. The books are held where lanes are at work.
func (r *run) finish(f *folderRun) {
	f.finished = true
	f.listing, f.known, f.plan = nil, nil, plan{}
	r.add(f)
	r.logFolder(f)
	r.acknowledged()
	r.progress(f)
}

// addUnfinished adds what was reached in folders that the run did not get to the
// end of.
func (r *run) addUnfinished() {
	for _, f := range r.folders {
		if !f.finished {
			r.add(f)
		}
	}
}

// progress tells where the run stands.
func (r *run) progress(f *folderRun) {
	sum := r.tally
	for _, other := range r.folders {
		if !other.finished {
			sum = sum.Plus(other.tally)
		}
	}
	r.report.Progress(f.display(), sum)
}

// failFolder counts what is missing of a folder that could not be gone through.
// The error is the journal's.
func (r *run) failFolder(f *folderRun, e *folderError) error {
	r.doubt = r.doubt || !r.clean
	f.failed = e.reason
	f.tally.Listed = max(f.tally.Listed, e.count, int(min(f.status["MESSAGES"], 1<<31)))
	if err := r.countKnown(f); err != nil {
		return err
	}
	t := f.tally
	missing := t.Listed - t.Copied - t.Present - t.Skipped - t.Failed
	f.note(migration.Outcome{Kind: migration.Failed, Reason: e.reason, Count: missing, ServerText: ServerText(e.err)})
	r.entry(migration.Failure, "folder_failed", migration.Args{"folder": f.display(), "reason": string(e.reason), "detail": e.err.Error()}, ServerText(e.err))
	r.finish(f)
	return nil
}

// failIfFolder ends a folder where err is about that alone; other errors it
// returns.
func (r *run) failIfFolder(f *folderRun, err error) error {
	if folder := asFolderError(err); folder != nil {
		return r.failFolder(f, folder)
	}
	return atFolder(f, err)
}

// asFolderError returns the trouble with one folder that err is about, or nil.
func asFolderError(err error) *folderError {
	var folder *folderError
	errors.As(err, &folder)
	return folder
}

// countKnown counts what earlier runs brought over of a folder that could not be
// gone through this time, as far as the folder can still hold that much.
func (r *run) countKnown(f *folderRun) error {
	if f.pair.ID == 0 || f.tally.Copied+f.tally.Present > 0 {
		return nil
	}
	known, err := r.journal.Known(r.hard, f.pair.ID, r.job.Pass)
	if err != nil {
		return fmt.Errorf("what is known of folder %q: %w", f.display(), err)
	}
	if known.Copied+known.Present+f.tally.Skipped+f.tally.Failed <= f.tally.Listed {
		f.count(plan{copied: known.Copied, bytes: known.Bytes, present: known.Present})
	}
	return nil
}

// rememberValidity stores the UIDVALIDITY that the messages recorded from now
// on belong to, before the first of them is.
func (r *run) rememberValidity(ctx context.Context, f *folderRun, validity uint32) error {
	if f.pair.UIDValidity == validity && !f.pair.Doubted {
		return nil
	}
	f.pair.UIDValidity, f.pair.Complete, f.pair.Doubted = validity, false, false
	return r.journal.SavePair(ctx, &f.pair)
}

// remember stores how the source folder was when it was listed, for the next
// pass (Δ-1): what came in since is for that.
func (r *run) remember(ctx context.Context, f *folderRun) error {
	before := f.pair
	f.pair.Exists = f.plan.exists
	f.pair.UIDNext = cmp.Or(f.box.UIDNext, uint32(f.status["UIDNEXT"]))
	f.pair.ModSeq = cmp.Or(f.box.HighestModSeq, f.status["HIGHESTMODSEQ"])
	if f.unmerged {
		f.pair.ModSeq = 0 // flags have to be compared again
	}
	f.pair.Complete = f.tally.Failed == 0
	if f.pair == before {
		return nil
	}
	return r.journal.SavePair(ctx, &f.pair)
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
	if isRefusal(err) && !isThrottled(err) {
		return nil
	}
	return blame(SourceSide, err)
}

const identifying = "(UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)])"

// fetchHeaders returns the identifying fields of messages in the open folder,
// for pairing.
func fetchHeaders(ctx context.Context, conn *wire.Conn, set string, fn func(wire.Fetched)) error {
	got := map[uint32]wire.Fetched{}
	err := fetchAll(ctx, conn, set, identifying, func(f wire.Fetched) {
		merged := merge(got[f.UID], f)
		if f.Header != nil {
			merged.Header = f.Header
		}
		got[f.UID] = merged
	})
	if err != nil && !isRefusal(err) {
		return err
	}
	for _, uid := range slices.Sorted(maps.Keys(got)) {
		fn(got[uid])
	}
	return err
}

// fetchAll asks for items of messages in the open folder by UID, and once more for
// those that a server left out because there were too many (RFC 9738): part of a
// list must never look like the whole.
func fetchAll(ctx context.Context, conn *wire.Conn, set, items string, fn func(wire.Fetched)) error {
	told := map[uint32]bool{}
	ask := func(set string) (wire.Status, error) {
		return conn.Fetch(ctx, wire.Query{Set: set, ByUID: true, Items: items}, nil, func(f wire.Fetched) error {
			if f.UID != 0 {
				told[f.UID] = true
				fn(f)
			}
			return nil
		})
	}
	status, err := ask(set)
	if err != nil || status.Code != "MESSAGELIMIT" {
		return cmp.Or(err, status.Err("FETCH"))
	}
	there, err := conn.Search(ctx, true, "UID "+set)
	if err != nil {
		return err
	}
	there = slices.DeleteFunc(there, func(uid uint32) bool { return told[uid] })
	slices.Sort(there)
	for part := range slices.Chunk(there, max(len(told), 1)) {
		for _, set := range wire.Sets(part) {
			if status, err := ask(set); err != nil || !status.OK() {
				return cmp.Or(err, status.Err("FETCH"))
			}
		}
	}
	return nil
}
