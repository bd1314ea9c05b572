package migration

import (
	"slices"
	"strings"
	"testing"
)

// The arrows as the architecture draws them, one line per status: everything
// that is not written here must be refused.
const (
	validityArrows = `
		draft      → validating cancelled
		validating → valid invalid cancelled
		valid      → cancelled
		invalid    → validating cancelled
		cancelled  →`
	passArrows = `
		planned     → running cancelled
		running     → done interrupted paused
		paused      → running cancelled
		interrupted → running cancelled
		done        →
		cancelled   →`
	runArrows = `
		waiting     → connecting cancelled
		connecting  → copying parked failed interrupted cancelled
		copying     → done parked failed interrupted cancelled
		interrupted → connecting cancelled
		parked      → connecting cancelled
		done        →
		failed      →
		cancelled   →`
	checkArrows = `
		waiting → running
		running → passed failed waiting
		passed  → waiting
		failed  → waiting`
)

// readArrows returns the statuses in the order of their lines, and what each
// may become.
func readArrows(t *testing.T, text string) (from []string, to map[string][]string) {
	t.Helper()
	to = map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		name, next, ok := strings.Cut(line, "→")
		if !ok {
			t.Fatalf("no arrow in %q", line)
		}
		name = strings.TrimSpace(name)
		from, to[name] = append(from, name), strings.Fields(next)
	}
	return from, to
}

// testMachine tries every pair of statuses, an unknown one and the empty one
// included.
func testMachine[S ~string](t *testing.T, all []S, arrows string, can func(from, to S) bool) {
	t.Helper()
	statuses, allowed := readArrows(t, arrows)
	if len(all) != len(statuses) {
		t.Fatalf("%d statuses, %d lines of arrows", len(all), len(statuses))
	}
	for _, from := range append(all, "", "unheard of") {
		for _, to := range append(all, "", "unheard of") {
			want := slices.Contains(allowed[string(from)], string(to))
			if got := can(from, to); got != want {
				t.Errorf("%q → %q: allowed is %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestValidityMovesAlongItsArrowsOnly(t *testing.T) {
	testMachine(t, Validities(), validityArrows, Validity.CanBecome)
}

func TestPassMovesAlongItsArrowsOnly(t *testing.T) {
	testMachine(t, PassStatuses(), passArrows, PassStatus.CanBecome)
}

func TestRunMovesAlongItsArrowsOnly(t *testing.T) {
	testMachine(t, RunStatuses(), runArrows, RunStatus.CanBecome)
}

func TestACheckMovesAlongItsArrowsOnly(t *testing.T) {
	testMachine(t, CheckStatuses(), checkArrows, CheckStatus.CanBecome)
}

func TestEndedIsWhereNoArrowLeavesFrom(t *testing.T) {
	for _, s := range append(PassStatuses(), "", "unheard of") {
		if got, want := s.Ended(), s == PassDone || s == PassCancelled; got != want {
			t.Errorf("pass %q: ended is %v, want %v", s, got, want)
		}
	}
	for _, s := range append(RunStatuses(), "", "unheard of") {
		if got, want := s.Ended(), s == RunDone || s == RunFailed || s == RunCancelled; got != want {
			t.Errorf("run %q: ended is %v, want %v", s, got, want)
		}
	}
}

// A tick must be able to get every pass and run from its first status to every
// other one, or a status is dead.
func TestEveryStatusCanBeReached(t *testing.T) {
	if got := reach(PassPlanned, PassStatuses(), PassStatus.CanBecome); got != len(PassStatuses()) {
		t.Errorf("%d pass statuses are reached", got)
	}
	if got := reach(RunWaiting, RunStatuses(), RunStatus.CanBecome); got != len(RunStatuses()) {
		t.Errorf("%d run statuses are reached", got)
	}
	if got := reach(Draft, Validities(), Validity.CanBecome); got != len(Validities()) {
		t.Errorf("%d validities are reached", got)
	}
	if got := reach(CheckWaiting, CheckStatuses(), CheckStatus.CanBecome); got != len(CheckStatuses()) {
		t.Errorf("%d check statuses are reached", got)
	}
}

func reach[S comparable](first S, all []S, can func(from, to S) bool) int {
	seen, queue := map[S]bool{first: true}, []S{first}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, to := range all {
			if can(from, to) && !seen[to] {
				seen[to], queue = true, append(queue, to)
			}
		}
	}
	return len(seen)
}
