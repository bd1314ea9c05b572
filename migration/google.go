package migration

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"regexp"
	"strings"
)

// GoogleScope is what a service account asks for: with it IMAP shows all labels and
// all messages, whatever the user has set (developers.google.com, "OAuth 2.0
// Mechanism", gmail.imap_admin).
const GoogleScope = "https://www.googleapis.com/auth/gmail.imap_admin"

// ServiceAccount is a key of Google Workspace that opens the mailboxes of a domain
// whose administrator has allowed it to (domain-wide delegation).
type ServiceAccount struct {
	Email    string // of the service account itself
	ClientID string // what the administrator enters
	KeyID    string
	Key      Secret // the private key, as PEM
}

// MaxKeyBytes is more than any key has: 2.4 kB.
const MaxKeyBytes = 64 << 10

// FieldServiceKey is the field of a key in a form.
const FieldServiceKey = "key"

// Faults of a key of a service account.
const (
	CodeKeyMissing     = "key.missing"
	CodeKeyJSON        = "key.json"
	CodeKeyCSV         = "key.csv"
	CodeKeyP12         = "key.p12"
	CodeKeyOAuthClient = "key.oauth_client"
	CodeKeyUser        = "key.user_credentials"
	CodeKeyType        = "key.type" // args: type
	CodeKeyPublic      = "key.public"
	CodeKeyNoPrivate   = "key.no_private_key"
	CodeKeyPrivate     = "key.private_key"
	CodeKeyEmail       = "key.client_email"
	CodeKeyClientID    = "key.client_id"
	CodeKeyTokenURI    = "key.token_uri"
)

// KeyCodes returns every code that ParseServiceAccount gives.
func KeyCodes() []string {
	return []string{
		CodeKeyMissing, CodeKeyJSON, CodeKeyCSV, CodeKeyP12, CodeKeyOAuthClient, CodeKeyUser, CodeKeyType, CodeKeyPublic,
		CodeKeyNoPrivate, CodeKeyPrivate, CodeKeyEmail, CodeKeyClientID, CodeKeyTokenURI,
	}
}

// keyFile is what of a JSON file from the Google Cloud console is looked at.
type keyFile struct {
	Type       string `json:"type"`
	Email      string `json:"client_email"`
	ClientID   string `json:"client_id"`
	KeyID      string `json:"private_key_id"`
	PrivateKey string `json:"private_key"`
	TokenURI   string `json:"token_uri"`

	Installed json.RawMessage `json:"installed"` // of an OAuth client
	Web       json.RawMessage `json:"web"`
}

// ParseServiceAccount reads the JSON file that the Google Cloud console gives for a
// key of a service account, or says in one problem why it is none.
func ParseServiceAccount(data []byte) (ServiceAccount, []Problem) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	var file keyFile
	code, args := "", Args(nil)
	switch err := json.Unmarshal(data, &file); {
	case len(data) == 0:
		code = CodeKeyMissing
	case err != nil:
		code = foreignKey(data)
	default:
		code, args = file.fault()
	}
	if code != "" {
		return ServiceAccount{}, []Problem{{Code: code, Field: FieldServiceKey, Args: args}}
	}
	return ServiceAccount{Email: file.Email, ClientID: file.ClientID, KeyID: file.KeyID, Key: NewSecret(file.PrivateKey)}, nil
}

// foreignKey recognises what people bring in place of JSON.
func foreignKey(data []byte) (code string) {
	switch {
	case data[0] == 0x30: // an ASN.1 sequence, as PKCS #12 begins
		return CodeKeyP12
	case bytes.HasPrefix(data, []byte("-----BEGIN")) && !bytes.Contains(data, []byte("PRIVATE KEY")):
		return CodeKeyPublic
	case !bytes.HasPrefix(data, []byte("{")) && bytes.ContainsAny(data, ";@"):
		return CodeKeyCSV
	}
	return CodeKeyJSON
}

var clientNumber = regexp.MustCompile(`^[0-9]{10,32}$`)

func (f keyFile) fault() (code string, args Args) {
	switch {
	case f.Installed != nil || f.Web != nil:
		return CodeKeyOAuthClient, nil
	case f.Type == "authorized_user":
		return CodeKeyUser, nil
	case f.Type != "service_account":
		const most = 60
		kind := []rune(f.Type)
		return CodeKeyType, Args{"type": cmp.Or(string(kind[:min(len(kind), most)]), "–")}
	case strings.TrimSpace(f.PrivateKey) == "":
		return CodeKeyNoPrivate, nil
	case !IsPrivateKey(f.PrivateKey):
		return CodeKeyPrivate, nil
	case !strings.HasSuffix(strings.ToLower(f.Email), ".gserviceaccount.com") || strings.Count(f.Email, "@") != 1:
		return CodeKeyEmail, nil
	case !clientNumber.MatchString(f.ClientID):
		return CodeKeyClientID, nil
	case f.TokenURI != "" && !isGoogleURI(f.TokenURI):
		return CodeKeyTokenURI, nil
	}
	return "", nil
}

// IsPrivateKey reports whether a text is an RSA key as PEM, which Google's are.
func IsPrivateKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		_, isRSA := key.(*rsa.PrivateKey)
		return isRSA
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}

// isGoogleURI reports whether an address is one of Google's. It is a sign of a
// tampered file and no more: tokens are never asked for at an address that a file
// names.
func isGoogleURI(text string) bool {
	uri, err := url.Parse(text)
	if err != nil || uri.Scheme != "https" || uri.Port() != "" {
		return false
	}
	host := strings.ToLower(uri.Hostname())
	return host == "accounts.google.com" || strings.HasSuffix(host, ".googleapis.com")
}

// Auth is how a mailbox is opened by the key.
func (a ServiceAccount) Auth(login string) Auth {
	return Auth{
		Kind: AuthServiceAccount, Login: login, ClientID: a.ClientID, ClientSecret: a.Key, Account: a.Email, KeyID: a.KeyID,
	}
}

// ServiceAccount is the key of an Auth of that kind.
func (a Auth) ServiceAccount() ServiceAccount {
	return ServiceAccount{Email: a.Account, ClientID: a.ClientID, KeyID: a.KeyID, Key: a.ClientSecret}
}

// Stages of a check at Google with a service account, in the order they are tried.
const (
	StageKey        = "key"        // the private key can be used
	StageKeyToken   = "key_token"  // Google knows it
	StageDelegation = "delegation" // it may act for this mailbox
	StageKeyLogin   = "key_login"  // Gmail takes the token
	StageIMAP       = "imap"       // IMAP is on for the account
)

// GoogleStages returns the stages in their order.
func GoogleStages() []string {
	return []string{StageKey, StageKeyToken, StageDelegation, StageKeyLogin, StageIMAP}
}

// GoogleStage returns the stage at which a check ended with an error of a class; "":
// the class is none of a service account's.
func GoogleStage(class string) string {
	return map[string]string{
		ClassKey: StageKey, ClassKeyHost: StageKey,
		ClassKeyRefused: StageKeyToken, ClassKeyClock: StageKeyToken, ClassKeyToken: StageKeyToken,
		ClassDelegation: StageDelegation, ClassKeyMailbox: StageDelegation, ClassKeyDisabled: StageDelegation,
		ClassKeyLogin: StageKeyLogin,
		ClassKeyIMAP:  StageIMAP,
	}[class]
}

// ProviderStage returns the stage of an error of a class among all of its provider's;
// "": the class is of no provider's own.
func ProviderStage(class string) (stage string, all []string) {
	if stage := MicrosoftStage(class); stage != "" {
		return stage, MicrosoftStages()
	}
	if stage := GoogleStage(class); stage != "" {
		return stage, GoogleStages()
	}
	return "", nil
}
