package imapsync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var existsText = regexp.MustCompile(`(?i)already exists|cannot create this folder`)

// makeFolders sees to it that every folder that is copied has its place at the
// destination, empty ones too, parents first (F-9), and that it is remembered.
func (r *run) makeFolders(ctx context.Context, m *mapper, folders []*folderRun) error {
	defer r.closeControl()
	order := slices.Clone(folders)
	slices.SortStableFunc(order, func(a, b *folderRun) int { return len(a.path) - len(b.path) })
	var fresh []*folderRun
	var names []string
	for _, f := range order {
		made, err := r.makeFolder(ctx, m, f)
		if err != nil {
			return blame(DestinationSide, err)
		}
		if !made {
			continue
		}
		fresh = append(fresh, f)
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

// control returns the second connection to the destination, which is opened
// when the first folder has to be made.
func (r *run) control(ctx context.Context) (*control, error) {
	if r.ctl != nil {
		return r.ctl, nil
	}
	conn, err := r.engine.connect(ctx, DestinationSide, r.job.Resource.Destination)
	if err != nil {
		return nil, err
	}
	r.ctl = openControl(conn)
	return r.ctl, nil
}

func (r *run) closeControl() {
	if r.ctl != nil {
		r.ctl.close(r.hard)
		r.ctl = nil
	}
}

// makeFolder finds or makes one folder. made is false for one that an earlier
// pass saw to: its user may have unsubscribed it since.
func (r *run) makeFolder(ctx context.Context, m *mapper, f *folderRun) (made bool, err error) {
	if f.pair.ID != 0 {
		return false, r.keepFolder(ctx, m, f)
	}
	path := m.target(f.folder)
	if there, ok := m.existing(path); ok && there.opens() {
		f.pair.Dest.Name = there.Name
	} else if path, err = r.create(ctx, m, f, path); err != nil {
		if isRefusal(err) && !r.isThrottled(err) {
			f.closed = &folderError{migration.ReasonFolderCreate, 0, err}
			return false, nil
		}
		return false, err
	} else {
		f.pair.Dest.Name = m.rawName(path)
	}
	f.pair.Source = f.Name
	if f.display() != wire.DecodeName(f.pair.Dest.Name) {
		r.entry(migration.Info, "folder_renamed", migration.Args{"folder": f.display(), "destination": wire.DecodeName(f.pair.Dest.Name)}, "")
	}
	return true, nil
}

// create makes a folder under the name it should have, or under a stricter one
// if the destination refuses that (F-7).
func (r *run) create(ctx context.Context, m *mapper, f *folderRun, path []string) ([]string, error) {
	ctl, err := r.control(ctx)
	if err != nil {
		return nil, err
	}
	refused := ctl.create(ctx, m.name(path), f.createRole())
	if refused == nil {
		return path, nil
	}
	if !isRefusal(refused) || r.isThrottled(refused) {
		return nil, refused
	}
	for _, other := range stricter(path) {
		if !m.free(other) {
			continue
		}
		err := ctl.create(ctx, m.name(other), f.createRole())
		if err == nil {
			return m.claim(f.path, other), nil
		}
		if !isRefusal(err) || r.isThrottled(err) {
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
func (r *run) keepFolder(ctx context.Context, m *mapper, f *folderRun) error {
	if slices.ContainsFunc(m.dest.folders, func(d folder) bool { return d.Name == f.pair.Dest.Name && d.opens() }) {
		return nil
	}
	f.vanished = true
	if f.pair.Dest.UIDValidity == 0 {
		return nil
	}
	for _, d := range m.dest.folders {
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
	if isRefusal(err) && !r.isThrottled(err) {
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

// openTarget learns where the copies of a folder will go: the destination's
// UIDVALIDITY, and the UID below which none of them can be. It leaves the folder
// again: Courier refuses an APPEND into a folder that stands open (I-6).
func (r *run) openTarget(ctx context.Context, f *folderRun, wanted int) error {
	if f.vanished {
		if err := r.remake(ctx, f); err != nil {
			return err
		}
	}
	box, err := r.dst.Examine(ctx, f.pair.Dest.Name)
	if isRefusal(err) && !r.isThrottled(err) {
		return r.refusedTarget(ctx, f, wanted, err)
	}
	if err != nil {
		return blame(DestinationSide, err)
	}
	if err := r.checkNumbering(ctx, f, box.UIDValidity, wanted); err != nil {
		return err
	}
	next, err := uidNext(ctx, r.dst, box)
	if err != nil {
		return blame(DestinationSide, err)
	}
	f.pair.Dest.UIDValidity, f.low = box.UIDValidity, next
	f.permanent = box.PermanentFlags
	if err := r.dst.Leave(ctx); err != nil && !isRefusal(err) {
		return blame(DestinationSide, err)
	}
	return nil
}

// refusedTarget makes a folder anew that its user deleted since the run began;
// any other that does not open is closed to us.
func (r *run) refusedTarget(ctx context.Context, f *folderRun, wanted int, refused error) error {
	err := r.unlessGone(ctx, f.pair.Dest.Name, refused)
	switch {
	case err == nil && !f.remade:
		f.remade, f.vanished = true, true
		return r.openTarget(ctx, f, wanted)
	case err == nil || isRefusal(err) && !r.isThrottled(err):
		return &folderError{migration.ReasonFolderCreate, wanted, refused}
	default:
		return blame(DestinationSide, err)
	}
}

// reopenTarget is openTarget for a folder that went away while it was filled.
func (r *run) reopenTarget(ctx context.Context, f *folderRun, wanted int) error {
	if err := r.openTarget(ctx, f, wanted); err != nil {
		return err
	}
	f.pair.Dest.UIDNext = f.low
	return r.journal.SavePair(ctx, &f.pair)
}

// checkNumbering stops a folder whose UIDs are not those that are remembered
// (I-13). If none is remembered, it is one that was made anew just before the
// last run was killed.
func (r *run) checkNumbering(ctx context.Context, f *folderRun, validity uint32, wanted int) error {
	was := f.pair.Dest.UIDValidity
	if was == 0 || was == validity {
		return nil
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(known, isMapped) {
		f.pair.Dest.UIDNext = 0
		return nil
	}
	return &folderError{migration.ReasonRenumbered, wanted, fmt.Errorf("%w: %d, was %d", errRenumbered, validity, was)}
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

var errRenumbered = errors.New("the destination folder has another UIDVALIDITY")

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
		if isRefusal(err) && !r.isThrottled(err) {
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
