package imapsync_test

import (
	"errors"
	"strings"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
)

// Passwords and master users at real servers, by every way that each has (C-4). Without
// "plain" Dovecot forbids LOGIN, and the way that is left is the one that is meant.
func TestLoginsAtRealServers(t *testing.T) {
	const odd = "pässw\"ör\\d 1"
	accounts := map[string]string{"anna": odd}
	type start func(testing.TB, realserver.Options) *realserver.Server
	servers := []struct {
		name       string
		start      start
		mechanisms string
		way        string   // as the dialogue has it
		masters    []string // forms of the login of a master user; "" is found out
	}{
		{"Dovecot", realserver.Dovecot, "", "LOGIN ", []string{"", "separator:*", "authzid"}},
		{"Dovecot with AUTH=LOGIN alone", realserver.Dovecot, "login", "AUTHENTICATE LOGIN", nil},
		{"Dovecot with SCRAM-SHA-256", realserver.Dovecot, "cram-md5 scram-sha-1 scram-sha-256", "AUTHENTICATE SCRAM-SHA-256", []string{"authzid"}},
		{"Dovecot with SCRAM-SHA-1", realserver.Dovecot, "scram-sha-1", "AUTHENTICATE SCRAM-SHA-1", []string{"authzid"}},
		{"Dovecot with CRAM-MD5", realserver.Dovecot, "cram-md5", "AUTHENTICATE CRAM-MD5", []string{"separator:*"}},
		{"Cyrus", realserver.Cyrus, "", "LOGIN ", []string{"", "authzid"}},
		{"Courier", realserver.Courier, "", "LOGIN ", nil},
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			server := s.start(t, realserver.Options{Accounts: accounts, Mechanisms: s.mechanisms})
			try := func(auth migration.Auth, mode migration.TLSMode) error {
				ep := endpoint(server, "anna")
				ep.Auth, ep.TLS = auth, mode
				if mode != migration.TLSDirect {
					ep.Port = server.Port
				}
				_, err := engine(t).CheckSource(t.Context(), imapsync.Job{
					Resource: migration.Resource{Source: ep}, Rules: imapsync.DefaultRules(migration.Standard),
				})
				return err
			}
			modes := []migration.TLSMode{migration.TLSDirect, migration.TLSStartTLS, migration.TLSNone}
			own := migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret(odd)}
			for _, mode := range modes {
				if err := try(own, mode); err != nil && (s.mechanisms != "login" || mode != migration.TLSNone) {
					t.Errorf("a password over %s: %v", mode, err)
				}
			}
			wrong := own
			wrong.Password = migration.NewSecret("wröng one")
			var known *imapsync.Error
			if err := try(wrong, migration.TLSDirect); !errors.As(err, &known) || known.Class != imapsync.ClassLogin || strings.Contains(err.Error()+known.Dialogue, "wröng") {
				t.Errorf("a wrong password: %v", err)
			} else if !strings.Contains(known.Dialogue, s.way) {
				t.Errorf("it was not said by %s:\n%s", s.way, known.Dialogue)
			}
			for _, text := range s.masters {
				form, err := migration.ParseMasterForm(text)
				if err != nil && text != "" {
					t.Fatal(err)
				}
				master := migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: server.Master, Password: migration.NewSecret(server.MasterPassword), Form: form}
				for _, mode := range modes {
					if err := try(master, mode); err != nil {
						t.Errorf("a master user by %q over %s: %v", text, mode, err)
					}
				}
			}
		})
	}
}
