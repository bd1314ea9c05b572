package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"trasloco/migration"
)

// SealResource stores the passwords and client secrets of both ends of r, whose
// ID must be set, sealed with the key of its migration; what was stored before
// is replaced. An end without a secret stores none.
func (s *Store) SealResource(ctx context.Context, customer int64, r migration.Resource) error {
	err := s.sealResource(ctx, customer, r)
	if err != nil {
		err = fmt.Errorf("seal secrets of resource %d: %w", r.ID, err)
	}
	return err
}

func (s *Store) sealResource(ctx context.Context, customer int64, r migration.Resource) error {
	row, err := s.secretRow(ctx, customer, r.ID)
	if err != nil {
		return err
	}
	key, err := s.keys.ofMigration(row.migration, true)
	if err != nil {
		return err
	}
	source, err := sealAuth(key, sourceSecret(r.ID), r.Source.Auth)
	if err != nil {
		return err
	}
	destination, err := sealAuth(key, destinationSecret(r.ID), r.Destination.Auth)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrNotFound, `
			UPDATE resource SET source_secret = $3, destination_secret = $4
			WHERE $1 IN (0, customer_id) AND id = $2`, customer, r.ID, source, destination)
	})
}

// OpenResource sets the secrets of both ends of r to those stored for r.ID; an
// end that has none stored is left as it is. ErrShredded: they can no longer be
// opened.
//
// Both ends of a row of the panel become what they are now, since it may have been
// corrected after r was read: a new password goes to no former server. The
// destination is that of the row's domain, with the password of the master user, or
// the mailbox's own where that is what the server wants.
func (s *Store) OpenResource(ctx context.Context, customer int64, r *migration.Resource) error {
	err := s.openResource(ctx, customer, r)
	if err != nil {
		err = fmt.Errorf("open secrets of resource %d: %w", r.ID, err)
	}
	return err
}

func (s *Store) openResource(ctx context.Context, customer int64, r *migration.Resource) error {
	row, err := s.secretRow(ctx, customer, r.ID)
	if err != nil {
		return err
	}
	opened := *r
	switch {
	case row.domain != 0:
		err = s.openPanelRow(ctx, row, &opened)
	case row.source.Valid || row.destination.Valid:
		err = s.openOwn(row, &opened)
	}
	if err != nil {
		return err
	}
	*r = opened
	return nil
}

// openPanelRow opens a row of the panel. Its source has a secret as long as the
// migration is not closed.
func (s *Store) openPanelRow(ctx context.Context, row secretRow, r *migration.Resource) error {
	if !row.source.Valid {
		return ErrShredded
	}
	server, err := queryOne(ctx, s.readers, s.openDestination, `
		SELECT `+destinationColumns+` FROM destination
		WHERE id = (SELECT destination_id FROM domain WHERE domain.id = $1)`, row.domain)
	if err != nil {
		return fmt.Errorf("destination of domain %d: %w", row.domain, err)
	}
	own := *r
	if own.Source, err = unpackEndpoint(row.endpoint); err != nil {
		return err
	}
	own.Source.Addresses = row.addresses
	if err := s.openOwn(row, &own); err != nil {
		return err
	}
	r.Source = own.Source
	r.Destination = server.For(row.login, own.Destination.Auth.Password)
	return nil
}

// openOwn opens what is sealed with the row itself.
func (s *Store) openOwn(row secretRow, r *migration.Resource) error {
	key, err := s.keys.ofMigration(row.migration, false)
	if err != nil {
		return err
	}
	if err := openAuth(key, sourceSecret(row.id), row.source, &r.Source.Auth); err != nil {
		return err
	}
	return openAuth(key, destinationSecret(row.id), row.destination, &r.Destination.Auth)
}

// Shred destroys the key of a migration and then the sealed secrets themselves,
// in the database and its write-ahead log. Whatever copies of the database
// exist, nothing opens their secrets any more. After an error call it again.
func (s *Store) Shred(ctx context.Context, customer, migrationID int64) error {
	_, err := queryOne(ctx, s.readers, scanValue[int64], `
		SELECT id FROM migration WHERE $1 IN (0, customer_id) AND id = $2`, customer, migrationID)
	if err == nil {
		err = s.keys.shred(migrationID)
	}
	if err == nil {
		err = s.writeThen(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `
				UPDATE resource SET source_secret = NULL, destination_secret = NULL
				WHERE migration_id = $1`, migrationID)
			if err != nil {
				return err
			}
			return forgetSheet(ctx, tx, migrationID)
		}, s.truncateLog)
	}
	if err != nil {
		return fmt.Errorf("shred secrets of migration %d: %w", migrationID, err)
	}
	return nil
}

type secretRow struct {
	id, migration       int64
	domain              int64 // 0: a row of the command line
	login               string
	endpoint            string // of the source, as it is stored
	addresses           migration.Addresses
	source, destination sql.NullString
}

func (s *Store) secretRow(ctx context.Context, customer, resource int64) (secretRow, error) {
	scan := func(row scanner) (r secretRow, err error) {
		err = row.Scan(&r.id, &r.migration, &r.domain, &r.login, &r.endpoint, &r.addresses, &r.source, &r.destination)
		return r, err
	}
	return queryOne(ctx, s.readers, scan, `
		SELECT id, migration_id, coalesce(domain_id, 0), destination_login, source, addresses, source_secret, destination_secret
		FROM resource
		WHERE $1 IN (0, customer_id) AND id = $2`, customer, resource)
}

func sourceSecret(id int64) place      { return place{"resource", "source_secret", id} }
func destinationSecret(id int64) place { return place{"resource", "destination_secret", id} }

// authSecrets is what is sealed of an Auth. Octets and not strings: JSON would
// change a password that is not UTF-8.
type authSecrets struct {
	Password     []byte `json:"password,omitempty"`
	ClientSecret []byte `json:"client_secret,omitempty"`
}

func sealAuth(k key, at place, auth migration.Auth) (sql.NullString, error) {
	if auth.Password.IsZero() && auth.ClientSecret.IsZero() {
		return sql.NullString{}, nil
	}
	plain, err := json.Marshal(authSecrets{
		Password:     []byte(auth.Password.Reveal()),
		ClientSecret: []byte(auth.ClientSecret.Reveal()),
	})
	if err != nil {
		return sql.NullString{}, err
	}
	return sql.NullString{String: k.seal(at, plain), Valid: true}, nil
}

func openAuth(k key, at place, sealed sql.NullString, auth *migration.Auth) error {
	if !sealed.Valid {
		return nil
	}
	plain, err := k.open(at, sealed.String)
	if err != nil {
		return err
	}
	var secrets authSecrets
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return errSealed // not err, which may quote the secret
	}
	auth.Password = migration.NewSecret(string(secrets.Password))
	auth.ClientSecret = migration.NewSecret(string(secrets.ClientSecret))
	return nil
}
