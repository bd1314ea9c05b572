package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trasloco/migration"
)

// LocalCustomer is the customer of a folder that the command line made.
const LocalCustomer int64 = 1

// EnsureLocal returns the one migration of a folder of the command line, making
// it, and its customer LocalCustomer, the first time.
func (s *Store) EnsureLocal(ctx context.Context) (int64, error) {
	var id int64
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		id, err = s.ensureLocal(ctx, tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("local migration: %w", err)
	}
	return id, nil
}

func (s *Store) ensureLocal(ctx context.Context, tx *sql.Tx) (int64, error) {
	now := millis(s.now())
	_, err := tx.ExecContext(ctx, `
		INSERT INTO customer (id, name, created_at) VALUES ($1, '', $2)
		ON CONFLICT (id) DO NOTHING`, LocalCustomer, now)
	if err != nil {
		return 0, err
	}
	id, err := queryOne(ctx, tx, scanValue[int64], `
		SELECT id FROM migration WHERE customer_id = $1 AND code IS NULL ORDER BY id LIMIT 1`, LocalCustomer)
	if !errors.Is(err, migration.ErrNotFound) {
		return id, err
	}
	return queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO migration (customer_id, name, server_type, validity, created_at, changed_at)
		VALUES ($1, '', $2, $3, $4, $4) RETURNING id`,
		LocalCustomer, migration.Standard, migration.Valid, now)
}

// SaveResource remembers a resource of a migration and sets r.ID: a new one, or
// the one with the same SourceKey and DestinationKey, whose line it updates.
// Secrets are not stored; see SealResource.
func (s *Store) SaveResource(ctx context.Context, customer, migrationID int64, r *migration.Resource) error {
	var id int64
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		id, err = queryOne(ctx, tx, scanValue[int64], `
			INSERT INTO resource (customer_id, migration_id, line, source_key, mailbox)
			SELECT customer_id, id, $3, $4, $5 FROM migration WHERE customer_id = $1 AND id = $2
			ON CONFLICT (migration_id, source_key, mailbox) DO UPDATE SET line = excluded.line
			RETURNING id`, customer, migrationID, r.Row, r.SourceKey(), r.DestinationKey())
		return err
	})
	if err != nil {
		return fmt.Errorf("save resource of row %d: %w", r.Row, err)
	}
	r.ID = id
	return nil
}
