package imaptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// host accepts connections on loopback and owns everything they start.
type host struct {
	listener net.Listener
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

// startHost runs handle for each connection in a goroutine of its own, with
// connections numbered from 1. When handle returns, or ctx ends, the connection
// is closed.
func startHost(ctx context.Context, handle func(ctx context.Context, number int, conn *net.TCPConn)) (*host, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &host{listener: listener, cancel: cancel}
	h.work.Go(func() { h.accept(ctx, handle) })
	return h, nil
}

// hostFor is startHost for a test: it lives until the test's cleanup, which
// waits for every handle to return.
func hostFor(t testing.TB, handle func(ctx context.Context, number int, conn *net.TCPConn)) *host {
	t.Helper()
	h, err := startHost(context.Background(), handle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.stop)
	return h
}

func (h *host) addr() string { return h.listener.Addr().String() }

func (h *host) accept(ctx context.Context, handle func(context.Context, int, *net.TCPConn)) {
	defer context.AfterFunc(ctx, func() { _ = h.listener.Close() })()
	for number := 1; ; number++ {
		conn, err := h.listener.Accept()
		if err != nil {
			return
		}
		h.work.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			defer conn.Close()
			handle(ctx, number, conn.(*net.TCPConn))
		})
	}
}

// stop closes the listener and all connections and waits for their handlers.
func (h *host) stop() {
	h.cancel()
	_ = h.listener.Close()
	h.work.Wait()
}

// Direction is the way octets flow, seen from the client.
type Direction int

// The directions. Neither switches a Cut off.
const (
	Neither Direction = iota
	FromClient
	ToClient
)

// Cut says where a connection breaks: after so many octets in one direction.
// The octets before it are delivered; with Reset the peer may lose those it has
// not read yet. The zero value cuts nothing.
type Cut struct {
	Direction  Direction
	After      int64 // octets that still pass; 0 cuts at once
	Connection int   // which connection, counted from 1; 0: each of them
	Reset      bool  // end with RST, else with FIN
}

// limit returns how many octets may pass in a direction of a connection.
func (c Cut) limit(connection int, d Direction) (octets int64, ok bool) {
	if c.Direction != d || c.Direction == Neither || c.Connection != 0 && c.Connection != connection {
		return 0, false
	}
	return c.After, true
}

// hangUp ends a connection. A FIN is sent by closing our half and reading on
// until the peer has closed too: closing with unread input would make it a RST.
func hangUp(conn *net.TCPConn, reset bool) {
	if reset {
		_ = conn.SetLinger(0)
	} else if conn.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
	_ = conn.Close()
}

var errCut = errors.New("connection cut by the test")

// cutConn carries out a Cut from the server's side of a connection.
type cutConn struct {
	*net.TCPConn
	cut    Cut
	number int
	in     int64
	out    int64
	broken bool // the cut has been made
}

func (c *cutConn) Read(p []byte) (int, error) {
	limit, limited := c.cut.limit(c.number, FromClient)
	if c.broken || limited && c.in >= limit {
		hangUp(c.TCPConn, c.cut.Reset)
		return 0, io.EOF
	}
	if limited {
		p = p[:min(int64(len(p)), limit-c.in)]
	}
	n, err := c.TCPConn.Read(p)
	c.in += int64(n)
	return n, err
}

// Write never waits for the client to hang up: that is left to the next Read,
// when the caller holds no lock.
func (c *cutConn) Write(p []byte) (int, error) {
	limit, limited := c.cut.limit(c.number, ToClient)
	if !limited {
		return c.TCPConn.Write(p)
	}
	n, err := c.TCPConn.Write(p[:min(int64(len(p)), limit-c.out)])
	c.out += int64(n)
	if err != nil || c.out < limit {
		return n, err
	}
	c.broken = true
	if c.cut.Reset {
		hangUp(c.TCPConn, true)
	} else {
		_ = c.TCPConn.CloseWrite()
	}
	return n, errCut
}
