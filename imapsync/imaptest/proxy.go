package imaptest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ProxyOptions say what a Proxy does to the connections through it.
type ProxyOptions struct {
	Delay time.Duration // added to each direction; a round trip takes twice that
	Rate  int64         // octets per second and direction of each connection; 0: no limit
	Cut   Cut           // FIN and RST reach both ends
}

// Proxy passes TCP connections on to a server. Make one with NewProxy or
// StartProxy. Its methods may be called from any goroutine.
type Proxy struct {
	host   *host
	target string

	mu      sync.Mutex
	options ProxyOptions

	connections atomic.Int64
	octets      [ToClient + 1]atomic.Int64
}

// NewProxy starts a proxy to target (host:port) that lives until the test's
// cleanup.
func NewProxy(t testing.TB, target string, options ProxyOptions) *Proxy {
	t.Helper()
	p, err := StartProxy(context.Background(), target, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// StartProxy starts a proxy on loopback to target (host:port). It runs until
// ctx ends or Close is called; call Close in any case, it waits for the
// connections to end.
func StartProxy(ctx context.Context, target string, options ProxyOptions) (*Proxy, error) {
	p := &Proxy{target: target, options: options}
	host, err := startHost(ctx, p.serve)
	if err != nil {
		return nil, err
	}
	p.host = host
	return p, nil
}

// Addr returns the host:port clients connect to.
func (p *Proxy) Addr() string { return p.host.addr() }

// Close breaks all connections and returns when they have ended.
func (p *Proxy) Close() { p.host.stop() }

// Set changes the options for connections made from now on.
func (p *Proxy) Set(options ProxyOptions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options = options
}

// Connections returns how many connections there have been.
func (p *Proxy) Connections() int { return int(p.connections.Load()) }

// Octets returns how many octets have passed in a direction, over all
// connections: the range to choose cuts from.
func (p *Proxy) Octets(d Direction) int64 { return p.octets[d].Load() }

func (p *Proxy) serve(ctx context.Context, number int, client *net.TCPConn) {
	p.mu.Lock()
	options := p.options
	p.mu.Unlock()
	p.connections.Add(1)

	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.target)
	if err != nil {
		hangUp(client, true)
		return
	}
	server := conn.(*net.TCPConn)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = server.Close(); _ = client.Close() })()

	l := &link{client: client, server: server, options: options, cancel: cancel}
	var pumps sync.WaitGroup
	for _, d := range []Direction{FromClient, ToClient} {
		pumps.Go(func() { l.pump(ctx, number, d, &p.octets[d]) })
	}
	pumps.Wait()
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn
	options        ProxyOptions
	cancel         context.CancelFunc
	broken         atomic.Bool // the cut has been made: nothing passes any more
}

// chunk is a piece of the stream and the moment it is due at the other end.
type chunk struct {
	data []byte
	due  time.Time
}

// queueLen × chunkSize bounds what is under way in one direction: enough for
// 4 MiB in flight, which is 40 MB/s at a delay of 100 ms.
const (
	chunkSize = 16 << 10
	queueLen  = 256
)

// pump moves one direction until its source ends, the cut, or ctx.
func (l *link) pump(ctx context.Context, number int, d Direction, count *atomic.Int64) {
	src, dst := l.client, l.server
	if d == ToClient {
		src, dst = l.server, l.client
	}
	queue := make(chan chunk, queueLen)
	var reader sync.WaitGroup
	defer reader.Wait()
	reader.Go(func() { l.read(ctx, src, queue) })

	left, limited := l.options.Cut.limit(number, d)
	if limited && left == 0 {
		l.cut()
	}
	for c := range queue {
		if limited && int64(len(c.data)) > left {
			c.data = c.data[:left]
		}
		if !pause(ctx, time.Until(c.due)) || !l.write(ctx, dst, c.data, count) {
			l.cancel() // ends read, and with it the queue
		}
		if left -= int64(len(c.data)); limited && left == 0 {
			l.cut()
		}
	}
	if !l.broken.Load() {
		_ = dst.CloseWrite() // the source's FIN, once all before it is through
	}
}

// read cuts the stream into chunks. The channel is closed at its end.
func (l *link) read(ctx context.Context, src net.Conn, queue chan<- chunk) {
	defer close(queue)
	for {
		buf := make([]byte, l.chunkSize())
		n, err := src.Read(buf)
		if n > 0 {
			select {
			case queue <- chunk{buf[:n], time.Now().Add(l.options.Delay)}:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// chunkSize is small enough for a slow line to flow evenly: 20 ms' worth.
func (l *link) chunkSize() int64 {
	if l.options.Rate == 0 {
		return chunkSize
	}
	return min(max(l.options.Rate/50, 1), chunkSize)
}

// write passes data on and takes the time it needs at the rate. After the cut
// it swallows them, so that both ends can finish with a FIN.
func (l *link) write(ctx context.Context, dst net.Conn, data []byte, count *atomic.Int64) bool {
	if l.broken.Load() {
		return true
	}
	n, err := dst.Write(data)
	count.Add(int64(n))
	if err != nil {
		return l.broken.Load()
	}
	if l.options.Rate == 0 {
		return true
	}
	return pause(ctx, time.Duration(n)*time.Second/time.Duration(l.options.Rate))
}

// cut breaks both ends at once.
func (l *link) cut() {
	if l.broken.Swap(true) {
		return
	}
	if l.options.Cut.Reset {
		hangUp(l.server, true)
		hangUp(l.client, true)
		return
	}
	_ = l.server.CloseWrite()
	_ = l.client.CloseWrite()
}
