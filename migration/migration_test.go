package migration

import (
	"strings"
	"testing"
	"time"
)

var clean = RunSummary{Runs: 2, Tally: Tally{Listed: 9, Copied: 4, Present: 5}}

// Every pair of statuses of the two passes of a valid migration, before their
// times (f: future) and after (d: due). Rows are pass 1, columns pass 2.
const phaseTable = `
	1\2          planned·f          planned·d   running    paused     interrupted done               cancelled
	planned·f    scheduled          scheduled   scheduled  scheduled  scheduled   scheduled          scheduled
	planned·d    running_1          running_1   running_1  running_1  running_1   running_1          running_1
	running      running_1          running_1   running_1  running_1  running_1   running_1          running_1
	paused       running_1          running_1   running_1  running_1  running_1   running_1          running_1
	interrupted  running_1          running_1   running_1  running_1  running_1   running_1          running_1
	done         awaiting_cut_over  running_2   running_2  running_2  running_2   finished           finished_with_exceptions
	cancelled    scheduled          running_2   running_2  running_2  running_2   finished           cancelled`

func TestPhaseOfEveryCombination(t *testing.T) {
	now := at(t, "2026-11-23 14:00:00")
	lines := strings.Split(strings.TrimSpace(phaseTable), "\n")
	columns := strings.Fields(lines[0])[1:]
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(columns)+1 {
			t.Fatalf("%d cells in %q", len(cells), line)
		}
		for i, column := range columns {
			passes := []Pass{passLike(1, cells[0], now), passLike(2, column, now)}
			for _, validity := range append(Validities(), "", "unheard of") {
				want := Phase(cells[i+1])
				if other, fixed := phaseByValidity(validity); fixed {
					want = other
				}
				m := Migration{Validity: validity, Passes: passes}
				if got := m.Phase(now); got != want {
					t.Errorf("%q, pass 1 %s, pass 2 %s: %s, want %s", validity, cells[0], column, got, want)
				}
			}
		}
	}
}

// phaseByValidity is the phase of a migration that is not valid, whatever its
// passes are.
func phaseByValidity(v Validity) (Phase, bool) {
	switch v {
	case Valid:
		return "", false
	case Validating:
		return PhaseValidating, true
	case Invalid:
		return PhaseInvalid, true
	case Cancelled:
		return PhaseCancelled, true
	}
	return PhaseDraft, true
}

// passLike makes a pass from a word of the table: a status, and f or d.
func passLike(number int, word string, now time.Time) Pass {
	status, when, _ := strings.Cut(word, "·")
	pass := Pass{Number: number, Status: PassStatus(status), PlannedAt: now, Runs: clean}
	if when == "f" {
		pass.PlannedAt = now.Add(time.Nanosecond)
	}
	return pass
}

func TestPhaseWithPassesForStragglers(t *testing.T) {
	now := at(t, "2026-11-23 14:00:00")
	tests := []struct {
		name, passes string
		want         Phase
	}{
		{"none planned", "", PhaseDraft},
		{"one alone, planned", "planned·f", PhaseScheduled},
		{"one alone, done", "done", PhaseFinished},
		{"third waits", "done done planned·f", PhaseScheduled},
		{"third is due", "done done planned·d", PhaseRunningMore},
		{"third runs", "done done running", PhaseRunningMore},
		{"third is paused", "done done paused", PhaseRunningMore},
		{"third is interrupted", "done cancelled interrupted", PhaseRunningMore},
		{"third is done", "done done done", PhaseFinished},
		{"third is done after a cancelled second", "done cancelled done", PhaseFinished},
		{"third is cancelled", "done done cancelled", PhaseExceptions},
		{"fourth runs", "done done done running", PhaseRunningMore},
		{"all three cancelled", "cancelled cancelled cancelled", PhaseCancelled},
		{"third waits and second still runs", "done running planned·d", PhaseRunning2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Migration{Validity: Valid}
			for i, word := range strings.Fields(tt.passes) {
				m.Passes = append(m.Passes, passLike(i+1, word, now))
			}
			if got := m.Phase(now); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// "Finished" alone is a promise: nothing was left out.
func TestFinishedAloneMeansNothingWasLeftOut(t *testing.T) {
	tests := []struct {
		name          string
		first, second RunSummary
		want          Phase
	}{
		{"both clean", clean, clean, PhaseFinished},
		{"failed in the first, copied in the second", RunSummary{Runs: 1, Tally: Tally{Listed: 1, Failed: 1}}, clean, PhaseFinished},
		{"one message skipped", clean, RunSummary{Runs: 1, Tally: Tally{Listed: 2, Present: 1, Skipped: 1}}, PhaseExceptions},
		{"one message failed", clean, RunSummary{Runs: 1, Tally: Tally{Listed: 2, Present: 1, Failed: 1}}, PhaseExceptions},
		{"one run failed", clean, RunSummary{Runs: 2, Failed: 1}, PhaseExceptions},
		{"one run parked", clean, RunSummary{Runs: 2, Parked: 1}, PhaseExceptions},
		{"one run cancelled", clean, RunSummary{Runs: 2, Cancelled: 1}, PhaseExceptions},
		{"a parked run is trying again", clean, RunSummary{Runs: 2, Open: 1, AtWork: 1}, PhaseExceptions},
		{"the sums do not add up", clean, RunSummary{Runs: 1, Tally: Tally{Listed: 2, Present: 1}}, PhaseExceptions},
		{"the runs were not counted", clean, RunSummary{}, PhaseExceptions},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Migration{Validity: Valid, Passes: withStatuses(time.Time{}, PassDone, PassDone)}
			m.Passes[0].Runs, m.Passes[1].Runs = tt.first, tt.second
			if got := m.Phase(time.Time{}); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestCountsAtOnce(t *testing.T) {
	now := at(t, "2026-11-23 14:00:00")
	tests := map[Phase]struct {
		validity Validity
		passes   string
		want     bool
	}{
		PhaseDraft:       {Draft, "", false},
		PhaseValidating:  {Validating, "planned·f planned·f", true},
		PhaseInvalid:     {Invalid, "planned·f planned·f", false},
		PhaseScheduled:   {Valid, "planned·f planned·f", true},
		PhaseRunning1:    {Valid, "running planned·f", true},
		PhaseCutOver:     {Valid, "done planned·f", true},
		PhaseRunning2:    {Valid, "done paused", true},
		PhaseRunningMore: {Valid, "done done running", true},
		PhaseFinished:    {Valid, "done done", false},
		PhaseExceptions:  {Valid, "done cancelled", false},
		PhaseCancelled:   {Cancelled, "done planned·f", false},
	}
	for phase, tt := range tests {
		m := Migration{Validity: tt.validity}
		for i, word := range strings.Fields(tt.passes) {
			m.Passes = append(m.Passes, passLike(i+1, word, now))
		}
		if got := m.Phase(now); got != phase {
			t.Errorf("%s %s: phase %s, want %s", tt.validity, tt.passes, got, phase)
		}
		if got := m.CountsAtOnce(now); got != tt.want {
			t.Errorf("%s: counts is %v", phase, got)
		}
	}
}

func TestDuePass(t *testing.T) {
	now := at(t, "2026-11-23 14:00:00")
	tests := []struct {
		name     string
		validity Validity
		passes   string
		want     int // 0: none
	}{
		{"not yet", Valid, "planned·f planned·f", 0},
		{"the first at its time", Valid, "planned·d planned·f", 1},
		{"never before it is valid", Validating, "planned·d planned·f", 0},
		{"never when it is not valid", Invalid, "planned·d planned·f", 0},
		{"never when it was cancelled", Cancelled, "interrupted planned·f", 0},
		{"the second waits for the end of the first", Valid, "running planned·d", 0},
		{"the second waits for a paused first", Valid, "paused planned·d", 0},
		{"an interrupted first goes on before the second", Valid, "interrupted planned·d", 1},
		{"the second at its time", Valid, "done planned·d", 2},
		{"the second after a cancelled first", Valid, "cancelled planned·d", 2},
		{"the second, interrupted", Valid, "done interrupted", 2},
		{"a straggler pass", Valid, "done done planned·d", 3},
		{"nothing left", Valid, "done done", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Migration{Validity: tt.validity}
			for i, word := range strings.Fields(tt.passes) {
				m.Passes = append(m.Passes, passLike(i+1, word, now))
			}
			pass, due := m.DuePass(now)
			if pass.Number != tt.want || due != (tt.want > 0) {
				t.Errorf("pass %d, %v; want %d", pass.Number, due, tt.want)
			}
		})
	}
}

func TestCanDeleteAndCancelUnlessAtWork(t *testing.T) {
	for _, validity := range Validities() {
		for _, first := range PassStatuses() {
			for _, second := range PassStatuses() {
				m := Migration{Validity: validity, Passes: withStatuses(time.Time{}, first, second)}
				idle := first != PassRunning && second != PassRunning
				if got := m.CanDelete(); got != idle {
					t.Errorf("%s %s %s: can delete is %v", validity, first, second, got)
				}
				if got, want := m.CanCancel(), idle && validity != Cancelled; got != want {
					t.Errorf("%s %s %s: can cancel is %v", validity, first, second, got)
				}
			}
		}
	}
	retrying := Migration{Validity: Valid, Passes: withStatuses(time.Time{}, PassDone, PassPlanned)}
	retrying.Passes[0].Runs = RunSummary{Runs: 2, Open: 1, AtWork: 1}
	if retrying.CanDelete() || retrying.CanCancel() {
		t.Error("deleted or cancelled under a parked run that is trying again")
	}
	retrying.Passes[0].Runs = RunSummary{Runs: 2, Parked: 1}
	if !retrying.CanDelete() {
		t.Error("a parked run keeps the migration from being deleted")
	}
	if !(Migration{Validity: Draft}).CanDelete() {
		t.Error("a draft cannot be deleted")
	}
}

func TestExpiryAndTheEndOfSecrets(t *testing.T) {
	day := func(d int) time.Time { return at(t, "2026-11-01 12:00:00").Add(time.Duration(d) * 24 * time.Hour) }
	pass := func(status PassStatus, planned, ended int) Pass {
		p := Pass{Status: status, PlannedAt: day(planned), Runs: clean}
		if ended > 0 {
			p.EndedAt = day(ended)
		}
		return p
	}
	parked := pass(PassDone, 2, 3)
	parked.Runs = RunSummary{Runs: 2, Parked: 1}
	retrying := parked
	retrying.Runs = RunSummary{Runs: 2, Open: 1, AtWork: 1}
	tests := []struct {
		name     string
		validity Validity
		passes   []Pass
		expires  int
		secrets  int // day they end; -1: they are still needed
	}{
		{"a draft, from its last change", Draft, nil, 31, -1},
		{"not valid, from its last change, whatever was planned", Invalid, []Pass{pass(PassPlanned, 20, 0)}, 31, -1},
		{"both ended, from the end of the last", Valid, []Pass{pass(PassDone, 1, 2), pass(PassDone, 2, 5)}, 35, 8},
		{"a pass for stragglers ended in time", Valid, []Pass{pass(PassDone, 1, 2), pass(PassDone, 2, 5), pass(PassDone, 6, 6)}, 36, 8},
		{"a pass for stragglers ended late", Valid, []Pass{pass(PassDone, 1, 2), pass(PassDone, 2, 5), pass(PassDone, 6, 9)}, 39, 9},
		{"the first ended last, being parked for long", Valid, []Pass{pass(PassDone, 1, 6), pass(PassCancelled, 2, 5)}, 36, 6},
		{"the second is planned far away", Valid, []Pass{pass(PassDone, 1, 2), pass(PassPlanned, 40, 0)}, 70, -1},
		{"the first is planned far away", Valid, []Pass{pass(PassPlanned, 40, 0), pass(PassPlanned, 41, 0)}, 70, -1},
		{"the second is paused", Valid, []Pass{pass(PassDone, 1, 4), pass(PassPaused, 2, 0)}, 34, -1},
		{"cancelled, its passes never ended", Cancelled, []Pass{pass(PassPlanned, 40, 0)}, 31, 1},
		{"cancelled between the passes", Cancelled, []Pass{pass(PassDone, 1, 2), pass(PassCancelled, 40, 4)}, 34, 1},
		{"a parked run will try again", Valid, []Pass{pass(PassDone, 1, 2), parked}, 33, 6},
		{"a parked run is trying again", Valid, []Pass{pass(PassDone, 1, 2), retrying}, 33, 6},
		{"ended at nobody knows when, from the last change", Valid, []Pass{pass(PassDone, 1, 0)}, 31, -1},
		{"a parked run of a pass that a later one made up for", Valid, []Pass{parked, pass(PassDone, 2, 5)}, 35, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Migration{Validity: tt.validity, Passes: tt.passes, CreatedAt: day(0), ChangedAt: day(1)}
			if got := m.ExpiresAt(DefaultPolicy()); !got.Equal(day(tt.expires)) {
				t.Errorf("expires %v, want %v", got, day(tt.expires))
			}
			end, known := m.SecretsEndAt(DefaultPolicy())
			if known != (tt.secrets >= 0) || known && !end.Equal(day(tt.secrets)) {
				t.Errorf("secrets end %v, %v; want day %d", end, known, tt.secrets)
			}
		})
	}
}

func TestSecretsEndAtOnceWhereThePolicySaysSo(t *testing.T) {
	end := at(t, "2026-11-23 20:00:00")
	m := Migration{Validity: Valid, Passes: withStatuses(end.Add(-time.Hour), PassDone)}
	m.Passes[0].EndedAt, m.Passes[0].Runs = end, RunSummary{Runs: 1, Parked: 1}
	policy := DefaultPolicy()
	for _, keep := range []time.Duration{0, time.Hour, 72 * time.Hour} {
		policy.KeepSecretsFor = keep
		if got, known := m.SecretsEndAt(policy); !known || !got.Equal(end.Add(keep)) {
			t.Errorf("kept %v: %v, %v", keep, got, known)
		}
	}
}

func TestExpiredOnTheDayAndNeverWhileRunning(t *testing.T) {
	changed := at(t, "2026-11-01 12:00:00")
	for _, first := range PassStatuses() {
		m := Migration{Validity: Valid, ChangedAt: changed, Passes: withStatuses(changed, first)}
		if first.Ended() {
			m.Passes[0].EndedAt = changed
		}
		for late, old := range map[time.Duration]bool{-time.Second: false, 0: true, 1000 * time.Hour: true} {
			want := old && first != PassRunning
			if got := m.Expired(DefaultPolicy(), changed.Add(30*24*time.Hour+late)); got != want {
				t.Errorf("%s, %v late: expired is %v", first, late, got)
			}
		}
	}
}

// What the tables above write by hand are the same words that are stored.
func TestStoredWordsAreShortAndLowerCase(t *testing.T) {
	var words []string
	for _, v := range Validities() {
		words = append(words, string(v))
	}
	for _, s := range PassStatuses() {
		words = append(words, string(s))
	}
	for _, s := range RunStatuses() {
		words = append(words, string(s))
	}
	for _, word := range words {
		if word == "" || len(word) > 12 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q is stored", word)
		}
	}
}
