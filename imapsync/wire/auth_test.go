package wire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

// greet is a greeting of a server that wants a login.
func greet(caps string) string { return "* OK [CAPABILITY IMAP4rev1 " + caps + "] hello" }

// credentials no transcript may show. The quotes need escapes, the accent a
// literal.
const (
	user     = "mario@example.com"
	password = `s3cr"t\word`
	accented = "pässwörd"
)

// mustKeepSecrets checks that neither the transcript nor the errors show a
// password in any of its forms.
func mustKeepSecrets(t *testing.T, c *wire.Conn, errs ...error) {
	t.Helper()
	shown := c.Transcript() + fmt.Sprint(errs)
	for _, secret := range []string{
		password, accented, `s3cr\"t\\word`, "s3cr", "ssw\u00f6", "t\\word",
		base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)),
	} {
		if strings.Contains(shown, secret) || strings.Contains(shown, strings.Trim(fmt.Sprintf("%q", secret), `"`)) {
			t.Errorf("%q is shown in:\n%s", secret, shown)
		}
	}
}

func TestLogin(t *testing.T) {
	tests := []struct{ name, caps, password, args, literal string }{
		{"quoted", "", password, `"mario@example.com" "s3cr\"t\\word"`, ""},
		{"a literal, synchronising", "", accented, `"mario@example.com" {10}`, accented},
		{"a literal, LITERAL+", "LITERAL+", accented, `"mario@example.com" {10+}`, accented},
		{"a literal, LITERAL-", "LITERAL-", accented, `"mario@example.com" {10+}`, accented},
		{"blanks are kept", "", " pw ", `"mario@example.com" " pw "`, ""},
		{"an empty one", "", "", `"mario@example.com" ""`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			commands := make(chan imaptest.Command, 1)
			c := dial(t, greet(test.caps), func(s *imaptest.Session) {
				cmd := s.Command()
				commands <- cmd
				s.Reply(cmd.Tag, "OK [CAPABILITY IMAP4rev1 UIDPLUS] in")
				obey(s)
			})
			if err := c.Login(context.Background(), user, test.password); err != nil {
				t.Fatal(err)
			}
			cmd := <-commands
			literal := string(bytes.Join(cmd.Literals, nil))
			if cmd.Name != "LOGIN" || cmd.Args != test.args || literal != test.literal {
				t.Errorf("got %q with %q, want %s with %q", cmd, literal, test.args, test.literal)
			}
			if !c.Has("UIDPLUS") || c.Has("LITERAL+") {
				t.Errorf("the capabilities are %v", c.Caps())
			}
			inStep(t, c)
			mustKeepSecrets(t, c)
		})
	}
}

func TestLoginRefused(t *testing.T) {
	tests := []struct{ name, caps, password, answer string }{
		{"quoted", "", password, "NO [AUTHENTICATIONFAILED] wrong credentials"},
		{"before the literal", "", accented, "NO [AUTHENTICATIONFAILED] wrong credentials"},
		{"by a server that repeats the command", "", password, `BAD what is LOGIN "mario@example.com" "s3cr\"t\\word"?`},
		{"by a server that repeats the password", "", password, `NO s3cr"t\word is wrong`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, greet(test.caps), func(s *imaptest.Session) {
				s.NoContinue = true
				s.Reply(s.Command().Tag, test.answer)
				tag, _ := s.Expect("LOGIN")
				s.Reply(tag, "OK [CAPABILITY IMAP4rev1] in")
				obey(s)
			})
			err := c.Login(context.Background(), user, test.password)
			if !refusedWith(err, test.answer[:strings.Index(test.answer, " ")]) {
				t.Errorf("got %v", err)
			}
			mustKeepSecrets(t, c, err)
			if err := c.Login(context.Background(), user, "other"); err != nil {
				t.Errorf("the second try: %v", err)
			}
			inStep(t, c)
		})
	}
}

func TestCapabilitiesAreAskedForAfterTheLogin(t *testing.T) {
	c := dial(t, "* OK hello", func(s *imaptest.Session) {
		tag, _ := s.Expect("CAPABILITY")
		s.Send("* CAPABILITY IMAP4rev1 LITERAL+", tag+" OK")
		tag, _ = s.Expect("LOGIN")
		s.Reply(tag, "OK in")
		tag, _ = s.Expect("CAPABILITY")
		s.Send("* CAPABILITY IMAP4rev1 uidplus APPENDLIMIT=100 AUTH=PLAIN", tag+" OK")
		obey(s)
	})
	if err := c.Login(context.Background(), user, password); err != nil {
		t.Fatal(err)
	}
	limit, ok := c.Caps().Value("APPENDLIMIT")
	if !c.Has("UIDPLUS") || c.Has("LITERAL+") || limit != "100" || !ok {
		t.Errorf("got %v", c.Caps())
	}
	inStep(t, c)
}

// G-26
func TestLoginDisabledKeepsThePasswordBack(t *testing.T) {
	heard := make(chan string, 1)
	c := dial(t, greet("LOGINDISABLED"), recordingTo(heard))
	if err := c.Login(context.Background(), user, password); !errors.Is(err, wire.ErrCleartext) {
		t.Errorf("got %v", err)
	}
	inStep(t, c)
	if got := <-heard; got != "NOOP" {
		t.Errorf("the server heard %q", got)
	}
}

func TestAuthenticatePlain(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("anna\x00admin\x00" + password))
	tests := []struct {
		name, caps string
		script     func(s *imaptest.Session) (tag string)
	}{
		{"with SASL-IR", "AUTH=PLAIN SASL-IR", func(s *imaptest.Session) string {
			tag, rest := s.Expect("AUTHENTICATE PLAIN")
			if rest != encoded {
				t.Errorf("got %q, want %q", rest, encoded)
			}
			return tag
		}},
		{"without SASL-IR", "AUTH=PLAIN", func(s *imaptest.Session) string {
			tag, rest := s.Expect("AUTHENTICATE PLAIN")
			s.Send("+")
			if line := s.Line(); rest != "" || line != encoded {
				t.Errorf("got %q and %q, want %q", rest, line, encoded)
			}
			return tag
		}},
		{"offered in CAPABILITY only (Cyrus)", "AUTH=GSSAPI", func(s *imaptest.Session) string {
			tag, _ := s.Expect("CAPABILITY")
			s.Send("* CAPABILITY IMAP4rev1 AUTH=PLAIN", tag+" OK")
			tag, _ = s.Expect("AUTHENTICATE PLAIN")
			s.Send("+ ")
			if line := s.Line(); line != encoded {
				t.Errorf("got %q, want %q", line, encoded)
			}
			return tag
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, greet(test.caps), func(s *imaptest.Session) {
				tag := test.script(s)
				s.Reply(tag, "OK [CAPABILITY IMAP4rev1] in")
				obey(s)
			})
			if err := c.Authenticate(context.Background(), sasl.NewPlainClient("anna", "admin", password)); err != nil {
				t.Fatal(err)
			}
			inStep(t, c)
			mustKeepSecrets(t, c)
			if strings.Contains(c.Transcript(), encoded) {
				t.Error("the transcript shows the initial response")
			}
		})
	}
}

// scripted is a SASL mechanism that says what a test wants.
type scripted struct {
	initial []byte
	next    func(challenge []byte) ([]byte, error)
}

func (m scripted) Start() (string, []byte, error)        { return "X-TEST", m.initial, nil }
func (m scripted) Next(challenge []byte) ([]byte, error) { return m.next(challenge) }

func TestAuthenticateConversation(t *testing.T) {
	echo := func(challenge []byte) ([]byte, error) { return bytes.ToUpper(challenge), nil }
	refuse := func([]byte) ([]byte, error) { return nil, errors.New("not with me") }
	silent := func([]byte) ([]byte, error) { return nil, nil }
	tests := []struct {
		name, caps, challenge string
		mechanism             scripted
		rest, line            string // what stands behind AUTHENTICATE X-TEST; the answer to the challenge
		answer, err           string
	}{
		{"the server speaks first", "", "YWJj", scripted{nil, echo}, "", "QUJD", "OK", ""},
		{"the server speaks first, with SASL-IR", "SASL-IR", "YWJj", scripted{nil, echo}, "", "QUJD", "OK", ""},
		{"an empty initial response (RFC 4959)", "SASL-IR", "YWJj", scripted{[]byte{}, echo}, "=", "QUJD", "OK", ""},
		{"an empty initial response in a line of its own", "", "", scripted{[]byte{}, echo}, "", "", "OK", ""},
		{"an empty answer to an error (XOAUTH2)", "SASL-IR", "eyJzdGF0dXMiOiI0MDAifQ==", scripted{[]byte("token"), silent}, "dG9rZW4=", "", "NO [AUTHENTICATIONFAILED] expired", "AUTHENTICATIONFAILED"},
		{"a challenge the client refuses", "", "YWJj", scripted{nil, refuse}, "", "*", "BAD cancelled", "not with me"},
		{"a challenge that is no base64", "", "!!!", scripted{nil, echo}, "", "*", "BAD cancelled", "challenge"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, greet("AUTH=X-TEST "+test.caps), func(s *imaptest.Session) {
				tag, rest := s.Expect("AUTHENTICATE X-TEST")
				s.Send("* OK [ALERT] soon", "+ "+test.challenge)
				if line := s.Line(); rest != test.rest || line != test.line {
					t.Errorf("got %q and %q, want %q and %q", rest, line, test.rest, test.line)
				}
				s.Reply(tag, test.answer)
				obey(s)
			})
			err := c.Authenticate(context.Background(), test.mechanism)
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v, want %q", err, test.err)
			}
			inStep(t, c) // G-25
		})
	}
}

func TestAuthenticateEndsWithAServerThatGoesOnAsking(t *testing.T) {
	answers := 0
	over := make(chan struct{})
	c := dial(t, greet("AUTH=X-TEST"), func(s *imaptest.Session) {
		defer close(over)
		s.Command()
		for range 10_000 {
			s.Send("+ YWJj")
		}
		for s.Line() != "" {
			answers++
		}
	})
	err := c.Authenticate(context.Background(), scripted{nil, func([]byte) ([]byte, error) { return []byte("again"), nil }})
	if err == nil || !strings.Contains(err.Error(), "goes on asking") {
		t.Errorf("got %v", err)
	}
	<-over
	if answers == 0 || answers > 20 {
		t.Errorf("answered %d times", answers)
	}
}

func TestAuthenticateRefusedAtOnce(t *testing.T) {
	c := dial(t, greet("AUTH=PLAIN"), func(s *imaptest.Session) {
		tag, _ := s.Expect("AUTHENTICATE PLAIN")
		s.Reply(tag, "NO [UNAVAILABLE] try later")
		obey(s)
	})
	if err := c.Authenticate(context.Background(), sasl.NewPlainClient("", user, password)); !refusedWith(err, "NO") {
		t.Errorf("got %v", err)
	}
	inStep(t, c)
	mustKeepSecrets(t, c)
}

func TestAuthenticateByAMechanismTheServerLacks(t *testing.T) {
	c := dial(t, greet("AUTH=GSSAPI"), func(s *imaptest.Session) {
		tag, _ := s.Expect("CAPABILITY")
		s.Send("* CAPABILITY IMAP4rev1 AUTH=GSSAPI", tag+" OK")
		obey(s)
	})
	err := c.Authenticate(context.Background(), sasl.NewPlainClient("", user, password))
	if !errors.Is(err, wire.ErrNoMechanism) || !strings.Contains(err.Error(), "PLAIN") {
		t.Errorf("got %v", err)
	}
	inStep(t, c)
}

func TestPreauthNeedsNoLogin(t *testing.T) {
	for name, login := range map[string]func(*wire.Conn) error{
		"LOGIN": func(c *wire.Conn) error { return c.Login(context.Background(), user, password) },
		"AUTHENTICATE": func(c *wire.Conn) error {
			return c.Authenticate(context.Background(), sasl.NewPlainClient("", user, password))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, "* PREAUTH hello", func(s *imaptest.Session) {
				tag, _ := s.Expect("CAPABILITY")
				s.Send("* CAPABILITY IMAP4rev1 LITERAL+", tag+" OK")
				obey(s)
			})
			if err := login(c); err != nil || !c.Has("LITERAL+") {
				t.Errorf("error %v, capabilities %v", err, c.Caps())
			}
			inStep(t, c)
		})
	}
}

func TestLoginIsWaitedForOnlySoLong(t *testing.T) {
	timeouts := inTime()
	timeouts.Login = 30 * time.Millisecond
	c := dialTimed(t, timeouts, greet("AUTH=PLAIN"), func(s *imaptest.Session) {
		s.Command()
		s.Stall(context.Background())
	})
	if err := c.Login(context.Background(), user, password); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	mustKeepSecrets(t, c, c.Err())
}
