package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"trasloco/migration"
)

// Domains returns the domains of a customer, or of AnyCustomer, by name.
func (s *Store) Domains(ctx context.Context, customer int64) ([]migration.Domain, error) {
	scan := func(row scanner) (d migration.Domain, err error) {
		err = row.Scan(&d.ID, &d.CustomerID, &d.DestinationID, &d.Name)
		return d, err
	}
	domains, err := queryAll(ctx, s.readers, scan, `
		SELECT id, customer_id, destination_id, name FROM domain
		WHERE $1 IN (0, customer_id) ORDER BY name`, customer)
	if err != nil {
		return nil, fmt.Errorf("domains: %w", err)
	}
	return domains, nil
}

const destinationColumns = `id, name, endpoint, mx, secret`

// scanDestination reads what stands before destinationColumns into before, and
// those with the password sealed.
func scanDestination(row scanner, before ...any) (d migration.Destination, sealed sql.NullString, err error) {
	var endpoint, mx string
	if err := row.Scan(append(before, &d.ID, &d.Name, &endpoint, &mx, &sealed)...); err != nil {
		return d, sealed, err
	}
	if mx != "" {
		d.MX = strings.Split(mx, "\n")
	}
	d.Endpoint, err = unpackEndpoint(endpoint)
	return d, sealed, err
}

// Destinations returns all destination servers by name, their passwords opened.
func (s *Store) Destinations(ctx context.Context) ([]migration.Destination, error) {
	all, err := queryAll(ctx, s.readers, s.openDestination,
		`SELECT `+destinationColumns+` FROM destination ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("destinations: %w", err)
	}
	return all, nil
}

// Destination returns one destination server, its password opened, or
// migration.ErrNotFound.
func (s *Store) Destination(ctx context.Context, id int64) (migration.Destination, error) {
	d, err := queryOne(ctx, s.readers, s.openDestination,
		`SELECT `+destinationColumns+` FROM destination WHERE id = $1`, id)
	if err != nil {
		return migration.Destination{}, fmt.Errorf("destination %d: %w", id, err)
	}
	return d, nil
}

func (s *Store) openDestination(row scanner) (migration.Destination, error) {
	d, sealed, err := scanDestination(row)
	if err != nil {
		return d, err
	}
	return d, openAuth(s.keys.root, destinationPassword(d.ID), sealed, &d.Endpoint.Auth)
}

// destinationsOf returns the destination servers of domains, by domain, without
// their passwords. A domain that is none has none.
func destinationsOf(ctx context.Context, q querier, domains []int64) (map[int64]migration.Destination, error) {
	found := make(map[int64]migration.Destination, len(domains))
	places, args := placesFor(1, domains)
	return found, eachRow(ctx, q, func(row scanner) error {
		var domain int64
		server, _, err := scanDestination(row, &domain)
		found[domain] = server
		return err
	}, `
		SELECT domain_id, `+destinationColumns+`
		FROM (SELECT id AS domain_id, destination_id FROM domain WHERE id IN (`+places+`)) AS chosen
		JOIN destination ON destination.id = chosen.destination_id`, args...)
}

// SaveDestination adds a destination server and sets its ID, or stores one that
// has an ID in place of what was there, else migration.ErrNotFound. The password
// of a master user is sealed; an empty one keeps what is stored. A server
// without a master user keeps none. Where it is reached or opened in another way
// from then on, the rows of migrations that have not begun are checked again.
func (s *Store) SaveDestination(ctx context.Context, d *migration.Destination) error {
	saved := *d
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.saveDestination(ctx, tx, &saved) })
	if err != nil {
		return fmt.Errorf("save destination %d: %w", d.ID, err)
	}
	*d = saved
	return nil
}

// DestinationUse says who depends on a destination server.
type DestinationUse struct {
	Domains int
	// UnderWay are the codes of migrations that have begun and are not over, the
	// oldest first; Waiting those whose first pass has not begun.
	UnderWay, Waiting []string
}

// DestinationUse returns who depends on a destination server, of any customer.
func (s *Store) DestinationUse(ctx context.Context, id int64) (use DestinationUse, err error) {
	err = s.read(ctx, func(q querier) error {
		use.Domains, err = queryOne(ctx, q, scanValue[int], `SELECT count(*) FROM domain WHERE destination_id = $1`, id)
		if err != nil {
			return err
		}
		return eachRow(ctx, q, func(row scanner) error {
			var code string
			var begun, open bool
			err := row.Scan(&code, &begun, &open)
			switch {
			case !begun:
				use.Waiting = append(use.Waiting, code)
			case open:
				use.UnderWay = append(use.UnderWay, code)
			}
			return err
		}, `
			SELECT m.code,
				EXISTS (SELECT 1 FROM pass p WHERE p.migration_id = m.id AND p.status <> 'planned'),
				EXISTS (SELECT 1 FROM pass p WHERE p.migration_id = m.id AND p.status NOT IN ('done', 'cancelled'))
			FROM migration m
			WHERE m.code IS NOT NULL AND m.validity <> 'cancelled' AND EXISTS (
				SELECT 1 FROM migration_domain b JOIN domain d ON d.id = b.domain_id
				WHERE b.migration_id = m.id AND d.destination_id = $1)
			ORDER BY m.id`, id)
	})
	if err != nil {
		return DestinationUse{}, fmt.Errorf("use of destination %d: %w", id, err)
	}
	return use, nil
}

// recheckIfChanged looks whether a server is to be reached or opened in another
// way than the row says that is about to be replaced.
func (s *Store) recheckIfChanged(ctx context.Context, tx *sql.Tx, d migration.Destination, endpoint string) error {
	stored, err := queryOne(ctx, tx, scanValue[string], `SELECT endpoint FROM destination WHERE id = $1`, d.ID)
	if err != nil || stored == "" { // it is being made
		return err
	}
	old, err := queryOne(ctx, tx, s.openDestination, `SELECT `+destinationColumns+` FROM destination WHERE id = $1`, d.ID)
	if err != nil {
		return err
	}
	typed := d.Endpoint.Auth.Password
	if stored == endpoint && (typed.IsZero() || typed.Equal(old.Endpoint.Auth.Password)) {
		return nil
	}
	if err := s.liftDestination(ctx, tx, old.Endpoint.Host); err != nil { // it is another login
		return err
	}
	return recheckAt(ctx, tx, d.ID)
}

// recheckAt lets the rows that go to a destination server wait for their check
// again, of every migration whose first pass has not begun: what was found out,
// or is being found out just now, holds for the server as it was.
func recheckAt(ctx context.Context, tx *sql.Tx, id int64) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE resource SET check_status = $1
		WHERE check_status <> $1
			AND domain_id IN (SELECT id FROM domain WHERE destination_id = $2)
			AND migration_id IN (SELECT m.id FROM migration m WHERE m.validity <> $3
				AND NOT EXISTS (SELECT 1 FROM pass p WHERE p.migration_id = m.id AND p.status <> $4))`,
		migration.CheckWaiting, id, migration.Cancelled, migration.PassPlanned)
	return err
}

// DeleteDestination deletes a destination server that no domain names; one that
// a domain names is migration.ErrConflict.
func (s *Store) DeleteDestination(ctx context.Context, id int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		used, err := queryOne(ctx, tx, scanValue[bool], `SELECT EXISTS (SELECT 1 FROM domain WHERE destination_id = $1)`, id)
		if err == nil && used {
			err = migration.ErrConflict
		}
		if err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrNotFound, `DELETE FROM destination WHERE id = $1`, id)
	})
	if err != nil {
		return fmt.Errorf("delete destination %d: %w", id, err)
	}
	return nil
}

// saveDestination makes the row before it fills it: the password is sealed for
// its place, and so for its number.
func (s *Store) saveDestination(ctx context.Context, tx *sql.Tx, d *migration.Destination) (err error) {
	if d.ID == 0 {
		d.ID, err = queryOne(ctx, tx, scanValue[int64],
			`INSERT INTO destination (name, endpoint, mx) VALUES ('', '', '') RETURNING id`)
		if err != nil {
			return err
		}
	}
	var sealed sql.NullString
	if !d.NeedsPassword() {
		if sealed, err = sealAuth(s.keys.root, destinationPassword(d.ID), d.Endpoint.Auth); err != nil {
			return err
		}
	}
	endpoint, err := packEndpoint(d.Endpoint)
	if err != nil {
		return err
	}
	if err := s.recheckIfChanged(ctx, tx, *d, endpoint); err != nil {
		return err
	}
	return execOne(ctx, tx, migration.ErrNotFound, `
		UPDATE destination SET name = $1, endpoint = $2, mx = $3,
			secret = CASE WHEN $4 = 0 THEN coalesce($5, secret) END
		WHERE id = $6`,
		text(d.Name), endpoint, text(strings.Join(d.MX, "\n")), flag(d.NeedsPassword()), sealed, d.ID)
}

func destinationPassword(id int64) place { return place{"destination", "secret", id} }
