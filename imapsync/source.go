package imapsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// A folderError is trouble with one folder: the run goes on with the others.
type folderError struct {
	reason migration.Reason
	count  int // messages that are not copied because of it
	err    error
}

func (e *folderError) Error() string { return fmt.Sprintf("%s: %v", e.reason, e.err) }
func (e *folderError) Unwrap() error { return e.err }

// examine opens a source folder without changing anything there (I-2).
func (r *run) examine(ctx context.Context, f *folderRun) (*wire.Mailbox, error) {
	box, err := r.src.Examine(ctx, f.Name)
	if err == nil && (box.UIDValidity == 0 || f.fleeting) {
		// Courier fixes UIDVALIDITY only for who opens the folder read-write.
		box, err = r.src.Select(ctx, f.Name)
		f.fleeting = false
		if err == nil && isCourier(r.src) {
			box, err = r.src.Examine(ctx, f.Name) // for bodyQuery
		}
	}
	switch {
	case err == nil && (box.UIDValidity == 0 || box.UIDNotSticky):
		return nil, &folderError{migration.ReasonFolderClosed, int(box.Exists), errNoUIDs}
	case err != nil && isRefusal(err) && !isThrottled(err):
		n, unknown := r.countOf(ctx, f)
		if unknown != nil {
			n = 0 // the folder is named without a number
		}
		return nil, &folderError{migration.ReasonFolderClosed, n, err}
	}
	return box, blame(SourceSide, err)
}

var errNoUIDs = errors.New("the server gives this folder no lasting UIDs")

func isThrottled(err error) bool {
	class, _ := classify(err)
	return class == ClassThrottled || class == ClassOverQuota
}

const (
	listWindow = 500 // messages asked for at once (I-3)
	listTries  = 3
	metaItems  = "(UID FLAGS INTERNALDATE RFC822.SIZE)"
)

// listMessages returns one line for every message of the open source folder, by
// ascending UID, or a folderError: never a short list (I-3).
func (r *run) listMessages(ctx context.Context, box *wire.Mailbox) ([]meta, error) {
	var why error
	for range listTries {
		listing, err := r.listOnce(ctx, box.Exists)
		if err == nil {
			return listing, nil
		}
		if !errors.Is(err, errIncomplete) && !isRefusal(err) || isThrottled(err) {
			return nil, blame(SourceSide, err)
		}
		why = err
		if err := r.src.Noop(ctx); err != nil && !isRefusal(err) { // hears of what went meanwhile
			return nil, blame(SourceSide, err)
		}
	}
	return nil, &folderError{migration.ReasonIncomplete, int(box.Exists), why}
}

var errIncomplete = errors.New("the list of messages does not add up")

// listOnce walks by sequence numbers: while that goes on no number may shift
// (RFC 3501 §7.4.1), so every number of a window must come back.
func (r *run) listOnce(ctx context.Context, exists uint32) ([]meta, error) {
	listing := make([]meta, 0, exists)
	for low := uint32(1); low <= exists; low += listWindow {
		high := min(low+listWindow-1, exists)
		window, err := r.listWindow(ctx, low, high)
		if err != nil {
			return nil, err
		}
		listing = append(listing, window...)
	}
	slices.SortFunc(listing, func(a, b meta) int { return cmp.Compare(a.uid, b.uid) })
	for i := 1; i < len(listing); i++ {
		if listing[i].uid == listing[i-1].uid {
			return nil, fmt.Errorf("%w: UID %d twice", errIncomplete, listing[i].uid)
		}
	}
	return listing, nil
}

func (r *run) listWindow(ctx context.Context, low, high uint32) ([]meta, error) {
	got := map[uint32]wire.Fetched{}
	collect := func(f wire.Fetched) error {
		if f.Seq >= low && f.Seq <= high {
			got[f.Seq] = merge(got[f.Seq], f)
		}
		return nil
	}
	set := fmt.Sprintf("%d:%d", low, high)
	if err := r.fetchMeta(ctx, set, collect); err != nil {
		return nil, err
	}
	window := make([]meta, 0, high-low+1)
	for seq := low; seq <= high; seq++ {
		if !r.isComplete(got[seq]) { // ask again, alone (G-04)
			if err := r.fetchMeta(ctx, fmt.Sprint(seq), collect); err != nil {
				return nil, err
			}
		}
		f := got[seq]
		if f.UID == 0 || !f.HasFlags || r.isGmail() && f.GmailID == 0 {
			return nil, fmt.Errorf("%w: nothing of message %d", errIncomplete, seq)
		}
		window = append(window, r.metaOf(f))
	}
	return window, nil
}

// fetchMeta asks as often as the source puts it off: one that does so every few commands
// would never let a list come to its end that began anew each time.
func (r *run) fetchMeta(ctx context.Context, set string, fn func(wire.Fetched) error) error {
	return r.patiently(ctx, r.src, SourceSide, func() error {
		status, err := r.src.Fetch(ctx, wire.Query{Set: set, Items: r.metaItems()}, nil, fn)
		if err != nil {
			return err
		}
		return status.Err("FETCH")
	})
}

func complete(f wire.Fetched) bool { return f.UID != 0 && f.HasFlags && f.HasDate && f.HasSize }

// merge joins two answers about one message: servers may split them.
func merge(a, b wire.Fetched) wire.Fetched {
	a.Seq = b.Seq
	if b.UID != 0 {
		a.UID = b.UID
	}
	if b.HasFlags {
		a.Flags, a.HasFlags = b.Flags, true
	}
	if b.HasDate {
		a.Date, a.HasDate = b.Date, true
	}
	if b.HasSize {
		a.Size, a.HasSize = b.Size, true
	}
	if b.GmailID != 0 {
		a.GmailID = b.GmailID
	}
	if b.GmailLabels != nil {
		a.GmailLabels = b.GmailLabels
	}
	return a
}

func (r *run) metaOf(f wire.Fetched) meta {
	m := meta{uid: f.UID, flags: r.spell(f.Flags), size: -1, id: f.GmailID, labels: r.spell(f.GmailLabels)}
	if date, ok := parseInternalDate(f.Date); ok {
		m.date = date
	}
	if f.HasSize {
		m.size = f.Size
	}
	return m
}

// spell returns flags in a slice that all messages with the same ones share.
func (r *run) spell(flags []string) []string {
	key := strings.Join(flags, "\x00")
	shared, known := r.spelled[key]
	if !known {
		shared = flags
		r.spelled[key] = flags
	}
	return shared
}

// isGone asks whether a message that the source did not send is still there. Where it
// refuses to fetch what is not there, it is asked what it finds.
func (r *run) isGone(ctx context.Context, uid uint32) (bool, error) {
	gone := true
	status, err := r.src.Fetch(ctx, wire.Query{Set: fmt.Sprint(uid), ByUID: true, Items: "(UID)"}, nil, func(f wire.Fetched) error {
		gone = gone && f.UID != uid
		return nil
	})
	if err != nil {
		return false, blame(SourceSide, err)
	}
	if status.OK() || !gone {
		return gone, nil
	}
	if isThrottled(status.Err("FETCH")) {
		return false, nil
	}
	found, err := r.src.Search(ctx, true, fmt.Sprint("UID ", uid))
	return err == nil && found != nil && len(found) == 0, blame(SourceSide, ignoreRefusal(err))
}
