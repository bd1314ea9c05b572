package wire_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

// One round of each is 5000 messages of 2 kB.
const (
	messages = 5000
	octetsOf = 2048
)

func BenchmarkFetch5000Bodies(b *testing.B) {
	var said strings.Builder
	body := strings.Repeat("x", octetsOf)
	for uid := range messages {
		fmt.Fprintf(&said, "* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", uid+1, uid+1, octetsOf, body)
	}
	c := serving(b, said.String())
	b.SetBytes(messages * octetsOf)
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		_, err := c.Fetch(context.Background(), wire.Query{Set: "1:*", ByUID: true, Items: "(BODY.PEEK[])"}, discard, func(f wire.Fetched) error {
			if f.HasBody && !f.Bad {
				got++
			}
			return nil
		})
		if err != nil || got != messages {
			b.Fatalf("%d messages, error %v", got, err)
		}
	}
}

func BenchmarkFetch5000Metadata(b *testing.B) {
	var said strings.Builder
	for uid := range messages {
		fmt.Fprintf(&said, "* %d FETCH (UID %d FLAGS (\\Seen $Forwarded) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE %d)\r\n", uid+1, uid+1, octetsOf)
	}
	c := serving(b, said.String())
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		_, err := c.Fetch(context.Background(), wire.Query{Set: "1:*", ByUID: true, Items: "(UID FLAGS INTERNALDATE RFC822.SIZE)"}, nil, func(f wire.Fetched) error {
			if f.HasFlags && f.HasDate && f.HasSize {
				got++
			}
			return nil
		})
		if err != nil || got != messages {
			b.Fatalf("%d messages, error %v", got, err)
		}
	}
}

func BenchmarkFetch50MBBody(b *testing.B) {
	const size = 50 << 20
	c := serving(b, fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n", size, strings.Repeat("x", size)))
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		var got int64
		_, err := c.Fetch(context.Background(), wire.Query{Set: "1", Items: "(BODY.PEEK[])"}, discard, func(f wire.Fetched) error {
			got = f.BodySize
			return nil
		})
		if err != nil || got != size {
			b.Fatalf("%d octets, error %v", got, err)
		}
	}
}

// The window is that of the engine: sixteen under way.
func BenchmarkAppend5000(b *testing.B) {
	const window = 16
	c := dial(b, loggedIn, func(s *imaptest.Session) {
		for {
			s.Reply(s.Command().Tag, "OK [APPENDUID 1 2] done")
		}
	})
	body := strings.Repeat("x", octetsOf)
	finish := func(p wire.Pending) {
		if got, err := c.FinishAppend(context.Background(), p); err != nil || uidOf(got) != 2 {
			b.Fatalf("%+v, error %v", got, err)
		}
	}
	b.SetBytes(messages * octetsOf)
	b.ReportAllocs()
	for b.Loop() {
		var pending []wire.Pending
		for range messages {
			if len(pending) == window {
				finish(pending[0])
				pending = pending[1:]
			}
			p, err := c.StartAppend(context.Background(), "INBOX", message(body))
			if err != nil {
				b.Fatal(err)
			}
			pending = append(pending, p)
		}
		for _, p := range pending {
			finish(p)
		}
	}
}

func discard(int64) (io.Writer, error) { return io.Discard, nil }

// serving connects to a server that says the same to every command.
func serving(b *testing.B, said string) *wire.Conn {
	data := []byte(said)
	return dial(b, loggedIn, func(s *imaptest.Session) {
		for {
			cmd := s.Command()
			s.SendRaw(data)
			s.Reply(cmd.Tag, "OK done")
		}
	})
}
