package imapsync

import (
	"context"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// mark is what a message is known by where its UID says nothing (I-15).
type mark struct {
	fingerprint uint64
	size        int64
}

// vanishedMail is a message that was copied and is not where it was.
type vanishedMail struct {
	pair  migration.FolderPair
	state migration.MessageState
}

// followMoves recognises messages that the source only moved to another folder
// since they were copied (I-15). Their copies are moved likewise, if they are
// still where they were put; if their user moved or deleted them, that stands.
// Either way they are not appended.
func (r *run) followMoves(ctx context.Context) error {
	if r.isGmail() {
		return nil // copyOnce knows them by their numbers
	}
	vanished, sizes, err := r.vanishedMail(ctx)
	if err != nil || len(vanished) == 0 {
		return err
	}
	for _, f := range r.folders {
		if f.finished || len(f.plan.copy) == 0 {
			continue
		}
		if err := r.failIfFolder(f, r.followInto(ctx, f, vanished, sizes)); err != nil {
			return err
		}
	}
	return r.recordGone(ctx)
}

// vanishedMail returns what is not at its place any more: of folders that were
// listed, and of those that the source has no more at all.
func (r *run) vanishedMail(ctx context.Context) (map[mark][]vanishedMail, map[int64]bool, error) {
	vanished, sizes := map[mark][]vanishedMail{}, map[int64]bool{}
	add := func(pair migration.FolderPair, state migration.MessageState) {
		m := mark{state.Fingerprint, state.Size}
		vanished[m] = append(vanished[m], vanishedMail{pair, state})
		sizes[state.Size] = true
	}
	wanted := false
	for _, f := range r.folders {
		if !f.finished {
			wanted = wanted || len(f.plan.copy) > 0
			for _, state := range f.plan.vanished {
				add(f.pair, state)
			}
		}
	}
	if !wanted {
		return vanished, sizes, nil
	}
	for _, pair := range r.orphans {
		known, err := r.journal.Messages(ctx, pair.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, state := range known {
			if state.Kind == migration.Copied {
				add(pair, state)
			}
		}
	}
	return vanished, sizes, nil
}

// followInto takes from what is to be copied into a folder what was moved there.
func (r *run) followInto(ctx context.Context, f *folderRun, vanished map[mark][]vanishedMail, sizes map[int64]bool) error {
	likely := slices.DeleteFunc(slices.Clone(f.plan.copy), func(m meta) bool { return !sizes[m.size] })
	if len(likely) == 0 {
		return nil
	}
	if err := r.reopen(ctx, f); err != nil {
		return err
	}
	items, err := r.identify(ctx, likely)
	if err != nil {
		return err
	}
	count := map[mark]int{}
	for _, it := range items {
		count[mark{it.Fingerprint, it.Size}]++
	}
	moved := map[uint32]bool{}
	for _, it := range items {
		m := mark{it.Fingerprint, it.Size}
		from := vanished[m]
		switch {
		case len(from) == 0:
		case len(from) > 1 || count[m] > 1: // nobody can tell which: a double is better than a loss
			r.entry(migration.Info, "move_unclear", migration.Args{"folder": f.display(), "uid": it.UID}, "")
		default:
			if err := r.moveCopy(ctx, from[0], f, it.UID); err != nil {
				return err
			}
			delete(vanished, m)
			moved[it.UID] = true
		}
	}
	f.plan.copy = slices.DeleteFunc(f.plan.copy, func(m meta) bool { return moved[m.uid] })
	return nil
}

// moveCopy moves the copy of a message that the source moved, and remembers it
// under its new place.
func (r *run) moveCopy(ctx context.Context, from vanishedMail, to *folderRun, uid uint32) error {
	state, err := r.moveKeyed(ctx, from, to, uid)
	if err != nil {
		return err
	}
	to.plan.countCopied(state, r.job.Pass)
	to.tally.Copied, to.tally.Present, to.tally.Bytes = to.plan.copied, to.plan.present, to.plan.bytes
	return nil
}

// moveKeyed is moveCopy without counting the message at its new place.
func (r *run) moveKeyed(ctx context.Context, from vanishedMail, to *folderRun, uid uint32) (migration.MessageState, error) {
	state := from.state
	state.UID, state.Gone = uid, false
	if from.pair.Dest.Name != to.pair.Dest.Name {
		var err error
		if state.DestUID, err = r.moveAtDestination(ctx, from, to); err != nil {
			return state, blame(DestinationSide, err)
		}
	}
	if err := r.journal.MoveMessage(ctx, from.pair.ID, from.state.UID, to.pair.ID, state); err != nil {
		return state, err
	}
	r.entry(migration.Info, "moved", migration.Args{
		"folder": to.display(), "uid": uid, "from": wire.DecodeName(from.pair.Source), "followed": state.DestUID != 0,
	}, "")
	for _, f := range r.folders {
		if f.pair.ID == from.pair.ID {
			f.plan.vanished = slices.DeleteFunc(f.plan.vanished, func(s migration.MessageState) bool { return s.UID == from.state.UID })
		}
	}
	return state, nil
}

// moveAtDestination moves one copy and returns its new UID; 0: it stays where it
// is, or nobody knows where that is.
func (r *run) moveAtDestination(ctx context.Context, from vanishedMail, to *folderRun) (uint32, error) {
	if from.state.DestUID == 0 || to.vanished || !r.dst.Has("MOVE") || !r.dst.Has("UIDPLUS") {
		return 0, nil
	}
	box, err := r.dst.Select(ctx, from.pair.Dest.Name)
	if err != nil || box.UIDValidity != from.pair.Dest.UIDValidity {
		return 0, ignoreFinal(err)
	}
	moved, err := r.dst.Move(ctx, wire.Sets([]uint32{from.state.DestUID})[0], to.pair.Dest.Name)
	if err = ignoreFinal(err); err != nil {
		return 0, err
	}
	uid := moved.UIDs[from.state.DestUID]
	if uid != 0 && to.pair.Dest.UIDValidity == 0 { // nothing was appended there yet
		to.pair.Dest.UIDValidity = moved.UIDValidity
		if err := r.journal.SavePair(ctx, &to.pair); err != nil {
			return 0, err
		}
		to.saved = to.pair.Dest
	}
	if to.pair.Dest.UIDValidity != moved.UIDValidity {
		uid = 0
	}
	return uid, ignoreFinal(r.dst.Leave(ctx))
}

// recordGone remembers what is not at the source any more, so that it is not
// looked for again. Nothing is deleted for that at the destination (Δ-4, Δ-5).
func (r *run) recordGone(ctx context.Context) error {
	for _, f := range r.folders {
		if f.finished || len(f.plan.vanished) == 0 {
			continue
		}
		states := slices.Clone(f.plan.vanished)
		for i := range states {
			states[i].Gone = true
		}
		if err := r.journal.Record(ctx, f.pair.ID, states); err != nil {
			return err
		}
		f.plan.vanished = nil
	}
	return nil
}
