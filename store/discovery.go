package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// WantDiscovery lets the servers of domains be looked for that were not yet; see
// SearchAgain. Nothing is done for a migration of another customer, and for one whose
// rows are settled.
func (s *Store) WantDiscovery(ctx context.Context, customer, migrationID int64, domains ...string) error {
	if len(domains) == 0 {
		return nil
	}
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, domain := range domains {
			if _, err := tx.ExecContext(ctx, `
				INSERT INTO discovery (customer_id, migration_id, domain)
				SELECT customer_id, id, $3 FROM migration WHERE $1 IN (0, customer_id) AND id = $2 AND validity IN ($4, $5, $6)
				ON CONFLICT (migration_id, domain) DO NOTHING`, customer, migrationID, domain,
				migration.Draft, migration.Invalid, migration.Validating); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for servers for migration %d: %w", migrationID, err)
	}
	return nil
}

// SearchAgain lets all servers of a migration be looked for once more that were not
// found: somebody asks for it, by a file or by a button. That a row fails does not, of
// which a domain may have hundreds.
func (s *Store) SearchAgain(ctx context.Context, customer, migrationID int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return searchAgain(ctx, tx, customer, migrationID) })
	if err != nil {
		return fmt.Errorf("look for servers for migration %d again: %w", migrationID, err)
	}
	return nil
}

func searchAgain(ctx context.Context, tx *sql.Tx, customer, migrationID int64) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE discovery SET done = 0 WHERE $1 IN (0, customer_id) AND migration_id = $2 AND host = ''`, customer, migrationID)
	return err
}

const discoveryColumns = `id, customer_id, migration_id, domain, done, host, port, how`

func scanDiscovery(row scanner) (d migration.Discovery, err error) {
	err = row.Scan(&d.ID, &d.Customer, &d.MigrationID, &d.Domain, &d.Done, &d.Found.Host, &d.Found.Port, &d.Found.How)
	return d, err
}

// DiscoveriesToMake returns up to limit domains of any customer that are to be looked
// for, the oldest first.
func (s *Store) DiscoveriesToMake(ctx context.Context, limit int) ([]migration.Discovery, error) {
	list, err := queryAll(ctx, s.readers, scanDiscovery, `SELECT `+discoveryColumns+` FROM discovery WHERE done = 0 ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("servers to look for: %w", err)
	}
	return list, nil
}

// FinishDiscovery stores what was found for a domain; where nothing was, the zero
// value. A domain that is not looked for any more is migration.ErrConflict.
func (s *Store) FinishDiscovery(ctx context.Context, id int64, found migration.Suggestion) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE discovery SET done = 1, host = $2, port = $3, how = $4 WHERE id = $1 AND done = 0`, id, found.Host, found.Port, found.How)
	})
	if err != nil {
		return fmt.Errorf("finish search %d: %w", id, err)
	}
	return nil
}

// Discoveries returns the domains of a migration that were or are looked for, by name.
func (s *Store) Discoveries(ctx context.Context, customer, migrationID int64) (map[string]migration.Discovery, error) {
	list, err := queryAll(ctx, s.readers, scanDiscovery, `
		SELECT `+discoveryColumns+` FROM discovery WHERE $1 IN (0, customer_id) AND migration_id = $2`, customer, migrationID)
	if err != nil {
		return nil, fmt.Errorf("servers found for migration %d: %w", migrationID, err)
	}
	byDomain := make(map[string]migration.Discovery, len(list))
	for _, d := range list {
		byDomain[d.Domain] = d
	}
	return byDomain, nil
}
