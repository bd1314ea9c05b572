package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
	"trasloco/store"
)

// recordEvery is the rhythm in which what a run tells is written down.
const recordEvery = time.Second

// recorder listens to a run. It keeps the latest progress for those who look,
// and writes entries and exceptions down in batches. It implements
// imapsync.Reporter.
type recorder struct {
	store *store.Store
	now   func() time.Time
	file  string // the log of the run
	log   *runLog

	resource migration.Resource
	// run belongs to the goroutine below until end has been called.
	run migration.Run

	mu       sync.Mutex
	progress migration.Progress
	entries  []migration.Entry   // not written yet
	fresh    []migration.Outcome // not written yet
	outcomes []migration.Outcome // all of them

	stop, stopped chan struct{}
	err           error // of the goroutine, once it has stopped
}

var _ imapsync.Reporter = (*recorder)(nil)

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
	r.Entry(w.startEntry(t))
	go r.record(ctx)
	return r, nil
}

func (w *work) startEntry(t task) migration.Entry {
	source, destination := t.resource.Source, t.resource.Destination
	return migration.Entry{At: w.now(), Level: migration.Info, Code: "run_started", Args: migration.Args{
		"row": t.resource.Row, "pass": w.pass.Number, "run": t.run.ID,
		"source": source.Address(), "source_tls": string(source.TLS), "source_login": source.Auth.Login,
		"destination": destination.Address(), "destination_tls": string(destination.TLS), "destination_login": destination.Auth.Login,
	}}
}

// Progress replaces what was told before.
func (r *recorder) Progress(folder string, tally migration.Tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = migration.Progress{Status: migration.RunCopying, Folder: folder, Tally: tally}
}

// Message keeps an exception.
func (r *recorder) Message(o migration.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes, r.fresh = append(r.outcomes, o), append(r.fresh, o)
}

// Entry keeps a line of the log.
func (r *recorder) Entry(e migration.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
}

// latest returns where the run stands.
func (r *recorder) latest() migration.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

// take hands out what was not written yet.
func (r *recorder) take() (entries []migration.Entry, outcomes []migration.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, outcomes = r.entries, r.fresh
	r.entries, r.fresh = nil, nil
	return entries, outcomes
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
	if r.run.Status == migration.RunConnecting && r.latest().Status == migration.RunCopying {
		errs = append(errs, r.store.MoveRun(ctx, store.LocalCustomer, &r.run, migration.RunCopying))
	}
	entries, outcomes := r.take()
	if len(entries) > 0 {
		errs = append(errs, r.store.AppendEntries(ctx, store.LocalCustomer, r.run.ID, entries))
	}
	if len(outcomes) > 0 {
		errs = append(errs, r.store.SaveExceptions(ctx, store.LocalCustomer, r.run.ID, outcomes))
	}
	return errors.Join(append(errs, r.log.write(entries, outcomes, r.now()))...)
}

// end writes down the rest and moves the run to where it stands now. It returns
// the exceptions. After an error the run stays at work in the store, so that the
// next call goes on with it.
func (r *recorder) end(ctx context.Context, tally migration.Tally, v verdict) ([]migration.Outcome, error) {
	r.Entry(endEntry(r.now(), tally, v))
	close(r.stop)
	<-r.stopped
	r.run.Tally, r.run.RetryAt = tally, v.retryAt
	r.run.ErrorClass, r.run.ErrorText = string(v.class), v.detail
	err := errors.Join(r.err, r.log.close())
	if err == nil && !r.run.Status.CanBecome(v.status) { // it was over before it told of any progress
		err = r.store.MoveRun(ctx, store.LocalCustomer, &r.run, migration.RunCopying)
	}
	if err == nil {
		err = r.store.MoveRun(ctx, store.LocalCustomer, &r.run, v.status)
	}
	return r.outcomes, err
}

func endEntry(at time.Time, t migration.Tally, v verdict) migration.Entry {
	level := migration.Info
	if v.class != "" {
		level = migration.Failure
	}
	return migration.Entry{At: at, Level: level, Code: "run_ended", Args: migration.Args{
		"status": string(v.status), "listed": t.Listed, "copied": t.Copied, "present": t.Present,
		"skipped": t.Skipped, "failed": t.Failed, "bytes": t.Bytes, "class": string(v.class), "detail": v.detail,
	}}
}
