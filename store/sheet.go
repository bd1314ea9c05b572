package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trasloco/migration"
)

// SaveSheet stores the text of a migration's file and its rows, sealing the
// text and the secrets. The migration must be a draft or invalid, else it is
// migration.ErrConflict.
//
// A row that stands there with the same accounts, endpoints and secrets keeps
// its Check and LeftOut, also where its line moved; any other is a new one, with
// another ID, that waits for its check: what a check under way finds out about
// the former one comes to nothing. Rows that are not among rows are deleted.
// The domains of the migration follow its rows; one of another customer is
// migration.ErrNotFound. Of no text none is kept. The rows on the lines of out are
// left out, from the first moment on.
//
// Where the destination has a master user, a password of it in rows is not
// stored: it is the destination's.
func (s *Store) SaveSheet(
	ctx context.Context, customer, migrationID int64, text migration.Secret, rows []migration.Resource, out ...int,
) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardValidity(ctx, tx, customer, migrationID, migration.Draft, migration.Invalid); err != nil {
			return err
		}
		key, err := s.keys.ofMigration(migrationID, true)
		if err != nil {
			return err
		}
		if err := sealSheet(ctx, tx, key, migrationID, text); err != nil {
			return err
		}
		if err := s.saveRows(ctx, tx, key, migrationID, rows); err != nil {
			return err
		}
		if err := leaveOut(ctx, tx, migrationID, out); err != nil {
			return err
		}
		if err := saveDomains(ctx, tx, migrationID); err != nil {
			return err
		}
		return s.touch(ctx, tx, migrationID)
	})
	if err != nil {
		return fmt.Errorf("save sheet of migration %d: %w", migrationID, err)
	}
	return nil
}

// Sheet returns the text that SaveSheet stored, or the zero Secret if there is
// none.
func (s *Store) Sheet(ctx context.Context, customer, migrationID int64) (migration.Secret, error) {
	text, err := s.openSheet(ctx, customer, migrationID)
	if err != nil {
		return migration.Secret{}, fmt.Errorf("sheet of migration %d: %w", migrationID, err)
	}
	return text, nil
}

func (s *Store) openSheet(ctx context.Context, customer, migrationID int64) (migration.Secret, error) {
	sealed, err := queryOne(ctx, s.readers, scanValue[string], `
		SELECT sealed FROM sheet WHERE $1 IN (0, customer_id) AND migration_id = $2`, customer, migrationID)
	if errors.Is(err, migration.ErrNotFound) {
		return migration.Secret{}, nil
	}
	if err != nil {
		return migration.Secret{}, err
	}
	key, err := s.keys.ofMigration(migrationID, false)
	if err != nil {
		return migration.Secret{}, err
	}
	plain, err := key.open(sheetText(migrationID), sealed)
	return migration.NewSecret(string(plain)), err
}

func sheetText(migrationID int64) place { return place{"sheet", "sealed", migrationID} }

func sealSheet(ctx context.Context, tx *sql.Tx, k key, migrationID int64, text migration.Secret) error {
	if text.IsZero() {
		return forgetSheet(ctx, tx, migrationID)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO sheet (migration_id, customer_id, sealed) SELECT id, customer_id, $2 FROM migration WHERE id = $1
		ON CONFLICT (migration_id) DO UPDATE SET sealed = excluded.sealed`,
		migrationID, k.seal(sheetText(migrationID), []byte(text.Reveal())))
	return err
}

func forgetSheet(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM sheet WHERE migration_id = $1`, migrationID)
	return err
}

// saveRows keeps the rows that stand there unchanged, and puts the others in
// their place. Deleting comes first: two rows may have changed places. One that takes
// the place of a row whose login was refused is tried first (C-2).
func (s *Store) saveRows(ctx context.Context, tx *sql.Tx, k key, migrationID int64, rows []migration.Resource) error {
	stored, err := storedRows(ctx, tx, migrationID)
	if err != nil {
		return err
	}
	var fresh []migration.Resource
	for _, r := range rows {
		accounts := accountsOf(r)
		old, known := stored[accounts]
		if !known || !old.same(k, r) {
			fresh = append(fresh, r)
			continue
		}
		delete(stored, accounts)
		if _, err := tx.ExecContext(ctx, `UPDATE resource SET line = $1 WHERE id = $2`, r.Row, old.id); err != nil {
			return err
		}
	}
	gone := make(map[int]accounts, len(stored))
	for _, old := range stored {
		gone[old.line] = old.accounts
		if _, err := tx.ExecContext(ctx, `DELETE FROM resource WHERE id = $1`, old.id); err != nil {
			return err
		}
	}
	for _, r := range fresh {
		id, err := insertRow(ctx, tx, k, migrationID, r)
		if err == nil {
			err = s.tryCorrected(ctx, tx, id, gone[r.Row])
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", r.Row, err)
		}
	}
	return nil
}

// accounts are what a row is known again by.
type accounts struct{ source, mailbox string }

func accountsOf(r migration.Resource) accounts { return accounts{r.SourceKey(), r.DestinationKey()} }

// storedRow is what may not change of a row that keeps its check.
type storedRow struct {
	id, domain    int64
	line          int
	accounts      accounts
	source, login string
	secrets       secretRow
}

func storedRows(ctx context.Context, tx *sql.Tx, migrationID int64) (map[accounts]storedRow, error) {
	stored := make(map[accounts]storedRow)
	err := eachRow(ctx, tx, func(row scanner) error {
		var r storedRow
		err := row.Scan(&r.id, &r.domain, &r.line, &r.accounts.source, &r.accounts.mailbox, &r.source, &r.login,
			&r.secrets.source, &r.secrets.destination)
		stored[r.accounts] = r
		return err
	}, `
		SELECT id, coalesce(domain_id, 0), line, source_key, mailbox, source, destination_login,
			source_secret, destination_secret
		FROM resource WHERE migration_id = $1`, migrationID)
	return stored, err
}

// same reports whether r is the stored row. Secrets that do not open any more
// are not the same.
func (old storedRow) same(k key, r migration.Resource) bool {
	source, err := packEndpoint(r.Source)
	if err != nil || source != old.source || r.Destination.Auth.Login != old.login || r.DomainID != old.domain {
		return false
	}
	var had migration.Resource
	if openAuth(k, sourceSecret(old.id), old.secrets.source, &had.Source.Auth) != nil ||
		openAuth(k, destinationSecret(old.id), old.secrets.destination, &had.Destination.Auth) != nil {
		return false
	}
	want := ownAuth(r.Destination)
	return had.Source.Auth.Password.Equal(r.Source.Auth.Password) &&
		had.Source.Auth.ClientSecret.Equal(r.Source.Auth.ClientSecret) &&
		had.Destination.Auth.Password.Equal(want.Password)
}

// ownAuth is what of an endpoint's secrets belongs to the row: with a master
// user nothing does.
func ownAuth(destination migration.Endpoint) migration.Auth {
	if destination.Auth.Kind == migration.AuthMaster {
		return migration.Auth{}
	}
	return destination.Auth
}

func insertRow(ctx context.Context, tx *sql.Tx, k key, migrationID int64, r migration.Resource) (int64, error) {
	source, err := packEndpoint(r.Source)
	if err != nil {
		return 0, err
	}
	id, err := queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO resource (customer_id, migration_id, line, source_key, mailbox, domain_id, source,
			destination_login, check_status)
		SELECT m.customer_id, m.id, $2, $3, $4, d.id, $6, $7, $8
		FROM migration m JOIN domain d ON d.customer_id = m.customer_id
		WHERE m.id = $1 AND d.id = $5
		RETURNING id`,
		migrationID, r.Row, r.SourceKey(), r.DestinationKey(), r.DomainID, source,
		r.Destination.Auth.Login, migration.CheckWaiting)
	if err != nil {
		return 0, err
	}
	return id, sealRow(ctx, tx, k, id, r.Source.Auth, ownAuth(r.Destination))
}

func sealRow(ctx context.Context, tx *sql.Tx, k key, id int64, source, destination migration.Auth) error {
	sealedSource, err := sealAuth(k, sourceSecret(id), source)
	if err != nil {
		return err
	}
	sealedDestination, err := sealAuth(k, destinationSecret(id), destination)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE resource SET source_secret = $1, destination_secret = $2 WHERE id = $3`,
		sealedSource, sealedDestination, id)
	return err
}

func saveDomains(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM migration_domain WHERE migration_id = $1`, migrationID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO migration_domain (migration_id, customer_id, domain_id)
		SELECT DISTINCT migration_id, customer_id, domain_id FROM resource WHERE migration_id = $1`, migrationID)
	return err
}

// leaveOut leaves the rows on these lines out. A line that has no row is none.
func leaveOut(ctx context.Context, tx *sql.Tx, migrationID int64, lines []int) error {
	if len(lines) == 0 {
		return nil
	}
	places, args := placesFor(2, lines)
	//nolint:gosec // places are numbers
	_, err := tx.ExecContext(ctx, `
		UPDATE resource SET left_out = 1 WHERE migration_id = $1 AND line IN (`+places+`)`, append([]any{migrationID}, args...)...)
	return err
}

// LeaveOut says whether the migration goes on without the rows on these lines
// (S17). All or none: a line that has no row is migration.ErrNotFound, a
// migration that is neither draft nor invalid migration.ErrConflict.
func (s *Store) LeaveOut(ctx context.Context, customer, migrationID int64, lines []int, out bool) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardValidity(ctx, tx, customer, migrationID, migration.Draft, migration.Invalid); err != nil {
			return err
		}
		for _, line := range lines {
			err := execOne(ctx, tx, migration.ErrNotFound, `
				UPDATE resource SET left_out = $1 WHERE migration_id = $2 AND line = $3`, flag(out), migrationID, line)
			if err != nil {
				return fmt.Errorf("row %d: %w", line, err)
			}
		}
		return s.touch(ctx, tx, migrationID)
	})
	if err != nil {
		return fmt.Errorf("leave out rows of migration %d: %w", migrationID, err)
	}
	return nil
}
