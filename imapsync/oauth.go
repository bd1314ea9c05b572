package imapsync

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	return "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/token"
}

type tokenKey struct{ tenant, client string }

// token returns an access token. All mailboxes of a tenant share one.
func (e *Engine) token(ctx context.Context, auth migration.Auth) (string, error) {
	tenant := auth.Tenant
	if tenant == "" {
		_, tenant, _ = strings.Cut(auth.Login, "@") // the endpoint takes a verified domain
	}
	token, err := e.tokenSource(tenant, auth).Token()
	if err != nil {
		return "", tokenError(err)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return token.AccessToken, nil
}

func (e *Engine) tokenSource(tenant string, auth migration.Auth) oauth2.TokenSource {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := tokenKey{tenant, auth.ClientID}
	if source, ok := e.tokens[key]; ok {
		return source
	}
	cfg := clientcredentials.Config{
		ClientID: auth.ClientID, ClientSecret: auth.ClientSecret.Reveal(),
		TokenURL: e.opts.TokenURL(tenant), Scopes: []string{outlookScope}, AuthStyle: oauth2.AuthStyleInParams,
	}
	// The source outlives the run that asked first, so it must not end with it.
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: 30 * time.Second})
	source := cfg.TokenSource(ctx)
	e.tokens[key] = source
	return source
}

// tokenError keeps of the provider's answer what helps: its code and its text.
// The request, with the secret in it, is never part of an error.
func tokenError(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		err = fmt.Errorf("%s: %.300s", refused.ErrorCode, refused.ErrorDescription)
		return &Error{Side: SourceSide, Class: ClassToken, Err: err}
	}
	return &Error{Side: SourceSide, Class: ClassTransport, Err: fmt.Errorf("ask for a token: %w", err)}
}

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
