package wire_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

func TestDialTellsTheStage(t *testing.T) {
	tests := []struct {
		name   string
		script func(*imaptest.Session)
		stage  wire.Stage
		want   string
	}{
		{"hung up without a word (Courier)", func(*imaptest.Session) {}, wire.StageGreeting, "unexpected EOF"},
		{"BYE for a greeting", func(s *imaptest.Session) { s.Send("* BYE Too many connections") }, wire.StageGreeting, "Too many connections"},
		{"another protocol", func(s *imaptest.Session) { s.Send("220 mail.example.com ESMTP") }, wire.StageGreeting, "did not greet"},
		{"NO for a greeting", func(s *imaptest.Session) { s.Send("* NO not now") }, wire.StageGreeting, "not now"},
		{"half a greeting", func(s *imaptest.Session) { s.SendRaw([]byte("* OK hel")); s.Close() }, wire.StageGreeting, "unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr := imaptest.Script(t, test.script)
			_, err := wire.Dial(context.Background(), wire.Config{Address: addr, Timeouts: inTime()})
			var at *wire.DialError
			if !errors.As(err, &at) || at.Stage != test.stage || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want stage %s and %q", err, test.stage, test.want)
			}
		})
	}
}

func TestDialWaitsForAGreetingOnlySoLong(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Stall(context.Background()) })
	timeouts := inTime()
	timeouts.Greeting = 30 * time.Millisecond
	_, err := wire.Dial(context.Background(), wire.Config{Address: addr, Timeouts: timeouts})
	var at *wire.DialError
	if !errors.As(err, &at) || at.Stage != wire.StageGreeting || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestDialToNobody(t *testing.T) {
	mine := errors.New("no route")
	_, err := wire.Dial(context.Background(), wire.Config{
		Address: "192.0.2.1:143",
		Dial:    func(context.Context, string, string) (net.Conn, error) { return nil, mine },
	})
	var at *wire.DialError
	if !errors.As(err, &at) || at.Stage != wire.StageConnect || !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
}

// New is for connections made elsewhere; the zero Timeouts are no limits of zero.
func TestNewTakesOverAConnection(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send(loggedIn)
		obey(s)
	})
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := wire.New(context.Background(), nc, wire.Timeouts{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort(net.ErrClosed)
	if c.Greeting() != "ready" || !c.Has("UIDPLUS") || c.RemoteAddr().String() != addr || c.TLS() != nil {
		t.Errorf("greeting %q, %v, %v", c.Greeting(), c.Caps(), c.RemoteAddr())
	}
	inStep(t, c)
}
