package migration

import (
	"testing"
	"time"
)

func TestOnlyTheFailuresOfTheLastPassThatIsDoneAreTriedAgain(t *testing.T) {
	now := at(t, "2026-11-23 20:00:00")
	pass := func(status PassStatus, planned time.Duration, runs RunSummary) Pass {
		return Pass{Status: status, PlannedAt: now.Add(planned), Runs: runs}
	}
	failed, message := RunSummary{Runs: 2, Failed: 1}, RunSummary{Runs: 2, Tally: Tally{Listed: 2, Copied: 1, Failed: 1}}
	tests := []struct {
		name     string
		validity Validity
		passes   []Pass
		want     int // number of the pass; 0: none
	}{
		{"a resource failed in pass 1, pass 2 waits", Valid, []Pass{pass(PassDone, -1, failed), pass(PassPlanned, 1, RunSummary{})}, 1},
		{"a message failed in pass 2", Valid, []Pass{pass(PassDone, -2, clean), pass(PassDone, -1, message)}, 2},
		{"pass 2 made up for pass 1", Valid, []Pass{pass(PassDone, -2, failed), pass(PassDone, -1, clean)}, 0},
		{"nothing failed", Valid, []Pass{pass(PassDone, -2, clean)}, 0},
		{"pass 2 is due and tries by itself", Valid, []Pass{pass(PassDone, -2, failed), pass(PassPlanned, 0, RunSummary{})}, 0},
		{"pass 2 runs", Valid, []Pass{pass(PassDone, -2, failed), pass(PassRunning, -1, failed)}, 0},
		{"pass 2 is paused", Valid, []Pass{pass(PassDone, -2, failed), pass(PassPaused, -1, failed)}, 0},
		{"the migration was cancelled", Cancelled, []Pass{pass(PassDone, -2, failed)}, 0},
		{"nothing has begun", Valid, []Pass{pass(PassPlanned, 1, RunSummary{})}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Migration{Validity: tt.validity, Passes: tt.passes}
			for i := range m.Passes {
				m.Passes[i].Number = i + 1
			}
			got, can := m.Retryable(now)
			if can != (tt.want > 0) || can && got.Number != tt.want {
				t.Errorf("pass %d, %v; want %d", got.Number, can, tt.want)
			}
		})
	}
}

func TestWhatHasEndedIsOpenedByAPersonOnly(t *testing.T) {
	for _, status := range PassStatuses() {
		if got, want := status.CanReopen(), status == PassDone; got != want {
			t.Errorf("a pass that is %s: %v", status, got)
		}
		if status.CanReopen() && !status.Ended() {
			t.Errorf("a pass that is %s has not ended", status)
		}
	}
	for _, status := range RunStatuses() {
		if got, want := status.CanReopen(), status == RunDone || status == RunFailed; got != want {
			t.Errorf("a run that is %s: %v", status, got)
		}
		if status.CanReopen() && !status.Ended() {
			t.Errorf("a run that is %s has not ended", status)
		}
	}
}

func TestOneMorePassComesAfterTheTwoOfTheWizard(t *testing.T) {
	start := at(t, "2026-11-23 20:00:00")
	tests := []struct {
		name     string
		validity Validity
		statuses []PassStatus
		want     bool
	}{
		{"both are over", Valid, []PassStatus{PassDone, PassDone}, true},
		{"a third is over too", Valid, []PassStatus{PassDone, PassDone, PassDone}, true},
		{"the second waits", Valid, []PassStatus{PassDone, PassPlanned}, false},
		{"a third runs", Valid, []PassStatus{PassDone, PassDone, PassRunning}, false},
		{"it was cancelled", Cancelled, []PassStatus{PassDone, PassCancelled}, false},
	}
	for _, tt := range tests {
		m := Migration{Validity: tt.validity, Passes: withStatuses(start, tt.statuses...)}
		if got := m.CanAddPass(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
