package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
)

// maxGroup bounds the changes that share a transaction, so that the first of
// them is answered soon even when others keep coming.
const maxGroup = 64

// change is one caller's change of the database on its way through commitLoop.
type change struct {
	ctx   context.Context // values only; a change that was taken is not cancelled
	do    func(ctx context.Context, tx *sql.Tx) error
	after func(ctx context.Context) error // what must follow the commit, or nil

	err    error      // of do
	result chan error // buffered, gets exactly one
}

// write makes a change and returns when it is committed, or not made at all.
// do runs in a savepoint of a transaction it may share with others, on one
// goroutine of the store; its error undoes its own work alone. ctx counts until
// the change is taken.
func (s *Store) write(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return s.writeThen(ctx, do, nil)
}

// writeThen is write, followed by after on the same goroutine if do and the
// commit went well. Its error is returned although the change is made.
func (s *Store) writeThen(
	ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error, after func(ctx context.Context) error,
) error {
	c := &change{ctx: context.WithoutCancel(ctx), do: do, after: after, result: make(chan error, 1)}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.changes <- c:
		return <-c.result
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}

// commitLoop owns the writer. It makes the changes that are waiting in one
// transaction and never waits for more: while one group is committed the next
// gathers by itself.
func (s *Store) commitLoop(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case c := <-s.changes:
			s.commitGroup(ctx, c)
		case <-s.quit:
			return
		}
	}
}

func (s *Store) commitGroup(ctx context.Context, first *change) {
	group := []*change{first}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		err = fmt.Errorf("begin: %w", err)
	} else {
		group, err = s.fillGroup(tx, group)
		err = s.endGroup(tx, err)
	}
	for _, c := range group {
		c.finish(err)
	}
}

// fillGroup makes the first change of group and those that are waiting. An
// error is about the transaction: it must be rolled back.
func (s *Store) fillGroup(tx *sql.Tx, group []*change) ([]*change, error) {
	err := group[0].make(tx)
	for err == nil && len(group) < maxGroup {
		select {
		case c := <-s.changes:
			group = append(group, c)
			err = c.make(tx)
		default:
			return group, nil
		}
	}
	return group, err
}

func (s *Store) endGroup(tx *sql.Tx, err error) error {
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	s.commits.Add(1)
	return nil
}

// make runs the change in a savepoint of its own. SQLite ends the whole
// transaction on some errors (disk full, I/O); then the savepoint is gone too,
// which shows as the error that is returned.
func (c *change) make(tx *sql.Tx) error {
	if _, err := tx.ExecContext(c.ctx, `SAVEPOINT change`); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if c.err = c.do(c.ctx, tx); c.err != nil {
		if _, err := tx.ExecContext(c.ctx, `ROLLBACK TO SAVEPOINT change`); err != nil {
			return fmt.Errorf("undo change: %w", errors.Join(c.err, err))
		}
	}
	if _, err := tx.ExecContext(c.ctx, `RELEASE SAVEPOINT change`); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// finish answers the caller; err is what became of the transaction.
func (c *change) finish(err error) {
	if err == nil {
		err = c.err
	}
	if err == nil && c.after != nil {
		err = c.after(c.ctx)
	}
	c.result <- err
}

// syncLog waits until every commit so far is on the disk; for writeThen.
func (s *Store) syncLog(context.Context) error {
	return syncLog(filepath.Join(s.dir, databaseName))
}

// truncateLog empties the write-ahead log; for writeThen.
func (s *Store) truncateLog(ctx context.Context) error {
	return truncateLog(ctx, s.writer)
}
