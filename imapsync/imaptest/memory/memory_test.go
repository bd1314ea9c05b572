package memory

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

func TestServerStartedLaterHasOtherUIDValidities(t *testing.T) {
	morning := time.Unix(1_790_000_050, 0)
	seen := map[string]bool{}
	for _, now := range []time.Time{morning, morning.Add(time.Minute)} {
		user, err := newUser("anna", "secret", now)
		if err != nil {
			t.Fatal(err)
		}
		view, err := user.Status("INBOX", &imap.StatusOptions{UIDValidity: true})
		if err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(view.UIDValidity)] = true
	}
	if !seen["51"] || !seen["111"] {
		t.Errorf("UIDVALIDITY %v, want 51 and 111", seen)
	}
}

// serve starts a server until the test ends and returns its address.
func serve(t *testing.T, s *Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return listener.Addr().String()
}

func TestMasterUserOpensEveryMailboxOverTLS(t *testing.T) {
	identity, err := NewIdentity("localhost")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Now: time.Unix(1, 0), TLS: identity.Config, Master: "mover", MasterPassword: "key"})
	box, err := s.AddUser("anna", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Put("Caffè", time.Unix(1, 0), []string{`\Seen`}, []byte("A: b\r\n\r\nx")); err != nil {
		t.Fatal(err)
	}
	address := serve(t, s)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(identity.PEM)
	tests := []struct {
		name, user, password string
		ok                   bool
	}{
		{"the user himself", "anna", "secret", true},
		{"the master user", "anna*mover", "key", true},
		{"the master user with a wrong password", "anna*mover", "secret", false},
		{"the master user for nobody", "bruno*mover", "key", false},
		{"somebody else as master user", "anna*anna", "secret", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, err := imapclient.DialTLS(address, &imapclient.Options{TLSConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			err = client.Login(tt.user, tt.password).Wait()
			if (err == nil) != tt.ok {
				t.Fatalf("login: %v", err)
			}
			if !tt.ok {
				return
			}
			box, err := client.Select("Caffè", nil).Wait()
			if err != nil || box.NumMessages != 1 {
				t.Errorf("select: %+v, %v", box, err)
			}
		})
	}
}
