package migration

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MXState says where the mail of a domain goes by its MX records, as they were
// read last.
type MXState string

// The states. Who judges is the destination's list of records: without one
// nobody can.
const (
	MXUnread   MXState = "unread"   // the DNS has given no answer yet
	MXUnjudged MXState = "unjudged" // the operator named no records of the destination
	MXNone     MXState = "none"     // the domain has no MX record
	MXOld      MXState = "old"      // none is the destination's
	MXMixed    MXState = "mixed"    // some are, and some are not
	MXThere    MXState = "there"    // all are
)

// MXAnswer is what the DNS says of a domain.
type MXAnswer struct {
	Records []MXRecord // by preference
	TTL     time.Duration
}

// MXRecord is one MX record; Host is lower case and has no dot at its end.
type MXRecord struct {
	Preference int
	Host       string
}

// String returns the record as people enter it: "10 mx1.example.net".
func (r MXRecord) String() string { return strconv.Itoa(r.Preference) + " " + r.Host }

// ParseMX reads a record such as "10 mx1.example.net"; without a number the
// preference is 0.
func ParseMX(text string) MXRecord {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return MXRecord{}
	}
	preference, err := strconv.Atoi(fields[0])
	if err != nil || len(fields) == 1 {
		return MXRecord{Host: plainHost(fields[0])}
	}
	return MXRecord{Preference: preference, Host: plainHost(fields[1])}
}

// plainHost leaves out the dot at the end, but not that of a domain that takes no
// mail (RFC 7505).
func plainHost(name string) string {
	return cmp.Or(strings.TrimSuffix(strings.ToLower(name), "."), ".")
}

// DomainMX is what is known of the MX records of one domain.
type DomainMX struct {
	Domain Domain
	Wanted []string // those to enter, as the operator named them

	Records []MXRecord
	TTL     time.Duration // as it was read last: a resolver counts it down
	ReadAt  time.Time     // zero: never
	TriedAt time.Time     // zero: never
	Failure string        // why the last question had no answer; "": it had one

	// OldTTL is the TTL of the records before the change, the largest seen; zero:
	// they were never seen. OldTTLAt is when.
	OldTTL   time.Duration
	OldTTLAt time.Time
	// ChangedAt is when all records were first found to be the destination's.
	ChangedAt time.Time
}

// State judges the records as they were read last.
func (d DomainMX) State() MXState {
	switch {
	case d.ReadAt.IsZero():
		return MXUnread
	case len(d.Wanted) == 0:
		return MXUnjudged
	case len(d.Records) == 0:
		return MXNone
	}
	here := 0
	for _, r := range d.Records {
		if d.IsWanted(r) {
			here++
		}
	}
	switch here {
	case 0:
		return MXOld
	case len(d.Records):
		return MXThere
	}
	return MXMixed
}

// IsWanted reports whether a record leads to the destination. The preference is
// no matter: any of them is right that is the destination's own host.
func (d DomainMX) IsWanted(r MXRecord) bool {
	return slices.ContainsFunc(d.Wanted, func(text string) bool { return ParseMX(text).Host == r.Host })
}

// Answered returns what is known after an answer of the DNS at now.
func (d DomainMX) Answered(answer MXAnswer, now time.Time) DomainMX {
	d.Records = slices.SortedFunc(slices.Values(answer.Records), func(a, b MXRecord) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Host, b.Host))
	})
	d.TTL, d.ReadAt, d.TriedAt, d.Failure = answer.TTL, now, now, ""
	switch d.State() {
	case MXThere:
		if d.ChangedAt.IsZero() {
			d.ChangedAt = now
		}
	case MXOld, MXMixed:
		d.ChangedAt = time.Time{}
		d.seeOldTTL(answer.TTL, now)
	default:
		d.ChangedAt = time.Time{}
	}
	return d
}

// seeOldTTL keeps the largest TTL for as long as a cache may hold it: a resolver
// counts down, and a TTL that was lowered counts only when the former one has run
// out everywhere.
func (d *DomainMX) seeOldTTL(ttl time.Duration, now time.Time) {
	if ttl >= d.OldTTL || !now.Before(d.OldTTLAt.Add(d.OldTTL)) {
		d.OldTTL, d.OldTTLAt = ttl, now
	}
}

// Unanswered returns what is known after a question that had no answer.
func (d DomainMX) Unanswered(failure string, now time.Time) DomainMX {
	d.TriedAt, d.Failure = now, failure
	return d
}

// OldUntil returns until when caches may still lead mail to the old server, once
// the records are the destination's. False: they are not, or the records before
// were never seen, so nobody knows.
func (d DomainMX) OldUntil() (time.Time, bool) {
	if d.State() != MXThere || d.OldTTL == 0 {
		return time.Time{}, false
	}
	return d.ChangedAt.Add(d.OldTTL), true
}

// Turned reports whether this answer is the one that saw the change: the records
// known before led mail elsewhere, and now all are the destination's. What was
// right from the first look on has not changed.
func (d DomainMX) Turned(before DomainMX) bool {
	switch before.State() {
	case MXOld, MXMixed, MXNone:
		return d.State() == MXThere
	}
	return false
}

// AllThere reports whether the mail of all domains goes to the destination.
func AllThere(domains []DomainMX) bool {
	return len(domains) > 0 && !slices.ContainsFunc(domains, func(d DomainMX) bool { return d.State() != MXThere })
}

// Settled reports whether no cache leads mail to the old server any more.
func (d DomainMX) Settled(now time.Time) bool {
	until, known := d.OldUntil()
	return d.State() == MXThere && (!known || !now.Before(until))
}

// TwoTTLs returns when two TTLs have gone by since the last of the domains was
// changed, by which time no server delivers to the old one: a good time for pass
// 2. False: not all of them are changed, or it is not known what they were.
func TwoTTLs(domains []DomainMX) (at time.Time, ok bool) {
	for _, d := range domains {
		if d.State() != MXThere {
			return time.Time{}, false
		}
		at = latest(at, d.ChangedAt.Add(2*d.OldTTL))
	}
	return at, len(domains) > 0
}

// OfferTwoTTLs returns the start of pass 2 that TwoTTLs gives, if it is one that
// pass 2 may be moved to now, within the 23 hours of S14.
func (m Migration) OfferTwoTTLs(policy Policy, domains []DomainMX, now time.Time) (time.Time, bool) {
	at, ok := TwoTTLs(domains)
	if !ok || !at.After(now) || len(m.Passes) < 2 {
		return time.Time{}, false
	}
	at = at.Truncate(time.Minute).Add(time.Minute)
	_, problems, _ := MoveSecond(policy, m.Passes, at, now)
	return at, len(problems) == 0 && !at.Equal(m.Passes[1].PlannedAt)
}

// How often the records of a domain are read: by the watch, and at most, when
// somebody asks. MXAfter is for how long after the last pass they are watched.
const (
	MXEvery = 5 * time.Minute
	MXLeast = 5 * time.Second
	MXAfter = 72 * time.Hour
)

// DueMX reports whether the watch reads the records of a domain at now.
func (d DomainMX) DueMX(now time.Time) bool { return now.Sub(d.TriedAt) >= MXEvery }
