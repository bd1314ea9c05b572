package wire

import (
	"context"
	"net"
	"time"
)

// Abort ends the connection at once, by a reset: nothing that still stands in
// the buffers is sent, so an unfinished APPEND stores nothing (I-10, P-2). It
// may be called from another goroutine; cause is what the owner then reads.
func (c *Conn) Abort(cause error) {
	c.mu.Lock()
	if c.aborted == nil {
		c.aborted = cause
	}
	closed := c.closed
	c.closed = nil
	c.mu.Unlock()
	if tcp, ok := c.tcp.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // best effort: a plain close would do, only later
	}
	_ = c.tcp.Close()
	if closed != nil {
		closed()
	}
}

// OnClose has a function called once when the connection is closed, for whatever
// reason; at once if it is.
func (c *Conn) OnClose(closed func()) {
	c.mu.Lock()
	gone := c.aborted != nil
	if !gone {
		c.closed = closed
	}
	c.mu.Unlock()
	if gone {
		closed()
	}
}

// Logout says good-bye and closes. It waits for the answer a moment only.
func (c *Conn) Logout(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if c.err == nil && len(c.waiting) == 0 {
		if _, err := c.do(ctx, exchange{last: true}, Text("LOGOUT")); err == nil {
			_ = c.tcp.Close() // without a reset: servers log those as trouble
		}
	}
	c.Abort(net.ErrClosed)
	if c.err == nil {
		c.err = net.ErrClosed
	}
}
