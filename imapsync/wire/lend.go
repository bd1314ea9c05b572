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
// the timeouts of this package go on to hold. A server that says more than mostLent
// is given up. The Conn must not be used again.
func (c *Conn) Lend() net.Conn {
	caps := slices.DeleteFunc(slices.Clone(c.caps), func(name string) bool {
		return name == "IMAP4REV2" || name == "UTF8=ACCEPT" || name == "UTF8=ONLY"
	})
	c.guard.read = c.timeouts.Slow
	greeting := "* PREAUTH [CAPABILITY " + strings.Join(caps, " ") + "] lent\r\n"
	return &lent{guard: c.guard, in: io.MultiReader(strings.NewReader(greeting), c.in), left: min(mostLent, c.most.octets)}
}

// mostLent is how many octets may come while the connection is lent: the answers about
// a hundred thousand folders still fit, and nothing that the library keeps grows beyond.
const mostLent = 64 << 20

type lent struct {
	*guard
	in   io.Reader
	left int // octets
}

func (l *lent) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errEndless
	}
	n, err := l.in.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func (l *lent) SetDeadline(time.Time) error      { return nil }
func (l *lent) SetReadDeadline(time.Time) error  { return nil }
func (l *lent) SetWriteDeadline(time.Time) error { return nil }
