package migration

import "time"

// PassStatus says where one execution of a migration stands. The moves between
// the values stand in state.go.
type PassStatus string

// The statuses of a pass.
const (
	// PassPlanned: its time has not come, or nobody has taken it yet. It starts
	// at PlannedAt, once the migration is valid and the pass before has ended.
	PassPlanned PassStatus = "planned"
	// PassRunning: its runs are at work. It is done when none is waiting,
	// connecting, copying or interrupted.
	PassRunning PassStatus = "running"
	// PassPaused: a person holds it. It stays so until somebody resumes or
	// cancels it.
	PassPaused PassStatus = "paused"
	// PassInterrupted: the program stopped, or died, in the middle. It goes on
	// by itself at the next start.
	PassInterrupted PassStatus = "interrupted"
	// PassDone: every run has ended or is parked. Done is not perfect:
	// exceptions stand in the tallies. The next pass may start.
	PassDone PassStatus = "done"
	// PassCancelled: a person ended it, or it never started. It does not go on.
	PassCancelled PassStatus = "cancelled"
)

// PassStatuses returns every status, in the order of a pass's life.
func PassStatuses() []PassStatus {
	return []PassStatus{
		PassPlanned, PassRunning, PassPaused, PassInterrupted, PassDone, PassCancelled,
	}
}

// Pass is one execution of a migration over all its resources, numbered from 1.
// The wizard plans two; an admin may add more for stragglers.
type Pass struct {
	ID          int64
	MigrationID int64
	Number      int
	Status      PassStatus
	PlannedAt   time.Time // never zero: "as soon as possible" is the moment it was asked for
	StartedAt   time.Time // zero until it starts
	EndedAt     time.Time // zero until it is done or cancelled

	// Of a pass that was opened once more for what failed in it: when it ended the
	// first time, and when it was opened the last time.
	FirstEndedAt, ReopenedAt time.Time

	// Runs is counted from the runs, not stored with the pass. Where it was not
	// counted the pass does not pass for clean.
	Runs RunSummary
}

// Due reports whether the pass's time has come: it waits for nothing but the
// end of the pass before and a valid migration.
func (p Pass) Due(now time.Time) bool {
	return p.Status == PassPlanned && !p.PlannedAt.After(now)
}

// End is when the pass had been through all its resources; what was tried again
// later lies between ReopenedAt and EndedAt. Zero until then.
func (p Pass) End() time.Time {
	if !p.FirstEndedAt.IsZero() {
		return p.FirstEndedAt
	}
	return p.EndedAt
}

// underWay reports whether the pass has begun and not ended.
func (p Pass) underWay() bool {
	return p.Status == PassRunning || p.Status == PassPaused || p.Status == PassInterrupted
}

// Current returns the first of passes, sorted by number, that has not ended: no
// later one starts before it. False: all have ended, or there is none.
func Current(passes []Pass) (Pass, bool) {
	for _, pass := range passes {
		if !pass.Status.Ended() {
			return pass, true
		}
	}
	return Pass{}, false
}

// Names of the fields of a plan, as a Problem gives them.
const (
	FieldFirst  = "first"
	FieldSecond = "second"
	FieldStart  = "start" // of a pass for stragglers
)

// Faults of a plan.
const (
	CodePlanMissing     = "plan.missing"      // no time given
	CodePlanPast        = "plan.past"         // args: at
	CodePlanOrder       = "plan.order"        // pass 2 not after pass 1; args: first
	CodePlanGap         = "plan.gap"          // over the 23 hours; args: hours, latest
	CodePlanGapShort    = "plan.gap_short"    // a warning; args: hours, the advised ones
	CodePlanStarted     = "plan.started"      // pass 2 waits no more
	CodePlanOnlyForward = "plan.only_forward" // pass 2 is due already
	CodePlanPassOpen    = "plan.pass_open"    // a pass is still to end
	CodePlanAtOnce      = "plan.at_once"      // args: count, max
)

// FirstStart says when a pass is to start: at a date, or as soon as possible
// (S12). The zero value is a form left empty.
type FirstStart struct {
	At      time.Time
	Soonest bool
}

// PlanPasses plans the two passes of the wizard, or says everything that is
// wrong with the two times. All differences are between instants, so a night
// with a change of the clock is as long as it is. Warnings do not stop the plan.
func PlanPasses(policy Policy, now time.Time, first FirstStart, second time.Time) (passes []Pass, problems, warnings []Problem) {
	start, problems := first.instant(now, FieldFirst)
	if second.IsZero() {
		problems = append(problems, Problem{Code: CodePlanMissing, Field: FieldSecond})
	}
	if start.IsZero() || second.IsZero() {
		return nil, problems, nil
	}
	if problem, ok := policy.gapProblem(start, second); ok {
		problems = append(problems, problem)
	}
	if len(problems) > 0 {
		return nil, problems, nil
	}
	return []Pass{
		{Number: 1, Status: PassPlanned, PlannedAt: start},
		{Number: 2, Status: PassPlanned, PlannedAt: second},
	}, nil, policy.warnGap(start, second)
}

// OfferedSecond returns the start of pass 2 that the wizard offers (S14).
func (p Policy) OfferedSecond(first time.Time) time.Time { return first.Add(p.DefaultGap) }

// LatestSecond returns the last instant at which pass 2 may be planned (S14).
func (p Policy) LatestSecond(first time.Time) time.Time { return first.Add(p.MaxGap) }

// PlanWhenValid returns the passes as they stand when validation ends at now.
// "As soon as possible" means when valid (S12), and a date may have gone by
// while rows were corrected: pass 1 then starts now. Pass 2 keeps its time as
// long as the advised gap is left for the cut-over, else it keeps its distance.
func PlanWhenValid(policy Policy, passes []Pass, now time.Time) []Pass {
	planned := append([]Pass(nil), passes...)
	if len(planned) == 0 || !planned[0].Due(now) {
		return planned
	}
	late := now.Sub(planned[0].PlannedAt)
	planned[0].PlannedAt = now
	if len(planned) > 1 && planned[1].PlannedAt.Sub(now) < policy.AdvisedGap {
		planned[1].PlannedAt = planned[1].PlannedAt.Add(late)
	}
	return planned
}

// MoveSecond plans pass 2 anew: later, earlier or now, within the 23 hours from
// the planned start of pass 1 (S14). Once its time has come it only waits for
// the end of pass 1, and may be brought forward but not put off. A pass that
// has started cannot be moved.
func MoveSecond(policy Policy, passes []Pass, to, now time.Time) (second Pass, problems, warnings []Problem) {
	if len(passes) < 2 || passes[1].Status != PassPlanned {
		return Pass{}, []Problem{{Code: CodePlanStarted, Field: FieldSecond}}, nil
	}
	first, second := passes[0].PlannedAt, passes[1]
	if problem, ok := policy.moveProblem(first, second, to, now); ok {
		return second, []Problem{problem}, nil
	}
	if !second.Due(now) {
		second.PlannedAt, warnings = to, policy.warnGap(first, to)
	}
	return second, nil, warnings
}

func (p Policy) moveProblem(first time.Time, second Pass, to, now time.Time) (Problem, bool) {
	switch {
	case to.IsZero():
		return Problem{Code: CodePlanMissing, Field: FieldSecond}, true
	case past(to, now):
		return Problem{Code: CodePlanPast, Field: FieldSecond, Args: Args{"at": to}}, true
	case second.Due(now):
		return Problem{Code: CodePlanOnlyForward, Field: FieldSecond}, to.After(now)
	}
	return p.gapProblem(first, to)
}

// PlanStraggler plans one more pass after all others have ended, for mail that
// came to the old server late. Who may ask is CanAddPass's matter; whether the
// secrets still exist is the caller's.
func PlanStraggler(passes []Pass, start FirstStart, now time.Time) (Pass, []Problem) {
	if _, open := Current(passes); open || len(passes) < 2 {
		return Pass{}, []Problem{{Code: CodePlanPassOpen}}
	}
	at, problems := start.instant(now, FieldStart)
	if len(problems) > 0 {
		return Pass{}, problems
	}
	last := passes[len(passes)-1]
	return Pass{MigrationID: last.MigrationID, Number: last.Number + 1, Status: PassPlanned, PlannedAt: at}, nil
}

// CheckAtOnce refuses one more planned migration when a customer has as many as
// the policy allows (S3). The argument is all of the customer's migrations; the
// one that is being planned does not count, being draft or not valid.
func CheckAtOnce(policy Policy, all []Migration, now time.Time) []Problem {
	count := 0
	for _, m := range all {
		if m.CountsAtOnce(now) {
			count++
		}
	}
	if count < policy.MaxAtOnce {
		return nil
	}
	return []Problem{{Code: CodePlanAtOnce, Args: Args{"count": count, "max": policy.MaxAtOnce}}}
}

// instant resolves a start: zero and a problem if there is none, the instant
// and perhaps a problem otherwise.
func (s FirstStart) instant(now time.Time, field string) (time.Time, []Problem) {
	switch {
	case s.Soonest:
		return now, nil
	case s.At.IsZero():
		return time.Time{}, []Problem{{Code: CodePlanMissing, Field: field}}
	case past(s.At, now):
		return s.At, []Problem{{Code: CodePlanPast, Field: field, Args: Args{"at": s.At}}}
	}
	return s.At, nil
}

// past reports whether t lies before the current minute: forms know no seconds,
// and whoever picks this minute means now.
func past(t, now time.Time) bool { return t.Before(now.Truncate(time.Minute)) }

// gapProblem holds the rule of S14: the second pass starts after the first, at
// most 23 hours later.
func (p Policy) gapProblem(first, second time.Time) (Problem, bool) {
	gap := second.Sub(first)
	if gap <= 0 {
		return Problem{Code: CodePlanOrder, Field: FieldSecond, Args: Args{"first": first}}, true
	}
	args := Args{"hours": p.MaxGap.Hours(), "latest": p.LatestSecond(first)}
	return Problem{Code: CodePlanGap, Field: FieldSecond, Args: args}, gap > p.MaxGap
}

// warnGap warns of a gap that leaves little time for the cut-over.
func (p Policy) warnGap(first, second time.Time) []Problem {
	if second.Sub(first) >= p.AdvisedGap {
		return nil
	}
	return []Problem{{Code: CodePlanGapShort, Field: FieldSecond, Args: Args{"hours": p.AdvisedGap.Hours()}}}
}
