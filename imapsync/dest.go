package imapsync

import (
	"context"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"

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
	m := r.mapper
	if alreadyExists(refused) {
		meets, err := r.meetsAnother(ctx, c)
		if !meets || err != nil {
			return c.path, err
		}
	}
	if refused == nil {
		return c.path, nil
	}
	if putOff := refused; isThrottled(putOff) {
		refused = r.patiently(ctx, r.ctl.conn, DestinationSide, func() (err error) {
			if putOff == nil {
				return r.ctl.create(ctx, r.mapper.name(c.path), c.f.createRole())
			}
			err, putOff = putOff, nil // it is waited for before the next
			return err
		})
	}
	if refused == nil {
		return c.path, nil
	}
	if !isRefusal(refused) || isThrottled(refused) {
		return nil, refused
	}
	others := stricter(c.path)
	if alreadyExists(refused) {
		others = [][]string{m.numbered(c.path)}
	}
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

// meetsAnother reports whether a folder that the destination says is there is that of
// another source folder: its name but for the case, on a server that knows no case
// (Exchange, hMailServer). One that does lists the very name.
func (r *run) meetsAnother(ctx context.Context, c creation) (bool, error) {
	if !r.mapper.isTwin(c.f.path, c.path) {
		return false, nil
	}
	raw := r.mapper.rawName(c.path)
	listing, err := r.dst.List(ctx, "LIST", "", raw, "")
	if err != nil && !isRefusal(err) {
		return false, err
	}
	return !slices.ContainsFunc(listing.Folders, func(f wire.Folder) bool { return f.Name == raw }), nil
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

// destMax returns the largest message that the destination says it takes for a folder
// (RFC 7889), 0 if it names none. It names one for all folders, or says that each has
// its own, which is asked for then.
func (r *run) destMax(ctx context.Context, f *folderRun) (most int64, err error) {
	const name = "APPENDLIMIT"
	if value, forAll := r.dst.Caps().Value(name); forAll {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n, nil
		}
		return 0, nil // more than there are octets, or no number
	}
	if !r.dst.Has(name) || f.vanished {
		return 0, nil
	}
	err = r.patiently(ctx, r.dst, DestinationSide, func() error {
		status, err := r.dst.Status(ctx, f.pair.Dest.Name, name)
		most = int64(min(status[name], math.MaxInt64))
		return ignoreFinal(err)
	})
	return most, err
}
