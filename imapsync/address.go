package imapsync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"strconv"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Resolver asks the DNS for addresses. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Resolve returns the addresses that the name of an endpoint leads to now, in the
// order in which they are to be tried; none of an endpoint that is given by its
// address. The error is an *Error of the source, or the context's.
func (e *Engine) Resolve(ctx context.Context, ep migration.Endpoint) (migration.Addresses, error) {
	if _, err := netip.ParseAddr(ep.Host); err == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.opts.Timeouts.Connect)
	defer cancel()
	list, err := e.lookup(ctx, ep.Host)
	return migration.JoinAddresses(list), blame(SourceSide, err)
}

func (e *Engine) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	list, err := e.opts.Resolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(list) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// How long an address gets before the next one is tried beside it: little where
// the DNS named them just now (RFC 8305 §5), long where one of them worked before
// and the others are there in case it is gone (S7).
const (
	freshStart  = 300 * time.Millisecond
	frozenStart = 10 * time.Second
)

// dialEndpoint opens the TCP connection: to the addresses that were frozen for the
// endpoint, else to those that its name leads to now.
func (e *Engine) dialEndpoint(ctx context.Context, ep migration.Endpoint) (net.Conn, error) {
	addresses, start := ep.Addresses.List(), frozenStart
	if len(addresses) == 0 {
		var err error
		if addresses, err = e.lookup(ctx, ep.Host); err != nil {
			return nil, err
		}
		start = freshStart
	}
	dialer := &net.Dialer{}
	if !e.opts.AllowPrivate {
		dialer.Control = refusePrivate
	}
	r := &race{
		answers: make(chan dialed, len(addresses)), start: start,
		dial: func(ctx context.Context, ip netip.Addr) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", net.JoinHostPort(ip.Unmap().String(), strconv.Itoa(ep.Port)))
		},
	}
	return r.run(ctx, addresses)
}

// race tries addresses one after the other, each with a start before the next; the
// first connection counts.
type race struct {
	dial    func(ctx context.Context, ip netip.Addr) (net.Conn, error)
	start   time.Duration
	answers chan dialed
	open    int // addresses that have not answered
}

type dialed struct {
	conn net.Conn
	err  error
}

// run returns the first connection, or the error of the first address that failed.
func (r *race) run(ctx context.Context, addresses []netip.Addr) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer r.drain()
	defer cancel()
	late := time.NewTimer(r.start)
	defer late.Stop()
	var first error
	for {
		if r.open == 0 {
			if len(addresses) == 0 {
				return nil, first
			}
			addresses = r.launch(ctx, addresses)
			late.Reset(r.start)
		}
		select {
		case a := <-r.answers:
			r.open--
			if a.err == nil {
				return a.conn, nil
			}
			if first == nil {
				first = a.err
			}
		case <-late.C:
			if len(addresses) > 0 {
				addresses = r.launch(ctx, addresses)
				late.Reset(r.start)
			}
		}
	}
}

// launch tries the first of addresses and returns the others.
func (r *race) launch(ctx context.Context, addresses []netip.Addr) []netip.Addr {
	r.open++
	go func() { // drain waits for it
		conn, err := r.dial(ctx, addresses[0])
		r.answers <- dialed{conn, err}
	}()
	return addresses[1:]
}

// drain waits for the addresses that lost, whose context has ended.
func (r *race) drain() {
	for ; r.open > 0; r.open-- {
		if a := <-r.answers; a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

// frozenBy returns the addresses of an endpoint with the one in front that a
// connection goes to.
func frozenBy(conn *wire.Conn, addresses migration.Addresses) migration.Addresses {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return addresses.StartingWith(tcp.AddrPort().Addr())
	}
	return addresses
}

// shownBy returns the SHA-256 of the certificate that a server has shown; "" without
// TLS.
func shownBy(conn *wire.Conn) string {
	state := conn.TLS()
	if state == nil || len(state.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:])
}
