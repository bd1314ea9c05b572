package imapsync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// delta is what a folder is asked for when the source can tell what changed in
// it since it was last gone through (RFC 7162): what is new, what has other
// flags, and what was left out the last time.
type delta struct {
	known migration.Known
	fresh []meta
	left  []meta
	flags map[uint32][]string
	gone  wire.UIDRanges // as far as the server tells (QRESYNC)
}

// tellsChanges reports whether a folder need not be listed as a whole.
func (r *run) tellsChanges(f *folderRun) bool {
	return r.src.Has("CONDSTORE") && f.pair.ID != 0 && f.pair.ModSeq != 0 && f.pair.UIDNext > 1 &&
		f.status["UIDVALIDITY"] == uint64(f.pair.UIDValidity) && f.status["HIGHESTMODSEQ"] >= f.pair.ModSeq
}

// isOther reports whether a folder that was asked for its changes is not the one
// that is remembered.
func (s *stocktaking) isOther(box *wire.Mailbox) bool {
	return s.delta != nil && (box.UIDValidity != s.f.pair.UIDValidity || box.HighestModSeq < s.f.pair.ModSeq)
}

func (r *run) prepareDelta(ctx context.Context, s *stocktaking) error {
	f := s.f
	known, err := r.journal.Known(ctx, f.pair.ID, r.job.Pass)
	if err != nil {
		return err
	}
	d := &delta{known: known, flags: map[uint32][]string{}}
	s.delta = d
	collect := func(got wire.Fetched) { d.collect(r, f.pair.UIDNext, got) }
	// n:* may name the last one below n too (RFC 3501 §6.4.8).
	s.add(wire.Query{Set: fmt.Sprintf("%d:*", f.pair.UIDNext), ByUID: true, Items: r.metaItems()}, collect)
	s.add(wire.Query{
		Set: fmt.Sprintf("1:%d", f.pair.UIDNext-1), ByUID: true,
		Items: fmt.Sprintf("(UID FLAGS) (CHANGEDSINCE %d%s)", f.pair.ModSeq, vanishedModifier(r.src)),
	}, collect)
	var uids []uint32
	for _, state := range known.Left {
		uids = append(uids, state.UID)
	}
	for _, set := range wire.Sets(uids) {
		s.add(wire.Query{Set: set, ByUID: true, Items: r.metaItems()}, collect)
	}
	return nil
}

func vanishedModifier(conn *wire.Conn) string {
	if conn.TellsVanished() {
		return " VANISHED"
	}
	return ""
}

// collect takes in an answer, whichever question it is to: the last word of one
// may come after the answers to the next (see bodies).
func (d *delta) collect(r *run, next uint32, got wire.Fetched) {
	isLeft := func(m migration.MessageState) bool { return m.UID == got.UID }
	switch {
	case r.isComplete(got) && got.UID >= next:
		d.fresh = append(d.fresh, r.metaOf(got))
	case r.isComplete(got) && slices.ContainsFunc(d.known.Left, isLeft):
		d.left = append(d.left, r.metaOf(got))
	case got.UID != 0 && got.HasFlags:
		d.flags[got.UID] = r.spell(got.Flags)
	}
}

// planDelta makes a plan of what changed. It is complete only if it accounts for
// every message of the folder: without QRESYNC a folder from which some vanished
// has to be listed, to see which.
func (r *run) planDelta(ctx context.Context, s *stocktaking) (complete bool, err error) {
	f, d := s.f, s.delta
	byUID := func(a, b meta) int { return cmp.Compare(a.uid, b.uid) }
	sameUID := func(a, b meta) bool { return a.uid == b.uid }
	slices.SortFunc(d.fresh, byUID)
	slices.SortFunc(d.left, byUID)
	d.fresh, d.left = slices.CompactFunc(d.fresh, sameUID), slices.CompactFunc(d.left, sameUID)
	f.plan = plan{copied: d.known.Copied, bytes: d.known.Bytes, present: d.known.Present}
	if err := r.compareKnown(ctx, f, d); err != nil {
		return false, err
	}
	f.plan.listed = f.plan.copied + f.plan.present
	if f.plan.listed+len(d.left)+len(d.fresh) != int(f.box.Exists) || d.known.Highest >= f.pair.UIDNext || r.isGmail() && d.known.Nameless > 0 {
		f.plan = plan{}
		return false, nil
	}
	lim, err := r.limits(ctx, f)
	if err != nil {
		return false, err
	}
	for _, m := range slices.Concat(d.left, d.fresh) {
		if !f.isOver(m.uid) {
			f.plan.listed++
			f.plan.add(m, lim)
		}
	}
	f.listing = nil
	return true, nil
}

// compareKnown looks at what is remembered one by one, where the server told of
// other flags or of messages that are gone.
func (r *run) compareKnown(ctx context.Context, f *folderRun, d *delta) error {
	if len(d.flags) == 0 && len(d.gone) == 0 {
		return nil
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	for _, state := range known {
		now, told := d.flags[state.UID]
		switch {
		case state.Kind != migration.Copied || state.Gone:
		case d.gone.Contains(state.UID):
			f.plan.vanish(state)
			f.plan.uncount(state, r.job.Pass)
		case told:
			f.plan.compare(state, now)
		}
	}
	return nil
}
