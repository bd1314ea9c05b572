package imapsync_test

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"trasloco/imapsync/imaptest"
)

// tap passes connections on to a server and keeps all that is said.
type tap struct {
	listener net.Listener
	target   string
	work     sync.WaitGroup

	mu    sync.Mutex
	heard []*dialogue
}

// dialogue is what was said on one connection, by direction.
type dialogue [imaptest.ToClient + 1]bytes.Buffer

func newTap(t testing.TB, target string) *tap {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{listener: listener, target: target}
	p.work.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *tap) addr() string { return p.listener.Addr().String() }

// close returns when all connections have ended.
func (p *tap) close() {
	_ = p.listener.Close()
	p.work.Wait()
}

func (p *tap) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		d := &dialogue{}
		p.mu.Lock()
		p.heard = append(p.heard, d)
		p.mu.Unlock()
		p.work.Go(func() { p.pass(client.(*net.TCPConn), d) })
	}
}

func (p *tap) pass(client *net.TCPConn, d *dialogue) {
	defer client.Close()
	conn, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { copyTo(server, client, &d[imaptest.FromClient]) })
	both.Go(func() { copyTo(client, server, &d[imaptest.ToClient]) })
	both.Wait()
}

func copyTo(dst, src *net.TCPConn, heard io.Writer) {
	_, _ = io.Copy(io.MultiWriter(heard, dst), src)
	_ = dst.CloseWrite()
}

// cuts are all that can be made in what was said: by connection, direction,
// octet, and how it ends. No connection is made any more.
func (p *tap) cuts() (all []imaptest.Cut) {
	p.close()
	for i, d := range p.heard {
		for _, direction := range []imaptest.Direction{imaptest.FromClient, imaptest.ToClient} {
			for _, after := range octetsOf(d[direction].Bytes()) {
				cut := imaptest.Cut{Direction: direction, After: after, Connection: i + 1}
				reset := cut
				reset.Reset = true
				all = append(all, cut, reset)
			}
		}
	}
	return all
}

var literal = regexp.MustCompile(`\{(\d{1,10})\+?\}\r\n$`)

// literalSize reads how many octets follow a line that are no lines.
func literalSize(line []byte) int {
	m := literal.FindSubmatch(line)
	if m == nil {
		return 0
	}
	size, _ := strconv.Atoi(string(m[1]))
	return size
}
