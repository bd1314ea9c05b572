package imapsync

import (
	"crypto/tls"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// A name of one's own, or an address, leads to Microsoft's servers too: who they are
// is seen by the certificate or the greeting, before a password is sent.
func TestNoPasswordGoesToMicrosoftByAnotherName(t *testing.T) {
	const online = "* OK The Microsoft Exchange IMAP4 service is ready. [TABPADIAUAAyADYANQBDAEEAMAA0ADEANgA=]"
	ca := newAuthority(t)
	tests := []struct {
		name, greeting string
		names          []string // in the certificate
		kind           migration.AuthKind
		want           Class
	}{
		{"by the greeting", online, []string{"127.0.0.1"}, migration.AuthPassword, ClassAppOnly},
		{"a master user", online, []string{"127.0.0.1"}, migration.AuthMaster, ClassAppOnly},
		{"by the certificate", "* OK hello", []string{"127.0.0.1", "outlook.office365.com"}, migration.AuthPassword, ClassAppOnly},
		{"by a certificate with a star, of a national cloud", "* OK hello", []string{"127.0.0.1", "*.outlook.cn"}, migration.AuthPassword, ClassAppOnly},
		{"by a certificate that does not name the address", "* OK hello", []string{"outlook.office365.com"}, migration.AuthPassword, ClassAppOnly},
		{"an Exchange of one's own", "* OK The Microsoft Exchange IMAP4 service is ready.", []string{"127.0.0.1"}, migration.AuthPassword, ""},
		{"the token of an application at any other server", "* OK hello", []string{"127.0.0.1"}, migration.AuthClientCredentials, ClassAppHost},
		{"the same, which greets like Microsoft's", online, []string{"127.0.0.1"}, migration.AuthClientCredentials, ClassAppHost},
		{"any other server", "* OK hello", []string{"127.0.0.1", "outlook.example"}, migration.AuthPassword, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert, logins := ca.sign(-time.Hour, time.Hour, tt.names...), make(chan string, 8)
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.StartTLS(&tls.Config{Certificates: []tls.Certificate{cert}})
				s.Send(tt.greeting)
				for {
					cmd := s.Command()
					switch cmd.Name {
					case "CAPABILITY":
						s.Send("* CAPABILITY IMAP4rev1 AUTH=PLAIN")
					case "LOGIN", "AUTHENTICATE":
						logins <- cmd.Name
					}
					s.Reply(cmd.Tag, "OK done")
					if cmd.Name == "LOGOUT" {
						return
					}
				}
			})
			ep := at(t, addr, migration.TLSDirect)
			ep.Auth = migration.Auth{Kind: tt.kind, Login: "anna@b.example", Master: "boss", Password: migration.NewSecret("s3cret")}
			conn, err := New(Options{AllowPrivate: true, Timeouts: quick(), CA: ca.pem()}).connect(t.Context(), SourceSide, ep, warrant{})
			checkFaultIs(t, err, tt.want, "")
			if loggedIn := len(logins) > 0; loggedIn != (tt.want == "") {
				t.Errorf("logged in: %v", loggedIn)
			}
			if err == nil {
				conn.Logout(t.Context())
			}
		})
	}
}
