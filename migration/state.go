package migration

import "slices"

// The arrows of the state machines. A move that stands in no table is
// refused; a move that stands in one is won by whoever makes it first (the
// store compares and sets).
var (
	validityMoves = map[Validity][]Validity{
		Draft:      {Validating, Cancelled},
		Validating: {Valid, Invalid, Cancelled},
		Valid:      {Cancelled},
		Invalid:    {Validating, Cancelled},
		Cancelled:  {},
	}

	passMoves = map[PassStatus][]PassStatus{
		PassPlanned:     {PassRunning, PassCancelled},
		PassRunning:     {PassDone, PassInterrupted, PassPaused},
		PassPaused:      {PassRunning, PassCancelled},
		PassInterrupted: {PassRunning, PassCancelled},
		PassDone:        {},
		PassCancelled:   {},
	}

	// A login may be refused, or a server out of reach, before anything is
	// copied: so connecting, too, leads to parked and failed.
	runMoves = map[RunStatus][]RunStatus{
		RunWaiting:     {RunConnecting, RunCancelled},
		RunConnecting:  {RunCopying, RunParked, RunFailed, RunInterrupted, RunCancelled},
		RunCopying:     {RunDone, RunParked, RunFailed, RunInterrupted, RunCancelled},
		RunInterrupted: {RunConnecting, RunCancelled},
		RunParked:      {RunConnecting, RunCancelled},
		RunDone:        {},
		RunFailed:      {},
		RunCancelled:   {},
	}

	// A check that the end of the program broke off waits again; one that is
	// over does when its row was corrected or its result is too old.
	checkMoves = map[CheckStatus][]CheckStatus{
		CheckWaiting: {CheckRunning},
		CheckRunning: {CheckPassed, CheckFailed, CheckWaiting},
		CheckPassed:  {CheckWaiting},
		CheckFailed:  {CheckWaiting},
	}
)

// What has ended may be opened once more by a person who asks for another
// attempt at what failed. These arrows stand apart from the others: a status
// with no other arrow is an end, and nothing leaves it by itself.
var (
	passReopens = map[PassStatus]PassStatus{PassDone: PassRunning}
	runReopens  = map[RunStatus]RunStatus{RunFailed: RunWaiting, RunDone: RunWaiting}
)

// CanReopen reports whether a person may open a pass once more that stands at s.
func (s PassStatus) CanReopen() bool { return passReopens[s] != "" }

// CanReopen reports whether a person may have a run done once more that stands
// at s.
func (s RunStatus) CanReopen() bool { return runReopens[s] != "" }

// CanBecome reports whether a migration may move from v to next. Cancelling
// asks for more: see Migration.CanCancel.
func (v Validity) CanBecome(next Validity) bool { return slices.Contains(validityMoves[v], next) }

// CanBecome reports whether a pass may move from s to next.
func (s PassStatus) CanBecome(next PassStatus) bool { return slices.Contains(passMoves[s], next) }

// CanBecome reports whether a run may move from s to next.
func (s RunStatus) CanBecome(next RunStatus) bool { return slices.Contains(runMoves[s], next) }

// CanBecome reports whether a check may move from s to next.
func (s CheckStatus) CanBecome(next CheckStatus) bool { return slices.Contains(checkMoves[s], next) }

// Ended reports whether the pass is over: no move leads out of s.
func (s PassStatus) Ended() bool { return final(passMoves, s) }

// Ended reports whether the run is over: no move leads out of s.
func (s RunStatus) Ended() bool { return final(runMoves, s) }

func final[S comparable](moves map[S][]S, status S) bool {
	next, known := moves[status]
	return known && len(next) == 0
}
