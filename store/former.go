package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// mayBeSame is true of a resource o that fed the mailbox of r from an account with the
// login of r at a server of another name or port. A login may be written with its
// domain or without, and in letters of another case.
const mayBeSame = `
	o.customer_id = r.customer_id AND o.mailbox = r.mailbox AND o.source_key <> r.source_key
	AND EXISTS (
		SELECT 1 FROM (SELECT lower(substr(r.source_key, instr(r.source_key, '/') + 1)) a, lower(substr(o.source_key, instr(o.source_key, '/') + 1)) b)
		WHERE a = b OR instr(a, '@') = 0 AND substr(b, 1, length(a) + 1) = a || '@' OR instr(b, '@') = 0 AND substr(a, 1, length(b) + 1) = b || '@')`

// Formers returns the sources that may be the one of this journal's resource under
// another name, the latest first; none where something is known of this one.
func (j *Journal) Formers(ctx context.Context) ([]migration.Former, error) {
	list, err := queryAll(ctx, j.store.readers, func(row scanner) (f migration.Former, err error) {
		return f, row.Scan(&f.ResourceID, &f.Server)
	}, `
		SELECT o.id, substr(o.source_key, 1, instr(o.source_key, '/') - 1) FROM resource r JOIN resource o ON `+mayBeSame+`
		WHERE r.customer_id = $1 AND r.id = $2
			AND NOT EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = r.id) AND EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = o.id)
		ORDER BY o.id DESC`, j.customer, j.resource)
	for i := range list {
		if err == nil {
			list[i].Folders, err = j.of(list[i]).Pairs(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("former sources of resource %d: %w", j.resource, err)
	}
	return list, nil
}

// of is the journal of a former source.
func (j *Journal) of(former migration.Former) *Journal {
	return &Journal{store: j.store, customer: j.customer, resource: former.ResourceID}
}

// CountCopies returns how many of the fingerprints are those of copies from a folder
// of a former source, each counted as often as it is given, and how many copies from
// it are remembered.
func (j *Journal) CountCopies(ctx context.Context, former migration.Former, pairID int64, fingerprints []uint64) (found, copies int, err error) {
	states, err := j.of(former).Messages(ctx, pairID)
	if err != nil {
		return 0, 0, err
	}
	known := map[uint64]bool{}
	for _, s := range states {
		if s.Kind == migration.Copied {
			known[s.Fingerprint] = true
			copies++
		}
	}
	for _, print := range fingerprints {
		if known[print] {
			found++
		}
	}
	return found, copies, nil
}

// TakeOver makes what is remembered of a former source that of this journal's
// resource: its copies count as present from then on, once each is known again by its
// header (DoubtedNumbers). clean reports whether the last run of the former stopped in
// order. One that is no former of the resource is migration.ErrNotFound.
func (j *Journal) TakeOver(ctx context.Context, former migration.Former) (clean bool, err error) {
	err = j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		clean, err = queryOne(ctx, tx, scanValue[bool], `
			SELECT o.clean FROM resource r JOIN resource o ON `+mayBeSame+` WHERE r.customer_id = $1 AND r.id = $2 AND o.id = $3`,
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
	_, err := tx.ExecContext(ctx, doubted+`resource_id = $1`, resourceID)
	return err
}

// doubted puts the numbers of those pairs in doubt that what is added names.
var doubted = fmt.Sprintf(`UPDATE pair SET src_uidvalidity = %d, src_modseq = 0, complete = 0 WHERE src_uidvalidity <> 0 AND `, migration.DoubtedNumbers)
