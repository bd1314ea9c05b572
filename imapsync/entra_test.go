package imapsync

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

const tenantA = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"

// aadsts is a refusal as Microsoft's identity service writes it.
func aadsts(status int, code, text string) func(http.ResponseWriter, url.Values) {
	return func(w http.ResponseWriter, _ url.Values) { refuse(w, status, code, text) }
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"error": code, "error_description": text + "\r\nTrace ID: 0f1e\r\nCorrelation ID: 2d3c\r\nTimestamp: 2026-11-26 10:00:00Z",
		"error_codes": []int{1}, "timestamp": "2026-11-26 10:00:00Z", "trace_id": "0f1e", "correlation_id": "2d3c",
	})
}

// jwtOf is a token that says what its claims say.
func jwtOf(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"JWT","alg":"RS256"}`)) + "." + encode(payload) + "." + encode([]byte("signature"))
}

func gives(token string) func(http.ResponseWriter, url.Values) {
	return func(w http.ResponseWriter, _ url.Values) {
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, token)
	}
}

func tenantDocument(w http.ResponseWriter, _ string) {
	fmt.Fprintf(w, `{"token_endpoint":"https://elsewhere.example/token","issuer":"https://login.microsoftonline.com/%s/v2.0","tenant_region_scope":"EU"}`, tenantA)
}

// exchange is a server that answers a login by token, and what comes behind it.
func exchange(login, opens string) func(*imaptest.Session) {
	return func(s *imaptest.Session) {
		s.Send("* OK The Microsoft Exchange IMAP4 service is ready. [TABQUADQ]")
		for {
			switch cmd := s.Command(); cmd.Name {
			case "CAPABILITY":
				s.Send("* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+")
				s.Reply(cmd.Tag, "OK CAPABILITY completed.")
			case "AUTHENTICATE":
				s.Reply(cmd.Tag, login)
			case "LOGOUT":
				s.Reply(cmd.Tag, "OK LOGOUT completed.")
				return
			default:
				s.Reply(cmd.Tag, opens)
			}
		}
	}
}

// Each stage of the check of a Microsoft 365 account, and each number that Microsoft
// gives, has a class of its own (S6).
func TestTheFailingStageAtMicrosoftIsNamed(t *testing.T) {
	allowed := jwtOf(t, map[string]any{"aud": "https://outlook.office365.com", "tid": tenantA, "roles": []string{"IMAP.AccessAsApp"}})
	const in, open = "OK AUTHENTICATE completed.", "OK done"
	const notConnected = "BAD User is authenticated but not connected."
	tests := []struct {
		name        string
		tenants     func(http.ResponseWriter, string)
		token       func(http.ResponseWriter, url.Values)
		login, open string
		class       Class
		stage       string
		says        string
	}{
		{
			"no tenant has the domain", func(w http.ResponseWriter, _ string) {
				refuse(w, 400, "invalid_tenant", "AADSTS90002: Tenant 'b.example' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
			}, nil, in, open, ClassTenant, migration.StageTenant, "AADSTS90002",
		},
		{
			"what stands there is no domain", func(w http.ResponseWriter, _ string) {
				refuse(w, 400, "invalid_request", "AADSTS900023: Specified tenant identifier 'b.example' is neither a valid DNS name, nor a valid external domain.")
			}, nil, in, open, ClassTenant, migration.StageTenant, "AADSTS900023",
		},
		{
			"a page that is no document", func(w http.ResponseWriter, _ string) { fmt.Fprint(w, "<html>") },
			nil, in, open, ClassTenant, migration.StageTenant, "200 OK",
		},
		{
			"the service of tenants is busy", func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusServiceUnavailable) },
			nil, in, open, ClassThrottled, "", "503",
		},
		{
			"the tenant is not found by the token endpoint", nil,
			aadsts(400, "invalid_request", "AADSTS90002: Tenant 'x' not found."), in, open, ClassTenant, migration.StageTenant, "AADSTS90002",
		},
		{
			"the application is another tenant's", nil,
			aadsts(400, "unauthorized_client", "AADSTS700016: Application with identifier 'id' was not found in the directory 'B'."),
			in, open, ClassTokenApp, migration.StageToken, "AADSTS700016",
		},
		{
			"the ID of the secret in place of its value", nil,
			aadsts(401, "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'id'."),
			in, open, ClassTokenSecret, migration.StageToken, "AADSTS7000215",
		},
		{
			"the secret has expired", nil,
			aadsts(401, "invalid_client", "AADSTS7000222: The provided client secret keys for app 'id' are expired."),
			in, open, ClassTokenExpired, migration.StageToken, "AADSTS7000222",
		},
		{
			"no secret", nil,
			aadsts(401, "invalid_client", "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
			in, open, ClassTokenNoSecret, migration.StageToken, "AADSTS7000218",
		},
		{
			"a scope of another cloud", nil,
			aadsts(400, "invalid_scope", "AADSTS1002012: The provided value for scope x is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier."),
			in, open, ClassTokenScope, migration.StageToken, "AADSTS1002012",
		},
		{
			"a number nobody knows", nil, aadsts(400, "invalid_grant", "AADSTS53003: Access has been blocked."),
			in, open, ClassToken, migration.StageToken, "AADSTS53003",
		},
		{
			"the permission is missing", nil, gives(jwtOf(t, map[string]any{"aud": "https://outlook.office365.com", "tid": tenantA})),
			in, open, ClassTokenRoles, migration.StageRoles, tenantA,
		},
		{
			"it is that for EWS", nil, gives(jwtOf(t, map[string]any{"roles": []string{"full_access_as_app"}})),
			in, open, ClassTokenRoles, migration.StageRoles, "full_access_as_app",
		},
		{
			"Exchange does not know the application", nil, gives(allowed), "NO AUTHENTICATE failed.", open,
			ClassAppLogin, migration.StageXOAUTH2, "AUTHENTICATE failed.",
		},
		{
			"no right to the mailbox, said at the login (X-1)", nil, gives(allowed), notConnected, open,
			ClassAppPermission, migration.StageOpens, "not connected",
		},
		{
			"no right to the mailbox, said behind it (X-1)", nil, gives(allowed), in, notConnected,
			ClassAppPermission, migration.StageOpens, "not connected",
		},
		{
			"Exchange asks for time at the login (X-2)", nil, gives(allowed),
			"NO Request is throttled. Suggested Backoff Time: 89117 milliseconds", open, ClassThrottled, "", "throttled",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &provider{answer: tt.token, tenants: tt.tenants}
			if p.tenants == nil {
				p.tenants = tenantDocument
			}
			source := at(t, imaptest.Script(t, exchange(tt.login, tt.open)), migration.TLSNone)
			source.Auth = app("anna@b.example")
			found, err := tokens(t, p).CheckSource(t.Context(), Job{Resource: migration.Resource{Source: source}})
			fault := FaultOf(err)
			if fault.Class != tt.class || fault.Side != SourceSide || !strings.Contains(fault.ServerText, tt.says) {
				t.Fatalf("got %+v, want %s with %q", fault, tt.class, tt.says)
			}
			if migration.MicrosoftStage(string(tt.class)) != tt.stage || tt.stage != "" && string(found.Stage) != tt.stage {
				t.Errorf("the stage is %q, want %q", found.Stage, tt.stage)
			}
			if shown := fmt.Sprintf("%+v %v", fault, err); strings.Contains(shown, "s3cret") || strings.Contains(shown, allowed) || len(fault.ServerText) > 600 {
				t.Errorf("it says too much: %s", shown)
			}
		})
	}
}

// Domains of one tenant share its tokens, and its document is read once for each.
func TestTheTenantIsFoundByTheDomain(t *testing.T) {
	p := &provider{answer: gives("opaque"), tenants: tenantDocument}
	e := tokens(t, p)
	for _, login := range []string{"anna@B.example", "bruno@b.example", "carla@c.example"} {
		mustToken(t, e, app(login))
	}
	named := app("dario")
	named.Tenant = strings.ToUpper(tenantA)
	mustToken(t, e, named)
	if want := []string{"b.example", "c.example"}; !slices.Equal(p.discovered, want) {
		t.Errorf("read the documents of %v, want %v", p.discovered, want)
	}
	if want := []string{"/" + tenantA + "/oauth2/v2.0/token"}; !slices.Equal(p.paths, want) {
		t.Errorf("asked for tokens at %v, want %v", p.paths, want)
	}
}

// A name cannot lead to another path of the identity service.
func TestNoTenantLeavesItsPlace(t *testing.T) {
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath() }))
	t.Cleanup(server.Close)
	odd := app("anna")
	odd.Tenant = "../evil?x=#y"
	if _, err := New(Options{Authority: server.URL}).token(t.Context(), public(), odd); err == nil {
		t.Error("it has a token")
	}
	if asked != "/..%2Fevil%3Fx=%23y/v2.0/.well-known/openid-configuration" {
		t.Errorf("asked for %q", asked)
	}
}

// A token is renewed when four fifths of its life are over, not later; one that
// cannot be renewed in time is used to its end.
func TestTokensAreRenewedInTime(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	n, down := 0, false
	p := &provider{answer: func(w http.ResponseWriter, _ url.Values) {
		if down {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		n++
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token %d"}`, n)
	}}
	e := tokens(t, p)
	e.opts.Now = func() time.Time { return now }
	steps := []struct {
		name  string
		later time.Duration
		down  bool
		want  string
	}{
		{"at first", 0, false, "token 1"},
		{"shortly before 80 %", 48*time.Minute - time.Second, false, "token 1"},
		{"at 80 %, while nobody gives tokens", time.Second, true, "token 1"},
		{"when they are given again", time.Minute, false, "token 2"},
		{"that one has a life of its own", 47 * time.Minute, false, "token 2"},
	}
	for _, step := range steps {
		now, down = now.Add(step.later), step.down
		if got := mustToken(t, e, app("anna@example.com")); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	now, down = now.Add(time.Hour), true
	_, err := e.token(t.Context(), public(), app("anna@example.com"))
	var known *Error
	if !errors.As(err, &known) || known.Class != ClassThrottled || known.RetryAfter != 17*time.Second {
		t.Errorf("after its end: %v", err)
	}
}

// A token that a mailbox refuses is not used for the next login, unless it is new:
// else each of 500 mailboxes without a right would ask for one.
func TestARefusedTokenIsAskedForAgain(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	p := &provider{answer: gives("opaque")}
	e := tokens(t, p)
	e.opts.Now = func() time.Time { return now }
	ep := at(t, imaptest.Script(t, exchange("NO AUTHENTICATE failed.", "")), migration.TLSNone)
	ep.Auth = app("anna@b.example")
	for i, step := range []struct {
		later time.Duration
		asked int
	}{{0, 1}, {30 * time.Second, 1}, {time.Minute, 1}, {time.Second, 2}} {
		now = now.Add(step.later)
		_, err := e.connect(t.Context(), SourceSide, ep, warrant{})
		if fault := FaultOf(err); fault.Class != ClassAppLogin || p.count() != step.asked {
			t.Errorf("login %d: %v, %d tokens, want %d", i, err, p.count(), step.asked)
		}
	}
}

// Microsoft's servers offer AUTH=PLAIN and take no password: none is sent, and no
// connection made.
func TestNoPasswordGoesToMicrosoft(t *testing.T) {
	for _, cloud := range migration.Clouds() {
		for _, kind := range []migration.AuthKind{migration.AuthPassword, migration.AuthMaster} {
			ep := migration.Endpoint{
				Host: cloud.Host, Port: 993, TLS: migration.TLSDirect,
				Auth: migration.Auth{Kind: kind, Login: "anna@b.example", Master: "boss", Password: migration.NewSecret("s3cret")},
			}
			_, err := New(Options{}).connect(t.Context(), SourceSide, ep, warrant{})
			if fault := FaultOf(err); fault.Class != ClassAppOnly || fault.Side != SourceSide || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s by %s: %v", cloud.Host, kind, err)
			}
		}
	}
}

// A national cloud gives its own tokens for its own servers.
func TestTokensOfNationalClouds(t *testing.T) {
	for _, cloud := range migration.Clouds() {
		p := &provider{answer: gives("opaque")}
		e := tokens(t, p)
		if _, err := e.token(t.Context(), cloud, app("anna@b.example")); err != nil {
			t.Fatal(err)
		}
		if got := p.asked[0].Get("scope"); got != cloud.Resource+"/.default" {
			t.Errorf("%s: asked for %s", cloud.Name, got)
		}
		if got := New(Options{}).authority(cloud); got != cloud.Authority {
			t.Errorf("%s: would ask %s", cloud.Name, got)
		}
	}
}
