package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"trasloco/migration"
)

// querier is a pool of readers or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// queryAll returns every row of a query, each read by scan.
func queryAll[T any](
	ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any,
) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has said it all
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// eachRow hands every row of a query to do, until that returns an error.
func eachRow(ctx context.Context, q querier, do func(scanner) error, query string, args ...any) error {
	_, err := queryAll(ctx, q, func(row scanner) (struct{}, error) { return struct{}{}, do(row) }, query, args...)
	return err
}

// placesFor returns "$3, $4 …" and the arguments for a list of numbers in a
// query, its places numbered from first. Of no numbers it returns a list that
// holds nothing.
func placesFor[N int | int64](first int, ids []N) (places string, args []any) {
	if len(ids) == 0 {
		return "NULL", nil
	}
	var list strings.Builder
	for i, id := range ids {
		if i > 0 {
			list.WriteString(", ")
		}
		list.WriteString("$" + strconv.Itoa(first+i))
		args = append(args, id)
	}
	return list.String(), args
}

// read runs queries that must all see the same state of the database.
func (s *Store) read(ctx context.Context, do func(q querier) error) error {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	return do(tx)
}

// queryOne returns the one row of a query, or migration.ErrNotFound.
func queryOne[T any](
	ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any,
) (T, error) {
	one, err := scan(q.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = migration.ErrNotFound
	}
	return one, err
}

func scanValue[T any](row scanner) (T, error) {
	var value T
	err := row.Scan(&value)
	return value, err
}

// execOne runs a statement that must change exactly one row; if it changes none
// the error is otherwise.
func execOne(ctx context.Context, q querier, otherwise error, query string, args ...any) error {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err == nil && changed == 0 {
		err = otherwise
	}
	return err
}

// millis is how instants are stored; the zero time is NULL.
func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func fromMillis(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64).UTC()
}

// text makes what a server or a mail said fit to be stored as text: whatever is
// not UTF-8, and NUL, becomes U+FFFD.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
