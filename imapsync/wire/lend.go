package wire

import (
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// Lend gives the logged-in connection away to another IMAP library: the library
// reads a greeting that says so, with the capabilities this server listed.
// IMAP4rev2 is left out, or names would be sent as UTF-8 that the server was
// never asked to take (RFC 9051 §6.3.1). Deadlines set on the result do nothing:
// the timeouts of this package go on to hold. The Conn must not be used again.
func (c *Conn) Lend() net.Conn {
	caps := slices.DeleteFunc(slices.Clone(c.caps), func(name string) bool {
		return name == "IMAP4REV2" || name == "UTF8=ACCEPT" || name == "UTF8=ONLY"
	})
	c.guard.read = c.timeouts.Slow
	greeting := "* PREAUTH [CAPABILITY " + strings.Join(caps, " ") + "] lent\r\n"
	return &lent{guard: c.guard, in: io.MultiReader(strings.NewReader(greeting), c.in)}
}

type lent struct {
	*guard
	in io.Reader
}

func (l *lent) Read(p []byte) (int, error) { return l.in.Read(p) }

func (l *lent) SetDeadline(time.Time) error      { return nil }
func (l *lent) SetReadDeadline(time.Time) error  { return nil }
func (l *lent) SetWriteDeadline(time.Time) error { return nil }
