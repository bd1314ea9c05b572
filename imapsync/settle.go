package imapsync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// settleInFlight finds out what became of the batches that nobody heard the end
// of (I-6, P-1). since is when the connection was last alive: until LateCommit
// has passed the server may still be storing what it was sent (I-9).
func (r *run) settleInFlight(ctx context.Context, since time.Time) error {
	batches, err := r.journal.InFlight(ctx)
	if err != nil || len(batches) == 0 {
		return err
	}
	pairs, err := r.journal.Pairs(ctx)
	if err != nil {
		return err
	}
	for _, batch := range batches {
		i := slices.IndexFunc(pairs, func(p migration.FolderPair) bool { return p.ID == batch.PairID })
		if i < 0 {
			return &Error{Side: DestinationSide, Class: ClassInternal, Err: errLostPair}
		}
		err := r.settleBatch(ctx, pairs[i], batch, since)
		if isRefusal(err) && !isThrottled(err) {
			r.shut[batch.PairID] = err // of this folder: the others need not wait for it
			continue
		}
		if err != nil {
			return err
		}
		delete(r.shut, batch.PairID)
	}
	return nil
}

var errLostPair = errors.New("a batch of a folder that nobody knows")

func (r *run) settleBatch(ctx context.Context, p migration.FolderPair, batch migration.Batch, since time.Time) error {
	dest := p.Dest
	dest.ID, dest.UIDValidity = batch.DestID, batch.DestUIDValidity
	if err := r.dropKnown(ctx, &batch); err != nil {
		return err
	}
	deadline := since.Add(batch.Late)
	for told := false; ; told = true {
		found, err := r.lookFor(ctx, dest, batch)
		if err != nil {
			return blame(DestinationSide, err)
		}
		left := deadline.Sub(r.engine.opts.Now())
		if len(found) < len(batch.Items) && left > 0 {
			if !told {
				r.entry(migration.Info, "waiting_for_late", migration.Args{
					"folder": wire.DecodeName(p.Source), "messages": len(batch.Items) - len(found), "until": deadline.UTC().Format(time.RFC3339),
				}, "")
			}
			if err := sleep(ctx, min(left, time.Second)); err != nil {
				return err
			}
			continue
		}
		var states []migration.MessageState
		next := uint32(0)
		for i, uid := range found {
			it := batch.Items[i]
			next = max(next, uid+1)
			states = append(states, migration.MessageState{
				UID: it.UID, Kind: migration.Copied, Pass: r.job.Pass, DestUID: uid, Size: it.Size, Fingerprint: it.Fingerprint, Flags: it.Flags,
			})
		}
		r.entry(migration.Info, "reconciled", migration.Args{
			"folder": wire.DecodeName(p.Source), "found": len(found), "missing": len(batch.Items) - len(found),
		}, "")
		r.doubtAgain(p, dest, batch, found)
		return r.journal.Settle(ctx, batch, states, next)
	}
}

// lostBatch is what was not found of a batch, and is appended again. If it shows
// up after all, the destination has it twice (I-9).
type lostBatch struct {
	source string // folder, for people
	dest   migration.DestFolder
	low    uint32
	items  []migration.BatchItem
}

func (r *run) doubtAgain(p migration.FolderPair, dest migration.DestFolder, batch migration.Batch, found map[int]uint32) {
	lost := lostBatch{source: wire.DecodeName(p.Source), dest: dest, low: batch.DestLow}
	for i, it := range batch.Items {
		if _, there := found[i]; !there {
			lost.items = append(lost.items, it)
		}
	}
	if len(lost.items) > 0 {
		r.lost = append(r.lost, lost)
	}
}

// lookAgain looks once more, at the end of a run, for what was taken for lost and
// was appended again: a connection half dead behind a proxy may have delivered it
// in the meantime (I-9). What is there twice is reported and left alone: only a
// person may take mail away.
func (r *run) lookAgain(ctx context.Context) error {
	for _, lost := range r.lost {
		list, _, err := r.tail(ctx, r.dst, lost.dest, lost.low)
		if err == nil {
			var twice map[int]uint32
			if twice, err = pair(lost.items, list, digestAt(ctx, r.dst)); err == nil {
				for i, uid := range twice {
					r.entry(migration.Warning, "suspected_double", migration.Args{
						"folder": lost.source, "uid": lost.items[i].UID, "destination": wire.DecodeName(lost.dest.Name), "destination_uid": uid,
					}, "")
				}
				err = r.dst.Leave(ctx)
			}
		}
		if err = ignoreFinal(err); err != nil {
			return blame(DestinationSide, err)
		}
	}
	r.lost = nil
	return nil
}

// dropKnown takes from a batch the messages whose answer was heard and recorded.
func (r *run) dropKnown(ctx context.Context, batch *migration.Batch) error {
	known, err := r.journal.Messages(ctx, batch.PairID)
	if err != nil {
		return err
	}
	copied := map[uint32]bool{}
	for _, s := range known {
		copied[s.UID] = s.Kind == migration.Copied
	}
	batch.Items = slices.DeleteFunc(slices.Clone(batch.Items), func(it migration.BatchItem) bool { return copied[it.UID] })
	return nil
}

// lookFor pairs a batch with what came into its folder since.
func (r *run) lookFor(ctx context.Context, dest migration.DestFolder, batch migration.Batch) (map[int]uint32, error) {
	list, _, err := r.tail(ctx, r.dst, dest, batch.DestLow)
	if err != nil {
		return nil, err
	}
	found, err := pair(batch.Items, list, digestAt(ctx, r.dst))
	if err != nil {
		return nil, err
	}
	pairAltered(batch.Items, list, found)
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return nil, err
	}
	return found, nil
}

// fetchTail reads the fields of the messages of the open destination folder from
// low on. Where the server refuses, each is asked for alone: a refusal must not
// make copies look as if they were missing.
func fetchTail(ctx context.Context, conn *wire.Conn, low uint32, fn func(wire.Fetched)) error {
	tail := map[uint32]wire.Fetched{}
	note := func(f wire.Fetched) { tail[f.UID] = f }
	err := fetchHeaders(ctx, conn, fmt.Sprintf("%d:*", low), note)
	if isRefusal(err) && !isThrottled(err) {
		err = fetchEach(ctx, conn, low, note)
	}
	if err != nil {
		return err
	}
	for _, uid := range slices.Sorted(maps.Keys(tail)) {
		fn(tail[uid])
	}
	return nil
}

func fetchEach(ctx context.Context, conn *wire.Conn, low uint32, fn func(wire.Fetched)) error {
	uids, err := conn.Search(ctx, true, fmt.Sprintf("UID %d:*", low))
	if err != nil {
		return err
	}
	for _, uid := range uids {
		var err error
		for range readTries {
			if err = fetchHeaders(ctx, conn, fmt.Sprint(uid), fn); !isRefusal(err) {
				break
			}
		}
		if err != nil && (!isRefusal(err) || isThrottled(err)) {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
