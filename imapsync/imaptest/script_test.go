package imaptest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trasloco/imapsync/imaptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a raw connection: it knows lines and octets, nothing of IMAP.
type client struct {
	t    *testing.T
	conn *net.TCPConn
	r    *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn.(*net.TCPConn), r: bufio.NewReader(conn)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

func (c *client) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read line: %q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// want reads the next lines and compares them.
func (c *client) want(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		if got := c.line(); got != want {
			c.t.Fatalf("got line %q, want %q", got, want)
		}
	}
}

// rest reads to the end of the connection.
func (c *client) rest() (string, error) {
	data, err := io.ReadAll(c.r)
	return string(data), err
}

func TestScriptReadsCommandsWithLiterals(t *testing.T) {
	commands := make(chan imaptest.Command, 3)
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send("* OK hello")
		for {
			cmd := s.Command()
			commands <- cmd
			s.Reply(cmd.Tag, "OK done")
		}
	})
	c := dial(t, addr)
	c.want("* OK hello")
	c.send("a noop\r\n")
	c.want("a OK done")
	c.send("b uid fetch 1:* (FLAGS)\r\nc APPEND INBOX {3+}\r\nx\r\n {2}\r\n")
	c.want("b OK done", "+ go on")
	c.send("yz (end)\r\n")
	c.want("c OK done")

	for _, want := range []string{"a|NOOP||", "b|UID FETCH|1:* (FLAGS)|", "c|APPEND|INBOX {3+} {2} (end)|x\r\n,yz"} {
		cmd := <-commands
		var literals []string
		for _, l := range cmd.Literals {
			literals = append(literals, string(l))
		}
		got := strings.Join([]string{cmd.Tag, cmd.Name, cmd.Args, strings.Join(literals, ",")}, "|")
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestScriptMayRefuseALiteralOrAskForItLater(t *testing.T) {
	got := make(chan string, 1)
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.NoContinue = true
		first := s.Command()
		s.Reply(first.Tag, "NO [OVERQUOTA] full")
		second := s.Command()
		if !first.Waiting || !second.Waiting {
			t.Errorf("waiting: %v, %v; want both", first.Waiting, second.Waiting)
		}
		second = s.Continue(second)
		got <- second.String() + string(second.Literals[0])
		s.Reply(second.Tag, "OK done")
	})
	c := dial(t, addr)
	c.send("a APPEND INBOX {5}\r\n")
	c.want("a NO [OVERQUOTA] full")
	c.send("b APPEND INBOX {5}\r\n")
	c.want("+ go on")
	c.send("hello\r\n")
	c.want("b OK done")
	if text := <-got; text != "APPEND INBOX {5}hello" {
		t.Errorf("got %q", text)
	}
}

// recorder is a testing.TB that notes errors in place of failing.
type recorder struct {
	testing.TB
	errors chan string
}

func (r recorder) Helper() {}

func (r recorder) Errorf(format string, args ...any) { r.errors <- fmt.Sprintf(format, args...) }

func TestExpectFailsTheTestOnAnythingElse(t *testing.T) {
	tests := []struct{ name, sent, want string }{
		{"another command", "a NOOP\r\n", `got command "NOOP", want "LOGIN anna"`},
		{"the end of the connection", "", `waiting for "LOGIN anna"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := recorder{t, make(chan string, 1)}
			addr := imaptest.Script(r, func(s *imaptest.Session) {
				s.Expect("LOGIN anna")
				t.Error("the script went on")
			})
			c := dial(t, addr)
			c.send(test.sent)
			_ = c.conn.CloseWrite()
			if got := <-r.errors; !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestExpectReturnsTagAndRest(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		tag, rest := s.Expect("LOGIN anna")
		s.Reply(tag, "OK rest is "+rest)
	})
	c := dial(t, addr)
	c.send("t1 login anna secret word\r\n")
	c.want("t1 OK rest is secret word")
}

func TestScriptEndsConnections(t *testing.T) {
	tests := []struct {
		name string
		end  func(s *imaptest.Session)
		want error
	}{
		{"with a FIN", (*imaptest.Session).Close, nil},
		{"with a FIN when the script returns", func(*imaptest.Session) {}, nil},
		{"with a RST", (*imaptest.Session).Reset, syscall.ECONNRESET},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.Send("* OK hello")
				s.Expect("NOOP")
				test.end(s)
			})
			c := dial(t, addr)
			c.want("* OK hello")
			c.send("a NOOP\r\n")
			if got, err := c.rest(); got != "" || !errors.Is(err, test.want) {
				t.Errorf("got %q, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestDripSendsOctetByOctet(t *testing.T) {
	const text, each = "* OK slowly\r\n", 5 * time.Millisecond
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Drip([]byte(text), each) })
	start := time.Now()
	c := dial(t, addr)
	c.want("* OK slowly")
	if took, least := time.Since(start), each*time.Duration(len(text)-1); took < least {
		t.Errorf("took %v, want at least %v", took, least)
	}
}

func TestStallEndsWithItsContextOrTheTest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Run("its context", func(t *testing.T) {
		addr := imaptest.Script(t, func(s *imaptest.Session) {
			s.Stall(ctx)
			s.Send("* OK at last")
		})
		c := dial(t, addr)
		cancel()
		c.want("* OK at last")
	})
	t.Run("the test", func(t *testing.T) {
		addr := imaptest.Script(t, func(s *imaptest.Session) { s.Stall(context.Background()) })
		dial(t, addr) // the cleanup would hang if Stall did
	})
}

func TestScriptSpeaksTLSAfterStartTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		tag, _ := s.Expect("STARTTLS")
		s.Reply(tag, "OK go ahead")
		s.StartTLS(web.TLS)
		tag, rest := s.Expect("LOGIN")
		s.Reply(tag, "OK "+rest)
	})
	c := dial(t, addr)
	c.send("a STARTTLS\r\n")
	c.want("a OK go ahead")
	roots := web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	secure := tls.Client(c.conn, &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12})
	if _, err := io.WriteString(secure, "b LOGIN anna secret\r\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := bufio.NewReader(secure).ReadString('\n'); got != "b OK anna secret\r\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
