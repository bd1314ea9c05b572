package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"trasloco/migration"
)

// Errors of secrets.
var (
	// ErrWrongKey: the key file of the installation is not the one the secrets
	// of this database were sealed with, or is missing. Put the right one back.
	ErrWrongKey = errors.New("installation key does not open this database")
	// ErrShredded: the key of a secret's migration was destroyed; nothing opens
	// the secret again.
	ErrShredded = errors.New("its key was destroyed")

	errSealed = errors.New("sealed text cannot be opened")
)

const (
	keySize      = 32 // AES-256
	installation = "installation"
	canaryText   = "trasloco"
)

// place is where a sealed text stands. It is bound to the text: moved to
// another row or column it does not open.
type place struct {
	table, column string
	row           int64
}

func (p place) octets() []byte {
	return []byte(p.table + "\x00" + p.column + "\x00" + strconv.FormatInt(p.row, 10))
}

// key seals and opens texts. Its id stands in what it sealed.
type key struct {
	id   string
	aead cipher.AEAD
}

func newKey(id string, octets []byte) (key, error) {
	block, err := aes.NewCipher(octets)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return key{id: id, aead: aead}, err
}

// seal returns "v1.<key id>.<base64 of nonce and ciphertext>".
func (k key) seal(at place, plain []byte) string {
	return k.prefix() + base64.RawStdEncoding.EncodeToString(k.aead.Seal(nil, nil, plain, at.octets()))
}

func (k key) open(at place, sealed string) ([]byte, error) {
	encoded, ours := strings.CutPrefix(sealed, k.prefix())
	if !ours {
		return nil, errSealed
	}
	octets, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errSealed
	}
	plain, err := k.aead.Open(nil, nil, octets, at.octets())
	if err != nil {
		return nil, errSealed // the library says no more than that either
	}
	return plain, nil
}

func (k key) prefix() string { return "v1." + k.id + "." }

// keyring is the folder of keys: one of the installation, which seals one of
// each migration, which seals the migration's secrets. No key is ever in the
// database or a copy of it, and none is kept in memory longer than it is used.
type keyring struct {
	dir  string
	root key
	mu   sync.Mutex // key files are made and destroyed one at a time
}

// openKeyring reads the installation's key, making one for a database that has
// never seen any, and tries it on the database's canary.
func openKeyring(ctx context.Context, dir string, q querier) (*keyring, error) {
	sealed, err := queryOne(ctx, q, scanValue[string], `SELECT sealed FROM canary WHERE id = 1`)
	fresh := errors.Is(err, migration.ErrNotFound)
	if err != nil && !fresh {
		return nil, fmt.Errorf("read canary: %w", err)
	}
	root, err := installationKey(filepath.Join(dir, installation+".key"), fresh)
	if err != nil {
		return nil, err
	}
	ring, at := &keyring{dir: dir, root: root}, place{"canary", "sealed", 1}
	if fresh {
		_, err := q.ExecContext(ctx, `INSERT INTO canary (id, sealed) VALUES (1, $1)`, root.seal(at, []byte(canaryText)))
		return ring, err
	}
	if _, err := root.open(at, sealed); err != nil {
		return nil, ErrWrongKey
	}
	return ring, nil
}

func installationKey(path string, fresh bool) (key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && fresh {
		text = []byte(base64.StdEncoding.EncodeToString(randomOctets(keySize)))
		err = writeFile(path, text)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return key{}, fmt.Errorf("%s is missing: %w", path, ErrWrongKey)
	}
	if err != nil {
		return key{}, err
	}
	octets, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(octets) != keySize {
		return key{}, fmt.Errorf("%s is not a key: %w", path, ErrWrongKey)
	}
	return newKey(installation, octets)
}

func randomOctets(n int) []byte {
	octets := make([]byte, n)
	_, _ = rand.Read(octets) // never fails: it ends the program instead
	return octets
}

// ofMigration returns the key of a migration; make says whether to make one
// where there is none. The error of a missing key is ErrShredded.
func (r *keyring) ofMigration(id int64, make bool) (key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, err := os.ReadFile(r.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		if !make {
			return key{}, ErrShredded
		}
		text = r.newMigrationKey(id)
		err = writeFile(r.path(id), text)
	}
	if err != nil {
		return key{}, fmt.Errorf("key of migration %d: %w", id, err)
	}
	return r.readMigrationKey(id, string(text))
}

// newMigrationKey returns the text of a key file: the id of a new key and the
// key, sealed. Ids are random: a key made after the first was destroyed must
// not look as if it could open what that one sealed.
func (r *keyring) newMigrationKey(id int64) []byte {
	keyID := hex.EncodeToString(randomOctets(8))
	return []byte(keyID + " " + r.root.seal(place{"keys", keyID, id}, randomOctets(keySize)))
}

func (r *keyring) readMigrationKey(id int64, text string) (key, error) {
	keyID, sealed, _ := strings.Cut(strings.TrimSpace(text), " ")
	octets, err := r.root.open(place{"keys", keyID, id}, sealed)
	if err != nil {
		return key{}, fmt.Errorf("key of migration %d: %w", id, err)
	}
	return newKey(keyID, octets)
}

// shred destroys the key of a migration. One that is not there is no error.
func (r *keyring) shred(id int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return shredFile(r.path(id))
}

// has reports whether a migration has a key.
func (r *keyring) has(id int64) bool {
	_, err := os.Stat(r.path(id))
	return err == nil
}

func (r *keyring) path(id int64) string {
	return filepath.Join(r.dir, fmt.Sprintf("migration-%d.key", id))
}
