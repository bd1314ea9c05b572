package migration

import "time"

// NoticeKind says what a notice tells.
type NoticeKind string

// The kinds of notices (S13, S17, S23).
const (
	NoticePassDone NoticeKind = "pass_done" // a pass has ended; Pass says which
	NoticeInvalid  NoticeKind = "invalid"   // rows failed their check, the admin must act
	// NoticeMXChanged: mail of all domains goes to the destination from now on.
	// There is one for a migration at most, however often the records change.
	NoticeMXChanged NoticeKind = "mx_changed"
	// NoticeHostPaused: a host refused logins, and nobody logs in there any more (C-2).
	NoticeHostPaused NoticeKind = "host_paused"
	// NoticeFull: mailboxes of the destination have no room in a pass. There is one
	// for a pass at most, however many fill up.
	NoticeFull NoticeKind = "full"
)

// Notice is a mail that is to be sent to the user who asked for a migration. It
// is written down in the same step as what it tells, so that it is neither
// forgotten nor written twice; sending it may happen twice only if the program
// dies after the mail server took it and before that was written down.
type Notice struct {
	ID          int64
	CustomerID  int64
	MigrationID int64
	UserID      int64
	Kind        NoticeKind
	Pass        int // number, for NoticePassDone and NoticeFull
	CreatedAt   time.Time

	Tries  int       // how often sending failed
	NextAt time.Time // when it is tried next
	SentAt time.Time // zero: not yet
	GaveUp bool      // it was tried for long enough; the panel says so
	Error  string    // of the last try
}

// Letter is all that a notice tells, ready to be put into words.
type Letter struct {
	Notice    Notice
	To        User
	Migration Migration // with its passes and their runs counted
	Resources int
	// Exceptions counts the messages that were left out or failed in the pass,
	// by reason, most first.
	Exceptions []ReasonCount
	// Parked are the logins of the destination mailboxes whose runs go on alone.
	Parked []string
	// Failed are those whose runs failed as a whole, or whose check did.
	Failed []string
	// Records are the MX records to enter, by domain; empty: nobody told us any.
	Records []string
	// Pauses are the hosts that are paused for the migration now.
	Pauses []PauseView
	// Full are the mailboxes of the destination that have no room now.
	Full []FullMailbox
	// Domains are what is known of the MX records of each domain now.
	Domains []DomainMX
}

// ReasonCount is a number of messages, or of runs, with one reason.
type ReasonCount struct {
	Kind   OutcomeKind
	Reason Reason
	Count  int
}
