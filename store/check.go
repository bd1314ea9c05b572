package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// Recheck lets the rows of a migration wait for their check again where it
// failed, or passed before olderThan; they look up their sources anew (S7), and servers
// that were not found are looked for again. Rows that are left out stay so. Only a
// draft, an invalid or a validating migration has checks; any other is
// migration.ErrConflict.
func (s *Store) Recheck(ctx context.Context, customer, migrationID int64, olderThan time.Time) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := guardValidity(ctx, tx, customer, migrationID, migration.Draft, migration.Invalid, migration.Validating)
		if err == nil {
			err = searchAgain(ctx, tx, customer, migrationID)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE resource SET check_status = $1, addresses = ''
			WHERE migration_id = $2 AND left_out = 0
				AND (check_status = $3 OR check_status = $4 AND check_at < $5)`,
			migration.CheckWaiting, migrationID, migration.CheckFailed, migration.CheckPassed, millis(olderThan))
		return err
	})
	if err != nil {
		return fmt.Errorf("recheck migration %d: %w", migrationID, err)
	}
	return nil
}

// ChecksToMake returns up to limit rows of any customer that wait for their
// check; of a valid migration that are those somebody has corrected since. The
// migrations take turns, the oldest first.
func (s *Store) ChecksToMake(ctx context.Context, limit int) (jobs []migration.CheckJob, err error) {
	err = s.read(ctx, func(q querier) error {
		jobs, err = queryAll(ctx, q, scanCheckJob, `
			SELECT m.customer_id, m.id, m.server_type, m.source_provider, m.folder_choices, `+resourceColumns+`
			FROM (
				SELECT x.id, row_number() OVER (PARTITION BY x.migration_id ORDER BY x.line) AS turn
				FROM resource x JOIN migration m ON m.id = x.migration_id
				WHERE m.code IS NOT NULL AND m.validity <> 'cancelled'
					AND x.left_out = 0 AND x.check_status = 'waiting'
			) w
			JOIN resource x ON x.id = w.id JOIN migration m ON m.id = x.migration_id
			ORDER BY w.turn, m.id LIMIT $1`, limit)
		if err != nil {
			return err
		}
		return completeAll(ctx, q, jobs, func(j *migration.CheckJob) *migration.Resource { return &j.Resource })
	})
	if err != nil {
		return nil, fmt.Errorf("checks to make: %w", err)
	}
	return jobs, nil
}

// CheckAtWork returns a check as it is to be made now. Who takes it from StartCheck
// on knows all that it goes by: what is changed later lets the row wait again.
func (s *Store) CheckAtWork(ctx context.Context, customer, resourceID int64) (job migration.CheckJob, err error) {
	err = s.read(ctx, func(q querier) error {
		job, err = queryOne(ctx, q, scanCheckJob, `
			SELECT m.customer_id, m.id, m.server_type, m.source_provider, m.folder_choices, `+resourceColumns+`
			FROM resource x JOIN migration m ON m.id = x.migration_id
			WHERE $1 IN (0, x.customer_id) AND x.id = $2`, customer, resourceID)
		if err != nil {
			return err
		}
		one := []migration.CheckJob{job}
		err = completeAll(ctx, q, one, func(j *migration.CheckJob) *migration.Resource { return &j.Resource })
		job = one[0]
		return err
	})
	if err != nil {
		return job, fmt.Errorf("check of resource %d: %w", resourceID, err)
	}
	return job, nil
}

func scanCheckJob(row scanner) (migration.CheckJob, error) {
	var job migration.CheckJob
	var resource resourceFields
	var choices string
	err := row.Scan(append([]any{&job.Customer, &job.MigrationID, &job.Type, &job.Provider, &choices}, resource.into()...)...)
	if err == nil {
		job.Chosen, err = unpackChoices(choices)
	}
	if err != nil {
		return job, err
	}
	job.Resource, err = resource.value()
	return job, err
}

// StartCheck takes a waiting check. One that stands elsewhere is
// migration.ErrConflict.
func (s *Store) StartCheck(ctx context.Context, customer, resourceID int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE resource SET check_status = $1 WHERE $2 IN (0, customer_id) AND id = $3 AND check_status = $4`,
			migration.CheckRunning, customer, resourceID, migration.CheckWaiting)
	})
	if err != nil {
		return fmt.Errorf("start check of resource %d: %w", resourceID, err)
	}
	return nil
}

// FinishCheck stores what a running check found out, with the folders of the source
// if it saw them: what is left out of those is counted here; one that was broken off
// goes back to CheckWaiting. A row that was corrected meanwhile, or stands
// elsewhere, is migration.ErrConflict, and so is a status no check may move to.
func (s *Store) FinishCheck(ctx context.Context, customer, resourceID int64, c migration.Check, folders ...migration.FoundFolder) error {
	err := migration.ErrConflict
	if migration.CheckRunning.CanBecome(c.Status) {
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			return finishCheck(ctx, tx, customer, resourceID, c, folders)
		})
	}
	if err != nil {
		return fmt.Errorf("finish check of resource %d as %s: %w", resourceID, c.Status, err)
	}
	return nil
}

func finishCheck(
	ctx context.Context, tx *sql.Tx, customer, resourceID int64, c migration.Check, folders migration.FolderInventory,
) error {
	if len(folders) > 0 {
		choices, err := choicesOf(ctx, tx, resourceID)
		if err != nil {
			return err
		}
		left := folders.LeftOut(choices)
		c.Excluded, c.ExcludedBytes, c.Oversize = left.Messages, left.Bytes, left.Oversize
	}
	if err := updateCheck(ctx, tx, customer, resourceID, c); err != nil || len(folders) == 0 {
		return err
	}
	return saveInventory(ctx, tx, resourceID, folders)
}

func updateCheck(ctx context.Context, tx *sql.Tx, customer, resourceID int64, c migration.Check) error {
	return execOne(ctx, tx, migration.ErrConflict, `
		UPDATE resource SET check_status = $1, check_at = $2, check_side = $3, check_class = $4, check_detail = $5,
			check_server_text = $6, check_certificate = $7, check_folders = $8, check_messages = $9,
			check_bytes = $10, check_oversize = $11, check_quota_used = $12, check_quota_limit = $13,
			check_excluded = $17, check_excluded_bytes = $18, check_rate = $19, check_master = $20,
			addresses = CASE WHEN $21 = '' THEN addresses ELSE $21 END, check_shown = CASE WHEN $22 = '' THEN check_shown ELSE $22 END,
			check_hidden = $23, refused = CASE WHEN $1 = 'passed' THEN '' WHEN $3 = 'source' AND $7 <> '' THEN $7 ELSE refused END
		WHERE $14 IN (0, customer_id) AND id = $15 AND check_status = $16`,
		c.Status, millis(c.At), c.Side, c.Class, text(c.Detail), text(c.ServerText), c.Certificate,
		c.Folders, c.Messages, c.Bytes, c.Oversize, c.QuotaUsed, c.QuotaLimit,
		customer, resourceID, migration.CheckRunning, c.Excluded, c.ExcludedBytes, c.Rate, c.Master.String(),
		c.Addresses, c.Shown, c.Hidden)
}
