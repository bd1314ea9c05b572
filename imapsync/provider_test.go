package imapsync

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// The lines of the providers up to the login, as they were seen or are documented.
const (
	gmailCaps   = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER"
	onPremCaps  = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=NTLM AUTH=GSSAPI SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
	onlineCaps  = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
	dovecotCaps = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
	courierCaps = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION"
	cyrusCaps   = "IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN SASL-IR"
	zimbraCaps  = "IMAP4rev1 LITERAL+ ID ENABLE RIGHTS=ektx AUTH=PLAIN SASL-IR"
	sunCaps     = "IMAP4 IMAP4rev1 ACL QUOTA LITERAL+ NAMESPACE UIDPLUS CHILDREN BINARY UNSELECT LANGUAGE XSENDER X-NETSCAPE XSERVERINFO AUTH=PLAIN"
	kerioCaps   = "IMAP4 IMAP4rev1 CHILDREN IDLE NAMESPACE QUOTA ACL UIDPLUS X-MASTERAUTH"
	yahooCaps   = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN X-MSG-EXT UNSELECT OBJECTID MESSAGELIMIT=1000"
	iCloudCaps  = "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PLAIN AUTH=ATOKEN2 AUTH=XOAUTH2"
	hMailCaps   = "IMAP4 IMAP4rev1 CHILDREN IDLE QUOTA SORT ACL NAMESPACE RIGHTS=texk"
	jamesCaps   = "IMAP4rev1 LITERAL+ CHILDREN WITHIN IDLE NAMESPACE UIDPLUS UNSELECT AUTH=PLAIN SASL-IR"
	dominoCaps  = "IMAP4rev1 AUTH=PLAIN LITERAL+ NAMESPACE QUOTA UIDPLUS"
	oldCaps     = "IMAP4rev1 LOGINDISABLED AUTH=LOGIN"
)

// Each server is logged in to in its own words (C-4), and what it says to a refusal is
// known: no login is tried that it does not take, and no password again (C-2).
func TestLoginsOfProviders(t *testing.T) {
	pw := migration.NewSecret("pässw\"ör\\d")
	const said = "pässw\"ör\\d"
	own := func(login string) migration.Auth {
		return migration.Auth{Kind: migration.AuthPassword, Login: login, Password: pw}
	}
	master := func(form, login, name string) migration.Auth {
		parsed, err := migration.ParseMasterForm(form)
		if err != nil && form != "" {
			t.Fatal(err)
		}
		return migration.Auth{Kind: migration.AuthMaster, Login: login, Master: name, Password: pw, Form: parsed}
	}
	gmail := func(refusal string) *imaptest.Provider {
		return &imaptest.Provider{Greeting: "Gimap ready for requests from 192.0.2.1 a640c23a62f3a", Caps: gmailCaps, Refusal: refusal}
	}
	online := func(refusal string) *imaptest.Provider {
		return &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready. [UABSADIAUAAy]", Caps: onlineCaps, Refusal: refusal}
	}
	sun := "IMAP4 service (Oracle Communications Messaging Server 7u5)"
	kerio := "Kerio Connect 9.4.1 IMAP4rev1 server ready"
	tests := []struct {
		name   string
		server *imaptest.Provider
		auth   migration.Auth
		opens  bool // the last login that is heard
		heard  []string
		class  Class
	}{
		{"Gmail, an application's password", gmail(""), own("anna@b.example"), true, []string{"LOGIN anna@b.example " + said}, ""},
		{
			"Gmail, the password of the account", gmail("NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)"),
			own("anna@b.example"), false,
			[]string{"LOGIN anna@b.example " + said},
			ClassAppPassword,
		},
		{"Gmail wants the browser", gmail("NO [WEBALERT https://accounts.google.com/x] Web login required."), own("a"), false, []string{"LOGIN a " + said}, ClassBrowser},
		{"Gmail has locked the account", gmail("NO [ALERT] Lockdown in sector 4 (Failure)"), own("a"), false, []string{"LOGIN a " + said}, ClassBrowser},
		{"Gmail, too many connections", gmail("NO [ALERT] Too many simultaneous connections. (Failure)"), own("a"), false, []string{"LOGIN a " + said}, ClassThrottled},
		{"Gmail, the day's budget is used up", gmail("NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"), own("a"), false, []string{"LOGIN a " + said}, ClassDayLimit},
		{
			"Exchange, DOMAIN and user", &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps},
			own(`STUDIO\anna`), true,
			[]string{`LOGIN STUDIO\anna ` + said},
			"",
		},
		{
			"Exchange, a UPN", &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps},
			own("anna@studio.local"), true,
			[]string{"LOGIN anna@studio.local " + said},
			"",
		},
		{
			"Exchange, 16 connections of one user", &imaptest.Provider{
				Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps, Refusal: "NO Too many simultaneous connections.",
			}, own(`STUDIO\anna`), false, []string{`LOGIN STUDIO\anna ` + said}, ClassThrottled,
		},
		{
			"Exchange, DOMAIN, admin and alias", &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps},
			master(`login:{master}\{user}`, "anna.rossi", `STUDIO\admin`), true,
			[]string{`LOGIN STUDIO\admin\anna.rossi ` + said},
			"",
		},
		{
			"Exchange, an admin's address and alias", &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps},
			master(`login:{master}\{user}`, "anna.rossi", "admin@b.example"), true,
			[]string{`LOGIN admin@b.example\anna.rossi ` + said},
			"",
		},
		{
			"Exchange, an authorization identity", &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps},
			master("authzid", "anna", `STUDIO\admin`), true,
			[]string{`AUTH=PLAIN anna STUDIO\admin ` + said},
			"",
		},
		{
			"Exchange, an admin without the right (X-1)", &imaptest.Provider{
				Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps, Refusal: "BAD User is authenticated but not connected.",
			}, master(`login:{master}\{user}`, "anna", `S\a`), false, []string{`LOGIN S\a\anna ` + said}, ClassPermission,
		},
		{"Exchange Online, a token", online(""), app("anna@b.example"), true, []string{"AUTH=XOAUTH2 anna@b.example opaque"}, ""},
		{"Exchange Online, a shared mailbox", online(""), app("info@b.example"), true, []string{"AUTH=XOAUTH2 info@b.example opaque"}, ""},
		{"Exchange Online refuses", online("NO AUTHENTICATE failed."), app("a@b.example"), false, []string{"AUTH=XOAUTH2 a@b.example opaque"}, ClassAppLogin},
		{"Dovecot, user*master", &imaptest.Provider{Greeting: "[CAPABILITY " + dovecotCaps + "] Dovecot ready.", Caps: dovecotCaps}, master("", "anna@b.example", "admin"), true, []string{"LOGIN anna@b.example*admin " + said}, ""},
		{
			"Dovecot without a separator takes an authorization identity", &imaptest.Provider{
				Greeting: "[CAPABILITY " + dovecotCaps + "] Dovecot ready.", Caps: dovecotCaps, Refusal: "NO [AUTHENTICATIONFAILED] Authentication failed.",
			}, master("", "anna@b.example", "admin"), true,
			[]string{"LOGIN anna@b.example*admin " + said, "AUTH=PLAIN anna@b.example admin " + said},
			"",
		},
		{
			"Dovecot, too many connections", &imaptest.Provider{
				Greeting: "Dovecot ready.", Caps: dovecotCaps, Refusal: "NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
			}, own("anna"), false, []string{"LOGIN anna " + said}, ClassThrottled,
		},
		{"Courier", &imaptest.Provider{Greeting: "[CAPABILITY " + courierCaps + "] Courier-IMAP ready. Copyright 1998-2018 Double Precision, Inc.", Caps: courierCaps}, own("anna@b.example"), true, []string{"LOGIN anna@b.example " + said}, ""},
		{"Courier refuses", &imaptest.Provider{Greeting: "Courier-IMAP ready.", Caps: courierCaps, Refusal: "NO Login failed."}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin},
		{"Cyrus", &imaptest.Provider{Greeting: "[CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE] mail.b.example Cyrus IMAP 3.6.1 server ready", Caps: cyrusCaps}, master("authzid", "anna", "cyrus"), true, []string{"AUTH=PLAIN anna cyrus " + said}, ""},
		{"Zimbra", &imaptest.Provider{Greeting: "Zimbra 8.8.15 IMAP4rev1 server ready", Caps: zimbraCaps}, master("authzid", "anna@b.example", "admin@b.example"), true, []string{"AUTH=PLAIN anna@b.example admin@b.example " + said}, ""},
		{
			"Sun", &imaptest.Provider{Greeting: sun, Caps: sunCaps, Opens: []string{"LOGIN admin " + said}}, master("proxyauth", "anna", "admin"), true,
			[]string{"LOGIN admin " + said, "PROXYAUTH anna"},
			"",
		},
		{
			"Sun, a user who is not there", &imaptest.Provider{Greeting: sun, Caps: sunCaps, Opens: []string{"LOGIN admin " + said}, Refusal: "NO PROXYAUTH failed"},
			master("proxyauth", "anna", "admin"), false,
			[]string{"LOGIN admin " + said, "PROXYAUTH anna"},
			ClassPermission,
		},
		{
			"Sun, a wrong password of the master", &imaptest.Provider{Greeting: sun, Caps: sunCaps, Refusal: "NO Authentication failed"},
			master("proxyauth", "anna", "admin"), false,
			[]string{"LOGIN admin " + said},
			ClassLogin,
		},
		{
			"Oracle Beehive has no master user", &imaptest.Provider{Greeting: "IMAP4 server ready", Caps: courierCaps}, master("authzid", "anna", "admin"), false, nil,
			ClassMechanism,
		},
		{
			"and no command for one", &imaptest.Provider{
				Greeting: "IMAP4 server ready", Caps: courierCaps, Opens: []string{"LOGIN admin " + said}, Refusal: "BAD Unknown command",
			}, master("proxyauth", "anna", "admin"), false,
			[]string{"LOGIN admin " + said, "PROXYAUTH anna"},
			ClassPermission,
		},
		{"Mirapoint", &imaptest.Provider{Greeting: "mail.b.example Mirapoint IMAP4PROXY 4.3.11-GA server ready", Caps: courierCaps}, master("login:#{user}#{master}#", "anna@b.example", "admin"), true, []string{"LOGIN #anna@b.example#admin# " + said}, ""},
		{"Scalix", &imaptest.Provider{Greeting: "Scalix IMAP server 11.4.6 ready", Caps: courierCaps}, master("login:mboxadmin:{master}:{user}", "anna", "sxadmin"), true, []string{"LOGIN mboxadmin:sxadmin:anna " + said}, ""},
		{
			"Kerio", &imaptest.Provider{Greeting: kerio, Caps: kerioCaps, KerioPassword: said, Opens: []string{"X-MASTERAUTH right"}},
			master("x-masterauth", "anna@b.example", "-"), true,
			[]string{"X-MASTERAUTH right", "X-SETUSER anna@b.example"},
			"",
		},
		{
			"Kerio, a wrong master password", &imaptest.Provider{Greeting: kerio, Caps: kerioCaps, KerioPassword: "another", Refusal: "NO X-MASTERAUTH failed"},
			master("x-masterauth", "anna@b.example", "-"), false,
			[]string{"X-MASTERAUTH wrong"},
			ClassLogin,
		},
		{
			"Kerio, a user who is not there", &imaptest.Provider{Greeting: kerio, Caps: kerioCaps, KerioPassword: said, Opens: []string{"X-MASTERAUTH right"}, Refusal: "NO no such user"},
			master("x-masterauth", "anna", "-"), false,
			[]string{"X-MASTERAUTH right", "X-SETUSER anna"},
			ClassPermission,
		},
		{"Yahoo", &imaptest.Provider{Greeting: "[CAPABILITY " + yahooCaps + "] IMAP4rev1 Hello", Caps: yahooCaps}, own("anna@yahoo.example"), true, []string{"LOGIN anna@yahoo.example " + said}, ""},
		{
			"Yahoo, the password of the account", &imaptest.Provider{
				Greeting: "[CAPABILITY " + yahooCaps + "] IMAP4rev1 Hello", Caps: yahooCaps, Refusal: "NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials",
			}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin,
		},
		{
			"Yahoo, too often", &imaptest.Provider{
				Greeting: "[CAPABILITY " + yahooCaps + "] IMAP4rev1 Hello", Caps: yahooCaps, Refusal: "NO [LIMIT] LOGIN Rate limit hit",
			}, own("a"), false, []string{"LOGIN a " + said}, ClassThrottled,
		},
		{
			"iCloud, the password of the account", &imaptest.Provider{
				Greeting: "[CAPABILITY " + iCloudCaps + "] (2606B15-0579518368c0) p00-iscream", Caps: iCloudCaps, Refusal: "NO [AUTHENTICATIONFAILED] Authentication Failed",
			}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin,
		},
		{"Fastmail, the password of the account", &imaptest.Provider{Greeting: "IMAP4 ready", Caps: cyrusCaps, Refusal: "NO Incorrect username, password or access token"}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin},
		{
			"Zoho, IMAP is switched off", &imaptest.Provider{
				Greeting: "IMAP4 Server ready", Caps: zimbraCaps, Refusal: "NO [ALERT] You are yet to enable IMAP for your account. Please contact your administrator (Failure)",
			}, own("a"), false, []string{"LOGIN a " + said}, ClassIMAPOff,
		},
		{"hMailServer", &imaptest.Provider{Greeting: "IMAPrev1", Caps: hMailCaps}, own("anna@b.example"), true, []string{"LOGIN anna@b.example " + said}, ""},
		{"hMailServer refuses", &imaptest.Provider{Greeting: "IMAPrev1", Caps: hMailCaps, Refusal: "NO Invalid user name or password."}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin},
		{"hMailServer has no master user (X-7)", &imaptest.Provider{Greeting: "IMAPrev1", Caps: hMailCaps}, master("authzid", "anna", "admin"), false, nil, ClassMechanism},
		{"MDaemon", &imaptest.Provider{Greeting: "company.mail IMAP4rev1 MDaemon 9.6.4 ready", Caps: dovecotCaps, Refusal: "NO LOGIN failed"}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin},
		{"James, an administrator", &imaptest.Provider{Greeting: "JAMES IMAP4rev1 Server mail.b.example is ready.", Caps: jamesCaps}, master("authzid", "anna@b.example", "admin@b.example"), true, []string{"AUTH=PLAIN anna@b.example admin@b.example " + said}, ""},
		{
			"James, somebody who is none", &imaptest.Provider{
				Greeting: "JAMES IMAP4rev1 Server mail.b.example is ready.", Caps: jamesCaps, Refusal: "NO AUTHENTICATE failed. Authentication failed.",
			}, master("authzid", "anna", "bruno"), false, []string{"AUTH=PLAIN anna bruno " + said}, ClassLogin,
		},
		{"Domino", &imaptest.Provider{Greeting: "Domino IMAP4 Server Release 10.0.1FP3 ready Wed, 30 Oct 2019 09:28:06 +0100", Caps: dominoCaps}, own("Anna Rossi/B"), true, []string{"LOGIN Anna Rossi/B " + said}, ""},
		{
			"Domino has no master user: the identity is refused", &imaptest.Provider{
				Greeting: "Domino IMAP4 Server Release 10.0.1FP3 ready Wed, 30 Oct 2019 09:28:06 +0100", Caps: dominoCaps, Refusal: "NO AUTHENTICATE failed",
			}, master("authzid", "Anna Rossi/B", "Admin/B"), false, []string{"AUTH=PLAIN Anna Rossi/B Admin/B " + said}, ClassLogin,
		},
		{"CommuniGate refuses", &imaptest.Provider{Greeting: "CommuniGate Pro IMAP Server 6.2.14 at b.example ready", Caps: cyrusCaps, Refusal: "NO Unknown user account or incorrect password"}, own("a"), false, []string{"LOGIN a " + said}, ClassLogin},
		{"a server that is busy", &imaptest.Provider{Greeting: "ready", Caps: cyrusCaps, Refusal: "NO Server Busy"}, own("a"), false, []string{"LOGIN a " + said}, ClassThrottled},
		{"Courier takes no authorization identity (X-6)", &imaptest.Provider{Greeting: "Courier-IMAP ready.", Caps: courierCaps + " AUTH=PLAIN"}, master("authzid", "anna", "admin"), false, nil, ClassMechanism},
		{"a server that has OAUTHBEARER alone", &imaptest.Provider{Greeting: "ready", Caps: "IMAP4rev1 AUTH=OAUTHBEARER SASL-IR"}, app("a=b,c@b.example"), true, []string{"AUTH=OAUTHBEARER a=3Db=2Cc@b.example opaque"}, ""},
		{
			"OAUTHBEARER refused by a report", &imaptest.Provider{Greeting: "ready", Caps: "IMAP4rev1 AUTH=OAUTHBEARER SASL-IR", Report: `{"status":"invalid_token"}`, Refusal: "NO [AUTHENTICATIONFAILED] no"},
			app("a@b.example"), false,
			[]string{"AUTH=OAUTHBEARER a@b.example opaque", "answered AQ=="},
			ClassAppLogin,
		},
		{
			"XOAUTH2 refused by a report", &imaptest.Provider{Greeting: "ready", Caps: onlineCaps, Report: `{"status":"401","schemes":"bearer mac"}`, Refusal: "NO [AUTHENTICATIONFAILED] no"},
			app("a@b.example"), false,
			[]string{"AUTH=XOAUTH2 a@b.example opaque", "answered "},
			ClassAppLogin,
		},
		{"a token refused by hanging up", &imaptest.Provider{Greeting: "ready", Caps: onlineCaps, Drops: true}, app("a@b.example"), false, []string{"AUTH=XOAUTH2 a@b.example opaque"}, ClassTransport},
		{"a server that takes no password in clear", &imaptest.Provider{Greeting: "ready", Caps: oldCaps}, own("anna"), false, nil, ClassTLS},
		{"nor that of a master", &imaptest.Provider{Greeting: "ready", Caps: "IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR"}, master("authzid", "anna", "admin"), false, nil, ClassTLS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.opens {
				tt.server.Opens = append(tt.server.Opens, tt.heard[len(tt.heard)-1])
			}
			ep := at(t, imaptest.Script(t, tt.server.Script), migration.TLSNone)
			ep.Auth = tt.auth
			conn, err := tokens(t, &provider{answer: gives("opaque")}).connect(t.Context(), SourceSide, ep, warrant{})
			fault := Fault{}
			if err != nil {
				fault = FaultOf(err)
			}
			if fault.Class != tt.class || err == nil && tt.class != "" || !slices.Equal(tt.server.Heard(), tt.heard) {
				t.Errorf("got %v\nheard %q\nwant  %q and %q", err, tt.server.Heard(), tt.heard, tt.class)
			}
			dialogue := dialogueOf(err)
			if conn != nil {
				dialogue = conn.Transcript()
				conn.Logout(t.Context())
			}
			for _, secret := range []string{said, "ör", "opaque", "b3BhcXVl", plain("anna", "admin", said)} {
				if strings.Contains(dialogue, secret) {
					t.Errorf("%q is shown in\n%s", secret, dialogue)
				}
			}
		})
	}
}

// An account that its owner has to open first says nothing of the next one: nobody is
// held up at the address that all of Google's share (C-2).
func TestAnAccountToOpenPausesNoHost(t *testing.T) {
	tests := []struct {
		refusal string
		heard   int // of five accounts
	}{
		{"NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)", 5},
		{"NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)", 5},
		{"NO [ALERT] Lockdown in sector 4 (Failure)", 5},
		{"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", migration.RefusalsInARow},
	}
	for _, tt := range tests {
		t.Run(tt.refusal, func(t *testing.T) {
			server := &imaptest.Provider{Greeting: "Gimap ready", Caps: gmailCaps, Refusal: tt.refusal}
			ep := at(t, imaptest.Script(t, server.Script), migration.TLSNone)
			e := tokens(t, &provider{answer: gives("opaque")})
			for _, login := range []string{"anna", "bruno", "carla", "dario", "elena"} {
				ep.Auth = migration.Auth{Kind: migration.AuthPassword, Login: login, Password: migration.NewSecret("pw")}
				if conn, err := e.connect(t.Context(), SourceSide, ep, warrant{}); err == nil {
					conn.Logout(t.Context())
					t.Fatal("it lets in")
				}
			}
			if heard := server.Heard(); len(heard) != tt.heard {
				t.Errorf("heard %q, want %d logins", heard, tt.heard)
			}
		})
	}
}

// Rows of the wizard are tried in the form that their type of server is known for, and
// in no other: the first refusal of a master user may be the last (C-2).
func TestTheTypeOfServerChoosesTheMasterLogin(t *testing.T) {
	for kind, heard := range map[migration.ServerType][]string{
		migration.Exchange: {`LOGIN STUDIO\admin\anna.rossi pw`},
		migration.Standard: {`LOGIN anna.rossi*STUDIO\admin pw`, `AUTH=PLAIN anna.rossi STUDIO\admin pw`},
	} {
		t.Run(string(kind), func(t *testing.T) {
			var m migration.Migration
			m.ChooseSource(kind, migration.Provider{})
			intake := migration.Intake{
				Policy: migration.DefaultPolicy(), Type: m.ServerType, Source: m.Source,
				User:    migration.User{ID: 1, CustomerID: 1, Role: migration.Admin},
				Domains: []migration.Domain{{ID: 1, CustomerID: 1, DestinationID: 1, Name: "rossi.example"}},
				Destinations: []migration.Destination{{ID: 1, Endpoint: migration.Endpoint{
					Host: "imap.new.example", Port: 993, TLS: migration.TLSDirect, Auth: migration.Auth{Kind: migration.AuthMaster, Master: "mover"},
				}}},
			}
			sheet := intake.Read([]byte(`anna@rossi.example;mail.old.example;anna.rossi;pw;STUDIO\admin`))
			if len(sheet.Rows) != 1 {
				t.Fatalf("problems %v", sheet.Problems)
			}
			server := &imaptest.Provider{Greeting: "The Microsoft Exchange IMAP4 service is ready.", Caps: onPremCaps, Refusal: "NO LOGIN failed."}
			ep := at(t, imaptest.Script(t, server.Script), migration.TLSNone)
			ep.Auth = sheet.Rows[0].Source.Auth
			if conn, err := tokens(t, &provider{answer: gives("opaque")}).connect(t.Context(), SourceSide, ep, warrant{}); err == nil {
				conn.Logout(t.Context())
				t.Error("it lets in")
			}
			if !slices.Equal(server.Heard(), heard) {
				t.Errorf("heard %q, want %q", server.Heard(), heard)
			}
		})
	}
}

// dialogueOf is what was said on a connection whose login was refused.
func dialogueOf(err error) string {
	var known *Error
	if errors.As(err, &known) {
		return known.Dialogue + err.Error()
	}
	return ""
}
