package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"trasloco/migration"
)

// LocalCustomer is the customer of a folder that the command line made.
const LocalCustomer int64 = 1

// AnyCustomer, given as the customer of a query or a move, stands for every
// customer. Only the operator and the scheduler may use it.
const AnyCustomer int64 = 0

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

const migrationColumns = `m.id, m.customer_id, coalesce(m.user_id, 0), m.code, m.name, m.server_type, m.validity,
	m.source_tls, m.source_tls_name, m.source_pin, m.source_pins, m.source_master, m.source_provider, m.source_allowed,
	m.first_at, m.first_soonest, m.second_at, m.second_gap, m.lines_out,
	m.folder_choices, m.gmail_labels, m.gmail_day_limit, m.version, m.created_at, m.changed_at, coalesce(u.name, '')`

func scanMigration(row scanner) (migration.Migration, error) {
	var m migration.Migration
	var first, second, created, changed sql.NullInt64
	var gap int64
	var linesOut, pins, master, allowed, choices string
	err := row.Scan(&m.ID, &m.CustomerID, &m.UserID, &m.Code, &m.Name, &m.ServerType, &m.Validity,
		&m.Source.TLS, &m.Source.TLSName, &m.Source.Pin, &pins, &master, &m.Source.Provider, &allowed,
		&first, &m.Plan.First.Soonest, &second, &gap, &linesOut,
		&choices, &m.Gmail.Labels, &m.Gmail.DayLimit, &m.Version, &created, &changed, &m.UserName)
	m.Plan.First.At, m.Plan.Second = fromMillis(first), fromMillis(second)
	m.Plan.Gap = time.Duration(gap) * time.Millisecond
	m.CreatedAt, m.ChangedAt = fromMillis(created), fromMillis(changed)
	if err == nil && linesOut != "" {
		err = json.Unmarshal([]byte(linesOut), &m.LinesOut)
	}
	if err == nil {
		m.Source.Pins, err = unpackByAddress[string](pins)
	}
	if err == nil {
		m.Source.Allowed, err = unpackByAddress[migration.Weakness](allowed)
	}
	if err == nil {
		m.Source.Master, err = unpackMaster(master)
	}
	if err == nil {
		m.Folders, err = unpackChoices(choices)
	}
	return m, err
}

// selection chooses migrations: a condition on migration m, and its arguments.
type selection struct {
	where string
	args  []any
}

func migrationsByID(customer int64, ids ...int64) selection {
	places, args := placesFor(2, ids)
	return selection{`$1 IN (0, m.customer_id) AND m.id IN (` + places + `)`, append([]any{customer}, args...)}
}

// Migration returns the migration with that code: whole, that is with its
// passes, their runs and the checks counted, its domains and who asked for it.
// One of another customer is migration.ErrNotFound.
func (s *Store) Migration(ctx context.Context, customer int64, code string) (migration.Migration, error) {
	m, err := s.wholeMigration(ctx, selection{`$1 IN (0, m.customer_id) AND m.code = $2`, []any{customer, code}})
	if err != nil {
		return m, fmt.Errorf("migration %s: %w", code, err)
	}
	return m, nil
}

// MigrationByID is Migration by the number of the row.
func (s *Store) MigrationByID(ctx context.Context, customer, id int64) (migration.Migration, error) {
	m, err := s.wholeMigration(ctx, migrationsByID(customer, id))
	if err != nil {
		return m, fmt.Errorf("migration %d: %w", id, err)
	}
	return m, nil
}

func (s *Store) wholeMigration(ctx context.Context, sel selection) (m migration.Migration, err error) {
	err = s.read(ctx, func(q querier) (err error) {
		m, err = readMigration(ctx, q, sel)
		return err
	})
	return m, err
}

// wholeMigrations returns the migrations of a selection, oldest first.
func (s *Store) wholeMigrations(ctx context.Context, sel selection) (all []migration.Migration, err error) {
	err = s.read(ctx, func(q querier) (err error) {
		if all, err = readOutlines(ctx, q, sel); err != nil {
			return err
		}
		return readCounts(ctx, q, all)
	})
	return all, err
}

func readMigration(ctx context.Context, q querier, sel selection) (migration.Migration, error) {
	one, err := readOutlines(ctx, q, sel)
	if err != nil {
		return migration.Migration{}, err
	}
	if len(one) == 0 {
		return migration.Migration{}, migration.ErrNotFound
	}
	return one[0], readCounts(ctx, q, one[:1])
}

// readOutlines returns the migrations of a selection that the panel made,
// oldest first, with all but what readCounts adds.
func readOutlines(ctx context.Context, q querier, sel selection) ([]migration.Migration, error) {
	all, err := queryAll(ctx, q, scanMigration, `
		SELECT `+migrationColumns+`
		FROM migration m LEFT JOIN users u ON u.id = m.user_id
		WHERE m.code IS NOT NULL AND `+sel.where+`
		ORDER BY m.id`, sel.args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	of := indexMigrations(all)
	if err := readPasses(ctx, q, sel, of); err != nil {
		return nil, err
	}
	return all, readDomains(ctx, q, sel, of)
}

func indexMigrations(all []migration.Migration) map[int64]*migration.Migration {
	of := make(map[int64]*migration.Migration, len(all))
	for i := range all {
		of[all[i].ID] = &all[i]
	}
	return of
}

func readPasses(ctx context.Context, q querier, sel selection, of map[int64]*migration.Migration) error {
	passes, err := queryAll(ctx, q, scanPass, `
		SELECT `+passColumns+` FROM pass
		WHERE migration_id IN (SELECT m.id FROM migration m WHERE m.code IS NOT NULL AND `+sel.where+`)
		ORDER BY migration_id, number`, sel.args...)
	for _, pass := range passes {
		m := of[pass.MigrationID]
		m.Passes = append(m.Passes, pass)
	}
	return err
}

func readDomains(ctx context.Context, q querier, sel selection, of map[int64]*migration.Migration) error {
	return eachRow(ctx, q, func(row scanner) error {
		var id, domain int64
		var name string
		if err := row.Scan(&id, &domain, &name); err != nil {
			return err
		}
		m := of[id]
		m.DomainIDs, m.Domains = append(m.DomainIDs, domain), append(m.Domains, name)
		return nil
	}, `
		SELECT b.migration_id, d.id, d.name
		FROM migration_domain b JOIN domain d ON d.id = b.domain_id
		WHERE b.migration_id IN (SELECT m.id FROM migration m WHERE m.code IS NOT NULL AND `+sel.where+`)
		ORDER BY b.migration_id, d.name`, sel.args...)
}

// readCounts counts the runs of every pass and the checks of every migration.
func readCounts(ctx context.Context, q querier, all []migration.Migration) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]int64, len(all))
	for i := range all {
		ids[i] = all[i].ID
		all[i].Passes = slices.Clone(all[i].Passes) // a list may name a migration twice
	}
	places, args := placesFor(1, ids)
	of := indexMigrations(all)
	if err := countRuns(ctx, q, places, args, of); err != nil {
		return err
	}
	return countChecks(ctx, q, places, args, of)
}

func countRuns(ctx context.Context, q querier, places string, args []any, of map[int64]*migration.Migration) error {
	return eachRow(ctx, q, func(row scanner) error {
		var id int64
		var number, count int
		var status migration.RunStatus
		var t migration.Tally
		err := row.Scan(&id, &number, &status, &count,
			&t.Listed, &t.Copied, &t.Present, &t.Skipped, &t.Failed, &t.Bytes)
		if err != nil {
			return err
		}
		addRuns(of[id].Passes, number, func(runs *migration.RunSummary) { runs.Add(status, count, t) })
		return nil
	}, `
		SELECT p.migration_id, p.number, r.status, count(*),
			sum(r.listed), sum(r.copied), sum(r.present), sum(r.skipped), sum(r.failed), sum(r.bytes)
		FROM pass p JOIN run r ON r.pass_id = p.id
		WHERE p.migration_id IN (`+places+`)
		GROUP BY p.migration_id, p.number, r.pass_id, r.status`, args...)
}

func addRuns(passes []migration.Pass, number int, add func(*migration.RunSummary)) {
	for i := range passes {
		if passes[i].Number == number {
			add(&passes[i].Runs)
		}
	}
}

func countChecks(ctx context.Context, q querier, places string, args []any, of map[int64]*migration.Migration) error {
	return eachRow(ctx, q, func(row scanner) error {
		var id int64
		var status migration.CheckStatus
		var rows, messages int
		var leftOut bool
		var octets int64
		err := row.Scan(&id, &leftOut, &status, &rows, &messages, &octets)
		switch {
		case err != nil:
		case leftOut:
			of[id].Checks.LeftOut += rows
		default:
			sum := &of[id].Checks
			sum.Messages, sum.Bytes = sum.Messages+messages, sum.Bytes+octets
			addChecks(sum, status, rows)
		}
		return err
	}, `
		SELECT migration_id, left_out, check_status, count(*), sum(check_messages), sum(check_bytes) FROM resource
		WHERE migration_id IN (`+places+`)
		GROUP BY migration_id, left_out, check_status`, args...)
}

func addChecks(sum *migration.CheckSummary, status migration.CheckStatus, rows int) {
	sum.Rows += rows
	switch status {
	case migration.CheckWaiting, migration.CheckRunning:
		sum.Waiting += rows
	case migration.CheckPassed:
		sum.Passed += rows
	case migration.CheckFailed:
		sum.Failed += rows
	}
}
