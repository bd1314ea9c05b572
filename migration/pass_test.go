package migration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests, wherever they run
)

// at reads an instant in the zone of the specification's readers; the zone is
// an argument of every rule, never the machine's.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone(t, "Europe/Rome"))
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// codes writes problems as "field:code field:code", sorted.
func codes(problems []Problem) string {
	var all []string
	for _, p := range problems {
		all = append(all, strings.TrimPrefix(p.Field+":"+p.Code, ":"))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestPlanPassesKeepsTheRulesOfTheTwoDates(t *testing.T) {
	now := at(t, "2026-11-23 13:42:30")
	date := func(text string) FirstStart { return FirstStart{At: at(t, text)} }
	soonest := FirstStart{Soonest: true}
	tests := []struct {
		name           string
		first          FirstStart
		second         time.Time
		problems, warn string
	}{
		{"six hours apart", date("2026-11-23 14:00:00"), at(t, "2026-11-23 20:00:00"), "", ""},
		{"exactly 23 hours apart", date("2026-11-23 14:00:00"), at(t, "2026-11-24 13:00:00"), "", ""},
		{"a second over 23 hours", date("2026-11-23 14:00:00"), at(t, "2026-11-24 13:00:01"), "second:plan.gap", ""},
		{"exactly four hours need no warning", date("2026-11-23 14:00:00"), at(t, "2026-11-23 18:00:00"), "", ""},
		{"a second under four hours", date("2026-11-23 14:00:00"), at(t, "2026-11-23 17:59:59"), "", "second:plan.gap_short"},
		{"both at once", date("2026-11-23 14:00:00"), at(t, "2026-11-23 14:00:00"), "second:plan.order", ""},
		{"second before first", date("2026-11-23 14:00:00"), at(t, "2026-11-23 13:50:00"), "second:plan.order", ""},
		{"this minute is not past", date("2026-11-23 13:42:00"), at(t, "2026-11-23 20:00:00"), "", ""},
		{"the minute before is", date("2026-11-23 13:41:00"), at(t, "2026-11-23 20:00:00"), "first:plan.past", ""},
		{"a past first and a late second", date("2026-11-22 13:00:00"), at(t, "2026-11-23 20:00:00"), "first:plan.past second:plan.gap", ""},
		{"as soon as possible", soonest, at(t, "2026-11-23 20:00:00"), "", ""},
		{"as soon as possible, 23 hours from now", soonest, now.Add(23 * time.Hour), "", ""},
		{"as soon as possible, too late", soonest, now.Add(23*time.Hour + time.Second), "second:plan.gap", ""},
		{"as soon as possible, second gone by", soonest, now.Add(-time.Hour), "second:plan.order", ""},
		{"first left empty", FirstStart{}, at(t, "2026-11-23 20:00:00"), "first:plan.missing", ""},
		{"second left empty", soonest, time.Time{}, "second:plan.missing", ""},
		{"both left empty", FirstStart{}, time.Time{}, "first:plan.missing second:plan.missing", ""},
		{"second empty, first past", date("2026-11-23 10:00:00"), time.Time{}, "first:plan.past second:plan.missing", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			passes, problems, warnings := PlanPasses(DefaultPolicy(), now, tt.first, tt.second)
			if codes(problems) != tt.problems || codes(warnings) != tt.warn {
				t.Errorf("problems %q, warnings %q; want %q, %q", codes(problems), codes(warnings), tt.problems, tt.warn)
			}
			if (len(passes) == 2) != (tt.problems == "") {
				t.Errorf("%d passes beside the problems %q", len(passes), codes(problems))
			}
		})
	}
}

func TestPlanPassesReturnsTwoPlannedPasses(t *testing.T) {
	now, first := at(t, "2026-11-23 13:42:00"), at(t, "2026-11-23 22:00:00")
	second := DefaultPolicy().OfferedSecond(first)
	for name, start := range map[string]struct {
		first FirstStart
		want  time.Time
	}{
		"a date":              {FirstStart{At: first}, first},
		"as soon as possible": {FirstStart{Soonest: true}, now},
	} {
		passes, _, _ := PlanPasses(DefaultPolicy(), now, start.first, second)
		want := []Pass{
			{Number: 1, Status: PassPlanned, PlannedAt: start.want},
			{Number: 2, Status: PassPlanned, PlannedAt: second},
		}
		if !slices.Equal(passes, want) {
			t.Errorf("%s: %+v, want %+v", name, passes, want)
		}
	}
}

func TestPlanProblemsCarryTheirFacts(t *testing.T) {
	now, first := at(t, "2026-11-23 13:42:00"), at(t, "2026-11-23 14:00:00")
	_, problems, _ := PlanPasses(DefaultPolicy(), now, FirstStart{At: first}, first.Add(30*time.Hour))
	if args := problems[0].Args; args["hours"] != 23.0 || args["latest"] != first.Add(23*time.Hour) {
		t.Errorf("too late: %v", args)
	}
	_, _, warnings := PlanPasses(DefaultPolicy(), now, FirstStart{At: first}, first.Add(time.Hour))
	if warnings[0].Args["hours"] != 4.0 {
		t.Errorf("too soon: %v", warnings[0].Args)
	}
	_, problems, _ = PlanPasses(DefaultPolicy(), now, FirstStart{At: now.Add(-time.Hour)}, now.Add(time.Hour))
	if problems[0].Args["at"] != now.Add(-time.Hour) {
		t.Errorf("past: %v", problems[0].Args)
	}
}

func TestPlanPassesObeysThePolicy(t *testing.T) {
	policy := DefaultPolicy()
	policy.MaxGap, policy.AdvisedGap, policy.DefaultGap = 10*time.Hour, 2*time.Hour, 5*time.Hour
	now := at(t, "2026-11-23 13:42:00")
	for hours, want := range map[int]string{1: " second:plan.gap_short", 2: " ", 10: " ", 11: "second:plan.gap "} {
		_, problems, warnings := PlanPasses(policy, now, FirstStart{Soonest: true}, now.Add(time.Duration(hours)*time.Hour))
		if got := codes(problems) + " " + codes(warnings); got != want {
			t.Errorf("%d hours: %q, want %q", hours, got, want)
		}
	}
	if got := policy.OfferedSecond(now).Sub(now); got != 5*time.Hour {
		t.Errorf("offered after %v", got)
	}
}

// On the night the clock goes forward 23 hours end at a wall-clock time 24
// hours later; on the night it goes back, at one 22 hours later.
func TestTheGapIsMeasuredOnInstants(t *testing.T) {
	tests := []struct {
		name, first, second string
		gap                 time.Duration
		want                string
	}{
		{"forward, wall clocks 24 h apart", "2026-03-28T20:00", "2026-03-29T20:00", 23 * time.Hour, ""},
		{"forward, wall clocks 24 h and a minute apart", "2026-03-28T20:00", "2026-03-29T20:01", 23*time.Hour + time.Minute, "second:plan.gap"},
		{"back, wall clocks 22 h apart", "2026-10-24T20:00", "2026-10-25T18:00", 23 * time.Hour, ""},
		{"back, wall clocks 23 h apart", "2026-10-24T20:00", "2026-10-25T19:00", 24 * time.Hour, "second:plan.gap"},
		{"an ordinary night", "2026-11-23T20:00", "2026-11-24T19:00", 23 * time.Hour, ""},
	}
	rome := zone(t, "Europe/Rome")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, _, _ := ParseLocal("first", tt.first, rome)
			second, _, _ := ParseLocal("second", tt.second, rome)
			_, problems, _ := PlanPasses(DefaultPolicy(), first.Add(-time.Hour), FirstStart{At: first}, second)
			if got := second.Sub(first); got != tt.gap || codes(problems) != tt.want {
				t.Errorf("gap %v, problems %q; want %v, %q", got, codes(problems), tt.gap, tt.want)
			}
		})
	}
	first := at(t, "2026-03-28 20:00:00")
	if got := DefaultPolicy().LatestSecond(first).Format("02 15:04"); got != "29 20:00" {
		t.Errorf("latest second pass of the short night: %s", got)
	}
}

func planned(first, second time.Time) []Pass {
	return []Pass{
		{Number: 1, Status: PassPlanned, PlannedAt: first},
		{Number: 2, Status: PassPlanned, PlannedAt: second},
	}
}

func TestPlanWhenValid(t *testing.T) {
	asked := at(t, "2026-11-23 14:00:00")
	tests := []struct {
		name                string
		first, second, late time.Duration // from asked
		wantFirst, wantNext time.Duration
	}{
		{"a check of three minutes leaves the second as chosen", 0, 17 * time.Hour, 3 * time.Minute, 3 * time.Minute, 17 * time.Hour},
		{"a day of corrections moves both", 0, 6 * time.Hour, 26 * time.Hour, 26 * time.Hour, 32 * time.Hour},
		{"four hours left are enough", 0, 6 * time.Hour, 2 * time.Hour, 2 * time.Hour, 6 * time.Hour},
		{"a minute less is not", 0, 6 * time.Hour, 2*time.Hour + time.Minute, 2*time.Hour + time.Minute, 8*time.Hour + time.Minute},
		{"a short distance is kept, not stretched", 0, time.Hour, 10 * time.Minute, 10 * time.Minute, 70 * time.Minute},
		{"valid at the very moment", time.Hour, 7 * time.Hour, time.Hour, time.Hour, 7 * time.Hour},
		{"valid before the date", 8 * time.Hour, 14 * time.Hour, time.Hour, 8 * time.Hour, 14 * time.Hour},
		{"valid after the date", 8 * time.Hour, 14 * time.Hour, 13 * time.Hour, 13 * time.Hour, 19 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := planned(asked.Add(tt.first), asked.Add(tt.second))
			after := PlanWhenValid(DefaultPolicy(), before, asked.Add(tt.late))
			if want := planned(asked.Add(tt.wantFirst), asked.Add(tt.wantNext)); !slices.Equal(after, want) {
				t.Errorf("%+v, want %+v", after, want)
			}
			if !before[0].PlannedAt.Equal(asked.Add(tt.first)) {
				t.Error("the argument was changed")
			}
			if gap := after[1].PlannedAt.Sub(after[0].PlannedAt); gap > 23*time.Hour {
				t.Errorf("gap is %v now", gap)
			}
		})
	}
	if got := PlanWhenValid(DefaultPolicy(), nil, asked); len(got) != 0 {
		t.Errorf("of nothing came %v", got)
	}
}

func TestMoveSecond(t *testing.T) {
	first := at(t, "2026-11-23 08:00:00")
	hours := func(h float64) time.Time { return first.Add(time.Duration(h * float64(time.Hour))) }
	tests := []struct {
		name           string
		second, now    time.Time
		to, want       time.Time
		problems, warn string
	}{
		{"later, for two TTLs", hours(6), hours(5), hours(9), hours(9), "", ""},
		{"as late as can be", hours(6), hours(5), hours(23), hours(23), "", ""},
		{"beyond the 23 hours", hours(6), hours(5), hours(23.5), hours(6), "second:plan.gap", ""},
		{"forward", hours(6), hours(4.5), hours(5), hours(5), "", ""},
		{"now", hours(12), hours(5), hours(5), hours(5), "", ""},
		{"now, while pass 1 is young, is allowed with a warning", hours(6), hours(1), hours(1), hours(1), "", "second:plan.gap_short"},
		{"into the past", hours(6), hours(5), hours(4), hours(6), "second:plan.past", ""},
		{"before pass 1 starts", hours(6), hours(-2), hours(-1), hours(6), "second:plan.order", ""},
		{"to nothing", hours(6), hours(5), time.Time{}, hours(6), "second:plan.missing", ""},
		{"due, put off", hours(6), hours(7), hours(8), hours(6), "second:plan.only_forward", ""},
		{"due, put off within the 23 hours by a minute", hours(6), hours(6), hours(6).Add(time.Minute), hours(6), "second:plan.only_forward", ""},
		{"due, asked for now", hours(6), hours(7), hours(7), hours(6), "", ""},
		{"due and long over 23 hours, asked for now", hours(6), hours(30), hours(30), hours(6), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			passes := planned(first, tt.second)
			passes[0].Status = PassRunning
			moved, problems, warnings := MoveSecond(DefaultPolicy(), passes, tt.to, tt.now)
			if !moved.PlannedAt.Equal(tt.want) || moved.Number != 2 {
				t.Errorf("pass %d at %v, want pass 2 at %v", moved.Number, moved.PlannedAt, tt.want)
			}
			if codes(problems) != tt.problems || codes(warnings) != tt.warn {
				t.Errorf("problems %q, warnings %q; want %q, %q", codes(problems), codes(warnings), tt.problems, tt.warn)
			}
		})
	}
}

func TestMoveSecondOnlyWhileItIsPlanned(t *testing.T) {
	first := at(t, "2026-11-23 08:00:00")
	for _, status := range PassStatuses() {
		passes := planned(first, first.Add(6*time.Hour))
		passes[1].Status = status
		_, problems, _ := MoveSecond(DefaultPolicy(), passes, first.Add(7*time.Hour), first.Add(5*time.Hour))
		if refused := codes(problems) == "second:plan.started"; refused == (status == PassPlanned) {
			t.Errorf("%s: problems %q", status, codes(problems))
		}
	}
	_, problems, _ := MoveSecond(DefaultPolicy(), planned(first, first)[:1], first, first)
	if codes(problems) != "second:plan.started" {
		t.Errorf("without a pass 2: %q", codes(problems))
	}
}

func TestPlanStraggler(t *testing.T) {
	now := at(t, "2026-11-25 10:00:00")
	soonest := FirstStart{Soonest: true}
	tests := []struct {
		name     string
		statuses []PassStatus
		start    FirstStart
		want     string // the pass, or the problems
	}{
		{"after both", []PassStatus{PassDone, PassDone}, soonest, "3 at 25 10:00"},
		{"after a cancelled second", []PassStatus{PassDone, PassCancelled}, soonest, "3 at 25 10:00"},
		{"a fourth", []PassStatus{PassDone, PassDone, PassDone}, soonest, "4 at 25 10:00"},
		{"at a date, not bound to the 23 hours", []PassStatus{PassDone, PassDone}, FirstStart{At: now.AddDate(0, 0, 2)}, "3 at 27 10:00"},
		{"in the past", []PassStatus{PassDone, PassDone}, FirstStart{At: now.Add(-time.Hour)}, "start:plan.past"},
		{"at no time", []PassStatus{PassDone, PassDone}, FirstStart{}, "start:plan.missing"},
		{"while the second waits", []PassStatus{PassDone, PassPlanned}, soonest, "plan.pass_open"},
		{"while the second runs", []PassStatus{PassDone, PassRunning}, soonest, "plan.pass_open"},
		{"while the second is paused", []PassStatus{PassDone, PassPaused}, soonest, "plan.pass_open"},
		{"while the third is interrupted", []PassStatus{PassDone, PassDone, PassInterrupted}, soonest, "plan.pass_open"},
		{"before anything was planned", nil, soonest, "plan.pass_open"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pass, problems := PlanStraggler(withStatuses(now, tt.statuses...), tt.start, now)
			got := codes(problems)
			if len(problems) == 0 {
				got = fmt.Sprintf("%d at %s", pass.Number, pass.PlannedAt.Format("02 15:04"))
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if len(problems) == 0 && (pass.MigrationID != 7 || pass.Status != PassPlanned) {
				t.Errorf("%+v", pass)
			}
		})
	}
}

// withStatuses returns passes of migration 7, an hour apart, the first at start.
func withStatuses(start time.Time, statuses ...PassStatus) []Pass {
	var passes []Pass
	for i, status := range statuses {
		passes = append(passes, Pass{
			MigrationID: 7, Number: i + 1, Status: status,
			PlannedAt: start.Add(time.Duration(i) * time.Hour),
		})
	}
	return passes
}

func TestCurrentIsTheFirstPassThatHasNotEnded(t *testing.T) {
	tests := []struct {
		name     string
		statuses []PassStatus
		want     int
	}{
		{"none planned", nil, 0},
		{"nothing started", []PassStatus{PassPlanned, PassPlanned}, 1},
		{"first paused", []PassStatus{PassPaused, PassPlanned}, 1},
		{"first done", []PassStatus{PassDone, PassPlanned}, 2},
		{"first cancelled", []PassStatus{PassCancelled, PassInterrupted}, 2},
		{"a straggler pass", []PassStatus{PassDone, PassDone, PassRunning}, 3},
		{"all ended", []PassStatus{PassDone, PassCancelled}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pass, open := Current(withStatuses(time.Time{}, tt.statuses...))
			if pass.Number != tt.want || open != (tt.want > 0) {
				t.Errorf("pass %d, %v; want %d", pass.Number, open, tt.want)
			}
		})
	}
}

func TestDueIsAPlannedPassFromItsInstantOn(t *testing.T) {
	start := at(t, "2026-11-23 14:00:00")
	for _, status := range PassStatuses() {
		pass := Pass{Status: status, PlannedAt: start}
		for offset, come := range map[time.Duration]bool{-time.Nanosecond: false, 0: true, time.Hour: true} {
			if got, want := pass.Due(start.Add(offset)), come && status == PassPlanned; got != want {
				t.Errorf("%s, %v after its time: due is %v", status, offset, got)
			}
		}
	}
}

func TestCheckAtOnce(t *testing.T) {
	now := at(t, "2026-11-23 14:00:00")
	scheduled := Migration{Validity: Valid, Passes: planned(now.Add(time.Hour), now.Add(7*time.Hour))}
	over := Migration{Validity: Valid, Passes: withStatuses(now, PassDone, PassDone)}
	idle := []Migration{{Validity: Draft}, {Validity: Invalid}, {Validity: Cancelled}, over}
	tests := []struct {
		name    string
		planned int
		want    string
	}{
		{"the first", 0, ""},
		{"the fifth", 4, ""},
		{"the sixth", 5, "plan.at_once"},
		{"far too many, after the limit was lowered", 9, "plan.at_once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := append(slices.Repeat([]Migration{scheduled}, tt.planned), idle...)
			problems := CheckAtOnce(DefaultPolicy(), all, now)
			if codes(problems) != tt.want {
				t.Fatalf("%q, want %q", codes(problems), tt.want)
			}
			if tt.want != "" && (problems[0].Args["count"] != tt.planned || problems[0].Args["max"] != 5) {
				t.Errorf("args %v", problems[0].Args)
			}
		})
	}
}
