package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// DomainRow is a domain with what depends on it.
type DomainRow struct {
	migration.Domain
	Server     string // name of the destination server
	Managers   int
	Migrations int // any that names it
	Open       int // of them, those that are not over: neither cancelled, nor all passes ended
}

// DomainRows returns the domains of a customer, or of AnyCustomer, by name.
func (s *Store) DomainRows(ctx context.Context, customer int64) ([]DomainRow, error) {
	rows, err := s.domainRows(ctx, `$1 IN (0, d.customer_id)`, customer)
	if err != nil {
		return nil, fmt.Errorf("domains with what depends on them: %w", err)
	}
	return rows, nil
}

// Domain returns one domain of a customer, or of AnyCustomer, or
// migration.ErrNotFound.
func (s *Store) Domain(ctx context.Context, customer, id int64) (DomainRow, error) {
	rows, err := s.domainRows(ctx, `$1 IN (0, d.customer_id) AND d.id = $2`, customer, id)
	if err == nil && len(rows) == 0 {
		err = migration.ErrNotFound
	}
	if err != nil {
		return DomainRow{}, fmt.Errorf("domain %d: %w", id, err)
	}
	return rows[0], nil
}

func (s *Store) domainRows(ctx context.Context, where string, args ...any) ([]DomainRow, error) {
	scan := func(row scanner) (d DomainRow, err error) {
		err = row.Scan(&d.ID, &d.CustomerID, &d.DestinationID, &d.Name, &d.Server, &d.Managers, &d.Migrations, &d.Open)
		return d, err
	}
	return queryAll(ctx, s.readers, scan, `
		SELECT d.id, d.customer_id, d.destination_id, d.name, s.name,
			(SELECT count(*) FROM user_domain x JOIN users u ON u.id = x.user_id
				WHERE x.domain_id = d.id AND u.role = 'manager'),
			(SELECT count(*) FROM migration_domain x WHERE x.domain_id = d.id),
			(SELECT count(*) FROM migration_domain x JOIN migration m ON m.id = x.migration_id
				WHERE x.domain_id = d.id AND `+isOpen+`)
		FROM domain d JOIN destination s ON s.id = d.destination_id
		WHERE `+where+` ORDER BY d.name`, args...)
}

// isOpen holds for a migration m that may still write to its destination.
const isOpen = `m.validity <> 'cancelled' AND (
	NOT EXISTS (SELECT 1 FROM pass p WHERE p.migration_id = m.id)
	OR EXISTS (SELECT 1 FROM pass p WHERE p.migration_id = m.id AND p.status NOT IN ('done', 'cancelled'))
	OR EXISTS (SELECT 1 FROM pass p JOIN run r ON r.pass_id = p.id
		WHERE p.migration_id = m.id AND r.status NOT IN ('done', 'failed', 'cancelled')))`

// CreateDomain adds a domain and sets its ID. A name that any customer has is
// migration.ErrConflict; a destination server or customer that is none is
// migration.ErrNotFound.
func (s *Store) CreateDomain(ctx context.Context, d *migration.Domain) error {
	made := *d
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		known, err := queryOne(ctx, tx, scanValue[bool], `
			SELECT EXISTS (SELECT 1 FROM destination WHERE id = $1) AND EXISTS (SELECT 1 FROM customer WHERE id = $2 AND name <> '')`,
			made.DestinationID, made.CustomerID)
		if err == nil && !known {
			err = migration.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := insertDomain(ctx, tx, made); err != nil {
			return err
		}
		made.ID, err = queryOne(ctx, tx, scanValue[int64], `SELECT id FROM domain WHERE name = $1`, made.Name)
		return err
	})
	if err != nil {
		return fmt.Errorf("create domain: %w", err)
	}
	*d = made
	return nil
}

// MoveDomain stores another destination server of a domain. While a migration
// that is not over names it that is migration.ErrConflict: its next pass would
// go to another server than the last.
func (s *Store) MoveDomain(ctx context.Context, customer int64, d migration.Domain) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		moved, err := queryOne(ctx, tx, scanValue[int64], `
			SELECT destination_id FROM domain WHERE $1 IN (0, customer_id) AND id = $2`, customer, d.ID)
		if err != nil || moved == d.DestinationID {
			return err
		}
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE domain SET destination_id = $2
			WHERE id = $1 AND EXISTS (SELECT 1 FROM destination WHERE id = $2)
				AND NOT EXISTS (SELECT 1 FROM migration_domain x JOIN migration m ON m.id = x.migration_id
					WHERE x.domain_id = domain.id AND `+isOpen+`)`, d.ID, d.DestinationID)
	})
	if err != nil {
		return fmt.Errorf("move domain %d: %w", d.ID, err)
	}
	return nil
}

// DeleteDomain deletes a domain; managers lose it. While a migration names it,
// be it over, that is migration.ErrConflict.
func (s *Store) DeleteDomain(ctx context.Context, customer, id int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		used, err := queryOne(ctx, tx, scanValue[bool], `
			SELECT EXISTS (SELECT 1 FROM migration_domain WHERE domain_id = $1) OR EXISTS (SELECT 1 FROM resource WHERE domain_id = $1)`, id)
		if err == nil && used {
			err = migration.ErrConflict
		}
		if err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrNotFound, `DELETE FROM domain WHERE $1 IN (0, customer_id) AND id = $2`, customer, id)
	})
	if err != nil {
		return fmt.Errorf("delete domain %d: %w", id, err)
	}
	return nil
}
