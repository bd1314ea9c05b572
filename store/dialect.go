package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// All that is SQLite's own stands in this file; the queries elsewhere keep to
// what PostgreSQL understands too.

var errBusyReaders = errors.New("readers hold the write-ahead log")

// openWriter opens the one connection that changes the database. It takes the
// write lock when a transaction begins: one that reads first and writes later
// would fail at once if it had to upgrade its lock.
func openWriter(path string) (*sql.DB, error) { return openPool(path, "_txlock=immediate", 1) }

func openReaders(path string) (*sql.DB, error) {
	return openPool(path, "_pragma=query_only(1)", max(4, runtime.NumCPU()))
}

func openPool(path, more string, conns int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSource(path)+"&"+more)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func dataSource(path string) string {
	where := url.URL{Scheme: "file", Path: path}
	return where.String() + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=secure_delete(1)" +
		"&_dqs=0&_defensive=1"
}

// snapshot copies the database as it stands into a new file at path.
func snapshot(ctx context.Context, db *sql.DB, path string) error {
	part := path + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := ensureFile(part); err != nil { // VACUUM INTO would give it to everybody
		return err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, part); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if err := syncFile(part); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// syncLog waits until every commit so far is on the disk. With
// synchronous=NORMAL a commit alone does not.
func syncLog(path string) error {
	if err := syncFile(path + "-wal"); err != nil {
		return fmt.Errorf("sync write-ahead log: %w", err)
	}
	return syncFile(filepath.Dir(path)) // the names of files that are new
}

// truncateLog moves the write-ahead log into the database and empties it, so
// that no former state of a row is left in it.
func truncateLog(ctx context.Context, db *sql.DB) error {
	var busy, frames, moved int
	err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errBusyReaders
	}
	if err != nil {
		return fmt.Errorf("truncate write-ahead log: %w", err)
	}
	return nil
}
