package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// isFormer is true of a resource o that fed the mailbox of r from an account with the
// login of r at a server of another name or port. A login
// may be written with its domain or without; the case of its letters differs from
// one spelling to the next.
const isFormer = `
	o.customer_id = r.customer_id AND o.mailbox = r.mailbox AND o.source_key <> r.source_key
	AND EXISTS (
		SELECT 1 FROM (SELECT lower(substr(r.source_key, instr(r.source_key, '/') + 1)) a, lower(substr(o.source_key, instr(o.source_key, '/') + 1)) b)
		WHERE a = b OR instr(a, '@') = 0 AND substr(b, 1, length(a) + 1) = a || '@' OR instr(b, '@') = 0 AND substr(a, 1, length(b) + 1) = b || '@')`

// formerSample is how many of the first and of the last copies of a folder are
// compared with what is there.
const formerSample = 25

// Formers returns the sources that may be the one of this journal's resource under
// another name, those first that were copied from last; none where something is
// known of this one.
func (j *Journal) Formers(ctx context.Context) ([]migration.Former, error) {
	list, err := queryAll(ctx, j.store.readers, func(row scanner) (f migration.Former, err error) {
		return f, row.Scan(&f.ResourceID, &f.Server)
	}, `
		SELECT o.id, substr(o.source_key, 1, instr(o.source_key, '/') - 1) FROM resource r JOIN resource o ON `+isFormer+`
		WHERE r.customer_id = $1 AND r.id = $2
			AND NOT EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = r.id) AND EXISTS (SELECT 1 FROM pair p WHERE p.resource_id = o.id)
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
		folders[i].Copies, err = queryAll(ctx, j.store.readers, func(row scanner) (s migration.MessageState, err error) {
			var fingerprint int64
			err = row.Scan(&s.UID, &fingerprint)
			s.Kind, s.Fingerprint = migration.Copied, uint64(fingerprint)
			return s, err
		}, fmt.Sprintf(`
			SELECT uid, fp FROM (SELECT uid, fp FROM msg WHERE pair_id = $1 AND kind = 0 AND pass <> %[1]d ORDER BY uid LIMIT %[2]d)
			UNION SELECT uid, fp FROM (SELECT uid, fp FROM msg WHERE pair_id = $1 AND kind = 0 AND pass <> %[1]d ORDER BY uid DESC LIMIT %[2]d)
			ORDER BY uid`, migration.ElsewherePass, formerSample), p.ID)
		if err != nil {
			return nil, err
		}
	}
	return folders, nil
}

// TakeOver makes what is remembered of a former source that of this journal's
// resource: its copies count as present from then on. clean reports whether the last
// run of the former stopped in order. One that is no former of the resource is
// migration.ErrNotFound.
func (j *Journal) TakeOver(ctx context.Context, former migration.Former) (clean bool, err error) {
	err = j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		clean, err = queryOne(ctx, tx, scanValue[bool], `
			SELECT o.clean FROM resource r JOIN resource o ON `+isFormer+` WHERE r.customer_id = $1 AND r.id = $2 AND o.id = $3`,
			j.customer, j.resource, former.ResourceID)
		if err != nil {
			return err
		}
		return takeFrom(ctx, tx, j.resource, `$2`, former.ResourceID)
	})
	if err != nil {
		return false, fmt.Errorf("take over what is known of resource %d for %d: %w", former.ResourceID, j.resource, err)
	}
	return clean, nil
}
