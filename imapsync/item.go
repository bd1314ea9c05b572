package imapsync

import (
	"slices"

	"trasloco/migration"
)

// item is a message on its way from the source to the destination: its octets,
// or why there are none.
type item struct {
	meta
	f     *folderRun
	spool *spool
	left  *migration.Outcome
	// failed, if set, says that all of the folder fails: the item is no message.
	failed *folderError

	header  header
	flags   []string // to be sent
	base    []string // the source's, also those that the destination does not take (L-3)
	altered bool     // by repaired
	plain   bool     // keywords were taken off
}

func (it *item) release() {
	if it.spool != nil {
		it.spool.close()
		it.spool = nil
	}
}

// prepare finds what an APPEND needs beside the octets: date and flags. The books
// are held.
func (r *run) prepare(it *item) {
	f := it.f
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
		r.repairDate(it)
	}
	f.lastDate = it.date
	var dropped []string
	it.base, _ = cleanFlags(it.meta.flags, nil)
	it.flags, dropped = cleanFlags(slices.Concat(it.meta.flags, r.asKeywords(it.labels)), f.permanent)
	f.dropKeywords(r, dropped)
}

// repairDate finds a date for a message whose server has none that anybody
// would keep (D-2).
func (r *run) repairDate(it *item) {
	from := "header"
	date, ok := headerDate(it.header)
	if !ok {
		date, from = it.f.lastDate, "neighbour"
	}
	it.date = date
	r.entry(migration.Info, "date_repaired", migration.Args{"folder": it.f.display(), "uid": it.uid, "from": from}, "")
}

// leave records a message that is not appended. The books are held.
func (r *run) leave(it *item) error {
	it.f.note(it.outcome(*it.left))
	err := r.journal.Record(r.hard, it.f.pair.ID, []migration.MessageState{it.state(r.job.Pass, it.left.Kind, it.left.Reason, 0)})
	if err != nil {
		return err
	}
	return r.closeOut(it.f, 1)
}

// closeOut notes that messages of a folder have their outcome, and finishes the
// folder with the last of them. The books are held.
func (r *run) closeOut(f *folderRun, messages int) error {
	f.open -= messages
	if f.open > 0 || f.fails() || len(f.shown) > 0 {
		return nil
	}
	if err := r.remember(r.hard, f); err != nil {
		return err
	}
	r.finish(f)
	return nil
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
		UID: it.uid, Kind: kind, Reason: reason, Pass: pass, DestUID: destUID, Size: it.size, Flags: it.base,
		Fingerprint: it.header.fingerprint(), Identity: it.id,
	}
	if it.spool != nil {
		s.Size = it.spool.size
	}
	return s
}
