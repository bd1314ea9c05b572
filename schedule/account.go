package schedule

import (
	"context"
	"errors"
	"time"

	"trasloco/migration"
)

// The mails about accounts go the same way as those about migrations: a row that
// waits, tried until a mail server takes it or it is of no use any more.

func (s *Scheduler) sendAccountNotices(ctx context.Context) {
	pending, err := s.store.PendingAccountNotices(ctx, s.now())
	if err != nil && ctx.Err() == nil {
		s.report("read account notices", err)
	}
	for _, n := range pending {
		if ctx.Err() != nil {
			return
		}
		if err := s.sendAccountNotice(ctx, n); err != nil && ctx.Err() == nil {
			s.report("send account notice", err, "notice", n.ID, "user", n.UserID)
		}
	}
}

func (s *Scheduler) sendAccountNotice(ctx context.Context, n migration.AccountNotice) error {
	letter, err := s.store.AccountLetter(ctx, n)
	if gone := errors.Is(err, migration.ErrNotFound); gone || !s.now().Before(n.UseUntil()) {
		n.GaveUp, n.Error = true, errLate.Error()
		return s.store.AccountNoticeFailed(ctx, n)
	}
	if err == nil {
		err = s.sendAccount(ctx, letter)
	}
	switch {
	case err == nil:
		return s.store.AccountNoticeSent(context.WithoutCancel(ctx), n)
	case ctx.Err() != nil:
		return ctx.Err() // no attempt
	}
	return errors.Join(err, s.store.AccountNoticeFailed(ctx, failedAccountNotice(n, err, s.now())))
}

func (s *Scheduler) sendAccount(ctx context.Context, letter migration.AccountLetter) error {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	return guarded(func() error { return s.notifier.SendAccount(ctx, letter) })
}

// failedAccountNotice says when a notice is tried again, if ever. A link that
// works for an hour is not held back for one.
func failedAccountNotice(n migration.AccountNotice, err error, now time.Time) migration.AccountNotice {
	pause := nextTry(n.Tries)
	if n.Kind == migration.AccountReset {
		pause = min(pause, 5*noticeFirst)
	}
	n.NextAt, n.Error = now.Add(pause), err.Error()
	n.Tries++
	n.GaveUp = !n.NextAt.Before(n.UseUntil())
	return n
}
