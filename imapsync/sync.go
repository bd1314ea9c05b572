package imapsync

import (
	"context"
	"errors"
	"fmt"

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
	err := fenced(SourceSide, func() error { return r.sync(ctx) })
	err = ofApp(job.Resource.Source.Auth, ending(ctx, err))
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
	for _, step := range []func(context.Context) error{
		r.survey,    // both trees, and which folder goes where
		r.walk,      // through all folders, until every message has its outcome
		r.lookAgain, // for what was taken for lost and may have come through after all
	} {
		if err := r.persevere(ctx, step); err != nil {
			r.addUnfinished()
			return err
		}
	}
	return r.balance()
}

// walk takes all folders that are not finished through the same steps, each of
// them for all folders at once, so that a round trip is paid once and not for
// each. When a connection breaks it begins anew, from what the journal remembers
// and without the folders that are finished.
func (r *run) walk(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.takeStock,    // what is there, while its places are made; what is known of it, what is to be done
		r.followMoves,  // what the source only moved is moved
		r.copyOnce,     // what stands under several labels is copied under the first
		r.openTargets,  // where copies will go; what is there already is adopted
		r.mergeFlags,   // flags that changed since they were copied
		r.closeIdle,    // folders with nothing to copy are finished by that
		r.copyMessages, // the others when their last message has its outcome
		r.closeLabels,  // and what else shows a message when that has its own
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
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
