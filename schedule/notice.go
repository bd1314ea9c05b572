package schedule

import (
	"context"
	"errors"
	"slices"
	"time"

	"trasloco/migration"
)

// How often and how long sending a notice is tried.
const (
	noticeFirst   = time.Minute // doubles
	noticeLongest = time.Hour
	noticeGiveUp  = 24 * time.Hour
	sendWithin    = time.Minute
)

// notice makes a notice of what happened to m just now.
func (s *Scheduler) notice(m migration.Migration, kind migration.NoticeKind, pass int) migration.Notice {
	now := s.now()
	return migration.Notice{
		CustomerID: m.CustomerID, MigrationID: m.ID, UserID: m.UserID,
		Kind: kind, Pass: pass, CreatedAt: now, NextAt: now,
	}
}

// sendNotices sends what is due. Without a notifier nothing is tried: the
// notices stay pending, and the pages show them.
func (s *Scheduler) sendNotices(ctx context.Context) {
	if s.notifier == nil {
		return
	}
	pending, err := s.store.PendingNotices(ctx, s.now())
	if err != nil && ctx.Err() == nil {
		s.report("read notices", err)
	}
	for _, n := range pending {
		if ctx.Err() != nil {
			return
		}
		if err := s.sendNotice(ctx, n); err != nil && ctx.Err() == nil {
			s.report("send notice", err, "notice", n.ID, "migration", n.MigrationID)
		}
	}
	s.sendAccountNotices(ctx)
}

// sendNotice sends one notice and writes down what became of it. Only if that
// cannot be written after the mail server took the letter is it sent twice.
func (s *Scheduler) sendNotice(ctx context.Context, n migration.Notice) error {
	letter, err := s.store.Letter(ctx, n)
	if err == nil && s.isLate(letter) {
		n.GaveUp, n.Error = true, errLate.Error()
		return s.store.NoticeFailed(ctx, n)
	}
	if over := overtakenBy(letter); err == nil && over != nil {
		n.GaveUp, n.Error = true, over.Error()
		return s.store.NoticeFailed(ctx, n)
	}
	if err == nil && n.Kind == migration.NoticeMXChanged && !migration.AllThere(letter.Domains) {
		err = errTurnedBack
	}
	if err == nil {
		err = s.send(ctx, letter)
	}
	switch {
	case err == nil:
		return s.store.NoticeSent(context.WithoutCancel(ctx), n)
	case ctx.Err() != nil:
		return ctx.Err() // no attempt
	}
	return errors.Join(err, s.store.NoticeFailed(ctx, failedNotice(n, err, s.now())))
}

var (
	errLate   = errors.New("it would have come too late to be of use")
	errLifted = errors.New("the host takes logins again")
	errRoom   = errors.New("the mailboxes have room again")
	// errTurnedBack: resolvers may say old and new by turns for a while.
	errTurnedBack = errors.New("the MX records do not point to the destination any more")
)

// overtakenBy says what has become of the trouble that a letter tells of; nil: it is
// still there.
func overtakenBy(letter migration.Letter) error {
	switch kind := letter.Notice.Kind; {
	case kind == migration.NoticeHostPaused && len(letter.Pauses) == 0:
		return errLifted
	case kind == migration.NoticeFull && len(letter.Full) == 0:
		return errRoom
	}
	return nil
}

// isLate reports whether a letter would mislead: mail was switched on, or came
// back, long after what it tells; or pass 2 has begun, and "change the MX now"
// is no advice any more.
func (s *Scheduler) isLate(letter migration.Letter) bool {
	n := letter.Notice
	overtaken := func(p migration.Pass) bool { return p.Number > n.Pass && !p.StartedAt.IsZero() }
	return s.now().Sub(n.CreatedAt) >= noticeGiveUp ||
		n.Kind == migration.NoticePassDone && n.Tries > 0 && slices.ContainsFunc(letter.Migration.Passes, overtaken)
}

func (s *Scheduler) send(ctx context.Context, letter migration.Letter) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	return guarded(func() error { return s.notifier.Send(ctx, letter) })
}

// nextTry is how long to wait after so many tries that failed.
func nextTry(tries int) time.Duration {
	if tries >= 6 {
		return noticeLongest
	}
	return min(noticeFirst<<tries, noticeLongest)
}

// failedNotice says when a notice is tried again, if ever.
func failedNotice(n migration.Notice, err error, now time.Time) migration.Notice {
	n.NextAt, n.Error = now.Add(nextTry(n.Tries)), err.Error()
	n.Tries++
	n.GaveUp = now.Sub(n.CreatedAt) >= noticeGiveUp
	return n
}
