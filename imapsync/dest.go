package imapsync

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var existsText = regexp.MustCompile(`(?i)already exists|cannot create this folder`)

// makeFolders sees to it that every folder that is copied has its place at the
// destination, empty (F-9) and new ones too (Δ-7), and that it is remembered. All are
// made at once, parents first.
func (r *run) makeFolders(ctx context.Context) error {
	defer r.closeControl()
	var missing []creation
	var fresh []*folderRun
	order := slices.Clone(r.folders)
	slices.SortStableFunc(order, func(a, b *folderRun) int { return len(a.path) - len(b.path) })
	for _, f := range order {
		if f.reason != "" || !f.opens() {
			continue
		}
		if f.pair.ID != 0 {
			if err := r.keepFolder(ctx, f); err != nil {
				return blame(DestinationSide, err)
			}
			continue
		}
		path := r.mapper.target(f.folder)
		if there, ok := r.mapper.existing(path); ok && there.opens() {
			fresh = append(fresh, r.place(f, there.Name))
		} else {
			missing = append(missing, creation{f, path})
		}
	}
	made, err := r.createAll(ctx, missing)
	if err != nil {
		return blame(DestinationSide, err)
	}
	return r.announce(ctx, append(fresh, made...))
}

// announce subscribes folders that were not seen to by an earlier pass (users may
// have unsubscribed the others since), and remembers all of them.
func (r *run) announce(ctx context.Context, fresh []*folderRun) error {
	var names []string
	for _, f := range fresh {
		if !r.job.Rules.MirrorSubscriptions || f.subscribed {
			names = append(names, wire.DecodeName(f.pair.Dest.Name))
		}
	}
	if err := r.subscribe(ctx, names); err != nil {
		return err
	}
	for _, f := range fresh { // not before: one that is remembered is never subscribed again
		if err := r.journal.SavePair(ctx, &f.pair); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) subscribe(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	ctl, err := r.control(ctx)
	if err != nil {
		return err
	}
	return blame(DestinationSide, ctl.subscribe(ctx, names))
}

// creation is a folder that is to be made.
type creation struct {
	f    *folderRun
	path []string
}

// place notes where a folder goes.
func (r *run) place(f *folderRun, raw string) *folderRun {
	f.pair.Source, f.pair.Dest.Name = f.Name, raw
	if f.display() != wire.DecodeName(raw) {
		r.entry(migration.Info, "folder_renamed", migration.Args{"folder": f.display(), "destination": wire.DecodeName(raw)}, "")
	}
	return f
}

// createAll makes folders with one round trip, and then looks after those that
// were refused.
func (r *run) createAll(ctx context.Context, missing []creation) (made []*folderRun, err error) {
	if len(missing) == 0 {
		return nil, nil
	}
	ctl, err := r.control(ctx)
	if err != nil {
		return nil, err
	}
	names, roles := make([]string, len(missing)), make([]string, len(missing))
	for i, c := range missing {
		names[i], roles[i] = r.mapper.name(c.path), c.f.createRole()
	}
	refused, err := ctl.createAll(ctx, names, roles)
	if err != nil {
		return nil, err
	}
	for i, c := range missing {
		path, err := r.createOther(ctx, c, refused[i])
		switch {
		case isRefusal(err) && !isThrottled(err):
			c.f.closed = &folderError{migration.ReasonFolderCreate, 0, err}
		case err != nil:
			return nil, err
		default:
			made = append(made, r.place(c.f, r.mapper.rawName(path)))
		}
	}
	return made, nil
}

// createOther makes a folder under another name if the destination refused the
// one it should have: below its parent, if that has another name now, else under
// a stricter one (F-7).
func (r *run) createOther(ctx context.Context, c creation, refused error) ([]string, error) {
	if refused == nil {
		return c.path, nil
	}
	if isThrottled(refused) {
		refused = r.patiently(ctx, r.ctl.conn, DestinationSide, func() error {
			return r.ctl.create(ctx, r.mapper.name(c.path), c.f.createRole())
		})
	}
	if refused == nil {
		return c.path, nil
	}
	if !isRefusal(refused) || isThrottled(refused) {
		return nil, refused
	}
	m := r.mapper
	others := stricter(c.path)
	if below := m.belowParent(c.f.path, c.path); below != nil {
		others = append([][]string{below}, stricter(below)...)
	}
	for _, other := range others {
		if !m.free(other) {
			continue
		}
		err := r.ctl.create(ctx, m.name(other), c.f.createRole())
		if err == nil {
			return m.claim(c.f.path, other), nil
		}
		if !isRefusal(err) || isThrottled(err) {
			return nil, err
		}
	}
	return nil, refused
}

// createRole returns the role to ask for when the folder is made.
func (f *folderRun) createRole() string {
	if wellKnown(f.role) == nil {
		return ""
	}
	return f.role
}

// keepFolder looks after a folder that an earlier pass chose. If its name is
// gone, the folder that carries its UIDVALIDITY is the renamed one and is
// followed. If there is none, somebody deleted it: it is made again only when
// there is something new to put into it (Δ-8).
func (r *run) keepFolder(ctx context.Context, f *folderRun) error {
	if slices.ContainsFunc(r.mapper.dest.folders, func(d folder) bool { return d.Name == f.pair.Dest.Name && d.opens() }) {
		return nil
	}
	f.vanished = true
	if f.pair.Dest.UIDValidity == 0 {
		return nil
	}
	for _, d := range r.mapper.dest.folders {
		if !d.opens() || r.isTarget(d.Name) {
			continue
		}
		holds, err := r.holdsCopies(ctx, f, d.Name)
		if err != nil {
			return err
		}
		if holds {
			r.entry(migration.Info, "folder_followed", migration.Args{
				"folder": f.display(), "before": wire.DecodeName(f.pair.Dest.Name), "destination": d.display(),
			}, "")
			f.vanished = false
			f.pair.Dest.Name = d.Name
			return r.journal.SavePair(ctx, &f.pair)
		}
	}
	return nil
}

const copiesLookedAt = 20

// holdsCopies reports whether a destination folder is the one that the copies of
// a source folder went to, under another name: by UIDVALIDITY, and, since some
// servers give the same to folders made in one second, by the last copies.
func (r *run) holdsCopies(ctx context.Context, f *folderRun, name string) (bool, error) {
	status, err := r.dst.Status(ctx, name, "UIDVALIDITY UIDNEXT")
	if isRefusal(err) && !isThrottled(err) {
		return false, nil
	}
	if err != nil || status["UIDVALIDITY"] != uint64(f.pair.Dest.UIDValidity) || status["UIDNEXT"] < uint64(f.pair.Dest.UIDNext) {
		return false, err
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return false, err
	}
	prints := map[uint32]uint64{}
	for _, s := range slices.Backward(known) {
		if isMapped(s) && len(prints) < copiesLookedAt {
			prints[s.DestUID] = s.Fingerprint
		}
	}
	return r.showsOnly(ctx, name, prints)
}

// showsOnly reports whether the messages of a destination folder have these
// fingerprints, by UID; those that are not there any more do not count.
func (r *run) showsOnly(ctx context.Context, name string, prints map[uint32]uint64) (bool, error) {
	if _, err := r.dst.Examine(ctx, name); err != nil {
		return false, ignoreRefusal(err)
	}
	same := true
	for _, set := range wire.Sets(slices.Sorted(maps.Keys(prints))) {
		err := fetchHeaders(ctx, r.dst, set, func(got wire.Fetched) {
			print, ours := prints[got.UID]
			same = same && (!ours || got.Header == nil || readHeader(got.Header).fingerprint() == print)
		})
		if err != nil {
			return false, err
		}
	}
	return same, ignoreRefusal(r.dst.Leave(ctx))
}

func (r *run) isTarget(raw string) bool {
	return slices.ContainsFunc(r.folders, func(f *folderRun) bool { return f.pair.Dest.Name == raw })
}

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
		if f.finished || f.open > 0 {
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
			send: func(ctx context.Context) (err error) {
				opening, err = r.dst.StartExamine(ctx, f.pair.Dest.Name)
				return atFolder(f, blame(DestinationSide, err))
			},
			receive: func(ctx context.Context) error {
				box, err := r.dst.FinishExamine(ctx, opening)
				if err != nil {
					return atFolder(f, blame(DestinationSide, ignoreRefusal(err)))
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
	if err := r.checkNumbering(ctx, conn, f, box, next); err != nil {
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
func (r *run) checkNumbering(ctx context.Context, conn *wire.Conn, f *folderRun, box *wire.Mailbox, next uint32) error {
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

// destMax returns the largest message the destination says it takes (RFC 7889),
// 0 if it names none.
func (r *run) destMax() int64 {
	value, ok := r.dst.Caps().Value("APPENDLIMIT")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
