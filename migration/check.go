package migration

import "time"

// CheckStatus says where the check of one row stands (S17).
type CheckStatus string

// The statuses of a check. Corrected rows go back to waiting.
const (
	CheckWaiting CheckStatus = "waiting" // to be made
	CheckRunning CheckStatus = "running" // under way
	CheckPassed  CheckStatus = "passed"  // both ends can be used
	CheckFailed  CheckStatus = "failed"  // one end cannot; Side, Class and ServerText say why
)

// CheckStatuses returns every status, in the order of a check's life.
func CheckStatuses() []CheckStatus {
	return []CheckStatus{CheckWaiting, CheckRunning, CheckPassed, CheckFailed}
}

// Check is what the last check of a resource found out.
type Check struct {
	Status CheckStatus
	At     time.Time // when it ended; zero before, and once its row is reached in another way

	// What is wrong, of a failed check: the end ("source", "destination"), a
	// code, the program's words in no language, and the server's own.
	Side, Class, Detail, ServerText string
	// Certificate is the SHA-256 of the server's certificate, 64 hex digits,
	// where that is what was refused.
	Certificate string

	// What lies at the source, of a check that came so far. Excluded folders count.
	Folders, Messages int
	Bytes             int64
	Oversize          int // messages above the limit in folders that are copied
	// Excluded and ExcludedBytes are what of them lies in folders that are left out.
	Excluded      int
	ExcludedBytes int64
	// Master is how the source took the login of a master user; zero: there is none.
	Master MasterForm
	// Addresses are what the name of the source led to (S7), and Shown is the SHA-256
	// of its certificate, of a check that passed.
	Addresses Addresses
	Shown     string
	// Rate is how fast the source sends, in octets a second; 0: not known.
	Rate int64
	// Hidden is what the settings of a Gmail account may keep from the copy.
	Hidden Hidden

	// The quota of the destination in octets; QuotaLimit 0: none, or not told.
	QuotaUsed, QuotaLimit int64
}

// Fresh reports whether a check that passed still holds at now (S17).
func (c Check) Fresh(policy Policy, now time.Time) bool {
	return c.Status == CheckPassed && now.Sub(c.At) < policy.CheckFor
}

// LetIn reports whether both ends took the logins that the row has now.
func (c Check) LetIn() bool { return c.Status == CheckPassed && !c.At.IsZero() }

// CheckSummary counts the rows of a migration by their check.
type CheckSummary struct {
	Rows    int // those that are not left out
	Waiting int // running ones among them
	Passed  int
	Failed  int
	LeftOut int // the admin goes on without them

	// What lies at the sources of the rows that are not left out, as far as
	// their last checks counted it. Excluded folders count.
	Messages int
	Bytes    int64
}

// Over reports whether no row waits for its check any more.
func (s CheckSummary) Over() bool { return s.Waiting == 0 }

// Verdict returns what a validating migration becomes once its checks are over:
// invalid while a failing row was neither corrected nor left out (S17).
func (s CheckSummary) Verdict() Validity {
	if s.Failed > 0 || s.Rows == 0 {
		return Invalid
	}
	return Valid
}
