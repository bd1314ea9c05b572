package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trasloco/migration"
)

const (
	sourcePassword = "hunter2-SOURCE \xff "
	destPassword   = "hunter2-DESTINATION"
	clientSecret   = "hunter2-CLIENT"
)

// secretResource is a resource with secrets at both ends.
func (l lab) secretResource(t *testing.T, login string) migration.Resource {
	t.Helper()
	r := l.resource(t, login, login)
	r.Source.Auth.Password = migration.NewSecret(sourcePassword)
	r.Source.Auth.ClientSecret = migration.NewSecret(clientSecret)
	r.Destination.Auth.Password = migration.NewSecret(destPassword)
	return r
}

func bare(r migration.Resource) migration.Resource {
	r.Source.Auth.Password, r.Source.Auth.ClientSecret = migration.Secret{}, migration.Secret{}
	r.Destination.Auth.Password = migration.Secret{}
	return r
}

func sealedColumns(t *testing.T, s *Store, id int64) []string {
	t.Helper()
	row := must(s.secretRow(t.Context(), LocalCustomer, id))(t)
	return []string{row.source.String, row.destination.String}
}

// holding returns the files under dir that hold any of the texts.
func holding(t *testing.T, dir string, texts ...string) []string {
	t.Helper()
	var found []string
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		octets, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(octets, []byte(text)) {
				found = append(found, path+": "+text)
			}
		}
		return err
	}))
	return found
}

func TestSecretsComeBackAndStandNowhereInClear(t *testing.T) {
	l := newLab(t)
	r := l.secretResource(t, "a")
	check(t, l.SealResource(t.Context(), LocalCustomer, r))
	got := bare(r)
	check(t, l.OpenResource(t.Context(), LocalCustomer, &got))
	if !got.Source.Auth.Password.Equal(r.Source.Auth.Password) ||
		!got.Source.Auth.ClientSecret.Equal(r.Source.Auth.ClientSecret) ||
		!got.Destination.Auth.Password.Equal(r.Destination.Auth.Password) {
		t.Error("the secrets are not those that were sealed")
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(destPassword))
	if found := holding(t, l.dir, "hunter2", encoded); found != nil {
		t.Errorf("in clear: %v", found)
	}
	for _, sealed := range sealedColumns(t, l.Store, r.ID) {
		if parts := strings.Split(sealed, "."); len(parts) != 3 || parts[0] != "v1" || len(parts[1]) != 16 {
			t.Errorf("sealed form is %q", sealed)
		}
	}
}

func TestSealingAgainReplacesAndAnEndWithoutSecretStoresNone(t *testing.T) {
	l := newLab(t)
	r := l.secretResource(t, "a")
	check(t, l.SealResource(t.Context(), LocalCustomer, r))
	r.Source.Auth.ClientSecret = migration.NewSecret("new")
	r.Destination.Auth.Password = migration.Secret{}
	check(t, l.SealResource(t.Context(), LocalCustomer, r))
	got := bare(r)
	check(t, l.OpenResource(t.Context(), LocalCustomer, &got))
	if got.Source.Auth.ClientSecret.Reveal() != "new" || !got.Destination.Auth.Password.IsZero() {
		t.Error("the secrets are not those that were sealed last")
	}
	if sealedColumns(t, l.Store, r.ID)[1] != "" {
		t.Error("no secret is stored as something")
	}
}

func TestASealedTextOpensInItsPlaceOnly(t *testing.T) {
	l := newLab(t)
	a, b := l.secretResource(t, "a"), l.secretResource(t, "b")
	check(t, l.SealResource(t.Context(), LocalCustomer, a))
	check(t, l.SealResource(t.Context(), LocalCustomer, b))
	tests := []struct{ name, update string }{
		{"moved to another row", `UPDATE resource SET source_secret =
			(SELECT source_secret FROM resource WHERE id = $1) WHERE id = $2`},
		{"moved to another column", `UPDATE resource SET source_secret = destination_secret WHERE $1 <> $2 AND id = $2`},
		{"changed by one octet", `UPDATE resource SET source_secret = substr(source_secret, 1, length(source_secret) - 1) ||
			CASE substr(source_secret, -1) WHEN 'A' THEN 'Q' ELSE 'A' END WHERE $1 <> $2 AND id = $2`},
		{"no sealed text at all", `UPDATE resource SET source_secret = 'hunter2' WHERE $1 <> $2 AND id = $2`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, l.SealResource(t.Context(), LocalCustomer, b))
			check(t, l.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				return execOne(ctx, tx, migration.ErrNotFound, tt.update, a.ID, b.ID)
			}))
			got := bare(b)
			err := l.OpenResource(t.Context(), LocalCustomer, &got)
			wantError(t, err, errSealed)
			if !got.Source.Auth.Password.IsZero() || !got.Destination.Auth.Password.IsZero() {
				t.Error("a secret came out")
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells: %v", err)
			}
		})
	}
}

func TestNothingOpensAfterShred(t *testing.T) {
	l := newLab(t)
	r := l.secretResource(t, "a")
	check(t, l.SealResource(t.Context(), LocalCustomer, r))
	keyFile := l.keys.path(l.migration)
	key := string(must(os.ReadFile(keyFile))(t))
	sealed := sealedColumns(t, l.Store, r.ID)
	check(t, l.Shred(t.Context(), LocalCustomer, l.migration))

	texts := append(sealed, key, "hunter2")
	if found := holding(t, l.dir, texts...); found != nil {
		t.Errorf("still there: %v", found)
	}
	if _, err := os.Stat(keyFile); err == nil {
		t.Error("the key file is still there")
	}
	got := bare(r)
	check(t, l.OpenResource(t.Context(), LocalCustomer, &got))
	if !got.Source.Auth.Password.IsZero() {
		t.Error("a secret came out")
	}
	// From a copy of the database the sealed text comes back, but not its key,
	// not even when the migration gets a new one.
	check(t, l.putBack(t, r.ID, sealed))
	wantError(t, l.OpenResource(t.Context(), LocalCustomer, &got), ErrShredded)
	check(t, l.SealResource(t.Context(), LocalCustomer, l.secretResource(t, "b")))
	wantError(t, l.OpenResource(t.Context(), LocalCustomer, &got), errSealed)
	check(t, l.Shred(t.Context(), LocalCustomer, l.migration))
	check(t, l.Shred(t.Context(), LocalCustomer, l.migration))
}

func (l lab) putBack(t *testing.T, id int64, sealed []string) error {
	t.Helper()
	return l.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrNotFound, `
			UPDATE resource SET source_secret = $1, destination_secret = $2 WHERE id = $3`, sealed[0], sealed[1], id)
	})
}

func TestShredOverwritesTheKeyBeforeItRemovesIt(t *testing.T) {
	l := newLab(t)
	check(t, l.SealResource(t.Context(), LocalCustomer, l.secretResource(t, "a")))
	other := filepath.Join(t.TempDir(), "same-octets")
	check(t, os.Link(l.keys.path(l.migration), other))
	check(t, l.Shred(t.Context(), LocalCustomer, l.migration))
	octets := must(os.ReadFile(other))(t)
	if len(octets) == 0 || len(bytes.Trim(octets, "\x00")) != 0 {
		t.Errorf("the file's octets are still %q", octets)
	}
}

func TestSecretsOfAnotherCustomerAreOutOfReach(t *testing.T) {
	l := newLab(t)
	r := l.secretResource(t, "a")
	check(t, l.SealResource(t.Context(), LocalCustomer, r))
	const stranger = LocalCustomer + 1
	got := bare(r)
	wantError(t, l.OpenResource(t.Context(), stranger, &got), migration.ErrNotFound)
	wantError(t, l.SealResource(t.Context(), stranger, r), migration.ErrNotFound)
	wantError(t, l.Shred(t.Context(), stranger, l.migration), migration.ErrNotFound)
	check(t, l.OpenResource(t.Context(), LocalCustomer, &got))
	if got.Destination.Auth.Password.Reveal() != destPassword {
		t.Error("a stranger changed the secret")
	}
}

func TestAWrongInstallationKeyIsRefusedAtOpen(t *testing.T) {
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, keySize))
	tests := []struct {
		name   string
		change func(path string) error
	}{
		{"another key", func(path string) error { return os.WriteFile(path, []byte(other), fileMode) }},
		{"no key", os.Remove},
		{"half a key", func(path string) error { return os.Truncate(path, 20) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			r := l.secretResource(t, "a")
			check(t, l.SealResource(t.Context(), LocalCustomer, r))
			check(t, l.Close())
			path := filepath.Join(l.dir, keysName, "installation.key")
			right := must(os.ReadFile(path))(t)
			check(t, tt.change(path))
			_, err := Open(t.Context(), l.dir, Options{})
			wantError(t, err, ErrWrongKey)

			check(t, os.WriteFile(path, right, fileMode))
			s := openStore(t, l.dir)
			got := bare(r)
			check(t, s.OpenResource(t.Context(), LocalCustomer, &got))
			if got.Destination.Auth.Password.Reveal() != destPassword {
				t.Error("the right key does not open any more")
			}
		})
	}
}
