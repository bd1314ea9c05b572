package migration

import "time"

// HindranceCause says in a code what held a run up.
type HindranceCause string

// The causes.
const (
	CauseThrottled   HindranceCause = "throttled"   // a server asked to go slower
	CauseLost        HindranceCause = "lost"        // a connection broke, and was made again
	CauseUnreachable HindranceCause = "unreachable" // a server did not answer
	CauseParked      HindranceCause = "parked"      // for something else that may pass: a full mailbox, say
)

// HindranceCauses returns every cause, in the order in which people are told.
func HindranceCauses() []HindranceCause {
	return []HindranceCause{CauseThrottled, CauseLost, CauseUnreachable, CauseParked}
}

// Hindrance is what held a run up for a while, as its log tells.
type Hindrance struct {
	At, Until time.Time
	Cause     HindranceCause
}

// Codes of the entries that tell of hindrances.
const (
	EntryReconnecting = "reconnecting" // args: class, wait
	EntryRunEnded     = "run_ended"    // args: status, class
)

// HindranceOf reads a line of a log. False: it tells of none.
func HindranceOf(e Entry) (Hindrance, bool) {
	class, _ := e.Args["class"].(string)
	h := Hindrance{At: e.At, Until: e.At, Cause: causeOf(class)}
	switch e.Code {
	case EntryReconnecting:
		wait, _ := e.Args["wait"].(string)
		if pause, err := time.ParseDuration(wait); err == nil {
			h.Until = e.At.Add(pause)
		}
		if h.Cause == "" {
			h.Cause = CauseLost
		}
		return h, true
	case EntryRunEnded:
		if h.Cause == "" {
			h.Cause = CauseParked
		}
		return h, e.Args["status"] == string(RunParked)
	}
	return Hindrance{}, false
}

// causeOf knows the classes of errors that are a cause of their own.
func causeOf(class string) HindranceCause {
	switch class {
	case ClassThrottled:
		return CauseThrottled
	case ClassTransport:
		return CauseLost
	case ClassConnect:
		return CauseUnreachable
	}
	return ""
}
