package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// fate is what msg.kind says of a message.
type fate struct {
	kind migration.OutcomeKind
	gone bool
}

// fates stand at the number they are stored as. 3 came after the schema that
// names the others: copied, and no longer at the source (Δ-4).
var fates = [...]fate{{kind: migration.Copied}, {kind: migration.Skipped}, {kind: migration.Failed}, {migration.Copied, true}}

// messageScanner reads message states. Those with the same flags share a slice.
type messageScanner struct{ spelled map[int64][]string }

// scan reads into the types the driver returns: any other is converted by way
// of text, which for a large folder takes longer than the query.
func (m messageScanner) scan(row scanner) (migration.MessageState, error) {
	var uid, kind, pass, destUID, size, fingerprint, packed, identity int64
	var reason, keywords string
	err := row.Scan(&uid, &kind, &reason, &pass, &destUID, &size, &fingerprint, &packed, &keywords, &identity)
	if err != nil {
		return migration.MessageState{}, err
	}
	if kind < 0 || kind >= int64(len(fates)) {
		return migration.MessageState{}, fmt.Errorf("uid %d: unknown kind %d", uid, kind)
	}
	flags, ok := m.spelled[packed]
	if !ok {
		flags = spellFlags(packed, keywords)
		m.spelled[packed] = flags
	}
	return migration.MessageState{
		UID: uint32(uid), Kind: fates[kind].kind, Gone: fates[kind].gone,
		Reason: migration.Reason(reason), Pass: int(pass), DestUID: uint32(destUID),
		Size: size, Fingerprint: uint64(fingerprint), Flags: flags, Identity: uint64(identity),
	}, nil
}

const (
	messageColumns = `m.uid, m.kind, m.reason, m.pass, m.dst_uid, m.size, m.fp, m.flags, COALESCE(k.list, ''), m.identity`
	messageTables  = `pair p JOIN msg m ON m.pair_id = p.id LEFT JOIN kwset k ON k.id = m.flags / 256`
)

// Messages returns what is remembered of the messages of a pair, by ascending
// UID, those that are gone from the source included. System flags come first
// and in a fixed order, keywords sorted. States with the same flags share one
// slice: treat it as read-only.
func (j *Journal) Messages(ctx context.Context, pairID int64) ([]migration.MessageState, error) {
	m := messageScanner{spelled: make(map[int64][]string)}
	states, err := queryAll(ctx, j.store.readers, m.scan, `
		SELECT `+messageColumns+` FROM `+messageTables+`
		WHERE p.customer_id = $1 AND p.resource_id = $2 AND p.id = $3
		ORDER BY m.uid`, j.customer, j.resource, pairID)
	if err != nil {
		return nil, fmt.Errorf("messages of pair %d: %w", pairID, err)
	}
	return states, nil
}

// Known sums up what is remembered of the messages of a pair as a run of the
// pass sees it: copied in that pass, or present because another copied them. It
// reads every message of the pair, some two million a second. Flags of Left share
// slices as those of Messages do.
func (j *Journal) Known(ctx context.Context, pairID int64, pass int) (known migration.Known, err error) {
	err = j.store.read(ctx, func(q querier) error {
		var left int
		if known, left, err = j.countKnown(ctx, q, pairID, pass); err != nil || left == 0 {
			return err
		}
		m := messageScanner{spelled: make(map[int64][]string)}
		known.Left, err = queryAll(ctx, q, m.scan, `
			SELECT `+messageColumns+` FROM `+messageTables+`
			WHERE p.id = $1 AND m.kind IN (1, 2)
			ORDER BY m.uid`, pairID)
		return err
	})
	if err != nil {
		return migration.Known{}, fmt.Errorf("sum up the messages of pair %d: %w", pairID, err)
	}
	return known, nil
}

// countKnown fills all of Known but Left, of which it returns the number.
func (j *Journal) countKnown(
	ctx context.Context, q querier, pairID int64, pass int,
) (known migration.Known, left int, err error) {
	scan := func(row scanner) (k migration.Known, err error) {
		err = row.Scan(&k.Copied, &k.Bytes, &k.Present, &left, &k.Highest, &k.Nameless)
		return k, err
	}
	known, err = queryOne(ctx, q, scan, `
		SELECT count(*) FILTER (WHERE m.kind = 0 AND m.pass = $4),
			COALESCE(sum(m.size) FILTER (WHERE m.kind = 0 AND m.pass = $4), 0),
			count(*) FILTER (WHERE m.kind = 0 AND m.pass <> $4),
			count(*) FILTER (WHERE m.kind IN (1, 2)), COALESCE(max(m.uid) FILTER (WHERE m.kind <> 3), 0),
			count(*) FILTER (WHERE m.kind = 0 AND m.identity = 0)
		FROM pair p LEFT JOIN msg m ON m.pair_id = p.id
		WHERE p.customer_id = $1 AND p.resource_id = $2 AND p.id = $3
		GROUP BY p.id`, j.customer, j.resource, pairID, pass)
	return known, left, err
}

// Sightings returns where messages of the resource that have an identity were
// seen and copied, in no order (M-1).
func (j *Journal) Sightings(ctx context.Context) ([]migration.Sighting, error) {
	scan := func(row scanner) (s migration.Sighting, err error) {
		var identity, uid int64
		err = row.Scan(&identity, &s.PairID, &uid, &s.Gone, &s.Elsewhere)
		s.Identity, s.UID = uint64(identity), uint32(uid)
		return s, err
	}
	all, err := queryAll(ctx, j.store.readers, scan, `
		SELECT m.identity, p.id, m.uid, m.kind = 3, m.pass = $3
		FROM pair p JOIN msg m ON m.pair_id = p.id
		WHERE p.customer_id = $1 AND p.resource_id = $2 AND m.identity <> 0 AND m.kind IN (0, 3)`,
		j.customer, j.resource, migration.ElsewherePass)
	if err != nil {
		return nil, fmt.Errorf("identities of resource %d: %w", j.resource, err)
	}
	return all, nil
}

// Record remembers what became of messages that need no settling: skipped,
// failed, given another UID, or gone from the source and back. States replace
// those with the same UID, but a message once copied stays copied (I-1).
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

// MoveMessage forgets message fromUID of one pair and remembers it in another
// of the resource as to says, in one transaction: it was moved at the source
// (I-15). As with Record, a message that is copied there stays copied. A message
// that is not remembered, or a pair of another resource, is
// migration.ErrNotFound. Batches name the old UID, so settle them before.
func (j *Journal) MoveMessage(
	ctx context.Context, fromPair int64, fromUID uint32, toPair int64, to migration.MessageState,
) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.ownPair(ctx, tx, fromPair); err != nil {
			return err
		}
		if err := j.ownPair(ctx, tx, toPair); err != nil {
			return err
		}
		err := execOne(ctx, tx, migration.ErrNotFound, `
			DELETE FROM msg WHERE pair_id = $1 AND uid = $2`, fromPair, fromUID)
		if err != nil {
			return err
		}
		return j.upsertMessages(ctx, tx, toPair, []migration.MessageState{to})
	})
	if err != nil {
		return fmt.Errorf("move uid %d of pair %d to uid %d of pair %d: %w", fromUID, fromPair, to.UID, toPair, err)
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
