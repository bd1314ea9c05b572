package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

const runColumns = `r.id, r.pass_id, r.resource_id, r.status, r.listed, r.copied, r.present, r.skipped, r.failed,
	r.bytes, r.retry_at, r.started_at, r.ended_at, r.error_class, r.error_text, r.worked, r.resumed_at`

// runFields is where runColumns are read to.
type runFields struct {
	run                            migration.Run
	retry, started, ended, resumed sql.NullInt64
	worked                         int64 // milliseconds
}

func (f *runFields) into() []any {
	r, t := &f.run, &f.run.Tally
	return []any{
		&r.ID, &r.PassID, &r.ResourceID, &r.Status, &t.Listed, &t.Copied, &t.Present, &t.Skipped, &t.Failed,
		&t.Bytes, &f.retry, &f.started, &f.ended, &r.ErrorClass, &r.ErrorText, &f.worked, &f.resumed,
	}
}

func (f *runFields) value() migration.Run {
	f.run.RetryAt, f.run.StartedAt, f.run.EndedAt = fromMillis(f.retry), fromMillis(f.started), fromMillis(f.ended)
	f.run.Worked, f.run.ResumedAt = time.Duration(f.worked)*time.Millisecond, fromMillis(f.resumed)
	return f.run
}

func scanRun(row scanner) (migration.Run, error) {
	var f runFields
	err := row.Scan(f.into()...)
	return f.value(), err
}

// StartRun returns the run of a resource in a pass, as it stands, or makes it
// waiting. The resource and the pass must belong to one migration.
func (s *Store) StartRun(ctx context.Context, customer, passID, resourceID int64) (migration.Run, error) {
	var run migration.Run
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO run (customer_id, pass_id, resource_id, status)
			SELECT p.customer_id, p.id, r.id, $4
			FROM pass p JOIN resource r ON r.migration_id = p.migration_id
			WHERE p.customer_id = $1 AND p.id = $2 AND r.id = $3
			ON CONFLICT (pass_id, resource_id) DO NOTHING`,
			customer, passID, resourceID, migration.RunWaiting)
		if err != nil {
			return err
		}
		run, err = queryOne(ctx, tx, scanRun, `
			SELECT `+runColumns+` FROM run r
			WHERE r.customer_id = $1 AND r.pass_id = $2 AND r.resource_id = $3`, customer, passID, resourceID)
		return err
	})
	if err != nil {
		return migration.Run{}, fmt.Errorf("start run of resource %d in pass %d: %w", resourceID, passID, err)
	}
	return run, nil
}

// RestartRun puts a new run in the place of a failed one, for somebody who asks
// for another attempt in the same pass. What was recorded of the failed run is
// forgotten. A run that is not failed is migration.ErrConflict.
func (s *Store) RestartRun(ctx context.Context, customer int64, failed migration.Run) (migration.Run, error) {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			DELETE FROM run WHERE customer_id = $1 AND id = $2 AND status = $3`, customer, failed.ID, migration.RunFailed)
	})
	if err != nil {
		return migration.Run{}, fmt.Errorf("restart run %d: %w", failed.ID, err)
	}
	return s.StartRun(ctx, customer, failed.PassID, failed.ResourceID)
}

// Runs returns the runs of a pass, in the order of the rows of their file.
func (s *Store) Runs(ctx context.Context, customer, passID int64) ([]migration.Run, error) {
	runs, err := queryAll(ctx, s.readers, scanRun, `
		SELECT `+runColumns+` FROM run r JOIN resource x ON x.id = r.resource_id
		WHERE $1 IN (0, r.customer_id) AND r.pass_id = $2
		ORDER BY x.line, r.id`, customer, passID)
	if err != nil {
		return nil, fmt.Errorf("runs of pass %d: %w", passID, err)
	}
	return runs, nil
}

// MoveRun moves a run and stores with the status its Tally, ErrorClass and
// ErrorText, and for a parked run its RetryAt, as run has them. It updates run:
// StartedAt is set when it connects for the first time, EndedAt when it ends; a
// run that connects again has no error. A run that stands elsewhere than run
// says, and a move that is no arrow of the state machine, are
// migration.ErrConflict.
func (s *Store) MoveRun(ctx context.Context, customer int64, run *migration.Run, to migration.RunStatus) error {
	moved := s.movedRun(*run, to)
	err := migration.ErrConflict
	if run.Status.CanBecome(to) {
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			err := updateRun(ctx, tx, customer, moved, run.Status)
			if err == nil && to == migration.RunConnecting {
				err = takeOver(ctx, tx, moved)
			}
			if err == nil && to == migration.RunParked && moved.ErrorClass == migration.ClassOverQuota {
				err = s.tellFull(ctx, tx, moved)
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("move run %d from %s to %s: %w", run.ID, run.Status, to, err)
	}
	*run = moved
	return nil
}

func (s *Store) movedRun(run migration.Run, to migration.RunStatus) migration.Run {
	if to != migration.RunConnecting && to != migration.RunCopying {
		run.Worked, run.ResumedAt = run.Took(s.now()), time.Time{}
	}
	run.Status = to
	if to == migration.RunConnecting {
		run.ErrorClass, run.ErrorText = "", ""
		if run.StartedAt.IsZero() {
			run.StartedAt = s.now()
		}
		run.ResumedAt = s.now()
	}
	if to != migration.RunParked {
		run.RetryAt = time.Time{}
	}
	if to.Ended() {
		run.EndedAt = s.now()
	}
	return run
}

// updateRun is the guarded move of a run: the database is asked whether it
// still stands at from.
func updateRun(ctx context.Context, tx *sql.Tx, customer int64, run migration.Run, from migration.RunStatus) error {
	t := run.Tally
	return execOne(ctx, tx, migration.ErrConflict, `
		UPDATE run SET status = $1, listed = $2, copied = $3, present = $4, skipped = $5, failed = $6,
			bytes = $7, retry_at = $8, started_at = $9, ended_at = $10, error_class = $11, error_text = $12,
			worked = $16, resumed_at = $17
		WHERE $13 IN (0, customer_id) AND id = $14 AND status = $15`,
		run.Status, t.Listed, t.Copied, t.Present, t.Skipped, t.Failed,
		t.Bytes, millis(run.RetryAt), millis(run.StartedAt), millis(run.EndedAt), run.ErrorClass, text(run.ErrorText),
		customer, run.ID, from, run.Worked.Milliseconds(), millis(run.ResumedAt))
}

// SaveProgress stores how far runs have come, all in one transaction. A run that
// is not at work any more keeps what its end stored.
func (s *Store) SaveProgress(ctx context.Context, all []migration.RunProgress) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, p := range all {
			if err := saveProgress(ctx, tx, p); err != nil {
				return fmt.Errorf("run %d: %w", p.RunID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}

func saveProgress(ctx context.Context, tx *sql.Tx, p migration.RunProgress) error {
	t := p.Tally
	_, err := tx.ExecContext(ctx, `
		UPDATE run SET listed = $1, copied = $2, present = $3, skipped = $4, failed = $5, bytes = $6, folder = $7
		WHERE $8 IN (0, customer_id) AND id = $9 AND status IN ($10, $11)`,
		t.Listed, t.Copied, t.Present, t.Skipped, t.Failed, t.Bytes, text(p.Folder),
		p.Customer, p.RunID, migration.RunConnecting, migration.RunCopying)
	return err
}
