package wire_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net"
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

// certificate makes a key pair for 127.0.0.1 and a pool that trusts it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

func TestStartTLS(t *testing.T) {
	server, client := certificate(t)
	for _, greeting := range []string{greet("STARTTLS LOGINDISABLED"), greet("LOGINDISABLED"), "* OK hello"} {
		t.Run(greeting, func(t *testing.T) {
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.Send(greeting)
				cmd := s.Command()
				if cmd.Name == "CAPABILITY" {
					s.Send("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", cmd.Tag+" OK")
					cmd = s.Command()
				}
				if cmd.Name != "STARTTLS" {
					t.Errorf("got %q in clear", cmd)
				}
				s.Reply(cmd.Tag, "OK go")
				s.StartTLS(server)
				tag, _ := s.Expect("CAPABILITY")
				s.Send("* CAPABILITY IMAP4rev1", tag+" OK")
				tag, _ = s.Expect("LOGIN")
				s.Reply(tag, "OK [CAPABILITY IMAP4rev1] in")
				obey(s)
			})
			c, err := wire.Dial(context.Background(), wire.Config{Address: addr, StartTLS: true, TLS: client, Timeouts: inTime()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Abort(net.ErrClosed)
			if err := c.Login(context.Background(), user, password); err != nil {
				t.Fatal(err)
			}
			if state := c.TLS(); state == nil || !state.HandshakeComplete {
				t.Error("the connection is in clear")
			}
			inStep(t, c)
			mustKeepSecrets(t, c)
		})
	}
}

// RFC 3501 §11.1, G-27
func TestStartTLSIsRefusedWhenSomethingIsWrong(t *testing.T) {
	_, client := certificate(t)
	tests := []struct {
		name, greeting, answer, want string
	}{
		{"the server lists none", greet(""), "", "no STARTTLS"},
		{"the server greets as logged in", "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hello", "", "no STARTTLS"},
		{"octets in clear behind the answer", greet("STARTTLS"), "OK go\r\nT3 OK injected", "in clear"},
		{"the server refuses", greet("STARTTLS"), "NO not today", "not today"},
		{"no TLS follows", greet("STARTTLS"), "OK go", "tls"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.Send(test.greeting)
				cmd := s.Command()
				if cmd.Name == "CAPABILITY" {
					s.Send("* CAPABILITY IMAP4rev1", cmd.Tag+" OK")
					cmd = s.Command()
				}
				if cmd.Name != "STARTTLS" {
					t.Errorf("got %q in clear", cmd)
				}
				s.Reply(cmd.Tag, test.answer)
				if test.want == "tls" {
					s.Send("* this is no TLS")
				}
				s.Line()
			})
			_, err := wire.Dial(context.Background(), wire.Config{Address: addr, StartTLS: true, TLS: client, Timeouts: inTime()})
			var at *wire.DialError
			if !errors.As(err, &at) || at.Stage != wire.StageTLS || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestStartTLSWithoutAConfigurationIsNoClearText(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send(greet("STARTTLS"))
		s.Command()
	})
	_, err := wire.Dial(context.Background(), wire.Config{Address: addr, StartTLS: true, Timeouts: inTime()})
	var at *wire.DialError
	if !errors.As(err, &at) || at.Stage != wire.StageTLS {
		t.Errorf("got %v", err)
	}
}

func TestImplicitTLS(t *testing.T) {
	server, client := certificate(t)
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(server)
		s.Send(loggedIn)
		obey(s)
	})
	c, err := wire.Dial(context.Background(), wire.Config{Address: addr, TLS: client, Timeouts: inTime()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort(net.ErrClosed)
	if c.TLS() == nil {
		t.Error("the connection is in clear")
	}
	inStep(t, c)
}

func TestACertificateNobodyKnows(t *testing.T) {
	server, _ := certificate(t)
	_, client := certificate(t)
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(server)
		s.Send(loggedIn)
		s.Command()
	})
	_, err := wire.Dial(context.Background(), wire.Config{Address: addr, TLS: client, Timeouts: inTime()})
	var at *wire.DialError
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &at) || at.Stage != wire.StageTLS || !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

func TestTheTLSHandshakeIsWaitedForOnlySoLong(t *testing.T) {
	_, client := certificate(t)
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Stall(context.Background()) })
	timeouts := inTime()
	timeouts.TLS = 30 * time.Millisecond
	_, err := wire.Dial(context.Background(), wire.Config{Address: addr, TLS: client, Timeouts: timeouts})
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

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
