package migration

import "testing"

func TestSumRuns(t *testing.T) {
	tally := Tally{Listed: 10, Copied: 4, Present: 3, Skipped: 2, Failed: 1, Bytes: 100}
	want := map[RunStatus]RunSummary{
		RunWaiting:     {Open: 1},
		RunConnecting:  {Open: 1, AtWork: 1},
		RunCopying:     {Open: 1, AtWork: 1},
		RunInterrupted: {Open: 1},
		RunParked:      {Parked: 1},
		RunDone:        {},
		RunFailed:      {Failed: 1},
		RunCancelled:   {Cancelled: 1},
	}
	for _, status := range RunStatuses() {
		one := want[status]
		one.Runs, one.Tally = 1, tally
		if got := SumRuns([]Run{{Status: status, Tally: tally}}); got != one {
			t.Errorf("%s: %+v, want %+v", status, got, one)
		}
	}
	all := RunSummary{Runs: 8, Open: 4, AtWork: 2, Parked: 1, Failed: 1, Cancelled: 1}
	var runs []Run
	for _, status := range RunStatuses() {
		all.Tally, runs = all.Tally.Plus(tally), append(runs, Run{Status: status, Tally: tally})
	}
	if got := SumRuns(runs); got != all {
		t.Errorf("one of each: %+v, want %+v", got, all)
	}
}

// A pass is done when no run is waiting, connecting, copying or interrupted.
func TestParkedRunsDoNotHoldUpTheirPass(t *testing.T) {
	for _, status := range RunStatuses() {
		sum := SumRuns([]Run{{Status: RunDone}, {Status: status}})
		want := status == RunParked || status == RunDone || status == RunFailed || status == RunCancelled
		if got := sum.PassDone(); got != want {
			t.Errorf("with a run %s: pass done is %v", status, got)
		}
	}
}

func TestCleanOnlyIfEveryRunIsDoneAndNothingIsMissing(t *testing.T) {
	tests := []struct {
		name string
		runs []Run
		want bool
	}{
		{"no runs", nil, false},
		{"all copied", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Copied: 2}}}, true},
		{"empty mailbox", []Run{{Status: RunDone}}, true},
		{"all present", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Present: 2}}}, true},
		{"one skipped", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Copied: 1, Skipped: 1}}}, false},
		{"one failed", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Copied: 1, Failed: 1}}}, false},
		{"one unaccounted for", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Copied: 1}}}, false},
		{"one over and one under", []Run{{Status: RunDone, Tally: Tally{Listed: 2, Copied: 1, Failed: 1}}, {Status: RunDone}}, false},
	}
	for _, status := range RunStatuses() {
		tests = append(tests, struct {
			name string
			runs []Run
			want bool
		}{"beside one that is " + string(status), []Run{{Status: RunDone}, {Status: status}}, status == RunDone})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SumRuns(tt.runs).Clean(); got != tt.want {
				t.Errorf("clean is %v", got)
			}
		})
	}
}
