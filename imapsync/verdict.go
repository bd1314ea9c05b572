package imapsync

import (
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
	again  bool    // to be tried once more
	form   bool    // it was refused, and has another form now
	part   []*item // it was refused together with these
	failed *migration.Outcome
	putOff bool // failed, but by words that may be about the account
}

var (
	flagText    = regexp.MustCompile(`(?i)flag|keyword`)
	tooBigText  = regexp.MustCompile(`(?i)maximum (message )?size|size of appendable|mail size is larger|too (big|large)|size exceed`)
	missingText = regexp.MustCompile(`(?i)mailbox does not exist`)
	contentText = regexp.MustCompile(`(?i)newline|NUL char|invalid header|line ?length|line too long|bare (lf|cr)|8-?bit`)
)

// stopsAll recognises refusals that are about the mailbox, not the message.
func stopsAll(s wire.Status) bool {
	if isMissing(s) {
		return true
	}
	class := appendClass(s)
	return (class == ClassOverQuota || class == ClassThrottled) && !isTooBig(s)
}

// isMissing recognises what is said of a folder that is not there: the code, which must
// come (RFC 3501 §6.3.11), or the words of who does without it (Cyrus, hoodiecrow).
func isMissing(s wire.Status) bool {
	return s.Code == "TRYCREATE" || s.Code == "" && missingText.MatchString(s.Text)
}

// appendClass is the class of a refused APPEND. One that the server is not available
// for (Exchange: "Server Unavailable. 15") is about the moment: it waits, and is tried as
// often as one that sounds like throttling.
func appendClass(s wire.Status) Class {
	class, _ := classifyStatus(&wire.StatusError{Command: "APPEND", Status: s})
	if class == ClassTransport && s.Code == "" {
		return ClassThrottled
	}
	return class
}

// isTooBig tells a message that is too large from a mailbox that is full: both
// may come with the code LIMIT.
func isTooBig(s wire.Status) bool { return s.Code == "TOOBIG" || tooBigText.MatchString(s.Text) }

const maxPutOff = 10

// isPutOffForGood counts how often a message, sent alone, was answered in words
// that sound like throttling. Said that often they are about the message ("too
// many parts"), and must not hold up all others for ever.
func (f *folderRun) isPutOffForGood(it *item, together int, s wire.Status) bool {
	if s.OK() || s.Code != "" || appendClass(s) != ClassThrottled {
		return false
	}
	if together == 1 || f.putOff[it.uid] == 0 {
		f.putOff[it.uid]++
	}
	return f.putOff[it.uid] > maxPutOff
}

// judge turns answers into verdicts (T-6). Its error, if any, holds for the run;
// verdicts, if any, are to be recorded all the same.
func (l *lane) judge(fl *flight) ([]verdict, error) {
	l.books.Lock()
	defer l.books.Unlock()
	verdicts := make([]verdict, 0, len(fl.items))
	var stop *wire.StatusError
	for _, c := range fl.commands {
		some, err := l.judgeCommand(c)
		if err != nil {
			return nil, err
		}
		if !c.answer.Status.OK() && stopsAll(c.answer.Status) && some[0].failed == nil {
			stop = &wire.StatusError{Command: "APPEND", Status: c.answer.Status}
		}
		verdicts = append(verdicts, some...)
	}
	for len(verdicts) < len(fl.items) {
		verdicts = append(verdicts, verdict{again: true}) // not sent
	}
	if stop == nil {
		return verdicts, nil
	}
	if isMissing(stop.Status) {
		fl.f.wentAway(fl.generation, stop)
		return verdicts, nil
	}
	return verdicts, blame(DestinationSide, stop)
}

// wentAway notes that a folder is not there any more. It is made anew once a
// run.
func (f *folderRun) wentAway(generation int, said error) {
	switch {
	case f.generation != generation: // somebody noticed before, and it is there again
	case f.remade:
		f.failing = &folderError{migration.ReasonFolderCreate, 0, said}
	default:
		f.gone, f.vanished = true, true
	}
}

func (l *lane) judgeCommand(c *command) ([]verdict, error) {
	verdicts := make([]verdict, len(c.items))
	f, a := c.flight.f, c.answer
	for i, it := range c.items {
		switch {
		case a.Status.OK():
			verdicts[i] = verdict{stored: true}
			delete(f.putOff, it.uid)
			if a.UIDs != nil && a.UIDValidity == c.flight.dest.UIDValidity { // else the UID is none of this folder
				verdicts[i].uid = a.UIDs[i]
			}
		case f.isPutOffForGood(it, len(c.items), a.Status):
			verdicts[i] = failure(migration.ReasonRefused, a.Status)
			verdicts[i].putOff = true
		case stopsAll(a.Status):
			verdicts[i] = verdict{again: true}
		case len(c.items) > 1:
			l.careful = l.careful || contentText.MatchString(a.Status.Text)
			l.several = l.several && a.Status.Type != "BAD" // it may not know what it lists
			verdicts[i] = verdict{again: true, part: c.items}
		default:
			v, err := l.refusal(it, a.Status)
			if err != nil {
				return nil, err
			}
			verdicts[i] = v
		}
	}
	return verdicts, nil
}

// refusal looks for a form in which the destination may take a message that it
// refused: without keywords, then with its line ends repaired (T-4, T-6). A
// message refused in every form is a failure, in the server's words.
func (r *run) refusal(it *item, status wire.Status) (verdict, error) {
	f := it.f
	switch {
	case !it.plain && len(onlySystem(it.flags)) < len(it.flags) && (status.Type == "BAD" || flagText.MatchString(status.Text)):
		keywords := slices.DeleteFunc(slices.Clone(it.flags), isSystem)
		f.dropKeywords(r, keywords)
		it.flags, it.plain = onlySystem(it.flags), true
		return verdict{again: true, form: true}, nil
	case isTooBig(status):
		return failure(migration.ReasonTooBig, status), nil
	case !it.altered && it.spool.repairable() && (status.Type == "BAD" || contentText.MatchString(status.Text)):
		fixed, err := it.spool.repaired(r.engine.opts.TempDir)
		if err != nil {
			return verdict{}, &Error{Side: DestinationSide, Class: ClassInternal, Err: err}
		}
		it.replace(fixed)
		r.entry(migration.Info, "altered", migration.Args{"folder": f.display(), "uid": it.uid}, status.String())
		return verdict{again: true, form: true}, nil
	default:
		return failure(migration.ReasonRefused, status), nil
	}
}

func failure(reason migration.Reason, status wire.Status) verdict {
	return verdict{failed: &migration.Outcome{Kind: migration.Failed, Reason: reason, ServerText: status.String()}}
}

// replace gives an item other octets. The budget is not asked: waiting for room
// here could wait for oneself, and the difference is a few line ends.
func (it *item) replace(fixed *spool) {
	fixed.room, it.spool.room = it.spool.room, room{}
	it.spool.close()
	it.spool, it.altered = fixed, true
}

// settle records a flight that was answered.
func (l *lane) settle(fl *flight, verdicts []verdict) error {
	if err := l.findUIDs(fl, verdicts); err != nil {
		return err
	}
	l.books.Lock()
	defer l.books.Unlock()
	f := fl.f
	var states []migration.MessageState
	for i, v := range verdicts {
		switch {
		case v.stored:
			states = append(states, fl.items[i].state(l.job.Pass, migration.Copied, "", v.uid))
			f.low = max(f.low, v.uid+1)
		case v.failed != nil:
			states = append(states, fl.items[i].state(l.job.Pass, migration.Failed, v.failed.Reason, 0))
		}
	}
	if err := l.journal.Settle(l.hard, fl.batch, states, f.low); err != nil {
		return fmt.Errorf("settle a batch: %w", err)
	}
	f.pair.Dest.UIDNext = max(f.pair.Dest.UIDNext, f.low)
	return l.tellSettled(fl, verdicts)
}

// tellSettled counts what was settled. The books are held.
func (l *lane) tellSettled(fl *flight, verdicts []verdict) error {
	f, over := fl.f, 0
	for i, v := range verdicts {
		if v.stored {
			f.tally.Copied++
			f.tally.Bytes += fl.items[i].spool.size
		}
		if v.failed != nil {
			f.note(fl.items[i].outcome(*v.failed))
		}
		if !v.again {
			over++
		}
	}
	if slices.ContainsFunc(verdicts, func(v verdict) bool { return v.stored || v.failed != nil && !v.putOff }) {
		l.acknowledged()
	}
	l.progress(f)
	if over == 0 {
		return nil
	}
	return l.closeOut(f, over)
}

// findUIDs looks up where stored messages went if the destination did not say
// it: no UIDPLUS, or an answer that cannot be read (G-11).
func (l *lane) findUIDs(fl *flight, verdicts []verdict) error {
	var items []migration.BatchItem
	var index []int
	for i, v := range verdicts {
		if v.stored && v.uid == 0 {
			items = append(items, fl.batch.Items[i])
			index = append(index, i)
		}
	}
	if len(items) == 0 {
		return nil
	}
	if l.lanes > 1 { // else two lanes would take one copy for theirs
		l.finding.Lock()
		defer l.finding.Unlock()
	}
	for len(l.open) > 0 { // what they stored is none of this
		if err := l.hear(); err != nil {
			return err
		}
	}
	list, next, err := l.tail(l.hard, l.conn, fl.dest, fl.batch.DestLow)
	if err != nil {
		return atFolder(fl.f, blame(DestinationSide, err))
	}
	told := l.toldUIDs()
	list = slices.DeleteFunc(list, func(c candidate) bool { return told[c.uid] || l.isTold(fl, c.uid) })
	match := pair
	if l.most() > 1 { // what other batches and lanes have stored may be in the list
		match = pairStrictly
	}
	found, err := match(items, list, digestAt(l.hard, l.conn))
	if err != nil {
		return atFolder(fl.f, blame(DestinationSide, err))
	}
	for i, uid := range found {
		verdicts[index[i]].uid = uid
		l.noteTold(fl, uid)
	}
	l.books.Lock()
	fl.f.low = max(fl.f.low, next)
	l.books.Unlock()
	if err := l.conn.Leave(l.hard); err != nil && !isRefusal(err) {
		return atFolder(fl.f, blame(DestinationSide, err))
	}
	return nil
}

// place is where a copy is.
type place struct {
	dest int64 // DestFolder.ID
	uid  uint32
}

// noteTold lets the other lanes know that a UID has its message.
func (l *lane) noteTold(fl *flight, uids ...uint32) {
	if l.lanes == 1 {
		return
	}
	l.books.Lock()
	defer l.books.Unlock()
	for _, uid := range uids {
		l.told[place{fl.dest.ID, uid}] = true
	}
}

func (l *lane) isTold(fl *flight, uid uint32) bool {
	l.books.Lock()
	defer l.books.Unlock()
	return l.told[place{fl.dest.ID, uid}]
}

// toldUIDs are those that the server named for messages of the flights that are
// not settled.
func (l *lane) toldUIDs() map[uint32]bool {
	told := map[uint32]bool{}
	for _, fl := range l.flights {
		for _, c := range fl.commands {
			if c.answer != nil && c.answer.UIDValidity == fl.batch.DestUIDValidity {
				for _, uid := range c.answer.UIDs {
					told[uid] = true
				}
			}
		}
	}
	return told
}
