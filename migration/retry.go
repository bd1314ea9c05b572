package migration

import "time"

// Retryable returns the pass whose failures a person may have tried again: the
// last one that is done, if a resource or a message failed in it. False while a
// pass is under way or due, since that one tries again by itself, and while the
// migration is not valid.
//
// The pass is opened once more and not followed by another: what was copied in
// it stays counted as copied, and its log goes on.
func (m Migration) Retryable(now time.Time) (Pass, bool) {
	if current, open := Current(m.Passes); m.Validity != Valid || open && (current.underWay() || current.Due(now)) {
		return Pass{}, false
	}
	var last Pass
	for _, pass := range m.Passes {
		if pass.Status.CanReopen() {
			last = pass
		}
	}
	return last, last.Runs.Failed > 0 || last.Runs.Tally.Failed > 0
}

// CanAddPass reports whether one more pass may be planned for stragglers as the
// migration stands: the two of the wizard are over. Who may ask is
// User.CanAddPass's matter; whether the secrets still exist is the caller's.
func (m Migration) CanAddPass() bool {
	_, open := Current(m.Passes)
	return m.Validity == Valid && !open && len(m.Passes) > 1
}
