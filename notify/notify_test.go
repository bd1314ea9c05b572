package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests, wherever they run

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"trasloco/migration"
)

const password = "correct horse"

// sink is a mail server that keeps what it takes.
type sink struct {
	mu       sync.Mutex
	taken    []string
	to       []string
	secure   bool // of the last mail: it came encrypted
	loggedIn bool
	refuse   error // the answer to the end of a mail
	port     int
}

// startSink runs a server until the test ends. Nil certificates: no encryption.
func startSink(t *testing.T, config *tls.Config, direct bool) *sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{port: listener.Addr().(*net.TCPAddr).Port}
	server := smtp.NewServer(s)
	server.Domain, server.TLSConfig = "mail.example.net", config
	server.ErrorLog = quiet{}
	if direct {
		listener = tls.NewListener(listener, config)
	}
	server.AllowInsecureAuth = config == nil
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		err := server.Close()
		_ = listener.Close() // Close does not know of it if Serve has not begun yet
		if err = errors.Join(err, <-done); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }

func (s *sink) last(t *testing.T) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.taken) == 0 {
		t.Fatal("no mail came")
	}
	return s.taken[len(s.taken)-1]
}

type session struct {
	*sink
	conn *smtp.Conn
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) AuthMechanisms() []string             { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, given string) error {
		if user != "panel" || given != password {
			return smtp.ErrAuthFailed
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.loggedIn = true
		return nil
	}), nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	octets, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		return s.refuse
	}
	_, s.secure = s.conn.TLSConnectionState()
	s.taken = append(s.taken, string(octets))
	return nil
}

// certificate returns a certificate of 127.0.0.1 and the same as PEM.
func certificate(t *testing.T) (*tls.Config, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, wanted, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return config, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// options are those of a panel whose mail server is the sink.
func options(s *sink, mode migration.TLSMode, ca []byte) Options {
	return Options{
		Host: "127.0.0.1", Port: s.port, TLS: mode, CA: ca, From: "Trasloco <panel@example.net>",
		PublicURL: "https://panel.example.net", Now: func() time.Time { return noon },
	}
}

func TestMailsAreSent(t *testing.T) {
	config, ca := certificate(t)
	tests := []struct {
		name   string
		config *tls.Config
		direct bool
		mode   migration.TLSMode
		user   string
	}{
		{"in clear, if asked for by name", nil, false, migration.TLSNone, ""},
		{"in clear with a login", nil, false, migration.TLSNone, "panel"},
		{"by STARTTLS", config, false, migration.TLSStartTLS, ""},
		{"by STARTTLS with a login", config, false, migration.TLSStartTLS, "panel"},
		{"by STARTTLS if nothing was said", config, false, "", "panel"},
		{"by TLS from the first octet", config, true, migration.TLSDirect, "panel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startSink(t, tt.config, tt.direct)
			o := options(server, tt.mode, nil)
			if tt.config != nil {
				o.CA = ca
			}
			if o.User = tt.user; o.User != "" {
				o.Password = migration.NewSecret(password)
			}
			if err := mailer(t, o).Send(context.Background(), firstLetter("it")); err != nil {
				t.Fatal(err)
			}
			server.last(t)
			if server.secure != (tt.mode != migration.TLSNone) || server.loggedIn != (tt.user != "") {
				t.Errorf("encrypted %v, logged in %v", server.secure, server.loggedIn)
			}
			if len(server.to) != 1 || server.to[0] != "laura@officinemartelli.it" {
				t.Errorf("sent to %v", server.to)
			}
		})
	}
}

func mailer(t *testing.T, o Options) *Mailer {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNothingIsSentInTheWrongWay(t *testing.T) {
	config, ca := certificate(t)
	_, otherCA := certificate(t)
	tests := []struct {
		name   string
		server *tls.Config
		change func(*Options)
	}{
		{"a server without STARTTLS", nil, func(o *Options) { o.TLS = "" }},
		{"a certificate that nobody vouches for", config, func(o *Options) { o.CA = otherCA }},
		{"a certificate with another name", config, func(o *Options) { o.Host = "localhost" }},
		{"a wrong password", config, func(o *Options) { o.User, o.Password = "panel", migration.NewSecret("wrong") }},
		{"a login at a server that takes none in clear", nil, func(o *Options) {
			o.TLS, o.User, o.Password = migration.TLSStartTLS, "panel", migration.NewSecret(password)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startSink(t, tt.server, false)
			o := options(server, "", ca)
			tt.change(&o)
			err := mailer(t, o).Send(context.Background(), firstLetter("it"))
			if err == nil || len(server.taken) > 0 || server.loggedIn {
				t.Fatalf("%v; %d mails taken, logged in %v", err, len(server.taken), server.loggedIn)
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("a password in %q", err)
			}
		})
	}
}

// The outbox tries again whatever the answer was; the text is for the operator.
func TestRefusalsComeBackWithTheServersWords(t *testing.T) {
	for _, code := range []int{451, 550} {
		server := startSink(t, nil, false)
		server.refuse = &smtp.SMTPError{Code: code, Message: "come back with a better mail"}
		err := mailer(t, options(server, migration.TLSNone, nil)).Send(context.Background(), firstLetter("en"))
		if err == nil || !strings.Contains(err.Error(), "come back with a better mail") || !strings.Contains(err.Error(), "notice 17") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestNobodyAnswersOrNobodyWaits(t *testing.T) {
	server := startSink(t, nil, false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := mailer(t, options(server, migration.TLSNone, nil)).Send(ctx, firstLetter("en")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := options(server, migration.TLSNone, nil)
	o.Port = listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	if err := mailer(t, o).Send(context.Background(), firstLetter("en")); err == nil {
		t.Error("a mail was sent to nobody")
	}
}

// A mail that was taken must not be sent again because the good-bye failed.
func TestATakenMailIsSentWhateverComesAfter(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ended := make(chan error, 1)
	go func() { ended <- takeAndHangUp(listener) }()
	server := &sink{port: listener.Addr().(*net.TCPAddr).Port}
	if err := mailer(t, options(server, migration.TLSNone, nil)).Send(context.Background(), firstLetter("en")); err != nil {
		t.Errorf("a mail that was taken counts as not sent: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// takeAndHangUp speaks just enough SMTP to take one mail, and drops the
// connection without another word.
func takeAndHangUp(listener net.Listener) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	say := func(text string) { _, err = io.WriteString(conn, text+"\r\n") }
	read := make([]byte, 1<<16)
	var heard bytes.Buffer
	say("220 mail.example.net")
	for inData := false; err == nil; {
		var n int
		if n, err = conn.Read(read); err != nil {
			return err
		}
		heard.Write(read[:n])
		switch {
		case inData && !strings.HasSuffix(heard.String(), "\r\n.\r\n"):
			continue
		case inData:
			say("250 taken")
			return err
		case strings.HasPrefix(heard.String(), "EHLO"):
			say("250 mail.example.net")
		case strings.HasPrefix(heard.String(), "DATA"):
			inData = true
			say("354 go on")
		default:
			say("250 ok")
		}
		heard.Reset()
	}
	return err
}

func TestHeadsSayThatAProgramWrote(t *testing.T) {
	server := startSink(t, nil, false)
	m := mailer(t, options(server, migration.TLSNone, nil))
	for range 2 {
		if err := m.Send(context.Background(), firstLetter("it")); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, taken := range server.taken {
		read, err := mail.ReadMessage(strings.NewReader(taken))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, read.Header.Get("Message-ID"))
		for name, want := range map[string]string{
			"Auto-Submitted": "auto-generated", "From": `"Trasloco" <panel@example.net>`, "Content-Language": "it",
			"To": `"Laura Bianchi" <laura@officinemartelli.it>`, "Date": noon.Format(time.RFC1123Z),
		} {
			if got := read.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
	if ids[0] != "<notice-17@panel.example.net>" || ids[1] != ids[0] {
		t.Errorf("one notice has the ids %v", ids)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	good := Options{Host: "mail.example.net", From: "panel@example.net", PublicURL: "https://panel.example.net"}
	tests := []struct {
		name   string
		change func(*Options)
		ok     bool
	}{
		{"nothing", func(*Options) {}, true},
		{"no public address", func(o *Options) { o.PublicURL = "" }, true},
		{"no server", func(o *Options) { o.Host = "" }, false},
		{"no sender", func(o *Options) { o.From = "" }, false},
		{"a sender without a domain", func(o *Options) { o.From = "panel" }, false},
		{"an address that is none", func(o *Options) { o.PublicURL = "panel.example.net" }, false},
		{"an address of another kind", func(o *Options) { o.PublicURL = "ftp://panel.example.net" }, false},
		{"a CA file without a certificate", func(o *Options) { o.CA = []byte("x") }, false},
		{"an unknown encryption", func(o *Options) { o.TLS = "ssl" }, false},
		{"a port that is none", func(o *Options) { o.Port = 70000 }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := good
			tt.change(&o)
			if _, err := New(o); (err == nil) != tt.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPortsGoWithTheEncryption(t *testing.T) {
	for mode, want := range map[migration.TLSMode]int{"": 587, migration.TLSStartTLS: 587, migration.TLSDirect: 465, migration.TLSNone: 25} {
		if m := mailer(t, Options{Host: "mail.example.net", From: "panel@example.net", TLS: mode}); m.Port != want {
			t.Errorf("%q: port %d, want %d", mode, m.Port, want)
		}
	}
}
