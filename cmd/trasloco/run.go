package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"trasloco/imapsync"
	"trasloco/migration"
	"trasloco/store"
)

// work is one call of run: a pass over the resources of a file.
type work struct {
	*program
	settings settings
	store    *store.Store
	engine   *imapsync.Engine
	board    *board
	pass     migration.Pass
	tasks    []task
}

// task is a resource with its run in the pass.
type task struct {
	resource migration.Resource
	run      migration.Run
}

// run moves the resources and returns the exit code.
func (p *program) run(ctx context.Context, s settings, resources []migration.Resource) int {
	memory, err := store.Open(context.WithoutCancel(ctx), s.state, store.Options{Now: p.now})
	if err != nil {
		return p.refuse(ctx, s.json, []migration.Problem{stateProblem(s, err)})
	}
	// What was begun is written down to the end, also after a signal.
	w := &work{program: p, settings: s, store: memory, engine: p.engine(s, memory.TempDir())}
	err = w.begin(context.WithoutCancel(ctx), resources)
	if err != nil {
		problem := stateProblem(s, errors.Join(err, memory.Close()))
		return p.refuse(ctx, s.json, []migration.Problem{problem})
	}
	results := w.moveAll(ctx)
	err = errors.Join(w.end(context.WithoutCancel(ctx), results), memory.Close())
	return w.tellResults(ctx, results, err)
}

// begin opens the pass: the one that was not finished, or the next.
func (w *work) begin(ctx context.Context, resources []migration.Resource) error {
	if err := w.store.Recover(ctx); err != nil {
		return err
	}
	id, err := w.store.EnsureLocal(ctx)
	if err != nil {
		return err
	}
	if w.pass, err = w.store.OpenPass(ctx, store.LocalCustomer, id); err != nil {
		return err
	}
	for _, r := range resources {
		if err := w.store.SaveResource(ctx, store.LocalCustomer, id, &r); err != nil {
			return err
		}
		run, err := w.store.StartRun(ctx, store.LocalCustomer, w.pass.ID, r.ID)
		if err == nil && run.Status == migration.RunFailed { // perhaps its row was corrected
			run, err = w.store.RestartRun(ctx, store.LocalCustomer, run)
		}
		if err != nil {
			return err
		}
		w.tasks = append(w.tasks, task{r, run})
	}
	return nil
}

// moveAll brings every task as far as it goes. The results are in the order of
// the file.
func (w *work) moveAll(ctx context.Context) []result {
	results := make([]result, len(w.tasks))
	w.board = w.newBoard(ctx, w.settings.quiet, len(w.tasks))
	defer w.board.close()
	destination := func(i int) string { return w.tasks[i].resource.DestinationKey() }
	inTurn(len(w.tasks), w.settings.parallel, destination, func(i int) {
		results[i] = w.move(ctx, w.tasks[i])
		w.board.finished(resultLine(ctx, results[i]))
	})
	return results
}

// move brings one resource as far as it goes in this call.
func (w *work) move(ctx context.Context, t task) result {
	keep := context.WithoutCancel(ctx)
	switch {
	case t.run.Status.Ended():
		return w.recall(keep, t)
	case ctx.Err() != nil:
		return result{resource: t.resource, run: t.run}
	}
	rec, err := w.startRecorder(keep, t)
	if err != nil {
		return result{resource: t.resource, run: t.run, err: err}
	}
	began := w.now()
	w.board.started(rec)
	tally, err := w.engine.Sync(ctx, w.job(t.resource), w.store.Journal(store.LocalCustomer, t.resource.ID, w.pass.Number), rec)
	w.board.stopped(rec)
	if stumbled := new(imapsync.PanicError); errors.As(err, &stumbled) {
		fmt.Fprintf(w.stderr, "trasloco run: %v\n%s", err, stumbled.Stack)
	}
	outcomes, err := rec.end(keep, tally, imapsync.EndingOf(ctx, err, w.now()))
	return result{
		resource: t.resource, run: rec.run, exceptions: outcomes,
		took: w.now().Sub(began), log: rec.file, err: err,
	}
}

// rules are those that hold for every row.
func (s settings) rules() migration.FolderRules {
	rules := imapsync.DefaultRules(s.serverType)
	rules.Labels = s.labels
	return rules
}

func (w *work) job(r migration.Resource) imapsync.Job {
	return imapsync.Job{
		Resource: r, Type: w.settings.serverType, Pass: w.pass.Number,
		Rules: w.settings.rules(), MaxSize: w.settings.maxSize, DayLimit: w.settings.dayLimit,
	}
}

// recall returns what an earlier call of this pass has brought to its end.
func (w *work) recall(ctx context.Context, t task) result {
	exceptions, err := w.store.Exceptions(ctx, store.LocalCustomer, t.run.ID)
	return result{
		resource: t.resource, run: t.run, exceptions: exceptions,
		took: t.run.Took(t.run.EndedAt), log: w.logFile(t), err: err,
	}
}

// end closes the pass if nothing of this file is left to do in it but what is
// parked: the others must not wait for that. Else the next call goes on with it.
func (w *work) end(ctx context.Context, results []result) error {
	for _, r := range results {
		if !r.run.Status.Ended() && r.run.Status != migration.RunParked {
			return w.store.InterruptPass(ctx, store.LocalCustomer, &w.pass)
		}
	}
	return w.store.FinishPass(ctx, store.LocalCustomer, &w.pass)
}

func (w *work) logFile(t task) string {
	return filepath.Join(w.settings.state, "log", logName(t.resource.Row, w.pass.Number))
}
