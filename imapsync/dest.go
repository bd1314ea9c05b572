package imapsync

import (
	"context"
	"errors"
	"fmt"
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
	var fresh []string
	for _, f := range order {
		made, err := r.makeFolder(ctx, m, f)
		if err != nil {
			return blame(DestinationSide, err)
		}
		if made && (!r.job.Rules.MirrorSubscriptions || f.subscribed) {
			fresh = append(fresh, wire.DecodeName(f.pair.Dest.Name))
		}
	}
	return r.subscribe(ctx, fresh)
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
	return true, r.journal.SavePair(ctx, &f.pair)
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
		if !isRefusal(err) {
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
		status, err := r.dst.Status(ctx, d.Name, "UIDVALIDITY UIDNEXT")
		if err != nil && !isRefusal(err) {
			return err
		}
		if status["UIDVALIDITY"] == uint64(f.pair.Dest.UIDValidity) && status["UIDNEXT"] >= uint64(f.pair.Dest.UIDNext) {
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
	if err != nil {
		if isRefusal(err) && !r.isThrottled(err) {
			return &folderError{migration.ReasonFolderCreate, wanted, err}
		}
		return blame(DestinationSide, err)
	}
	if was := f.pair.Dest.UIDValidity; was != 0 && was != box.UIDValidity {
		return &folderError{migration.ReasonRenumbered, wanted, fmt.Errorf("%w: %d, was %d", errRenumbered, box.UIDValidity, was)}
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

var errRenumbered = errors.New("the destination folder has another UIDVALIDITY")

// remake makes a folder anew that its user deleted. What was copied into the
// old one stays deleted (I-1).
func (r *run) remake(ctx context.Context, f *folderRun) error {
	defer r.closeControl()
	ctl, err := r.control(ctx)
	if err != nil {
		return err
	}
	name := wire.DecodeName(f.pair.Dest.Name)
	if err := ctl.create(ctx, name, ""); err != nil {
		if isRefusal(err) {
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
	_, err := conn.Fetch(ctx, wire.Query{Set: "*", Items: "(UID)"}, nil, func(f wire.Fetched) error {
		highest = max(highest, f.UID)
		return nil
	})
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
