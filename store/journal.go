package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// Journal is what is remembered of one resource between passes and crashes: for
// each source folder where it goes, for each message what became of it, and
// which messages were about to be appended when nobody could say any more.
//
// A method that writes returns when its change is committed (I-5). Calls from
// several goroutines share commits. A pair or batch of another resource is
// migration.ErrNotFound.
type Journal struct {
	store    *Store
	customer int64
	resource int64
	pass     int
}

// Journal returns the journal of a resource. Message states that name no pass
// are stored with this one.
func (s *Store) Journal(customer, resource int64, pass int) *Journal {
	return &Journal{store: s, customer: customer, resource: resource, pass: pass}
}

const pairColumns = `p.id, p.src_raw, p.src_uidvalidity, p.src_uidnext, p.src_exists, p.src_modseq,
	p.complete, p.doubted, d.id, d.name, p.dst_uidvalidity, p.dst_uidnext`

func scanPair(row scanner) (migration.FolderPair, error) {
	var p migration.FolderPair
	var source, name []byte
	var modSeq int64
	err := row.Scan(&p.ID, &source, &p.UIDValidity, &p.UIDNext, &p.Exists, &modSeq,
		&p.Complete, &p.Doubted, &p.Dest.ID, &name, &p.Dest.UIDValidity, &p.Dest.UIDNext)
	p.Source, p.Dest.Name, p.ModSeq = string(source), string(name), uint64(modSeq)
	return p, err
}

// Pairs returns the folder pairs of the resource, in the order they were first
// saved.
func (j *Journal) Pairs(ctx context.Context) ([]migration.FolderPair, error) {
	pairs, err := queryAll(ctx, j.store.readers, scanPair, `
		SELECT `+pairColumns+` FROM pair p JOIN dst d ON d.id = p.dst_id
		WHERE p.customer_id = $1 AND p.resource_id = $2
		ORDER BY p.id`, j.customer, j.resource)
	if err != nil {
		return nil, fmt.Errorf("folder pairs of resource %d: %w", j.resource, err)
	}
	return pairs, nil
}

// SavePair remembers a pair: a new one, or in place of the one with the same
// Source. It sets p.ID, p.Dest.ID, and p.Dest.UIDValidity and p.Dest.UIDNext to
// what then stands: under one UIDValidity of one folder UIDNext never moves
// back, and a UIDValidity of 0 (not known) leaves both as they were.
//
// UIDNext is the mark this pair is reconciled from, so after a stop that was
// not clean reconcile first and save then (I-5).
func (j *Journal) SavePair(ctx context.Context, p *migration.FolderPair) error {
	saved := *p
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if saved.Dest.ID, err = j.saveDest(ctx, tx, p.Dest); err != nil {
			return err
		}
		return j.upsertPair(ctx, tx, &saved)
	})
	if err != nil {
		return fmt.Errorf("save folder pair %q: %w", p.Source, err)
	}
	*p = saved
	return nil
}

// RenamePair gives a pair the new raw name of its source folder (F-16). All else
// that is remembered of it stays: its messages, its batches, where it goes.
// Another pair of the resource with that source is migration.ErrConflict.
func (j *Journal) RenamePair(ctx context.Context, pairID int64, source string) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.ownPair(ctx, tx, pairID); err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE pair SET src_raw = $3
			WHERE resource_id = $1 AND id = $2 AND NOT EXISTS (
				SELECT 1 FROM pair other
				WHERE other.resource_id = $1 AND other.src_raw = $3 AND other.id <> $2)`,
			j.resource, pairID, []byte(source))
	})
	if err != nil {
		return fmt.Errorf("rename pair %d to %q: %w", pairID, source, err)
	}
	return nil
}

// saveDest returns the id of the folder in the destination mailbox of the
// journal's resource.
func (j *Journal) saveDest(ctx context.Context, tx *sql.Tx, d migration.DestFolder) (int64, error) {
	return queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO dst (customer_id, mailbox, name, uidvalidity)
		SELECT customer_id, mailbox, $3, $4 FROM resource WHERE customer_id = $1 AND id = $2
		ON CONFLICT (customer_id, mailbox, name) DO UPDATE SET uidvalidity =
			CASE WHEN excluded.uidvalidity = 0 THEN dst.uidvalidity ELSE excluded.uidvalidity END
		RETURNING id`,
		j.customer, j.resource, []byte(d.Name), d.UIDValidity)
}

func (j *Journal) upsertPair(ctx context.Context, tx *sql.Tx, p *migration.FolderPair) error {
	return tx.QueryRowContext(ctx, `
		INSERT INTO pair (customer_id, resource_id, src_raw, src_uidvalidity, src_uidnext, src_exists,
			src_modseq, complete, doubted, dst_id, dst_uidvalidity, dst_uidnext)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (resource_id, src_raw) DO UPDATE SET
			src_uidvalidity = excluded.src_uidvalidity, src_uidnext = excluded.src_uidnext,
			src_exists = excluded.src_exists, src_modseq = excluded.src_modseq,
			complete = excluded.complete, doubted = excluded.doubted, dst_id = excluded.dst_id,
			dst_uidvalidity = CASE
				WHEN excluded.dst_id = pair.dst_id AND excluded.dst_uidvalidity = 0 THEN pair.dst_uidvalidity
				ELSE excluded.dst_uidvalidity END,
			dst_uidnext = CASE
				WHEN excluded.dst_id = pair.dst_id AND excluded.dst_uidnext < pair.dst_uidnext
					AND excluded.dst_uidvalidity IN (0, pair.dst_uidvalidity) THEN pair.dst_uidnext
				ELSE excluded.dst_uidnext END
		RETURNING id, dst_uidvalidity, dst_uidnext`,
		j.customer, j.resource, []byte(p.Source), p.UIDValidity, p.UIDNext, p.Exists,
		int64(p.ModSeq), flag(p.Complete), flag(p.Doubted), p.Dest.ID, p.Dest.UIDValidity, p.Dest.UIDNext,
	).Scan(&p.ID, &p.Dest.UIDValidity, &p.Dest.UIDNext)
}

// flag is how yes and no are stored.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// MappedAbove returns the UIDs of destination folder destID from low up that
// some message of any resource is known to be stored under, ascending, whether
// or not it is still at its source. UIDs of a former folder of that name, with
// another UIDValidity, are not among them.
func (j *Journal) MappedAbove(ctx context.Context, destID int64, low uint32) ([]uint32, error) {
	uids, err := queryAll(ctx, j.store.readers, scanValue[uint32], `
		SELECT DISTINCT m.dst_uid
		FROM dst d
		JOIN pair p ON p.dst_id = d.id AND p.dst_uidvalidity = d.uidvalidity
		JOIN msg m ON m.pair_id = p.id
		WHERE d.customer_id = $1 AND d.id = $2 AND m.dst_uid >= $3
		ORDER BY m.dst_uid`, j.customer, destID, max(low, 1))
	if err != nil {
		return nil, fmt.Errorf("mapped messages of destination folder %d: %w", destID, err)
	}
	return uids, nil
}

// Clean reports whether the last work on the resource ended with SetClean(true).
// A resource nothing was ever appended for is clean.
func (j *Journal) Clean(ctx context.Context) (bool, error) {
	clean, err := queryOne(ctx, j.store.readers, scanValue[bool], `
		SELECT clean FROM resource WHERE customer_id = $1 AND id = $2`, j.customer, j.resource)
	if err != nil {
		return false, fmt.Errorf("clean-stop mark of resource %d: %w", j.resource, err)
	}
	return clean, nil
}

// SetClean sets or takes away the clean-stop mark of the resource (I-5). Taking
// it away waits for the disk: a mark that came back with a power cut would hide
// that messages were appended after it.
func (j *Journal) SetClean(ctx context.Context, clean bool) error {
	set := func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrNotFound, `
			UPDATE resource SET clean = $3 WHERE customer_id = $1 AND id = $2`,
			j.customer, j.resource, flag(clean))
	}
	after := j.store.syncLog
	if clean {
		after = nil
	}
	if err := j.store.writeThen(ctx, set, after); err != nil {
		return fmt.Errorf("set clean-stop mark of resource %d: %w", j.resource, err)
	}
	return nil
}
