package wire

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Timeouts limit silence, never the length of an answer (C-3).
type Timeouts struct {
	Connect  time.Duration // TCP
	TLS      time.Duration // handshake
	Greeting time.Duration
	Login    time.Duration
	Reply    time.Duration // until the first octet of an answer, and for a write to get on
	Slow     time.Duration // the same for EXAMINE and APPEND, which may lock or copy
	Idle     time.Duration // between two octets inside an answer
}

// DefaultTimeouts returns the limits of rule C-3.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Connect: 30 * time.Second, TLS: 30 * time.Second, Greeting: time.Minute, Login: 2 * time.Minute,
		Reply: 5 * time.Minute, Slow: 15 * time.Minute, Idle: 2 * time.Minute,
	}
}

func (t Timeouts) orDefault() Timeouts {
	if t == (Timeouts{}) {
		return DefaultTimeouts()
	}
	return t
}

// Config says how to reach a server.
type Config struct {
	Address  string // host:port
	StartTLS bool   // plain first, then STARTTLS before anything else is said
	// TLS protects the connection; nil leaves it in clear, unless StartTLS asks
	// for it: that fails then.
	TLS *tls.Config
	// Dial opens the TCP connection; nil uses a net.Dialer.
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Timeouts Timeouts // the zero value means DefaultTimeouts
	// Passed hears of each stage that Dial came through; nil: nobody wants to.
	Passed func(Stage)
}

// Pacer decides how fast a server is asked. Its methods may be called from the
// goroutines of several connections.
type Pacer interface {
	// Before returns when the next command may be sent. Its error is the context's.
	Before(ctx context.Context) error
	// Heard is told the answer to each command.
	Heard(s Status)
}

func (c Config) passed(stage Stage) {
	if c.Passed != nil {
		c.Passed(stage)
	}
}

// Stage names the step of a connection that did not come about.
type Stage string

// The stages, in their order.
const (
	StageConnect  Stage = "connect"
	StageGreeting Stage = "greeting"
	StageTLS      Stage = "tls"
	StageLogin    Stage = "login"
)

// PacedBy has a pacer slow down the commands of the connection from now on. It is
// called before any is under way.
func (c *Conn) PacedBy(p Pacer) { c.pacer = p }

// DialError says at which stage a connection did not come about.
type DialError struct {
	Stage Stage
	Err   error
}

func (e *DialError) Error() string { return string(e.Stage) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Conn is one IMAP connection. Its methods block until the server answered, the
// context ended, or the server kept silent for longer than its timeout. After
// any error that is not a *StatusError the connection is dead and says the same
// error again.
type Conn struct {
	nc       net.Conn // what we talk through, TLS or not
	tcp      net.Conn
	in       *bufio.Reader
	out      *bufio.Writer
	guard    *guard
	timeouts Timeouts
	pacer    Pacer // nil: none

	mu      sync.Mutex // guards aborted, which a context's end sets from outside
	aborted error
	closed  func() // what OnClose was given

	err      error // sticky
	bye      *Status
	greeting string
	caps     Caps
	asked    bool // caps came from a CAPABILITY command
	preauth  bool
	tags     int
	waiting  map[string]bool   // tags sent and not answered
	early    map[string]Status // answers that came while another was awaited
	selected *Mailbox
	vanished UIDRanges // told and not taken yet
	qresync  bool      // enabled
	refusals int
	heard    volume // since the last answer to a command
	most     volume // of that, before the connection is given up
	log      ring
}

// Dial connects, reads the greeting and, where asked for, switches to TLS. Its
// errors are *DialError. The caller closes the connection.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	cfg.Timeouts = cfg.Timeouts.orDefault()
	nc, err := dialTCP(ctx, cfg)
	if err != nil {
		return nil, &DialError{StageConnect, err}
	}
	cfg.passed(StageConnect)
	c := newConn(nc, cfg.Timeouts)
	if err := c.open(ctx, cfg); err != nil {
		c.Abort(err)
		return nil, err
	}
	return c, nil
}

// New takes over an open connection whose greeting has not been read yet. The
// zero Timeouts mean DefaultTimeouts.
func New(ctx context.Context, nc net.Conn, timeouts Timeouts) (*Conn, error) {
	c := newConn(nc, timeouts.orDefault())
	if err := c.open(ctx, Config{}); err != nil {
		c.Abort(err)
		return nil, err
	}
	return c, nil
}

func dialTCP(ctx context.Context, cfg Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeouts.Connect)
	defer cancel()
	dial := cfg.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return dial(ctx, "tcp", cfg.Address)
}

func newConn(nc net.Conn, timeouts Timeouts) *Conn {
	c := &Conn{tcp: nc, timeouts: timeouts, waiting: map[string]bool{}, early: map[string]Status{}, most: mostHeard}
	c.use(nc)
	return c
}

// use makes nc the connection that is read and written: once at the start, once
// more after STARTTLS.
func (c *Conn) use(nc net.Conn) {
	c.nc = nc
	c.guard = &guard{Conn: nc, read: c.timeouts.Greeting, write: c.timeouts.Reply}
	c.in = bufio.NewReaderSize(c.guard, 64<<10)
	c.out = bufio.NewWriterSize(c.guard, 64<<10)
}

func (c *Conn) open(ctx context.Context, cfg Config) error {
	defer c.watch(ctx)()
	if cfg.TLS != nil && !cfg.StartTLS {
		if err := c.handshake(ctx, cfg.TLS); err != nil {
			return &DialError{StageTLS, c.fail(err)}
		}
		cfg.passed(StageTLS)
	}
	if err := c.readGreeting(); err != nil {
		return &DialError{StageGreeting, c.fail(err)}
	}
	cfg.passed(StageGreeting)
	if !cfg.StartTLS {
		return nil
	}
	if err := c.startTLS(ctx, cfg.TLS); err != nil {
		return &DialError{StageTLS, c.fail(err)}
	}
	cfg.passed(StageTLS)
	return nil
}

func (c *Conn) handshake(ctx context.Context, cfg *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeouts.TLS)
	defer cancel()
	conn := tls.Client(c.nc, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	c.use(conn)
	return nil
}

var errGreeting = errors.New("the server did not greet as an IMAP server does")

func (c *Conn) readGreeting() error {
	c.guard.read = c.timeouts.Greeting
	line, err := c.readLine()
	if err != nil {
		return err
	}
	c.log.in(line)
	status, ok := parseStatus(strings.TrimSpace(strings.TrimPrefix(string(line), "*")))
	if !ok || !strings.HasPrefix(string(line), "*") {
		return fmt.Errorf("%w: %.80q", errGreeting, line)
	}
	c.greeting = status.Text
	c.learn(status)
	switch status.Type {
	case "OK":
	case "PREAUTH":
		c.preauth = true
	default:
		return &StatusError{Command: "greeting", Status: status}
	}
	return nil
}

// ErrNoTLS says that a server offers no STARTTLS where it was asked for.
var ErrNoTLS = errors.New("the server offers no STARTTLS")

var (
	errLoggedIn = errors.New("the server greets as logged in before STARTTLS")
	errInjected = errors.New("octets in clear behind the answer to STARTTLS")
	errNoConfig = errors.New("STARTTLS without a TLS configuration")
)

// startTLS refuses what RFC 3501 §11.1 warns of: a server that greets as logged
// in, and octets sent in clear that would be read as if they came through TLS.
func (c *Conn) startTLS(ctx context.Context, cfg *tls.Config) error {
	if cfg == nil {
		return errNoConfig // never go on in clear where TLS was asked for
	}
	offered, err := c.offers(ctx, "STARTTLS")
	if err != nil {
		return err
	}
	if c.preauth {
		return errLoggedIn
	}
	if !offered {
		return ErrNoTLS
	}
	status, err := c.Do(ctx, nil, Text("STARTTLS"))
	if err != nil {
		return err
	}
	if err := status.Err("STARTTLS"); err != nil {
		return err
	}
	if c.in.Buffered() > 0 {
		return errInjected
	}
	c.caps, c.bye = nil, nil // whoever said that in clear
	return c.handshake(ctx, cfg)
}

// TLS returns the state of the protected connection, or nil.
func (c *Conn) TLS() *tls.ConnectionState {
	if conn, ok := c.nc.(*tls.Conn); ok {
		state := conn.ConnectionState()
		return &state
	}
	return nil
}

// Greeting returns the text of the server's first line.
func (c *Conn) Greeting() string { return c.greeting }

// RemoteAddr returns the address the connection reached.
func (c *Conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// Transcript returns the last 64 KiB of the dialogue: command and answer lines
// without passwords, literals and bodies.
func (c *Conn) Transcript() string { return c.log.String() }

// Selected returns what Examine, Select or FinishExamine returned last, if that
// mailbox is still open; else nil.
func (c *Conn) Selected() *Mailbox {
	if c.err != nil {
		return nil
	}
	return c.selected
}

// Refusals returns how many commands the server answered NO or BAD. Exchange
// hangs up after about ten.
func (c *Conn) Refusals() int { return c.refusals }

// Err returns what ended the connection, or nil.
func (c *Conn) Err() error { return c.err }

// watch ties the connection to ctx until the returned function is called.
func (c *Conn) watch(ctx context.Context) (release func()) {
	stop := context.AfterFunc(ctx, func() { c.Abort(ctx.Err()) })
	return func() { stop() }
}

// fail makes err sticky and ends the connection. What the context or the
// server's BYE says explains a broken connection better than the socket does.
func (c *Conn) fail(err error) error {
	if c.err != nil {
		return c.err
	}
	c.mu.Lock()
	aborted := c.aborted
	c.mu.Unlock()
	switch {
	case aborted != nil:
		err = aborted
	case c.bye != nil:
		err = &StatusError{Command: "BYE", Status: *c.bye}
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	c.Abort(err) // whatever of a command is out must not be completed by the next one
	return err
}

// ended returns what ended the connection, from inside or by Abort.
func (c *Conn) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cmp.Or(c.err, c.aborted)
}

func (c *Conn) nextTag() string {
	c.tags++
	return "T" + strconv.Itoa(c.tags)
}

// Ready reports whether the server has said something that was not read yet. It
// waits for that at most so long. The end of the connection is something too:
// whoever reads next hears of it.
func (c *Conn) Ready(wait time.Duration) bool {
	if c.in.Buffered() > 0 || c.ended() != nil {
		return true
	}
	c.guard.poll = wait
	_, err := c.in.Peek(1)
	c.guard.poll = 0
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// guard limits silence on a net.Conn. It owns the deadlines: those set from
// above, absolute ones, would cut a slow but steady literal.
type guard struct {
	net.Conn
	read, write time.Duration
	poll        time.Duration // of one Read that only looks; 0: it does not
	err         error         // sticky: some callers retry a failed Read
	broken      bool          // a Write failed
}

func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if err := g.Conn.SetReadDeadline(time.Now().Add(cmp.Or(g.poll, g.read))); err != nil {
		return 0, err
	}
	n, err := g.Conn.Read(p)
	if err != nil && !(g.poll > 0 && errors.Is(err, os.ErrDeadlineExceeded)) {
		g.err = err
	}
	return n, err
}

func (g *guard) Write(p []byte) (int, error) {
	if err := g.Conn.SetWriteDeadline(time.Now().Add(g.write)); err != nil {
		return 0, err
	}
	n, err := g.Conn.Write(p)
	if err != nil {
		g.broken = true
	}
	return n, err
}
