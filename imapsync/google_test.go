package imapsync

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// workspace is a service account with its key, made once: that takes long.
var workspace = sync.OnceValues(func() (migration.ServiceAccount, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return migration.ServiceAccount{
		Email: "mover@project.iam.gserviceaccount.com", ClientID: "112233445566778899001", KeyID: "k1",
		Key: migration.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: octets}))),
	}, key
})

func delegated(login string) migration.Auth {
	account, _ := workspace()
	return account.Auth(login)
}

// googleEngine is an engine whose keys are exchanged at p.
func googleEngine(t *testing.T, p *provider) *Engine {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return New(Options{AllowPrivate: true, Timeouts: quick(), GoogleTokens: server.URL + "/token"})
}

// claimsOf checks the signature of an assertion and returns what it claims.
func claimsOf(t *testing.T, form url.Values) (header, claims map[string]any) {
	t.Helper()
	_, key := workspace()
	parts := strings.Split(form.Get("assertion"), ".")
	if len(parts) != 3 {
		t.Fatalf("assertion %q", form.Get("assertion"))
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
		t.Error(err)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		octets, _ := base64.RawURLEncoding.DecodeString(parts[i])
		if err := json.Unmarshal(octets, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// Each mailbox has a token of its own, asked for once and renewed when most of its
// life is over (providers 3.8).
func TestEachMailboxHasItsToken(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	p := &provider{answer: func(w http.ResponseWriter, form url.Values) {
		_, claims := claimsOf(t, form)
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"token of %s"}`, claims["sub"])
	}}
	e := googleEngine(t, p)
	e.opts.Now = func() time.Time { return now }
	ask := func(login string) {
		t.Helper()
		token, err := e.delegatedToken(t.Context(), migration.Cloud{}, delegated(login))
		if err != nil || token != "token of "+login {
			t.Errorf("%q, %v", token, err)
		}
	}
	for _, step := range []struct {
		later time.Duration
		login string
		asked int
	}{{0, "anna@b.example", 1}, {0, "anna@b.example", 1}, {0, "bruno@b.example", 2}, {47 * time.Minute, "anna@b.example", 2}, {time.Minute, "anna@b.example", 3}} {
		now = now.Add(step.later)
		if ask(step.login); p.count() != step.asked {
			t.Errorf("%v: asked %d times, want %d", step, p.count(), step.asked)
		}
	}
	form := p.asked[0]
	header, claims := claimsOf(t, form)
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || header["kid"] != "k1" || header["alg"] != "RS256" {
		t.Errorf("asked %v, header %v", form, header)
	}
	if claims["iss"] != "mover@project.iam.gserviceaccount.com" || claims["sub"] != "anna@b.example" ||
		claims["scope"] != "https://www.googleapis.com/auth/gmail.imap_admin" || claims["exp"].(float64)-claims["iat"].(float64) > 3600 {
		t.Errorf("claims %v", claims)
	}
	now = now.Add(2 * time.Hour)
	ask("carla@b.example")
	if len(e.tokens) != 1 {
		t.Errorf("%d tokens are kept, of which one holds", len(e.tokens))
	}
}

// The stages of a check with a service account: each refusal has its class, and the
// server's words with the client ID and the scope where those are what is missing.
func TestStagesOfAServiceAccount(t *testing.T) {
	const in = "OK authenticated"
	no := func(code, text string) func(http.ResponseWriter, url.Values) {
		return func(w http.ResponseWriter, _ url.Values) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": text})
		}
	}
	unauthorized := "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."
	tests := []struct {
		name  string
		token func(http.ResponseWriter, url.Values)
		login string
		class Class
		stage string
		says  string
	}{
		{"no delegation", no("unauthorized_client", unauthorized), in, ClassDelegation, migration.StageDelegation, "client ID 112233445566778899001, scope https://www.googleapis.com/auth/gmail.imap_admin"},
		{"another scope", no("access_denied", "Requested client not authorized."), in, ClassDelegation, migration.StageDelegation, "access_denied"},
		{"a scope it does not know", no("invalid_scope", "Invalid OAuth scope or ID token audience provided."), in, ClassDelegation, migration.StageDelegation, "invalid_scope"},
		{"no such mailbox", no("invalid_grant", "Not a valid email or user ID."), in, ClassKeyMailbox, migration.StageDelegation, "Not a valid email"},
		{"no such mailbox, in other words", no("invalid_grant", "Invalid email or User ID"), in, ClassKeyMailbox, migration.StageDelegation, "Invalid email"},
		{"a suspended user", no("invalid_grant", "Account has been disabled"), in, ClassKeyDisabled, migration.StageDelegation, "disabled"},
		{"a deleted key", no("invalid_grant", "Invalid JWT Signature."), in, ClassKeyRefused, migration.StageKeyToken, "Signature"},
		{"a deleted service account", no("invalid_grant", "Invalid grant: account not found"), in, ClassKeyRefused, migration.StageKeyToken, "not found"},
		{"a switched off client", no("disabled_client", "The OAuth client was disabled."), in, ClassKeyRefused, migration.StageKeyToken, "disabled_client"},
		{"a wrong clock", no("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."), in, ClassKeyClock, migration.StageKeyToken, "timeframe"},
		{"words nobody knows", no("invalid_grant", "Bad Request"), in, ClassKeyToken, migration.StageKeyToken, "Bad Request"},
		{"a page that is no document", func(w http.ResponseWriter, _ url.Values) { http.Error(w, "<html>", http.StatusForbidden) }, in, ClassKeyToken, migration.StageKeyToken, "403"},
		{"Google is busy", func(w http.ResponseWriter, _ url.Values) { w.WriteHeader(http.StatusServiceUnavailable) }, in, ClassThrottled, "", "503"},
		{"Gmail does not take the token", gives("opaque"), "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", ClassKeyLogin, migration.StageKeyLogin, "Invalid credentials"},
		{"IMAP is off for the user", gives("opaque"), "NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)", ClassKeyIMAP, migration.StageIMAP, "not enabled"},
		{"IMAP is off for the domain", gives("opaque"), "NO [ALERT] IMAP access is disabled for your domain. Please contact your domain administrator for questions about this feature. (Failure)", ClassKeyIMAP, migration.StageIMAP, "disabled for your domain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := at(t, imaptest.Script(t, exchange(tt.login, "OK")), migration.TLSNone)
			source.Auth = delegated("anna@b.example")
			found, err := googleEngine(t, &provider{answer: tt.token}).CheckSource(t.Context(), Job{Resource: migration.Resource{Source: source}})
			fault := FaultOf(err)
			if fault.Class != tt.class || fault.Side != SourceSide || !strings.Contains(fault.ServerText, tt.says) {
				t.Fatalf("got %+v, want %s with %q", fault, tt.class, tt.says)
			}
			stage, all := migration.ProviderStage(string(tt.class))
			if stage != tt.stage || tt.stage != "" && (string(found.Stage) != tt.stage || !slices.Contains(all, stage)) {
				t.Errorf("the stage is %q, want %q", found.Stage, tt.stage)
			}
			if shown := fmt.Sprintf("%+v %v", fault, err); strings.Contains(shown, "assertion") || strings.Contains(shown, "PRIVATE") {
				t.Errorf("it says too much: %s", shown)
			}
		})
	}
}

// A mailbox is opened by its token, and the error report of a refusal is answered.
func TestAServiceAccountLogsIn(t *testing.T) {
	const caps = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER"
	said := "AUTH=XOAUTH2 anna@b.example opaque"
	for _, opens := range []bool{true, false} {
		gmail := &imaptest.Provider{
			Greeting: "Gimap ready for requests from 192.0.2.1 x1mb1", Caps: caps, Refusal: "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
			Report: `{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}`,
		}
		want := []string{said, "answered "}
		if opens {
			gmail.Opens, want = []string{said}, want[:1]
		}
		ep := at(t, imaptest.Script(t, gmail.Script), migration.TLSNone)
		ep.Auth = delegated("anna@b.example")
		conn, err := googleEngine(t, &provider{answer: gives("opaque")}).connect(t.Context(), SourceSide, ep, warrant{})
		if conn != nil {
			conn.Logout(t.Context())
		}
		if (err == nil) != opens || !slices.Equal(gmail.Heard(), want) {
			t.Errorf("%v, heard %q, want %q", err, gmail.Heard(), want)
		}
		if err != nil && FaultOf(err).Class != ClassKeyLogin {
			t.Errorf("class of %v", err)
		}
	}
}

// A token opens a mailbox: no server but Google's is shown one, and no line in clear
// (M-7).
func TestTokensOfAKeyGoToGoogleAlone(t *testing.T) {
	google := migration.Endpoint{Host: "imap.gmail.com", Port: 993, TLS: migration.TLSDirect, Auth: delegated("anna@b.example")}
	elsewhere, open, unchecked := google, google, google
	elsewhere.Host, open.TLS, unchecked.Insecure = "imap.evil.example", migration.TLSNone, true
	e := New(Options{})
	if err := e.guardKey(google); err != nil {
		t.Error(err)
	}
	for name, ep := range map[string]migration.Endpoint{"another host": elsewhere, "no TLS": open, "no certificate": unchecked} {
		if _, err := e.connect(t.Context(), SourceSide, ep, warrant{}); FaultOf(err).Class != ClassKeyHost {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is sealed may be no key any more: nobody is asked then.
func TestAKeyThatCannotBeRead(t *testing.T) {
	p := &provider{answer: gives("opaque")}
	auth := delegated("anna@b.example")
	auth.ClientSecret = migration.NewSecret("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	_, err := googleEngine(t, p).delegatedToken(t.Context(), migration.Cloud{}, auth)
	if fault := FaultOf(err); fault.Class != ClassKey || p.count() != 0 {
		t.Errorf("%v, asked %d times", err, p.count())
	}
}
