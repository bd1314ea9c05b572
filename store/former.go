package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

const (
	// mayBeSame is true of a resource o that fed the mailbox of r from an account with
	// the login of r at a server of another name or port. A login may be written with
	// its domain or without, and in letters of another case.
	mayBeSame = `
		o.customer_id = r.customer_id AND o.mailbox = r.mailbox AND o.source_key <> r.source_key
		AND EXISTS (
			SELECT 1 FROM (SELECT lower(substr(r.source_key, instr(r.source_key, '/') + 1)) a, lower(substr(o.source_key, instr(o.source_key, '/') + 1)) b)
			WHERE a = b OR instr(a, '@') = 0 AND substr(b, 1, length(a) + 1) = a || '@' OR instr(b, '@') = 0 AND substr(a, 1, length(b) + 1) = b || '@')`

	// besides is true of two that are in one pass: who lists both means both.
	besides = `EXISTS (
		SELECT 1 FROM run mine JOIN run beside ON beside.pass_id = mine.pass_id
		WHERE mine.resource_id = r.id AND beside.resource_id = o.id
			AND mine.pass_id = (SELECT max(pass_id) FROM run WHERE run.resource_id = r.id))`

	// hasCopies is true of a pair p from which something was copied, or may have been.
	hasCopies = `(
		EXISTS (SELECT 1 FROM msg WHERE msg.pair_id = p.id AND msg.kind IN (0, 3))
		OR EXISTS (SELECT 1 FROM inflight WHERE inflight.pair_id = p.id))`

	// doubt puts the numbers of those pairs in doubt that what is added names.
	doubt = `UPDATE pair SET doubted = 1, src_modseq = 0, complete = 0 WHERE `
)

// Formers returns the sources that may be the one of this journal's resource under
// another name, the latest first; none where something was copied from this one, or
// may have been. Those of the same pass are other sources.
func (j *Journal) Formers(ctx context.Context) ([]migration.Former, error) {
	list, err := queryAll(ctx, j.store.readers, func(row scanner) (f migration.Former, err error) {
		return f, row.Scan(&f.ResourceID, &f.Server)
	}, `
		SELECT o.id, substr(o.source_key, 1, instr(o.source_key, '/') - 1) FROM resource r JOIN resource o ON `+mayBeSame+`
		WHERE r.customer_id = $1 AND r.id = $2 AND NOT `+besides+`
			AND NOT EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = r.id AND `+hasCopies+`)
			AND EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = o.id AND `+hasCopies+`)
		ORDER BY o.id DESC`, j.customer, j.resource)
	for i := range list {
		if err == nil {
			list[i].Folders, err = j.formerFolders(ctx, list[i].ResourceID)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("former sources of resource %d: %w", j.resource, err)
	}
	return list, nil
}

func (j *Journal) formerFolders(ctx context.Context, resourceID int64) ([]migration.FormerFolder, error) {
	pairs, err := (&Journal{store: j.store, customer: j.customer, resource: resourceID}).Pairs(ctx)
	if err != nil {
		return nil, err
	}
	folders := make([]migration.FormerFolder, len(pairs))
	for i, p := range pairs {
		folders[i].FolderPair = p
		folders[i].Copies, err = queryOne(ctx, j.store.readers, scanValue[int], `SELECT count(*) FROM msg WHERE pair_id = $1 AND `+isOriginal, p.ID)
		if err != nil {
			return nil, err
		}
	}
	return folders, nil
}

// isOriginal is true of a message that was copied from where it is remembered (M-1).
var isOriginal = fmt.Sprintf(`kind IN (0, 3) AND pass <> %d`, migration.ElsewherePass)

// CountCopies returns how many of the fingerprints are those of copies from a folder
// of a former source, each counted as often as it is given.
func (j *Journal) CountCopies(ctx context.Context, former migration.Former, pairID int64, fingerprints []uint64) (found int, err error) {
	given := map[int64]int{}
	for _, print := range fingerprints {
		given[int64(print)]++ //nolint:gosec // as it is stored
	}
	err = eachRow(ctx, j.store.readers, func(row scanner) error {
		var print int64
		err := row.Scan(&print)
		found += given[print]
		delete(given, print)
		return err
	}, `SELECT m.fp FROM msg m JOIN pair p ON p.id = m.pair_id WHERE p.customer_id = $1 AND p.resource_id = $2 AND p.id = $3 AND `+isOriginal,
		j.customer, former.ResourceID, pairID)
	if err != nil {
		return 0, fmt.Errorf("count copies of pair %d: %w", pairID, err)
	}
	return found, nil
}

// TakeOver makes what is remembered of a former source that of this journal's
// resource: its copies count as present from then on, once each is known again by its
// header. clean reports whether the last run of the former stopped in order. One that
// is no former of the resource is migration.ErrNotFound.
func (j *Journal) TakeOver(ctx context.Context, former migration.Former) (clean bool, err error) {
	err = j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		clean, err = queryOne(ctx, tx, scanValue[bool], `
			SELECT o.clean FROM resource r JOIN resource o ON `+mayBeSame+` WHERE r.customer_id = $1 AND r.id = $2 AND o.id = $3 AND NOT `+besides,
			j.customer, j.resource, former.ResourceID)
		if err != nil {
			return err
		}
		if err := takeFrom(ctx, tx, j.resource, `$2`, former.ResourceID); err != nil {
			return err
		}
		return doubtNumbers(ctx, tx, j.resource)
	})
	if err != nil {
		return false, fmt.Errorf("take over what is known of resource %d for %d: %w", former.ResourceID, j.resource, err)
	}
	return clean, nil
}

// doubtNumbers lets the next run know the copied messages again by their headers
// (I-12). Two servers may number their folders alike, Zimbra's have one UIDVALIDITY:
// what is remembered would stand for other messages, and they would be lost.
func doubtNumbers(ctx context.Context, tx *sql.Tx, resourceID int64) error {
	_, err := tx.ExecContext(ctx, doubt+`resource_id = $1`, resourceID)
	return err
}
