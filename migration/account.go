package migration

import "time"

// LinkKind says what a link that was sent to a user is for. It works once.
type LinkKind string

// The kinds of links.
const (
	LinkInvitation LinkKind = "invitation" // a new user chooses his password
	LinkReset      LinkKind = "reset"      // a user who forgot his chooses another
)

// How long links work.
const (
	invitationHolds = 7 * 24 * time.Hour
	resetHolds      = time.Hour
)

// Holds returns how long a link of the kind works.
func (k LinkKind) Holds() time.Duration {
	if k == LinkInvitation {
		return invitationHolds
	}
	return resetHolds
}

// AccountNoticeKind says what a mail about a user's own account tells.
type AccountNoticeKind string

// The kinds of mails about accounts.
const (
	AccountInvitation  AccountNoticeKind = "invitation"       // has a link
	AccountReset       AccountNoticeKind = "reset"            // has a link
	AccountPassword    AccountNoticeKind = "password_changed" // so that he notices if it was not him
	AccountFactorOn    AccountNoticeKind = "factor_on"
	AccountFactorOff   AccountNoticeKind = "factor_off"
	accountNoticeKeeps                   = 24 * time.Hour
)

// AccountNotice is a mail about a user's own account that is to be sent to him.
// Like a Notice it is written down in the same step as what it tells.
type AccountNotice struct {
	ID         int64
	CustomerID int64
	UserID     int64
	Kind       AccountNoticeKind
	CreatedAt  time.Time

	Tries  int       // how often sending failed
	NextAt time.Time // when it is tried next
	SentAt time.Time // zero: not yet
	GaveUp bool      // it was tried for long enough, or has no use any more
	Error  string    // of the last try
}

// UseUntil returns until when sending the notice is of use: one with a link as
// long as the link works, and none longer than a day.
func (n AccountNotice) UseUntil() time.Time {
	if n.Kind == AccountReset {
		return n.CreatedAt.Add(resetHolds)
	}
	return n.CreatedAt.Add(accountNoticeKeeps)
}

// AccountLetter is all that a notice about an account tells.
type AccountLetter struct {
	Notice AccountNotice
	To     User
	// Token is the secret part of the link, for kinds that have one.
	Token Secret
	Until time.Time // when the link ends
}
