// Package imapsync copies mailboxes from one IMAP server to another, every
// message exactly once, and tells the truth about each of them. The rules it
// keeps stand in docs/rules.md and are cited by number.
//
// It knows neither database nor schedule: a Journal remembers, a Reporter
// listens, and the Job says what to do.
package imapsync
