package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// RetryFailed opens a pass that is done once more, for the runs in it that failed
// or have messages that failed: they wait, the pass runs until they have ended,
// and everything else in it stays as it is. With a row above 0 only the run of
// that line of the file does. It updates p.
//
// A pass that stands elsewhere, one with nothing to try again, a migration that
// is not valid, that has a pass under way, or whose secrets are gone, are
// migration.ErrConflict.
func (s *Store) RetryFailed(ctx context.Context, customer int64, p *migration.Pass, row int) error {
	reopened := *p
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.guardRetry(ctx, tx, *p); err != nil {
			return err
		}
		if err := s.reopenPass(ctx, tx, customer, &reopened); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `
			UPDATE run SET status = $1, ended_at = NULL, retry_at = NULL
			WHERE pass_id = $2 AND (status = $3 OR status = $4 AND failed > 0)
				AND ($5 = 0 OR resource_id IN (SELECT id FROM resource WHERE migration_id = $6 AND line = $5))`,
			migration.RunWaiting, p.ID, migration.RunFailed, migration.RunDone, row, p.MigrationID)
		return conflictIfNone(result, err)
	})
	if err != nil {
		return fmt.Errorf("try again what failed in pass %d: %w", p.ID, err)
	}
	*p = reopened
	return nil
}

// guardRetry returns migration.ErrConflict unless nothing of the pass's migration
// is under way and its secrets can still be opened.
func (s *Store) guardRetry(ctx context.Context, tx *sql.Tx, p migration.Pass) error {
	ready, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT m.validity = $2 AND NOT EXISTS (
			SELECT 1 FROM pass o WHERE o.migration_id = m.id AND o.status NOT IN ($3, $4, $5))
		FROM migration m WHERE m.id = $1`,
		p.MigrationID, migration.Valid, migration.PassPlanned, migration.PassDone, migration.PassCancelled)
	if err == nil && (!ready || !s.keys.has(p.MigrationID)) {
		err = migration.ErrConflict
	}
	return err
}

func (s *Store) reopenPass(ctx context.Context, tx *sql.Tx, customer int64, p *migration.Pass) error {
	if !p.Status.CanReopen() {
		return migration.ErrConflict
	}
	err := execOne(ctx, tx, migration.ErrConflict, `
		UPDATE pass SET status = $1, first_ended_at = coalesce(first_ended_at, ended_at), ended_at = NULL, reopened_at = $5
		WHERE $2 IN (0, customer_id) AND id = $3 AND status = $4`,
		migration.PassRunning, customer, p.ID, p.Status, millis(s.now()))
	p.FirstEndedAt, p.ReopenedAt = p.End(), s.now()
	p.Status, p.EndedAt = migration.PassRunning, time.Time{}
	if err != nil {
		return err
	}
	return s.samplePass(ctx, tx, p.ID)
}

// conflictIfNone is migration.ErrConflict for a change of no row.
func conflictIfNone(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err == nil && changed == 0 {
		err = migration.ErrConflict
	}
	return err
}

// HasSecrets reports whether the secrets of a migration can still be opened: it
// was not closed (S22).
func (s *Store) HasSecrets(migrationID int64) bool { return s.keys.has(migrationID) }
