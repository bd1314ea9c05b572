package imapsync

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// door is a scripted server that keeps a list of the logins it was sent, and
// lets in who says the right thing.
type door struct {
	caps   string
	opens  string // the command that is let in
	refuse string // what others hear
	mu     sync.Mutex
	heard  []string
}

func (d *door) script(s *imaptest.Session) {
	s.Send("* OK [CAPABILITY IMAP4rev1 " + d.caps + "] ready")
	for {
		cmd := s.Command()
		if cmd.Name == "LOGOUT" {
			s.Reply(cmd.Tag, "OK bye")
			return
		}
		said := cmd.String()
		if cmd.Name == "AUTHENTICATE" && !strings.Contains(cmd.Args, " ") {
			s.Send("+ ")
			said += " " + s.Line()
		}
		d.mu.Lock()
		d.heard = append(d.heard, said)
		d.mu.Unlock()
		switch {
		case cmd.Name == "CAPABILITY":
			s.Send("* CAPABILITY IMAP4rev1 "+d.caps, cmd.Tag+" OK done")
		case said == d.opens:
			s.Reply(cmd.Tag, "OK [CAPABILITY IMAP4rev1 NAMESPACE] in")
		default:
			s.Reply(cmd.Tag, d.refuse)
		}
	}
}

func (d *door) logins() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.heard, "\n")
}

func plain(authzid, user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(authzid + "\x00" + user + "\x00" + password))
}

func TestLogin(t *testing.T) {
	const no = "NO [AUTHENTICATIONFAILED] no"
	secret := migration.NewSecret("p w")
	own := migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: secret}
	master := migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: "boss", Password: secret}
	byBar, byAuthzid := master, master
	byBar.Form.Separator, byAuthzid.Form.AuthzID = "|", true
	byStar := `LOGIN "anna*boss" "p w"`
	tests := []struct {
		name  string
		auth  migration.Auth
		door  *door
		heard []string
		class Class // "": let in
	}{
		{"a password", own, &door{opens: `LOGIN "anna" "p w"`, refuse: no}, []string{`LOGIN "anna" "p w"`}, ""},
		{"a wrong password is said once (C-2)", own, &door{refuse: no}, []string{`LOGIN "anna" "p w"`}, ClassLogin},
		{"a busy server is not asked again at once", master, &door{refuse: "NO [UNAVAILABLE] later"}, []string{byStar}, ClassThrottled},
		{"user*master first (S5)", master, &door{caps: "AUTH=PLAIN SASL-IR", opens: byStar, refuse: no}, []string{byStar}, ""},
		{
			"then an authorization identity: the one retry (C-2)", master,
			&door{caps: "AUTH=PLAIN SASL-IR", opens: "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w"), refuse: no},
			[]string{byStar, "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w")},
			"",
		},
		{
			"the same in two steps without SASL-IR", master,
			&door{caps: "AUTH=PLAIN", opens: "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w"), refuse: no},
			[]string{byStar, "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w")},
			"",
		},
		{
			"refused in both forms", master, &door{caps: "AUTH=PLAIN SASL-IR", refuse: no},
			[]string{byStar, "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w")},
			ClassLogin,
		},
		{"a form that was named is the only one", byBar, &door{caps: "AUTH=PLAIN SASL-IR", refuse: no}, []string{`LOGIN "anna|boss" "p w"`}, ClassLogin},
		{
			"authzid that was named", byAuthzid, &door{caps: "AUTH=PLAIN SASL-IR", opens: "AUTHENTICATE PLAIN " + plain("anna", "boss", "p w"), refuse: no},
			[]string{"AUTHENTICATE PLAIN " + plain("anna", "boss", "p w")},
			"",
		},
		{"authzid where PLAIN is not offered", byAuthzid, &door{refuse: no}, []string{"CAPABILITY"}, ClassMechanism},
		{"no password without TLS", own, &door{caps: "LOGINDISABLED AUTH=PLAIN", refuse: no}, []string{"CAPABILITY"}, ClassTLS},
		{"a way nobody knows", migration.Auth{Kind: "magic"}, &door{refuse: no}, nil, ClassMechanism},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ep := at(t, imaptest.Script(t, tt.door.script), migration.TLSNone)
			ep.Auth = tt.auth
			conn, err := local().connect(t.Context(), SourceSide, ep, warrant{})
			var e *Error
			switch {
			case tt.class == "" && err != nil:
				t.Fatal(err)
			case tt.class != "" && (!errors.As(err, &e) || e.Class != tt.class || e.Side != SourceSide):
				t.Errorf("got %v, want %s", err, tt.class)
			case err != nil && strings.Contains(err.Error(), "p w"):
				t.Errorf("the error tells the password: %v", err)
			}
			if conn != nil {
				if !conn.Has("NAMESPACE") || strings.Contains(conn.Transcript(), "p w") || strings.Contains(conn.Transcript(), plain("anna", "boss", "p w")) {
					t.Errorf("capabilities %v, dialogue %q", conn.Caps(), conn.Transcript())
				}
				conn.Logout(t.Context())
			}
			if want := strings.Join(tt.heard, "\n"); tt.door.logins() != want {
				t.Errorf("the server heard\n%s\nwant\n%s", tt.door.logins(), want)
			}
		})
	}
}

// A server that took an authorization identity is not asked in the other form
// again: each refused login brings us nearer to a ban (C-2).
func TestTheFormOfAMasterIsRemembered(t *testing.T) {
	d := &door{caps: "AUTH=PLAIN SASL-IR", opens: "AUTHENTICATE PLAIN " + plain("anna", "boss", "pw"), refuse: "NO [AUTHENTICATIONFAILED] no"}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	ep.Auth = migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: "boss", Password: migration.NewSecret("pw")}
	e := local()
	for range 3 {
		conn, err := e.connect(t.Context(), SourceSide, ep, warrant{})
		if err != nil {
			t.Fatal(err)
		}
		conn.Logout(t.Context())
	}
	if refused := strings.Count(d.logins(), "LOGIN"); refused != 1 || len(d.heard) != 4 {
		t.Errorf("%d refused logins:\n%s", refused, d.logins())
	}
	for range 2 { // and the other way round
		other := &door{caps: "AUTH=PLAIN SASL-IR", opens: `LOGIN "anna*boss" "pw"`, refuse: "NO no"}
		there := ep
		there.Port = at(t, imaptest.Script(t, other.script), migration.TLSNone).Port
		conn, err := e.connect(t.Context(), SourceSide, there, warrant{})
		if err != nil {
			t.Fatal(err)
		}
		conn.Logout(t.Context())
		if other.logins() != `LOGIN "anna*boss" "pw"` {
			t.Errorf("another server heard %s", other.logins())
		}
	}
}

// Where LOGIN is forbidden on a protected connection PLAIN may still be taken.
func TestPlainWhereLoginIsDisabled(t *testing.T) {
	ca := newAuthority(t)
	d := &door{caps: "LOGINDISABLED AUTH=PLAIN SASL-IR", opens: "AUTHENTICATE PLAIN " + plain("", "anna", "pw"), refuse: "NO no"}
	cert := ca.sign(-1e12, 1e12, "127.0.0.1")
	ep := at(t, imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(serverTLS(cert))
		d.script(s)
	}), migration.TLSDirect)
	ep.CA = ca.pem()
	ep.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("pw")}
	conn, err := local().connect(t.Context(), DestinationSide, ep, warrant{})
	if err != nil {
		t.Fatal(err)
	}
	conn.Logout(t.Context())
	ep.Auth.Kind = "magic"
	if _, err := local().connect(t.Context(), DestinationSide, ep, warrant{}); !errors.Is(err, wire.ErrNoMechanism) {
		t.Errorf("got %v", err)
	}
}
