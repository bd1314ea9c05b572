// Package store is the memory of Trasloco: one folder with one SQLite database,
// the keys of its secrets and the temporary files of the engine.
//
// Every write goes through one goroutine that commits what is queued together;
// a call returns when its change is committed, so it survives the death of the
// process. A power cut may take the last commits, which rule I-5 heals. Reads
// see every write that returned before they began.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Names inside the folder of a store.
const (
	databaseName = "trasloco.db"
	lockName     = "lock"
	tempName     = "tmp"
	keysName     = "keys"
)

// Errors of Open and of a store that was closed.
var (
	// ErrLocked: another process works on the folder. It holds the lock until
	// it ends, however it ends.
	ErrLocked = errors.New("in use by another process")
	// ErrForeignFolder: the folder holds things that are not a store's. It is
	// left alone, since a store empties its folder for temporary files.
	ErrForeignFolder = errors.New("not a state folder, and not empty")
	// ErrNewerSchema: a later version of the program has upgraded the database.
	ErrNewerSchema = errors.New("database was written by a newer version")
	// ErrClosed: the store was closed before the change was taken.
	ErrClosed = errors.New("store is closed")
)

// Options are what a store needs from outside. The zero value serves.
type Options struct {
	Now    func() time.Time // nil: the system's clock
	Logger *slog.Logger     // nil: silence
}

// Store is an open folder. Its methods may be called from any goroutine.
type Store struct {
	dir  string
	now  func() time.Time
	log  *slog.Logger
	lock *os.File
	keys *keyring

	lastMu sync.Mutex
	last   lastBatch // as the lock file says it

	readers *sql.DB // any number at once, query_only
	writer  *sql.DB // one connection, used by commitLoop alone once Open is over

	changes chan *change
	quit    chan struct{}
	done    chan struct{} // closed when commitLoop has ended
	close   func() error
	commits atomic.Int64
}

// Open locks the folder dir, making it if there is none, and opens the database
// in it, upgrading its schema where needed; before an upgrade a copy of the
// database is laid beside it. Files are for their owner only. The folder's tmp
// is emptied. Nothing else is changed: call Recover before work begins.
//
// The error is ErrLocked, ErrForeignFolder, ErrNewerSchema, ErrWrongKey or what
// the system said.
func Open(ctx context.Context, dir string, opts Options) (*Store, error) {
	steps, err := fs.Sub(schemaSteps, "schema")
	if err != nil {
		return nil, fmt.Errorf("schema steps: %w", err)
	}
	return open(ctx, dir, opts, steps)
}

func open(ctx context.Context, dir string, opts Options, steps fs.FS) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := newStore(dir, opts)
	if err := s.start(ctx, steps); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), s.release())
	}
	go s.commitLoop(context.WithoutCancel(ctx))
	return s, nil
}

func newStore(dir string, opts Options) *Store {
	s := &Store{
		dir:     dir,
		now:     opts.Now,
		log:     opts.Logger,
		changes: make(chan *change),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.close = sync.OnceValue(s.stop)
	return s
}

// start does the steps of Open that can fail. What it opened, release closes.
func (s *Store) start(ctx context.Context, steps fs.FS) (err error) {
	if s.lock, err = takeFolder(s.dir); err != nil {
		return err
	}
	path := filepath.Join(s.dir, databaseName)
	if err := ensureFile(path); err != nil {
		return err
	}
	if s.writer, err = openWriter(path); err != nil {
		return err
	}
	if err := s.upgrade(ctx, steps); err != nil {
		return err
	}
	if s.keys, err = openKeyring(ctx, filepath.Join(s.dir, keysName), s.writer); err != nil {
		return err
	}
	if s.readers, err = openReaders(path); err != nil {
		return err
	}
	return s.learnWhole(ctx)
}

// Close waits for the changes that were taken, closes the database and gives
// the folder free. Later changes get ErrClosed.
func (s *Store) Close() error { return s.close() }

func (s *Store) stop() error {
	close(s.quit)
	<-s.done
	return s.release()
}

// release closes what start opened, the lock last.
func (s *Store) release() error {
	var errs []error
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// TempDir is the folder for temporary files. It is emptied at Open.
func (s *Store) TempDir() string { return filepath.Join(s.dir, tempName) }
