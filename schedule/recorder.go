package schedule

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// logbook writes down what the runs at work tell: their lines and exceptions in
// batches, the progress of all in one transaction, no more than once a beat. The
// hub hears of progress at once.
type logbook struct {
	store runStore
	hub   *Hub
	now   func() time.Time
	log   *slog.Logger
	again time.Duration // before what could not be written is tried again
	life  <-chan struct{}

	sampled time.Time // when it was last looked how far the passes are; of the beat

	mu   sync.Mutex
	open map[*recorder]bool
}

// recorder listens to one run.
type recorder struct {
	imapsync.Notes
	book *logbook
	job  migration.RunJob

	saved migration.RunProgress // belongs to the beat of the logbook

	mu  sync.Mutex // held while something is written
	run migration.Run
}

var _ imapsync.Reporter = (*recorder)(nil)

// begin moves a run to connecting and records it from then on. What it told of
// its messages before is forgotten: it tells all of it again.
func (b *logbook) begin(ctx context.Context, job migration.RunJob) (*recorder, error) {
	r := &recorder{book: b, job: job, run: job.Run}
	if err := b.store.MoveRun(ctx, job.Customer, &r.run, migration.RunConnecting); err != nil {
		return nil, err
	}
	r.Entry(imapsync.StartedEntry(b.now(), imapsync.Job{Resource: job.Resource, Pass: job.Pass}, r.run.ID))
	r.tell(r.run.Status, "", r.run.Tally)
	b.mu.Lock()
	b.open[r] = true
	b.mu.Unlock()
	return r, b.store.ClearExceptions(ctx, job.Customer, r.run.ID)
}

// Progress replaces what was told before.
func (r *recorder) Progress(folder string, tally migration.Tally) {
	r.Notes.Progress(folder, tally)
	r.tell(migration.RunCopying, folder, tally)
}

func (r *recorder) tell(status migration.RunStatus, folder string, tally migration.Tally) {
	r.book.hub.tell(r.job.MigrationID, migration.Progress{
		RunID: r.job.Run.ID, Status: status, Folder: folder, Tally: tally, UpdatedAt: r.book.now(),
	})
}

// write is the beat of the logbook.
func (b *logbook) write(ctx context.Context) {
	b.mu.Lock()
	open := make([]*recorder, 0, len(b.open))
	for r := range b.open {
		open = append(open, r)
	}
	b.mu.Unlock()
	slices.SortFunc(open, func(x, y *recorder) int { return int(x.job.Run.ID - y.job.Run.ID) })
	var news []*recorder
	var progress []migration.RunProgress
	for _, r := range open {
		if err := r.write(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("log of a run not written", "run", r.job.Run.ID, "error", err)
		}
		if p, fresh := r.progress(); fresh {
			news, progress = append(news, r), append(progress, p)
		}
	}
	if len(progress) > 0 {
		if err := b.store.SaveProgress(ctx, progress); err != nil {
			if ctx.Err() == nil {
				b.log.Error("progress not written", "runs", len(progress), "error", err)
			}
			return
		}
	}
	for i, r := range news {
		r.saved = progress[i]
	}
	if len(open) > 0 {
		b.sample(ctx)
	}
}

// sampleLook is how often it is looked whether a pass is to be sampled. The store
// knows which.
const sampleLook = 5 * time.Second

// sample notes how far the passes are. A curve with a gap is no trouble.
func (b *logbook) sample(ctx context.Context) {
	now := b.now()
	if now.Sub(b.sampled) < sampleLook {
		return
	}
	b.sampled = now
	if err := b.store.SampleRunning(ctx); err != nil && ctx.Err() == nil {
		b.log.Warn("how far passes are was not noted", "error", err)
	}
}

// write puts down what has come in since the last time. What could not be
// written is kept for the next.
func (r *recorder) write(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run.Status != migration.RunConnecting && r.run.Status != migration.RunCopying {
		return nil // its end has written all
	}
	if _, tally, begun := r.Latest(); begun && r.run.Status == migration.RunConnecting {
		r.run.Tally = tally
		if err := r.move(ctx, migration.RunCopying); err != nil {
			return err
		}
	}
	return r.writeNotes(ctx)
}

// move is the guarded move of the run; the lock is held.
func (r *recorder) move(ctx context.Context, to migration.RunStatus) error {
	return r.book.store.MoveRun(ctx, r.job.Customer, &r.run, to)
}

func (r *recorder) writeNotes(ctx context.Context) error {
	entries, outcomes := r.Take()
	if len(entries) > 0 {
		if err := r.book.store.AppendEntries(ctx, r.job.Customer, r.run.ID, entries); err != nil {
			r.Untake(entries, outcomes)
			return err
		}
	}
	if len(outcomes) > 0 {
		if err := r.book.store.SaveExceptions(ctx, r.job.Customer, r.run.ID, outcomes); err != nil {
			r.Untake(nil, outcomes)
			return err
		}
	}
	return r.writeFolders(ctx)
}

func (r *recorder) writeFolders(ctx context.Context) error {
	folders := r.TakeFolders()
	if len(folders) == 0 {
		return nil
	}
	err := r.book.store.SaveFolders(ctx, r.job.Customer, r.run.ID, folders)
	if err != nil {
		r.UntakeFolders(folders)
	}
	return err
}

// progress returns where the run stands, and whether that is news.
func (r *recorder) progress() (migration.RunProgress, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	folder, tally, begun := r.Latest()
	p := migration.RunProgress{Customer: r.job.Customer, RunID: r.run.ID, Tally: tally, Folder: folder}
	return p, begun && p != r.saved && r.run.Status == migration.RunCopying
}

// end writes down the rest and moves the run to where it stands now. It tries
// until that is done, or the program stops: the next start goes on with the run
// then.
func (r *recorder) end(ctx context.Context, tally migration.Tally, end imapsync.Ending) {
	r.Entry(imapsync.EndedEntry(r.book.now(), tally, end))
	err := r.book.insist(func() error { return r.finish(ctx, tally, end) })
	if err != nil {
		r.book.log.Error("end of a run not written", "run", r.job.Run.ID, "status", end.Status, "error", err)
	}
	r.book.mu.Lock()
	delete(r.book.open, r)
	r.book.mu.Unlock()
	r.tell(end.Status, "", r.run.Tally)
}

func (r *recorder) finish(ctx context.Context, tally migration.Tally, end imapsync.Ending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.writeNotes(ctx); err != nil {
		return err
	}
	if _, _, begun := r.Latest(); begun || end.Status == migration.RunDone {
		r.run.Tally = tally // else what it had reached before it was interrupted or parked stands
	}
	r.run.RetryAt = end.RetryAt
	r.run.ErrorClass, r.run.ErrorText = string(end.Class), end.Detail
	if refused := r.job.Resource.Refused; end.Certificate != refused && end.Status != migration.RunInterrupted {
		if err := r.book.store.RefuseCertificate(ctx, r.job.Customer, r.job.Resource.ID, end.Certificate); err != nil {
			return err
		}
	}
	if !r.run.Status.CanBecome(end.Status) { // it was over before it told of any progress
		if err := r.move(ctx, migration.RunCopying); err != nil {
			return err
		}
		r.run.RetryAt = end.RetryAt
	}
	return r.move(ctx, end.Status)
}

// insist repeats a write until it succeeds, somebody else moved the row, or the
// program stops.
func (b *logbook) insist(write func() error) error {
	for {
		err := write()
		if err == nil || errors.Is(err, migration.ErrConflict) || errors.Is(err, migration.ErrNotFound) {
			return err
		}
		select {
		case <-time.After(b.again):
		case <-b.life:
			return err
		}
	}
}
