package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// offer is how many pieces of work the database is asked for at once. They come
// from all migrations in turn, so whoever has something to do is among them.
const offer = 1000

// lookAgain is after how long a run that waits for a person looks by itself: that
// somebody has made room in a full mailbox nobody tells.
const lookAgain = time.Hour

// takeRuns gives the free places of the pool to runs that may be taken. The lock
// of the scheduler is held: nobody pauses or cancels between the question and
// the start.
func (s *Scheduler) takeRuns(ctx context.Context) error {
	if s.runs.busy() {
		return nil
	}
	pauses, err := s.store.HostPauses(ctx)
	if err != nil {
		return err
	}
	read := func(limit int) ([]migration.RunJob, error) { return s.store.Claimable(ctx, s.now(), limit) }
	jobs, err := offered(read, func(job migration.RunJob) bool { // it is parked for that already
		held, _ := heldBy(pauses, job.MigrationID, job.Resource)
		return len(held) > 0 && job.Run.Status == migration.RunParked
	})
	if err != nil {
		return err
	}
	ofMigration := func(job migration.RunJob) int64 { return job.MigrationID }
	fairly(jobs, s.runs.atWork(), s.runs.lastTurns(), ofMigration, func(job migration.RunJob) bool {
		one := runPiece(job)
		one.most = s.engine.Places(job.Resource.Source) // C-1: who would only wait takes no place
		return !s.held[job.MigrationID] && s.runs.start(ctx, one, func(ctx context.Context) { s.run(ctx, job) })
	})
	return nil
}

// run brings one resource as far as it goes in its pass. What was begun is
// written down to the end, also when ctx ends.
func (s *Scheduler) run(ctx context.Context, job migration.RunJob) {
	if ctx.Err() != nil {
		return
	}
	keep := context.WithoutCancel(ctx)
	rec, err := s.book.begin(keep, job)
	if err != nil {
		s.report("start run", err, "run", job.Run.ID)
		s.rest(ctx)
	}
	if rec == nil {
		return
	}
	var tally migration.Tally
	end := imapsync.Ending{Status: migration.RunInterrupted}
	if err == nil {
		tally, err = s.sync(ctx, job, rec)
		end = imapsync.EndingOf(ctx, err, s.now())
	}
	if end.Status == migration.RunParked && end.RetryAt.IsZero() {
		end.RetryAt = s.now().Add(lookAgain)
	}
	rec.end(keep, tally, end)
	s.tellParked(keep, job.MigrationID, err)
}

func (s *Scheduler) sync(ctx context.Context, job migration.RunJob, rec *recorder) (migration.Tally, error) {
	if err := s.openSecrets(ctx, job.Customer, &job.Resource); err != nil {
		return migration.Tally{}, err
	}
	s.freeze(ctx, &job)
	gmail, rules := job.Gmail.Over(s.policy), s.rules(job.Type, job.Provider, job.Chosen)
	rules.Labels = gmail.Labels
	trials, err := s.trialsOf(ctx, job.MigrationID, job.Resource)
	if err != nil {
		return migration.Tally{}, err
	}
	var tally migration.Tally
	err = guarded(func() (err error) {
		tally, err = s.engine.Sync(ctx, imapsync.Job{
			Resource: job.Resource, Type: job.Type, Pass: job.Pass,
			Rules: rules, MaxSize: s.policy.MaxMessageSize, DayLimit: gmail.DayLimit, Trials: trials,
		}, s.journal(job.Customer, job.Resource.ID, job.Pass), rec)
		return err
	})
	var stumbled *imapsync.PanicError
	if errors.As(err, &stumbled) {
		s.report("run", fmt.Errorf("%w\n%s", err, stumbled.Stack), "resource", job.Resource.ID)
	}
	if errors.Is(err, errPanic) {
		s.report("run", err, "resource", job.Resource.ID)
		err = errPanic // the stack is for the operator
	}
	return tally, err
}

// freeze settles at which addresses the source of a run is read, in this and in all
// later passes, where its check did not (S7): its host was corrected, or an admin
// had it looked up again. Where that fails the run finds out, and says so.
func (s *Scheduler) freeze(ctx context.Context, job *migration.RunJob) {
	source := &job.Resource.Source
	if source.Addresses != "" {
		return
	}
	addresses, err := s.engine.Resolve(ctx, *source)
	if err != nil || addresses == "" {
		return
	}
	err = s.book.insist(func() error {
		return s.store.Freeze(context.WithoutCancel(ctx), job.Customer, job.Resource.ID, addresses)
	})
	s.report("freeze addresses", err, "resource", job.Resource.ID)
	source.Addresses = addresses
}

// rules are those of the installation, of the type of server and its provider, and of
// the admin.
func (s *Scheduler) rules(kind migration.ServerType, provider string, chosen migration.FolderChoices) migration.FolderRules {
	rules := imapsync.RulesFor(kind, migration.ProviderNamed(provider), s.policy.Folders)
	rules.Chosen = chosen
	return rules
}

// openSecrets sets the secrets of both ends. Without them a person has to bring
// the file once more, so this ends a run and is not tried again.
func (s *Scheduler) openSecrets(ctx context.Context, customer int64, r *migration.Resource) error {
	err := s.store.OpenResource(context.WithoutCancel(ctx), customer, r)
	if err != nil {
		return &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassSecrets, Err: err}
	}
	return nil
}

// rest keeps the place of a piece that could not even begin for a moment, so
// that a store in trouble is not asked as fast as it can refuse.
func (s *Scheduler) rest(ctx context.Context) {
	await(ctx, nil, time.After(s.book.again))
}
