package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"trasloco/migration"
)

const mxColumns = `d.id, d.customer_id, d.destination_id, d.name, s.mx,
	coalesce(x.records, ''), coalesce(x.ttl, 0), coalesce(x.old_ttl, 0), x.old_ttl_at, x.changed_at, x.read_at, x.tried_at, coalesce(x.failure, '')`

const mxTables = `domain d JOIN destination s ON s.id = d.destination_id LEFT JOIN mx x ON x.domain_id = d.id`

func scanMX(row scanner) (migration.DomainMX, error) {
	var d migration.DomainMX
	var wanted, records string
	var ttl, oldTTL int64
	var oldAt, changed, read, tried sql.NullInt64
	err := row.Scan(&d.Domain.ID, &d.Domain.CustomerID, &d.Domain.DestinationID, &d.Domain.Name, &wanted,
		&records, &ttl, &oldTTL, &oldAt, &changed, &read, &tried, &d.Failure)
	if wanted != "" {
		d.Wanted = strings.Split(wanted, "\n")
	}
	for line := range strings.Lines(records) {
		d.Records = append(d.Records, migration.ParseMX(line))
	}
	d.TTL, d.OldTTL = time.Duration(ttl)*time.Second, time.Duration(oldTTL)*time.Second
	d.OldTTLAt, d.ChangedAt = fromMillis(oldAt), fromMillis(changed)
	d.ReadAt, d.TriedAt = fromMillis(read), fromMillis(tried)
	return d, err
}

// CutOver returns what is known of the MX records of a migration's domains, by
// name.
func (s *Store) CutOver(ctx context.Context, customer, migrationID int64) ([]migration.DomainMX, error) {
	all, err := readCutOver(ctx, s.readers, customer, migrationID)
	if err != nil {
		return nil, fmt.Errorf("MX records of migration %d: %w", migrationID, err)
	}
	return all, nil
}

func readCutOver(ctx context.Context, q querier, customer, migrationID int64) ([]migration.DomainMX, error) {
	return queryAll(ctx, q, scanMX, `
		SELECT `+mxColumns+` FROM `+mxTables+`
		WHERE $1 IN (0, d.customer_id) AND d.id IN (SELECT domain_id FROM migration_domain WHERE migration_id = $2)
		ORDER BY d.name`, customer, migrationID)
}

// watchedMX are migrations m with passes p whose records are worth to be watched:
// valid ones ($1), unless their last pass ended before $2.
const watchedMX = `m.code IS NOT NULL AND m.validity = $1 AND (p.ended_at IS NULL OR p.ended_at > $2)`

// WatchedMX returns what is known of the MX records that are worth to be watched
// at now: of the domains of valid migrations, from when they are planned until
// some time after their last pass. Those that were not asked about for longest
// come first.
func (s *Store) WatchedMX(ctx context.Context, after time.Duration, now time.Time) ([]migration.DomainMX, error) {
	all, err := queryAll(ctx, s.readers, scanMX, `
		SELECT `+mxColumns+` FROM `+mxTables+`
		WHERE d.id IN (
			SELECT b.domain_id FROM migration_domain b JOIN migration m ON m.id = b.migration_id JOIN pass p ON p.migration_id = m.id
			WHERE `+watchedMX+`)
		ORDER BY coalesce(x.tried_at, 0), d.id`, migration.Valid, millis(now.Add(-after)))
	if err != nil {
		return nil, fmt.Errorf("MX records to watch: %w", err)
	}
	return all, nil
}

// SaveMX stores what is known of the MX records of a domain, and returns the
// migrations whose pages show it. Of a domain that is gone nothing is stored. With
// the answer that saw the last domain of a migration change, its notice is written
// down.
func (s *Store) SaveMX(ctx context.Context, d migration.DomainMX) (migrations []int64, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		before, err := queryAll(ctx, tx, scanMX, `SELECT `+mxColumns+` FROM `+mxTables+` WHERE d.id = $1`, d.Domain.ID)
		if err != nil || len(before) == 0 {
			return err
		}
		if err := upsertMX(ctx, tx, d); err != nil || !d.Turned(before[0]) {
			return err
		}
		return s.tellChanged(ctx, tx, d)
	})
	if err == nil {
		migrations, err = queryAll(ctx, s.readers, scanValue[int64], `
			SELECT m.id FROM migration m JOIN migration_domain b ON b.migration_id = m.id
			WHERE b.domain_id = $1 AND m.validity = $2 ORDER BY m.id`, d.Domain.ID, migration.Valid)
	}
	if err != nil {
		return nil, fmt.Errorf("save MX records of %s: %w", d.Domain.Name, err)
	}
	return migrations, nil
}

func upsertMX(ctx context.Context, tx *sql.Tx, d migration.DomainMX) error {
	lines := make([]string, len(d.Records))
	for i, r := range d.Records {
		lines[i] = r.String()
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO mx (domain_id, customer_id, records, ttl, old_ttl, old_ttl_at, changed_at, read_at, tried_at, failure)
		SELECT id, customer_id, $2, $3, $4, $5, $6, $7, $8, $9 FROM domain WHERE id = $1
		ON CONFLICT (domain_id) DO UPDATE SET records = excluded.records, ttl = excluded.ttl, old_ttl = excluded.old_ttl,
			old_ttl_at = excluded.old_ttl_at, changed_at = excluded.changed_at, read_at = excluded.read_at,
			tried_at = excluded.tried_at, failure = excluded.failure`,
		d.Domain.ID, text(strings.Join(lines, "\n")), int64(d.TTL/time.Second), int64(d.OldTTL/time.Second),
		millis(d.OldTTLAt), millis(d.ChangedAt), millis(d.ReadAt), millis(d.TriedAt), d.Failure)
	return err
}

// tellChanged writes down the notice of each migration that a domain was the last
// one of to be changed, while its records are of interest.
func (s *Store) tellChanged(ctx context.Context, tx *sql.Tx, d migration.DomainMX) error {
	watched, err := queryAll(ctx, tx, scanValue[int64], `
		SELECT DISTINCT m.id FROM migration_domain b JOIN migration m ON m.id = b.migration_id JOIN pass p ON p.migration_id = m.id
		WHERE `+watchedMX+` AND b.domain_id = $3 ORDER BY m.id`, migration.Valid, millis(s.now().Add(-migration.MXAfter)), d.Domain.ID)
	for _, id := range watched {
		domains, err := readCutOver(ctx, tx, AnyCustomer, id)
		if err != nil {
			return err
		}
		if !migration.AllThere(domains) {
			continue
		}
		if err := s.addNotices(ctx, tx, id, []migration.Notice{{Kind: migration.NoticeMXChanged}}); err != nil {
			return err
		}
	}
	return err
}
