package imapsync

import (
	"context"
	"errors"

	"trasloco/migration"
)

// recognise lets a source of which nothing is known go on with what is known of the
// same account under another name: the server has several, or was reached at
// another port (I-16). Everything would be copied once more otherwise.
func (r *run) recognise(ctx context.Context) ([]migration.FolderPair, error) {
	formers, err := r.journal.Formers(ctx)
	if err != nil || len(formers) == 0 {
		return nil, err
	}
	for _, former := range formers {
		same, err := r.isFormer(ctx, former)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		clean, err := r.journal.TakeOver(ctx, former)
		if err == nil && !clean {
			clean, err = r.journal.Whole(ctx)
		}
		if err != nil {
			return nil, err
		}
		r.clean = r.clean && clean
		r.entry(migration.Info, "recognised", migration.Args{"server": former.Server}, "")
		if err := r.settleInFlight(ctx, r.engine.opts.Now(), !clean); err != nil {
			return nil, err
		}
	}
	return r.journal.Pairs(ctx)
}

// isFormer reports whether the source is a former one: at least one folder shows the
// messages that were copied from it, and none shows others in their place. A copy of
// an account that went its own way since, such as one on the machine that took over
// from the old one, differs from it in what came last.
func (r *run) isFormer(ctx context.Context, former migration.Former) (bool, error) {
	proven := false
	for _, known := range former.Folders {
		f := r.folderOf(known.FolderPair)
		if f == nil || !f.opens() || len(known.Copies) == 0 {
			continue
		}
		alike, told, err := r.comparesTo(ctx, f, known)
		if err != nil {
			return false, err
		}
		if told && !alike {
			return false, nil
		}
		proven = proven || told
	}
	return proven, nil
}

// comparesTo reports whether a folder is one that was copied from, by its numbers and
// the messages under them. told is false where none of these is there any more.
func (r *run) comparesTo(ctx context.Context, f *folderRun, known migration.FormerFolder) (alike, told bool, err error) {
	box, err := r.examine(ctx, f)
	var closed *folderError
	if errors.As(err, &closed) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	switch {
	case box.UIDValidity != known.UIDValidity:
		return false, false, nil // numbered anew since, or another folder: its numbers say nothing
	case box.UIDNext != 0 && box.UIDNext < known.UIDNext:
		return false, true, nil // it never moves back (RFC 3501 §2.3.1.1)
	}
	metas := make([]meta, len(known.Copies))
	for i, s := range known.Copies {
		metas[i] = meta{uid: s.UID}
	}
	headers, err := r.headersOf(ctx, metas)
	if err != nil {
		return false, false, err
	}
	for _, s := range known.Copies {
		h, there := headers[s.UID]
		if there && h.fingerprint() != s.Fingerprint {
			return false, true, nil
		}
		told = told || there
	}
	return told, told, nil
}
