package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// fullGathers is how long the mail about a full mailbox waits for more of them: those
// of one server often fill up together.
const fullGathers = 10 * time.Minute

// tellFull writes a notice down for a run that found its destination mailbox full,
// unless there is one of its pass. One that was given up, as there was room again before
// it was sent, is written anew.
func (s *Store) tellFull(ctx context.Context, tx *sql.Tx, run migration.Run) error {
	now := s.now()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO notice (customer_id, migration_id, user_id, kind, pass, occasion, created_at, next_at)
		SELECT m.customer_id, m.id, coalesce(`+reader+`, m.user_id), $1, p.number, 0, $2, $3
		FROM pass p JOIN migration m ON m.id = p.migration_id
		WHERE p.id = $4 AND m.user_id IS NOT NULL
		ON CONFLICT (migration_id, kind, pass, occasion) DO UPDATE SET
			created_at = excluded.created_at, next_at = excluded.next_at, tries = 0, gave_up = 0, error = ''
			WHERE notice.gave_up = 1`,
		migration.NoticeFull, millis(now), millis(now.Add(fullGathers)), run.PassID)
	if err != nil {
		return fmt.Errorf("notice %s: %w", migration.NoticeFull, err)
	}
	return nil
}

// waitForRoom are the runs r, of resource x, of migration $2 of customer $1 that are
// parked ($3) for want of room ($4), and will look again.
const waitForRoom = `
	FROM run r JOIN pass p ON p.id = r.pass_id
		JOIN resource x ON x.id = r.resource_id JOIN migration m ON m.id = x.migration_id
	WHERE $1 IN (0, m.customer_id) AND m.id = $2 AND m.validity = 'valid' AND r.status = $3 AND r.error_class = $4
		AND ` + notSuperseded

// FullMailboxes returns the destination mailboxes of a migration whose runs wait for
// room, in the order of their rows.
func (s *Store) FullMailboxes(ctx context.Context, customer, migrationID int64) ([]migration.FullMailbox, error) {
	full, err := readFull(ctx, s.readers, customer, migrationID)
	if err != nil {
		return nil, fmt.Errorf("full mailboxes of migration %d: %w", migrationID, err)
	}
	return full, nil
}

func readFull(ctx context.Context, q querier, customer, migrationID int64) ([]migration.FullMailbox, error) {
	return queryAll(ctx, q, func(row scanner) (f migration.FullMailbox, err error) {
		err = row.Scan(&f.Row, &f.Login)
		return f, err
	}, `SELECT x.line, x.destination_login`+waitForRoom+` ORDER BY x.line`, customer, migrationID, migration.RunParked, migration.ClassOverQuota)
}

// LookAgain has the runs of a migration that wait for room look again now.
func (s *Store) LookAgain(ctx context.Context, customer, migrationID int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE run SET retry_at = $5 WHERE id IN (SELECT r.id`+waitForRoom+`)`,
			customer, migrationID, migration.RunParked, migration.ClassOverQuota, millis(s.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("look for room for migration %d: %w", migrationID, err)
	}
	return nil
}
