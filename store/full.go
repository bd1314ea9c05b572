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
// unless there is one of its pass.
func (s *Store) tellFull(ctx context.Context, tx *sql.Tx, run migration.Run) error {
	now := s.now()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO notice (customer_id, migration_id, user_id, kind, pass, occasion, created_at, next_at)
		SELECT m.customer_id, m.id, coalesce(`+reader+`, m.user_id), $1, p.number, 0, $2, $3
		FROM pass p JOIN migration m ON m.id = p.migration_id
		WHERE p.id = $4 AND m.user_id IS NOT NULL
		ON CONFLICT (migration_id, kind, pass, occasion) DO NOTHING`,
		migration.NoticeFull, millis(now), millis(now.Add(fullGathers)), run.PassID)
	if err != nil {
		return fmt.Errorf("notice %s: %w", migration.NoticeFull, err)
	}
	return nil
}

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
	}, `
		SELECT DISTINCT x.line, x.destination_login
		FROM run r JOIN resource x ON x.id = r.resource_id
		WHERE $1 IN (0, x.customer_id) AND x.migration_id = $2 AND r.status = $3 AND r.error_class = $4
		ORDER BY x.line`, customer, migrationID, migration.RunParked, migration.ClassOverQuota)
}

// LookAgain has the runs of a migration that wait for room look again now.
func (s *Store) LookAgain(ctx context.Context, customer, migrationID int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE run SET retry_at = $1 WHERE status = $2 AND error_class = $3
				AND resource_id IN (SELECT id FROM resource WHERE $4 IN (0, customer_id) AND migration_id = $5)`,
			millis(s.now()), migration.RunParked, migration.ClassOverQuota, customer, migrationID)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for room for migration %d: %w", migrationID, err)
	}
	return nil
}
