package imapsync

import (
	"context"
	"errors"
	"fmt"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Sync copies what the source has and the destination has not been given yet.
// Called twice, it copies nothing the second time, whatever ended the first.
//
// The error is about the run: nil means that every message has its outcome,
// which may be Failed. It is an *Error, or the context's when that ended; then
// the tally holds what was reached. When ctx ends, answers under way are awaited
// for Patience.Grace.
func (e *Engine) Sync(ctx context.Context, job Job, journal Journal, report Reporter) (migration.Tally, error) {
	r := e.newRun(ctx, job, journal, report)
	defer r.close()
	err := ending(ctx, r.sync(ctx))
	if err != nil {
		r.logTranscripts(err)
	}
	return r.tally, errors.Join(err, r.markClean(err != nil))
}

// ending returns the error of a run as Sync promises it.
func ending(ctx context.Context, err error) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w, after: %v", ctx.Err(), err) //nolint:errorlint // it was stopped; what else went wrong is no cause
	case ctx.Err() == nil && !errors.As(err, &known):
		return &Error{Side: DestinationSide, Class: ClassInternal, Err: err}
	default:
		return err
	}
}

// sync is the story of a run.
func (r *run) sync(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.persevere(ctx, r.survey); err != nil {
		return err
	}
	for _, f := range r.folders {
		if err := r.persevere(ctx, func(ctx context.Context) error { return r.syncFolder(ctx, f) }); err != nil {
			r.add(f)
			return err
		}
		r.finish(f)
	}
	return r.balance()
}

// syncFolder copies one folder. It begins anew each time it is called, from what
// the journal remembers.
func (r *run) syncFolder(ctx context.Context, f *folderRun) error {
	f.reset()
	r.report.Progress(f.display(), r.tally)
	err := r.walk(ctx, f)
	var folder *folderError
	switch {
	case errors.As(err, &folder):
		return r.failFolder(f, folder)
	case f.isStuck(err):
		return r.failFolder(f, &folderError{migration.ReasonFolderClosed, 0, err})
	default:
		return err
	}
}

// walk goes through one folder: what is there, what is known of it, what is to
// be done, and how it stood.
func (r *run) walk(ctx context.Context, f *folderRun) error {
	if err := r.reconnect(ctx); err != nil { // the last folder's trouble may have cost a connection
		return err
	}
	if f.pair.ID != 0 && (f.reason != "" || !f.opens()) {
		r.doubt = r.doubt || !r.clean // what the last run left there is not looked at
	}
	switch {
	case f.reason != "":
		return r.countExcluded(ctx, f)
	case !f.opens():
		return nil
	}
	box, err := r.examine(ctx, f)
	if err != nil {
		return err
	}
	if f.closed != nil {
		return &folderError{f.closed.reason, int(box.Exists), f.closed.err}
	}
	if err := r.shut[f.pair.ID]; err != nil {
		return &folderError{migration.ReasonFolderCreate, int(box.Exists), err}
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	if isUnchanged(f.pair, box.UIDValidity, box.UIDNext, box.Exists, box.HighestModSeq) && r.isSettled(f, known, int(box.Exists)) {
		return nil
	}
	asListed := *box // mail may come in while the copy goes on: that is for the next pass
	listing, known, err := r.takeStock(ctx, f, box, known)
	if err != nil {
		return err
	}
	if err := r.carryOut(ctx, f, planFolder(f.settled(listing), known, r.limits())); err != nil {
		return err
	}
	return r.remember(ctx, f, asListed)
}

// takeStock lists the open folder and sees to it that what is remembered goes
// by the UIDs that hold now.
func (r *run) takeStock(ctx context.Context, f *folderRun, box *wire.Mailbox, known []migration.MessageState) ([]meta, []migration.MessageState, error) {
	listing, err := r.listMessages(ctx, box)
	if err != nil {
		return nil, nil, err
	}
	if f.pair.UIDValidity != 0 && f.pair.UIDValidity != box.UIDValidity {
		f.forget()
		if known, err = r.renumber(ctx, f, listing, known); err != nil {
			return nil, nil, err
		}
	}
	return listing, known, r.rememberValidity(ctx, f, box.UIDValidity)
}

// carryOut does what a plan says.
func (r *run) carryOut(ctx context.Context, f *folderRun, p plan) error {
	f.count(p)
	if err := r.leaveOut(ctx, f, p.left); err != nil {
		return err
	}
	if len(p.copy) == 0 {
		return nil
	}
	if err := r.openTarget(ctx, f, len(p.copy)); err != nil {
		return err
	}
	// The folder's UIDVALIDITY goes first: what is adopted belongs to it.
	if err := r.journal.SavePair(ctx, &f.pair); err != nil {
		return err
	}
	missing, err := r.adoptTail(ctx, f, p.copy)
	if err != nil {
		return err
	}
	f.pair.Dest.UIDNext = f.low // not before the tail is adopted (I-5)
	if err := r.journal.SavePair(ctx, &f.pair); err != nil {
		return err
	}
	return r.copyMessages(ctx, f, missing)
}

var errUnbalanced = errors.New("not every message has an outcome")

// balance is rule V-1: a sum that does not come out is our own error, and is
// said so rather than shown as success.
func (r *run) balance() error {
	if r.tally.Balanced() {
		return nil
	}
	return &Error{Side: SourceSide, Class: ClassInternal, Err: fmt.Errorf("%w: %+v", errUnbalanced, r.tally)}
}
