package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// TestGmailIsCutAnywhere: whatever breaks, each message is copied once, and what
// its labels show is accounted for (P-1, M-1).
func TestGmailIsCutAnywhere(t *testing.T) {
	for _, end := range bothEnds() {
		for after := int64(150); after < 6000; after += 419 {
			t.Run(fmt.Sprintf("%s after %d", end.name, after), func(t *testing.T) {
				s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
				s.someLabels()
				s.patience.FirstTries, s.patience.GiveUp = 1, -1
				s.patience.SlowestLine, s.patience.LateCommit = 1<<40, 150*time.Millisecond
				end.of(s.story).SetCut(imaptest.Cut{Direction: imaptest.ToClient, After: after, Connection: 1, Reset: after%2 == 0})
				s.insist()
				s.wantAt(map[string][]string{
					"INBOX": {"inbox", "inbox and work"}, "Archive 2020": {"two labels"}, "Sent": {"sent to myself"}, "Drafts": {"draft"},
					"Archive": {"archived", "important"},
				})
				s.checkAgain()
			})
		}
	}
}

// TestGmailKilledBeforeAnAnswer: a batch that was under way when the run was killed
// is known by its messages' numbers too, so that a label taken off meanwhile makes
// no second copy (I-6, M-1).
func TestGmailKilledBeforeAnAnswer(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.deliver("it", `\Inbox`, "Work")
	s.patience.FirstTries, s.patience.GiveUp = 1, -1
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true})
	if got := s.run(t.Context()); got.err == nil || s.appends() != 1 {
		t.Fatalf("the answer was not lost: %d appends, %v", s.appends(), got.err)
	}
	s.dst.SetFaults()
	s.gmail.Unlabel(s.ids["it"], `\Inbox`)
	if got := s.insist(); got.tally.Copied != 1 || s.appends() != 1 {
		t.Errorf("%d appends, told %+v%s", s.appends(), got.tally, got.log())
	}
	s.wantAt(map[string][]string{"INBOX": {"it"}}) // this destination cannot move it
	s.checkAgain()
}

// TestGmailCopiedBeforeNumbersWereKnown: copies of a version that copied each label
// for itself get their numbers in the next pass, and nothing is copied again (M-1).
func TestGmailCopiedBeforeNumbersWereKnown(t *testing.T) {
	for _, lack := range []string{"X-NONE", "CONDSTORE"} {
		t.Run("without "+lack, func(t *testing.T) {
			s := newGmailStory(t, imaptest.AccountOptions{Without: []string{lack}}, imaptest.AccountOptions{})
			s.rules.Labels = migration.LabelsCopied
			s.deliver("it", `\Inbox`, "Work")
			s.deliver("sent", `\Sent`)
			s.mustRun()
			journal := s.journal.(*memory)
			delete(journal.pairs, "[Gmail]/Tutti i messaggi") // it was no folder to copy
			for _, messages := range journal.mailbox.messages {
				for uid, state := range messages {
					state.Identity = 0
					messages[uid] = state
				}
			}
			s.rules.Labels = migration.LabelsOnce
			s.gmail.Label(s.ids["sent"], "Work")
			s.pass++
			if got := s.mustRun(); got.tally.Copied != 0 {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			s.checkAgain()
		})
	}
}

// TestGmailFlagsAreMergedOnce: a flag that changed is that of the one copy (Δ-3).
func TestGmailFlagsAreMergedOnce(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.edits = true
	s.deliver("it", `\Inbox`, "Work")
	s.mustRun()
	s.gmail.Mark(s.ids["it"], `\Seen`)
	s.pass++
	if got := s.mustRun(); got.codes("flags_merged") != 1 {
		t.Error(got.log())
	}
	if got := s.dst.Folder("INBOX").Messages(); !slices.Equal(got[0].Flags, []string{`\Seen`}) {
		t.Errorf("copy has %v", got[0].Flags)
	}
}

// TestGmailDayLimit: when as much was read as the provider lets in a day the run is
// parked until there is room again, in whatever run it was read, and then goes on;
// nothing is lost or copied twice (M-5).
func TestGmailDayLimit(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	for folder := range 5 {
		for n := range 2 {
			s.deliver(fmt.Sprint("message ", folder, n, strings.Repeat("x", 900)), fmt.Sprint("Label ", folder))
		}
	}
	var later time.Duration
	began, fivePastNoon := time.Now(), noon.Add(5*time.Minute)
	s.now = func() time.Time { return fivePastNoon.Add(time.Since(began) + later) }
	s.dayLimit = 5000 // two folders, and not a third
	first := s.run(t.Context())
	e := errorOf(first.err)
	if e == nil || e.Class != imapsync.ClassDayLimit || !e.Parks() || e.RetryAfter < 23*time.Hour || e.RetryAfter > 26*time.Hour {
		t.Fatalf("ended with %v%s", first.err, first.log())
	}
	if first.tally.Copied != 4 || first.codes("day_limit") != 1 || first.codes("reconnecting") != 0 {
		t.Errorf("told %+v%s", first.tally, first.log())
	}
	if end := imapsync.EndingOf(t.Context(), first.err, noon); end.Status != migration.RunParked || !end.RetryAt.Equal(noon.Add(e.RetryAfter)) {
		t.Errorf("ends as %+v", end)
	}
	bodies := func() (n int) {
		for _, cmd := range s.src.Commands() {
			if strings.Contains(cmd.Args, "BODY.PEEK[]") {
				n++
			}
		}
		return n
	}
	before := bodies()
	if again := s.run(t.Context()); errorOf(again.err) == nil || bodies() != before || again.tally.Copied != 4 {
		t.Errorf("a try too early read %d more: %v, %+v", bodies()-before, again.err, again.tally)
	}
	later += e.RetryAfter
	second := s.run(t.Context())
	if e = errorOf(second.err); e == nil || second.tally.Copied != 8 {
		t.Fatalf("a day later: %v, %+v", second.err, second.tally)
	}
	later += e.RetryAfter
	if last := s.mustRun(); last.tally.Copied != 10 || last.codes("day_limit") != 0 {
		t.Errorf("two days later: %+v%s", last.tally, last.log())
	}
	for folder := range 5 {
		s.wantFolders(map[string]int{fmt.Sprint("Label ", folder): 2})
	}
	s.checkAgain() // a pass that reads nothing is not held up
}

// A message larger than the limit comes alone; other servers have no limit (M-5).
func TestDayLimitHoldsNothingUpForEver(t *testing.T) {
	g := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	g.deliver(strings.Repeat("x", 900), `\Inbox`)
	g.dayLimit = 10
	g.mustRun()
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fillOdd()
	s.dayLimit = 10
	s.mustRun()
	s.checkWhole()
}
