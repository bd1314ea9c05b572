package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// Begin remembers that the messages of b are about to be appended and sets
// b.ID. Append nothing before it has returned (I-5).
func (j *Journal) Begin(ctx context.Context, b *migration.Batch) error {
	var id int64
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		id, err = queryOne(ctx, tx, scanValue[int64], `
			INSERT INTO inflight (pair_id, dst_id, dst_uidvalidity, dst_low, late, items)
			SELECT p.id, d.id, $5, $6, $7, $8 FROM pair p JOIN dst d ON d.customer_id = p.customer_id
			WHERE p.customer_id = $1 AND p.resource_id = $2 AND p.id = $3 AND d.id = $4
			RETURNING id`,
			j.customer, j.resource, b.PairID, b.DestID, b.DestUIDValidity, b.DestLow, b.Late.Milliseconds(),
			packItems(b.Items))
		return err
	})
	if err != nil {
		return fmt.Errorf("begin batch of %d for pair %d: %w", len(b.Items), b.PairID, err)
	}
	b.ID = id
	if err := j.store.noteBegun(id); err != nil {
		return fmt.Errorf("note batch %d: %w", id, err)
	}
	return nil
}

// Settle ends a batch in one transaction: it remembers the messages that are
// stored, moves the pair's UIDNext forward to destNext (0: not known), and
// forgets the batch. Messages of the batch that are not among stored are, from
// then on, not at the destination.
//
// A batch that was settled before is migration.ErrConflict.
func (j *Journal) Settle(
	ctx context.Context, b migration.Batch, stored []migration.MessageState, destNext uint32,
) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := j.ownPair(ctx, tx, b.PairID); err != nil {
			return err
		}
		err := execOne(ctx, tx, migration.ErrConflict, `
			DELETE FROM inflight WHERE id = $1 AND pair_id = $2`, b.ID, b.PairID)
		if err != nil {
			return err
		}
		if err := j.upsertMessages(ctx, tx, b.PairID, stored); err != nil {
			return err
		}
		return moveMark(ctx, tx, b, destNext)
	})
	if err != nil {
		return fmt.Errorf("settle batch %d of pair %d: %w", b.ID, b.PairID, err)
	}
	return nil
}

// moveMark moves the UIDNext of the batch's pair forward, if the pair still
// goes to the folder the batch went to.
func moveMark(ctx context.Context, tx *sql.Tx, b migration.Batch, destNext uint32) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE pair SET dst_uidnext = $1
		WHERE id = $2 AND dst_id = $3 AND dst_uidvalidity = $4 AND dst_uidnext < $1`,
		destNext, b.PairID, b.DestID, b.DestUIDValidity)
	return err
}

// InFlight returns the batches of the resource that were begun and not settled,
// oldest first: what the destination holds of them must be found out before
// anything is appended to their folders (I-6).
func (j *Journal) InFlight(ctx context.Context) ([]migration.Batch, error) {
	batches, err := queryAll(ctx, j.store.readers, scanBatch, `
		SELECT i.id, i.pair_id, i.dst_id, i.dst_uidvalidity, i.dst_low, i.late, i.items
		FROM inflight i JOIN pair p ON p.id = i.pair_id
		WHERE p.customer_id = $1 AND p.resource_id = $2
		ORDER BY i.id`, j.customer, j.resource)
	if err != nil {
		return nil, fmt.Errorf("batches in flight of resource %d: %w", j.resource, err)
	}
	return batches, nil
}

func scanBatch(row scanner) (migration.Batch, error) {
	var b migration.Batch
	var items []byte
	var late int64
	err := row.Scan(&b.ID, &b.PairID, &b.DestID, &b.DestUIDValidity, &b.DestLow, &late, &items)
	if err != nil {
		return b, err
	}
	b.Late = time.Duration(late) * time.Millisecond
	if b.Items, err = unpackItems(items); err != nil {
		err = fmt.Errorf("batch %d: %w", b.ID, err)
	}
	return b, err
}
