package migration

// ClassOverQuota is the class of an error of a destination mailbox that has no room.
const ClassOverQuota = "over_quota"

// FullMailbox is a mailbox of the destination that has no room. Its run is parked and
// looks again from time to time.
type FullMailbox struct {
	Row   int
	Login string // of the destination
}
