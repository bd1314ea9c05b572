package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// Freeze stores where the name of a row's source leads, for all that follows (S7). A
// row that knows it already keeps what it has.
func (s *Store) Freeze(ctx context.Context, customer, resourceID int64, addresses migration.Addresses) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE resource SET addresses = $1 WHERE $2 IN (0, customer_id) AND id = $3 AND addresses = ''`,
			addresses, customer, resourceID)
		return err
	})
	if err != nil {
		return fmt.Errorf("freeze addresses of resource %d: %w", resourceID, err)
	}
	return nil
}

// Unfreeze forgets where the names of a valid migration's sources led: they are
// looked up again (S7), those of the row on that line of the file, or of all rows; 0:
// all. They are checked anew. While a run of one of them is at work it is
// migration.ErrConflict.
func (s *Store) Unfreeze(ctx context.Context, customer, migrationID int64, row int) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardValidity(ctx, tx, customer, migrationID, migration.Valid); err != nil {
			return err
		}
		rows, err := queryAll(ctx, tx, scanValue[int64], `
			SELECT id FROM resource WHERE migration_id = $1 AND $2 IN (0, line)`, migrationID, row)
		if err != nil {
			return err
		}
		for _, id := range rows {
			if err := guardNoRun(ctx, tx, id); err != nil {
				return err
			}
			if err := unfreeze(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE resource SET check_status = $1 WHERE migration_id = $2 AND $3 IN (0, line) AND left_out = 0`,
			migration.CheckWaiting, migrationID, row)
		return err
	})
	if err != nil {
		return fmt.Errorf("look up sources of migration %d again: %w", migrationID, err)
	}
	return nil
}

func unfreeze(ctx context.Context, tx *sql.Tx, resourceID int64) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE resource SET addresses = '', check_status = CASE check_status WHEN $2 THEN $3 ELSE check_status END
		WHERE id = $1`, resourceID, migration.CheckRunning, migration.CheckWaiting)
	return err
}

// guardNoRun returns migration.ErrConflict while a run of the row is at work.
func guardNoRun(ctx context.Context, tx *sql.Tx, resourceID int64) error {
	busy, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT EXISTS (SELECT 1 FROM run WHERE resource_id = $1 AND status IN ($2, $3))`,
		resourceID, migration.RunConnecting, migration.RunCopying)
	if err == nil && busy {
		err = migration.ErrConflict
	}
	return err
}

// RefuseCertificate stores the SHA-256 of the certificate for which a run of the row
// stopped; "": its runs are content again.
func (s *Store) RefuseCertificate(ctx context.Context, customer, resourceID int64, certificate string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE resource SET refused = $1 WHERE $2 IN (0, customer_id) AND id = $3`, certificate, customer, resourceID)
		return err
	})
	if err != nil {
		return fmt.Errorf("certificate that resource %d refused: %w", resourceID, err)
	}
	return nil
}

// AcceptCertificate lets the certificate for which a row of a valid migration stopped
// be believed, and no other, in that row and in all others with the same server at
// the same address, which may go on then (S7). It returns on how many lines that is.
//
// It is migration.ErrConflict where another certificate was refused, or none, or the
// secrets are gone.
func (s *Store) AcceptCertificate(ctx context.Context, customer int64, m migration.Migration, row int, certificate string) (rows int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardValidity(ctx, tx, customer, m.ID, migration.Valid); err != nil {
			return err
		}
		all, err := queryAll(ctx, tx, scanResourceRow, `SELECT `+resourceColumns+` FROM resource x WHERE x.migration_id = $1`, m.ID)
		if err != nil {
			return err
		}
		asked := lineOf(all, row)
		if asked.Refused == "" || asked.Refused != certificate || !s.keys.has(m.ID) {
			return migration.ErrConflict
		}
		for _, r := range all {
			if r.Source.Address() != asked.Source.Address() || r.Source.Addresses.First() != asked.Source.Addresses.First() {
				continue
			}
			rows++
			if err := s.pin(ctx, tx, r.Resource, certificate); err != nil {
				return err
			}
		}
		return acceptFor(ctx, tx, m, asked.Source.Address(), certificate)
	})
	if err != nil {
		return 0, fmt.Errorf("accept certificate in row %d of migration %d: %w", row, m.ID, err)
	}
	return rows, nil
}

func lineOf(all []ResourceRow, row int) migration.Resource {
	for _, r := range all {
		if r.Row == row {
			return r.Resource
		}
	}
	return migration.Resource{}
}

func (s *Store) pin(ctx context.Context, tx *sql.Tx, r migration.Resource, certificate string) error {
	r.Source.Pin = certificate
	source, err := packEndpoint(r.Source)
	if err != nil {
		return err
	}
	if r.Refused == "" { // it has not stopped: nothing is to be tried again
		_, err = tx.ExecContext(ctx, `UPDATE resource SET source = $1 WHERE id = $2`, source, r.ID)
		return err
	}
	return s.changeSource(ctx, tx, r.ID, source, r.SourceKey())
}

// acceptFor keeps what was accepted for rows that are corrected later.
func acceptFor(ctx context.Context, tx *sql.Tx, m migration.Migration, address, certificate string) error {
	packed, err := queryOne(ctx, tx, scanValue[string], `SELECT source_pins FROM migration WHERE id = $1`, m.ID)
	if err != nil {
		return err
	}
	if m.Source.Pins, err = unpackByAddress[string](packed); err != nil {
		return err
	}
	m.Source.Accept(address, certificate)
	if packed, err = packByAddress(m.Source.Pins); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE migration SET source_pins = $1 WHERE id = $2`, packed, m.ID)
	return err
}
