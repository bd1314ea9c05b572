package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// SaveExceptions adds outcomes that are worth a line of their own, skipped or
// failed, to a run. All or none.
func (s *Store) SaveExceptions(ctx context.Context, customer, runID int64, outcomes []migration.Outcome) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		for _, outcome := range outcomes {
			if err := insertException(ctx, tx, customer, runID, outcome); err != nil {
				return fmt.Errorf("folder %q uid %d: %w", outcome.Folder, outcome.UID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save %d exceptions of run %d: %w", len(outcomes), runID, err)
	}
	return nil
}

func insertException(ctx context.Context, tx *sql.Tx, customer, runID int64, o migration.Outcome) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO exception (customer_id, run_id, outcome, reason, folder, uid, count,
			message_id, sender, subject, date, size, server_text)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		customer, runID, o.Kind, o.Reason, text(o.Folder), o.UID, o.Count,
		text(o.MessageID), text(o.From), text(o.Subject), millis(o.Date), o.Size, text(o.ServerText))
	return err
}

const exceptionColumns = `outcome, reason, folder, uid, count, message_id, sender, subject, date, size, server_text`

// EachException hands the exceptions of a run to do, one by one in the order they
// were saved, until do returns an error; as EachEntry does. Bytes is not among
// what is stored.
func (s *Store) EachException(ctx context.Context, customer, runID int64, do func(migration.Outcome) error) error {
	for after := int64(0); ; {
		last := after
		some, err := queryAll(ctx, s.readers, func(row scanner) (migration.Outcome, error) { return scanException(row, &last) }, `
			SELECT id, `+exceptionColumns+` FROM exception
			WHERE $1 IN (0, customer_id) AND run_id = $2 AND id > $3
			ORDER BY id LIMIT $4`, customer, runID, after, eachChunk)
		if err != nil {
			return fmt.Errorf("exceptions of run %d: %w", runID, err)
		}
		for _, o := range some {
			if err := do(o); err != nil {
				return err
			}
		}
		if after = last; len(some) < eachChunk {
			return nil
		}
	}
}

// Exceptions returns all exceptions of a run, which may be many.
func (s *Store) Exceptions(ctx context.Context, customer, runID int64) (all []migration.Outcome, err error) {
	return all, s.EachException(ctx, customer, runID, func(o migration.Outcome) error {
		all = append(all, o)
		return nil
	})
}

// ExceptionGroup counts the exceptions of a run with one reason.
type ExceptionGroup struct {
	migration.ReasonCount     // the messages
	Rows                  int // the exceptions: one may stand for a folder's worth of messages
}

// ExceptionGroups counts the exceptions of a run by reason, the most messages
// first.
func (s *Store) ExceptionGroups(ctx context.Context, customer, runID int64) ([]ExceptionGroup, error) {
	groups, err := queryAll(ctx, s.readers, func(row scanner) (g ExceptionGroup, err error) {
		err = row.Scan(&g.Kind, &g.Reason, &g.Count, &g.Rows)
		return g, err
	}, `
		SELECT outcome, reason, sum(count) AS messages, count(*) FROM exception
		WHERE `+ofRun+`
		GROUP BY outcome, reason
		ORDER BY messages DESC, outcome, reason`, customer, runID)
	if err != nil {
		return nil, fmt.Errorf("exceptions of run %d by reason: %w", runID, err)
	}
	return groups, nil
}

// ExceptionsOf returns one page, from 1, of the exceptions of a run with one
// reason, in the order they were saved.
func (s *Store) ExceptionsOf(
	ctx context.Context, customer, runID int64, reason migration.Reason, page, perPage int,
) ([]migration.Outcome, error) {
	limit, offset := window(page, perPage)
	outcomes, err := queryAll(ctx, s.readers, func(row scanner) (migration.Outcome, error) { return scanException(row) }, `
		SELECT `+exceptionColumns+` FROM exception
		WHERE id IN (SELECT id FROM exception WHERE `+ofRun+` AND reason = $3
			ORDER BY id LIMIT $4 OFFSET $5)
		ORDER BY id`, customer, runID, reason, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("exceptions of run %d for %s: %w", runID, reason, err)
	}
	return outcomes, nil
}

// scanException reads what stands before exceptionColumns into before.
func scanException(row scanner, before ...any) (migration.Outcome, error) {
	var o migration.Outcome
	var date sql.NullInt64
	err := row.Scan(append(before, &o.Kind, &o.Reason, &o.Folder, &o.UID, &o.Count,
		&o.MessageID, &o.From, &o.Subject, &date, &o.Size, &o.ServerText)...)
	o.Date = fromMillis(date)
	return o, err
}

// ClearExceptions forgets the exceptions and the folders of a run: one that goes
// on after an interruption tells all of them again.
func (s *Store) ClearExceptions(ctx context.Context, customer, runID int64) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			`DELETE FROM exception WHERE customer_id = $1 AND run_id = $2`,
			`DELETE FROM run_folder WHERE customer_id = $1 AND run_id = $2`,
		} {
			if _, err := tx.ExecContext(ctx, statement, customer, runID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clear exceptions of run %d: %w", runID, err)
	}
	return nil
}
