package imapsync

import (
	"context"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// survey reads both trees and gives every source folder its target (F-1 … F-12).
func (r *run) survey(ctx context.Context) error {
	source, err := readTree(ctx, r.src)
	if err != nil {
		return blame(SourceSide, err)
	}
	dest, err := readTree(ctx, r.dst)
	if err != nil {
		return blame(DestinationSide, err)
	}
	pairs, err := r.journal.Pairs(ctx)
	if err != nil {
		return err
	}
	r.logTrees(source, dest)
	r.folders = inOrder(source.folders)
	m := newMapper(dest, source.folders)
	var wanted []*folderRun
	for _, f := range r.folders {
		f.reason = excluded(f.folder, source.folders, r.job.Rules)
		if i := slices.IndexFunc(pairs, func(p migration.FolderPair) bool {
			return p.Source == f.Name || f.isInbox() && strings.EqualFold(p.Source, "INBOX")
		}); i >= 0 {
			f.pair = pairs[i]
			m.keep(f.folder, f.pair.Dest.Name)
		}
		if f.reason == "" && f.opens() {
			wanted = append(wanted, f)
		}
	}
	if err := r.readSubscriptions(ctx); err != nil {
		return err
	}
	return r.makeFolders(ctx, m, wanted)
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
func inOrder(folders []folder) []*folderRun {
	list := make([]*folderRun, len(folders))
	for i, f := range folders {
		list[i] = &folderRun{
			folder: f, tries: map[uint32]int{}, sent: map[uint32]int{}, putOff: map[uint32]int{},
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
