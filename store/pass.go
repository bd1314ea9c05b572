package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trasloco/migration"
)

const passColumns = `id, migration_id, number, status, planned_at, started_at, ended_at, first_ended_at, reopened_at`

func scanPass(row scanner) (migration.Pass, error) {
	var p migration.Pass
	var planned, started, ended, firstEnded, reopened sql.NullInt64
	err := row.Scan(&p.ID, &p.MigrationID, &p.Number, &p.Status, &planned, &started, &ended, &firstEnded, &reopened)
	p.PlannedAt, p.StartedAt, p.EndedAt = fromMillis(planned), fromMillis(started), fromMillis(ended)
	p.FirstEndedAt, p.ReopenedAt = fromMillis(firstEnded), fromMillis(reopened)
	return p, err
}

// OpenPass returns a running pass of a migration: the last one if it has not
// ended, else the next, which it makes.
func (s *Store) OpenPass(ctx context.Context, customer, migrationID int64) (migration.Pass, error) {
	var pass migration.Pass
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		pass, err = s.openPass(ctx, tx, customer, migrationID)
		return err
	})
	if err != nil {
		return migration.Pass{}, fmt.Errorf("open pass of migration %d: %w", migrationID, err)
	}
	return pass, nil
}

func (s *Store) openPass(ctx context.Context, tx *sql.Tx, customer, migrationID int64) (migration.Pass, error) {
	last, err := queryOne(ctx, tx, scanPass, `
		SELECT `+passColumns+` FROM pass
		WHERE customer_id = $1 AND migration_id = $2
		ORDER BY number DESC LIMIT 1`, customer, migrationID)
	switch {
	case err != nil && !errors.Is(err, migration.ErrNotFound):
		return last, err
	case err != nil || last.Status.Ended():
		return s.addPass(ctx, tx, customer, migration.Pass{MigrationID: migrationID, Number: last.Number + 1})
	case last.Status == migration.PassRunning:
		return last, nil
	}
	return last, s.updatePass(ctx, tx, customer, &last, migration.PassRunning)
}

// addPass makes a pass that runs.
func (s *Store) addPass(ctx context.Context, tx *sql.Tx, customer int64, p migration.Pass) (migration.Pass, error) {
	return queryOne(ctx, tx, scanPass, `
		INSERT INTO pass (customer_id, migration_id, number, status, started_at)
		SELECT customer_id, id, $3, $4, $5 FROM migration WHERE customer_id = $1 AND id = $2
		RETURNING `+passColumns,
		customer, p.MigrationID, p.Number, migration.PassRunning, millis(s.now()))
}

// BeginPass starts or resumes a pass: planned, interrupted or paused, it is
// running then, and every resource that is not left out has a run in it, waiting
// where it had none. It updates p.
//
// A run of an earlier pass that is still parked, or was interrupted while it
// tried again, stays as it is: the new pass copies what it would have copied,
// and Claimable offers it no more.
//
// A pass that stands elsewhere, a migration that is not valid, and an earlier
// pass that has not ended are migration.ErrConflict.
func (s *Store) BeginPass(ctx context.Context, customer int64, p *migration.Pass) error {
	return s.movePass(ctx, customer, p, migration.PassRunning, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardTurn(ctx, tx, *p); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO run (customer_id, pass_id, resource_id, status)
			SELECT x.customer_id, $2, x.id, $3 FROM resource x
			WHERE x.migration_id = $1 AND x.left_out = 0
			ORDER BY x.line
			ON CONFLICT (pass_id, resource_id) DO NOTHING`, p.MigrationID, p.ID, migration.RunWaiting)
		return err
	})
}

// guardTurn returns migration.ErrConflict unless the pass's migration is valid
// and all passes before it have ended.
func guardTurn(ctx context.Context, tx *sql.Tx, p migration.Pass) error {
	ready, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT m.validity = $3 AND NOT EXISTS (
			SELECT 1 FROM pass b
			WHERE b.migration_id = m.id AND b.number < p.number AND b.status NOT IN ($4, $5))
		FROM pass p JOIN migration m ON m.id = p.migration_id
		WHERE p.id = $2 AND m.id = $1`,
		p.MigrationID, p.ID, migration.Valid, migration.PassDone, migration.PassCancelled)
	if err == nil && !ready {
		err = migration.ErrConflict
	}
	return err
}

// PausePass holds a running pass until somebody resumes it. What is at work is
// the caller's to interrupt. It updates p. A pass that stands elsewhere is
// migration.ErrConflict.
func (s *Store) PausePass(ctx context.Context, customer int64, p *migration.Pass) error {
	return s.movePass(ctx, customer, p, migration.PassPaused, nil)
}

// FinishPass ends a running pass, and writes down in the same step the notices
// that tell of it; whether its runs are over is the caller's to know. It updates
// p. A pass that stands elsewhere is migration.ErrConflict.
func (s *Store) FinishPass(
	ctx context.Context, customer int64, p *migration.Pass, notices ...migration.Notice,
) error {
	return s.movePass(ctx, customer, p, migration.PassDone, func(ctx context.Context, tx *sql.Tx) error {
		return s.addNotices(ctx, tx, p.MigrationID, notices)
	})
}

// MovePass plans a planned pass for another time, and sets p.PlannedAt. Whether
// the time is allowed is the caller's to know. A pass that is not planned, or not
// for the time that p says, is migration.ErrConflict: somebody else was faster.
func (s *Store) MovePass(ctx context.Context, customer int64, p *migration.Pass, plannedAt time.Time) error {
	to := *p
	to.PlannedAt = plannedAt
	if err := s.MovePasses(ctx, customer, []migration.Pass{*p}, []migration.Pass{to}); err != nil {
		return err
	}
	p.PlannedAt = plannedAt
	return nil
}

// MovePasses is MovePass for several passes of a migration, all or none: those in
// to get their PlannedAt, as long as each still is planned for the time that the
// pass with its number in from says.
func (s *Store) MovePasses(ctx context.Context, customer int64, from, to []migration.Pass) error {
	before := make(map[int]time.Time, len(from))
	for _, p := range from {
		before[p.Number] = p.PlannedAt
	}
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, p := range to {
			err := execOne(ctx, tx, migration.ErrConflict, `
				UPDATE pass SET planned_at = $1
				WHERE $2 IN (0, customer_id) AND id = $3 AND status = $4 AND planned_at = $5`,
				millis(p.PlannedAt), customer, p.ID, migration.PassPlanned, millis(before[p.Number]))
			if err != nil {
				return fmt.Errorf("pass %d: %w", p.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("move passes to another time: %w", err)
	}
	return nil
}

// AddPass plans one more pass of a valid migration, with p's MigrationID, Number
// and PlannedAt. While another has not ended, or has that number, and once the
// secrets are gone, it is migration.ErrConflict.
func (s *Store) AddPass(ctx context.Context, customer int64, p migration.Pass) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if !s.keys.has(p.MigrationID) {
			return migration.ErrConflict
		}
		return execOne(ctx, tx, migration.ErrConflict, `
			INSERT INTO pass (customer_id, migration_id, number, status, planned_at)
			SELECT m.customer_id, m.id, $3, $4, $5 FROM migration m
			WHERE $1 IN (0, m.customer_id) AND m.id = $2 AND m.validity = $6
				AND NOT EXISTS (SELECT 1 FROM pass o WHERE o.migration_id = m.id AND o.status NOT IN ($7, $8))
			ON CONFLICT (migration_id, number) DO NOTHING`,
			customer, p.MigrationID, p.Number, migration.PassPlanned, millis(p.PlannedAt),
			migration.Valid, migration.PassDone, migration.PassCancelled)
	})
	if err != nil {
		return fmt.Errorf("add pass %d of migration %d: %w", p.Number, p.MigrationID, err)
	}
	return nil
}

// Reasons counts the messages that were left out or failed in a pass, by
// reason, most first.
func (s *Store) Reasons(ctx context.Context, customer, passID int64) ([]migration.ReasonCount, error) {
	reasons, err := readReasons(ctx, s.readers, customer, passID)
	if err != nil {
		return nil, fmt.Errorf("reasons of pass %d: %w", passID, err)
	}
	return reasons, nil
}

func readReasons(ctx context.Context, q querier, customer, passID int64) ([]migration.ReasonCount, error) {
	scan := func(row scanner) (c migration.ReasonCount, err error) {
		err = row.Scan(&c.Kind, &c.Reason, &c.Count)
		return c, err
	}
	return queryAll(ctx, q, scan, `
		SELECT e.outcome, e.reason, sum(e.count) AS messages
		FROM pass p JOIN run r ON r.pass_id = p.id JOIN exception e ON e.run_id = r.id
		WHERE $1 IN (0, p.customer_id) AND p.id = $2
		GROUP BY e.outcome, e.reason
		ORDER BY messages DESC, e.outcome, e.reason`, customer, passID)
}

// InterruptPass marks a running pass as one that goes on at the next start. It
// updates p. A pass that stands elsewhere is migration.ErrConflict.
func (s *Store) InterruptPass(ctx context.Context, customer int64, p *migration.Pass) error {
	return s.movePass(ctx, customer, p, migration.PassInterrupted, nil)
}

// movePass moves a pass, and does in the same step what and says, if it is not nil.
func (s *Store) movePass(
	ctx context.Context, customer int64, p *migration.Pass, to migration.PassStatus,
	and func(ctx context.Context, tx *sql.Tx) error,
) error {
	moved := *p
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := s.updatePass(ctx, tx, customer, &moved, to)
		if err != nil || and == nil {
			return err
		}
		return and(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("move pass %d from %s to %s: %w", p.ID, p.Status, to, err)
	}
	*p = moved
	return nil
}

// updatePass is the guarded move of a pass: the database is asked whether it
// still stands where p says.
func (s *Store) updatePass(
	ctx context.Context, tx *sql.Tx, customer int64, p *migration.Pass, to migration.PassStatus,
) error {
	from := p.Status
	if !from.CanBecome(to) {
		return migration.ErrConflict
	}
	p.Status = to
	if to == migration.PassRunning && p.StartedAt.IsZero() {
		p.StartedAt = s.now()
	}
	if to.Ended() {
		p.EndedAt = s.now()
	}
	err := execOne(ctx, tx, migration.ErrConflict, `
		UPDATE pass SET status = $1, started_at = $2, ended_at = $3
		WHERE $4 IN (0, customer_id) AND id = $5 AND status = $6`,
		to, millis(p.StartedAt), millis(p.EndedAt), customer, p.ID, from)
	if err != nil || p.StartedAt.IsZero() {
		return err
	}
	return s.samplePass(ctx, tx, p.ID) // the curve has its corners where a pass starts, rests and ends
}

// Recover marks what a dead process left running, of every customer, as
// interrupted: an interruption is no attempt and no failure. Checks that were
// under way wait again. What is known last of a run is its last line, and of a pass
// its last sample: from then on nothing was done.
func (s *Store) Recover(ctx context.Context) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, update := range []string{
			`UPDATE run SET status = 'interrupted', resumed_at = NULL, worked = worked + coalesce((
				SELECT max(e.at) - run.resumed_at FROM entry e WHERE e.run_id = run.id AND e.at > run.resumed_at), 0)
				WHERE status IN ('connecting', 'copying')`,
			`UPDATE sample SET rest = 'interrupted'
				WHERE pass_id IN (SELECT id FROM pass WHERE status = 'running')
					AND at = (SELECT max(l.at) FROM sample l WHERE l.pass_id = sample.pass_id)`,
			`UPDATE pass SET status = 'interrupted' WHERE status = 'running'`,
			`UPDATE resource SET check_status = 'waiting' WHERE check_status = 'running'`,
		} {
			if _, err := tx.ExecContext(ctx, update); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}
