package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// What is remembered of an account belongs to its source and its destination
// mailbox, not to the row of one migration (docs/decisions/0004): who plans the
// same move again, in another migration, wants what is new, and not everything
// twice. So a run that begins takes over what another migration's row of the same
// source and mailbox has. Runs with one destination mailbox never overlap (P-3),
// so nobody else is working with it; if that other one runs again it takes it
// back in the same way.

// nobodysPass takes the pass off messages of pairs: another migration counts its own.
// What says more than a number stays so (M-1).
var nobodysPass = fmt.Sprintf(`UPDATE msg SET pass = %d WHERE pass <> %d AND pair_id IN `, migration.BeforeAnyPass, migration.ElsewherePass)

// handOver gives the folder pairs of a migration that is about to be deleted to
// another one with the same account, the latest: its next pass would bring back
// what was deleted at the destination. Where none has it, one may have it under
// another name (I-16).
func handOver(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	const (
		namesake = `(
			SELECT max(o.id) FROM resource r
			JOIN resource o ON o.customer_id = r.customer_id AND o.source_key = r.source_key AND o.mailbox = r.mailbox
			WHERE r.id = pair.resource_id AND o.migration_id <> r.migration_id)`
		heir = `coalesce(` + namesake + `, (
			SELECT max(o.id) FROM resource r JOIN resource o ON ` + mayBeSame + `
			WHERE r.id = pair.resource_id AND o.migration_id <> r.migration_id))`
		theirs = `resource_id IN (SELECT id FROM resource WHERE migration_id = $1)`
	)
	for _, statement := range []string{
		`UPDATE resource SET clean = 0
			WHERE id IN (SELECT ` + heir + ` FROM pair JOIN resource x ON x.id = pair.resource_id WHERE x.migration_id = $1 AND x.clean = 0)`,
		nobodysPass + `(
			SELECT pair.id FROM pair JOIN resource x ON x.id = pair.resource_id
			WHERE x.migration_id = $1 AND ` + heir + ` IS NOT NULL)`,
		doubted + theirs + ` AND ` + namesake + ` IS NULL`,
		`UPDATE pair SET resource_id = ` + heir + `
			WHERE ` + theirs + ` AND ` + heir + ` IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM pair known WHERE known.resource_id = ` + heir + ` AND known.src_raw = pair.src_raw)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, migrationID); err != nil {
			return err
		}
	}
	return nil
}

// takeOver gives the resource of a run the folder pairs of all others with its
// source and mailbox. Copies made by them count as present from then on.
func takeOver(ctx context.Context, tx *sql.Tx, run migration.Run) error {
	return takeFrom(ctx, tx, run.ResourceID, `
		SELECT o.id FROM resource r
		JOIN resource o ON o.customer_id = r.customer_id AND o.source_key = r.source_key AND o.mailbox = r.mailbox
		WHERE r.id = $1 AND o.id <> r.id`)
}

// takeFrom gives a resource, $1, the folder pairs of others.
func takeFrom(ctx context.Context, tx *sql.Tx, resourceID int64, others string, args ...any) error {
	pairs := `
		resource_id IN (` + others + `)
		AND NOT EXISTS (SELECT 1 FROM pair mine WHERE mine.resource_id = $1 AND mine.src_raw = pair.src_raw)`
	for _, statement := range []string{
		// What a stop without a clean mark left open stays open (I-5).
		`UPDATE resource SET clean = 0
			WHERE id = $1 AND EXISTS (
				SELECT 1 FROM pair JOIN resource o ON o.id = pair.resource_id
				WHERE o.clean = 0 AND pair.resource_id IN (` + others + `))`,
		nobodysPass + `(SELECT id FROM pair WHERE ` + pairs + `)`,
		`UPDATE pair SET resource_id = $1 WHERE ` + pairs,
	} {
		if _, err := tx.ExecContext(ctx, statement, append([]any{resourceID}, args...)...); err != nil {
			return err
		}
	}
	return nil
}
