// Package realserver starts mail servers that nobody here wrote, for tests:
// Debian's Dovecot, Cyrus and Courier, on loopback, in a folder of their own.
//
//	source := realserver.Courier(t, realserver.Options{})
//	target := realserver.Cyrus(t, realserver.Options{Separator: "."})
//
// A server starts in well under a second and stops with its test, by its own
// process id. Nothing of an installed server is read, changed or stopped. Where
// a program is missing the test fails and says what to install; with the
// environment variable ALLOW_SKIP=1 it is skipped instead. The script
// .ci/servers.sh brings them.
//
// It works as root, where the servers run as Debian's user "mail", and as
// anybody else, where they run as oneself.
package realserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
)

// Kind names a server program.
type Kind string

// The programs this package can start.
const (
	KindDovecot Kind = "dovecot"
	KindCyrus   Kind = "cyrus"
	KindCourier Kind = "courier"
)

// Options shape a server. The zero value is a server with "/" between folder
// names, no personal prefix and no limits.
type Options struct {
	// Separator stands between the parts of a folder name: "/" (default) or ".".
	// Cyrus has its personal prefix "INBOX." with "." and none with "/"; Courier
	// has always "INBOX." with ".".
	Separator string
	// Prefix of the personal folders, such as "INBOX.". Dovecot only.
	Prefix string
	// Layout of the mail store: "fs" (default with "/") or "Maildir++" (default
	// with "."). Dovecot only.
	Layout string

	// Password is good for every user not in Accounts; "geheim" by default. It
	// must be one plain word. Any user name logs in, an address too, and gets an
	// empty mailbox the first time.
	Password string
	// Accounts have passwords of their own, which may hold any character.
	Accounts map[string]string

	// Introspection is the address of an endpoint that says whose a token is, which
	// gets the token at its end and answers {"active":true,"username":"…"}. With it
	// the server takes XOAUTH2 too. Dovecot only.
	Introspection string

	// Mechanisms are those of SASL that are offered, "plain login" by default. Without
	// plain LOGIN is refused too. Dovecot only.
	Mechanisms string

	// MaxUserIPConnections is how many connections one user may have at once;
	// 200 by default. Courier counts those of all users, at each port, and hangs up
	// without a word (MAXPERIP). Not on Cyrus.
	MaxUserIPConnections int
	// Quota of each mailbox in octets, a multiple of 1024; 0 is none. Not on Courier.
	Quota int64

	// Mail is the folder of the mailboxes, one folder a user, which Stop leaves;
	// by default one that goes with the server. Dovecot only.
	Mail string
	// Fsync is Dovecot's mail_fsync: "never" by default, since a test's mail
	// needs to survive no power cut; "optimized" is what real servers have.
	Fsync string

	// Host is the address on loopback to listen at; "127.0.0.1" by default. With
	// SamePorts it has the ports of that server, which listens at another: one name
	// can lead to either. Dovecot only.
	Host      string
	SamePorts *Server

	// AlsoAt are more addresses on loopback to listen at, with the same ports, as a
	// shared server has them; see Server.At. Dovecot only.
	AlsoAt []string

	// TLSName is the name in the server's certificate; "mail.example.test" by
	// default.
	TLSName string
	// TLSAddresses are the IP addresses in the certificate. By default there is
	// none: the server is reached by an address its certificate does not name.
	TLSAddresses []net.IP
}

const (
	defaultPassword = "geheim"
	defaultTLSName  = "mail.example.test"
)

func (o Options) withDefaults() Options {
	if o.Separator == "" {
		o.Separator = "/"
	}
	if o.Layout == "" {
		o.Layout = map[bool]string{true: "Maildir++", false: "fs"}[o.Separator == "."]
	}
	if o.Password == "" {
		o.Password = defaultPassword
	}
	if o.Mechanisms == "" {
		o.Mechanisms = "plain login"
	}
	if o.MaxUserIPConnections == 0 {
		o.MaxUserIPConnections = 200
	}
	if o.Fsync == "" {
		o.Fsync = "never"
	}
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.TLSName == "" {
		o.TLSName = defaultTLSName
	}
	return o
}

// Server is a running mail server. Its fields are for reading.
type Server struct {
	Kind    Kind
	Host    string // 127.0.0.1, or Options.Host
	Port    int    // plain IMAP, with STARTTLS
	TLSPort int    // TLS from the first octet

	CA      []byte // PEM of the authority that signed the certificate
	Pin     string // SHA-256 of the certificate, 64 lower-case hex digits
	TLSName string // the name in the certificate

	// Password of every user not in Accounts.
	Password string
	Accounts map[string]string
	// Master may open every mailbox: on Dovecot as "user*master" or by SASL
	// PLAIN with an authorization identity, on Cyrus (an admin) only by PLAIN.
	// Courier has none.
	Master, MasterPassword string

	// MailFolder holds a folder for each user, with his Maildir in it. Courier only.
	MailFolder string

	process *process
	door    *door // of Cyrus and Courier: who may log in
}

// ErrMissing says that the server's program is not on this machine.
var ErrMissing = errors.New("not installed: run .ci/servers.sh install")

// Dovecot starts a Dovecot for the length of a test.
func Dovecot(t testing.TB, options Options) *Server {
	t.Helper()
	return forTest(t, StartDovecot, options)
}

// Cyrus starts a Cyrus for the length of a test.
func Cyrus(t testing.TB, options Options) *Server {
	t.Helper()
	return forTest(t, StartCyrus, options)
}

// Courier starts a Courier for the length of a test.
func Courier(t testing.TB, options Options) *Server {
	t.Helper()
	return forTest(t, StartCourier, options)
}

func forTest(t testing.TB, start func(Options) (*Server, error), options Options) *Server {
	t.Helper()
	server, err := start(options)
	if errors.Is(err, ErrMissing) && os.Getenv("ALLOW_SKIP") == "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last words of %s:\n%s", server.Kind, server.process.lastWords())
		}
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Stop ends the server and removes its folder, mail and all. It returns when
// the server's processes are gone. For tests that share a server: TestMain
// calls StartDovecot and its kin, and Stop before it exits.
func (s *Server) Stop() error {
	err := s.process.stop()
	if s.door != nil {
		s.door.close()
	}
	return err
}

// Address returns host:port of the plain port.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// TLSAddress returns host:port of the TLS port.
func (s *Server) TLSAddress() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.TLSPort)) }

// At returns the same server as it is reached at another of its addresses. It is for
// reading alone.
func (s *Server) At(host string) *Server {
	there := *s
	there.Host = host
	return &there
}

// PasswordOf returns the password of a user.
func (s *Server) PasswordOf(user string) string {
	if password, ok := s.Accounts[user]; ok {
		return password
	}
	return s.Password
}

// Connect logs a user in with the tests' own small client.
func (s *Server) Connect(user string) (*audit.Client, error) {
	client, err := audit.Dial(s.Address())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", s.Kind, err)
	}
	if err := client.Login(user, s.PasswordOf(user)); err != nil {
		_ = client.Close()
		return nil, err
	}
	return client, nil
}

// Snapshot reads all of a user's mailbox; see audit.Mailbox.
func (s *Server) Snapshot(user string) (audit.Snapshot, error) {
	client, err := s.Connect(user)
	if err != nil {
		return audit.Snapshot{}, err
	}
	defer func() { _ = client.Close() }()
	return audit.Mailbox(client)
}

// startTimeout is how long a server may take to greet; it takes 0.1 s on an
// idle machine.
const startTimeout = 30 * time.Second
