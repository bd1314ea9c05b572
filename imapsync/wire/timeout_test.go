package wire_test

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

// Silence has its limits, each kind its own (C-3).
func TestASilentServerIsLeftInTime(t *testing.T) {
	timeouts := inTime()
	timeouts.Reply, timeouts.Slow, timeouts.Idle = 40*time.Millisecond, 80*time.Millisecond, 20*time.Millisecond
	tests := []struct {
		name, said string
		command    func(*wire.Conn) error
		least      time.Duration
	}{
		{"before an answer", "", noop, timeouts.Reply},
		{"inside a line", "* OK", noop, timeouts.Idle},
		{"between two lines", "* OK still there\r\n", noop, timeouts.Reply},
		{"behind a line nobody knows", "\r\nwhat\r\n", noop, timeouts.Reply},
		{"before the answer to EXAMINE", "\r\n* OK wait\r\n\r\n", examine, timeouts.Slow},
		{"inside a body", "* 1 FETCH (UID 5 BODY[] {5}\r\nhel", bodies, timeouts.Idle},
		{"behind a body", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello", bodies, timeouts.Idle},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dialTimed(t, timeouts, loggedIn, func(s *imaptest.Session) {
				s.Command()
				s.SendRaw([]byte(test.said))
				s.Stall(context.Background())
			})
			start := time.Now()
			err := test.command(c)
			if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took < test.least {
				t.Errorf("got %v after %v, want a timeout after %v", err, took, test.least)
			}
			if c.Noop(context.Background()) != err {
				t.Error("the connection came back to life")
			}
		})
	}
}

func noop(c *wire.Conn) error { return c.Noop(context.Background()) }

func examine(c *wire.Conn) error {
	_, err := c.Examine(context.Background(), "INBOX")
	return err
}

func bodies(c *wire.Conn) error {
	_, _, err := fetch(c)
	return err
}

// G-07: an answer may take for ever, as long as its octets flow.
func TestASlowButSteadyServerIsWaitedFor(t *testing.T) {
	timeouts := inTime()
	timeouts.Idle = 300 * time.Millisecond
	c := dialTimed(t, timeouts, loggedIn, func(s *imaptest.Session) {
		tag := s.Command().Tag
		s.Drip([]byte("* 1 FETCH (UID 5 BODY[] {5}\r\nhello)\r\n"+tag+" OK done\r\n"), 10*time.Millisecond)
		obey(s)
	})
	start := time.Now()
	got := fetchOne(t, c)
	if took := time.Since(start); got.body != hello || took < timeouts.Idle {
		t.Errorf("got %q after %v", got.body, took)
	}
	inStep(t, c)
}

// A destination that is slow to take a body must not end the source's literal.
func TestTheSinkMayTakeItsTime(t *testing.T) {
	timeouts := inTime()
	timeouts.Idle = 20 * time.Millisecond
	c := dialTimed(t, timeouts, loggedIn, func(s *imaptest.Session) {
		tag := s.Command().Tag
		s.SendRaw([]byte("* 1 FETCH (UID 5 BODY[] {5}\r\nhello)\r\n" + tag + " OK done\r\n"))
		obey(s)
	})
	sink := func(int64) (io.Writer, error) {
		time.Sleep(3 * timeouts.Idle) // the thing tested: a pause that is ours, not the server's
		return io.Discard, nil
	}
	query := wire.Query{Set: "1", Items: "(BODY.PEEK[])"}
	status, err := c.Fetch(context.Background(), query, sink, func(wire.Fetched) error { return nil })
	if err != nil || !status.OK() {
		t.Errorf("got %v, error %v", status, err)
	}
	inStep(t, c)
}
