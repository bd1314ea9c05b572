package main

import (
	"context"
	"errors"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
	"trasloco/store"
)

// recordEvery is the rhythm in which what a run tells is written down.
const recordEvery = time.Second

// recorder listens to a run: it writes entries and exceptions down in batches,
// and keeps the latest progress for those who look.
type recorder struct {
	imapsync.Notes
	store *store.Store
	now   func() time.Time
	file  string // the log of the run
	log   *runLog

	resource migration.Resource

	// These belong to the goroutine below until it has stopped.
	run      migration.Run
	outcomes []migration.Outcome // all of them
	err      error

	stop, stopped chan struct{}
}

// startRecorder moves the run to connecting and begins to record it. What an
// interrupted run told of its messages is forgotten: it tells all of it again.
func (w *work) startRecorder(ctx context.Context, t task) (*recorder, error) {
	if err := w.store.ClearExceptions(ctx, store.LocalCustomer, t.run.ID); err != nil {
		return nil, err
	}
	log, err := openRunLog(w.logFile(t))
	if err != nil {
		return nil, err
	}
	if err := w.store.MoveRun(ctx, store.LocalCustomer, &t.run, migration.RunConnecting); err != nil {
		return nil, errors.Join(err, log.close())
	}
	r := &recorder{
		store: w.store, now: w.now, file: w.logFile(t), log: log,
		resource: t.resource, run: t.run,
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	r.Entry(imapsync.StartedEntry(w.now(), w.job(t.resource), t.run.ID))
	go r.record(ctx)
	return r, nil
}

func (r *recorder) record(ctx context.Context) {
	defer close(r.stopped)
	rhythm := time.NewTicker(recordEvery)
	defer rhythm.Stop()
	for {
		select {
		case <-rhythm.C:
			r.err = errors.Join(r.err, r.write(ctx))
		case <-r.stop:
			r.err = errors.Join(r.err, r.write(ctx))
			return
		}
	}
}

// write puts down what has come in since the last time.
func (r *recorder) write(ctx context.Context) error {
	var errs []error
	if _, _, begun := r.Latest(); begun && r.run.Status == migration.RunConnecting {
		errs = append(errs, r.store.MoveRun(ctx, store.LocalCustomer, &r.run, migration.RunCopying))
	}
	entries, outcomes := r.Take()
	r.outcomes = append(r.outcomes, outcomes...)
	if len(entries) > 0 {
		errs = append(errs, r.store.AppendEntries(ctx, store.LocalCustomer, r.run.ID, entries))
	}
	if len(outcomes) > 0 {
		errs = append(errs, r.store.SaveExceptions(ctx, store.LocalCustomer, r.run.ID, outcomes))
	}
	if folders := r.TakeFolders(); len(folders) > 0 {
		errs = append(errs, r.store.SaveFolders(ctx, store.LocalCustomer, r.run.ID, folders))
	}
	return errors.Join(append(errs, r.log.write(entries, outcomes, r.now()))...)
}

// end writes down the rest and moves the run to where it stands now. It returns
// the exceptions. After an error the run stays at work in the store, so that the
// next call goes on with it.
func (r *recorder) end(ctx context.Context, tally migration.Tally, end imapsync.Ending) ([]migration.Outcome, error) {
	r.Entry(imapsync.EndedEntry(r.now(), tally, end))
	close(r.stop)
	<-r.stopped
	r.run.Tally, r.run.RetryAt = tally, end.RetryAt
	r.run.ErrorClass, r.run.ErrorText = string(end.Class), end.Detail
	err := errors.Join(r.err, r.log.close())
	if err == nil && !r.run.Status.CanBecome(end.Status) { // it was over before it told of any progress
		err = r.store.MoveRun(ctx, store.LocalCustomer, &r.run, migration.RunCopying)
	}
	if err == nil {
		err = r.store.MoveRun(ctx, store.LocalCustomer, &r.run, end.Status)
	}
	return r.outcomes, err
}
