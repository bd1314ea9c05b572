package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// Customers returns all customers, the first one first. That of the command line
// alone, which has no name, is not among them.
func (s *Store) Customers(ctx context.Context) ([]migration.Customer, error) {
	customers, err := queryAll(ctx, s.readers, scanCustomer,
		`SELECT id, name FROM customer WHERE name <> '' ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("customers: %w", err)
	}
	return customers, nil
}

// Customer returns one of Customers, or migration.ErrNotFound.
func (s *Store) Customer(ctx context.Context, id int64) (migration.Customer, error) {
	c, err := queryOne(ctx, s.readers, scanCustomer, `SELECT id, name FROM customer WHERE name <> '' AND id = $1`, id)
	if err != nil {
		return c, fmt.Errorf("customer %d: %w", id, err)
	}
	return c, nil
}

func scanCustomer(row scanner) (c migration.Customer, err error) {
	err = row.Scan(&c.ID, &c.Name)
	return c, err
}

// CustomerRow is a customer with the number of what he owns.
type CustomerRow struct {
	migration.Customer
	Users, Domains, Migrations int
}

// CustomerRows returns Customers with what they own, by name.
func (s *Store) CustomerRows(ctx context.Context) ([]CustomerRow, error) {
	scan := func(row scanner) (c CustomerRow, err error) {
		err = row.Scan(&c.ID, &c.Name, &c.Users, &c.Domains, &c.Migrations)
		return c, err
	}
	rows, err := queryAll(ctx, s.readers, scan, `
		SELECT c.id, c.name,
			(SELECT count(*) FROM users u WHERE u.customer_id = c.id AND u.deleted_at IS NULL),
			(SELECT count(*) FROM domain d WHERE d.customer_id = c.id),
			(SELECT count(*) FROM migration m WHERE m.customer_id = c.id AND m.code IS NOT NULL)
		FROM customer c WHERE c.name <> '' ORDER BY lower(c.name), c.id`)
	if err != nil {
		return nil, fmt.Errorf("customers with what they own: %w", err)
	}
	return rows, nil
}

// CreateCustomer adds a customer with his first admin, who is invited; it sets
// the ids of both. A name that another customer has, and an address that is
// taken, are migration.ErrConflict: ErrNameTaken and ErrEmailTaken.
func (s *Store) CreateCustomer(ctx context.Context, c *migration.Customer, admin *migration.User, link Link) error {
	made, first := *c, *admin
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if err := guardName(ctx, tx, made); err != nil {
			return err
		}
		made.ID, err = queryOne(ctx, tx, scanValue[int64],
			`INSERT INTO customer (name, created_at) VALUES ($1, $2) RETURNING id`, text(made.Name), millis(s.now()))
		if err != nil {
			return err
		}
		first.CustomerID, first.Role = made.ID, migration.Admin
		return s.invite(ctx, tx, &first, link)
	})
	if err != nil {
		return fmt.Errorf("create customer: %w", err)
	}
	*c, *admin = made, first
	return nil
}

// RenameCustomer stores another name. One that another customer has is
// ErrNameTaken.
func (s *Store) RenameCustomer(ctx context.Context, c migration.Customer) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardName(ctx, tx, c); err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrNotFound,
			`UPDATE customer SET name = $1 WHERE id = $2 AND name <> ''`, text(c.Name), c.ID)
	})
	if err != nil {
		return fmt.Errorf("rename customer %d: %w", c.ID, err)
	}
	return nil
}

// ErrNameTaken: another customer has the name.
var ErrNameTaken = fmt.Errorf("the name is taken: %w", migration.ErrConflict)

func guardName(ctx context.Context, q querier, c migration.Customer) error {
	taken, err := queryOne(ctx, q, scanValue[bool],
		`SELECT EXISTS (SELECT 1 FROM customer WHERE lower(name) = lower($1) AND id <> $2)`, text(c.Name), c.ID)
	if err == nil && taken {
		err = ErrNameTaken
	}
	return err
}
