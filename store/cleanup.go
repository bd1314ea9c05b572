package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"trasloco/migration"
)

// Delete deletes a migration with its rows, passes, logs and journal, and
// destroys the key of its secrets. While a pass of it runs or a run is at work
// it is migration.ErrConflict (S21); of another customer, migration.ErrNotFound.
// Mail that was copied stays where it is.
//
// The key goes before the rows do: should the process die in between, nothing
// opens what is left, and Delete can be called again.
func (s *Store) Delete(ctx context.Context, customer int64, m *migration.Migration) error {
	err := s.writeThen(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardDelete(ctx, tx, customer, m.ID); err != nil {
			return err
		}
		if err := handOver(ctx, tx, m.ID); err != nil {
			return err
		}
		if err := forgetJournal(ctx, tx, m.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM migration WHERE id = $1`, m.ID)
		if err != nil {
			return err
		}
		return s.keys.shred(m.ID)
	}, s.tryTruncateLog)
	if err != nil {
		return fmt.Errorf("delete migration %d: %w", m.ID, err)
	}
	return nil
}

func guardDelete(ctx context.Context, tx *sql.Tx, customer, id int64) error {
	err := guardValidity(ctx, tx, customer, id, migration.Validities()...)
	if err == nil {
		err = guardIdle(ctx, tx, id)
	}
	return err
}

// forgetJournal deletes the journal of a migration, with the destination folders
// that no other migration's journal speaks of.
func forgetJournal(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM pair WHERE resource_id IN (SELECT id FROM resource WHERE migration_id = $1)`, migrationID)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM dst
		WHERE (customer_id, mailbox) IN (SELECT customer_id, mailbox FROM resource WHERE migration_id = $1)
			AND NOT EXISTS (SELECT 1 FROM pair WHERE pair.dst_id = dst.id)
			AND NOT EXISTS (SELECT 1 FROM inflight WHERE inflight.dst_id = dst.id)`, migrationID)
	return err
}

// tryTruncateLog is truncateLog where nothing depends on it: what is left in the
// log was sealed with a key that is destroyed.
func (s *Store) tryTruncateLog(ctx context.Context) error {
	if err := s.truncateLog(ctx); err != nil {
		s.log.Warn("write-ahead log not emptied", "error", err)
	}
	return nil
}

// Expired returns the migrations of all customers that are to be deleted at now
// (S22), whole, oldest first.
func (s *Store) Expired(
	ctx context.Context, policy migration.Policy, now time.Time,
) ([]migration.Migration, error) {
	old, err := s.wholeMigrations(ctx, selection{`m.created_at <= $1`, []any{millis(now.Add(-policy.KeepFor))}})
	if err != nil {
		return nil, fmt.Errorf("expired migrations: %w", err)
	}
	return slices.DeleteFunc(old, func(m migration.Migration) bool { return !m.Expired(policy, now) }), nil
}

// Closable returns the migrations of all customers whose secrets are still kept
// and have no use any more at now (S22), whole, oldest first: Shred closes them.
// One that has a run at work is not among them.
func (s *Store) Closable(
	ctx context.Context, policy migration.Policy, now time.Time,
) ([]migration.Migration, error) {
	ids, err := s.migrationsWithKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("closable migrations: %w", err)
	}
	kept, err := s.wholeMigrations(ctx, migrationsByID(AnyCustomer, ids...))
	if err != nil {
		return nil, fmt.Errorf("closable migrations: %w", err)
	}
	return slices.DeleteFunc(kept, func(m migration.Migration) bool {
		end, over := m.SecretsEndAt(policy)
		return !over || end.After(now) || !m.CanDelete()
	}), nil
}

// migrationsWithKey returns the migrations that may be over and have a key.
func (s *Store) migrationsWithKey(ctx context.Context) ([]int64, error) {
	ids, err := queryAll(ctx, s.readers, scanValue[int64], `
		SELECT id FROM migration WHERE code IS NOT NULL AND validity IN ($1, $2)`,
		migration.Valid, migration.Cancelled)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id int64) bool { return !s.keys.has(id) }), nil
}
