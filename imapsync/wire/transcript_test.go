package wire_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"trasloco/imapsync/wire"
)

// A transcript is for people who look for an error: it shows what was said, and
// no octet of anybody's mail.
func TestTheTranscriptShowsNoMail(t *testing.T) {
	const secret = "SECRET"
	tests := []struct{ name, said string }{
		{"a literal", "* 1 FETCH (UID 5 BODY[] {6}\r\nSECRET FLAGS ())\r\n"},
		{"quoted", "* 1 FETCH (UID 5 BODY[] \"SECRET\")\r\n"},
		{"quoted, a blank in front of the section", "* 1 FETCH (UID 5 BODY [] \"SECRET\")\r\n"},
		{"quoted, lower case", "* 1 FETCH (UID 5 body[] \"SECRET\")\r\n"},
		{"quoted RFC822", "* 1 FETCH (UID 5 RFC822 \"SECRET\")\r\n"},
		{"quoted BINARY", "* 1 FETCH (UID 5 BINARY[] \"SECRET\")\r\n"},
		{"a header", "* 1 FETCH (UID 5 BODY[HEADER.FIELDS (SUBJECT)] {6}\r\nSECRET)\r\n"},
		{"a literal announced short", "* 1 FETCH (UID 5 BODY[] {3}\r\nxyzSECRET\r\nSECRET\r\n* SECRET\r\n+ SECRET)\r\n"},
		{"quoted on two lines", "* 1 FETCH (UID 5 BODY[] \"SECRET\r\nSECRET\")\r\n"},
		{"a header announced short", "* 1 FETCH (UID 5 BODY[HEADER] {3}\r\nxyzSECRET\r\nSECRET\r\n)\r\n"},
		{"letters that grow in upper case", "* 1 FETCH (\u0250\u0250\u0250\u0250\u0250 BODY[] \"SECRET\")\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.said)
			if _, _, err := fetch(c); err != nil {
				t.Fatal(err)
			}
			inStep(t, c)
			shown := c.Transcript()
			if strings.Contains(shown, secret) {
				t.Errorf("it shows mail:\n%s", shown)
			}
			for _, want := range []string{"C: \"T1 UID FETCH 1:* (UID BODY.PEEK[])\"", "FETCH (", "S: \"T1 OK done\"", "C: \"T2 NOOP\""} {
				if !strings.Contains(shown, want) {
					t.Errorf("%q is missing in:\n%s", want, shown)
				}
			}
		})
	}
}

func TestTheTranscriptShowsNoAppendedMail(t *testing.T) {
	for _, greeting := range []string{loggedIn, synchronising} {
		c := dial(t, greeting, obey)
		if _, err := appendOne(c, message("SECRET")); err != nil {
			t.Fatal(err)
		}
		if shown := c.Transcript(); strings.Contains(shown, "SECRET") || !strings.Contains(shown, `T1 APPEND \"INBOX\" {6`) {
			t.Errorf("it shows:\n%s", shown)
		}
	}
}

func TestTheTranscriptKeepsTheLast64KiB(t *testing.T) {
	c := dial(t, loggedIn, obey)
	for i := range 3000 {
		if _, err := c.Do(context.Background(), nil, wire.Text(fmt.Sprintf("NOOP %d", i))); err != nil {
			t.Fatal(err)
		}
	}
	shown := c.Transcript()
	lines := strings.Split(strings.TrimSuffix(shown, "\n"), "\n")
	if len(shown) > 64<<10 || len(shown) < 60<<10 || !strings.Contains(shown, "NOOP 2999") {
		t.Errorf("it has %d octets and ends with %q", len(shown), lines[len(lines)-1])
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, `C: "`) && !strings.HasPrefix(line, `S: "`) || !strings.HasSuffix(line, `"`) {
			t.Fatalf("a line cut in two: %q", line)
		}
	}
}
