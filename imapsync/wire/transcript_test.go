package wire_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"

	"trasloco/imapsync/imaptest"
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

// Some servers repeat a password where nobody asked for it, at once or later. No
// transcript shows it, whatever signs it is made of.
func TestTheTranscriptShowsNoPasswordThatAServerRepeats(t *testing.T) {
	passwords := []string{
		`plainWord`, `s3cr"t\word`, `pässwörd`, "latin\xe41\xe9", `T1 OK LOGIN now`, `(BODY[] {6}`, `%s%d%n${HOME}`, `•••••`, "tab\tand\x7f",
		`<script>alert(1)</script>`, `' OR 1=1 --`, strings.Repeat("long ", 60),
	}
	for _, secret := range passwords {
		for _, way := range []string{"LOGIN", "PLAIN", "XOAUTH2"} {
			t.Run(way+" "+fmt.Sprintf("%.20q", secret), func(t *testing.T) {
				c := dial(t, greet("AUTH=PLAIN AUTH=XOAUTH2 SASL-IR LITERAL+"), func(s *imaptest.Session) {
					login := s.Command()
					s.Send("* NO you said " + secret)
					s.Reply(login.Tag, "OK [CAPABILITY IMAP4rev1] welcome, "+secret)
					later := s.Command()
					s.Send("* OK once more: " + secret)
					s.Reply(later.Tag, "OK "+secret)
				})
				var err error
				switch way {
				case "LOGIN":
					err = c.Login(context.Background(), "anna", secret)
				case "PLAIN":
					err = c.Authenticate(context.Background(), sasl.NewPlainClient("", "anna", secret))
				default:
					err = c.Authenticate(context.Background(), bearer(secret))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Noop(context.Background()); err != nil {
					t.Fatal(err)
				}
				shown, quoted := c.Transcript(), fmt.Sprintf("%q", secret[:min(len(secret), 40)])
				if strings.Contains(shown, quoted[1:len(quoted)-1]) {
					t.Errorf("it shows the password:\n%s", shown)
				}
				if !strings.Contains(shown, "once more: ") || !strings.Contains(shown, "T2 NOOP") {
					t.Errorf("it lacks what was said:\n%s", shown)
				}
			})
		}
	}
}

// bearer is an XOAUTH2 client with a token.
type bearer string

func (b bearer) Start() (mechanism string, initial []byte, err error) {
	return "XOAUTH2", []byte("user=anna\x01auth=Bearer " + string(b) + "\x01\x01"), nil
}

func (b bearer) Next([]byte) ([]byte, error) { return []byte{}, nil }
