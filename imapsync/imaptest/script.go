package imaptest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Script starts a server on loopback that runs script for each connection, in a
// goroutine of its own; the test's cleanup closes the connections and waits for
// the scripts. Not even the greeting is sent unless the script does. It returns
// the server's host:port.
func Script(t testing.TB, script func(s *Session)) (addr string) {
	t.Helper()
	return hostFor(t, func(ctx context.Context, number int, conn *net.TCPConn) {
		script(newSession(t, ctx, number, conn, conn))
	}).addr()
}

// Session is one connection of a scripted server. It belongs to the goroutine
// that runs the script.
type Session struct {
	Number int // of the connection, from 1

	// NoContinue leaves synchronising literals unanswered: Command returns with
	// Waiting set, and the script refuses the command or calls Continue.
	NoContinue bool

	// accept, if set, decides about every announced literal. It has answered
	// the client when it returns false.
	accept func(cmd Command, size int64, nonSync bool) bool

	refusals int // NO and BAD given by Reply, or by an account

	t    testing.TB
	ctx  context.Context
	tcp  *net.TCPConn
	conn net.Conn // tcp, or what is wrapped around it
	r    *bufio.Reader
	w    *bufio.Writer
}

func newSession(t testing.TB, ctx context.Context, number int, tcp *net.TCPConn, conn net.Conn) *Session {
	return &Session{
		Number: number, t: t, ctx: ctx, tcp: tcp, conn: conn,
		r: bufio.NewReader(conn), w: bufio.NewWriterSize(conn, 64<<10),
	}
}

// Command is one command of the client.
type Command struct {
	Tag  string
	Name string // in capitals, "UID FETCH" in one
	Args string // as sent; a literal stands there as its announcement, {5} or {5+}

	Literals [][]byte // the octets of the literals, in order
	Waiting  bool     // a synchronising literal is announced and not yet asked for

	refused  bool // answered before its literal
	examined bool // the folder at hand was opened by EXAMINE, so that reading changes nothing
}

// String returns name and arguments, without the tag.
func (c Command) String() string { return strings.TrimSpace(c.Name + " " + c.Args) }

// Command reads the next command with its literals, to the end of its line.
// When the client is gone the script ends there.
func (s *Session) Command() Command {
	cmd, err := s.readCommand(Command{})
	if err != nil {
		runtime.Goexit()
	}
	return cmd
}

// Expect reads the next command, which must begin with prefix, and returns its
// tag and what follows the prefix. Anything else, a client that is gone
// included, fails the test and ends the script.
func (s *Session) Expect(prefix string) (tag, rest string) {
	s.t.Helper()
	cmd, err := s.readCommand(Command{})
	if err != nil {
		s.t.Errorf("connection %d: waiting for %q: %v", s.Number, prefix, err)
		runtime.Goexit()
	}
	rest, ok := strings.CutPrefix(cmd.String(), prefix)
	if !ok {
		s.t.Errorf("connection %d: got command %q, want %q", s.Number, cmd, prefix)
		runtime.Goexit()
	}
	return cmd.Tag, strings.TrimPrefix(rest, " ")
}

// Continue asks for the literal a command is waiting for and reads the rest of
// the command; after NoContinue.
func (s *Session) Continue(cmd Command) Command {
	s.Send("+ go on")
	cmd.Waiting = false
	err := s.readLiteral(&cmd)
	if err == nil {
		cmd, err = s.readCommand(cmd)
	}
	if err != nil {
		runtime.Goexit()
	}
	return cmd
}

// Line reads one line without its end: a step of an AUTHENTICATE exchange. When
// the client is gone the script ends there.
func (s *Session) Line() string {
	line, err := s.readLine()
	if err != nil {
		runtime.Goexit()
	}
	return line
}

// Send writes lines, each with CRLF. That the client is gone shows at the next
// read.
func (s *Session) Send(lines ...string) {
	s.write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	s.flush()
}

// SendRaw writes octets as they are.
func (s *Session) SendRaw(data []byte) {
	s.write(data)
	s.flush()
}

// Reply ends a command: "OK done", "NO [OVERQUOTA] full".
func (s *Session) Reply(tag, text string) {
	s.countRefusal(text)
	s.Send(tag + " " + text)
}

// Drip writes data octet by octet with a pause after each, until the test ends.
func (s *Session) Drip(data []byte, perOctet time.Duration) {
	for i := range data {
		s.SendRaw(data[i : i+1])
		if !pause(s.ctx, perOctet) {
			return
		}
	}
}

// Stall neither reads nor writes until ctx or the test ends.
func (s *Session) Stall(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
}

// Close ends the connection with a FIN and returns when the client has closed
// it too.
func (s *Session) Close() { hangUp(s.tcp, false) }

// Reset ends the connection with a RST.
func (s *Session) Reset() { hangUp(s.tcp, true) }

// StartTLS goes on as a TLS server; send the tagged OK first. Octets read
// before it stay behind, as RFC 3501 §6.2.1 demands.
func (s *Session) StartTLS(config *tls.Config) {
	s.conn = tls.Server(s.conn, config)
	s.r.Reset(s.conn)
	s.w.Reset(s.conn)
}

func (s *Session) write(data []byte) { _, _ = s.w.Write(data) }

func (s *Session) flush() { _ = s.w.Flush() }

func (s *Session) readLine() (string, error) {
	s.flush()
	line, err := s.r.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read line %q: %w", line, err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// readCommand reads to the end of the command that cmd has the first part of.
func (s *Session) readCommand(cmd Command) (Command, error) {
	for {
		line, err := s.readLine()
		if err != nil {
			return cmd, err
		}
		cmd.add(line)
		size, nonSync, ok := announced(line)
		if !ok {
			return cmd, nil
		}
		if !nonSync && s.NoContinue {
			cmd.Waiting = true
			return cmd, nil
		}
		if s.accept != nil && !cmd.refused && !s.accept(cmd, size, nonSync) {
			cmd.refused = true
		}
		if !nonSync && cmd.refused {
			return cmd, nil
		}
		if !nonSync {
			s.Send("+ go on")
		}
		if err := s.readLiteral(&cmd); err != nil {
			return cmd, err
		}
	}
}

// readLiteral reads the literal that the command's last line announces.
func (s *Session) readLiteral(cmd *Command) error {
	size, _, _ := announced(cmd.Args)
	s.flush()
	literal := make([]byte, size)
	if _, err := io.ReadFull(s.r, literal); err != nil {
		return fmt.Errorf("read literal of %d octets: %w", size, err)
	}
	cmd.Literals = append(cmd.Literals, literal)
	return nil
}

// add takes in the next line of a command.
func (c *Command) add(line string) {
	if c.Tag != "" {
		c.Args += line
		return
	}
	c.Tag, line, _ = strings.Cut(line, " ")
	c.Name, c.Args, _ = strings.Cut(line, " ")
	c.Name = strings.ToUpper(c.Name)
	if c.Name == "UID" {
		sub, args, _ := strings.Cut(c.Args, " ")
		c.Name, c.Args = "UID "+strings.ToUpper(sub), args
	}
}

var announcement = regexp.MustCompile(`\{(\d{1,10})(\+?)\}$`)

// announced reads the literal announced at the end of a line (RFC 7888 §4).
func announced(line string) (size int64, nonSync, ok bool) {
	m := announcement.FindStringSubmatch(line)
	if m == nil {
		return 0, false, false
	}
	size, err := strconv.ParseInt(m[1], 10, 64)
	return size, m[2] == "+", err == nil
}

// pause waits for d; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
