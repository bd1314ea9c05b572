package imapsync

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// authority signs certificates for the servers of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func template(name string, from, to time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(from), NotAfter: now.Add(to),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	ca := template("authority", -time.Hour, time.Hour)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage, ca.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	a.cert, _ = a.create(ca, ca, a.key)
	return a
}

func (a *authority) create(cert, parent *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, tls.Certificate) {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// sign returns a server's certificate that names all names: addresses, too.
func (a *authority) sign(from, to time.Duration, names ...string) tls.Certificate {
	a.t.Helper()
	leaf := template("the server", from, to)
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	_, cert := a.create(leaf, a.cert, newKey(a.t))
	return cert
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func pinOf(cert tls.Certificate) string {
	sum := sha256.Sum256(cert.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// at is an endpoint at a scripted server.
func at(t *testing.T, addr string, mode migration.TLSMode) migration.Endpoint {
	t.Helper()
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return migration.Endpoint{Host: host, Port: port, TLS: mode}
}

// quick are time limits for loopback, long enough for a slow machine.
func quick() wire.Timeouts {
	const d = 10 * time.Second
	return wire.Timeouts{Connect: d, TLS: d, Greeting: d, Login: d, Reply: d, Slow: d, Idle: d}
}

func local() *Engine { return New(Options{AllowPrivate: true, Timeouts: quick()}) }

// greetOverTLS serves connections that begin with TLS; a client that does not
// like the certificate is gone.
func greetOverTLS(t *testing.T, cert tls.Certificate) (addr string) {
	return imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(serverTLS(cert))
		s.Send("* OK [CAPABILITY IMAP4rev1] ready")
		tag, _ := s.Expect("LOGOUT")
		s.Reply(tag, "OK bye")
	})
}

func greetIfTrusted(t *testing.T, cert tls.Certificate) (addr string) {
	return imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(serverTLS(cert))
		s.Send("* OK [CAPABILITY IMAP4rev1] ready")
		s.Command()
	})
}

// Who a certificate must name, and which one is believed (S7).
func TestCertificatesThatAreTrusted(t *testing.T) {
	ca := newAuthority(t)
	good := ca.sign(-time.Hour, time.Hour, "mail.example.com", "127.0.0.1")
	named := ca.sign(-time.Hour, time.Hour, "mail.example.com")
	expired := ca.sign(-2*time.Hour, -time.Hour, "127.0.0.1")
	tests := []struct {
		name string
		cert tls.Certificate
		set  func(*migration.Endpoint)
	}{
		{"the address itself, by a CA from a file", good, func(ep *migration.Endpoint) { ep.CA = ca.pem() }},
		{"the name that an admin confirmed for an address", named, func(ep *migration.Endpoint) { ep.CA, ep.TLSName = ca.pem(), "mail.example.com" }},
		{"that name in other letters", named, func(ep *migration.Endpoint) { ep.CA, ep.TLSName = ca.pem(), "Mail.Example.COM" }},
		{"a pinned one, whoever signed it and whatever it names", named, func(ep *migration.Endpoint) { ep.Pin = pinOf(named) }},
		{"a pin in capitals", named, func(ep *migration.Endpoint) { ep.Pin = strings.ToUpper(pinOf(named)) }},
		{"a pinned one that has expired", expired, func(ep *migration.Endpoint) { ep.Pin = pinOf(expired) }},
		{"anything, where that was asked for", expired, func(ep *migration.Endpoint) { ep.Insecure = true }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ep := at(t, greetOverTLS(t, tt.cert), migration.TLSDirect)
			tt.set(&ep)
			conn, err := local().dial(t.Context(), ep, nil)
			if err != nil {
				t.Fatal(err)
			}
			if conn.TLS() == nil || conn.TLS().Version < tls.VersionTLS12 {
				t.Errorf("TLS %+v", conn.TLS())
			}
			conn.Logout(t.Context())
		})
	}
}

// A refusal says whom the certificate names and what its pin is, so that an
// admin can confirm the one or the other (S7).
func TestCertificatesThatAreRefused(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	good := ca.sign(-time.Hour, time.Hour, "mail.example.com", "192.0.2.7")
	both := []string{"mail.example.com", "192.0.2.7"}
	tests := []struct {
		name  string
		cert  tls.Certificate
		set   func(*migration.Endpoint)
		names []string
		cause func(error) bool
	}{
		{"one that does not name the address", good, func(ep *migration.Endpoint) { ep.CA = ca.pem() }, both, wrongName},
		{"one that does not name the confirmed name", good, func(ep *migration.Endpoint) { ep.CA, ep.TLSName = ca.pem(), "imap.example.com" }, both, wrongName},
		{"one by an authority that nobody trusts", good, func(ep *migration.Endpoint) { ep.CA, ep.TLSName = stranger.pem(), "mail.example.com" }, both, unknownAuthority},
		{"one by an authority of our own without its file", good, func(ep *migration.Endpoint) { ep.TLSName = "mail.example.com" }, both, unknownAuthority},
		{"one that has expired", ca.sign(-2*time.Hour, -time.Hour, "127.0.0.1"), func(ep *migration.Endpoint) { ep.CA = ca.pem() }, []string{"127.0.0.1"}, outOfDate},
		{"one that is not valid yet", ca.sign(time.Hour, 2*time.Hour, "127.0.0.1"), func(ep *migration.Endpoint) { ep.CA = ca.pem() }, []string{"127.0.0.1"}, outOfDate},
		{"another than the pinned one, though its chain is good", good, func(ep *migration.Endpoint) {
			ep.CA, ep.TLSName, ep.Pin = ca.pem(), "mail.example.com", strings.Repeat("0", 64)
		}, both, notPinned},
		{"one without names shows whom it is for", ca.sign(-time.Hour, time.Hour), func(ep *migration.Endpoint) { ep.CA = ca.pem() }, []string{"the server"}, wrongName},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ep := at(t, greetIfTrusted(t, tt.cert), migration.TLSDirect)
			tt.set(&ep)
			_, err := local().connect(t.Context(), SourceSide, ep, warrant{})
			var e *Error
			var cert *CertificateError
			if !errors.As(err, &e) || e.Class != ClassCertificate || !errors.As(err, &cert) {
				t.Fatalf("got %v", err)
			}
			if !slices.Equal(cert.Names, tt.names) || cert.Pin != pinOf(tt.cert) || !tt.cause(err) {
				t.Errorf("names %q, pin %s: %v", cert.Names, cert.Pin, err)
			}
		})
	}
}

func wrongName(err error) bool {
	var e x509.HostnameError
	return errors.As(err, &e)
}

func unknownAuthority(err error) bool {
	var e x509.UnknownAuthorityError
	return errors.As(err, &e)
}

func outOfDate(err error) bool {
	var e x509.CertificateInvalidError
	return errors.As(err, &e) && e.Reason == x509.Expired
}

func notPinned(err error) bool { return errors.Is(err, errPin) }

func TestStartTLSChecksTheCertificateToo(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.sign(-time.Hour, time.Hour, "mail.example.com")
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready")
		tag, _ := s.Expect("STARTTLS")
		s.Reply(tag, "OK go on")
		s.StartTLS(serverTLS(cert))
		s.Command()
	})
	ep := at(t, addr, migration.TLSStartTLS)
	ep.CA = ca.pem()
	_, err := local().connect(t.Context(), DestinationSide, ep, warrant{})
	var refused *CertificateError
	if !errors.As(err, &refused) || !wrongName(err) {
		t.Errorf("got %v", err)
	}
	ep.TLSName = "mail.example.com"
	conn, err := local().dial(t.Context(), ep, nil)
	if err != nil {
		t.Fatal(err)
	}
	if conn.TLS() == nil {
		t.Error("the connection is in clear")
	}
	conn.Abort(net.ErrClosed)
}

func TestFilesThatHoldNoAuthority(t *testing.T) {
	ep := migration.Endpoint{Host: "127.0.0.1", Port: 1, TLS: migration.TLSDirect, CA: []byte("no certificate")}
	_, err := local().connect(t.Context(), SourceSide, ep, warrant{})
	var e *Error
	if !errors.As(err, &e) || e.Class != ClassCertificate || !errors.Is(err, errNoCA) {
		t.Errorf("got %v", err)
	}
}

func TestAServerWithoutTLSIsNoTLSServer(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Send("* OK ready"); s.Close() })
	_, err := local().connect(t.Context(), SourceSide, at(t, addr, migration.TLSDirect), warrant{})
	var e *Error
	if !errors.As(err, &e) || e.Class != ClassTLS {
		t.Errorf("got %v", err)
	}
}

// A stranger must not use the panel to look into the operator's network:
// addresses are refused when the name has been resolved, right before connecting.
func TestPrivateAddresses(t *testing.T) {
	var reached bool
	addr := imaptest.Script(t, func(*imaptest.Session) { reached = true })
	strict := New(Options{Timeouts: quick()})
	for _, host := range []string{"127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "fd00::1", "0.0.0.0"} {
		ep := at(t, addr, migration.TLSNone)
		ep.Host = host
		_, err := strict.connect(t.Context(), SourceSide, ep, warrant{})
		var e *Error
		if !errors.As(err, &e) || e.Class != ClassPrivate || isBroken(err) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if reached {
		t.Error("the server heard of it")
	}
	if err := refusePrivate("tcp", "192.0.2.1:993", nil); err != nil {
		t.Errorf("a public address: %v", err)
	}
	if err := refusePrivate("tcp", "nonsense", nil); err == nil {
		t.Error("what is no address is let through")
	}
}

func TestPrivateAddressesWhereTheyAreAllowed(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Send("* OK [CAPABILITY IMAP4rev1] ready"); s.Command() })
	ep := at(t, addr, migration.TLSNone)
	conn, err := local().dial(t.Context(), ep, nil)
	if err != nil {
		t.Fatal(err)
	}
	if conn.TLS() != nil || conn.Greeting() != "ready" {
		t.Errorf("TLS %v, greeting %q", conn.TLS(), conn.Greeting())
	}
	conn.Abort(io.EOF)
}

func TestConnectingEndsWithItsContext(t *testing.T) {
	addr := imaptest.Script(t, func(s *imaptest.Session) { s.Stall(context.Background()) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := local().connect(ctx, SourceSide, at(t, addr, migration.TLSNone), warrant{}); err == nil {
		t.Error("connected")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v (P-2)", took)
	}
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}
