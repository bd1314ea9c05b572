package imapsync

import (
	"context"
	"errors"
	"fmt"

	"trasloco/migration"
)

// recognise lets a source that nothing was copied from go on with what is known of the
// same account under another name: the server has several, was reached at another
// port, or is the one that the account was moved to (I-16). Everything would be copied
// once more otherwise.
func (r *run) recognise(ctx context.Context, pairs []migration.FolderPair) ([]migration.FolderPair, error) {
	formers, err := r.journal.Formers(ctx)
	if err != nil || len(formers) == 0 {
		return pairs, err
	}
	for _, former := range formers {
		same, err := r.isFormer(ctx, former)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		clean, err := r.journal.TakeOver(ctx, former)
		if err == nil && !clean {
			clean, err = r.journal.Whole(ctx)
		}
		if err != nil {
			return nil, err
		}
		r.clean = r.clean && clean
		r.entry(migration.Info, "recognised", migration.Args{"server": former.Server}, "")
		if err := r.settleInFlight(ctx, r.engine.opts.Now(), !clean); err != nil {
			return nil, err
		}
	}
	return r.journal.Pairs(ctx)
}

// What is looked at to know an account again: of each folder the messages at both ends.
// What came last was not there yet when a finished pass copied from it, and what came
// first was not copied yet by one that was stopped.
const (
	endOfFolder = 50
	enoughOfAll = 200

	patientLooks = 6 // at folders that are refused, before it is decided without them
)

// isFormer reports whether a source is a former one: of what is looked at a good part
// was copied, where as much was copied. A wrong yes costs a comparison of headers, and
// no mail: no number is believed before a message of that header and size stands under it.
func (r *run) isFormer(ctx context.Context, former migration.Former) (bool, error) {
	looked, known := 0, 0
	var refused error
	for _, p := range former.Folders {
		f := r.folderOf(p.FolderPair)
		if f == nil || !f.opens() || p.Copies == 0 || looked >= enoughOfAll {
			continue
		}
		var prints []uint64
		err := r.patiently(ctx, r.src, SourceSide, func() (err error) { prints, err = r.endsOf(ctx, f); return err })
		var closed *folderError
		if errors.As(err, &closed) || isRefusal(err) || errors.Is(err, errIncomplete) {
			refused = err
			continue
		}
		if err != nil {
			return false, err
		}
		found, err := r.journal.CountCopies(ctx, former, p.ID, prints)
		if err != nil {
			return false, err
		}
		looked, known = looked+min(len(prints), p.Copies), known+min(found, p.Copies)
	}
	same := known > 0 && known*4 >= looked
	if r.looks++; !same && refused != nil && r.looks < patientLooks { // nobody has seen that it is another one
		return false, &Error{Side: SourceSide, Class: ClassTransport, Err: refused}
	}
	return same, nil
}

// endsOf returns the fingerprints of the messages that a source folder begins and ends
// with.
func (r *run) endsOf(ctx context.Context, f *folderRun) ([]uint64, error) {
	box, err := r.examine(ctx, f)
	if err != nil || box.Exists == 0 {
		return nil, err
	}
	first := min(box.Exists, endOfFolder)
	metas, err := r.listWindow(ctx, 1, first)
	if err != nil {
		return nil, err
	}
	if last := max(first, box.Exists-min(box.Exists, endOfFolder)); last < box.Exists {
		more, err := r.listWindow(ctx, last+1, box.Exists)
		if err != nil {
			return nil, err
		}
		metas = append(metas, more...)
	}
	headers, err := r.headersOf(ctx, metas)
	if err == nil && len(headers) == 0 {
		err = fmt.Errorf("%w: no header of %s", errIncomplete, f.display())
	}
	var prints []uint64
	for _, h := range headers {
		prints = append(prints, h.fingerprint())
	}
	return prints, err
}
