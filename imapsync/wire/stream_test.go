package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

func TestOddLinesKeepTheSessionInStep(t *testing.T) {
	tests := []struct{ name, said, want string }{
		{"an unknown response", "* VANISHED (EARLIER) 1:5\r\n", "OK done"},
		{"a code without a status", "* [COPYUID 1 2 3] x\r\n", "OK done"},
		{"an unknown response with a literal", "* FOO {4}\r\na\r\nb x\r\n", "OK done"},
		{"a blank line", "\r\n", "OK done"},
		{"a line of blanks", "   \r\n", "OK done"},
		{"a lone asterisk", "*\r\n* \r\n", "OK done"},
		{"a line that is no response (Exchange)", "Server Unavailable. 15\r\n", "OK done"},
		{"an unknown tag", "T99 OK done\r\n", "OK done"},
		{"a plus that nobody awaits", "+ go ahead\r\n", "OK done"},
		{"a bare plus", "+\r\n", "OK done"},
		{"a plus without a blank", "+idling\r\n", "OK done"},
		{"an alert", "* OK [ALERT] disk is full\r\n", "OK done"},
		{"an untagged NO", "* NO slow today\r\n", "OK done"},
		{"an untagged BAD", "* BAD what\r\n", "OK done"},
		{"a status text that ends as a literal does", "* OK read {5}\r\n", "OK done"},
		{"a tagged text that ends as a literal does", "TAG NO read {5}\r\n", "NO read {5}"},
		{"EXISTS and RECENT", "* 5 EXISTS\r\n* 2 RECENT\r\n* RECENT\r\n", "OK done"},
		{"a message number of 0", "* 0 FETCH (FLAGS ())\r\n* 0 EXPUNGE\r\n", "OK done"},
		{"an impossible message number", "* -1 EXISTS\r\n* 99999999999 EXPUNGE\r\n", "OK done"},
		{"an empty code", "TAG OK []\r\n", "OK"},
		{"no text", "TAG OK\r\n", "OK"},
		{"a blank at the end", "TAG OK \r\n", "OK"},
		{"two blanks", "TAG  OK  done\r\n", "OK done"},
		{"CR CR LF", "TAG OK done\r\r\n", "OK done"},
		{"a bare LF", "TAG OK done\n", "OK done"},
		{"a code never closed", "TAG OK [FOO bar\r\n", "OK [FOO bar]"},
		{"8-bit text", "TAG OK fatto gi\xe0\r\n", "OK fatto gi\xe0"},
		{"lower case", "TAG ok done\r\n", "OK done"},
		{"a tagged line without a status", "TAG FINE\r\nTAG OK done\r\n", "OK done"},
		{"a very long line", "* OK " + strings.Repeat("x", 200_000) + "\r\n", "OK done"},
		{"capabilities with two blanks", "* CAPABILITY IMAP4rev1  LITERAL+ \r\n", "OK done"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.said)
			status, err := c.Do(context.Background(), nil, wire.Text("NOOP"))
			if err != nil || status.String() != test.want {
				t.Errorf("got %q, error %v, want %q", status, err, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestStatusIsReadWithItsCode(t *testing.T) {
	tests := []struct {
		said string
		want wire.Status
	}{
		{"NO [TRYCREATE] no such folder", wire.Status{Type: "NO", Code: "TRYCREATE", Text: "no such folder"}},
		{"NO APPEND [TRYCREATE] no such folder", wire.Status{Type: "NO", Code: "TRYCREATE", Text: "APPEND no such folder"}},
		{"NO Mailbox [x] is gone", wire.Status{Type: "NO", Text: "Mailbox [x] is gone"}},
		{"NO Current box is selected READ-ONLY", wire.Status{Type: "NO", Text: "Current box is selected READ-ONLY"}},
		{"OK [appenduid 1 2] x", wire.Status{Type: "OK", Code: "APPENDUID", Args: "1 2", Text: "x"}},
		{"OK [ APPENDUID  1 2 ] x", wire.Status{Type: "OK", Code: "APPENDUID", Args: "1 2", Text: "x"}},
		{"BYE Too many connections", wire.Status{Type: "BYE", Text: "Too many connections"}},
	}
	for _, test := range tests {
		t.Run(test.said, func(t *testing.T) {
			c := answering(t, "TAG "+test.said+"\r\n")
			got, err := c.Do(context.Background(), nil, wire.Text("NOOP"))
			if err != nil || got != test.want {
				t.Errorf("got %+v, error %v, want %+v", got, err, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestHandlerSeesWhatTheServerSays(t *testing.T) {
	c := answering(t, "* OK [ALERT] disk is full\r\n* 12 EXISTS\r\n* BYE soon\r\n")
	var seen []string
	_, err := c.Do(context.Background(), func(r *wire.Response) {
		seen = append(seen, r.Name, r.Status.Code, r.Status.Text)
	}, wire.Text("NOOP"))
	if got := strings.Join(seen, "|"); err != nil || got != "OK|ALERT|disk is full|EXISTS|||BYE||soon" {
		t.Errorf("got %s, error %v", got, err)
	}
}

func TestByeInMidCommandIsTheError(t *testing.T) {
	tests := []struct{ name, said string }{
		{"and nothing more", "* BYE Session expired, please login again\r\n"},
		{"behind data", "* 1 FETCH (UID 5)\r\n* BYE Session expired, please login again\r\n"},
		{"and half a line", "* BYE Session expired, please login again\r\n* 1 FE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, loggedIn, func(s *imaptest.Session) {
				s.Command()
				s.SendRaw([]byte(test.said))
				s.Close()
			})
			_, _, err := fetch(c)
			if !refusedWith(err, "BYE") || !strings.Contains(err.Error(), "Session expired") {
				t.Errorf("got %v", err)
			}
			if again := c.Noop(context.Background()); again != err || c.Err() != err {
				t.Errorf("then %v, and %v", again, c.Err())
			}
		})
	}
}

// G-01: the end of the connection is never the end of a message.
func TestATruncatedAnswerIsNeverWhole(t *testing.T) {
	const answer = "* 1 FETCH (UID 5 BODY[] {5}\r\nhello FLAGS ())\r\n* 2 FETCH (BODY[] \"ab\" UID 6)\r\nT1 OK done\r\n"
	for cut := range len(answer) {
		c := dial(t, loggedIn, func(s *imaptest.Session) {
			s.Command()
			s.SendRaw([]byte(answer[:cut]))
			s.Close()
		})
		got, _, err := fetch(c)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: got error %v", cut, err)
		}
		for _, m := range got {
			if m.body != hello && m.body != "ab" {
				t.Errorf("cut at %d: got the body %q", cut, m.body)
			}
		}
		if again := c.Noop(context.Background()); again != err {
			t.Errorf("cut at %d: then %v", cut, again)
		}
	}
}

func TestEveryCommandTellsThatTheConnectionIsGone(t *testing.T) {
	ctx := context.Background()
	commands := map[string]func(c *wire.Conn) error{
		"NOOP":         func(c *wire.Conn) error { return c.Noop(ctx) },
		"LIST":         func(c *wire.Conn) error { _, err := c.List(ctx, "LIST", "", "*", ""); return err },
		"STATUS":       func(c *wire.Conn) error { _, err := c.Status(ctx, "a", "MESSAGES"); return err },
		"NAMESPACE":    func(c *wire.Conn) error { _, err := c.Namespaces(ctx); return err },
		"EXAMINE":      examine,
		"SELECT":       func(c *wire.Conn) error { _, err := c.Select(ctx, "a"); return err },
		"SEARCH":       func(c *wire.Conn) error { _, err := c.Search(ctx, false, "ALL"); return err },
		"FETCH":        bodies,
		"APPEND":       func(c *wire.Conn) error { _, err := appendOne(c, message(hello)); return err },
		"LOGIN":        func(c *wire.Conn) error { return c.Login(ctx, user, accented) },
		"AUTHENTICATE": func(c *wire.Conn) error { return c.Authenticate(ctx, sasl.NewPlainClient("", user, password)) },
	}
	for name, command := range commands {
		for _, caps := range []string{"AUTH=PLAIN", "AUTH=PLAIN LITERAL+ SASL-IR"} {
			t.Run(name+" "+caps, func(t *testing.T) {
				c := dial(t, greet(caps), func(s *imaptest.Session) {
					s.NoContinue = true
					s.Command()
					s.Close()
				})
				err := command(c)
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("got %v", err)
				}
				if again := command(c); again != err && name != "APPEND" || again == nil {
					t.Errorf("then %v", again)
				}
			})
		}
	}
}

func TestAConnectionResetInABody(t *testing.T) {
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		s.Command()
		s.SendRaw([]byte("* 1 FETCH (UID 5 BODY[] {500}\r\nhel"))
		s.Reset()
	})
	if got, _, err := fetch(c); err == nil || len(got) != 0 || refusedWith(err, "BYE") {
		t.Errorf("got %d messages, error %v", len(got), err)
	}
}

func TestASinkThatFailsEndsTheConnection(t *testing.T) {
	mine := errors.New("disk full")
	sinks := map[string]wire.BodySink{
		"when asked":    func(int64) (io.Writer, error) { return nil, mine },
		"while it runs": func(int64) (io.Writer, error) { return brokenWriter{mine}, nil },
	}
	for name, sink := range sinks {
		for form, said := range map[string]string{"a literal": "{5}\r\nhello", "quoted": `"hello"`} {
			t.Run(name+", "+form, func(t *testing.T) {
				c := answering(t, "* 1 FETCH (UID 5 BODY[] "+said+")\r\n")
				calls := 0
				_, err := c.Fetch(context.Background(), wire.Query{Set: "1", Items: "X"}, sink, func(wire.Fetched) error {
					calls++
					return nil
				})
				if !errors.Is(err, mine) || calls != 0 || c.Err() == nil {
					t.Errorf("got %v, %d messages, connection %v", err, calls, c.Err())
				}
			})
		}
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestTheEndOfTheContextEndsTheConnection(t *testing.T) {
	tests := []struct{ name, said string }{
		{"before an answer", "* OK wait\r\n"},
		{"inside a line", "* 1 FET"},
		{"inside a body", "* 1 FETCH (BODY[] {500}\r\nhel"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gone := make(chan struct{})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c := dial(t, loggedIn, func(s *imaptest.Session) {
				defer close(gone)
				s.Command()
				s.SendRaw([]byte(test.said))
				cancel()
				s.Command() // ends the script when the client is gone
			})
			_, err := c.Fetch(ctx, wire.Query{Set: "1", Items: "X"}, nil, func(wire.Fetched) error { return nil })
			if !errors.Is(err, context.Canceled) || c.Noop(context.Background()) != err {
				t.Errorf("got %v, then %v", err, c.Err())
			}
			<-gone
		})
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	heard := make(chan string, 1)
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		defer close(heard)
		heard <- s.Command().Name
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Noop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if name, ok := <-heard; ok {
		t.Errorf("the server heard %s", name)
	}
}

func TestAContextThatEndsLaterHarmsNothing(t *testing.T) {
	c := dial(t, loggedIn, obey)
	for range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		if err := c.Noop(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	inStep(t, c)
}

func TestAbortFromAnotherGoroutine(t *testing.T) {
	mine := errors.New("stop")
	stalled := make(chan struct{})
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		s.Command()
		close(stalled)
		s.Command()
	})
	aborted := make(chan struct{})
	go func() {
		defer close(aborted)
		<-stalled
		c.Abort(mine)
	}()
	if err := c.Noop(context.Background()); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	<-aborted
}

func TestLogout(t *testing.T) {
	tests := []struct {
		name   string
		script func(*imaptest.Session)
	}{
		{"as the book says", func(s *imaptest.Session) {
			tag, _ := s.Expect("LOGOUT")
			s.Send("* BYE see you", tag+" OK done")
		}},
		{"the server hangs up first", func(s *imaptest.Session) { s.Expect("LOGOUT") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, loggedIn, test.script)
			c.Logout(context.Background())
			if c.Noop(context.Background()) == nil {
				t.Error("the connection is still alive")
			}
		})
	}
}

func TestLogoutInMidCommandSaysNothing(t *testing.T) {
	heard := make(chan string, 1)
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		defer close(heard)
		s.Command() // the APPEND
		heard <- s.Command().Name
	})
	if _, err := c.StartAppend(context.Background(), "INBOX", message(hello)); err != nil {
		t.Fatal(err)
	}
	c.Logout(context.Background())
	if name, ok := <-heard; ok {
		t.Errorf("the server heard %s", name)
	}
}

func TestALineWithoutEndIsGivenUp(t *testing.T) {
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		s.Command()
		line := []byte(strings.Repeat("x", 1<<20))
		for range 33 {
			s.SendRaw(line)
		}
		s.Command()
	})
	if err := c.Noop(context.Background()); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

func TestAResponseOfTooManyLiteralsIsGivenUp(t *testing.T) {
	tests := map[string]string{
		"small ones": strings.Repeat("{0}\r\n ", 10_001),
		"large ones": strings.Repeat("{1000000}\r\n"+strings.Repeat("x", 1_000_000)+" ", 5),
	}
	for name, pieces := range tests {
		t.Run(name, func(t *testing.T) {
			c := answering(t, "* FOO "+pieces+"\r\n")
			if err := c.Noop(context.Background()); err == nil || !strings.Contains(err.Error(), "too") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// endless says the same for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(b []byte) (n int, err error) {
	for n < len(b) {
		some := copy(b[n:], e.text[e.at:])
		n, e.at = n+some, (e.at+some)%len(e.text)
	}
	return n, nil
}

// Whatever a server says without an end, every command leaves it, and keeps no more of
// it than its limit.
func TestAnAnswerWithoutEndIsGivenUp(t *testing.T) {
	ctx := context.Background()
	long := strings.Repeat("x", 500)
	said := map[string]string{
		"lines": "* OK Still here\r\n", "folders": "* LIST () \"/\" " + long + "\r\n", "states": "* STATUS {3}\r\nabc (MESSAGES 1)\r\n",
		"messages": "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n", "bodies": "* 1 FETCH (UID 5 BODY[] {5}\r\nhello)\r\n",
		"headers": "* 1 FETCH (UID 5 BODY[HEADER.FIELDS (DATE)] {500}\r\n" + long + ")\r\n", "numbers": "* 3 EXISTS\r\n",
		"what is gone": "* VANISHED (EARLIER) 1:3,7\r\n", "finds": "* SEARCH 1 2 3\r\n", "capabilities": "* CAPABILITY IMAP4rev1\r\n",
		"nothing": "\r\n", "nonsense": "Server Unavailable. 15\r\n", "leave": "+ go on\r\n", "other tags": "T99 OK\r\n",
	}
	commands := map[string]func(*wire.Conn) error{
		"NOOP":      func(c *wire.Conn) error { return c.Noop(ctx) },
		"LIST":      func(c *wire.Conn) error { _, err := c.List(ctx, "LIST", "", "*", ""); return err },
		"STATUS":    func(c *wire.Conn) error { _, err := c.Status(ctx, "a", "MESSAGES"); return err },
		"NAMESPACE": func(c *wire.Conn) error { _, err := c.Namespaces(ctx); return err },
		"EXAMINE":   func(c *wire.Conn) error { _, err := c.Examine(ctx, "INBOX"); return err },
		"SEARCH":    func(c *wire.Conn) error { _, err := c.Search(ctx, true, "ALL"); return err },
		"APPEND":    func(c *wire.Conn) error { _, err := appendOne(c, message(hello)); return err },
		"FETCH": func(c *wire.Conn) error {
			sink := func(int64) (io.Writer, error) { return io.Discard, nil }
			_, err := c.Fetch(ctx, wire.Query{Set: "1:*", Items: "(UID BODY.PEEK[])"}, sink, func(wire.Fetched) error { return nil })
			return err
		},
	}
	for what, text := range said {
		for name, command := range commands {
			for _, greeting := range []string{loggedIn, synchronising} {
				if greeting == synchronising && name != "APPEND" {
					continue // literals make no difference
				}
				heard := &endless{text: text}
				c, err := wire.New(ctx, &played{said: io.MultiReader(strings.NewReader(greeting+"\r\n"), heard)}, wire.Timeouts{})
				if err != nil {
					t.Fatal(err)
				}
				wire.GiveUpAfter(c, 200, 20_000)
				if err := command(c); err == nil || c.Err() == nil {
					t.Errorf("%s, answered by %s: %v", name, what, err)
				}
			}
		}
	}
}

func TestOnlyASearchMayAnswerAtLength(t *testing.T) {
	numbers := strings.Repeat(" 4000000000", 500_000)
	c := answering(t, "* SEARCH"+numbers+"\r\n")
	if got, err := c.Search(context.Background(), true, "ALL"); err != nil || len(got) != 500_000 || got[0] != 4_000_000_000 {
		t.Errorf("got %d numbers, error %v", len(got), err)
	}
	inStep(t, c)
	c = answering(t, "* 1 FETCH (FLAGS ("+numbers+"))\r\n")
	if _, _, err := fetch(c); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

func TestSearchReadsNumbers(t *testing.T) {
	tests := []struct{ name, said, want string }{
		{"three", "* SEARCH 2 3 6\r\n", "[2 3 6]"},
		{"none", "* SEARCH\r\n", "[]"},
		{"no answer", "", "[]"},
		{"in two answers", "* SEARCH 2\r\n* SEARCH 3\r\n", "[2 3]"},
		{"a MODSEQ behind", "* SEARCH 2 3 (MODSEQ 9)\r\n", "[2 3]"},
		{"what is no number", "* SEARCH 2 x -1 4294967296 3\r\n", "[2 3]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.said)
			got, err := c.Search(context.Background(), true, "ALL")
			if err != nil || fmt.Sprint(got) != test.want {
				t.Errorf("got %v, error %v, want %s", got, err, test.want)
			}
			inStep(t, c)
		})
	}
}
