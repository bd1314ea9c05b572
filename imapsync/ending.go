package imapsync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trasloco/migration"
)

// Where a server said no time, a parked run is worth another try after this.
const parkFor = time.Hour

// Ending is where a run stands after Sync has returned.
type Ending struct {
	Status  migration.RunStatus // done, parked, failed or interrupted
	RetryAt time.Time           // of a parked run; zero: only a person can help
	Class   Class               // what went wrong; empty: nothing did
	Detail  string              // of no language: the side and the engine's words
	// Certificate is the SHA-256 of the source's, if it is what stopped the run (S7).
	Certificate string
}

// EndingOf reads the error that Sync returned; ctx is the one it was called
// with. A run that was stopped is interrupted, whatever broke while it stopped.
func EndingOf(ctx context.Context, err error, now time.Time) Ending {
	var e *Error
	switch {
	case err == nil:
		return Ending{Status: migration.RunDone}
	case ctx.Err() != nil:
		return Ending{Status: migration.RunInterrupted}
	case !errors.As(err, &e):
		return Ending{Status: migration.RunFailed, Class: ClassInternal, Detail: err.Error()}
	}
	end := Ending{Status: migration.RunFailed, Class: e.Class, Detail: fmt.Sprintf("%s: %v", e.Side, e.Err)}
	if e.Side == SourceSide {
		end.Certificate = FaultOf(err).Certificate
	}
	if e.Parks() {
		end.Status, end.RetryAt = migration.RunParked, e.retryAt(now)
	}
	return end
}

// retryAt is zero where only a person can help.
func (e *Error) retryAt(now time.Time) time.Time {
	switch {
	case e.Class == ClassOverQuota || e.Class == ClassHostPaused:
		return time.Time{}
	case e.RetryAfter > 0 && e.Class == ClassThrottled:
		return now.Add(e.RetryAfter + e.RetryAfter/10)
	case e.RetryAfter > 0:
		return now.Add(e.RetryAfter)
	}
	return now.Add(parkFor)
}

// StartedEntry is the first line of a run's log: which run it is, and the ends
// it goes between.
func StartedEntry(at time.Time, job Job, runID int64) migration.Entry {
	source, destination := job.Resource.Source, job.Resource.Destination
	return migration.Entry{At: at, Level: migration.Info, Code: "run_started", Args: migration.Args{
		"row": job.Resource.Row, "pass": job.Pass, "run": runID,
		"source": source.Address(), "source_tls": string(source.TLS), "source_login": source.Auth.Login,
		"destination": destination.Address(), "destination_tls": string(destination.TLS),
		"destination_login": destination.Auth.Login,
	}}
}

// EndedEntry is the last line of a run's log: how it ended, and its tally.
func EndedEntry(at time.Time, t migration.Tally, end Ending) migration.Entry {
	level := migration.Info
	if end.Class != "" {
		level = migration.Failure
	}
	return migration.Entry{At: at, Level: level, Code: "run_ended", Args: migration.Args{
		"status": string(end.Status), "listed": t.Listed, "copied": t.Copied, "present": t.Present,
		"skipped": t.Skipped, "failed": t.Failed, "bytes": t.Bytes, "class": string(end.Class), "detail": end.Detail,
	}}
}
