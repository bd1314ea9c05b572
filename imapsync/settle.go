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
//
// strictly: the last run did not stop in order, so a power cut may have taken
// batches that were begun after these. What is there may be of one of those, and
// only all octets tell (I-5); where they do not, adopt decides, which sees the
// source.
func (r *run) settleInFlight(ctx context.Context, since time.Time, strictly bool) error {
	batches, err := r.journal.InFlight(ctx)
	if err != nil || len(batches) == 0 {
		return err
	}
	pairs, err := r.journal.Pairs(ctx)
	if err != nil {
		return err
	}
	for _, u := range bySameTarget(batches) {
		u.strictly = strictly
		i := slices.IndexFunc(pairs, func(p migration.FolderPair) bool { return p.ID == u.pair })
		if i < 0 {
			return &Error{Side: DestinationSide, Class: ClassInternal, Err: errLostPair}
		}
		err := r.settleUnheard(ctx, pairs[i], u, since)
		if isRefusal(err) && !isThrottled(err) {
			r.shut[u.pair] = err // of this folder: the others need not wait for it
			continue
		}
		if err != nil {
			return err
		}
		delete(r.shut, u.pair)
	}
	return nil
}

var errLostPair = errors.New("a batch of a folder that nobody knows")

// unheard are the batches to one folder that nobody heard the end of. They are
// looked for together: of two messages with one header and one size, what is
// there may be either, whichever batch it came with.
type unheard struct {
	pair    int64
	batches []migration.Batch
	items   []migration.BatchItem // of all, without those whose answer was heard
	owner   []int                 // the batch of each item

	strictly bool
}

// bySameTarget joins batches, in the order of the first of each.
func bySameTarget(batches []migration.Batch) []*unheard {
	var all []*unheard
	for _, b := range batches {
		i := slices.IndexFunc(all, func(u *unheard) bool {
			return u.pair == b.PairID && u.batches[0].DestID == b.DestID && u.batches[0].DestUIDValidity == b.DestUIDValidity
		})
		if i < 0 {
			i = len(all)
			all = append(all, &unheard{pair: b.PairID})
		}
		all[i].batches = append(all[i].batches, b)
	}
	return all
}

// low returns the UID below which none of the batches can be.
func (u *unheard) low() uint32 {
	low := u.batches[0].DestLow
	for _, b := range u.batches {
		low = min(low, b.DestLow)
	}
	return low
}

func (u *unheard) late() (late time.Duration) {
	for _, b := range u.batches {
		late = max(late, b.Late)
	}
	return late
}

func (r *run) settleUnheard(ctx context.Context, p migration.FolderPair, u *unheard, since time.Time) error {
	dest := p.Dest
	dest.ID, dest.UIDValidity = u.batches[0].DestID, u.batches[0].DestUIDValidity
	if err := r.gatherItems(ctx, u); err != nil {
		return err
	}
	deadline := since.Add(u.late())
	for told := false; ; told = true {
		found, err := r.lookFor(ctx, dest, u)
		if err != nil {
			return blame(DestinationSide, err)
		}
		missing := len(u.items) - len(found)
		left := deadline.Sub(r.engine.opts.Now())
		if missing == 0 || left <= 0 {
			return r.settleFound(ctx, p, dest, u, found)
		}
		if !told {
			r.entry(migration.Info, "waiting_for_late", migration.Args{
				"folder": wire.DecodeName(p.Source), "messages": missing, "until": deadline.UTC().Format(time.RFC3339),
			}, "")
		}
		if err := sleep(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
}

// settleFound records what was found of batches, and that the rest is not there.
func (r *run) settleFound(ctx context.Context, p migration.FolderPair, dest migration.DestFolder, u *unheard, found map[int]uint32) error {
	states := make([][]migration.MessageState, len(u.batches))
	next := uint32(0)
	for i, uid := range found {
		it := u.items[i]
		next = max(next, uid+1)
		states[u.owner[i]] = append(states[u.owner[i]], migration.MessageState{
			UID: it.UID, Kind: migration.Copied, Pass: r.job.Pass, DestUID: uid, Size: it.Size, Fingerprint: it.Fingerprint, Flags: it.Flags,
			Identity: it.Identity,
		})
	}
	r.entry(migration.Info, "reconciled", migration.Args{
		"folder": wire.DecodeName(p.Source), "found": len(found), "missing": len(u.items) - len(found),
	}, "")
	r.doubtAgain(p, dest, u, found)
	if u.strictly {
		r.leaveUndecided(u, found)
	}
	for i, b := range u.batches {
		mark := uint32(0)
		if i == len(u.batches)-1 && !u.strictly {
			mark = next // it moves with the last, and not before the tail is adopted
		}
		if err := r.journal.Settle(ctx, b, states[i], mark); err != nil {
			return err
		}
	}
	return nil
}

// undecided are messages that were sent and not found again by their octets: the
// destination may have changed them.
type undecided struct {
	low  uint32          // no copy of them is below
	uids map[uint32]bool // at the source
}

func (r *run) leaveUndecided(u *unheard, found map[int]uint32) {
	left := undecided{low: u.low(), uids: map[uint32]bool{}}
	for i, it := range u.items {
		if _, there := found[i]; !there {
			left.uids[it.UID] = true
		}
	}
	r.undecided[u.pair] = left
}

// lostBatch is what was not found of a batch, and is appended again. If it shows
// up after all, the destination has it twice (I-9).
type lostBatch struct {
	source string // folder, for people
	dest   migration.DestFolder
	low    uint32
	items  []migration.BatchItem
}

func (r *run) doubtAgain(p migration.FolderPair, dest migration.DestFolder, u *unheard, found map[int]uint32) {
	lost := lostBatch{source: wire.DecodeName(p.Source), dest: dest, low: u.low()}
	for i, it := range u.items {
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

// gatherItems joins the items of batches, but for the messages whose answer was
// heard and recorded.
func (r *run) gatherItems(ctx context.Context, u *unheard) error {
	known, err := r.journal.Messages(ctx, u.pair)
	if err != nil {
		return err
	}
	copied := map[uint32]bool{}
	for _, s := range known {
		copied[s.UID] = s.Kind == migration.Copied
	}
	for i, b := range u.batches {
		for _, it := range b.Items {
			if !copied[it.UID] {
				u.items, u.owner = append(u.items, it), append(u.owner, i)
			}
		}
	}
	return nil
}

// lookFor pairs what is looked for with what came into its folder since.
func (r *run) lookFor(ctx context.Context, dest migration.DestFolder, u *unheard) (map[int]uint32, error) {
	list, _, err := r.tail(ctx, r.dst, dest, u.low())
	if err != nil {
		return nil, err
	}
	match := pair
	if u.strictly {
		match = pairStrictly
	}
	found, err := match(u.items, list, digestAt(ctx, r.dst))
	if err != nil {
		return nil, err
	}
	if !u.strictly {
		pairAltered(u.items, list, found)
	}
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return nil, err
	}
	return found, nil
}

// fetchTail reads the fields of the messages of the open destination folder from
// low on. Where the server refuses, each is asked for alone: a refusal must not
// make copies look as if they were missing.
//
// mapped are UIDs that nobody wants to hear of; where they are many it asks for
// the others only.
func fetchTail(ctx context.Context, conn *wire.Conn, low uint32, mapped []uint32, fn func(wire.Fetched)) error {
	tail := map[uint32]wire.Fetched{}
	note := func(f wire.Fetched) { tail[f.UID] = f }
	sets, err := tailSets(ctx, conn, low, mapped)
	for _, set := range sets {
		if err == nil {
			err = fetchHeaders(ctx, conn, set, note)
		}
	}
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

const manyMapped = 20

// tailSets returns what to ask for of a tail.
func tailSets(ctx context.Context, conn *wire.Conn, low uint32, mapped []uint32) ([]string, error) {
	whole := fmt.Sprintf("%d:*", low)
	if len(mapped) < manyMapped {
		return []string{whole}, nil
	}
	uids, err := conn.Search(ctx, true, "UID "+whole)
	if err != nil {
		return []string{whole}, ignoreFinal(err)
	}
	slices.Sort(uids)
	return wire.Sets(slices.DeleteFunc(uids, func(uid uint32) bool {
		_, known := slices.BinarySearch(mapped, uid)
		return known
	})), nil
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
