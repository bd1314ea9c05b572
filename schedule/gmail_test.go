package schedule

import (
	"context"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// What was chosen for the Gmail accounts of a migration goes to its runs, in the place
// of what the installation has (M-2, M-5).
func TestRunsGetWhatWasChosenForGmail(t *testing.T) {
	got := make(chan imapsync.Job, 1)
	engine := &fakeEngine{sync: func(_ context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
		got <- job
		return migration.Tally{}, nil
	}}
	l := newLab(t, engine, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	check(t, l.store.ChooseGmail(t.Context(), l.customer, &m, migration.GmailChoice{Labels: migration.LabelsCopied, DayLimit: 500_000_000}))
	l.submit(m)
	l.start()
	if job := receive(t, got); job.Rules.Labels != migration.LabelsCopied || job.DayLimit != 500_000_000 {
		t.Errorf("labels %q, %d octets a day", job.Rules.Labels, job.DayLimit)
	}
}

// Another migration of the same account knows which folder holds the one copy of a
// message, and moves it when the label is taken off (M-1, I-15).
func TestATakenOverGmailCopyFollowsItsLabels(t *testing.T) {
	for name, deleted := range map[string]bool{"the first migration is there": false, "it was deleted": true} {
		t.Run(name, func(t *testing.T) {
			gmail := imaptest.NewGmail(t, imaptest.ItalianGmail(), imaptest.AccountOptions{})
			destination := imaptest.NewAccount(t, imaptest.AccountOptions{
				Master: "mover", MasterPassword: "pw", Caps: append(imaptest.DefaultCaps(), "MOVE"),
			})
			id := gmail.Deliver(mail("it"), `\Inbox`, "Work")
			l := newRealLab(t, destination)
			first := l.submit(l.draft(l.sourceRow(1, gmail.Account)))
			l.start()
			first = l.untilPass(first, 1, migration.PassDone)
			if got := first.Passes[0].Runs.Tally; got.Copied != 1 || got.Present != 2 {
				t.Fatalf("the first migration: %+v", got)
			}
			second := l.draft(l.sourceRow(1, gmail.Account))
			if deleted {
				check(t, l.store.Delete(t.Context(), l.customer, &first))
			}
			gmail.Unlabel(id, `\Inbox`)
			second = l.untilPass(l.submit(second), 1, migration.PassDone)
			if got := second.Passes[0].Runs.Tally; got.Copied != 0 || got.Present != 2 || got.Listed != 2 {
				t.Errorf("the second migration: %+v", got)
			}
			if inbox, work := destination.Folder("INBOX").Messages(), destination.Folder("Work").Messages(); len(inbox) != 0 || len(work) != 1 {
				t.Errorf("INBOX has %d messages, Work %d", len(inbox), len(work))
			}
		})
	}
}
