package imapsync

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"trasloco/migration"
)

// tokenKey holds the secret too: who does not know it must not get the token of
// somebody who does.
type tokenKey struct {
	resource, tenant, client string
	secret                   migration.Secret
}

// accessToken is a token that the mailboxes of a tenant share.
type accessToken struct {
	text            string
	given           time.Time
	renews, expires time.Time
}

const (
	tokenTimeout = 30 * time.Second
	// usualLife is that of a token whose answer does not say it.
	usualLife = time.Hour
	// firstDoubt is how old a token must be before a mailbox that refuses it makes
	// us ask for another: one just given is as good as the next.
	firstDoubt = time.Minute
)

var (
	errNoTenant = errors.New("the login has no domain that names a tenant")
	errAppOnly  = errors.New("this server takes no password")

	errNotMicrosoft = errors.New("tokens of an application go to Microsoft's servers over TLS, and to no other")
)

// token returns an access token. All mailboxes of a tenant share one, until most of
// its life is over.
func (e *Engine) token(ctx context.Context, cloud migration.Cloud, auth migration.Auth) (string, error) {
	tenant, err := e.tenant(ctx, cloud, auth)
	if err != nil {
		return "", err
	}
	given, err := e.renewed(ctx, keyOf(cloud, tenant, auth), func() (accessToken, error) {
		return e.askForToken(ctx, cloud, tenant, auth)
	})
	if err != nil {
		return "", err
	}
	return given, checkRoles(given)
}

// renewed returns the token that is kept under a key, or asks for one where most of
// its life is over.
func (e *Engine) renewed(ctx context.Context, key tokenKey, ask func() (accessToken, error)) (string, error) {
	given, err := kept(ctx, e, e.tokens, key, func(old accessToken) (accessToken, error) {
		now := e.opts.Now()
		if old.text != "" && now.Before(old.renews) {
			return old, nil
		}
		fresh, err := ask()
		if known := (*Error)(nil); errors.As(err, &known) && known.Parks() && now.Before(old.expires) {
			return old, nil // it still holds, and its giver may be back before it does not
		}
		return fresh, err
	})
	return given.text, err
}

func keyOf(cloud migration.Cloud, tenant string, auth migration.Auth) tokenKey {
	return tokenKey{cloud.Resource, tenant, auth.ClientID, auth.ClientSecret}
}

// doubtToken has another token asked for the next time, where this one was refused:
// it may have been revoked, or the application was given more rights since.
func (e *Engine) doubtToken(ctx context.Context, cloud migration.Cloud, auth migration.Auth) {
	key := delegatedKey(auth)
	if auth.Kind != migration.AuthServiceAccount {
		tenant, err := e.tenant(ctx, cloud, auth)
		if err != nil {
			return
		}
		key = keyOf(cloud, tenant, auth)
	}
	_, _ = kept(ctx, e, e.tokens, key, func(old accessToken) (accessToken, error) {
		if e.opts.Now().Sub(old.given) < firstDoubt {
			return old, nil
		}
		return accessToken{}, nil
	})
}

// shelf holds one thing that many ask for. Its turn has one place, for who looks at
// it or asks for a new one.
type shelf[V any] struct {
	turn chan struct{}
	held V
}

// kept lets one at a time look at what is kept under a key and replace it.
func kept[K comparable, V any](ctx context.Context, e *Engine, all map[K]*shelf[V], key K, look func(V) (V, error)) (V, error) {
	e.mu.Lock()
	if all[key] == nil {
		all[key] = &shelf[V]{turn: make(chan struct{}, 1)}
	}
	s := all[key]
	e.mu.Unlock()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
	fresh, err := look(s.held)
	if err == nil {
		s.held = fresh
	}
	return fresh, err
}

// authority is who gives the tokens of a cloud.
func (e *Engine) authority(cloud migration.Cloud) string {
	if e.opts.Authority != "" {
		return e.opts.Authority
	}
	return cloud.Authority
}

// askForToken is learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection
// using OAuth", client credentials.
func (e *Engine) askForToken(ctx context.Context, cloud migration.Cloud, tenant string, auth migration.Auth) (accessToken, error) {
	cfg := clientcredentials.Config{
		ClientID: auth.ClientID, ClientSecret: auth.ClientSecret.Reveal(),
		TokenURL: e.authority(cloud) + "/" + url.PathEscape(tenant) + "/oauth2/v2.0/token",
		Scopes:   []string{cloud.Resource + "/.default"}, AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: tokenTimeout}))
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return accessToken{}, context.Cause(ctx)
	default:
		return accessToken{}, tokenError(err)
	}
	return e.tokenFor(token.AccessToken, time.Duration(token.ExpiresIn)*time.Second), nil
}

// tokenFor is a token that was given just now, for so long; 0: nobody says.
func (e *Engine) tokenFor(text string, life time.Duration) accessToken {
	if life <= 0 {
		life = usualLife
	}
	now := e.opts.Now()
	return accessToken{text: text, given: now, renews: now.Add(life / 5 * 4), expires: now.Add(life)}
}

// tenant returns the tenant of an account: the one that is named, else the one that
// its domain belongs to, by its number. Domains of one tenant share its tokens.
func (e *Engine) tenant(ctx context.Context, cloud migration.Cloud, auth migration.Auth) (string, error) {
	name := strings.ToLower(auth.Tenant)
	if name == "" {
		_, name, _ = strings.Cut(strings.ToLower(auth.Login), "@")
	}
	switch {
	case name == "":
		return "", &Error{Side: SourceSide, Class: ClassTenant, Err: errNoTenant}
	case tenantNumber.FindString(name) == name:
		return name, nil
	}
	return kept(ctx, e, e.tenants, e.authority(cloud)+" "+name, func(old string) (string, error) {
		if old != "" {
			return old, nil
		}
		return e.askForTenant(ctx, cloud, name)
	})
}
