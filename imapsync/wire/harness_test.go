package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loggedIn greets as a server on which nobody has to log in: most tests are
// about what comes later.
const loggedIn = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS UNSELECT] ready"

// inTime is much longer than anything on loopback takes and fails a test that
// would hang.
func inTime() wire.Timeouts {
	const d = 5 * time.Second
	return wire.Timeouts{Connect: d, TLS: d, Greeting: d, Login: d, Reply: d, Slow: d, Idle: d}
}

// dial connects to a server that says greeting and goes on as script.
func dial(t testing.TB, greeting string, script func(*imaptest.Session)) *wire.Conn {
	t.Helper()
	return dialTimed(t, inTime(), greeting, script)
}

func dialTimed(t testing.TB, timeouts wire.Timeouts, greeting string, script func(*imaptest.Session)) *wire.Conn {
	t.Helper()
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send(greeting)
		script(s)
	})
	c, err := wire.Dial(context.Background(), wire.Config{Address: addr, Timeouts: timeouts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort(net.ErrClosed) })
	return c
}

// answering connects to a server that answers the first command with said, in
// which TAG stands for its tag, and every later one with OK. Where said holds no
// tagged line, OK follows.
func answering(t testing.TB, said string) *wire.Conn {
	t.Helper()
	return dial(t, loggedIn, func(s *imaptest.Session) {
		cmd := s.Command()
		if !strings.Contains(said, "TAG ") {
			said += "TAG OK done\r\n"
		}
		s.SendRaw([]byte(strings.ReplaceAll(said, "TAG ", cmd.Tag+" ")))
		obey(s)
	})
}

// obey answers every command with OK.
func obey(s *imaptest.Session) {
	for {
		s.Reply(s.Command().Tag, "OK done")
	}
}

// inStep checks that the connection still works.
func inStep(t testing.TB, c *wire.Conn) {
	t.Helper()
	if err := c.Noop(context.Background()); err != nil {
		t.Errorf("the next command: %v\n%s", err, c.Transcript())
	}
}

// mail is one FETCH answer with what the sink got for it.
type mail struct {
	wire.Fetched
	body  string
	sinks int   // how often a place was asked for
	said  int64 // the size that was announced
}

// fetch asks for bodies and collects all answers.
func fetch(c *wire.Conn) (got []mail, status wire.Status, err error) {
	var now mail
	var body bytes.Buffer
	sink := func(size int64) (io.Writer, error) {
		now.sinks++
		now.said += size
		return &body, nil
	}
	query := wire.Query{Set: "1:*", ByUID: true, Items: "(UID BODY.PEEK[])"}
	status, err = c.Fetch(context.Background(), query, sink, func(f wire.Fetched) error {
		now.Fetched, now.body = f, body.String()
		got = append(got, now)
		now = mail{}
		body.Reset()
		return nil
	})
	return got, status, err
}

// fetchOne is fetch where exactly one answer must come.
func fetchOne(t testing.TB, c *wire.Conn) mail {
	t.Helper()
	got, status, err := fetch(c)
	if err != nil || !status.OK() || len(got) != 1 {
		t.Fatalf("got %d messages, status %q, error %v\n%s", len(got), status, err, c.Transcript())
	}
	return got[0]
}

// recordingTo answers every command with OK and sends the text of the first.
func recordingTo(sent chan<- string) func(*imaptest.Session) {
	return func(s *imaptest.Session) {
		cmd := s.Command()
		sent <- cmd.String()
		s.Reply(cmd.Tag, "OK done")
		obey(s)
	}
}

// refusedWith reports whether err is a refusal of the given type.
func refusedWith(err error, kind string) bool {
	var refused *wire.StatusError
	return errors.As(err, &refused) && refused.Status.Type == kind
}
