package imapsync

import (
	"context"
	"errors"
	"fmt"
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
		if err := r.settleBatch(ctx, pairs[i], batch, since); err != nil {
			return err
		}
	}
	return nil
}

var errLostPair = errors.New("a batch of a folder that nobody knows")

func (r *run) settleBatch(ctx context.Context, p migration.FolderPair, batch migration.Batch, since time.Time) error {
	dest := p.Dest
	dest.ID, dest.UIDValidity = batch.DestID, batch.DestUIDValidity
	deadline := since.Add(r.engine.opts.Patience.LateCommit)
	for {
		found, err := r.lookFor(ctx, dest, batch)
		if err != nil {
			return blame(DestinationSide, err)
		}
		left := deadline.Sub(r.engine.opts.Now())
		if len(found) < len(batch.Items) && left > 0 {
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
		return r.journal.Settle(ctx, batch, states, next)
	}
}

// lookFor pairs a batch with what came into its folder since.
func (r *run) lookFor(ctx context.Context, dest migration.DestFolder, batch migration.Batch) (map[int]uint32, error) {
	list, _, err := r.tail(ctx, dest, batch.DestLow)
	if err != nil {
		return nil, err
	}
	found, err := pair(batch.Items, list, digestAt(ctx, r.dst))
	if err != nil {
		return nil, err
	}
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return nil, err
	}
	return found, nil
}

// adoptTail is what follows a stop that left no clean mark: a power cut may have
// taken the last records with it (I-5). Messages of the destination that belong
// to nobody, from the last UIDNEXT that is remembered, are paired with those the
// plan would copy.
func (r *run) adoptTail(ctx context.Context, f *folderRun, p *plan) error {
	if r.clean || f.pair.Dest.UIDNext == 0 || f.low <= f.pair.Dest.UIDNext || len(p.copy) == 0 {
		return nil
	}
	list, _, err := r.tail(ctx, f.pair.Dest, f.pair.Dest.UIDNext)
	if err != nil {
		return blame(DestinationSide, err)
	}
	if len(list) > 0 {
		if err := r.adopt(ctx, f, p, list); err != nil {
			return err
		}
	}
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return blame(DestinationSide, err)
	}
	return nil
}

func (r *run) adopt(ctx context.Context, f *folderRun, p *plan, list []candidate) error {
	items, err := r.identify(ctx, p.copy)
	if err != nil {
		return err
	}
	found, err := pair(items, list, nil)
	if err != nil || len(found) == 0 {
		return err
	}
	var states []migration.MessageState
	adopted := map[uint32]bool{}
	for i, uid := range found {
		states = append(states, migration.MessageState{
			UID: items[i].UID, Kind: migration.Copied, Pass: r.job.Pass, DestUID: uid, Size: items[i].Size, Fingerprint: items[i].Fingerprint,
		})
		adopted[items[i].UID] = true
		p.copied++
		p.bytes += items[i].Size
	}
	p.copy = slices.DeleteFunc(p.copy, func(m meta) bool { return adopted[m.uid] })
	r.entry(migration.Info, "reconciled", migration.Args{"folder": f.display(), "found": len(found), "missing": 0}, "")
	return r.journal.Record(ctx, f.pair.ID, states)
}

// identify reads the fields that messages of the open source folder are known
// by.
func (r *run) identify(ctx context.Context, metas []meta) ([]migration.BatchItem, error) {
	prints := map[uint32]uint64{}
	for _, set := range wire.Sets(uidsOf(metas)) {
		err := fetchHeaders(ctx, r.src, set, func(f wire.Fetched) { prints[f.UID] = readHeader(f.Header).fingerprint() })
		if err != nil {
			return nil, blame(SourceSide, err)
		}
	}
	items := make([]migration.BatchItem, 0, len(metas))
	for _, m := range metas {
		if print, ok := prints[m.uid]; ok {
			items = append(items, migration.BatchItem{UID: m.uid, Fingerprint: print, Size: m.size})
		}
	}
	return items, nil
}

// renumber gives the remembered messages of a folder their new UIDs when the
// source has counted anew (I-12). Nothing is appended before that is done: all
// of it would be taken for new.
func (r *run) renumber(ctx context.Context, f *folderRun, listing []meta, known []migration.MessageState) ([]migration.MessageState, error) {
	items, err := r.identify(ctx, listing)
	if err != nil {
		return nil, err
	}
	old := make([]candidate, len(known))
	for i, s := range known {
		old[i] = candidate{uint32(i), s.Fingerprint, s.Size}
	}
	found, err := pair(items, old, nil)
	if err != nil {
		return nil, err
	}
	states := make([]migration.MessageState, 0, len(found))
	for i, at := range found {
		state := known[at]
		state.UID = items[i].UID
		states = append(states, state)
	}
	slices.SortFunc(states, func(a, b migration.MessageState) int { return int(int64(a.UID) - int64(b.UID)) })
	r.entry(migration.Warning, "renumbered", migration.Args{"folder": f.display(), "found": len(found), "listed": len(listing)}, "")
	if err := r.journal.Rekey(ctx, f.pair.ID, states); err != nil {
		return nil, fmt.Errorf("renumber a folder: %w", err)
	}
	return states, nil
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
