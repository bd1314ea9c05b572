package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trasloco/migration"
)

// Setting returns the value that is stored under a key; "" if none is.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	value, err := queryOne(ctx, s.readers, scanValue[string], `SELECT value FROM setting WHERE name = $1`, key)
	if err != nil && !errors.Is(err, migration.ErrNotFound) {
		return "", fmt.Errorf("setting %s: %w", key, err)
	}
	return value, nil
}

// SetSetting stores a value under a key, in place of the one before.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO setting (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, key, text(value))
		return err
	})
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	return nil
}
