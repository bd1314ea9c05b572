package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"trasloco/migration"
)

// CreateDraft begins a migration for m.UserID in m.CustomerID, with the name,
// type, source options and plan that m has. It sets ID, Code, Validity and the
// dates.
func (s *Store) CreateDraft(ctx context.Context, m *migration.Migration) error {
	made := *m
	made.Validity, made.CreatedAt, made.ChangedAt, made.Version = migration.Draft, s.now(), s.now(), 1
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insertDraft(ctx, tx, &made)
	})
	if err != nil {
		return fmt.Errorf("create draft: %w", err)
	}
	*m = made
	return nil
}

var errNoCode = errors.New("no free code found")

// insertDraft tries codes until one is free.
func insertDraft(ctx context.Context, tx *sql.Tx, m *migration.Migration) (err error) {
	pins, err := packByAddress(m.Source.Pins)
	if err != nil {
		return err
	}
	allowed, err := packByAddress(m.Source.Allowed)
	if err != nil {
		return err
	}
	for range 20 {
		m.Code = migration.NewCode()
		m.ID, err = queryOne(ctx, tx, scanValue[int64], `
			INSERT INTO migration (customer_id, user_id, code, name, server_type, validity,
				source_tls, source_tls_name, source_pin, source_pins, first_at, first_soonest, second_at, second_gap,
				created_at, changed_at, source_master, source_provider, source_allowed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16, $17, $18)
			ON CONFLICT (code) DO NOTHING RETURNING id`,
			m.CustomerID, m.UserID, m.Code, text(m.Name), m.ServerType, m.Validity,
			m.Source.TLS, m.Source.TLSName, m.Source.Pin, pins,
			millis(m.Plan.First.At), flag(m.Plan.First.Soonest), millis(m.Plan.Second), m.Plan.Gap.Milliseconds(),
			millis(m.CreatedAt), m.Source.Master.String(), m.Source.Provider, allowed)
		if !errors.Is(err, migration.ErrNotFound) {
			return err
		}
	}
	return errNoCode
}

// SaveDraft stores the name, type, source options and plan of a migration that
// is a draft or invalid, and sets m.ChangedAt. The rows stay as they are: where
// the options change them, SaveSheet follows. With another type or provider all wait
// for their check again, also those whose check is under way: what is no mail depends on
// it (F-13). Any other validity is migration.ErrConflict.
func (s *Store) SaveDraft(ctx context.Context, customer int64, m *migration.Migration) error {
	now := s.now()
	linesOut := ""
	if len(m.LinesOut) > 0 {
		packed, err := json.Marshal(m.LinesOut)
		if err != nil {
			return fmt.Errorf("lines left out of draft %d: %w", m.ID, err)
		}
		linesOut = string(packed)
	}
	pins, err := packByAddress(m.Source.Pins)
	if err != nil {
		return fmt.Errorf("certificates of draft %d: %w", m.ID, err)
	}
	allowed, err := packByAddress(m.Source.Allowed)
	if err != nil {
		return fmt.Errorf("weaknesses of draft %d: %w", m.ID, err)
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE resource SET check_status = $1
			WHERE migration_id = $2 AND check_status <> $1 AND EXISTS (
				SELECT 1 FROM migration m
				WHERE m.id = $2 AND (m.server_type <> $3 OR m.source_provider <> $6) AND m.validity IN ($4, $5))`,
			migration.CheckWaiting, m.ID, m.ServerType, migration.Draft, migration.Invalid, m.Source.Provider)
		if err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE migration SET name = $3, server_type = $4, source_tls = $5, source_tls_name = $6, source_pin = $7,
				first_at = $8, first_soonest = $9, second_at = $10, second_gap = $11, changed_at = $12, lines_out = $15,
				source_pins = $16, source_master = $17, source_provider = $18, source_allowed = $19, version = version + 1
			WHERE $1 IN (0, customer_id) AND id = $2 AND validity IN ($13, $14)`,
			customer, m.ID, text(m.Name), m.ServerType, m.Source.TLS, m.Source.TLSName, m.Source.Pin,
			millis(m.Plan.First.At), flag(m.Plan.First.Soonest), millis(m.Plan.Second), m.Plan.Gap.Milliseconds(),
			millis(now), migration.Draft, migration.Invalid, linesOut, pins, m.Source.Master.String(), m.Source.Provider, allowed)
	})
	if err != nil {
		return fmt.Errorf("save draft %d: %w", m.ID, err)
	}
	m.ChangedAt, m.Version = now, m.Version+1
	return nil
}

// Submit hands a draft or invalid migration in: it is validating from then on,
// with these passes in place of those planned before. Rows whose check is too
// old must be waiting by then; see Recheck. It updates m. A migration that
// stands elsewhere than m says is migration.ErrConflict.
func (s *Store) Submit(ctx context.Context, customer int64, m *migration.Migration, passes []migration.Pass) error {
	return s.submit(ctx, customer, m, passes, func(context.Context, *sql.Tx) error { return nil })
}

// ErrTooMany says that the customer has as many migrations planned as he may.
var ErrTooMany = errors.New("too many migrations are planned")

// SubmitWhere is Submit if the migrations of the customer that are planned, this
// one not among them, let it; else it is ErrTooMany. Nobody else's is handed in
// between the question and the answer. It is ErrStale where the stored migration is
// not of m's version: a row that nobody has seen would be handed in, or forgotten.
func (s *Store) SubmitWhere(
	ctx context.Context, customer int64, m *migration.Migration, passes []migration.Pass, fits func(planned []migration.Migration) bool,
) error {
	return s.submit(ctx, customer, m, passes, func(ctx context.Context, tx *sql.Tx) error {
		version, err := queryOne(ctx, tx, scanValue[int], `SELECT version FROM migration WHERE id = $1`, m.ID)
		if err == nil && version != m.Version {
			err = ErrStale
		}
		if err != nil {
			return err
		}
		planned, err := readOutlines(ctx, tx, plannedOf(m.CustomerID))
		if err == nil && !fits(planned) {
			err = ErrTooMany
		}
		return err
	})
}

func (s *Store) submit(
	ctx context.Context, customer int64, m *migration.Migration, passes []migration.Pass,
	may func(ctx context.Context, tx *sql.Tx) error,
) error {
	err := s.alter(ctx, customer, m, func(ctx context.Context, tx *sql.Tx) error {
		if err := may(ctx, tx); err != nil {
			return err
		}
		if err := s.moveValidity(ctx, tx, customer, *m, migration.Validating); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			DELETE FROM pass WHERE migration_id = $1 AND status = $2`, m.ID, migration.PassPlanned)
		if err != nil {
			return err
		}
		return planPasses(ctx, tx, m.ID, passes)
	})
	if err != nil {
		return fmt.Errorf("submit migration %d: %w", m.ID, err)
	}
	return nil
}

func planPasses(ctx context.Context, tx *sql.Tx, migrationID int64, passes []migration.Pass) error {
	for _, pass := range passes {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO pass (customer_id, migration_id, number, status, planned_at)
			SELECT customer_id, id, $2, $3, $4 FROM migration WHERE id = $1`,
			migrationID, pass.Number, migration.PassPlanned, millis(pass.PlannedAt))
		if err != nil {
			return fmt.Errorf("plan pass %d: %w", pass.Number, err)
		}
	}
	return nil
}

// Settle gives a validating migration its verdict, valid or invalid, with the
// notices that tell of it. Passes that are not nil get their PlannedAt, by
// number. A valid migration keeps the text of its file no longer. It updates m.
// A migration that does not stand at validating is migration.ErrConflict, and so
// is valid while a row that is not left out has no check it passed.
func (s *Store) Settle(
	ctx context.Context, customer int64, m *migration.Migration, to migration.Validity,
	passes []migration.Pass, notices ...migration.Notice,
) error {
	err := s.alter(ctx, customer, m, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.moveValidity(ctx, tx, customer, *m, to); err != nil {
			return err
		}
		if to == migration.Valid {
			if err := closeSheet(ctx, tx, m.ID); err != nil {
				return err
			}
		}
		if err := replanPasses(ctx, tx, m.ID, passes); err != nil {
			return err
		}
		return s.addNotices(ctx, tx, m.ID, notices)
	})
	if err != nil {
		return fmt.Errorf("settle migration %d as %s: %w", m.ID, to, err)
	}
	return nil
}

// closeSheet forgets the text of the file, which nobody corrects any more once
// every row passed its check; until then it is migration.ErrConflict.
func closeSheet(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	m, err := readMigration(ctx, tx, migrationsByID(AnyCustomer, migrationID))
	if err != nil {
		return err
	}
	if !m.Checks.Over() || m.Checks.Verdict() != migration.Valid {
		return migration.ErrConflict
	}
	return forgetSheet(ctx, tx, migrationID)
}

func replanPasses(ctx context.Context, tx *sql.Tx, migrationID int64, passes []migration.Pass) error {
	for _, pass := range passes {
		err := execOne(ctx, tx, migration.ErrConflict, `
			UPDATE pass SET planned_at = $1 WHERE migration_id = $2 AND number = $3 AND status = $4`,
			millis(pass.PlannedAt), migrationID, pass.Number, migration.PassPlanned)
		if err != nil {
			return fmt.Errorf("plan pass %d anew: %w", pass.Number, err)
		}
	}
	return nil
}

// Cancel ends a migration: its planned, paused and interrupted passes, their
// open and parked runs and the migration itself are cancelled. It updates m.
// While a pass runs or a run is at work, and where m says another validity than
// stands, it is migration.ErrConflict.
func (s *Store) Cancel(ctx context.Context, customer int64, m *migration.Migration) error {
	err := s.alter(ctx, customer, m, func(ctx context.Context, tx *sql.Tx) error {
		if m.IsOver() {
			return migration.ErrConflict
		}
		if err := s.moveValidity(ctx, tx, customer, *m, migration.Cancelled); err != nil {
			return err
		}
		if err := guardIdle(ctx, tx, m.ID); err != nil {
			return err
		}
		return s.cancelRest(ctx, tx, m.ID)
	})
	if err != nil {
		return fmt.Errorf("cancel migration %d: %w", m.ID, err)
	}
	return nil
}

// guardIdle returns migration.ErrConflict while a pass of the migration runs or
// one of its runs is at work (S21).
func guardIdle(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	busy, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT EXISTS (SELECT 1 FROM pass WHERE migration_id = $1 AND status = $2)
			OR EXISTS (SELECT 1 FROM run r JOIN pass p ON p.id = r.pass_id
				WHERE p.migration_id = $1 AND r.status IN ($3, $4))`,
		migrationID, migration.PassRunning, migration.RunConnecting, migration.RunCopying)
	if err == nil && busy {
		err = migration.ErrConflict
	}
	return err
}

func (s *Store) cancelRest(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	now := millis(s.now())
	_, err := tx.ExecContext(ctx, `
		UPDATE run SET status = $1, ended_at = $2, retry_at = NULL
		WHERE pass_id IN (SELECT id FROM pass WHERE migration_id = $3) AND status IN ($4, $5, $6)`,
		migration.RunCancelled, now, migrationID,
		migration.RunWaiting, migration.RunInterrupted, migration.RunParked)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE pass SET status = $1, ended_at = $2
		WHERE migration_id = $3 AND status IN ($4, $5, $6)`,
		migration.PassCancelled, now, migrationID,
		migration.PassPlanned, migration.PassPaused, migration.PassInterrupted)
	return err
}

// alter makes a change of a migration and sets m to what then stands.
func (s *Store) alter(
	ctx context.Context, customer int64, m *migration.Migration, do func(ctx context.Context, tx *sql.Tx) error,
) error {
	var fresh migration.Migration
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if err = do(ctx, tx); err != nil {
			return err
		}
		fresh, err = readMigration(ctx, tx, migrationsByID(customer, m.ID))
		return err
	})
	if err == nil {
		*m = fresh
	}
	return err
}

// moveValidity is the guarded move of a migration: the database is asked
// whether it still stands where m says.
func (s *Store) moveValidity(
	ctx context.Context, tx *sql.Tx, customer int64, m migration.Migration, to migration.Validity,
) error {
	if !m.Validity.CanBecome(to) {
		return migration.ErrConflict
	}
	return execOne(ctx, tx, migration.ErrConflict, `
		UPDATE migration SET validity = $1, changed_at = $2, version = version + 1
		WHERE $3 IN (0, customer_id) AND id = $4 AND validity = $5`,
		to, millis(s.now()), customer, m.ID, m.Validity)
}

// guardValidity returns migration.ErrConflict unless the migration stands at
// one of the validities, and migration.ErrNotFound where there is none.
func guardValidity(ctx context.Context, tx *sql.Tx, customer, id int64, allowed ...migration.Validity) error {
	validity, err := queryOne(ctx, tx, scanValue[migration.Validity], `
		SELECT validity FROM migration WHERE $1 IN (0, customer_id) AND id = $2`, customer, id)
	if err == nil && !slices.Contains(allowed, validity) {
		err = migration.ErrConflict
	}
	return err
}

// touch sets the date of a migration's last change.
func (s *Store) touch(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE migration SET changed_at = $1, version = version + 1 WHERE id = $2`, millis(s.now()), migrationID)
	return err
}
