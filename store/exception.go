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

// Exceptions returns the exceptions of a run in the order they were saved. Bytes
// is not among what is stored.
func (s *Store) Exceptions(ctx context.Context, customer, runID int64) ([]migration.Outcome, error) {
	outcomes, err := queryAll(ctx, s.readers, scanException, `
		SELECT outcome, reason, folder, uid, count, message_id, sender, subject, date, size, server_text
		FROM exception
		WHERE $1 IN (0, customer_id) AND run_id = $2
		ORDER BY id`, customer, runID)
	if err != nil {
		return nil, fmt.Errorf("exceptions of run %d: %w", runID, err)
	}
	return outcomes, nil
}

func scanException(row scanner) (migration.Outcome, error) {
	var o migration.Outcome
	var date sql.NullInt64
	err := row.Scan(&o.Kind, &o.Reason, &o.Folder, &o.UID, &o.Count,
		&o.MessageID, &o.From, &o.Subject, &date, &o.Size, &o.ServerText)
	o.Date = fromMillis(date)
	return o, err
}

// ClearExceptions forgets the exceptions of a run: one that goes on after an
// interruption tells all of them again.
func (s *Store) ClearExceptions(ctx context.Context, customer, runID int64) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM exception WHERE customer_id = $1 AND run_id = $2`, customer, runID)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear exceptions of run %d: %w", runID, err)
	}
	return nil
}
