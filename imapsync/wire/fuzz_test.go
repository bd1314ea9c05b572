package wire_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/wire"
)

// played is a connection on which the server says what is in said and hangs up.
type played struct {
	said io.Reader
	net.Conn
}

func (p *played) Read(b []byte) (int, error)       { return p.said.Read(b) }
func (p *played) Write(b []byte) (int, error)      { return len(b), nil }
func (p *played) Close() error                     { return nil }
func (p *played) SetReadDeadline(time.Time) error  { return nil }
func (p *played) SetWriteDeadline(time.Time) error { return nil }

// conversation runs one of each command against a server that says said.
func conversation(said []byte, sink wire.BodySink, fn func(wire.Fetched) error) (appended wire.Appended, err error) {
	ctx := context.Background()
	c, err := wire.New(ctx, &played{said: io.MultiReader(strings.NewReader(loggedIn+"\r\n"), bytes.NewReader(said))}, wire.Timeouts{})
	if err != nil {
		return appended, err
	}
	if _, err := c.Fetch(ctx, wire.Query{Set: "1:*", ByUID: true, Items: "(BODY.PEEK[])"}, sink, fn); err != nil {
		return appended, err
	}
	if _, err := c.Examine(ctx, "INBOX"); err != nil && c.Err() != nil {
		return appended, err
	}
	if _, err := c.List(ctx, "LIST", "", "*", ""); err != nil && c.Err() != nil {
		return appended, err
	}
	if _, err := c.Namespaces(ctx); err != nil && c.Err() != nil {
		return appended, err
	}
	if _, err := c.Status(ctx, "a", "MESSAGES"); err != nil && c.Err() != nil {
		return appended, err
	}
	appended, err = appendOne(c, message(hello))
	_ = c.Transcript()
	return appended, err
}

func FuzzReader(f *testing.F) {
	for _, said := range fuzzSeeds {
		f.Add([]byte(said + "\r\nT1 OK done\r\n" + said + "\r\nT2 OK [READ-ONLY] done\r\n" + said + "\r\nT3 OK\r\nT4 OK\r\nT5 OK\r\nT6 OK [APPENDUID 1 2] x\r\n"))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		var bodies []*meter
		given := 0 // how many bodies an answer has accounted for
		_, err := conversation(said, func(size int64) (io.Writer, error) {
			bodies = append(bodies, &meter{want: size})
			return bodies[len(bodies)-1], nil
		}, func(m wire.Fetched) error {
			of := bodies[given:]
			given = len(bodies)
			if m.HasBody != (len(of) > 0) {
				t.Errorf("%d bodies, and HasBody is %v", len(of), m.HasBody)
			}
			if len(of) > 1 && !m.Bad {
				t.Error("two bodies in one good answer")
			}
			if len(of) > 0 && !m.Bad && m.BodySize != of[0].got.len() {
				t.Errorf("a size of %d for %d octets", m.BodySize, of[0].got.len())
			}
			return nil
		})
		for i, body := range bodies {
			whole := body.got.len() == body.want
			if !whole && (err == nil || i < given) {
				t.Errorf("body %d of %d announced octets has %d, error %v", i, body.want, body.got.len(), err)
			}
			if whole && !body.got.in(said) {
				t.Errorf("the server never said %q", body.got.octets)
			}
		}
	})
}

// meter is a sink that knows what it was promised.
type meter struct {
	want int64
	got  octets
}

func (m *meter) Write(p []byte) (int, error) {
	m.got.octets = append(m.got.octets, p...)
	return len(p), nil
}

type octets struct{ octets []byte }

func (o octets) len() int64 { return int64(len(o.octets)) }

// in reports whether the octets stand in what the server said: as they are, or
// with the backslashes that a quoted string needs.
func (o octets) in(said []byte) bool {
	unescaped := strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(string(said))
	return bytes.Contains(said, o.octets) || strings.Contains(unescaped, string(o.octets))
}

var fuzzSeeds = []string{
	"* 1 FETCH (UID 5 BODY[] {5}\r\nhello)",
	"* 1 FETCH (BODY[] ~{5}\r\nhello UID 5)",
	"* 1 FETCH (UID 5 BODY[] {5+}\nhello )",
	"* 1 FETCH (UID 5 BODY[]<0.5> {5}\r\nhello)",
	"* 1 FETCH (UID 5 BODY [] {5}\r\nhello FLAGS (\\Seen))",
	"* 1 FETCH (UID 5 RFC822 {5}\r\nhello)",
	"* 1 FETCH (UID 5 BODY[] nil)",
	"* 1 FETCH (UID 5 BODY[] \"he\\\"l\\\\lo\")",
	"* 1 FETCH (UID 5 BODY[] \"he\"llo\")",
	"* 1 FETCH (UID 5 BODY[] {4}\r\nhello)",
	"* 1 FETCH (UID 5 BODY[] {7}\r\nhello)\r\n",
	"* 1 FETCH (UID 5) BODY[] {5}\r\nhello",
	"* 1 FETCH (FLAGS ([foo) X-GM-LABELS ({3}\r\na b) MODSEQ (-1) BODY[HEADER.FIELDS (\"DATE\")] {2}\r\nAB BODY[] {5}\r\nhello)",
	"* 1 FETCH (FLAGS (\\Seen) INTERNALDATE \"00-Jan-0000 00:00:00 +0000\" RFC822.SIZE -1 UID 5)",
	"* 0 FETCH UID 5",
	"* LIST (\\X \\Y ) \"\\\" \"Caff\xe8\"",
	"* LIST () nil {5}\r\na\"b\r\n",
	"* LIST NIL \"/\" foo{5}",
	"* LSUB () \"/\" Foo Bar\r\n* XLIST () / 'a b'",
	"* STATUS a(b) (MESSAGES 3 SIZE 9.37e+06)",
	"* NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\")(\"\" NIL))",
	"* OK [PERMANENTFLAGS (\\Seen [Gmail])] x\r\n* 3 EXISTS\r\n* 1 EXPUNGE\r\n* FLAGS (\\Seen \"Non Junk\")",
	"* OK [UIDVALIDITY  5 ] x\r\n* OK [UIDNEXT] x\r\n* NO [ALERT] x\r\n* BAD\r\n",
	"* BYE Session expired", "Server Unavailable. 15", "T99 OK", "+ go", "* [COPYUID 1 2 3]", "* CAPABILITY  IMAP4rev1 ",
	"T1 OK [FOO bar", "T1 OK []\r\r\n",
}

func FuzzStatus(f *testing.F) {
	for _, seed := range []string{
		"OK", "NO [TRYCREATE] x", "NO APPEND [TRYCREATE]", "OK [] x", "OK [FOO bar", "BAD [ x ] y", "OK [PERMANENTFLAGS (\\Seen [Gmail])] x",
		"ok [appenduid 1 2 ]", "BYE", "PREAUTH [CAPABILITY IMAP4rev1] x", "OKAY", "OK [(]", "OK [X (a] b)] c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		status, ok := wire.ParseStatus(line)
		if !ok {
			if status != (wire.Status{}) {
				t.Errorf("%q is no status, and is %+v", line, status)
			}
			return
		}
		switch status.Type {
		case "OK", "NO", "BAD", "BYE", "PREAUTH":
		default:
			t.Errorf("%q has type %q", line, status.Type)
		}
		if strings.Contains(status.Code, " ") || !strings.Contains(line, status.Args) {
			t.Errorf("%q became %+v", line, status)
		}
		if (status.Err("X") == nil) != (status.Type == "OK") {
			t.Errorf("%q: error %v", line, status.Err("X"))
		}
		if len(status.Args)+len(status.Text) > len(line) {
			t.Errorf("%q grew to %+v", line, status)
		}
	})
}
