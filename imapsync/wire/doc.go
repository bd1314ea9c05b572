// Package wire speaks IMAP4rev1 (RFC 3501) over one connection, for the hot
// path of a migration: everything on the source, and APPEND, LIST, EXAMINE and
// FETCH on the destination.
//
// It reads leniently, since old servers say odd things: a line it does not know
// is skipped, an odd mailbox name or flag is kept as it came, and only what
// makes the next octet uncertain ends a connection. Leniency never turns damage
// into data: a FETCH answer that needed it near a message body is marked Bad.
//
// It writes strictly. Literals go out without waiting where the server takes
// LITERAL+ (RFC 7888), so commands can be pipelined.
//
// A Conn belongs to one goroutine. No limit is set on how long a literal may
// take as long as octets flow; silence is limited by Timeouts.
package wire
