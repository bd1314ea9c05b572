package imapsync

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// takeStock finds out what is in every folder that is not finished, what is
// known of it, and what is to be done. Folders with nothing new are finished by
// that. While the source is asked, the folders are made at the destination.
func (r *run) takeStock(ctx context.Context) error {
	var news []*folderRun
	for _, f := range r.folders {
		if f.finished {
			continue
		}
		f.begin()
		if err := r.passOver(ctx, f); err != nil {
			return err
		}
		if !f.finished {
			news = append(news, f)
		}
	}
	if err := r.list(ctx, news); err != nil {
		return err
	}
	for _, f := range news {
		if f.finished {
			continue
		}
		if err := r.failIfFolder(f, r.makePlan(ctx, f)); err != nil {
			return err
		}
	}
	return nil
}

// passOver finishes a folder that is not to be opened.
func (r *run) passOver(ctx context.Context, f *folderRun) error {
	switch {
	case f.reason != "" || !f.opens():
		r.doubt = r.doubt || !r.clean && f.pair.ID != 0 // what the last run left there is not looked at
		return r.countExcluded(ctx, f)
	case f.isUnchanged() && r.shut[f.pair.ID] == nil:
		return r.finishUnchanged(ctx, f)
	}
	return nil
}

// hasPlace returns a folderError if the destination has no place for a folder.
func (r *run) hasPlace(f *folderRun) error {
	switch {
	case f.closed != nil:
		return &folderError{f.closed.reason, int(f.box.Exists), f.closed.err}
	case r.shut[f.pair.ID] != nil:
		return &folderError{migration.ReasonFolderCreate, int(f.box.Exists), r.shut[f.pair.ID]}
	}
	return nil
}

// isUnchanged reports whether a folder is as it was when it was last gone
// through, by what the source listed of it (Δ-1). Without CONDSTORE nobody can
// tell.
func (f *folderRun) isUnchanged() bool {
	s, p := f.status, f.pair
	return s != nil && p.ID != 0 && p.Complete && p.ModSeq != 0 && s["HIGHESTMODSEQ"] == p.ModSeq &&
		p.UIDNext != 0 && s["UIDNEXT"] == uint64(p.UIDNext) &&
		s["UIDVALIDITY"] == uint64(p.UIDValidity) && s["MESSAGES"] == uint64(p.Exists)
}

// finishUnchanged counts an unchanged folder by what is remembered of it. If
// that does not add up, or something was left out that has to be named, the
// folder stays to be listed.
func (r *run) finishUnchanged(ctx context.Context, f *folderRun) error {
	known, err := r.journal.Known(ctx, f.pair.ID, r.job.Pass)
	if err != nil {
		return err
	}
	if known.Copied+known.Present != int(f.pair.Exists) || len(known.Left) > 0 || r.isGmail() && known.Nameless > 0 {
		return nil
	}
	f.count(plan{listed: int(f.pair.Exists), copied: known.Copied, bytes: known.Bytes, present: known.Present})
	r.finish(f)
	return nil
}

// makePlan decides what is to be done for a folder that was listed. What is
// remembered goes by the UIDs that hold now before anything else happens.
func (r *run) makePlan(ctx context.Context, f *folderRun) error {
	if err := r.hasPlace(f); err != nil {
		return err
	}
	if f.pair.Doubted || f.pair.UIDValidity != 0 && f.pair.UIDValidity != f.box.UIDValidity {
		f.forget()
		if err := r.renumber(ctx, f); err != nil {
			return err
		}
	}
	if err := r.rememberValidity(ctx, f, f.box.UIDValidity); err != nil {
		return err
	}
	if f.listing != nil || f.box.Exists == 0 {
		if err := r.planWhole(ctx, f); err != nil {
			return err
		}
	}
	f.listing, f.known = nil, nil
	f.plan.exists = f.box.Exists
	f.count(f.plan)
	return r.leaveOut(ctx, f)
}

// planWhole compares a whole listing with all that is known.
func (r *run) planWhole(ctx context.Context, f *folderRun) error {
	if f.known == nil {
		var err error
		if f.known, err = r.journal.Messages(ctx, f.pair.ID); err != nil {
			return err
		}
	}
	if err := r.nameKnown(ctx, f); err != nil {
		return err
	}
	lim, err := r.limits(ctx, f)
	if err != nil {
		return err
	}
	exists := len(f.listing)
	f.listing = slices.DeleteFunc(f.listing, func(m meta) bool { return f.isOver(m.uid) })
	f.plan = planFolder(f.listing, f.known, lim)
	f.box.Exists = uint32(exists)
	return nil
}

// leaveOut records what the plan leaves out, in one go, and says what it is.
func (r *run) leaveOut(ctx context.Context, f *folderRun) error {
	list := f.plan.left
	if len(list) == 0 {
		return nil
	}
	metas := make([]meta, len(list))
	for i, l := range list {
		metas[i] = l.meta
	}
	if err := r.reopen(ctx, f); err != nil {
		return err
	}
	headers, err := r.headersOf(ctx, metas)
	if err != nil {
		return err
	}
	var states []migration.MessageState
	for _, l := range list {
		it := &item{f: f, meta: l.meta, header: headers[l.uid]}
		states = append(states, it.state(r.job.Pass, l.kind, l.reason, 0))
		f.note(it.outcome(migration.Outcome{Kind: l.kind, Reason: l.reason}))
	}
	return r.journal.Record(ctx, f.pair.ID, states)
}

// reopen opens a source folder that was listed. If it has changed its numbers
// since, the walk has to begin anew.
func (r *run) reopen(ctx context.Context, f *folderRun) error {
	if r.src.Selected() == f.opened && f.opened != nil {
		return nil
	}
	box, err := r.examine(ctx, f)
	if err != nil {
		return err
	}
	f.opened = box
	if box.UIDValidity != f.box.UIDValidity {
		return renumberedMeanwhile(f)
	}
	return nil
}

// list lists all folders with news: first all of them in one sweep, then those
// alone that did not go smoothly.
func (r *run) list(ctx context.Context, folders []*folderRun) error {
	again, err := r.sweep(ctx, folders)
	if err != nil {
		return err
	}
	for _, f := range again {
		f.awkward = true
		if err := r.freshSource(ctx); err != nil {
			return err
		}
		err := r.patiently(ctx, r.src, SourceSide, func() error { return r.listAlone(ctx, f) })
		if err := r.failIfFolder(f, err); err != nil {
			return err
		}
	}
	return nil
}

// listAlone lists one folder, with all the care there is.
func (r *run) listAlone(ctx context.Context, f *folderRun) error {
	box, err := r.examine(ctx, f)
	if err != nil {
		return err
	}
	f.box, f.opened, f.plan = box, box, plan{}
	f.listing, err = r.listMessages(ctx, box)
	return err
}

// stocktaking is a folder that is being listed in a sweep.
type stocktaking struct {
	f       *folderRun
	conn    *wire.Conn
	heed    func(answer error)
	opening wire.Opening
	windows []window
	delta   *delta // nil: the whole folder is listed
	refused bool   // it needs more care; what still comes is not looked at
	asked   int    // windows that were answered
}

// answered reports whether nothing was left out because the source tired.
func (s *stocktaking) answered() bool { return s.f.box != nil && s.asked == len(s.windows) }

// window is one FETCH of a sweep.
type window struct {
	query   wire.Query
	collect func(wire.Fetched)
	pending wire.Pending
	sent    bool
}

// commandsAhead bounds what a sweep sends before it reads the answers. Each is
// short, so that they fit the buffers of a server that does not read.
const commandsAhead = 48

// sweep lists folders with the commands of all sent ahead of their answers. It
// returns the folders that need more care.
func (r *run) sweep(ctx context.Context, folders []*folderRun) (again []*folderRun, err error) {
	var steps []step
	var all []*stocktaking
	for _, f := range folders {
		if f.awkward {
			again = append(again, f)
			continue
		}
		s, err := r.prepareStock(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
		steps = append(steps, s.steps()...)
	}
	if err := r.besides(ctx, steps); err != nil {
		return nil, err
	}
	for _, s := range all {
		complete := false
		if s.answered() && !s.refused {
			if complete, err = r.takenStock(ctx, s); err != nil {
				return nil, err
			}
		}
		if !complete {
			again = append(again, s.f)
		}
	}
	return again, nil
}

// besides carries out the steps of the source, and makes folders at the
// destination at the same time if that was not done yet.
func (r *run) besides(ctx context.Context, steps []step) error {
	made := make(chan error, 1)
	go func() {
		made <- fenced(DestinationSide, func() error {
			if r.placed {
				return nil
			}
			err := r.makeFolders(ctx)
			r.placed = err == nil
			return err
		})
	}()
	err := fenced(SourceSide, func() error {
		_, err := goAhead(ctx, steps, r.sourceAhead(commandsAhead), r.sourceTires)
		return err
	})
	return cmp.Or(<-made, err)
}

// steps are the commands for one folder. Where it was refused nothing more is
// sent for it, and the answers to what was sent are not of this folder.
func (s *stocktaking) steps() []step {
	mine := func(err error) error { return blame(SourceSide, err) }
	steps := []step{{
		f: s.f,
		send: func(ctx context.Context) (err error) {
			s.opening, err = s.conn.StartExamine(ctx, s.f.Name)
			return mine(err)
		},
		receive: func(ctx context.Context) error { return mine(s.examined(ctx)) },
	}}
	for i := range s.windows {
		w := &s.windows[i]
		steps = append(steps, step{
			f: s.f,
			send: func(ctx context.Context) (err error) {
				if s.refused {
					return nil
				}
				w.pending, err = s.conn.StartFetch(ctx, w.query)
				w.sent = err == nil
				return mine(err)
			},
			receive: func(ctx context.Context) error { return mine(s.fetched(ctx, w)) },
		})
	}
	return steps
}

func (s *stocktaking) examined(ctx context.Context) error {
	box, err := s.conn.FinishExamine(ctx, s.opening)
	switch {
	case err == nil && box.UIDValidity != 0 && !box.UIDNotSticky && !s.isOther(box):
		s.f.box = box
		return nil
	case err == nil || isRefusal(err):
		s.heed(err)
		s.refused = true
		return nil
	}
	return err
}

func (s *stocktaking) fetched(ctx context.Context, w *window) error {
	if !w.sent {
		return nil
	}
	status, err := s.conn.FinishFetch(ctx, w.pending, nil, func(f wire.Fetched) error {
		if !s.refused {
			w.collect(f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.asked++
	if gone := s.conn.TakeVanished(); s.delta != nil {
		s.delta.gone = append(s.delta.gone, gone...)
	}
	s.heed(status.Err("FETCH"))
	// MESSAGELIMIT: not all that was asked for (RFC 9738, X-5).
	s.refused = s.refused || !status.OK() || status.Code == "MESSAGELIMIT"
	return nil
}

// prepareStock decides how a folder is listed: what is new in it, where the
// server can tell, else the whole.
func (r *run) prepareStock(ctx context.Context, f *folderRun) (*stocktaking, error) {
	s := &stocktaking{f: f, conn: r.src, heed: r.heed}
	if r.tellsChanges(f) {
		return s, r.prepareDelta(ctx, s)
	}
	f.listing = []meta{}
	collect := func(got wire.Fetched) {
		if r.isComplete(got) {
			f.listing = append(f.listing, r.metaOf(got))
		}
	}
	exists, told := f.status["MESSAGES"]
	switch {
	case !told:
		s.add(wire.Query{Set: "1:*", ByUID: true, Items: r.metaItems()}, collect)
	case exists > 0:
		step := uint64(listWindow)
		for low := uint64(1); low <= exists; low += step {
			s.add(wire.Query{Set: fmt.Sprintf("%d:%d", low, min(low+step-1, exists)), Items: r.metaItems()}, collect)
		}
	}
	return s, nil
}

func (s *stocktaking) add(q wire.Query, collect func(wire.Fetched)) {
	s.windows = append(s.windows, window{query: q, collect: collect})
}

// takenStock reports whether what a sweep brought is the whole truth about a
// folder (I-3).
func (r *run) takenStock(ctx context.Context, s *stocktaking) (bool, error) {
	f := s.f
	if s.delta != nil {
		return r.planDelta(ctx, s)
	}
	slices.SortFunc(f.listing, func(a, b meta) int { return int(int64(a.uid) - int64(b.uid)) })
	twice := false
	for i := 1; i < len(f.listing); i++ {
		twice = twice || f.listing[i].uid == f.listing[i-1].uid
	}
	return !twice && len(f.listing) == int(f.box.Exists), nil
}
