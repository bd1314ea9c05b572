package handlers

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// setUpFields is a form without a fault; more fields replace those of the same
// name.
func setUpFields(more ...string) []string {
	return with([]string{
		"name", "Laura Bianchi", "email", "laura@rossi.example", "password", "a house on the road", "customer", "Studio Rossi",
		"domains", "rossi.example\n  @Münch.example \n\nrossi.example",
	}, with(destinationFields(), more...)...)
}

func destinationFields(more ...string) []string {
	return with([]string{
		"destination_name", "New server", "host", "imap.new.example", "port", "", "tls", "tls", "pin", "", "auth", "separator",
		"master", "mover", "separator", "*", "master_password", "hunter2-MASTER", "mx", "10 MX1.new.example\nmx2.new.example",
		"mailbox", "try@rossi.example",
	}, more...)
}

// with replaces fields, or adds them.
func with(fields []string, more ...string) []string {
	for i := 0; i+1 < len(more); i += 2 {
		at := -1
		for j := 0; j < len(fields); j += 2 {
			if fields[j] == more[i] {
				at = j
			}
		}
		if at < 0 {
			fields = append(fields, more[i], more[i+1])
		} else {
			fields[at+1] = more[i+1]
		}
	}
	return fields
}

func TestFirstStartLeadsToSetUpAndThroughIt(t *testing.T) {
	p := newEmptyPanel(t)
	b := p.anonymous()
	b.header.Set("Accept-Language", "it")
	b.get("/").wantGoTo(t, "/setup")
	b.get("/login").wantGoTo(t, "/setup")
	b.get("/setup").want(t, http.StatusOK, "Primo avvio")
	b.post("/setup", setUpFields()...).wantGoTo(t, "/migrations")
	b.get("/profile").want(t, http.StatusOK, "Laura Bianchi", "/destinations") // signed in at once

	ctx := t.Context()
	user, hash, err := p.Store.UserByEmail(ctx, "laura@rossi.example")
	check(t, err)
	if !user.Operator || user.Role != migration.Admin || user.Language != "it" || !matches(hash, "a house on the road") {
		t.Errorf("user %+v", user)
	}
	domains, err := p.Store.Domains(ctx, user.CustomerID)
	check(t, err)
	if len(domains) != 2 || domains[0].Name != "rossi.example" || domains[1].Name != "xn--mnch-0ra.example" {
		t.Errorf("domains %+v", domains)
	}
	servers, err := p.Store.Destinations(ctx)
	check(t, err)
	want := testDestination()
	want.ID, want.MX = servers[0].ID, []string{"10 mx1.new.example", "10 mx2.new.example"}
	if len(servers) != 1 || servers[0].Endpoint.Address() != "imap.new.example:993" || servers[0].Endpoint.Auth != want.Endpoint.Auth || !slices.Equal(servers[0].MX, want.MX) {
		t.Errorf("destinations %+v", servers)
	}
}

func TestSetUpNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, field, value string }{
		{"no name", "name", " "},
		{"a very long name", "name", strings.Repeat("x", maxText+1)},
		{"no address", "email", "laura"},
		{"an address with a name", "email", "Laura <laura@rossi.example>"},
		{"a short password", "password", "short"},
		{"the address as the password", "password", "laura@rossi.example"},
		{"no company", "customer", ""},
		{"no domain", "domains", "\n \n"},
		{"an address in place of a domain", "domains", "rossi.example\nlaura@rossi.example"},
		{"an IP address in place of a domain", "domains", "192.0.2.1"},
		{"a single word in place of a domain", "domains", "rossi"},
		{"no server", "host", ""},
		{"a server in a private network", "host", "192.168.1.10"},
		{"this machine", "host", "localhost"},
		{"a port that is no number", "port", "imap"},
		{"the port of another service", "port", "25"},
		{"no way of encryption", "tls", ""},
		{"no encryption, over the internet", "tls", "none"},
		{"half a fingerprint", "pin", "ab:cd"},
		{"no way to log in", "auth", "other"},
		{"no master user", "master", ""},
		{"no separator", "separator", ""},
		{"no password of the master user", "master_password", ""},
		{"a record without a server", "mx", "10 mx1.new.example\n10"},
		{"a record with a large priority", "mx", "70000 mx1.new.example"},
	}
	p := newEmptyPanel(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.anonymous().post("/setup", setUpFields("mailbox", "kept@rossi.example", tt.field, tt.value)...)
			got.want(t, http.StatusUnprocessableEntity, `role="alert"`, `href="#`+tt.field+`"`, "kept@rossi.example")
			if strings.Count(got.body, `href="#`) != 1+1 { // and the link to the content
				t.Errorf("more than one thing is wrong:\n%s", got.body)
			}
			for _, secret := range []string{"a house on the road", "hunter2"} {
				if strings.Contains(got.body, secret) {
					t.Errorf("%q came back", secret)
				}
			}
		})
	}
	if done, err := p.Store.HasUsers(t.Context()); done || err != nil {
		t.Errorf("a set-up with faults was taken, error %v", err)
	}
}

func TestThePrivateNetworkIsOpenedByTheOperatorAlone(t *testing.T) {
	p := newEmptyPanel(t, func(o *Options) { o.AllowPrivate = true })
	p.anonymous().get("/setup").want(t, http.StatusOK, `value="none"`)
	p.anonymous().post("/setup", setUpFields("host", "127.0.0.1:1143", "tls", "none")...).wantGoTo(t, "/migrations")
	servers, err := p.Store.Destinations(t.Context())
	check(t, err)
	if servers[0].Endpoint.Address() != "127.0.0.1:1143" || servers[0].Endpoint.TLS != migration.TLSNone {
		t.Errorf("destination %+v", servers[0])
	}
	if body := newEmptyPanel(t).anonymous().get("/setup").body; strings.Contains(body, `value="none"`) {
		t.Error("an unprotected connection is offered over the internet")
	}
}

func goodTest() migration.ServerTest {
	return migration.ServerTest{
		Steps: []migration.TestStep{
			{Stage: migration.StageConnect, OK: true, Took: 12 * time.Millisecond, Detail: "203.0.113.40:993"},
			{Stage: migration.StageTLS, OK: true, Took: 41 * time.Millisecond, Detail: "TLS 1.3"},
			{Stage: migration.StageLogin, OK: true, Took: 86 * time.Millisecond},
			{Stage: migration.StageNamespace, OK: true},
			{Stage: migration.StageQuota, OK: true},
		},
		Capabilities: []string{"IMAP4REV1", "LITERAL+", "MULTIAPPEND", "UIDPLUS", "CONDSTORE"}, Delimiter: "/", QuotaUsed: 1 << 20, QuotaLimit: 2 << 30,
	}
}

func TestTheTestOfTheServerKeepsWhatWasTyped(t *testing.T) {
	p := newEmptyPanel(t)
	p.desk.serverTest = goodTest()
	fields := setUpFields("action", "test", "email", "not yet", "password", "short")
	got := p.anonymous().post("/setup", fields...)
	got.want(t, http.StatusOK, "Studio Rossi", "rossi.example", "imap.new.example", "mx2.new.example", "try@rossi.example",
		"203.0.113.40:993", "TLS 1.3", "86\u00a0ms", "It will be fast", "2\u00a0GB", `type="password"`)
	if strings.Contains(got.body, "hunter2") || strings.Contains(got.body, `role="alert"`) {
		t.Errorf("a password came back, or a fault that is none yet:\n%s", got.body)
	}
	if p.desk.mailbox != "try@rossi.example" || p.desk.tested.Endpoint.Auth != testDestination().Endpoint.Auth {
		t.Errorf("tested %+v with %q", p.desk.tested, p.desk.mailbox)
	}
	if done, err := p.Store.HasUsers(t.Context()); done || err != nil {
		t.Errorf("the test stored something, error %v", err)
	}
	p.anonymous().post("/setup", setUpFields("action", "test", "mailbox", "")...).
		want(t, http.StatusUnprocessableEntity, `href="#mailbox"`, "Not tested")
}

func TestWhereEachMailboxHasItsPasswordTheTestAsksForIt(t *testing.T) {
	p := newEmptyPanel(t)
	fields := setUpFields("action", "test", "auth", "mailbox", "master", "", "separator", "", "master_password", "")
	p.anonymous().post("/setup", fields...).want(t, http.StatusUnprocessableEntity, `href="#mailbox_password"`)
	p.anonymous().post("/setup", with(fields, "mailbox_password", "pw")...).want(t, http.StatusOK)
	auth := p.desk.tested.For(p.desk.mailbox, p.desk.tested.Endpoint.Auth.Password).Auth
	if auth.Kind != migration.AuthPassword || auth.Login != "try@rossi.example" || auth.Password != migration.NewSecret("pw") {
		t.Errorf("tested with %+v", auth)
	}
}

func TestFailedTestsSayWhyAndWhatToDo(t *testing.T) {
	const pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	p := newEmptyPanel(t)
	p.desk.serverTest = migration.ServerTest{
		Steps: []migration.TestStep{{Stage: migration.StageConnect, OK: true}, {Stage: migration.StageTLS}},
		Class: "certificate", ServerText: "<b>x509</b>", Certificate: pin, Names: []string{"old.example", "old.example"},
	}
	got := p.anonymous().post("/setup", setUpFields("action", "test")...)
	got.want(t, http.StatusOK, "No trusted encryption", "does not prove", "&lt;b&gt;x509", pin, "names: old.example")
	p.anonymous().post("/setup", setUpFields("trust", strings.ToUpper(pin))...).want(t, http.StatusOK)
	if p.desk.tested.Endpoint.Pin != pin {
		t.Errorf("tested with pin %q", p.desk.tested.Endpoint.Pin)
	}
	p.desk.serverTest = migration.ServerTest{Steps: []migration.TestStep{{Stage: migration.StageAddress}}, Class: "private_address"}
	p.anonymous().post("/setup", setUpFields("action", "test")...).want(t, http.StatusOK, "private network")
}

func TestDestinationsAreListedAndEdited(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	b.header.Set("Accept-Language", "en")
	p.setLanguage(t, "en")
	b.get("/destinations").want(t, http.StatusOK, "New server", "imap.new.example:993", `href="/destinations/1"`)
	b.get("/destinations/1").want(t, http.StatusOK, "mx2.new.example", "3 domains", "Leave it empty to keep")
	b.get("/destinations/7").want(t, http.StatusNotFound)
	b.get("/destinations/seven").want(t, http.StatusNotFound)

	b.post("/destinations/1", destinationFields("destination_name", "Renamed", "master_password", "")...).wantGoTo(t, "/destinations/1")
	b.get("/destinations/1").want(t, http.StatusOK, "The server Renamed is saved")
	d, err := p.Store.Destination(t.Context(), 1)
	check(t, err)
	if d.Name != "Renamed" || d.Endpoint.Auth.Password != migration.NewSecret("hunter2-MASTER") {
		t.Errorf("destination %+v", d)
	}
	b.post("/destinations/1", destinationFields("auth", "authzid", "master_password", "")...).wantGoTo(t, "/destinations/1")
	b.get("/destinations/1").want(t, http.StatusOK, `value="authzid" checked`)
	b.post("/destinations/1", destinationFields("auth", "other")...).want(t, http.StatusUnprocessableEntity, `href="#auth"`)

	b.post("/destinations/new", destinationFields("destination_name", "")...).wantGoTo(t, "/destinations/2")
	if d, err = p.Store.Destination(t.Context(), 2); err != nil || d.Name != "imap.new.example" {
		t.Errorf("destination %+v, error %v", d, err)
	}
}

// The stored password goes to the server it was stored for. A form with another
// one, saved or only tested, does not make the panel send it there.
func TestTheStoredPasswordIsNotSentToAnotherServer(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	changes := [][]string{{"host", "evil.example"}, {"port", "1993"}, {"tls", "starttls", "port", "993"}, {"pin", strings.Repeat("ab", 32)}}
	for _, change := range changes {
		fields := destinationFields(append(change, "master_password", "")...)
		for _, path := range []string{"/destinations/1", "/destinations/1/test"} {
			b.post(path, fields...).want(t, http.StatusUnprocessableEntity, `href="#master_password"`)
		}
	}
	if p.desk.mailbox != "" {
		t.Errorf("tested %+v", p.desk.tested)
	}
	if d, err := p.Store.Destination(t.Context(), 1); err != nil || d.Endpoint.Host != "imap.new.example" {
		t.Errorf("destination %+v, error %v", d, err)
	}
	b.post("/destinations/1/test", destinationFields("master_password", "")...).want(t, http.StatusOK)
	if p.desk.tested.Endpoint.Auth.Password != migration.NewSecret("hunter2-MASTER") {
		t.Error("the test of the same server has not used the stored password")
	}
	b.post("/destinations/1/test", destinationFields("host", "other.example", "master_password", "typed")...).want(t, http.StatusOK)
	if p.desk.tested.Endpoint.Auth.Password != migration.NewSecret("typed") || p.desk.tested.Endpoint.Host != "other.example" {
		t.Errorf("tested %+v", p.desk.tested)
	}
}

// setLanguage is what the operator would choose in the profile.
func (p *panel) setLanguage(t *testing.T, lang string) {
	t.Helper()
	p.operator.Language = lang
	check(t, p.Store.SavePreferences(t.Context(), p.operator))
}
