package imapsync

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"trasloco/migration"
)

// Microsoft's app-only access to IMAP: learn.microsoft.com, "Authenticate an
// IMAP, POP or SMTP connection using OAuth".
const outlookScope = "https://outlook.office365.com/.default"

func microsoftTokenURL(tenant string) string {
	return "https://login.microsoftonline.com/" + url.PathEscape(tenant) + "/oauth2/v2.0/token"
}

// tokenKey holds the secret too: who does not know it must not get the token of
// somebody who does.
type tokenKey struct {
	tenant, client string
	secret         migration.Secret
}

// tokenCache holds a token that the mailboxes of a tenant share. Its turn has
// one place, for who looks at the token or asks for a new one.
type tokenCache struct {
	turn  chan struct{}
	token *oauth2.Token
}

const tokenTimeout = 30 * time.Second

var errNoTenant = errors.New("the login has no domain that names a tenant")

// token returns an access token. All mailboxes of a tenant share one.
func (e *Engine) token(ctx context.Context, auth migration.Auth) (string, error) {
	tenant := auth.Tenant
	if tenant == "" {
		_, tenant, _ = strings.Cut(auth.Login, "@") // the endpoint takes a verified domain
	}
	if tenant == "" {
		return "", &Error{Side: SourceSide, Class: ClassToken, Err: errNoTenant}
	}
	cache := e.tokenCache(tokenKey{tenant, auth.ClientID, auth.ClientSecret})
	select {
	case cache.turn <- struct{}{}:
		defer func() { <-cache.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if !cache.token.Valid() {
		token, err := e.askForToken(ctx, tenant, auth)
		if err != nil {
			return "", err
		}
		cache.token = token
	}
	return cache.token.AccessToken, nil
}

func (e *Engine) tokenCache(key tokenKey) *tokenCache {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tokens[key] == nil {
		e.tokens[key] = &tokenCache{turn: make(chan struct{}, 1)}
	}
	return e.tokens[key]
}

func (e *Engine) askForToken(ctx context.Context, tenant string, auth migration.Auth) (*oauth2.Token, error) {
	cfg := clientcredentials.Config{
		ClientID: auth.ClientID, ClientSecret: auth.ClientSecret.Reveal(),
		TokenURL: e.opts.TokenURL(tenant), Scopes: []string{outlookScope}, AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: tokenTimeout}))
	switch {
	case err == nil:
		return token, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, tokenError(err)
	}
}

// tokenError keeps of the provider's answer what helps: its code and its text.
// The request, with the secret in it, is never part of an error.
func tokenError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return &Error{Side: SourceSide, Class: ClassTransport, Err: fmt.Errorf("ask for a token: %w", err)}
	}
	class := ClassToken
	if status := refused.Response.StatusCode; status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		class = ClassThrottled // the provider's trouble, and not ours
	}
	text := fmt.Sprintf("%s: %s: %.300s", refused.Response.Status, refused.ErrorCode, refused.ErrorDescription)
	return &Error{Side: SourceSide, Class: class, Err: &providerError{text}}
}

// providerError is a refusal in the provider's words: its number, such as
// AADSTS7000215, is what the admin has to look for.
type providerError struct{ text string }

func (e *providerError) Error() string { return e.text }

// xoauth2 is Google's and Microsoft's mechanism (developers.google.com, "OAuth
// 2.0 Mechanism"); go-sasl has only its successor OAUTHBEARER.
type xoauth2 struct{ user, token string }

var _ sasl.Client = (*xoauth2)(nil)

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the error report that comes as a challenge with an empty line;
// only then the server says NO.
func (x *xoauth2) Next([]byte) ([]byte, error) { return nil, nil }
