package imapsync

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// TLS before 1.2 is used where somebody said so, and nowhere else; who is refused
// learns what the server knows. The certificate is checked all the same.
func TestOldTLSOnlyWhereItIsAllowed(t *testing.T) {
	ca := newAuthority(t)
	right, foreign := ca.sign(-time.Hour, time.Hour, "127.0.0.1"), ca.sign(-time.Hour, time.Hour, "else.example")
	tests := []struct {
		name    string
		version uint16
		cert    tls.Certificate
		allowed bool
		want    Class
		detail  string
	}{
		{"TLS 1.2", tls.VersionTLS12, right, false, "", ""},
		{"TLS 1.0", tls.VersionTLS10, right, false, ClassOldTLS, "TLS 1.0, TLS_ECDHE_ECDSA_WITH_AES"},
		{"TLS 1.1", tls.VersionTLS11, right, false, ClassOldTLS, "TLS 1.1, "},
		{"TLS 1.0, allowed", tls.VersionTLS10, right, true, "", ""},
		{"a certificate of somebody else", tls.VersionTLS10, foreign, true, ClassCertificate, "else.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logins := make(chan string, 8)
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.StartTLS(&tls.Config{Certificates: []tls.Certificate{tt.cert}, MinVersion: tt.version, MaxVersion: tt.version})
				empty(s, logins)
			})
			source := at(t, addr, migration.TLSDirect)
			source.OldTLS = tt.allowed
			source.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("s3cret")}
			e := New(Options{AllowPrivate: true, Timeouts: quick(), CA: ca.pem()})
			_, err := e.CheckSource(t.Context(), Job{Resource: migration.Resource{Source: source}})
			checkFaultIs(t, err, tt.want, tt.detail)
			if loggedIn := len(logins) > 0; loggedIn != (tt.want == "") {
				t.Errorf("logged in: %v", loggedIn)
			}
		})
	}
}

// empty is a server with nothing in its one mailbox; it tells of logins.
func empty(s *imaptest.Session, logins chan<- string) {
	s.Send("* OK [CAPABILITY IMAP4rev1] ready")
	for {
		cmd := s.Command()
		switch cmd.Name {
		case "LOGIN":
			logins <- cmd.Tag
		case "NAMESPACE":
			s.Send(`* NAMESPACE (("" "/")) NIL NIL`)
		case "LIST":
			s.Send(`* LIST () "/" INBOX`)
		case "STATUS":
			s.Send(`* STATUS INBOX (MESSAGES 0)`)
		}
		s.Reply(cmd.Tag, "OK done")
		if cmd.Name == "LOGOUT" {
			return
		}
	}
}

func checkFaultIs(t *testing.T, err error, class Class, detail string) {
	t.Helper()
	if class == "" && err == nil {
		return
	}
	if err == nil {
		t.Fatalf("all is well, want %s", class)
	}
	if fault := FaultOf(err); fault.Class != class || !strings.Contains(fault.Detail, detail) {
		t.Errorf("got %s: %s, want %s: %s", fault.Class, fault.Detail, class, detail)
	}
}

func TestAServerWithoutTLSIsNamed(t *testing.T) {
	heard := make(chan string, 8)
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.Send("* OK [CAPABILITY IMAP4rev1] ready")
		for {
			cmd := s.Command()
			heard <- cmd.Name
			s.Reply(cmd.Tag, "OK done")
		}
	})
	source := at(t, addr, migration.TLSStartTLS)
	source.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("s3cret")}
	_, err := local().CheckSource(t.Context(), Job{Resource: migration.Resource{Source: source}})
	var known *Error
	if !errors.As(err, &known) || known.Class != ClassNoTLS || failedAt(err) != StageTLS || isBroken(err) {
		t.Errorf("%v", err)
	}
	for len(heard) > 0 {
		if name := <-heard; name == "LOGIN" || name == "AUTHENTICATE" {
			t.Errorf("it was told %s", name)
		}
	}
}
