package imapsync

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// verdict says what an answer means for a message.
type verdict struct {
	stored bool
	uid    uint32
	again  bool // to be tried in another form, or not sent
	failed *migration.Outcome
	putOff bool // failed, but by words that may be about the account
}

var (
	flagText    = regexp.MustCompile(`(?i)flag|keyword`)
	tooBigText  = regexp.MustCompile(`(?i)maximum (message )?size|size of appendable|mail size is larger|too (big|large)|size exceed`)
	contentText = regexp.MustCompile(`(?i)newline|NUL char|invalid header|line ?length|line too long|bare (lf|cr)|8-?bit`)
)

// stopsAll recognises refusals that are about the mailbox, not the message.
func stopsAll(s wire.Status) bool {
	if s.Code == "TRYCREATE" {
		return true
	}
	class, _ := classifyStatus(&wire.StatusError{Command: "APPEND", Status: s})
	return (class == ClassOverQuota || class == ClassThrottled) && !isTooBig(s)
}

// isTooBig tells a message that is too large from a mailbox that is full: both
// may come with the code LIMIT.
func isTooBig(s wire.Status) bool { return s.Code == "TOOBIG" || tooBigText.MatchString(s.Text) }

const maxPutOff = 10

// isPutOffForGood counts how often a message, sent alone, was answered in words
// that sound like throttling. Said that often they are about the message ("too
// many parts"), and must not hold up all others for ever.
func (f *folderRun) isPutOffForGood(it *item, together int, s wire.Status) bool {
	class, _ := classifyStatus(&wire.StatusError{Command: "APPEND", Status: s})
	if s.OK() || s.Code != "" || class != ClassThrottled {
		return false
	}
	if together == 1 || f.putOff[it.uid] == 0 {
		f.putOff[it.uid]++
	}
	return f.putOff[it.uid] > maxPutOff
}

// judge turns answers into verdicts (T-6). Its error, if any, holds for the run;
// verdicts, if any, are to be recorded all the same.
func (r *run) judge(f *folderRun, items []*item, answers []*wire.Appended) ([]verdict, error) {
	verdicts := make([]verdict, len(items))
	var stop *wire.StatusError
	for i, it := range items {
		switch a := answers[i]; {
		case a == nil:
			verdicts[i] = verdict{again: true}
		case a.Status.OK():
			verdicts[i] = verdict{stored: true}
			delete(f.putOff, it.uid)
			if a.UIDValidity == f.pair.Dest.UIDValidity { // else the UID is none of this folder
				verdicts[i].uid = a.UID
			}
		case f.isPutOffForGood(it, len(items), a.Status):
			verdicts[i] = failure(migration.ReasonRefused, a.Status)
			verdicts[i].putOff = true
		case stopsAll(a.Status):
			verdicts[i] = verdict{again: true}
			stop = &wire.StatusError{Command: "APPEND", Status: a.Status}
		default:
			v, err := r.refusal(f, it, a.Status)
			if err != nil {
				return nil, err
			}
			verdicts[i] = v
		}
	}
	if stop == nil {
		return verdicts, nil
	}
	if stop.Status.Code == "TRYCREATE" {
		return verdicts, &folderError{migration.ReasonFolderCreate, 0, errors.Join(errTryCreate, stop)}
	}
	return verdicts, blame(DestinationSide, stop)
}

var errTryCreate = errors.New("the destination folder is gone")

// refusal looks for a form in which the destination may take a message that it
// refused: without keywords, then with its line ends repaired (T-4, T-6). A
// message refused in every form is a failure, in the server's words.
func (r *run) refusal(f *folderRun, it *item, status wire.Status) (verdict, error) {
	switch {
	case !it.plain && len(onlySystem(it.flags)) < len(it.flags) && (status.Type == "BAD" || flagText.MatchString(status.Text)):
		keywords := slices.DeleteFunc(slices.Clone(it.flags), isSystem)
		f.dropKeywords(r, keywords)
		it.flags, it.plain = onlySystem(it.flags), true
		return verdict{again: true}, nil
	case isTooBig(status):
		return failure(migration.ReasonTooBig, status), nil
	case !it.altered && it.spool.repairable() && (status.Type == "BAD" || contentText.MatchString(status.Text)):
		fixed, err := it.spool.repaired(r.engine.opts.TempDir)
		if err != nil {
			return verdict{}, &Error{Side: DestinationSide, Class: ClassInternal, Err: err}
		}
		r.replace(it, fixed)
		r.entry(migration.Info, "altered", migration.Args{"folder": f.display(), "uid": it.uid}, status.String())
		return verdict{again: true}, nil
	default:
		return failure(migration.ReasonRefused, status), nil
	}
}

func failure(reason migration.Reason, status wire.Status) verdict {
	return verdict{failed: &migration.Outcome{Kind: migration.Failed, Reason: reason, ServerText: status.String()}}
}

// replace gives an item other octets. The budget is not asked: waiting for room
// here could wait for oneself, and the difference is a few line ends.
func (r *run) replace(it *item, fixed *spool) {
	old := it.spool
	fixed.announced = old.announced // what is released is what was acquired
	it.spool, it.altered = fixed, true
	old.close()
}

// settle records a batch that was answered.
func (r *run) settle(f *folderRun, batch migration.Batch, items []*item, verdicts []verdict) error {
	if err := r.findUIDs(f, batch, verdicts); err != nil {
		return err
	}
	var states []migration.MessageState
	for i, v := range verdicts {
		switch {
		case v.stored:
			states = append(states, items[i].state(r.job.Pass, migration.Copied, "", v.uid))
			f.low = max(f.low, v.uid+1)
		case v.failed != nil:
			states = append(states, items[i].state(r.job.Pass, migration.Failed, v.failed.Reason, 0))
		}
	}
	if err := r.journal.Settle(r.hard, batch, states, f.low); err != nil {
		return fmt.Errorf("settle a batch: %w", err)
	}
	f.pair.Dest.UIDNext = f.low
	for i, v := range verdicts {
		if v.stored {
			f.tally.Copied++
			f.tally.Bytes += items[i].spool.size
		}
		if v.failed != nil {
			f.note(items[i].outcome(*v.failed))
		}
	}
	if slices.ContainsFunc(verdicts, func(v verdict) bool { return v.stored || v.failed != nil && !v.putOff }) {
		r.acknowledged()
	}
	return nil
}

// findUIDs looks up where stored messages went if the destination did not say
// it: no UIDPLUS, or an answer that cannot be read (G-11).
func (r *run) findUIDs(f *folderRun, batch migration.Batch, verdicts []verdict) error {
	var items []migration.BatchItem
	var index []int
	for i, v := range verdicts {
		if v.stored && v.uid == 0 {
			items = append(items, batch.Items[i])
			index = append(index, i)
		}
	}
	if len(items) == 0 {
		return nil
	}
	list, next, err := r.tail(r.hard, f.pair.Dest, batch.DestLow)
	if err != nil {
		return blame(DestinationSide, err)
	}
	known := map[uint32]bool{}
	for _, v := range verdicts {
		known[v.uid] = true
	}
	var free []candidate
	for _, c := range list {
		if !known[c.uid] {
			free = append(free, c)
		}
	}
	found, err := pair(items, free, digestAt(r.hard, r.dst))
	if err != nil {
		return blame(DestinationSide, err)
	}
	for i, uid := range found {
		verdicts[index[i]].uid = uid
	}
	f.low = max(f.low, next)
	if err := r.dst.Leave(r.hard); err != nil && !isRefusal(err) {
		return blame(DestinationSide, err)
	}
	return nil
}
