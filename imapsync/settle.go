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
		if isRefusal(err) && !r.isThrottled(err) {
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
		return r.journal.Settle(ctx, batch, states, next)
	}
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
	list, _, err := r.tail(ctx, dest, batch.DestLow)
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
func (r *run) fetchTail(ctx context.Context, low uint32, fn func(wire.Fetched)) error {
	tail := map[uint32]wire.Fetched{}
	note := func(f wire.Fetched) { tail[f.UID] = f }
	err := fetchHeaders(ctx, r.dst, fmt.Sprintf("%d:*", low), note)
	if isRefusal(err) && !r.isThrottled(err) {
		err = r.fetchEach(ctx, low, note)
	}
	if err != nil {
		return err
	}
	for _, uid := range slices.Sorted(maps.Keys(tail)) {
		fn(tail[uid])
	}
	return nil
}

func (r *run) fetchEach(ctx context.Context, low uint32, fn func(wire.Fetched)) error {
	uids, err := r.dst.Search(ctx, true, fmt.Sprintf("UID %d:*", low))
	if err != nil {
		return err
	}
	for _, uid := range uids {
		var err error
		for range readTries {
			if err = fetchHeaders(ctx, r.dst, fmt.Sprint(uid), fn); !isRefusal(err) {
				break
			}
		}
		if err != nil && (!isRefusal(err) || r.isThrottled(err)) {
			return err
		}
	}
	return nil
}

// adoptTail is what follows a stop that left no clean mark: a power cut may have
// taken the last records with it (I-5). Messages of the destination that belong
// to nobody, from the last UIDNEXT that is remembered, are paired with those that
// would be copied. It returns those that still are.
func (r *run) adoptTail(ctx context.Context, f *folderRun, metas []meta) ([]meta, error) {
	low := max(f.pair.Dest.UIDNext, 1)
	if r.clean || f.low <= low {
		return metas, nil
	}
	list, _, err := r.tail(ctx, f.pair.Dest, low)
	if err != nil {
		return nil, blame(DestinationSide, err)
	}
	if len(list) > 0 {
		if metas, err = r.adopt(ctx, f, metas, list); err != nil {
			return nil, err
		}
	}
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return nil, blame(DestinationSide, err)
	}
	return metas, nil
}

func (r *run) adopt(ctx context.Context, f *folderRun, metas []meta, list []candidate) ([]meta, error) {
	items, err := r.identify(ctx, metas)
	if err != nil {
		return nil, err
	}
	found, err := r.pairTail(ctx, items, list)
	if err != nil || len(found) == 0 {
		return metas, err
	}
	var states []migration.MessageState
	adopted := map[uint32]bool{}
	for i, uid := range found {
		states = append(states, migration.MessageState{
			UID: items[i].UID, Kind: migration.Copied, Pass: r.job.Pass, DestUID: uid, Size: items[i].Size, Fingerprint: items[i].Fingerprint,
		})
		adopted[items[i].UID] = true
		f.tally.Copied++
		f.tally.Bytes += items[i].Size
	}
	missing := slices.DeleteFunc(slices.Clone(metas), func(m meta) bool { return adopted[m.uid] })
	r.entry(migration.Info, "reconciled", migration.Args{"folder": f.display(), "found": len(found), "missing": 0}, "")
	return missing, r.journal.Record(ctx, f.pair.ID, states)
}

// pairTail pairs messages of the source with those of the destination that belong
// to nobody, by their header and then by all their octets. Nothing less will do:
// here nobody knows what was sent, and a wrong pair leaves a message behind.
func (r *run) pairTail(ctx context.Context, items []migration.BatchItem, list []candidate) (map[int]uint32, error) {
	free := map[uint64][]int{}
	for i, it := range items {
		free[it.Fingerprint] = append(free[it.Fingerprint], i)
	}
	found, read := map[int]uint32{}, map[int]bool{}
	for _, c := range list {
		group := free[c.fingerprint]
		if len(group) == 0 {
			continue
		}
		sum, err := digestAt(ctx, r.dst)(c.uid)
		if errors.Is(err, errNoOctets) {
			continue
		}
		if err != nil {
			return nil, blame(DestinationSide, err)
		}
		if err := r.digestItems(ctx, items, group, read); err != nil {
			return nil, err
		}
		at := slices.IndexFunc(group, func(i int) bool { return items[i].Digest == sum })
		if at >= 0 {
			found[group[at]] = c.uid
			free[c.fingerprint] = slices.Delete(group, at, at+1)
		}
	}
	return found, nil
}

// digestItems reads messages of the open source folder that were not read yet.
func (r *run) digestItems(ctx context.Context, items []migration.BatchItem, group []int, read map[int]bool) error {
	for _, i := range group {
		if read[i] {
			continue
		}
		sum, err := digestAt(ctx, r.src)(items[i].UID)
		if err != nil && !errors.Is(err, errNoOctets) {
			return blame(SourceSide, err)
		}
		items[i].Digest, read[i] = sum, true
	}
	return nil
}

// identify reads the fields that messages of the open source folder are known
// by. What the source does not tell of is missing in the result.
func (r *run) identify(ctx context.Context, metas []meta) ([]migration.BatchItem, error) {
	headers, err := r.headersOf(ctx, metas)
	if err != nil {
		return nil, err
	}
	items := make([]migration.BatchItem, 0, len(metas))
	for _, m := range metas {
		if h, ok := headers[m.uid]; ok {
			items = append(items, migration.BatchItem{UID: m.uid, Fingerprint: h.fingerprint(), Size: m.size})
		}
	}
	return items, nil
}

// renumber gives the remembered messages of a folder their new UIDs when the
// source has counted anew (I-12). Nothing is appended before that is done: all
// of it would be taken for new.
func (r *run) renumber(ctx context.Context, f *folderRun, listing []meta, known []migration.MessageState) ([]migration.MessageState, error) {
	if len(known) == 0 {
		return nil, nil
	}
	items, err := r.identify(ctx, listing)
	if err != nil {
		return nil, err
	}
	found, err := pair(items, copiesOf(known), nil)
	if err != nil {
		return nil, err
	}
	if found, err = r.pairBySize(ctx, items, known, found); err != nil {
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

// copiesOf returns the remembered messages that were copied, under their place in
// the list: the others are tried again in any case.
func copiesOf(known []migration.MessageState) []candidate {
	var list []candidate
	for i, s := range known {
		if s.Kind == migration.Copied {
			list = append(list, candidate{uid: uint32(i), fingerprint: s.Fingerprint, size: s.Size})
		}
	}
	return list
}

// pairBySize measures the messages that share their header with a copy, but not
// the size that the server lists: several servers guess it (T-2). Then it pairs
// anew.
func (r *run) pairBySize(ctx context.Context, items []migration.BatchItem, known []migration.MessageState, found map[int]uint32) (map[int]uint32, error) {
	paired, open := map[uint32]bool{}, map[uint64]bool{}
	for _, at := range found {
		paired[at] = true
	}
	for _, c := range copiesOf(known) {
		open[c.fingerprint] = open[c.fingerprint] || !paired[c.uid]
	}
	measured := false
	for i, it := range items {
		if _, done := found[i]; done || !open[it.Fingerprint] {
			continue
		}
		whole, err := skim(ctx, r.src, it.UID)
		switch {
		case err == nil:
			items[i].Size, measured = whole.size, true
		case !errors.Is(err, errNoOctets) && !isRefusal(err):
			return nil, blame(SourceSide, err)
		}
	}
	if !measured {
		return found, nil
	}
	return pair(items, copiesOf(known), nil)
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
