package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// SaveServerLimit stores what a server has taught, in place of what it had before.
func (s *Store) SaveServerLimit(ctx context.Context, l migration.ServerLimit) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO server_limit (server, most, until) VALUES ($1, $2, $3)
			ON CONFLICT (server) DO UPDATE SET most = excluded.most, until = excluded.until`,
			l.Server, l.Most, millis(l.Until))
		return err
	})
	if err != nil {
		return fmt.Errorf("save limit of %s: %w", l.Server, err)
	}
	return nil
}

// ServerLimits returns what servers have taught.
func (s *Store) ServerLimits(ctx context.Context) ([]migration.ServerLimit, error) {
	limits, err := queryAll(ctx, s.readers, func(row scanner) (l migration.ServerLimit, err error) {
		var until sql.NullInt64
		err = row.Scan(&l.Server, &l.Most, &until)
		l.Until = fromMillis(until)
		return l, err
	}, `SELECT server, most, until FROM server_limit ORDER BY server`)
	if err != nil {
		return nil, fmt.Errorf("limits of servers: %w", err)
	}
	return limits, nil
}
