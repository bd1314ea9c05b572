package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trasloco/migration"
)

// How long a person waits at most for what was asked.
const (
	pauseWithin  = 30 * time.Second
	cancelWithin = 5 * time.Second
	testWithin   = 25 * time.Second // before the browser is told that nothing came of it
)

var (
	errPaused    = errors.New("somebody paused the pass")
	errCancelled = errors.New("somebody cancelled the migration")
)

// anyCustomer stands for the operator and the scheduler itself.
const anyCustomer int64 = 0

// Wake makes what is due start now instead of at the next tick. It does not
// block.
func (s *Scheduler) Wake() { s.ticks.nudge() }

// Pause holds the running pass of a migration until somebody resumes or cancels
// it. It returns when its runs are written down as interrupted, or after 30
// seconds with an error; the pass is paused all the same. m is read anew.
//
// Where no pass runs it is migration.ErrConflict.
func (s *Scheduler) Pause(ctx context.Context, customer int64, m *migration.Migration) error {
	// What was begun is brought to its end, whether or not the browser waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseWithin)
	defer cancel()
	err := s.decide(ctx, customer, m, func() error { return s.pausePass(ctx, customer, *m) })
	if err != nil {
		return fmt.Errorf("pause migration %s: %w", m.Code, err)
	}
	err = s.runs.stop(ctx, m.ID, errPaused)
	return errors.Join(err, s.reread(context.WithoutCancel(ctx), customer, m))
}

func (s *Scheduler) pausePass(ctx context.Context, customer int64, m migration.Migration) error {
	pass, open := migration.Current(m.Passes)
	if !open || pass.Status != migration.PassRunning {
		return migration.ErrConflict
	}
	return s.store.PausePass(ctx, customer, &pass)
}

// Resume goes on with the paused pass of a migration. m is read anew. Where no
// pass is paused it is migration.ErrConflict.
func (s *Scheduler) Resume(ctx context.Context, customer int64, m *migration.Migration) error {
	err := s.decide(ctx, customer, m, func() error {
		pass, open := migration.Current(m.Passes)
		if !open || pass.Status != migration.PassPaused {
			return migration.ErrConflict
		}
		return s.store.BeginPass(ctx, customer, &pass)
	})
	if err != nil {
		return fmt.Errorf("resume migration %s: %w", m.Code, err)
	}
	return s.reread(ctx, customer, m)
}

// Cancel ends a migration for good; what was copied stays copied. A running pass
// is paused first, so that it stays held should the program die before the rest
// is done. Its runs have 5 seconds to stop; after that it is an error, and the
// pass is left paused. m is read anew.
//
// Where nothing can be cancelled any more it is migration.ErrConflict.
func (s *Scheduler) Cancel(ctx context.Context, customer int64, m *migration.Migration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
	defer cancel()
	if err := s.decide(ctx, customer, m, func() error { return s.hold(ctx, customer, *m) }); err != nil {
		return fmt.Errorf("cancel migration %s: %w", m.Code, err)
	}
	defer s.release(m.ID)
	err := errors.Join(s.runs.stop(ctx, m.ID, errCancelled), s.checks.stop(ctx, m.ID, errCancelled))
	if err == nil {
		*m, err = s.store.MigrationByID(ctx, customer, m.ID)
	}
	if err == nil {
		err = s.store.Cancel(ctx, customer, m)
	}
	s.hub.changed(m.ID)
	if err != nil {
		return fmt.Errorf("cancel migration %s: %w", m.Code, err)
	}
	return nil
}

// hold keeps everything of a migration from starting; the lock is held.
func (s *Scheduler) hold(ctx context.Context, customer int64, m migration.Migration) error {
	if s.held[m.ID] || !m.Validity.CanBecome(migration.Cancelled) || m.IsOver() {
		return migration.ErrConflict
	}
	if pass, open := migration.Current(m.Passes); open && pass.Status == migration.PassRunning {
		if err := s.store.PausePass(ctx, customer, &pass); err != nil {
			return err
		}
	}
	s.held[m.ID] = true
	return nil
}

func (s *Scheduler) release(migrationID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, migrationID)
}

// RunNow brings the next planned pass forward to now; the first takes the second
// along. m is read anew. Where no pass waits for its time, and where the
// migration is not valid, it is migration.ErrConflict.
func (s *Scheduler) RunNow(ctx context.Context, customer int64, m *migration.Migration) error {
	err := s.decide(ctx, customer, m, func() error {
		if m.Validity != migration.Valid {
			return migration.ErrConflict
		}
		moved, err := migration.BringForward(s.policy, m.Passes, s.now())
		if err != nil {
			return err
		}
		return s.store.MovePasses(ctx, customer, m.Passes, moved)
	})
	if err != nil {
		return fmt.Errorf("start next pass of migration %s: %w", m.Code, err)
	}
	return s.reread(ctx, customer, m)
}

// Retry opens the last pass that is done once more for what failed in it: for the
// resources whose run failed or that have messages that failed, or for the one on
// that row of the file; 0: all of them. The engine copies what is missing and
// nothing twice. m is read anew.
//
// Where nothing failed, a pass is under way or due, or the secrets are gone, it
// is migration.ErrConflict.
func (s *Scheduler) Retry(ctx context.Context, customer int64, m *migration.Migration, row int) error {
	err := s.decide(ctx, customer, m, func() error {
		pass, can := m.Retryable(s.now())
		if !can || s.held[m.ID] {
			return migration.ErrConflict
		}
		return s.store.RetryFailed(ctx, customer, &pass, row)
	})
	if err != nil {
		return fmt.Errorf("retry what failed of migration %s: %w", m.Code, err)
	}
	return s.reread(ctx, customer, m)
}

// decide reads m anew and lets act decide by it, while no tick moves anything.
func (s *Scheduler) decide(ctx context.Context, customer int64, m *migration.Migration, act func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh, err := s.store.MigrationByID(ctx, customer, m.ID)
	if err != nil {
		return err
	}
	*m = fresh
	return act()
}

// reread shows a change to everybody: the caller, those who watch, and the tick.
func (s *Scheduler) reread(ctx context.Context, customer int64, m *migration.Migration) error {
	s.hub.changed(m.ID)
	s.Wake()
	fresh, err := s.store.MigrationByID(ctx, customer, m.ID)
	if err == nil {
		*m = fresh
	}
	return err
}

// TestDestination logs in to a mailbox of a destination server and looks around;
// it stores and deletes nothing. Where the server has no master user the
// mailbox's own password is taken from d. What is wrong stands in the answer;
// the error is the context's, or that of a minute gone by.
func (s *Scheduler) TestDestination(
	ctx context.Context, d migration.Destination, mailbox string,
) (migration.ServerTest, error) {
	ctx, cancel := context.WithTimeout(ctx, testWithin)
	defer cancel()
	return s.engine.Probe(ctx, d.For(mailbox, d.Endpoint.Auth.Password))
}
