package schedule

import (
	"context"
	"errors"
	"sync"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// checkWithin is how long the check of one row may take. The engine bears no
// long silence; this is for servers that go on talking.
const checkWithin = 10 * time.Minute

// takeChecks gives the free places of the pool to rows that wait for their
// check.
func (s *Scheduler) takeChecks(ctx context.Context) error {
	if s.checks.busy() {
		return nil
	}
	pauses, err := s.store.HostPauses(ctx)
	if err != nil {
		return err
	}
	waits := map[wait]migration.HostPause{}
	read := func(limit int) ([]migration.CheckJob, error) { return s.store.ChecksToMake(ctx, limit) }
	jobs, err := offered(read, func(job migration.CheckJob) bool {
		held, _ := heldBy(pauses, job.MigrationID, job.Resource)
		for _, p := range held {
			waits[wait{job.MigrationID, p.Key}] = p
		}
		return len(held) > 0
	})
	if err != nil {
		return err
	}
	s.tellHeld(ctx, waits)
	ofMigration := func(job migration.CheckJob) int64 { return job.MigrationID }
	fairly(jobs, s.checks.atWork(), s.checks.lastTurns(), ofMigration, func(job migration.CheckJob) bool {
		return !s.held[job.MigrationID] && s.checks.start(ctx, checkPiece(job), func(ctx context.Context) { s.check(ctx, job) })
	})
	return nil
}

// check looks at both ends of one row and stores what it found.
func (s *Scheduler) check(ctx context.Context, job migration.CheckJob) {
	if ctx.Err() != nil {
		return
	}
	keep := context.WithoutCancel(ctx)
	if err := s.store.StartCheck(keep, job.Customer, job.Resource.ID); err != nil {
		s.report("start check", err, "resource", job.Resource.ID)
		s.rest(ctx)
		return
	}
	s.hub.changed(job.MigrationID)
	fresh, err := s.store.CheckAtWork(keep, job.Customer, job.Resource.ID)
	var found migration.Check
	var folders migration.FolderInventory
	if err == nil {
		found, folders = s.checkBoth(ctx, fresh)
	}
	if err != nil {
		s.report("read check", err, "resource", job.Resource.ID)
		s.rest(ctx)
	}
	if err != nil || ctx.Err() != nil || found.Class == noTurn {
		found, folders = migration.Check{Status: migration.CheckWaiting, Addresses: found.Addresses}, nil // broken off: it says nothing
	}
	if found.NeedsServer() { // before anybody sees the row: whoever waits for it waits for this too
		s.wantServer(keep, fresh)
	}
	err = s.book.insist(func() error { return s.store.FinishCheck(keep, job.Customer, job.Resource.ID, found, folders...) })
	s.report("store check", err, "resource", job.Resource.ID)
	s.hub.changed(job.MigrationID)
}

func (s *Scheduler) checkBoth(ctx context.Context, row migration.CheckJob) (migration.Check, migration.FolderInventory) {
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	if err := s.openSecrets(ctx, row.Customer, &row.Resource); err != nil {
		return checkOf(s.now(), imapsync.Findings{}, imapsync.Findings{}, err), nil
	}
	trials, err := s.trialsOf(ctx, row.MigrationID, row.Resource)
	if err != nil {
		return checkOf(s.now(), imapsync.Findings{}, imapsync.Findings{}, err), nil
	}
	job := imapsync.Job{
		Resource: row.Resource, Type: row.Type, Trials: trials,
		Rules: s.rules(row.Type, row.Provider, row.Chosen), MaxSize: s.policy.MaxMessageSize,
	}
	var source, destination imapsync.Findings
	var sourceErr, destinationErr error
	var ends sync.WaitGroup
	ends.Go(func() {
		sourceErr = s.checked(func() (err error) { source, err = s.engine.CheckSource(ctx, job); return err })
	})
	ends.Go(func() {
		destinationErr = s.checked(func() (err error) { destination, err = s.engine.CheckDestination(ctx, job); return err })
	})
	ends.Wait()
	if sourceErr == nil {
		sourceErr = sided(imapsync.DestinationSide, destinationErr)
	}
	return checkOf(s.now(), source, destination, sided(imapsync.SourceSide, sourceErr)), imapsync.Places(source, destination)
}

// noTurn marks a check that came to nothing since its server had no place for it, or is
// paused.
const noTurn = "no_turn"

// checked is guarded, with the stack for the operator alone.
func (s *Scheduler) checked(do func() error) error {
	err := guarded(do)
	if errors.Is(err, errPanic) {
		s.report("check", err)
		err = errPanic
	}
	return err
}

// sided gives an error that is the context's the side it came from.
func sided(side imapsync.Side, err error) error {
	var known *imapsync.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &imapsync.Error{Side: side, Class: imapsync.ClassTransport, Err: err}
}

// checkOf puts down what was found. Of two ends that fail the source is named.
func checkOf(at time.Time, source, destination imapsync.Findings, err error) migration.Check {
	c := migration.Check{
		Status: migration.CheckPassed, At: at,
		Folders: source.Folders, Messages: source.Messages, Bytes: source.Bytes, Oversize: source.Oversize, Rate: source.Rate,
		Master: source.Master, Addresses: source.Addresses, Shown: source.Shown, Hidden: source.Hidden,
	}
	if quota := destination.Quota; quota != nil {
		c.QuotaUsed, c.QuotaLimit = quota.Used, quota.Limit
	}
	if paused := (*imapsync.PausedError)(nil); errors.Is(err, imapsync.ErrNoTurn) || errors.As(err, &paused) {
		c.Class = noTurn
	} else if err != nil {
		fault := imapsync.FaultOf(err)
		c.Status, c.Side, c.Class = migration.CheckFailed, string(fault.Side), string(fault.Class)
		c.Detail, c.ServerText, c.Certificate = fault.Detail, fault.ServerText, fault.Certificate
	}
	return c
}

// settle gives validating migrations their verdict once their checks are over.
func (s *Scheduler) settle(ctx context.Context) error {
	all, err := s.store.Validating(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		over := m.Checks.Over()
		if !over {
			if over, err = s.isStuck(ctx, m); err != nil {
				return err
			}
		}
		if !over || s.held[m.ID] {
			continue
		}
		if err := s.settleOne(ctx, m); err != nil {
			s.report("store verdict", err, "migration", m.Code)
		}
	}
	return nil
}

func (s *Scheduler) settleOne(ctx context.Context, m migration.Migration) error {
	verdict := m.Checks.Verdict()
	var passes []migration.Pass
	var notices []migration.Notice
	if verdict == migration.Valid {
		passes = migration.PlanWhenValid(s.policy, m.Passes, s.now())
	} else {
		notices = append(notices, s.notice(m, migration.NoticeInvalid, 0))
	}
	if err := s.store.Settle(ctx, m.CustomerID, &m, verdict, passes, notices...); err != nil {
		return err
	}
	s.hub.changed(m.ID)
	s.notices.nudge()
	return nil
}
