package imapsync

import (
	"context"
	"maps"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// mergeFlags carries over what changed in flags at the source since they were
// copied, where nobody changed the same flag at the destination (Δ-3).
func (r *run) mergeFlags(ctx context.Context) error {
	for _, f := range r.folders {
		if f.finished || len(f.plan.changed) == 0 || f.vanished { // with its folder the copy is gone (Δ-6)
			continue
		}
		err := r.patiently(ctx, r.dst, DestinationSide, func() error { return r.mergeFolder(ctx, f) })
		if isRefusal(err) && !isThrottled(err) {
			f.unmerged = true // the next pass tries again
			r.entry(migration.Warning, "flags_refused", migration.Args{"folder": f.display(), "messages": len(f.plan.changed)}, ServerText(err))
			err = nil
		}
		if err != nil {
			return atFolder(f, blame(DestinationSide, err))
		}
	}
	return nil
}

func (r *run) mergeFolder(ctx context.Context, f *folderRun) error {
	box, err := r.selectTarget(ctx, f)
	if err != nil || box == nil {
		return err
	}
	there, err := r.flagsThere(ctx, f.plan.changed)
	if err != nil {
		return err
	}
	if err := r.storeFlags(ctx, ordersFor(f.plan.changed, there, box.PermanentFlags)); err != nil {
		return err
	}
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return err
	}
	return r.rebase(ctx, f)
}

// selectTarget opens the destination folder for writing, and sees to it that the
// copies are known by the UIDs they have there now. It returns nil if there are
// none any more.
func (r *run) selectTarget(ctx context.Context, f *folderRun) (*wire.Mailbox, error) {
	box, err := r.dst.Select(ctx, f.pair.Dest.Name)
	if err != nil {
		return nil, err
	}
	if box.UIDValidity != f.pair.Dest.UIDValidity {
		if err := r.openTarget(ctx, r.dst, f); err != nil {
			return nil, err
		}
		if err := r.saveTarget(ctx, f, f.low); err != nil {
			return nil, err
		}
		if box, err = r.dst.Select(ctx, f.pair.Dest.Name); err != nil {
			return nil, err
		}
	}
	if box.UIDValidity != f.pair.Dest.UIDValidity {
		f.unmerged = true
		return nil, r.dst.Leave(ctx)
	}
	return box, r.placesNow(ctx, f)
}

// placesNow takes from the journal where the copies are: since the plan was made
// their folder may have been numbered or made anew.
func (r *run) placesNow(ctx context.Context, f *folderRun) error {
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	now := map[uint32]migration.MessageState{}
	for _, state := range known {
		now[state.UID] = state
	}
	for i, c := range f.plan.changed {
		f.plan.changed[i].MessageState = now[c.UID]
	}
	return nil
}

// ordersFor returns the UIDs by what is to be done with them: "+FLAGS \\Seen".
func ordersFor(changed []flagChange, there map[uint32][]string, permanent []string) map[string][]uint32 {
	orders := map[string][]uint32{}
	for _, c := range changed {
		now, present := there[c.DestUID]
		if !present || c.DestUID == 0 {
			continue // its user moved or deleted it (Δ-6)
		}
		plus, minus := mergeThreeWays(c.Flags, c.now, now, permanent)
		for op, flags := range map[string][]string{"+FLAGS": plus, "-FLAGS": minus} {
			if len(flags) > 0 {
				key := op + " " + strings.Join(flags, " ")
				orders[key] = append(orders[key], c.DestUID)
			}
		}
	}
	return orders
}

func (r *run) storeFlags(ctx context.Context, orders map[string][]uint32) error {
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		op, flags, _ := strings.Cut(key, " ")
		slices.Sort(orders[key])
		for _, set := range wire.Sets(orders[key]) {
			if err := r.dst.Store(ctx, set, op, strings.Fields(flags)); err != nil {
				return err
			}
		}
	}
	return nil
}

// flagsThere reads the flags of copies in the open destination folder, by UID.
func (r *run) flagsThere(ctx context.Context, changed []flagChange) (map[uint32][]string, error) {
	var uids []uint32
	for _, c := range changed {
		if c.DestUID != 0 {
			uids = append(uids, c.DestUID)
		}
	}
	slices.Sort(uids)
	there := map[uint32][]string{}
	for _, set := range wire.Sets(uids) {
		err := fetchAll(ctx, r.dst, set, "(UID FLAGS)", func(got wire.Fetched) {
			if got.HasFlags {
				there[got.UID] = got.Flags
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return there, nil
}

// mergeThreeWays returns which flags to set and which to take off at the
// destination. base are those that were copied, source and destination what each
// has now. A flag that the source changed is changed at the destination only if
// that still has the value that was copied: what its user did stands. It is pure.
func mergeThreeWays(base, source, destination, permanent []string) (plus, minus []string) {
	for _, flag := range source {
		if follows(flag) && !containsFold(base, flag) && !containsFold(destination, flag) &&
			(isSystem(flag) || takesKeyword(permanent, flag)) {
			plus = append(plus, flag)
		}
	}
	for _, flag := range base {
		if follows(flag) && !containsFold(source, flag) && containsFold(destination, flag) {
			minus = append(minus, flag)
		}
	}
	slices.Sort(plus)
	slices.Sort(minus)
	return plus, minus
}

// rebase remembers the source's flags as the new base.
func (r *run) rebase(ctx context.Context, f *folderRun) error {
	states := make([]migration.MessageState, 0, len(f.plan.changed))
	for _, c := range f.plan.changed {
		state := c.MessageState
		state.Flags = slices.DeleteFunc(slices.Clone(state.Flags), follows)
		for _, flag := range c.now {
			if follows(flag) {
				state.Flags = append(state.Flags, flag)
			}
		}
		states = append(states, state)
	}
	r.entry(migration.Info, "flags_merged", migration.Args{"folder": f.display(), "messages": len(states)}, "")
	f.plan.changed = nil
	return r.journal.Record(ctx, f.pair.ID, states)
}
