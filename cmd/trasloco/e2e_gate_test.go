package main_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// gate is the way to a server that a test can close and open: who comes while it
// is closed waits in front of it.
type gate struct {
	address, target string
	listener        net.Listener
	going           sync.WaitGroup

	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
	conns  map[net.Conn]bool
	ended  bool
}

// newGate returns a gate that is open, at the address of its target. It ends with the
// test.
func newGate(t testing.TB, target string) *gate {
	t.Helper()
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: listener.Addr().String(), target: target, listener: listener, opened: make(chan struct{}), conns: map[net.Conn]bool{}}
	g.open()
	g.going.Go(g.accept)
	t.Cleanup(g.end)
	return g
}

func (g *gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.going.Go(func() { g.pass(conn) })
	}
}

// pass lets one through when the gate is open.
func (g *gate) pass(client net.Conn) {
	g.hold(client)
	defer g.drop(client)
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	<-opened
	g.mu.Lock()
	target := g.target
	g.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	g.hold(server)
	defer g.drop(server)
	var pumps sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{client: server, server: client} {
		pumps.Go(func() {
			_, _ = io.Copy(to, from) // either end may hang up
			_ = to.Close()
		})
	}
	pumps.Wait()
}

func (g *gate) hold(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = true
	if g.ended {
		_ = conn.Close()
	}
}

func (g *gate) drop(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
	_ = conn.Close()
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) end() {
	g.open()
	_ = g.listener.Close()
	g.mu.Lock()
	g.ended = true
	for conn := range g.conns {
		_ = conn.Close()
	}
	g.mu.Unlock()
	g.going.Wait()
}

// lead changes where the gate leads to.
func (g *gate) lead(target string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = target
}
