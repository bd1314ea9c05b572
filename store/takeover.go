package store

import (
	"cmp"
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
// another name, which has copied nothing yet (I-16).
func handOver(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	type heir struct{ of, namesake, other int64 }
	heirs, err := queryAll(ctx, tx, func(row scanner) (h heir, err error) {
		return h, row.Scan(&h.of, &h.namesake, &h.other)
	}, `
		SELECT r.id, coalesce((
			SELECT max(o.id) FROM resource o
			WHERE o.customer_id = r.customer_id AND o.source_key = r.source_key AND o.mailbox = r.mailbox AND o.migration_id <> r.migration_id
		), 0), coalesce((
			SELECT max(o.id) FROM resource o
			WHERE `+mayBeSame+` AND o.migration_id <> r.migration_id
				AND NOT EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = o.id AND `+hasCopies+`)
		), 0) FROM resource r WHERE r.migration_id = $1 AND EXISTS (SELECT 1 FROM pair WHERE pair.resource_id = r.id)`, migrationID)
	for _, h := range heirs {
		to := cmp.Or(h.namesake, h.other)
		if err == nil && to != 0 {
			err = takeFrom(ctx, tx, to, `$2`, h.of)
		}
		if err == nil && to != 0 && h.namesake == 0 {
			err = doubtNumbers(ctx, tx, to)
		}
	}
	return err
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
		// Of a folder that nothing was copied from others may know more.
		`DELETE FROM pair AS p WHERE p.resource_id = $1 AND NOT ` + hasCopies + `
			AND p.src_raw IN (SELECT src_raw FROM pair WHERE resource_id IN (` + others + `))`,
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
