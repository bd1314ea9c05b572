package imapsync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// adopt looks for messages that are to be copied among those of their target
// that belong to nobody, and returns those that still are. There are two reasons
// for it:
//
// A stop that left no clean mark: a power cut may have taken the last records
// with it (I-5). From the last UIDNEXT that is remembered on, what is there may
// be our own.
//
// A target that held mail before anything was appended to it: from a copy by
// another program, or by this one with a database that is lost (I-14).
func (r *run) adopt(ctx context.Context, f *folderRun, metas []meta) ([]meta, error) {
	first := f.pair.Dest.UIDNext == 0
	open, some := r.undecided[f.pair.ID]
	low := max(f.pair.Dest.UIDNext, 1)
	if some {
		low = min(low, open.low)
	}
	if f.low <= low || r.clean && !first || first && !f.held {
		return metas, nil
	}
	list, _, err := r.tail(ctx, r.dst, f.pair.Dest, low)
	if err != nil {
		return nil, blame(DestinationSide, err)
	}
	if len(list) > 0 {
		if metas, err = r.adoptFrom(ctx, f, metas, list, first && r.clean); err != nil {
			return nil, err
		}
	}
	delete(r.undecided, f.pair.ID)
	return metas, r.leaveTarget(ctx, r.dst)
}

// adoptFrom pairs messages with those of the open target. foreign: they were put
// there by somebody else, so they count as there before, and their flags may
// have been changed by their owner.
func (r *run) adoptFrom(ctx context.Context, f *folderRun, metas []meta, list []candidate, foreign bool) ([]meta, error) {
	if err := r.reopen(ctx, f); err != nil {
		return nil, err
	}
	likely := metas
	if foreign {
		likely = ofSizes(metas, list)
	}
	items, err := r.identify(ctx, likely)
	if err != nil {
		return nil, err
	}
	a := adoption{run: r, items: items, trusting: foreign, read: map[int]bool{}}
	found, err := a.pair(ctx, list)
	if err != nil {
		return nil, err
	}
	if open, some := r.undecided[f.pair.ID]; some && !foreign {
		a.pairChanged(list, open.uids, found)
	}
	if len(found) == 0 {
		return metas, nil
	}
	return r.takeOver(ctx, f, metas, items, found, foreign)
}

// takeOver records what was adopted.
func (r *run) takeOver(ctx context.Context, f *folderRun, metas []meta, items []migration.BatchItem, found map[int]candidate, foreign bool) ([]meta, error) {
	pass := r.job.Pass
	if foreign {
		pass = migration.BeforeAnyPass
	}
	byUID := map[uint32]meta{}
	for _, m := range metas {
		byUID[m.uid] = m
	}
	var states []migration.MessageState
	for i, c := range found {
		it := items[i]
		m := byUID[it.UID]
		state := migration.MessageState{
			UID: it.UID, Kind: migration.Copied, Pass: pass, DestUID: c.uid, Size: it.Size, Fingerprint: it.Fingerprint,
			Flags: inBoth(m.flags, c.flags), Identity: m.id,
		}
		states = append(states, state)
		f.plan.countCopied(state, r.job.Pass)
		f.plan.compare(state, m.flags)
		delete(byUID, it.UID)
	}
	f.tally.Copied, f.tally.Present, f.tally.Bytes = f.plan.copied, f.plan.present, f.plan.bytes
	code := "reconciled"
	if foreign {
		code = "adopted"
	}
	r.entry(migration.Info, code, migration.Args{"folder": f.display(), "found": len(found), "missing": len(metas) - len(found)}, "")
	if err := r.journal.Record(ctx, f.pair.ID, states); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(metas), func(m meta) bool { _, still := byUID[m.uid]; return !still }), nil
}

// ofSizes returns the messages that one of the candidates may be a copy of, by
// their size: a copy has as many octets as was listed or, where line ends were
// made whole, some more. Where sizes say nothing, all of them.
func ofSizes(metas []meta, list []candidate) []meta {
	const few = 1000 // candidates to compare with each message
	if len(list) > few {
		return metas
	}
	return slices.DeleteFunc(slices.Clone(metas), func(m meta) bool {
		return m.size >= 0 && !slices.ContainsFunc(list, func(c candidate) bool {
			return c.size >= m.size-m.size/50-2<<10 && c.size <= m.size+m.size/2+2<<10
		})
	})
}

// adoption pairs messages of the source with those of the destination that
// belong to nobody.
type adoption struct {
	*run
	items []migration.BatchItem
	// trusting takes the header and the size for enough, where there is one of
	// each (I-14). Otherwise nothing less than all octets will do: nobody knows
	// what was sent, and a wrong pair leaves a message behind.
	trusting bool
	read     map[int]bool // items whose digest is known
}

// pair returns the candidate for each item that has one, by the item's index.
func (a *adoption) pair(ctx context.Context, list []candidate) (map[int]candidate, error) {
	free, there := map[uint64][]int{}, map[uint64]int{}
	for i, it := range a.items {
		free[it.Fingerprint] = append(free[it.Fingerprint], i)
	}
	for _, c := range list {
		there[c.fingerprint]++
	}
	found := map[int]candidate{}
	for _, c := range list {
		group := free[c.fingerprint]
		if len(group) == 0 {
			continue
		}
		i := group[0]
		if !a.trusting || len(group) > 1 || there[c.fingerprint] > 1 || a.items[i].Size != c.size {
			var err error
			if i, err = a.byOctets(ctx, c, group); err != nil {
				return nil, err
			}
		}
		if i >= 0 {
			found[i] = c
			at := slices.Index(group, i)
			free[c.fingerprint] = slices.Delete(group, at, at+1)
		}
	}
	return found, nil
}

// pairChanged pairs what was sent, by its UID, and is not there in the same octets
// with what has its header: where there is one of each, and no other message of
// the source could be meant, the destination has changed it (see pairAltered).
func (a *adoption) pairChanged(list []candidate, sent map[uint32]bool, found map[int]candidate) {
	open, there, taken := map[uint64][]int{}, map[uint64][]candidate{}, map[uint32]bool{}
	for _, c := range found {
		taken[c.uid] = true
	}
	for i, it := range a.items {
		if _, done := found[i]; !done {
			open[it.Fingerprint] = append(open[it.Fingerprint], i)
		}
	}
	for _, c := range list {
		if c.named && !taken[c.uid] {
			there[c.fingerprint] = append(there[c.fingerprint], c)
		}
	}
	for print, group := range open {
		if copies := there[print]; len(group) == 1 && len(copies) == 1 && sent[a.items[group[0]].UID] {
			found[group[0]] = copies[0]
		}
	}
}

// byOctets returns the item of a group that has the candidate's octets, or -1.
func (a *adoption) byOctets(ctx context.Context, c candidate, group []int) (int, error) {
	sum, err := digestAt(ctx, a.dst)(c.uid)
	if errors.Is(err, errNoOctets) {
		return -1, nil
	}
	if err != nil {
		return -1, blame(DestinationSide, err)
	}
	for _, i := range group {
		if !a.read[i] {
			sum, err := digestAt(ctx, a.src)(a.items[i].UID)
			if err != nil && !errors.Is(err, errNoOctets) {
				return -1, blame(SourceSide, err)
			}
			a.items[i].Digest, a.read[i] = sum, true
		}
		if a.items[i].Digest == sum {
			return i, nil
		}
	}
	return -1, nil
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

// findCopies finds the copies of a folder again after the destination has given
// them other UIDs: restored from a backup, or made anew (I-13). What is missing
// there stays away: only a person may order it copied again.
func (r *run) findCopies(ctx context.Context, conn *wire.Conn, f *folderRun, known []migration.MessageState, validity uint32) error {
	var list []candidate
	err := fetchTail(ctx, conn, 1, nil, func(got wire.Fetched) {
		h := readHeader(got.Header)
		list = append(list, candidate{got.UID, h.fingerprint(), got.Size, h.messageID != "", nil})
	})
	if err != nil {
		return blame(DestinationSide, err)
	}
	var items []migration.BatchItem
	var at []int
	for i, state := range known {
		if state.Kind == migration.Copied && !state.IsElsewhere() {
			items = append(items, migration.BatchItem{UID: state.UID, Fingerprint: state.Fingerprint, Size: state.Size})
			at = append(at, i)
			known[i].DestUID = 0
		}
	}
	found, err := pair(items, list, nil)
	if err != nil {
		return err
	}
	pairAltered(items, list, found) // line ends were made whole, and nobody noted how many
	for i, uid := range found {
		known[at[i]].DestUID = uid
	}
	r.entry(migration.Warning, "destination_renumbered", migration.Args{
		"folder": f.display(), "found": len(found), "missing": len(items) - len(found),
	}, "")
	f.pair.Dest.UIDValidity = validity
	if err := r.journal.Rekey(ctx, f.pair.ID, known); err != nil {
		return fmt.Errorf("renumber a destination folder: %w", err)
	}
	return nil
}
