package imapsync

import (
	"context"
	"slices"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// openTargets learns of each folder that something is to be copied to where the
// copies will go, and adopts what is there already. Then the copy can begin.
func (r *run) openTargets(ctx context.Context) error {
	folders, _ := r.toCopy()
	if err := r.awaitForgotten(ctx, folders); err != nil {
		return err
	}
	if err := r.examineTargets(ctx, folders); err != nil {
		return err
	}
	for _, f := range folders {
		if err := r.failIfFolder(f, r.makeReady(ctx, f)); err != nil {
			return err
		}
	}
	return nil
}

// awaitForgotten lets the time pass in which the destination may still be storing
// batches that nobody remembers, since a power cut took their records: settling
// waits for those alone that are remembered (I-9). Then the tails can be adopted.
func (r *run) awaitForgotten(ctx context.Context, folders []*folderRun) error {
	left := r.arrived.Sub(r.engine.opts.Now())
	if r.clean || len(folders) == 0 || left <= 0 {
		return nil
	}
	r.entry(migration.Info, "waiting_for_late", migration.Args{
		"folder": folders[0].display(), "messages": len(folders[0].plan.copy), "until": r.arrived.UTC().Format(time.RFC3339),
	}, "")
	return sleep(ctx, left)
}

// closeIdle finishes the folders that nothing is to be copied from.
func (r *run) closeIdle(context.Context) error {
	for _, f := range r.folders {
		if f.finished || f.open > 0 || len(f.shown) > 0 {
			continue
		}
		if err := r.closeOut(f, 0); err != nil {
			return err
		}
	}
	return nil
}

// makeReady adopts what a target holds already, and stores from where on its
// copies lie.
func (r *run) makeReady(ctx context.Context, f *folderRun) error {
	if f.generation == 0 || f.vanished {
		err := r.patiently(ctx, r.dst, DestinationSide, func() error { return r.openTarget(ctx, r.dst, f) })
		if err != nil {
			return err
		}
	}
	// The folder's UIDVALIDITY goes first: what is adopted belongs to it.
	if err := r.saveTarget(ctx, f, f.pair.Dest.UIDNext); err != nil {
		return err
	}
	var err error
	if f.plan.copy, err = r.adopt(ctx, f, f.plan.copy); err != nil {
		return err
	}
	f.open = len(f.plan.copy)
	return r.saveTarget(ctx, f, f.low) // not before the tail is adopted (I-5)
}

// saveTarget stores the destination folder of a pair, if that is news.
func (r *run) saveTarget(ctx context.Context, f *folderRun, next uint32) error {
	if f.saved == f.pair.Dest && f.pair.Dest.UIDNext == next {
		return nil
	}
	f.pair.Dest.UIDNext = next
	err := r.journal.SavePair(ctx, &f.pair)
	f.saved = f.pair.Dest
	return err
}

// examineTargets opens the targets of all folders ahead of the answers, and none
// of them stays open: Courier refuses an APPEND into a folder that does (I-6).
// Those that do not open are left for makeReady.
func (r *run) examineTargets(ctx context.Context, folders []*folderRun) error {
	var steps []step
	for _, f := range folders {
		if f.vanished || f.generation > 0 {
			continue
		}
		var opening wire.Opening
		steps = append(steps, step{
			f: f,
			send: func(ctx context.Context) (err error) {
				opening, err = r.dst.StartExamine(ctx, f.pair.Dest.Name)
				return blame(DestinationSide, err)
			},
			receive: func(ctx context.Context) error {
				box, err := r.dst.FinishExamine(ctx, opening)
				if err != nil {
					return blame(DestinationSide, ignoreRefusal(err))
				}
				if box.UIDNext != 0 && (f.pair.Dest.UIDValidity == 0 || f.pair.Dest.UIDValidity == box.UIDValidity) {
					f.setTarget(box, box.UIDNext)
				}
				return nil
			},
		})
	}
	if len(steps) == 0 {
		return nil
	}
	_, err := goAhead(ctx, append(steps, r.leaving()), commandsAhead, never)
	return err
}

// leaving is the last step of a sweep over the destination.
func (r *run) leaving() step {
	var pending wire.Pending
	sent := false
	return step{
		send: func(ctx context.Context) (err error) {
			pending, sent, err = r.dst.StartLeave(ctx)
			return blame(DestinationSide, err)
		},
		receive: func(ctx context.Context) error {
			if !sent {
				return r.leaveTarget(ctx, r.dst)
			}
			return blame(DestinationSide, ignoreRefusal(r.dst.FinishLeave(ctx, pending)))
		},
	}
}

func (f *folderRun) setTarget(box *wire.Mailbox, next uint32) {
	f.pair.Dest.UIDValidity, f.low, f.permanent = box.UIDValidity, next, box.PermanentFlags
	f.held = box.Exists > 0
	f.generation++
}

// ignoreFinal lets pass that a server refused something, but not that it wants
// us to wait.
func ignoreFinal(err error) error {
	if isThrottled(err) {
		return err
	}
	return ignoreRefusal(err)
}

func (r *run) leaveTarget(ctx context.Context, conn *wire.Conn) error {
	return blame(DestinationSide, ignoreRefusal(conn.Leave(ctx)))
}

// openTarget opens one folder with all the care there is: it may have been
// deleted, made anew, or numbered anew.
func (r *run) openTarget(ctx context.Context, conn *wire.Conn, f *folderRun) error {
	if f.vanished {
		if err := r.remake(ctx, f); err != nil {
			return err
		}
	}
	box, err := conn.Examine(ctx, f.pair.Dest.Name)
	if isRefusal(err) && !isThrottled(err) {
		return r.refusedTarget(ctx, conn, f, err)
	}
	if err != nil {
		return blame(DestinationSide, err)
	}
	next, err := uidNext(ctx, conn, box)
	if err != nil {
		return blame(DestinationSide, err)
	}
	if err := r.checkNumbering(ctx, conn, f, box); err != nil {
		return err
	}
	f.setTarget(box, next)
	return r.leaveTarget(ctx, conn)
}

// refusedTarget makes a folder anew that its user deleted since the run began;
// any other that does not open is closed to us.
func (r *run) refusedTarget(ctx context.Context, conn *wire.Conn, f *folderRun, refused error) error {
	err := unlessGone(ctx, conn, f.pair.Dest.Name, refused)
	switch {
	case err == nil && !f.remade:
		f.remade, f.vanished = true, true
		return r.openTarget(ctx, conn, f)
	case err == nil || isRefusal(err) && !isThrottled(err):
		return &folderError{migration.ReasonFolderCreate, 0, refused}
	default:
		return blame(DestinationSide, err)
	}
}

// reopenTarget is openTarget for a folder that went away while it was filled.
func (r *run) reopenTarget(ctx context.Context, conn *wire.Conn, f *folderRun) error {
	f.remade, f.vanished = true, true
	if err := r.openTarget(ctx, conn, f); err != nil {
		return err
	}
	f.gone = false
	return r.saveTarget(ctx, f, f.low)
}

// checkNumbering finds the copies again if the destination has given them other
// UIDs (I-13). If none is remembered, the folder is one that was made anew just
// before the last run was killed.
func (r *run) checkNumbering(ctx context.Context, conn *wire.Conn, f *folderRun, box *wire.Mailbox) error {
	was := f.pair.Dest.UIDValidity
	if was == 0 || was == box.UIDValidity {
		return nil
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	f.pair.Dest.UIDNext = 0
	if !slices.ContainsFunc(known, isMapped) {
		return nil
	}
	return r.findCopies(ctx, conn, f, known, box.UIDValidity)
}

func isMapped(s migration.MessageState) bool { return s.DestUID != 0 }

// forgetCopies forgets where the copies of a folder are: they were deleted with
// it, and their UIDs will be given to others (I-1 holds all the same).
func (r *run) forgetCopies(ctx context.Context, f *folderRun) error {
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil || !slices.ContainsFunc(known, isMapped) {
		return err
	}
	for i := range known {
		known[i].DestUID = 0
	}
	return r.journal.Rekey(ctx, f.pair.ID, known)
}

// remake makes a folder anew that its user deleted. What was copied into the
// old one stays deleted (I-1).
func (r *run) remake(ctx context.Context, f *folderRun) error {
	defer r.closeControl()
	if err := r.forgetCopies(ctx, f); err != nil {
		return err
	}
	ctl, err := r.control(ctx)
	if err != nil {
		return err
	}
	name := wire.DecodeName(f.pair.Dest.Name)
	if err := ctl.create(ctx, name, ""); err != nil {
		if isRefusal(err) && !isThrottled(err) {
			return &folderError{migration.ReasonFolderCreate, 0, err}
		}
		return blame(DestinationSide, err)
	}
	f.vanished = false
	f.pair.Dest.UIDValidity, f.pair.Dest.UIDNext = 0, 0
	return r.subscribe(ctx, []string{name})
}

// uidNext returns the UID the next message of the open folder will get at the
// least. Courier does not say it.
func uidNext(ctx context.Context, conn *wire.Conn, box *wire.Mailbox) (uint32, error) {
	if box.UIDNext != 0 || box.Exists == 0 {
		return max(box.UIDNext, 1), nil
	}
	highest := uint32(0)
	status, err := conn.Fetch(ctx, wire.Query{Set: "*", Items: "(UID)"}, nil, func(f wire.Fetched) error {
		highest = max(highest, f.UID)
		return nil
	})
	if err == nil {
		err = status.Err("FETCH")
	}
	return highest + 1, err
}
