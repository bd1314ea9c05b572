package imapsync

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Class says what kind of trouble ended a run. It is a code: locale has the
// sentence and the remedy.
type Class string

// The classes of rule table 2.10 that are about a whole run.
const (
	ClassAddress     Class = migration.ClassAddress  // the name has no address
	ClassPrivate     Class = "private_address"       // it leads to a private one, which is not allowed
	ClassConnect     Class = migration.ClassConnect  // nobody answers there
	ClassGreeting    Class = migration.ClassGreeting // somebody answers, but not as an IMAP server
	ClassTLS         Class = "tls"
	ClassCertificate Class = "certificate"
	ClassOldTLS      Class = "old_tls" // it knows no TLS that is still safe
	ClassNoTLS       Class = "no_tls"  // it has none
	ClassLogin       Class = "login"
	ClassMechanism   Class = "no_mechanism" // none of the ways to log in that we have
	ClassPermission  Class = "permission"   // logged in, but no mailbox behind it
	ClassThrottled   Class = migration.ClassThrottled
	ClassOverQuota   Class = migration.ClassOverQuota
	ClassDayLimit    Class = "day_limit" // the provider lets no more be read today (M-5)
	ClassRefused     Class = "refused"   // it says no to what a copy cannot do without
	ClassTransport   Class = migration.ClassTransport
	ClassHostPaused  Class = migration.ClassHostPaused // nobody logs in there, so as not to be banned (C-2)
	ClassSecrets     Class = "secrets_gone"            // the password was destroyed, or cannot be opened
	ClassInternal    Class = "internal"
)

// The classes of Microsoft 365, by the stages of migration.MicrosoftStages.
const (
	ClassTenant        Class = migration.ClassTenant        // no tenant has the domain
	ClassToken         Class = migration.ClassToken         // no token, for a reason that has no class of its own
	ClassTokenApp      Class = migration.ClassTokenApp      // the tenant does not know the application
	ClassTokenSecret   Class = migration.ClassTokenSecret   // the secret is not the application's
	ClassTokenExpired  Class = migration.ClassTokenExpired  // the secret was
	ClassTokenNoSecret Class = migration.ClassTokenNoSecret // there is none
	ClassTokenScope    Class = migration.ClassTokenScope    // the identity service does not know what is asked for
	ClassTokenRoles    Class = migration.ClassTokenRoles    // the token does not allow IMAP
	ClassAppLogin      Class = migration.ClassAppLogin      // Exchange does not take the token for this mailbox
	ClassAppPermission Class = migration.ClassAppPermission // it does, and does not open the mailbox
	ClassAppOnly       Class = "app_only"                   // a password, where Microsoft takes none
	ClassAppHost       Class = "app_host"                   // the server is not Microsoft's, or the line is open
)

// The classes of a service account of Google's, by the stages of
// migration.GoogleStages.
const (
	ClassKey         Class = migration.ClassKey         // it is no private key
	ClassKeyHost     Class = migration.ClassKeyHost     // the server is not Google's, or the line is open
	ClassKeyRefused  Class = migration.ClassKeyRefused  // Google does not know the key any more
	ClassKeyClock    Class = migration.ClassKeyClock    // the clock of this machine is wrong
	ClassKeyToken    Class = migration.ClassKeyToken    // no token, for a reason that has no class of its own
	ClassDelegation  Class = migration.ClassDelegation  // the account may not act for others, or not with this scope
	ClassKeyMailbox  Class = migration.ClassKeyMailbox  // no mailbox of the Workspace has the login
	ClassKeyDisabled Class = migration.ClassKeyDisabled // it has, and is suspended or deleted
	ClassKeyLogin    Class = migration.ClassKeyLogin    // Gmail does not take the token
	ClassKeyIMAP     Class = migration.ClassKeyIMAP     // it does, and IMAP is off
	ClassIMAPOff     Class = "imap_off"                 // the same, of an account that is opened by its password
)

// The classes of an account that a person has to open with the provider first. The
// password may be right, so they are no wrong ones (C-2).
const (
	ClassAppPassword Class = "app_password" // it takes a password made for programs alone
	ClassBrowser     Class = "browser"      // it is locked until its owner logs in with a browser
)

// Side is the end of a resource that an error is about.
type Side string

// The two ends.
const (
	SourceSide      Side = "source"
	DestinationSide Side = "destination"
)

// Error is why a run could not go on.
type Error struct {
	Side  Side
	Class Class
	// RetryAfter is how long the server asked to be left alone; 0: it did not.
	RetryAfter time.Duration
	Err        error
	// Dialogue is what was said on a connection that is gone with the error; see
	// wire.Conn.Transcript.
	Dialogue string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Side, e.Class, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ServerText returns the server's own words in err, if it said any.
func ServerText(err error) string {
	var refused *wire.StatusError
	if errors.As(err, &refused) {
		return refused.Status.String()
	}
	var provider *providerError
	if errors.As(err, &provider) {
		return provider.text
	}
	return ""
}

// Parks reports whether the run may go on later, by itself or when somebody
// made room: it is not over.
func (e *Error) Parks() bool {
	switch e.Class {
	case ClassThrottled, ClassOverQuota, ClassDayLimit, ClassTransport, ClassHostPaused:
		return true
	default:
		return false
	}
}

// isBroken reports whether a new connection may help.
func isBroken(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Class {
	case ClassTransport, ClassThrottled, ClassConnect, ClassGreeting:
		return true
	case ClassTLS: // a handshake cut short; a wrong certificate has its own class
		return !errors.Is(err, wire.ErrCleartext)
	default:
		return false
	}
}

// isMute reports whether a server never said a word: to wait as long once more
// would tell nothing new.
func isMute(err error) bool {
	var e *Error
	var silent net.Error
	return errors.As(err, &e) && (e.Class == ClassConnect || e.Class == ClassGreeting) &&
		errors.As(err, &silent) && silent.Timeout()
}

// blame classifies err as trouble with one side. Errors that have their class
// already, and the end of the context, pass unchanged.
func blame(side Side, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	class, after := classify(err)
	if class == ClassOverQuota && side == SourceSide {
		class, after = usedUp(err)
	}
	return &Error{Side: side, Class: class, RetryAfter: after, Err: err}
}

// lookAgain is when an account is tried again that its provider has cut off: nobody
// says until when, at most for a day (M-5).
const lookAgain = time.Hour

// usedUp classifies a source that is over a quota, which reading cannot exceed: Gmail
// means what may be read in a day. Others are asked again soon.
func usedUp(err error) (Class, time.Duration) {
	if strings.Contains(strings.ToLower(err.Error()), "command or bandwidth") {
		return ClassDayLimit, lookAgain
	}
	return ClassThrottled, 0
}

func classify(err error) (Class, time.Duration) {
	var refused *wire.StatusError
	if errors.As(err, &refused) {
		return classifyStatus(refused)
	}
	var cert *CertificateError
	var dns *net.DNSError
	var dial *wire.DialError
	switch {
	case errors.As(err, &cert):
		return ClassCertificate, 0
	case errors.Is(err, errPrivateAddress):
		return ClassPrivate, 0
	case errors.As(err, &dns) && !dns.IsTimeout && !dns.IsTemporary:
		return ClassAddress, 0
	case errors.Is(err, wire.ErrCleartext):
		return ClassTLS, 0
	case errors.Is(err, wire.ErrNoTLS):
		return ClassNoTLS, 0
	case errors.Is(err, errNoCA):
		return ClassCertificate, 0
	case errors.Is(err, wire.ErrNoMechanism):
		return ClassMechanism, 0
	case errors.As(err, &dial):
		return stageClass[dial.Stage], 0
	default:
		return ClassTransport, 0
	}
}

var stageClass = map[wire.Stage]Class{
	wire.StageConnect: ClassConnect, wire.StageGreeting: ClassGreeting, wire.StageTLS: ClassTLS, wire.StageLogin: ClassLogin,
}

// signs is the one place where servers' words are recognised (2.10): codes of
// RFC 5530 first, then texts.
var signs = []struct {
	class Class
	codes []string
	text  *regexp.Regexp
}{
	{ClassIMAPOff, nil, regexp.MustCompile(`(?i)not enabled for imap|imap access is disabled|enable imap`)},
	{ClassAppPassword, nil, regexp.MustCompile(`(?i)application-specific password required`)},
	{ClassBrowser, []string{"WEBALERT"}, regexp.MustCompile(`(?i)log in via your web browser|web login required|lockdown in sector`)},
	{ClassPermission, nil, regexp.MustCompile(`(?i)authenticated but not connected`)},
	{ClassOverQuota, []string{"OVERQUOTA"}, regexp.MustCompile(`(?i)over ?quota|quota exceeded|quota limit|exceeded your mail quota|mailbox is full|exceeded command or bandwidth`)},
	{
		ClassThrottled,
		[]string{"LIMIT", "THROTTLED", "INUSE", "UNAVAILABLE", "MESSAGELIMIT"},
		regexp.MustCompile(`(?i)throttl|rate limit|too many|backoff|bandwidth|try again|temporar|session expired|maximum number of connections|server busy`),
	},
	{
		ClassLogin,
		[]string{"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN"},
		nil,
	},
	{ClassTransport, []string{"SERVERBUG"}, regexp.MustCompile(`(?i)server unavailable|internal (server )?error`)},
}

// wrongPassword goes before "try again" in an answer to a login: the same
// password again only gets us banned (C-2).
var wrongPassword = regexp.MustCompile(`(?i)\b(invalid|wrong|incorrect|bad) (credentials|password|login|user)`)

// longestHint is the longest wait that a server may ask for: Exchange has been seen
// to ask for 50 minutes.
const longestHint = time.Hour

var backoffHint = regexp.MustCompile(`(?i)backoff time: (\d+) milliseconds`)

func classifyStatus(e *wire.StatusError) (Class, time.Duration) {
	for _, sign := range signs {
		for _, code := range sign.codes {
			if e.Status.Code == code {
				return sign.class, hint(e.Status.Text)
			}
		}
	}
	isLogin := strings.HasPrefix(e.Command, "LOGIN") || strings.HasPrefix(e.Command, "AUTHENTICATE") || e.Command == "X-MASTERAUTH"
	if isLogin && wrongPassword.MatchString(e.Status.Text) && !strings.Contains(strings.ToLower(e.Status.Text), "too many") {
		return ClassLogin, 0
	}
	for _, sign := range signs {
		if sign.text != nil && sign.text.MatchString(e.Status.Text) {
			return sign.class, hint(e.Status.Text)
		}
	}
	if e.Command == "greeting" {
		return ClassGreeting, 0
	}
	switch {
	case isLogin:
		return ClassLogin, 0
	case e.Command == "PROXYAUTH" || e.Command == "X-SETUSER":
		return ClassPermission, 0 // the master user is in, and may not be this one
	case e.Status.Type == "BYE":
		return ClassTransport, 0
	default:
		return ClassRefused, 0
	}
}

// hint reads how long Exchange asks to wait, at most an hour.
func hint(text string) time.Duration {
	m := backoffHint.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	ms, err := strconv.Atoi(m[1])
	if err != nil {
		return longestHint // more than fits in a number
	}
	return time.Duration(min(ms, int(longestHint/time.Millisecond))) * time.Millisecond
}

// CertificateError says why a server's certificate was not believed, and what
// an admin needs to decide whether to believe it all the same (S7).
type CertificateError struct {
	Names []string // whom it names
	Pin   string   // its SHA-256, in hex
	Err   error
}

func (e *CertificateError) Error() string {
	return fmt.Sprintf("%v (the certificate names %s; its SHA-256 is %s)", e.Err, strings.Join(e.Names, ", "), e.Pin)
}

// Unwrap returns the cause.
func (e *CertificateError) Unwrap() error { return e.Err }

func certificateNames(cert *x509.Certificate) []string {
	names := append([]string(nil), cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && cert.Subject.CommonName != "" {
		names = append(names, cert.Subject.CommonName)
	}
	return names
}
