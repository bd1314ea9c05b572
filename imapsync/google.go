package imapsync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"trasloco/migration"
)

// googleTokens is the token endpoint of Google's identity service. What a key file
// names is never asked (M-7): an uploaded file must not send the panel anywhere.
const googleTokens = "https://oauth2.googleapis.com/token"

var (
	errNoKey     = errors.New("the private key of the service account cannot be read")
	errNotGoogle = errors.New("tokens of a service account go to Google's server over TLS, and to no other")
)

// guardKey refuses to show a token, which opens the mailbox, to anybody but Google.
func (e *Engine) guardKey(ep migration.Endpoint) error {
	isOwn := ep.Pin != "" || ep.TLSName != "" || len(ep.CA) > 0 // somebody else may vouch for the server then
	isGoogle := ep.Host == migration.Gmail.Host() && ep.TLS != migration.TLSNone && !ep.Insecure && !ep.OldTLS && !isOwn
	if ep.Auth.Kind != migration.AuthServiceAccount || isGoogle || e.opts.GoogleTokens != "" {
		return nil
	}
	return &Error{Side: SourceSide, Class: ClassKeyHost, Err: errNotGoogle}
}

// delegatedKey is what the token of one mailbox is kept under: each has its own.
func delegatedKey(auth migration.Auth) tokenKey {
	return tokenKey{migration.GoogleScope, auth.Login, auth.Account, auth.ClientSecret}
}

// delegatedToken returns a token with which a service account acts for a mailbox
// (developers.google.com, "Using OAuth 2.0 for Server to Server Applications").
func (e *Engine) delegatedToken(ctx context.Context, _ migration.Cloud, auth migration.Auth) (string, error) {
	return e.renewed(ctx, delegatedKey(auth), func() (accessToken, error) { return e.askForDelegatedToken(ctx, auth) })
}

func (e *Engine) askForDelegatedToken(ctx context.Context, auth migration.Auth) (accessToken, error) {
	key := auth.ClientSecret.Reveal()
	if !migration.IsPrivateKey(key) {
		return accessToken{}, &Error{Side: SourceSide, Class: ClassKey, Err: errNoKey}
	}
	cfg := jwt.Config{
		Email: auth.Account, PrivateKey: []byte(key), PrivateKeyID: auth.KeyID, Subject: auth.Login,
		Scopes: []string{migration.GoogleScope}, TokenURL: googleTokens,
	}
	if e.opts.GoogleTokens != "" {
		cfg.TokenURL = e.opts.GoogleTokens
	}
	e.forgetTokens()
	source := cfg.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: tokenTimeout}))
	token, err := source.Token()
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return accessToken{}, context.Cause(ctx)
	default:
		return accessToken{}, googleError(auth, err)
	}
	seconds, _ := token.Extra("expires_in").(float64)
	return e.tokenFor(token.AccessToken, time.Duration(seconds)*time.Second), nil
}

// forgetTokens drops the tokens whose life is over: of a service account there is one
// for each mailbox, and nobody would come for them any more.
func (e *Engine) forgetTokens() {
	now := e.opts.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, s := range e.tokens {
		select {
		case s.turn <- struct{}{}: // nobody is at it
			if s.held.text != "" && now.After(s.held.expires) {
				delete(e.tokens, key)
			}
			<-s.turn
		default:
		}
	}
}

// googleError classifies a refusal. The request, which is signed with the key, is no
// part of it.
func googleError(auth migration.Auth, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return &Error{Side: SourceSide, Class: ClassTransport, Err: fmt.Errorf("ask for a token: %w", err)}
	}
	var said struct {
		Error string `json:"error"`
		Text  string `json:"error_description"`
	}
	_ = json.Unmarshal(refused.Body, &said) // a page that is none says nothing
	text := said.Text
	class := googleClass(said.Error, said.Text)
	if class == ClassDelegation {
		text += fmt.Sprintf(" (client ID %s, scope %s)", auth.ClientID, migration.GoogleScope)
	}
	return refusal(refused.Response, said.Error, text, class)
}

// What Google says behind invalid_grant, which is about the mailbox, the key or the
// clock (developers.google.com, "JWT error codes", and what has been seen).
var (
	saysClock    = regexp.MustCompile(`(?i)timeframe|short-lived|\b(iat|exp)\b`)
	saysDisabled = regexp.MustCompile(`(?i)(account|user).*(disabled|suspended|deleted)`)
	saysKey      = regexp.MustCompile(`(?i)signature|account not found|\bkey\b`)
	saysMailbox  = regexp.MustCompile(`(?i)email|user id|subject`)
)

// googleClass knows the codes of Google's token endpoint.
func googleClass(code, text string) Class {
	switch code {
	case "unauthorized_client", "access_denied", "invalid_scope", "admin_policy_enforced", "org_internal":
		return ClassDelegation
	case "invalid_client", "deleted_client", "disabled_client":
		return ClassKeyRefused
	case "invalid_grant":
	default:
		return ClassKeyToken
	}
	switch {
	case saysClock.MatchString(text):
		return ClassKeyClock
	case saysKey.MatchString(text):
		return ClassKeyRefused
	case saysDisabled.MatchString(text):
		return ClassKeyDisabled
	case saysMailbox.MatchString(text):
		return ClassKeyMailbox
	}
	return ClassKeyToken
}
