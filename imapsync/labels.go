package imapsync

import (
	"context"
	"slices"

	"trasloco/migration"
)

// shown is a message of a folder whose copy is that of another folder.
type shown struct {
	meta
	by *folderRun // where it is copied from; nil: it was copied before
	as uint32     // its UID there
}

// sight is a message in a folder of the source.
type sight struct {
	pair int64
	uid  uint32
}

// labelling is one look at the labels of a Gmail account.
type labelling struct {
	*run
	folders   []*folderRun // that may get a message, the first label first
	sightings map[uint64][]migration.Sighting
	gone      map[sight]bool // what vanished from its folder
}

// copyOnce sees to it that of a message that stands under several labels one copy
// is made (M-1): in the folder of its first label. Nothing is remembered of the
// others before that is done, so that the copy is made all the same where its
// label is taken away meanwhile.
func (r *run) copyOnce(ctx context.Context) error {
	if !r.isGmail() || !slices.ContainsFunc(r.folders, func(f *folderRun) bool {
		return !f.finished && len(f.plan.copy)+len(f.plan.vanished) > 0
	}) {
		return nil
	}
	l, err := r.newLabelling(ctx)
	if err != nil {
		return err
	}
	if err := l.followLabels(ctx); err != nil {
		return err
	}
	l.share()
	return r.recordGone(ctx)
}

func (r *run) newLabelling(ctx context.Context) (*labelling, error) {
	all, err := r.journal.Sightings(ctx)
	if err != nil {
		return nil, err
	}
	l := &labelling{run: r, sightings: map[uint64][]migration.Sighting{}, gone: map[sight]bool{}}
	for _, s := range all {
		l.sightings[s.Identity] = append(l.sightings[s.Identity], s)
	}
	for _, f := range r.folders {
		for _, state := range f.plan.vanished {
			l.gone[sight{f.pair.ID, state.UID}] = true
		}
		if f.reason == "" && f.opens() && f.failed == "" {
			l.folders = append(l.folders, f)
		}
	}
	slices.SortStableFunc(l.folders, labelRank)
	return l, nil
}

// folderOfPair returns the folder of a pair if it may get a message, or nil.
func (l *labelling) folderOfPair(pair int64) *folderRun {
	i := slices.IndexFunc(l.folders, func(f *folderRun) bool { return f.pair.ID == pair })
	if i < 0 {
		return nil
	}
	return l.folders[i]
}

// followLabels moves copies whose message lost the label that they lie under to
// the folder of the first that it has now (I-15). X-GM-MSGID leaves no doubt which
// message it is.
func (l *labelling) followLabels(ctx context.Context) error {
	for _, from := range l.strayCopies(ctx) {
		if err := from.err; err != nil {
			return err
		}
		if l.hasOtherCopy(from.vanishedMail) {
			continue
		}
		if err := l.followCopy(ctx, from.vanishedMail); err != nil {
			return err
		}
	}
	return nil
}

// stray is a copy whose message is not in the copy's folder any more.
type stray struct {
	vanishedMail
	err error
}

// strayCopies returns what vanished from its folder, or with it.
func (l *labelling) strayCopies(ctx context.Context) (all []stray) {
	add := func(pair migration.FolderPair, states []migration.MessageState) {
		for _, state := range states {
			if state.Identity != 0 && state.Kind == migration.Copied && !state.Gone && !state.IsElsewhere() {
				all = append(all, stray{vanishedMail: vanishedMail{pair, state}})
			}
		}
	}
	for _, f := range l.run.folders {
		if !f.finished {
			add(f.pair, f.plan.vanished)
		}
	}
	for _, pair := range l.orphans {
		known, err := l.journal.Messages(ctx, pair.ID)
		if err != nil {
			return []stray{{err: err}}
		}
		add(pair, known)
	}
	return all
}

// hasOtherCopy reports whether another folder that shows the message has a copy.
func (l *labelling) hasOtherCopy(from vanishedMail) bool {
	return slices.ContainsFunc(l.sightings[from.state.Identity], func(s migration.Sighting) bool {
		return s.PairID != from.pair.ID && !s.Elsewhere && !s.Gone && !l.gone[sight{s.PairID, s.UID}] && l.folderOfPair(s.PairID) != nil
	})
}

// followCopy moves a stray copy. A message without any label stays where it is.
func (l *labelling) followCopy(ctx context.Context, from vanishedMail) error {
	id := from.state.Identity
	for _, to := range l.folders {
		at := slices.IndexFunc(to.plan.copy, func(m meta) bool { return m.id == id })
		switch {
		case at >= 0:
			uid := to.plan.copy[at].uid
			to.plan.copy = slices.Delete(slices.Clone(to.plan.copy), at, at+1)
			return l.moveCopy(ctx, from, to, uid)
		case to.pair.ID == from.pair.ID:
			continue
		}
		for _, s := range l.sightings[id] {
			if s.PairID == to.pair.ID && !s.Gone && !l.gone[sight{s.PairID, s.UID}] {
				return l.moveKnown(ctx, from, to, s.UID)
			}
		}
	}
	return nil
}

// share leaves each message that is to be copied in the plan of one folder.
func (l *labelling) share() {
	first := map[uint64]shown{}
	for _, f := range l.folders {
		if f.finished {
			continue
		}
		var own []meta
		outside := 0
		for _, m := range f.plan.copy {
			by, chosen := first[m.id]
			switch {
			case l.copiesAll() && !f.isRest(): // a copy for each label
				first[m.id] = shown{by: f, as: m.uid}
				own = append(own, m)
			case len(l.sightings[m.id]) > 0:
				f.shown = append(f.shown, shown{meta: m})
			case chosen:
				by.meta = m
				f.shown = append(f.shown, by)
			case f.isRest() && l.isLeftOut(m):
				outside++
			default:
				first[m.id] = shown{by: f, as: m.uid}
				own = append(own, m)
			}
		}
		f.plan.copy = own
		if outside > 0 {
			f.note(migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonFolder, Count: outside})
		}
	}
}

func (l *labelling) copiesAll() bool { return l.job.Rules.Labels == migration.LabelsCopied }

// isLeftOut reports whether a message of All Mail has labels, and the folders of
// all of them are left out.
func (l *labelling) isLeftOut(m meta) bool {
	some := false
	for _, label := range m.labels {
		switch i := slices.IndexFunc(l.run.folders, func(f *folderRun) bool { return f.hasLabel(label) }); {
		case i >= 0 && l.run.folders[i].reason != "":
			some = true
		case i >= 0 || !isSystem(label):
			return false
		}
	}
	return some
}

// closeLabels records what stands under further labels when its copy is made. Where
// that came to nothing for the sake of the folder it was read from or was to go
// to, the walk is taken once more and another label has its turn.
func (r *run) closeLabels(ctx context.Context) error {
	waiting := slices.DeleteFunc(slices.Clone(r.folders), func(f *folderRun) bool { return f.finished || len(f.shown) == 0 })
	if len(waiting) == 0 {
		return nil
	}
	all, err := r.journal.Sightings(ctx)
	if err != nil {
		return err
	}
	copied := map[uint64]bool{}
	for _, s := range all {
		copied[s.Identity] = true
	}
	again := false
	for _, f := range waiting {
		open, err := r.settleShown(ctx, f, copied)
		if err != nil {
			return err
		}
		again = again || open
	}
	if again {
		return r.walk(ctx)
	}
	return nil
}

// settleShown gives the messages of a folder that another has the copy of the
// outcome that they have there. It reports whether some have none yet.
func (r *run) settleShown(ctx context.Context, f *folderRun, copied map[uint64]bool) (open bool, err error) {
	var states []migration.MessageState
	elsewhere := 0
	for _, s := range f.shown {
		it := &item{f: f, meta: s.meta}
		it.base, _ = cleanFlags(s.flags, nil)
		if copied[s.id] {
			state := it.state(r.job.Pass, migration.Copied, "", 0)
			state.Pass, state.Fingerprint = migration.ElsewherePass, 0
			states = append(states, state)
			elsewhere++
			continue
		}
		o, told := s.by.over[s.as]
		if !told || othersMayDo(o.Reason) {
			open = true
			continue
		}
		f.note(it.outcome(migration.Outcome{Kind: o.Kind, Reason: o.Reason, ServerText: o.ServerText}))
		states = append(states, it.state(r.job.Pass, o.Kind, o.Reason, 0))
	}
	if err := r.journal.Record(ctx, f.pair.ID, states); err != nil {
		return false, err
	}
	if elsewhere > 0 {
		f.tally.Present += elsewhere
		r.entry(migration.Info, "shown_elsewhere", migration.Args{"folder": f.display(), "messages": elsewhere}, "")
	}
	if f.shown = nil; open {
		return true, nil
	}
	return false, r.closeOut(f, 0)
}

// othersMayDo reports whether a message that came to nothing may yet be copied
// under another label: the trouble is the folder's, or the label is gone.
func othersMayDo(reason migration.Reason) bool {
	switch reason {
	case migration.ReasonRefused, migration.ReasonTooBig, migration.ReasonOversize, migration.ReasonUnconfirmed:
		return false
	}
	return true
}

// asKeywords are the further labels of a message as keywords, if they are to be
// kept so (M-2). They are no part of the flags that are remembered: the source
// does not have them.
func (r *run) asKeywords(labels []string) []string {
	if r.job.Rules.Labels != migration.LabelsKeywords {
		return nil
	}
	return labelKeywords(labels)
}

// moveKnown moves a copy into a folder whose sight of the message is remembered,
// and counted, already.
func (l *labelling) moveKnown(ctx context.Context, from vanishedMail, to *folderRun, uid uint32) error {
	_, err := l.moveKeyed(ctx, from, to, uid)
	return err
}

// nameKnown notes the numbers of messages that were copied before those were
// known.
func (r *run) nameKnown(ctx context.Context, f *folderRun) error {
	if !r.isGmail() {
		return nil
	}
	ids := map[uint32]uint64{}
	for _, m := range f.listing {
		ids[m.uid] = m.id
	}
	var named []migration.MessageState
	for i, s := range f.known {
		if s.Kind == migration.Copied && s.Identity == 0 && ids[s.UID] != 0 {
			f.known[i].Identity = ids[s.UID]
			named = append(named, f.known[i])
		}
	}
	if len(named) == 0 {
		return nil
	}
	return r.journal.Record(ctx, f.pair.ID, named)
}
