package imapsync_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
