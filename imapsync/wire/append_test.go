package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

// message is one that says body.
func message(body string) wire.Message {
	return wire.Message{Size: int64(len(body)), Open: func() (io.Reader, error) { return strings.NewReader(body), nil }}
}

// appendOne appends a message and waits for its answer.
func appendOne(c *wire.Conn, m wire.Message) (wire.Appended, error) {
	pending, err := c.StartAppend(context.Background(), "INBOX", m)
	if err != nil {
		return wire.Appended{}, err
	}
	return c.FinishAppend(context.Background(), pending)
}

// The ways servers take literals.
const (
	synchronising = "* PREAUTH [CAPABILITY IMAP4rev1] ready"
	literalMinus  = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL-] ready"
)

func TestAppendSendsWhatItIsGiven(t *testing.T) {
	date := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	tests := []struct {
		name, greeting string
		message        wire.Message
		want           string
	}{
		{"LITERAL+", loggedIn, message(hello), `APPEND "INBOX" {5+}`},
		{"no LITERAL+", synchronising, message(hello), `APPEND "INBOX" {5}`},
		{"LITERAL- and a small message", literalMinus, message(strings.Repeat("x", 4096)), `APPEND "INBOX" {4096+}`},
		{"LITERAL- and a large message", literalMinus, message(strings.Repeat("x", 4097)), `APPEND "INBOX" {4097}`},
		{"flags and date", loggedIn, withMeta(message(hello), date, `\Seen`, "$Forwarded"), `APPEND "INBOX" (\Seen $Forwarded) " 3-Feb-2026 04:05:06 +0100" {5+}`},
		{"an empty message", loggedIn, message(""), `APPEND "INBOX" {0+}`},
		{"a message of commands", loggedIn, message("T9 NOOP\r\nT10 LOGOUT\r\n"), `APPEND "INBOX" {21+}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			commands := make(chan imaptest.Command, 1)
			c := dial(t, test.greeting, func(s *imaptest.Session) {
				cmd := s.Command()
				commands <- cmd
				s.Reply(cmd.Tag, "OK [APPENDUID 1 2] done")
				obey(s)
			})
			got, err := appendOne(c, test.message)
			if err != nil || got.UIDValidity != 1 || uidOf(got) != 2 {
				t.Errorf("got %+v, error %v", got, err)
			}
			r, _ := test.message.Open()
			body, _ := io.ReadAll(r)
			if cmd := <-commands; cmd.String() != test.want || len(cmd.Literals) != 1 || string(cmd.Literals[0]) != string(body) {
				t.Errorf("the server got %q with %q, want %q", cmd, cmd.Literals, test.want)
			}
			if pipelines := strings.Contains(test.want, "+}"); c.Pipelines(test.message.Size) != pipelines {
				t.Errorf("Pipelines says %v", !pipelines)
			}
			inStep(t, c)
		})
	}
}

// uidOf returns the UID of a lone message, 0 if none was said.
func uidOf(a wire.Appended) uint32 {
	if len(a.UIDs) != 1 {
		return 0
	}
	return a.UIDs[0]
}

func withMeta(m wire.Message, date time.Time, flags ...string) wire.Message {
	m.Date, m.Flags = date, flags
	return m
}

func TestAppendReadsItsAnswer(t *testing.T) { // G-11
	tests := []struct {
		said          string
		validity, uid uint32
	}{
		{"OK [APPENDUID 7 8] done", 7, 8},
		{"OK [appenduid 7 8] done", 7, 8},
		{"OK [APPENDUID 7 8 ] done", 7, 8},
		{"OK [APPENDUID  7  8] done", 7, 8},
		{"OK [APPENDUID 7 8", 7, 8},
		{"OK [APPENDUID 7 8:9] done", 0, 0},
		{"OK [APPENDUID 7] done", 0, 0},
		{"OK [APPENDUID] done", 0, 0},
		{"OK [APPENDUID 7 4294967296] done", 0, 0},
		{"OK [APPENDUID 4294967296 8] done", 0, 0},
		{"OK [APPENDUID NIL NIL] done", 0, 0},
		{"OK [APPENDUID 7 8 9] done", 0, 0},
		{"OK [THROTTLED] done", 0, 0},
		{"OK", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.said, func(t *testing.T) {
			c := answering(t, "TAG "+test.said+"\r\n")
			got, err := appendOne(c, message(hello))
			if err != nil || !got.Status.OK() || got.UIDValidity != test.validity || uidOf(got) != test.uid {
				t.Errorf("got %+v, error %v", got, err)
			}
			inStep(t, c)
		})
	}
}

// G-03: a refusal in place of the leave costs no connection.
func TestAppendRefusedBeforeTheLiteral(t *testing.T) {
	refusals := []struct{ said, code string }{
		{"NO [TRYCREATE] no such folder", "TRYCREATE"},
		{"NO APPEND [TRYCREATE]", "TRYCREATE"},
		{"NO [OVERQUOTA] Quota exceeded (mailbox for user is full)", "OVERQUOTA"},
		{"NO Current box is selected READ-ONLY", ""},
		{"BAD invalid flag", ""},
	}
	for _, refusal := range refusals {
		t.Run(refusal.said, func(t *testing.T) {
			c := dial(t, synchronising, func(s *imaptest.Session) {
				s.NoContinue = true
				cmd := s.Command()
				if !cmd.Waiting {
					t.Error("the client did not wait for the leave")
				}
				s.Send("* 5 EXISTS", "* OK [ALERT] x", "")
				s.Reply(cmd.Tag, refusal.said)
				cmd = s.Continue(s.Command())
				s.Reply(cmd.Tag, "OK "+string(cmd.Literals[0]))
				obey(s)
			})
			opened := false
			m := message(hello)
			m.Open = func() (io.Reader, error) { opened = true; return strings.NewReader(hello), nil }
			got, err := appendOne(c, m)
			if err != nil || got.Status.OK() || got.Status.Code != refusal.code || opened {
				t.Errorf("got %+v, error %v, message opened: %v", got, err, opened)
			}
			if got, err = appendOne(c, message("two")); err != nil || got.Status.String() != "OK two" {
				t.Errorf("the next one: %+v, error %v", got, err)
			}
			inStep(t, c)
		})
	}
}

func TestAppendHearsOtherNews(t *testing.T) {
	c := answering(t, "* 5 EXISTS\r\n* 2 FETCH (FLAGS (\\Recent))\r\n+ spurious\r\n* 1 EXPUNGE\r\nTAG OK [APPENDUID 7 8] done\r\n")
	if got, err := appendOne(c, message(hello)); err != nil || uidOf(got) != 8 {
		t.Errorf("got %+v, error %v", got, err)
	}
	inStep(t, c)
}

// G-02: what follows a literal that is too short must never be taken for mail.
func TestAShortMessageEndsTheConnection(t *testing.T) {
	mine := errors.New("temp file is gone")
	broken := map[string]func() (io.Reader, error){
		"too few octets":        func() (io.Reader, error) { return strings.NewReader("hel"), nil },
		"none":                  func() (io.Reader, error) { return strings.NewReader(""), nil },
		"an error in the midst": func() (io.Reader, error) { return io.MultiReader(strings.NewReader("hel"), brokenReader{mine}), nil },
		"cannot be opened":      func() (io.Reader, error) { return nil, mine },
	}
	for name, open := range broken {
		for _, greeting := range []string{loggedIn, synchronising} {
			t.Run(name+" "+greeting, func(t *testing.T) {
				heard := make(chan bool, 1)
				c := dial(t, greeting, func(s *imaptest.Session) {
					defer close(heard)
					s.Command() // never complete: ends the script
					heard <- true
				})
				_, err := c.StartAppend(context.Background(), "INBOX", wire.Message{Size: 1000, Open: open})
				if err == nil || c.Err() != err {
					t.Errorf("got %v, connection %v", err, c.Err())
				}
				again := c.Noop(context.Background())
				if again != err {
					t.Errorf("then %v", again)
				}
				if <-heard {
					t.Error("the server got a complete command")
				}
			})
		}
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestALongMessageIsCutAtItsSize(t *testing.T) {
	bodies := make(chan string, 1)
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		cmd := s.Command()
		bodies <- string(cmd.Literals[0])
		s.Reply(cmd.Tag, "OK")
		obey(s)
	})
	m := message("hello world")
	m.Size = 5
	if _, err := appendOne(c, m); err != nil || <-bodies != hello {
		t.Errorf("error %v", err)
	}
	inStep(t, c)
}

func TestFlagsCannotCarryACommand(t *testing.T) {
	heard := make(chan bool, 1)
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		defer close(heard)
		s.Command()
		heard <- true
	})
	m := message(hello)
	m.Flags = []string{"x)\r\nT9 DELETE INBOX\r\n"}
	if _, err := c.StartAppend(context.Background(), "INBOX", m); err == nil {
		t.Error("it was sent")
	}
	if <-heard {
		t.Error("the server got a command")
	}
}

func TestAppendsUnderWayTogether(t *testing.T) {
	const window = 16
	for _, order := range []string{"in order", "in reverse"} {
		t.Run(order, func(t *testing.T) {
			c := dial(t, loggedIn, func(s *imaptest.Session) {
				var all []imaptest.Command
				for range window {
					all = append(all, s.Command())
				}
				for i := range all {
					cmd := all[i]
					if order == "in reverse" {
						cmd = all[window-1-i]
					}
					s.Send("* 5 EXISTS")
					if body := string(cmd.Literals[0]); body == "message 7" {
						s.Reply(cmd.Tag, "NO [LIMIT] too odd")
					} else {
						s.Reply(cmd.Tag, "OK [APPENDUID 1 1"+strings.TrimPrefix(body, "message ")+"] done")
					}
				}
				obey(s)
			})
			var pending []wire.Pending
			for i := range window {
				p, err := c.StartAppend(context.Background(), "INBOX", message(fmt.Sprintf("message %d", i)))
				if err != nil {
					t.Fatal(err)
				}
				pending = append(pending, p)
			}
			for i, p := range pending {
				got, err := c.FinishAppend(context.Background(), p)
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("1%d", i); i != 7 && fmt.Sprint(uidOf(got)) != want || i == 7 && got.Status.Code != "LIMIT" {
					t.Errorf("message %d: got %+v", i, got)
				}
			}
			inStep(t, c)
		})
	}
}

// Without LITERAL+ the answer to one message may come while the leave for the
// next is awaited.
func TestSynchronisingAppendsUnderWayTogether(t *testing.T) {
	c := dial(t, synchronising, func(s *imaptest.Session) {
		s.NoContinue = true
		first := s.Continue(s.Command())
		second := s.Command()
		s.Reply(first.Tag, "NO [LIMIT] too odd")
		second = s.Continue(second)
		third := s.Command()
		s.Reply(third.Tag, "NO [OVERQUOTA] full")
		s.Reply(second.Tag, "OK [APPENDUID 1 2] done")
		obey(s)
	})
	var pending []wire.Pending
	for _, body := range []string{"one", "two", "three"} {
		p, err := c.StartAppend(context.Background(), "INBOX", message(body))
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, p)
	}
	for i, want := range []string{"NO [LIMIT] too odd", "OK [APPENDUID 1 2] done", "NO [OVERQUOTA] full"} {
		got, err := c.FinishAppend(context.Background(), pending[i])
		if err != nil || got.Status.String() != want {
			t.Errorf("message %d: got %q, error %v, want %q", i, got.Status, err, want)
		}
	}
	inStep(t, c)
}

func TestAnAnswerThatCameIsKnownThoughTheConnectionIsGone(t *testing.T) {
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		s.Command()
		second := s.Command()
		s.Reply(second.Tag, "OK [APPENDUID 1 2] done")
		s.Close()
	})
	first, err1 := c.StartAppend(context.Background(), "INBOX", message("one"))
	second, err2 := c.StartAppend(context.Background(), "INBOX", message("two"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := c.FinishAppend(context.Background(), first); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the first: %v", err)
	}
	if got, err := c.FinishAppend(context.Background(), second); err != nil || uidOf(got) != 2 {
		t.Errorf("the second: %+v, error %v", got, err)
	}
}

// G-14: the server's last words explain more than a broken pipe.
func TestByeWhileAMessageIsSent(t *testing.T) {
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		s.Send("* BYE too much mail for today")
		// The script ends and with it the connection, by a reset: the message
		// is never read.
	})
	m := wire.Message{Size: 1 << 30, Open: func() (io.Reader, error) { return zeros{}, nil }}
	_, err := appendOne(c, m)
	if !refusedWith(err, "BYE") || !strings.Contains(err.Error(), "too much mail") {
		t.Errorf("got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What is cancelled ends without its last line end, and is not stored (I-10, P-2).
func TestCancelWhileAMessageIsSent(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	heard := make(chan bool, 1)
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		defer close(heard)
		cancel()
		s.Command()
		heard <- true
	})
	m := wire.Message{Size: 1 << 40, Open: func() (io.Reader, error) { return zeros{}, nil }}
	if _, err := c.StartAppend(ctx, "INBOX", m); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if <-heard {
		t.Error("the server got a complete command")
	}
}

// A server that does not read must not hold us for ever.
func TestAServerThatTakesNothing(t *testing.T) {
	timeouts := inTime()
	timeouts.Reply, timeouts.Idle = 50*time.Millisecond, 50*time.Millisecond
	c := dialTimed(t, timeouts, loggedIn, func(s *imaptest.Session) { s.Stall(context.Background()) })
	m := wire.Message{Size: 1 << 40, Open: func() (io.Reader, error) { return zeros{}, nil }}
	var timeout interface{ Timeout() bool }
	if _, err := c.StartAppend(context.Background(), "INBOX", m); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
}

// One command, several messages (RFC 3502, K-3): their UIDs come as a set.
func TestAppendOfSeveral(t *testing.T) {
	tests := []struct {
		said string
		want []uint32
	}{
		{"OK [APPENDUID 7 8:10] done", []uint32{8, 9, 10}},
		{"OK [APPENDUID 7 8,9,10] done", []uint32{8, 9, 10}},
		{"OK [APPENDUID 7 8,12:13] done", []uint32{8, 12, 13}},
		{"OK [APPENDUID 7 8:9] done", nil},
		{"OK [APPENDUID 7 8:11] done", nil},
		{"OK [APPENDUID 7 8:4294967295] done", nil},
		{"OK [APPENDUID 7 10:8] done", nil},
		{"OK [APPENDUID 7 9,8,10] done", nil},
		{"OK [APPENDUID 7 8] done", nil},
		{"OK done", nil},
		{"NO [OVERQUOTA] full", nil},
	}
	for _, greeting := range []string{loggedIn, synchronising} {
		for _, test := range tests {
			t.Run(greeting+test.said, func(t *testing.T) {
				commands := make(chan imaptest.Command, 1)
				c := dial(t, greeting, func(s *imaptest.Session) {
					cmd := s.Command()
					commands <- cmd
					s.Reply(cmd.Tag, test.said)
					obey(s)
				})
				p, err := c.StartAppend(context.Background(), "INBOX", message("one"), withMeta(message("two"), time.Time{}, `\Seen`), message("three"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.FinishAppend(context.Background(), p)
				if err != nil || !slices.Equal(got.UIDs, test.want) || (got.UIDValidity == 7) != (test.want != nil) {
					t.Errorf("got %+v, %v", got, err)
				}
				cmd := <-commands
				if string(bytes.Join(cmd.Literals, []byte("|"))) != "one|two|three" || strings.Count(cmd.Args, `(\Seen)`) != 1 {
					t.Errorf("the server got %q with %q", cmd, cmd.Literals)
				}
				inStep(t, c)
			})
		}
	}
}
