package realserver_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// starters are the servers that most tests look at.
func starters() map[string]func(testing.TB, realserver.Options) *realserver.Server {
	return map[string]func(testing.TB, realserver.Options) *realserver.Server{
		"dovecot": realserver.Dovecot,
		"cyrus":   realserver.Cyrus,
	}
}

// all are they and Courier, which keeps other rules about what it stores.
func all() map[string]func(testing.TB, realserver.Options) *realserver.Server {
	servers := starters()
	servers["courier"] = realserver.Courier
	return servers
}

func TestAServerIsGoneAfterStop(t *testing.T) {
	for name, start := range map[string]func(realserver.Options) (*realserver.Server, error){
		"dovecot": realserver.StartDovecot, "cyrus": realserver.StartCyrus, "courier": realserver.StartCourier,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", shortTemp(t))
			server, err := start(realserver.Options{})
			if err != nil {
				t.Fatal(err)
			}
			client, err := server.Connect("anna")
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
			if _, err := client.List(); err == nil {
				t.Error("a connection outlived the server")
			}
			if conn, err := net.Dial("tcp", server.Address()); err == nil {
				t.Error("somebody still listens")
				_ = conn.Close()
			}
			if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// shortTemp is a temporary folder that every user can enter.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAMissingProgramIsNamedWithItsRemedy(t *testing.T) {
	t.Chdir(t.TempDir()) // no checkout above it
	_, err := realserver.StartCyrus(realserver.Options{})
	if err == nil {
		t.Skip("a Cyrus is installed on this machine")
	}
	if !errors.Is(err, realserver.ErrMissing) || !strings.Contains(err.Error(), ".ci/servers.sh install") {
		t.Errorf("got %v", err)
	}
}

func TestWhoMayLogIn(t *testing.T) {
	odd := ` pass "wort" \ mit: ö{3} `
	options := realserver.Options{Accounts: map[string]string{"bruno": odd}}
	for name, start := range all() {
		server := start(t, options)
		login := func(user, password string) func(*audit.Client) error {
			return func(c *audit.Client) error { return c.Login(user, password) }
		}
		as := func(user, master, password string) func(*audit.Client) error {
			return func(c *audit.Client) error { return c.LoginAs(user, master, password) }
		}
		for _, test := range []struct {
			name  string
			login func(*audit.Client) error
			want  bool
			only  realserver.Kind
		}{
			{"anybody with the password", login("anna", "geheim"), true, ""},
			{"an address for a name", login("anna.rossi@example.test", "geheim"), true, ""},
			{"nobody with a wrong password", login("anna", "falsch"), false, ""},
			{"an account with its own odd password", login("bruno", odd), true, ""},
			{"no account with its password trimmed", login("bruno", strings.TrimSpace(odd)), false, ""},
			{"no account with the others' password", login("bruno", "geheim"), false, ""},
			{"the master for a user", as("anna", server.Master, server.MasterPassword), true, ""},
			{"no master with a wrong password", as("anna", server.Master, "falsch"), false, ""},
			{"no user for another", as("anna", "bruno", odd), server.Kind == realserver.KindCourier, ""}, // who is let in as himself
			{"the master by a separator", login("anna*"+server.Master, server.MasterPassword), true, realserver.KindDovecot},
			{"no wrong master by a separator", login("anna*"+server.Master, "geheim"), false, realserver.KindDovecot},
		} {
			if test.only != "" && test.only != server.Kind || server.Master == "" && strings.Contains(test.name, "master") {
				continue
			}
			t.Run(name+" lets in "+test.name, func(t *testing.T) {
				client, err := audit.Dial(server.Address())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = client.Close() }()
				err = test.login(client)
				var refused *audit.Refused
				if (err == nil) != test.want || err != nil && !errors.As(err, &refused) {
					t.Errorf("login: %v, want success: %t", err, test.want)
				}
			})
		}
	}
}

func TestCertificates(t *testing.T) {
	for name, start := range all() {
		bare := start(t, realserver.Options{TLSName: "imap.old.test"})
		named := start(t, realserver.Options{TLSAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
		for _, test := range []struct {
			name   string
			server *realserver.Server
			expect string // name or address that must be in the certificate
			fails  bool
		}{
			{"the chosen name is in it", bare, "imap.old.test", false},
			{"the address is not in it unless asked for", bare, "127.0.0.1", true},
			{"the default name is in it", named, "mail.example.test", false},
			{"the address is in it if asked for", named, "127.0.0.1", false},
		} {
			for way, dial := range map[string]func(*realserver.Server, *tls.Config) (*tls.Conn, error){
				"TLS": dialTLS, "STARTTLS": dialStartTLS,
			} {
				t.Run(name+", "+way+": "+test.name, func(t *testing.T) {
					roots := x509.NewCertPool()
					roots.AppendCertsFromPEM(test.server.CA)
					conn, err := dial(test.server, &tls.Config{RootCAs: roots, ServerName: test.expect})
					if (err != nil) != test.fails {
						t.Fatalf("got %v, want a failure: %t", err, test.fails)
					}
					if err == nil {
						checkPin(t, conn, test.server)
					}
				})
			}
		}
	}
}

func dialTLS(server *realserver.Server, config *tls.Config) (*tls.Conn, error) {
	return tls.Dial("tcp", server.TLSAddress(), config)
}

func dialStartTLS(server *realserver.Server, config *tls.Config) (*tls.Conn, error) {
	conn, err := net.Dial("tcp", server.Address())
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprint(conn, "a STARTTLS\r\n"); err != nil {
		return nil, err
	}
	for lines := bufio.NewReaderSize(conn, 16); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(line, "a OK") {
			secure := tls.Client(conn, config)
			return secure, secure.Handshake()
		}
	}
}

// checkPin also speaks a little, to see that the port serves IMAP inside TLS.
func checkPin(t *testing.T, conn *tls.Conn, server *realserver.Server) {
	t.Helper()
	defer func() { _ = conn.Close() }()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw)
	if pin := hex.EncodeToString(sum[:]); pin != server.Pin {
		t.Errorf("the certificate's SHA-256 is %s, Pin is %s", pin, server.Pin)
	}
	if _, err := fmt.Fprint(conn, "b LOGIN anna geheim\r\n"); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "b ") {
			if !strings.HasPrefix(line, "b OK") {
				t.Error(line)
			}
			return
		}
	}
	t.Error("no answer to LOGIN")
}

func TestNamesOnTheWire(t *testing.T) {
	path := []string{"Città", "R&D", `"quoted"`}
	for _, test := range []struct {
		name    string
		start   func(testing.TB, realserver.Options) *realserver.Server
		options realserver.Options
		path    []string
		want    string
	}{
		{"dovecot with a slash", realserver.Dovecot, realserver.Options{}, path, `Citt&AOA-/R&-D/"quoted"`},
		{"dovecot with a dot and a prefix", realserver.Dovecot, realserver.Options{Separator: ".", Prefix: "INBOX."}, path, `INBOX.Citt&AOA-.R&-D."quoted"`},
		{"dovecot with a dot and no prefix", realserver.Dovecot, realserver.Options{Separator: "."}, path, `Citt&AOA-.R&-D."quoted"`},
		{"dovecot with a slash in Maildir++", realserver.Dovecot, realserver.Options{Layout: "Maildir++"}, path, `Citt&AOA-/R&-D/"quoted"`},
		{"cyrus with a slash", realserver.Cyrus, realserver.Options{}, path[:2], "Citt&AOA-/R&-D"},
		{"cyrus with a dot", realserver.Cyrus, realserver.Options{Separator: "."}, path[:2], "INBOX.Citt&AOA-.R&-D"},
		{"courier", realserver.Courier, realserver.Options{}, path, `INBOX.Citt&AOA-.R&-D."quoted"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, err := test.start(t, test.options).Connect("anna")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			if err := client.Create(test.path); err != nil {
				t.Fatal(err)
			}
			listed, err := client.List()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(listed, func(l audit.Listed) bool { return l.Raw == test.want && slices.Equal(l.Path, test.path) }) {
				t.Errorf("%q is not in %q", test.want, listed)
			}
		})
	}
}

func TestRolesOfFolders(t *testing.T) {
	for name, start := range starters() {
		t.Run(name, func(t *testing.T) {
			client, err := start(t, realserver.Options{}).Connect("anna")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			for _, role := range []string{"Sent", "Drafts", "Trash", "Junk"} {
				err := client.Create([]string{role})
				var refused *audit.Refused
				if err != nil && !errors.As(err, &refused) { // Cyrus has them already
					t.Fatal(err)
				}
			}
			listed, err := client.List()
			if err != nil {
				t.Fatal(err)
			}
			roles := 0
			for _, l := range listed {
				if slices.ContainsFunc(l.Attributes, func(a string) bool { return strings.EqualFold(a, `\`+l.Path[0]) }) {
					roles++
				}
			}
			if roles != 4 {
				t.Errorf("%d folders have their role, want 4: %q", roles, listed)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	big := mailgen.Message{Folder: []string{"INBOX"}, Raw: []byte("Subject: x\r\n\r\n" + strings.Repeat("x", 9000)), Date: time.Unix(1e9, 0)}
	t.Run("dovecot keeps to its quota", func(t *testing.T) {
		server := realserver.Dovecot(t, realserver.Options{Quota: 20 << 10})
		if err := server.Append("anna", big, big); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, server.Append("anna", big), "[OVERQUOTA]")
	})
	t.Run("cyrus keeps to its quota", func(t *testing.T) {
		server := realserver.Cyrus(t, realserver.Options{Quota: 20 << 10})
		wantRefusal(t, server.Append("anna", big, big, big, big), "Over quota")
	})
	t.Run("dovecot counts connections", func(t *testing.T) {
		server := realserver.Dovecot(t, realserver.Options{MaxUserIPConnections: 2})
		for range 2 {
			client, err := server.Connect("anna")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
		}
		_, err := server.Connect("anna")
		wantRefusal(t, err, "Maximum number of connections")
	})
	t.Run("courier hangs up on one connection too many", func(t *testing.T) {
		server := realserver.Courier(t, realserver.Options{MaxUserIPConnections: 2})
		for _, user := range []string{"anna", "bruno"} {
			client, err := server.Connect(user)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
		}
		if _, err := server.Connect("carla"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	})
}

func wantRefusal(t *testing.T, err error, words string) {
	t.Helper()
	var refused *audit.Refused
	if !errors.As(err, &refused) || !strings.Contains(refused.Text, words) {
		t.Errorf("got %v, want a refusal with %q", err, words)
	}
}
