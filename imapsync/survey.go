package imapsync

import (
	"context"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// survey reads both trees and gives every source folder its place at the
// destination (F-1 … F-16).
func (r *run) survey(ctx context.Context) error {
	source, dest, err := r.readTrees(ctx)
	if err != nil {
		return err
	}
	pairs, err := r.journal.Pairs(ctx)
	if err != nil {
		return err
	}
	r.logTrees(source, dest)
	r.folders = inOrder(source)
	r.warnOfGmail(source)
	if pairs, err = r.recognise(ctx, pairs); err != nil {
		return err
	}
	if pairs, err = r.followRenames(ctx, pairs); err != nil {
		return err
	}
	r.orphans = nil
	copied := slices.DeleteFunc(slices.Clone(source.folders), func(f folder) bool { return excluded(f, source.folders, r.job.Rules) != "" })
	r.mapper = newMapper(dest, copied) // as Places has it
	for _, p := range pairs {
		f := r.folderOf(p)
		if f == nil {
			r.orphans = append(r.orphans, p)
			continue
		}
		f.pair, f.saved = p, p.Dest
		r.mapper.keep(f.folder, p.Dest.Name)
	}
	r.mapper.choose(copied, r.job.Rules.Chosen)
	for _, f := range r.folders {
		f.reason = excluded(f.folder, source.folders, r.job.Rules)
		if choice, found := r.job.Rules.Chosen.Of(f.path); found && choice.To != nil {
			f.role = "" // it has a place of its own, and is not made as the folder of a role
		}
	}
	return r.readSubscriptions(ctx)
}

// folderOf returns the folder of a pair, or nil.
func (r *run) folderOf(p migration.FolderPair) *folderRun {
	for _, f := range r.folders {
		if p.Source == f.Name || f.isInbox() && strings.EqualFold(p.Source, "INBOX") {
			return f
		}
	}
	return nil
}

// readTrees lists both ends, the two at the same time.
func (r *run) readTrees(ctx context.Context) (source, dest *tree, err error) {
	listed := make(chan error, 1)
	go func() {
		listed <- fenced(SourceSide, func() (err error) {
			source, err = readSource(ctx, r.src, stateItems(r.src))
			return blame(SourceSide, err)
		})
	}()
	err = fenced(DestinationSide, func() (err error) { dest, err = readTree(ctx, r.dst, ""); return err })
	if other := <-listed; other != nil {
		return nil, nil, other
	}
	return source, dest, blame(DestinationSide, err)
}

// stateItems are what tells whether a folder has changed (Δ-1), with the LIST (K-1).
func stateItems(conn *wire.Conn) string {
	if conn.Has("CONDSTORE") || conn.Has("QRESYNC") {
		return "MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ"
	}
	return "MESSAGES UIDNEXT UIDVALIDITY"
}

// followRenames lets pairs go on whose source folder has another name now
// (F-16): one that is new, has the pair's UIDVALIDITY, and shows under the UIDs
// of the first and the last copy the same messages. All of it would be copied
// again otherwise. Another folder may have its old name by now.
func (r *run) followRenames(ctx context.Context, pairs []migration.FolderPair) ([]migration.FolderPair, error) {
	known := func(f *folderRun) bool {
		return slices.ContainsFunc(pairs, func(p migration.FolderPair) bool { return r.folderOf(p) == f })
	}
	for i, p := range pairs {
		if p.UIDValidity == 0 || r.isItself(p) {
			continue
		}
		for _, f := range r.folders {
			if !f.opens() || f.status["UIDVALIDITY"] != uint64(p.UIDValidity) || known(f) {
				continue
			}
			same, err := r.holdsOriginals(ctx, p, f)
			if err != nil {
				return nil, err
			}
			if !same {
				continue
			}
			if err := r.journal.RenamePair(ctx, p.ID, f.Name); err != nil {
				return nil, err
			}
			r.entry(migration.Info, "source_renamed", migration.Args{
				"before": wire.DecodeName(p.Source), "folder": f.display(), "destination": wire.DecodeName(p.Dest.Name),
			}, "")
			pairs[i].Source = f.Name
			break
		}
	}
	return pairs, nil
}

// isItself reports whether a pair's source folder is there, and for all that the
// server tells it is the one that is remembered.
func (r *run) isItself(p migration.FolderPair) bool {
	f := r.folderOf(p)
	if f == nil {
		return false
	}
	validity, told := f.status["UIDVALIDITY"]
	return !told || validity == uint64(p.UIDValidity)
}

// holdsOriginals reports whether a source folder holds the messages that a pair
// remembers, by the first and the last of them.
func (r *run) holdsOriginals(ctx context.Context, p migration.FolderPair, f *folderRun) (bool, error) {
	known, err := r.journal.Messages(ctx, p.ID)
	if err != nil {
		return false, err
	}
	known = slices.DeleteFunc(known, func(s migration.MessageState) bool { return s.Kind != migration.Copied || s.Gone || s.IsElsewhere() })
	if len(known) == 0 {
		return false, nil
	}
	if _, err := r.src.Examine(ctx, f.Name); err != nil {
		return false, blame(SourceSide, ignoreFinal(err))
	}
	first, last := known[0], known[len(known)-1]
	headers, err := r.headersOf(ctx, []meta{{uid: first.UID}, {uid: last.UID}})
	if err != nil {
		return false, err
	}
	for _, s := range []migration.MessageState{first, last} {
		if h, there := headers[s.UID]; !there || h.fingerprint() != s.Fingerprint {
			return false, nil
		}
	}
	return true, nil
}

// readSubscriptions marks the subscribed folders, where that matters (F-14).
func (r *run) readSubscriptions(ctx context.Context) error {
	if !r.job.Rules.MirrorSubscriptions {
		return nil
	}
	listing, err := r.src.List(ctx, "LSUB", "", "*", "")
	if err != nil && !isRefusal(err) {
		return blame(SourceSide, err)
	}
	for _, f := range r.folders {
		f.subscribed = slices.ContainsFunc(listing.Folders, func(l wire.Folder) bool { return l.Name == f.Name })
	}
	return nil
}

// inOrder puts INBOX first, Sent second, and leaves the rest as listed (T-7).
func inOrder(source *tree) []*folderRun {
	list := make([]*folderRun, len(source.folders))
	for i, f := range source.folders {
		list[i] = &folderRun{
			folder: f, status: source.status[f.Name], tries: map[uint32]int{}, sent: map[uint32]int{}, putOff: map[uint32]int{}, waited: map[uint32]int{},
			over: map[uint32]migration.Outcome{}, keywords: map[string]bool{},
		}
	}
	rank := func(f *folderRun) int {
		switch {
		case f.isInbox():
			return 0
		case f.role == `\Sent`:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(list, func(a, b *folderRun) int { return rank(a) - rank(b) })
	return list
}

// countExcluded says how much lies in a folder that is left out.
func (r *run) countExcluded(ctx context.Context, f *folderRun) error {
	if f.opens() && !f.repeats { // else what it shows is counted in All Mail
		n, err := r.countOf(ctx, f)
		if err != nil {
			return err
		}
		f.tally.Listed += n
		f.note(migration.Outcome{Kind: migration.Skipped, Reason: f.reason, Count: n})
	}
	r.finish(f)
	return nil
}

// countOf returns how many messages a source folder holds that is not opened; 0
// where the server does not tell.
func (r *run) countOf(ctx context.Context, f *folderRun) (int, error) {
	status := f.status
	if _, told := status["MESSAGES"]; !told {
		var err error
		if status, err = r.src.Status(ctx, f.Name, "MESSAGES"); err != nil && !isRefusal(err) {
			return 0, atFolder(f, blame(SourceSide, err))
		}
	}
	return int(min(status["MESSAGES"], 1<<31)), nil
}
