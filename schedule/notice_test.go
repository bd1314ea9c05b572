package schedule

import (
	"context"
	"errors"
	"testing"
	"time"

	"trasloco/migration"
)

// postbox is a mail server that may refuse.
type postbox struct {
	refuse   error
	sent     chan migration.Letter
	accounts []migration.AccountLetter
}

func (p *postbox) Send(_ context.Context, letter migration.Letter) error {
	p.sent <- letter
	return p.refuse
}

func (p *postbox) SendAccount(_ context.Context, letter migration.AccountLetter) error {
	p.accounts = append(p.accounts, letter)
	return p.refuse
}

// finished is a migration whose first pass is done, on a scheduler that is not
// started any more, with its one notice pending.
func finished(t *testing.T, notifier Notifier) (*lab, migration.Migration) {
	t.Helper()
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	check(t, l.s.Shutdown(t.Context()))
	l.s.notifier = notifier
	return l, m
}

func (l *lab) notices(m migration.Migration) []migration.Notice {
	l.t.Helper()
	notices, err := l.store.Notices(context.Background(), l.customer, m.ID)
	check(l.t, err)
	return notices
}

func TestAPassTellsOnce(t *testing.T) {
	box := &postbox{sent: make(chan migration.Letter, 10)}
	l := newLab(t, &fakeEngine{}, imaginary())
	l.options.Notifier = box
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	letter := receive(t, box.sent)
	if letter.To.Email != "laura@new.example" || letter.Notice.Kind != migration.NoticePassDone ||
		letter.Notice.Pass != 1 || letter.Migration.Code != m.Code {
		t.Errorf("%+v", letter)
	}
	l.pass(6 * time.Hour)
	l.s.Wake()
	if second := receive(t, box.sent); second.Notice.Pass != 2 {
		t.Errorf("pass %d", second.Notice.Pass)
	}
	check(t, l.s.Shutdown(t.Context()))
	l.s.sendNotices(t.Context())
	if len(box.sent) != 0 {
		t.Error("a letter was sent twice")
	}
	for _, n := range l.notices(m) {
		if n.SentAt.IsZero() {
			t.Errorf("not marked as sent: %+v", n)
		}
	}
}

func TestARefusedNoticeIsTriedAgainUntilItIsGivenUp(t *testing.T) {
	box := &postbox{refuse: errors.New("no such host"), sent: make(chan migration.Letter, 100)}
	l, m := finished(t, box)
	l.s.sendNotices(t.Context())
	n := l.notices(m)[0]
	if n.Tries != 1 || !n.NextAt.Equal(l.now().Add(time.Minute)) || n.Error != "no such host" || n.GaveUp {
		t.Fatalf("after the first try: %+v", n)
	}
	l.s.sendNotices(t.Context()) // too early
	l.pass(time.Minute)
	l.s.sendNotices(t.Context())
	if n = l.notices(m)[0]; n.Tries != 2 || !n.NextAt.Equal(l.now().Add(2*time.Minute)) {
		t.Fatalf("after the second try: %+v", n)
	}
	for range 40 {
		l.pass(time.Hour)
		l.s.sendNotices(t.Context())
	}
	n = l.notices(m)[0]
	if !n.GaveUp || n.Tries < 20 || n.Tries > 30 || len(box.sent) != n.Tries {
		t.Errorf("in the end: %+v, %d letters", n, len(box.sent))
	}
}

func TestANoticeThatWasRefusedArrivesLater(t *testing.T) {
	box := &postbox{refuse: errors.New("busy"), sent: make(chan migration.Letter, 10)}
	l, m := finished(t, box)
	l.s.sendNotices(t.Context())
	box.refuse = nil
	l.pass(time.Minute)
	l.s.sendNotices(t.Context())
	l.pass(time.Hour)
	l.s.sendNotices(t.Context())
	if n := l.notices(m)[0]; n.SentAt.IsZero() || len(box.sent) != 2 {
		t.Errorf("%+v, %d letters", n, len(box.sent))
	}
}

func TestWithoutANotifierNoticesWaitUntried(t *testing.T) {
	l, m := finished(t, nil)
	l.s.sendNotices(t.Context())
	if n := l.notices(m); len(n) != 1 || n[0].Tries != 0 || !n[0].SentAt.IsZero() {
		t.Errorf("%+v", n)
	}
}

func TestTheStopIsNoTry(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, m := finished(t, sender(func(context.Context) error { cancel(); return errors.New("cut") }))
	l.s.sendNotices(ctx)
	if n := l.notices(m)[0]; n.Tries != 0 || !n.SentAt.IsZero() {
		t.Errorf("%+v", n)
	}
}

type sender func(ctx context.Context) error

func (s sender) Send(ctx context.Context, _ migration.Letter) error               { return s(ctx) }
func (s sender) SendAccount(ctx context.Context, _ migration.AccountLetter) error { return s(ctx) }

func TestPausesBetweenTriesDouble(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	for tries, want := range map[int]time.Duration{
		0: time.Minute, 1: 2 * time.Minute, 5: 32 * time.Minute, 6: time.Hour, 70: time.Hour,
	} {
		n := failedNotice(migration.Notice{Tries: tries, CreatedAt: now}, errors.New("no"), now)
		if n.NextAt.Sub(now) != want || n.Tries != tries+1 {
			t.Errorf("after %d tries: %+v", tries, n)
		}
	}
}

// Resolvers may say old and new by turns: nobody is told what is not so at the moment.
func TestAChangeThatIsTurnedBackIsToldWhenItHolds(t *testing.T) {
	box := &postbox{sent: make(chan migration.Letter, 10)}
	l, m := finished(t, box)
	l.s.sendNotices(t.Context())
	receive(t, box.sent) // of the pass
	destinations, err := l.store.Destinations(t.Context())
	check(t, err)
	destinations[0].MX = []string{"10 mx1.new.example"}
	check(t, l.store.SaveDestination(t.Context(), &destinations[0]))
	answer := func(host string) {
		t.Helper()
		domains, err := l.store.CutOver(t.Context(), l.customer, m.ID)
		check(t, err)
		_, err = l.store.SaveMX(t.Context(), domains[0].Answered(migration.MXAnswer{Records: []migration.MXRecord{{Host: host}}}, l.now()))
		check(t, err)
	}
	answer("mx.old.example")
	answer("mx1.new.example")
	answer("mx.old.example")
	l.s.sendNotices(t.Context())
	if n := l.notices(m)[1]; len(box.sent) != 0 || n.Kind != migration.NoticeMXChanged || n.Tries != 1 || n.GaveUp {
		t.Errorf("%d letters, %+v", len(box.sent), n)
	}
	answer("mx1.new.example")
	l.pass(time.Minute)
	l.s.sendNotices(t.Context())
	if letter := receive(t, box.sent); letter.Notice.Kind != migration.NoticeMXChanged || l.notices(m)[1].SentAt.IsZero() {
		t.Errorf("letter %+v", letter.Notice)
	}
}
