package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"trasloco/migration"
)

// ErrTwice: another row of the migration has the same two accounts.
var ErrTwice = errors.New("another row has the same accounts")

// Correction is what changes of a row of a valid migration. A secret that is zero
// stays what is stored.
type Correction struct {
	Row                 int
	Source              migration.Endpoint
	DestinationPassword migration.Secret
}

// CorrectRow changes the source of a row, and the password at a destination that
// wants one; the secrets are sealed. Another host is looked up anew (S7). What was
// copied is known again by its headers then, and with another port. The row waits for its check again, unless
// its run in the last pass failed: that one is to be tried again, and logs in
// itself. A run that is parked may go on at once.
//
// It is migration.ErrConflict where the migration is not valid, its secrets are
// gone, or a run of the row is at work; and for another login where messages of
// the former account were copied, or may have been, since the journal speaks of
// those. Where none was, the journal forgets the former account. Two rows with the
// same accounts are ErrTwice.
func (s *Store) CorrectRow(ctx context.Context, customer, migrationID int64, c Correction) error {
	old, err := s.Resource(ctx, customer, migrationID, c.Row)
	if err != nil {
		return err
	}
	fresh := old.Resource
	if err := s.OpenResource(ctx, customer, &fresh); err != nil {
		return fmt.Errorf("correct row %d: %w: %w", c.Row, migration.ErrConflict, err)
	}
	fresh.Source = keepSecrets(c.Source, fresh.Source.Auth)
	if !c.DestinationPassword.IsZero() {
		fresh.Destination.Auth.Password = c.DestinationPassword
	}
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardCorrection(ctx, tx, customer, migrationID, old.Resource, fresh); err != nil {
			return err
		}
		if otherAccount(old.Resource, fresh) {
			if err := forgetAccount(ctx, tx, fresh.ID); err != nil {
				return err
			}
		}
		if old.SourceKey() != fresh.SourceKey() {
			if err := doubtNumbers(ctx, tx, fresh.ID); err != nil {
				return err
			}
		}
		if old.Source.Address() != fresh.Source.Address() {
			if err := unfreeze(ctx, tx, fresh.ID); err != nil {
				return err
			}
		}
		if err := s.tryCorrected(ctx, tx, fresh.ID, accountsOf(old.Resource)); err != nil {
			return err
		}
		return s.correctRow(ctx, tx, migrationID, fresh)
	})
	if err != nil {
		return fmt.Errorf("correct row %d of migration %d: %w", c.Row, migrationID, err)
	}
	return nil
}

// keepSecrets gives an endpoint the secrets it lacks.
func keepSecrets(end migration.Endpoint, stored migration.Auth) migration.Endpoint {
	if end.Auth.Password.IsZero() && end.Auth.Kind == stored.Kind {
		end.Auth.Password = stored.Password
	}
	if end.Auth.ClientSecret.IsZero() && end.Auth.Kind == stored.Kind {
		end.Auth.ClientSecret = stored.ClientSecret
	}
	return end
}

func guardCorrection(ctx context.Context, tx *sql.Tx, customer, migrationID int64, old, fresh migration.Resource) error {
	if err := guardValidity(ctx, tx, customer, migrationID, migration.Valid); err != nil {
		return err
	}
	blocked, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT EXISTS (SELECT 1 FROM run WHERE resource_id = $1 AND status IN ($2, $3))
			OR $4 = 1 AND (EXISTS (SELECT 1 FROM pair p JOIN msg m ON m.pair_id = p.id WHERE p.resource_id = $1 AND m.kind IN (0, 3))
				OR EXISTS (SELECT 1 FROM pair p JOIN inflight i ON i.pair_id = p.id WHERE p.resource_id = $1))`,
		old.ID, migration.RunConnecting, migration.RunCopying, flag(otherAccount(old, fresh)))
	if err == nil && blocked {
		return migration.ErrConflict
	}
	if err != nil {
		return err
	}
	twice, err := queryOne(ctx, tx, scanValue[bool], `
		SELECT EXISTS (SELECT 1 FROM resource WHERE migration_id = $1 AND id <> $2 AND source_key = $3 AND mailbox = $4)`,
		migrationID, old.ID, fresh.SourceKey(), fresh.DestinationKey())
	if err == nil && twice {
		err = ErrTwice
	}
	return err
}

// otherAccount reports whether a row is about other mail from then on.
func otherAccount(old, fresh migration.Resource) bool {
	return old.Source.Auth.Login != fresh.Source.Auth.Login
}

// forgetAccount forgets what is remembered of an account of which nothing was
// copied. Servers number the folders of several accounts alike: what is remembered
// of the former one would stand for messages of the other, and they would be lost.
func forgetAccount(ctx context.Context, tx *sql.Tx, resourceID int64) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM pair WHERE resource_id = $1`, resourceID)
	return err
}

func (s *Store) correctRow(ctx context.Context, tx *sql.Tx, migrationID int64, r migration.Resource) error {
	source, err := packEndpoint(r.Source)
	if err != nil {
		return err
	}
	key, err := s.keys.ofMigration(migrationID, false)
	if err != nil {
		return err
	}
	if err := s.changeSource(ctx, tx, r.ID, source, r.SourceKey()); err != nil {
		return err
	}
	return sealRow(ctx, tx, key, r.ID, r.Source.Auth, ownAuth(r.Destination))
}

// changeSource stores how a source is reached from now on, and lets the row be tried
// by that: what its check found stays, but nobody was let in like that yet.
func (s *Store) changeSource(ctx context.Context, tx *sql.Tx, id int64, source, sourceKey string) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE resource SET source = $1, source_key = $2, refused = '', check_status = CASE WHEN EXISTS (
			SELECT 1 FROM run r WHERE r.resource_id = resource.id AND r.status = $3
				AND r.pass_id = (SELECT max(pass_id) FROM run WHERE resource_id = resource.id)
		) THEN check_status ELSE $4 END, check_at = NULL
		WHERE id = $5`, source, sourceKey, migration.RunFailed, migration.CheckWaiting, id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE run SET retry_at = $1 WHERE resource_id = $2 AND status = $3`,
		millis(s.now()), id, migration.RunParked)
	return err
}
