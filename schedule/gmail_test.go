package schedule

import (
	"context"
	"testing"

	"trasloco/imapsync"
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
	check(t, l.store.ChooseGmail(t.Context(), l.customer, &m, migration.GmailChoice{Labels: migration.ChoiceCopies, DayLimit: 500_000_000}))
	l.submit(m)
	l.start()
	if job := receive(t, got); job.Rules.Labels != migration.LabelsCopied || job.DayLimit != 500_000_000 {
		t.Errorf("labels %q, %d octets a day", job.Rules.Labels, job.DayLimit)
	}
}
