package imapsync

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var tenantNumber = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// mostOfDocument bounds what is read of an answer; an OpenID document has 2 kB.
const mostOfDocument = 64 << 10

// askForTenant reads the OpenID document of a domain, whose issuer has the number of
// the tenant (OpenID Connect Discovery §4).
func (e *Engine) askForTenant(ctx context.Context, cloud migration.Cloud, name string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, tokenTimeout, errNoAnswer)
	defer cancel()
	address := e.authority(cloud) + "/" + url.PathEscape(name) + "/v2.0/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ask for the tenant of %q: %w", name, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", unreached(ctx, fmt.Errorf("ask for the tenant of %q: %w", name, err))
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostOfDocument))
	if err != nil {
		return "", unreached(ctx, fmt.Errorf("read the tenant of %q: %w", name, err))
	}
	var document struct {
		Issuer string `json:"issuer"`
		Error  string `json:"error"`
		Text   string `json:"error_description"`
	}
	wrong := json.Unmarshal(body, &document)
	if answer.StatusCode != http.StatusOK || wrong != nil {
		return "", refusal(answer, document.Error, document.Text, ClassTenant)
	}
	if number := tenantNumber.FindString(strings.ToLower(document.Issuer)); number != "" {
		return number, nil
	}
	return name, nil
}

var errNoAnswer = errors.New("no answer in time")

// unreached is trouble on the way to an identity service. That the caller stopped is
// not its trouble.
func unreached(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errNoAnswer) {
		return cause
	}
	return &Error{Side: SourceSide, Class: ClassTransport, Err: err}
}

// tokenError keeps of the provider's answer what helps: its code and its text.
// The request, with the secret in it, is never part of an error.
func tokenError(err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return &Error{Side: SourceSide, Class: ClassTransport, Err: fmt.Errorf("ask for a token: %w", err)}
	}
	return refusal(refused.Response, refused.ErrorCode, refused.ErrorDescription, ClassToken)
}

// refusal classifies what an identity service says. class is that of a refusal whose
// number tells nothing.
func refusal(answer *http.Response, code, text string, class Class) error {
	e := &Error{Side: SourceSide, Class: class, Err: &providerError{fmt.Sprintf("%s: %s: %.300s", answer.Status, code, text)}}
	if known := entraClass(text); known != "" {
		e.Class = known
	}
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError {
		e.Class = ClassThrottled // the provider's trouble, and not ours
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
			e.RetryAfter = min(time.Duration(seconds)*time.Second, longestHint)
		}
	}
	return e
}

var entraNumber = regexp.MustCompile(`AADSTS(\d+)`)

// entraClass knows the numbers of Microsoft's identity service
// (learn.microsoft.com, "Microsoft Entra authentication and authorization error
// codes"). "": none of those that have a remedy of their own.
func entraClass(text string) Class {
	m := entraNumber.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return map[string]Class{
		"90002":   ClassTenant,        // "Tenant '…' not found"
		"900023":  ClassTenant,        // "… is neither a valid DNS name, nor a valid external domain"
		"700016":  ClassTokenApp,      // "Application with identifier '…' was not found in the directory"
		"7000215": ClassTokenSecret,   // "Invalid client secret provided. Ensure the secret being sent is the … value, not the … ID"
		"7000222": ClassTokenExpired,  // "The provided client secret keys … are expired"
		"7000218": ClassTokenNoSecret, // "The request body must contain … 'client_assertion' or 'client_secret'"
		"1002012": ClassTokenScope,    // "The provided value for scope … is not valid … must have … /.default"
	}[m[1]]
}

// providerError is a refusal in the provider's words: its number, such as
// AADSTS7000215, is what the admin has to look for.
type providerError struct{ text string }

func (e *providerError) Error() string { return e.text }

// roleIMAP is the application permission that lets an application log in by IMAP.
const roleIMAP = "IMAP.AccessAsApp"

// checkRoles looks into a token: Exchange says no more than "AUTHENTICATE failed" to
// one that does not allow IMAP. A token that cannot be read is left to Exchange.
func checkRoles(token string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	var claims struct {
		Roles    []string `json:"roles"`
		Audience string   `json:"aud"`
		Tenant   string   `json:"tid"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &claims) != nil || slices.Contains(claims.Roles, roleIMAP) {
		return nil //nolint:nilerr // see above
	}
	return &Error{Side: SourceSide, Class: ClassTokenRoles, Err: &providerError{fmt.Sprintf(
		"the token for %.100s of the tenant %.100s has the roles %.300q, and not %s", claims.Audience, claims.Tenant, claims.Roles, roleIMAP,
	)}}
}

// ofApp gives an error of an application, or of a service account, the class of its stage: what it means and
// what to do differs from that of a person's login.
func ofApp(auth migration.Auth, err error) error {
	var known *Error
	if !errors.As(err, &known) || known.Side != SourceSide {
		return err
	}
	stages := map[migration.AuthKind]map[Class]Class{
		migration.AuthClientCredentials: {ClassLogin: ClassAppLogin, ClassPermission: ClassAppPermission},
		migration.AuthServiceAccount:    {ClassLogin: ClassKeyLogin, ClassIMAPOff: ClassKeyIMAP},
	}
	if class, own := stages[auth.Kind][known.Class]; own {
		known.Class = class
	}
	return err
}

// opensToApp opens the INBOX, as the last stage of a check: Exchange lets an
// application in that has no right to the mailbox, and says so at a later command.
func opensToApp(ctx context.Context, conn *wire.Conn, auth migration.Auth) error {
	if auth.Kind != migration.AuthClientCredentials {
		return nil
	}
	_, err := conn.Examine(ctx, "INBOX")
	return ofApp(auth, blame(SourceSide, err))
}
