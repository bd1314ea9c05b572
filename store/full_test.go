package store

import (
	"testing"
	"time"

	"trasloco/migration"
)

// fill parks a run since its mailbox has no room.
func (p panel) fill(t *testing.T, run migration.Run) {
	t.Helper()
	run = p.move(t, run, migration.RunConnecting)
	run.ErrorClass, run.RetryAt = migration.ClassOverQuota, p.at.Add(time.Hour)
	p.move(t, run, migration.RunParked)
}

func (p panel) full(t *testing.T, m migration.Migration) []migration.FullMailbox {
	t.Helper()
	return must(p.FullMailboxes(t.Context(), p.customer, m.ID))(t)
}

// the next pass copies what the full mailbox had no room for. If it has room by
// then it is full no more, and nobody is told that it is.
func TestAMailboxIsFullUntilTheNextPassCopiesToIt(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y", "z")
	for line := 1; line <= 2; line++ {
		p.fill(t, p.run(t, m, line, 1))
	}
	m = p.finish(t, m, 1)
	if full := p.full(t, m); len(full) != 2 || full[1].Row != 2 {
		t.Fatalf("after pass 1 full are %+v", full)
	}
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.fill(t, p.run(t, m, 1, 2))
	m = p.finish(t, m, 2)
	if full := p.full(t, m); len(full) != 1 || full[0].Row != 1 {
		t.Errorf("after pass 2 full are %+v", full)
	}
	check(t, p.LookAgain(t.Context(), p.customer, m.ID))
	p.wantOffered(t, "2:x")
	if before := p.run(t, m, 2, 1); !before.RetryAt.After(p.at) {
		t.Error("a run that is offered no more looks again")
	}
	check(t, p.Cancel(t.Context(), p.customer, &m))
	if full := p.full(t, m); len(full) != 0 {
		t.Errorf("of a cancelled migration full are %+v", full)
	}
}

// A notice that was dropped, since there was room again in time, silences none of those
// that fill up later in the pass; one that was sent does.
func TestMailboxesThatFillUpLaterAreToldIfTheFirstWereNot(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y", "z")
	due := func() []migration.Notice { return must(p.PendingNotices(t.Context(), p.at.Add(fullGathers)))(t) }
	p.fill(t, p.run(t, m, 1, 1))
	dropped := due()[0]
	dropped.GaveUp, dropped.Error = true, "the mailboxes have room again"
	check(t, p.NoticeFailed(t.Context(), dropped))
	p.pass(3 * time.Hour)
	p.fill(t, p.run(t, m, 2, 1))
	again := due()
	if len(again) != 1 || !again[0].CreatedAt.Equal(p.at) || !again[0].NextAt.Equal(p.at.Add(fullGathers)) || again[0].Error != "" {
		t.Fatalf("due are %+v", again)
	}
	check(t, p.NoticeSent(t.Context(), again[0]))
	p.fill(t, p.run(t, m, 3, 1))
	if more := due(); len(more) != 0 {
		t.Errorf("told twice in a pass: %+v", more)
	}
}
