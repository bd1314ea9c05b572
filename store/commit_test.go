package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
)

var errDo = errors.New("this change fails")

// hold occupies the writer until release is called, and returns once it does.
func hold(t *testing.T, s *Store) (release func(), result chan error) {
	t.Helper()
	gate, result := make(chan struct{}), make(chan error, 1)
	go func() {
		result <- s.write(t.Context(), func(context.Context, *sql.Tx) error {
			<-gate
			return nil
		})
	}()
	synctest.Wait()
	return func() { close(gate) }, result
}

func addKeywords(s *Store, list string, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, execErr := tx.ExecContext(ctx, `INSERT INTO kwset (list) VALUES ($1)`, list)
			return errors.Join(execErr, err)
		})
	}
}

func countKeywords(t *testing.T, s *Store) int {
	t.Helper()
	return must(queryOne(t.Context(), s.readers, scanValue[int], `SELECT count(*) FROM kwset`))(t)
}

func TestChangesThatWaitShareOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, filepath.Join(t.TempDir(), "state"))
		release, held := hold(t, s)
		results := make(chan error)
		for i := range 20 {
			go func() { results <- addKeywords(s, strconv.Itoa(i), nil)(t.Context()) }()
		}
		synctest.Wait()
		before := s.commits.Load()
		release()
		check(t, <-held)
		for range 20 {
			check(t, <-results)
		}
		if got := s.commits.Load() - before; got != 1 {
			t.Errorf("%d commits for 21 changes that waited together, want 1", got)
		}
		if got := countKeywords(t, s); got != 20 {
			t.Errorf("%d of 20 changes are there", got)
		}
	})
}

func TestAGroupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, filepath.Join(t.TempDir(), "state"))
		release, held := hold(t, s)
		results := make(chan error)
		for i := range 2 * maxGroup {
			go func() { results <- addKeywords(s, strconv.Itoa(i), nil)(t.Context()) }()
		}
		synctest.Wait()
		before := s.commits.Load()
		release()
		check(t, <-held)
		for range 2 * maxGroup {
			check(t, <-results)
		}
		if got := s.commits.Load() - before; got != 3 {
			t.Errorf("%d commits for two full groups and one change, want 3", got)
		}
	})
}

func TestAFailingChangeUndoesItsOwnWorkAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, filepath.Join(t.TempDir(), "state"))
		release, held := hold(t, s)
		good, bad := make(chan error, 10), make(chan error, 10)
		for i := range 10 {
			go func() { good <- addKeywords(s, "good "+strconv.Itoa(i), nil)(t.Context()) }()
			go func() { bad <- addKeywords(s, "bad "+strconv.Itoa(i), errDo)(t.Context()) }()
		}
		synctest.Wait()
		release()
		check(t, <-held)
		for range 10 {
			check(t, <-good)
			wantError(t, <-bad, errDo)
		}
		if got := countKeywords(t, s); got != 10 {
			t.Errorf("%d changes are there, want the 10 good ones", got)
		}
	})
}

// A full disk ends the whole transaction, savepoints and all. Nobody may be
// told that his change was made.
func TestALostTransactionIsToldToAllOfItsGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, filepath.Join(t.TempDir(), "state"))
		release, held := hold(t, s)
		first := make(chan error, 1)
		go func() { first <- addKeywords(s, "first", nil)(t.Context()) }()
		synctest.Wait()
		second := make(chan error, 1)
		go func() {
			second <- s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `ROLLBACK`)
				return errors.Join(err, errDo)
			})
		}()
		synctest.Wait()
		release()
		for name, result := range map[string]chan error{"held": held, "first": first, "second": second} {
			if err := <-result; err == nil {
				t.Errorf("the %s change was told it is made", name)
			}
		}
		if got := countKeywords(t, s); got != 0 {
			t.Errorf("%d changes are there, want none", got)
		}
		check(t, addKeywords(s, "after", nil)(t.Context()))
	})
}

func TestAContextCountsUntilTheChangeIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t, filepath.Join(t.TempDir(), "state"))
		release, held := hold(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		queued := make(chan error, 1)
		go func() { queued <- addKeywords(s, "queued", nil)(ctx) }()
		synctest.Wait()
		cancel()
		wantError(t, <-queued, context.Canceled)
		release()
		check(t, <-held)

		ctx, cancel = context.WithCancel(t.Context())
		check(t, s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			cancel()
			_, err := tx.ExecContext(ctx, `INSERT INTO kwset (list) VALUES ('taken')`)
			return err
		}))
		if got := countKeywords(t, s); got != 1 {
			t.Errorf("%d changes are there, want the one that was taken", got)
		}
	})
}

func TestCloseWaitsForWhatWasTakenAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		s := openStore(t, dir)
		gate, taken, queued, closed := make(chan struct{}), make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() {
			taken <- s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				<-gate
				_, err := tx.ExecContext(ctx, `INSERT INTO kwset (list) VALUES ('taken')`)
				return err
			})
		}()
		synctest.Wait()
		go func() { closed <- s.Close() }()
		synctest.Wait()
		go func() { queued <- addKeywords(s, "late", nil)(t.Context()) }()
		synctest.Wait()
		wantError(t, <-queued, ErrClosed)
		close(gate)
		check(t, <-taken)
		check(t, <-closed)
		check(t, s.Close())
		if got := countKeywords(t, openStore(t, dir)); got != 1 {
			t.Errorf("%d changes are there, want the one that was taken", got)
		}
	})
}
