package imapsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"trasloco/migration"
)

// renumber gives the remembered messages of a folder their new UIDs when the
// source has counted anew (I-12), or may be another one. Nothing is appended before
// that is done: all of it would be taken for new.
func (r *run) renumber(ctx context.Context, f *folderRun) error {
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil || len(known) == 0 {
		f.known = []migration.MessageState{}
		return err
	}
	if err := r.reopen(ctx, f); err != nil {
		return err
	}
	items, err := r.identify(ctx, f.listing)
	if err != nil {
		return err
	}
	found, err := pair(items, copiesOf(known), nil)
	if err != nil {
		return err
	}
	if found, err = r.pairBySize(ctx, items, known, found); err != nil {
		return err
	}
	states := make([]migration.MessageState, 0, len(found))
	for i, at := range found {
		state := known[at]
		state.UID, state.Gone = items[i].UID, false
		states = append(states, state)
	}
	states = append(states, unpaired(known, found, f.listing)...)
	slices.SortFunc(states, func(a, b migration.MessageState) int { return cmp.Compare(a.UID, b.UID) })
	r.tellRenumbered(f, known, len(found))
	if err := r.journal.Rekey(ctx, f.pair.ID, states); err != nil {
		return fmt.Errorf("renumber a folder: %w", err)
	}
	f.known = states
	return nil
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

// tellRenumbered says how many messages of a folder are known again. That a label only
// shows copies of another folder is said of that one (M-1).
func (r *run) tellRenumbered(f *folderRun, known []migration.MessageState, found int) {
	args := migration.Args{"folder": f.display(), "found": found, "listed": len(f.listing)}
	isOriginal := func(s migration.MessageState) bool { return s.Kind == migration.Copied && !s.IsElsewhere() }
	switch {
	case !f.pair.Doubted:
		r.entry(migration.Warning, "renumbered", args, "")
	case slices.ContainsFunc(known, isOriginal):
		r.entry(migration.Info, "known_again", args, "")
	}
}

// unpaired returns the copies that no message was paired with, under numbers that no
// message has: they have vanished. They may come back, where the folder is that of a
// server that was named by mistake.
func unpaired(known []migration.MessageState, found map[int]uint32, listing []meta) (rest []migration.MessageState) {
	taken := map[uint32]bool{}
	for _, m := range listing {
		taken[m.uid] = true
	}
	paired := map[uint32]bool{}
	for _, at := range found {
		paired[at] = true
	}
	free := uint32(math.MaxUint32)
	for at, state := range known {
		if state.Kind != migration.Copied || paired[uint32(at)] {
			continue
		}
		for taken[free] {
			free--
		}
		state.UID = free
		free--
		rest = append(rest, state)
	}
	return rest
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

var errNumbersChanged = errors.New("the source folder has another UIDVALIDITY than a moment ago")

// renumberedMeanwhile sends the run back to its start, which lists the folder alone.
// Courier makes up a UIDVALIDITY of the second at each EXAMINE of a folder that no client
// by IMAP has opened yet.
func renumberedMeanwhile(f *folderRun) error {
	f.awkward, f.fleeting = true, true
	return atFolder(f, &Error{Side: SourceSide, Class: ClassTransport, Err: errNumbersChanged})
}
