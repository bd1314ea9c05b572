package imaptest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// echo starts a server that sends every octet back and reports what each
// connection got.
func echo(t *testing.T) (addr string, received <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got, stopped := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var text strings.Builder
			_, _ = io.Copy(io.MultiWriter(&text, conn), conn)
			_ = conn.Close()
			got <- text.String()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-stopped
	})
	return listener.Addr().String(), got
}

func TestProxyPassesEverythingAndTheEnd(t *testing.T) {
	addr, received := echo(t)
	p := imaptest.NewProxy(t, addr, imaptest.ProxyOptions{})
	text := strings.Repeat("0123456789", 100_000)
	c := dial(t, p.Addr())
	go func() {
		_, _ = io.WriteString(c.conn, text)
		_ = c.conn.CloseWrite()
	}()
	if got, err := c.rest(); got != text || err != nil {
		t.Errorf("got %d octets back, %v; want %d", len(got), err, len(text))
	}
	if got := <-received; got != text {
		t.Errorf("server got %d octets, want %d", len(got), len(text))
	}
	if up, down := p.Octets(imaptest.FromClient), p.Octets(imaptest.ToClient); up != 1e6 || down != 1e6 {
		t.Errorf("counted %d and %d octets", up, down)
	}
	if n := p.Connections(); n != 1 {
		t.Errorf("counted %d connections", n)
	}
}

func TestProxyDelaysEachDirectionWithoutHoldingUpTheNext(t *testing.T) {
	const delay = 30 * time.Millisecond
	addr, _ := echo(t)
	p := imaptest.NewProxy(t, addr, imaptest.ProxyOptions{Delay: delay})
	c := dial(t, p.Addr())
	start := time.Now()
	for range 20 { // all of them under way at once
		c.send("x\r\n")
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		c.want("x")
	}
	if took := time.Since(start); took < 2*delay || took > 10*delay {
		t.Errorf("twenty lines took %v with a round trip of %v", took, 2*delay)
	}
}

func TestProxyKeepsToTheRate(t *testing.T) {
	addr, _ := echo(t)
	p := imaptest.NewProxy(t, addr, imaptest.ProxyOptions{Rate: 100_000})
	c := dial(t, p.Addr())
	start := time.Now()
	c.send(strings.Repeat("x", 19_998) + "\r\n")
	c.line()
	if took := time.Since(start); took < 180*time.Millisecond || took > 2*time.Second {
		t.Errorf("20 000 octets at 100 000 a second took %v", took)
	}
}

func TestProxyCuts(t *testing.T) {
	tests := []struct {
		name              string
		cut               imaptest.Cut
		forward, back     string // what each side gets of "hello\r\n" and its echo
		wantErr           error
		connectionsBefore int
	}{
		{name: "what the client sends, with a FIN", cut: imaptest.Cut{Direction: imaptest.FromClient, After: 3}, forward: "hel"},
		{name: "what the client sends, with a RST", cut: imaptest.Cut{Direction: imaptest.FromClient, After: 3, Reset: true}, forward: "hel", wantErr: syscall.ECONNRESET},
		{name: "before the first octet", cut: imaptest.Cut{Direction: imaptest.FromClient}},
		{name: "what the server answers, with a FIN", cut: imaptest.Cut{Direction: imaptest.ToClient, After: 4}, forward: "hello\r\n", back: "hell"},
		{name: "what the server answers, with a RST", cut: imaptest.Cut{Direction: imaptest.ToClient, After: 4, Reset: true}, forward: "hello\r\n", back: "hell", wantErr: syscall.ECONNRESET},
		{name: "only the second connection", cut: imaptest.Cut{Direction: imaptest.ToClient, After: 1, Connection: 2}, forward: "hello\r\n", back: "h", connectionsBefore: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr, received := echo(t)
			p := imaptest.NewProxy(t, addr, imaptest.ProxyOptions{Cut: test.cut})
			for range test.connectionsBefore {
				c := dial(t, p.Addr())
				c.send("whole\r\n")
				c.want("whole")
				_ = c.conn.Close()
				<-received
			}
			c := dial(t, p.Addr())
			_, _ = io.WriteString(c.conn, "hello\r\n")
			back, err := c.rest()
			_ = c.conn.Close()
			// The echo of a cut line may or may not have come back before the cut.
			if test.cut.Direction == imaptest.ToClient && back != test.back || !strings.HasPrefix("hello\r\n", back) {
				t.Errorf("client got %q, want %q", back, test.back)
			}
			if !errors.Is(err, test.wantErr) {
				t.Errorf("client's connection ended with %v, want %v", err, test.wantErr)
			}
			if got := <-received; got != test.forward {
				t.Errorf("server got %q, want %q", got, test.forward)
			}
		})
	}
}

func TestProxyTakesNewOptionsForNewConnections(t *testing.T) {
	addr, _ := echo(t)
	p := imaptest.NewProxy(t, addr, imaptest.ProxyOptions{Cut: imaptest.Cut{Direction: imaptest.ToClient}})
	if got, err := dial(t, p.Addr()).rest(); got != "" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	p.Set(imaptest.ProxyOptions{})
	c := dial(t, p.Addr())
	c.send("now\r\n")
	c.want("now")
}

func TestProxyResetsClientsWhenTheServerIsDown(t *testing.T) {
	const nobody = "127.0.0.1:1" // never given away by the system, unlike a port just closed
	p := imaptest.NewProxy(t, nobody, imaptest.ProxyOptions{})
	if _, err := tryDial(t, p.Addr(), ""); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestProxyEndsWithItsContext(t *testing.T) {
	addr, _ := echo(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := imaptest.StartProxy(ctx, addr, imaptest.ProxyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := dial(t, p.Addr())
	c.send("one\r\n")
	c.want("one")
	cancel()
	if got, _ := c.rest(); got != "" {
		t.Errorf("got %q after the end", got)
	}
	p.Close() // would hang, and goleak would tell, if anything went on
}
