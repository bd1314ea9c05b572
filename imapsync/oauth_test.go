package imapsync

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// provider is an identity service that knows one client.
type provider struct {
	answer func(w http.ResponseWriter, form url.Values)
	// tenants answers who asks for the OpenID document of a domain; nil: each is a
	// tenant of its own, without a number.
	tenants func(w http.ResponseWriter, domain string)

	mu         sync.Mutex
	asked      []url.Values
	paths      []string
	discovered []string
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	p.mu.Lock()
	defer p.mu.Unlock()
	if domain, found := strings.CutSuffix(r.URL.Path, "/v2.0/.well-known/openid-configuration"); found && r.Method == http.MethodGet {
		p.discovered = append(p.discovered, domain[1:])
		if p.tenants == nil {
			fmt.Fprint(w, `{"issuer":"https://sts.example.com/"}`)
			return
		}
		p.tenants(w, domain[1:])
		return
	}
	p.asked = append(p.asked, r.PostForm)
	p.paths = append(p.paths, r.URL.Path)
	p.answer(w, r.PostForm)
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

// entra gives a token to who knows the secret, and Microsoft's answer to others.
func entra(w http.ResponseWriter, form url.Values) {
	if form.Get("client_secret") != "s3cret" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}`)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"token of %s"}`, form.Get("client_id"))
}

// tokens returns an engine whose tokens come from p.
func tokens(t *testing.T, p *provider) *Engine {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return New(Options{AllowPrivate: true, Timeouts: quick(), Authority: server.URL})
}

// public is the cloud of all servers that are none of Microsoft's.
func public() migration.Cloud { return migration.Clouds()[0] }

func app(login string) migration.Auth {
	return migration.Auth{Kind: migration.AuthClientCredentials, Login: login, ClientID: "id", ClientSecret: migration.NewSecret("s3cret")}
}

// mustToken asks for a token that must be given.
func mustToken(t *testing.T, e *Engine, auth migration.Auth) string {
	t.Helper()
	token, err := e.token(t.Context(), public(), auth)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// All mailboxes of a tenant share a token (providers 3.7); nobody else does.
func TestTokensAreShared(t *testing.T) {
	p := &provider{answer: entra}
	e := tokens(t, p)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if token, err := e.token(t.Context(), public(), app(fmt.Sprintf("user%d@example.com", i))); err != nil || token != "token of id" {
				t.Errorf("got %q, %v", token, err)
			}
		})
	}
	group.Wait()
	if p.count() != 1 {
		t.Fatalf("20 mailboxes asked %d times", p.count())
	}
	form := p.asked[0]
	if p.paths[0] != "/example.com/oauth2/v2.0/token" || form.Get("grant_type") != "client_credentials" || form.Get("scope") != "https://outlook.office365.com/.default" || form.Get("client_id") != "id" {
		t.Errorf("%s was asked %v", p.paths[0], form)
	}
	mustToken(t, e, app("anna@example.org"))
	named := app("anna@example.com")
	named.Tenant = "4a2b"
	mustToken(t, e, named)
	if p.count() != 3 || p.paths[1] != "/example.org/oauth2/v2.0/token" || p.paths[2] != "/4a2b/oauth2/v2.0/token" {
		t.Errorf("asked at %q (S6)", p.paths)
	}
}

// Who does not know the secret gets no token, though another has just got one
// for the same application; and a secret that was corrected counts at once.
func TestTokensBelongToTheirSecret(t *testing.T) {
	p := &provider{answer: entra}
	e := tokens(t, p)
	wrong := app("eve@example.com")
	wrong.ClientSecret = migration.NewSecret("guess")
	if _, err := e.token(t.Context(), public(), wrong); err == nil {
		t.Error("a wrong secret is as good as any")
	}
	mustToken(t, e, app("anna@example.com"))
	if token, err := e.token(t.Context(), public(), wrong); err == nil {
		t.Errorf("a wrong secret gets %q", token)
	}
}

// What a provider says is kept, what it was asked with is not (providers 3.7).
func TestRefusedTokens(t *testing.T) {
	refuse := func(status int, body string) func(http.ResponseWriter, url.Values) {
		return func(w http.ResponseWriter, _ url.Values) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	tests := []struct {
		name   string
		answer func(http.ResponseWriter, url.Values)
		login  string
		class  Class
		says   string
	}{
		{"a page that is no answer", refuse(404, `<html>`), "a@b.c", ClassToken, "404"},
		{"a provider in trouble", refuse(503, `busy`), "a@b.c", ClassThrottled, "503"},
		{"a provider that is asked too often", refuse(429, `{"error":"temporarily_unavailable"}`), "a@b.c", ClassThrottled, "temporarily_unavailable"},
		{"a login without domain", entra, "anna", ClassTenant, "domain"},
		{"a long text is cut", refuse(400, `{"error":"x","error_description":"`+strings.Repeat("y", 4000)+`"}`), "a@b.c", ClassToken, "x: yyy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tokens(t, &provider{answer: tt.answer}).token(t.Context(), public(), app(tt.login))
			var e *Error
			if !errors.As(err, &e) || e.Class != tt.class || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want %s with %q", err, tt.class, tt.says)
			}
			if strings.Contains(fmt.Sprintf("%+v", err), "s3cret") || len(err.Error()) > 500 {
				t.Errorf("it says too much: %v", err)
			}
		})
	}
}

func TestAProviderOutOfReach(t *testing.T) {
	e := New(Options{Authority: "http://127.0.0.1:1"})
	_, err := e.token(t.Context(), public(), app("a@b.c"))
	var known *Error
	if !errors.As(err, &known) || known.Class != ClassTransport || !known.Parks() || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

// A provider that keeps silent must not hold up a run that is stopped, nor one
// that waits its turn (P-2).
func TestAskingForATokenEndsWithItsContext(t *testing.T) {
	silent, release := make(chan struct{}), make(chan struct{})
	p := &provider{answer: func(http.ResponseWriter, url.Values) { close(silent); <-release }}
	e := tokens(t, p)
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := e.token(ctx, public(), app("a@b.c"))
		first <- err
	}()
	<-silent
	waiting, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := e.token(waiting, public(), app("b@b.c")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waits its turn got %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who asked got %v", err)
	}
}

func TestXOAUTH2(t *testing.T) {
	want := base64.StdEncoding.EncodeToString([]byte("user=anna@example.com\x01auth=Bearer token of id\x01\x01"))
	tests := []struct {
		name   string
		script func(*imaptest.Session)
		class  Class
	}{
		{"it is let in", func(s *imaptest.Session) {
			tag, rest := s.Expect("AUTHENTICATE XOAUTH2")
			if rest != want {
				t.Errorf("the server heard %q", rest)
			}
			s.Reply(tag, "OK [CAPABILITY IMAP4rev1] in")
			s.Command()
		}, ""},
		{"Exchange refuses at once", func(s *imaptest.Session) {
			tag, _ := s.Expect("AUTHENTICATE XOAUTH2")
			s.Reply(tag, "NO AUTHENTICATE failed.")
			s.Command()
		}, ClassAppLogin},
		{"Google refuses by a challenge that wants an empty line", func(s *imaptest.Session) {
			tag, _ := s.Expect("AUTHENTICATE XOAUTH2")
			s.Send("+ " + base64.StdEncoding.EncodeToString([]byte(`{"status":"401"}`)))
			if line := s.Line(); line != "" {
				t.Errorf("the challenge was answered by %q", line)
			}
			s.Reply(tag, "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)")
			s.Command()
		}, ClassAppLogin},
		{"logged in, and no right to the mailbox (X-1)", func(s *imaptest.Session) {
			tag, _ := s.Expect("AUTHENTICATE XOAUTH2")
			s.Reply(tag, "BAD User is authenticated but not connected.")
			s.Command()
		}, ClassAppPermission},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := imaptest.Script(t, func(s *imaptest.Session) {
				s.Send("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready")
				tt.script(s)
			})
			ep := at(t, addr, migration.TLSNone)
			ep.Auth = app("anna@example.com")
			conn, err := tokens(t, &provider{answer: entra}).connect(t.Context(), SourceSide, ep, warrant{})
			var e *Error
			if tt.class == "" && err != nil || tt.class != "" && (!errors.As(err, &e) || e.Class != tt.class) {
				t.Fatalf("got %v, want %q", err, tt.class)
			}
			if err != nil && strings.Contains(err.Error(), "token of id") {
				t.Errorf("the error tells the token: %v", err)
			}
			if conn != nil {
				if strings.Contains(conn.Transcript(), want) || strings.Contains(conn.Transcript(), "token of id") {
					t.Error("the dialogue tells the token")
				}
				conn.Abort(context.Canceled)
			}
		})
	}
}
