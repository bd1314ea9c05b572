package migration

import "time"

// RunStatus says where one resource stands in one pass. The moves between the
// values stand in state.go.
type RunStatus string

// The statuses of a run. Done and failed are final; so is cancelled.
const (
	// RunWaiting: nothing was tried yet. A free worker takes it, unless another
	// run is at work on the same destination mailbox; then it waits (P-3).
	RunWaiting RunStatus = "waiting"
	// RunConnecting: both ends are being dialled and logged in to. Copying
	// comes next; if a server asks for patience, the run is parked.
	RunConnecting RunStatus = "connecting"
	// RunCopying: messages move. It ends when every listed message has an
	// outcome, or earlier by an error about the run as a whole.
	RunCopying RunStatus = "copying"
	// RunInterrupted: the program stopped, or died, in the middle. It is no
	// attempt and no failure; the next start connects again.
	RunInterrupted RunStatus = "interrupted"
	// RunParked: a server cannot be used for now (throttled, quota of the day,
	// out of reach). The run connects again at RetryAt; its pass need not wait.
	RunParked RunStatus = "parked"
	// RunDone: every listed message has an outcome; exceptions stand in the
	// tally. Nothing happens any more in this pass.
	RunDone RunStatus = "done"
	// RunFailed: the run as a whole could not be finished and trying again
	// would not help; ErrorClass and ErrorText say why. The next pass tries anew.
	RunFailed RunStatus = "failed"
	// RunCancelled: a person ended it. What was copied stays copied.
	RunCancelled RunStatus = "cancelled"
)

// RunStatuses returns every status, in the order of a run's life.
func RunStatuses() []RunStatus {
	return []RunStatus{
		RunWaiting, RunConnecting, RunCopying, RunInterrupted, RunParked,
		RunDone, RunFailed, RunCancelled,
	}
}

// Run is one resource in one pass: what the seed calls log 1 and log 2.
type Run struct {
	ID         int64
	PassID     int64
	ResourceID int64
	Status     RunStatus
	Tally      Tally     // so far; balanced once the run is done (V-1)
	RetryAt    time.Time // when a parked run connects again; zero otherwise
	StartedAt  time.Time // first connection; zero while waiting
	EndedAt    time.Time // set with done, failed and cancelled

	// Worked is how long it was at work before ResumedAt, which is zero while it is
	// not: neither waiting for a server nor a pause is work.
	Worked    time.Duration
	ResumedAt time.Time

	// What went wrong with the run as a whole, if anything did. The class is a
	// code; the text is for the log and holds no secret.
	ErrorClass string
	ErrorText  string
}

// Took is how long the run was at work until now.
func (r Run) Took(now time.Time) time.Duration {
	if r.ResumedAt.IsZero() {
		return r.Worked
	}
	return r.Worked + max(now.Sub(r.ResumedAt), 0)
}

// RunSummary counts the runs of one pass by what matters for the pass and the
// migration. The zero value says that nothing is known: it is never clean.
type RunSummary struct {
	Runs      int // all of them
	Open      int // waiting, connecting, copying or interrupted: the pass goes on
	AtWork    int // connecting or copying, a parked run's retry among them
	Parked    int
	Failed    int
	Cancelled int
	Tally     Tally // of all runs
}

// SumRuns summarises the runs of one pass.
func SumRuns(runs []Run) RunSummary {
	var s RunSummary
	for _, run := range runs {
		s.Add(run.Status, 1, run.Tally)
	}
	return s
}

// Add counts that many more runs with one status; sum is the tally of them all.
func (s *RunSummary) Add(status RunStatus, count int, sum Tally) {
	s.Runs += count
	s.Tally = s.Tally.Plus(sum)
	switch status {
	case RunWaiting, RunInterrupted:
		s.Open += count
	case RunConnecting, RunCopying:
		s.Open += count
		s.AtWork += count
	case RunParked:
		s.Parked += count
	case RunFailed:
		s.Failed += count
	case RunCancelled:
		s.Cancelled += count
	}
}

// PassDone reports whether a running pass with these runs is done. Parked runs
// go on alone and do not hold it up.
func (s RunSummary) PassDone() bool { return s.Open == 0 }

// Clean reports whether everything the sources listed is at the destination:
// every run is done, the sums add up, and nothing was skipped or failed.
func (s RunSummary) Clean() bool {
	unfinished := s.Open + s.Parked + s.Failed + s.Cancelled
	left := s.Tally.Skipped + s.Tally.Failed
	return s.Runs > 0 && unfinished == 0 && left == 0 && s.Tally.Balanced()
}
