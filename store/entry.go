package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"trasloco/migration"
)

// AppendEntries adds lines to the log of a run, all or none. A server's words
// are kept as they are, but for octets that are not text (see text).
func (s *Store) AppendEntries(ctx context.Context, customer, runID int64, entries []migration.Entry) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		for _, entry := range entries {
			if err := insertEntry(ctx, tx, customer, runID, entry); err != nil {
				return fmt.Errorf("%s: %w", entry.Code, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append %d entries to run %d: %w", len(entries), runID, err)
	}
	return nil
}

func insertEntry(ctx context.Context, tx *sql.Tx, customer, runID int64, e migration.Entry) error {
	args, err := packArgs(e.Args)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO entry (customer_id, run_id, at, level, code, args, server_text)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		customer, runID, e.At.UnixMilli(), e.Level, e.Code, args, text(e.ServerText))
	return err
}

// Entries returns the log of a run in the order it was written. Whole numbers
// among the args come back as int, whatever they were.
func (s *Store) Entries(ctx context.Context, customer, runID int64) ([]migration.Entry, error) {
	entries, err := queryAll(ctx, s.readers, scanEntry, `
		SELECT at, level, code, args, server_text FROM entry
		WHERE $1 IN (0, customer_id) AND run_id = $2
		ORDER BY id`, customer, runID)
	if err != nil {
		return nil, fmt.Errorf("entries of run %d: %w", runID, err)
	}
	return entries, nil
}

func scanEntry(row scanner) (migration.Entry, error) {
	var e migration.Entry
	var at sql.NullInt64
	var args string
	if err := row.Scan(&at, &e.Level, &e.Code, &args, &e.ServerText); err != nil {
		return e, err
	}
	e.At = fromMillis(at)
	var err error
	e.Args, err = unpackArgs(args)
	return e, err
}

// writeOfRun is write for the rows of a run of this customer; another's is
// migration.ErrNotFound.
func (s *Store) writeOfRun(
	ctx context.Context, customer, runID int64, do func(ctx context.Context, tx *sql.Tx) error,
) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := queryOne(ctx, tx, scanValue[int64], `
			SELECT id FROM run WHERE customer_id = $1 AND id = $2`, customer, runID)
		if err != nil {
			return err
		}
		return do(ctx, tx)
	})
}

func packArgs(args migration.Args) (string, error) {
	if len(args) == 0 {
		return "{}", nil
	}
	octets, err := json.Marshal(args)
	return string(octets), err
}

// unpackArgs is the reverse of packArgs. No args are nil.
func unpackArgs(packed string) (migration.Args, error) {
	var args migration.Args
	decoder := json.NewDecoder(strings.NewReader(packed))
	decoder.UseNumber() // plural rules want whole numbers, not floats
	if err := decoder.Decode(&args); err != nil {
		return nil, fmt.Errorf("args: %w", err)
	}
	if len(args) == 0 {
		return nil, nil
	}
	for name, value := range args {
		if number, ok := value.(json.Number); ok {
			args[name] = plainNumber(number)
		}
	}
	return args, nil
}

func plainNumber(n json.Number) any {
	if whole, err := n.Int64(); err == nil {
		return int(whole)
	}
	if float, err := n.Float64(); err == nil {
		return float
	}
	return n.String()
}
