package wire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

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
		{"the server greets as logged in", "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hello", "", "as logged in"},
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
