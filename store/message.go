package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"trasloco/migration"
)

// kinds are the outcomes a message state can have, at the number they are
// stored as.
var kinds = [...]migration.OutcomeKind{migration.Copied, migration.Skipped, migration.Failed}

// messageScanner reads message states. Those with the same flags share a slice.
type messageScanner struct{ spelled map[int64][]string }

// scan reads into the types the driver returns: any other is converted by way
// of text, which for a large folder takes longer than the query.
func (m messageScanner) scan(row scanner) (migration.MessageState, error) {
	var uid, kind, pass, destUID, size, fingerprint, packed int64
	var reason, keywords string
	err := row.Scan(&uid, &kind, &reason, &pass, &destUID, &size, &fingerprint, &packed, &keywords)
	if err != nil {
		return migration.MessageState{}, err
	}
	if kind < 0 || kind >= int64(len(kinds)) {
		return migration.MessageState{}, fmt.Errorf("uid %d: unknown kind %d", uid, kind)
	}
	flags, ok := m.spelled[packed]
	if !ok {
		flags = spellFlags(packed, keywords)
		m.spelled[packed] = flags
	}
	return migration.MessageState{
		UID: uint32(uid), Kind: kinds[kind], Reason: migration.Reason(reason), Pass: int(pass),
		DestUID: uint32(destUID), Size: size, Fingerprint: uint64(fingerprint), Flags: flags,
	}, nil
}

// Messages returns what is remembered of the messages of a pair, by ascending
// UID. System flags come first and in a fixed order, keywords sorted. States
// with the same flags share one slice: treat it as read-only.
func (j *Journal) Messages(ctx context.Context, pairID int64) ([]migration.MessageState, error) {
	m := messageScanner{spelled: make(map[int64][]string)}
	states, err := queryAll(ctx, j.store.readers, m.scan, `
		SELECT m.uid, m.kind, m.reason, m.pass, m.dst_uid, m.size, m.fp, m.flags, COALESCE(k.list, '')
		FROM pair p
		JOIN msg m ON m.pair_id = p.id
		LEFT JOIN kwset k ON k.id = m.flags / 256
		WHERE p.customer_id = $1 AND p.resource_id = $2 AND p.id = $3
		ORDER BY m.uid`, j.customer, j.resource, pairID)
	if err != nil {
		return nil, fmt.Errorf("messages of pair %d: %w", pairID, err)
	}
	return states, nil
}

// Record remembers what became of messages that need no settling: skipped,
// failed, or given another UID. States replace those with the same UID, but a
// message once copied stays copied (I-1).
func (j *Journal) Record(ctx context.Context, pairID int64, states []migration.MessageState) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.ownPair(ctx, tx, pairID); err != nil {
			return err
		}
		return j.upsertMessages(ctx, tx, pairID, states)
	})
	if err != nil {
		return fmt.Errorf("record %d messages of pair %d: %w", len(states), pairID, err)
	}
	return nil
}

// Rekey replaces all that is remembered of a pair's messages by states, in one
// transaction: the source has given its messages new UIDs (I-12). Batches of
// the pair name the old UIDs, so settle them before.
func (j *Journal) Rekey(ctx context.Context, pairID int64, states []migration.MessageState) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.ownPair(ctx, tx, pairID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM msg WHERE pair_id = $1`, pairID); err != nil {
			return err
		}
		return j.upsertMessages(ctx, tx, pairID, states)
	})
	if err != nil {
		return fmt.Errorf("give new UIDs to pair %d: %w", pairID, err)
	}
	return nil
}

// ownPair returns migration.ErrNotFound unless the pair is this resource's.
func (j *Journal) ownPair(ctx context.Context, tx *sql.Tx, pairID int64) error {
	_, err := queryOne(ctx, tx, scanValue[int64], `
		SELECT id FROM pair WHERE customer_id = $1 AND resource_id = $2 AND id = $3`,
		j.customer, j.resource, pairID)
	return err
}

func (j *Journal) upsertMessages(ctx context.Context, tx *sql.Tx, pairID int64, states []migration.MessageState) error {
	if len(states) == 0 {
		return nil
	}
	upsert, err := tx.PrepareContext(ctx, `
		INSERT INTO msg (pair_id, uid, kind, reason, pass, dst_uid, size, fp, flags)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (pair_id, uid) DO UPDATE SET
			kind = excluded.kind, reason = excluded.reason, pass = excluded.pass,
			dst_uid = excluded.dst_uid, size = excluded.size, fp = excluded.fp, flags = excluded.flags
		WHERE msg.kind <> 0 OR excluded.kind = 0`)
	if err != nil {
		return err
	}
	defer upsert.Close() //nolint:errcheck // the transaction closes it too
	sets := keywordSets{tx: tx, ids: make(map[string]int64)}
	for _, state := range states {
		if err := j.upsertMessage(ctx, upsert, &sets, pairID, state); err != nil {
			return fmt.Errorf("uid %d: %w", state.UID, err)
		}
	}
	return nil
}

func (j *Journal) upsertMessage(
	ctx context.Context, upsert *sql.Stmt, sets *keywordSets, pairID int64, m migration.MessageState,
) error {
	kind := slices.Index(kinds[:], m.Kind)
	if kind < 0 {
		return fmt.Errorf("a message is not remembered as %q", m.Kind)
	}
	flags, err := sets.pack(ctx, m.Flags)
	if err != nil {
		return err
	}
	if m.Pass == 0 {
		m.Pass = j.pass
	}
	_, err = upsert.ExecContext(ctx, pairID, m.UID, kind, string(m.Reason), m.Pass,
		m.DestUID, m.Size, int64(m.Fingerprint), flags)
	return err
}
