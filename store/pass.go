package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trasloco/migration"
)

const passColumns = `id, migration_id, number, status, planned_at, started_at, ended_at`

func scanPass(row scanner) (migration.Pass, error) {
	var p migration.Pass
	var planned, started, ended sql.NullInt64
	err := row.Scan(&p.ID, &p.MigrationID, &p.Number, &p.Status, &planned, &started, &ended)
	p.PlannedAt, p.StartedAt, p.EndedAt = fromMillis(planned), fromMillis(started), fromMillis(ended)
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

// FinishPass ends a running pass; whether its runs are over is the caller's to
// know. It updates p. A pass that stands elsewhere is migration.ErrConflict.
func (s *Store) FinishPass(ctx context.Context, customer int64, p *migration.Pass) error {
	return s.movePass(ctx, customer, p, migration.PassDone)
}

// InterruptPass marks a running pass as one that goes on at the next start. It
// updates p. A pass that stands elsewhere is migration.ErrConflict.
func (s *Store) InterruptPass(ctx context.Context, customer int64, p *migration.Pass) error {
	return s.movePass(ctx, customer, p, migration.PassInterrupted)
}

func (s *Store) movePass(ctx context.Context, customer int64, p *migration.Pass, to migration.PassStatus) error {
	moved := *p
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.updatePass(ctx, tx, customer, &moved, to)
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
	return execOne(ctx, tx, migration.ErrConflict, `
		UPDATE pass SET status = $1, started_at = $2, ended_at = $3
		WHERE customer_id = $4 AND id = $5 AND status = $6`,
		to, millis(p.StartedAt), millis(p.EndedAt), customer, p.ID, from)
}

// Recover marks what a dead process left running, of every customer, as
// interrupted: an interruption is no attempt and no failure.
func (s *Store) Recover(ctx context.Context) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE run SET status = $1 WHERE status IN ($2, $3)`,
			migration.RunInterrupted, migration.RunConnecting, migration.RunCopying)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE pass SET status = $1 WHERE status = $2`,
			migration.PassInterrupted, migration.PassRunning)
		return err
	})
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}
