package imapsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/wire"
)

func said(command, kind, code, text string) error {
	return &wire.StatusError{Command: command, Status: wire.Status{Type: kind, Code: code, Text: text}}
}

// What servers say, as rule table 2.10 and the texts below it have it.
func TestClassesOfAnswers(t *testing.T) {
	tests := []struct {
		name  string
		side  Side
		err   error
		class Class
		after time.Duration
	}{
		{"wrong password on Dovecot", SourceSide, said("LOGIN", "NO", "AUTHENTICATIONFAILED", "Authentication failed."), ClassLogin, 0},
		{"wrong password on Cyrus, without a code", SourceSide, said("LOGIN", "NO", "", "Login failed: authentication failure"), ClassLogin, 0},
		{"wrong password by SASL", SourceSide, said("AUTHENTICATE PLAIN", "NO", "", "nope"), ClassLogin, 0},
		{"wrong password, politely", SourceSide, said("LOGIN", "NO", "", "Invalid credentials, please try again"), ClassLogin, 0},
		{"wrong passwords too often", SourceSide, said("LOGIN", "NO", "", "Too many wrong password attempts, try again later"), ClassThrottled, 0},
		{"the code comes before the text", SourceSide, said("LOGIN", "NO", "AUTHENTICATIONFAILED", "Temporary, try again"), ClassLogin, 0},
		{"login disallowed", SourceSide, said("LOGIN", "NO", "AUTHORIZATIONFAILED", ""), ClassLogin, 0},
		{"expired", SourceSide, said("LOGIN", "NO", "EXPIRED", ""), ClassLogin, 0},
		{"privacy required", SourceSide, said("LOGIN", "NO", "PRIVACYREQUIRED", ""), ClassLogin, 0},
		{"contact your admin", SourceSide, said("SELECT", "NO", "CONTACTADMIN", ""), ClassLogin, 0},
		{"Gmail wants an application's password", SourceSide, said("LOGIN", "NO", "ALERT", "Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)"), ClassAppPassword, 0},
		{"Gmail wants the browser", SourceSide, said("LOGIN", "NO", "WEBALERT", "Please log in via your web browser"), ClassBrowser, 0},
		{"Gmail has locked the account", SourceSide, said("LOGIN", "NO", "ALERT", "Lockdown in sector 4 (Failure)"), ClassBrowser, 0},
		{"IMAP is switched off", SourceSide, said("LOGIN", "NO", "ALERT", "Your account is not enabled for IMAP use. Please enable IMAP."), ClassIMAPOff, 0},
		{"Gmail wants the browser, without a code", SourceSide, said("LOGIN", "NO", "ALERT", "Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)"), ClassBrowser, 0},
		{"messages that went meanwhile", SourceSide, said("UID FETCH", "NO", "EXPUNGEISSUED", "Some of the requested messages no longer exist."), ClassRefused, 0},
		{"Exchange lets in and has no mailbox (X-1)", SourceSide, said("LIST", "BAD", "", "User is authenticated but not connected."), ClassPermission, 0},
		{"Exchange says how long (X-2)", SourceSide, said("UID FETCH", "BAD", "", "Request is throttled. Suggested Backoff Time: 89117 milliseconds"), ClassThrottled, 89117 * time.Millisecond},
		{"also for most of an hour (X-2)", SourceSide, said("UID FETCH", "NO", "", "Request is throttled. Suggested Backoff Time: 2999961 milliseconds"), ClassThrottled, 2999961 * time.Millisecond},
		{"but an hour at most (X-2)", SourceSide, said("UID FETCH", "NO", "", "Request is throttled. Suggested Backoff Time: 86400000 milliseconds"), ClassThrottled, time.Hour},
		{"and never a negative time", SourceSide, said("UID FETCH", "NO", "", "Request is throttled. Suggested Backoff Time: 9223372036854775 milliseconds"), ClassThrottled, time.Hour},
		{"nor one that is no number", SourceSide, said("UID FETCH", "NO", "", "Request is throttled. Suggested Backoff Time: 99999999999999999999 milliseconds"), ClassThrottled, time.Hour},
		{"Gmail within its limits", SourceSide, said("FETCH", "NO", "THROTTLED", ""), ClassThrottled, 0},
		{"Gmail's day is used up: no quota of a source", SourceSide, said("FETCH", "NO", "OVERQUOTA", "Account exceeded command or bandwidth limits. (Failure)"), ClassDayLimit, time.Hour},
		{"the same without the code", SourceSide, said("FETCH", "NO", "", "Account exceeded command or bandwidth limits."), ClassDayLimit, time.Hour},
		{"Gmail's connections", SourceSide, said("LOGIN", "NO", "ALERT", "Too many simultaneous connections. (Failure)"), ClassThrottled, 0},
		{"Gmail's session", SourceSide, said("BYE", "BYE", "", "Session expired, please login again."), ClassThrottled, 0},
		{"Yahoo", SourceSide, said("UID FETCH", "NO", "LIMIT", "UID FETCH Rate limit hit"), ClassThrottled, 0},
		{"a server with enough of our connections (C-1)", SourceSide, said("greeting", "BYE", "", "Too many connections from your address"), ClassThrottled, 0},
		{"a limit of sessions", SourceSide, said("LOGIN", "NO", "", "Connection limit reached: too many sessions"), ClassThrottled, 0},
		{"Dovecot's connections", SourceSide, said("LOGIN", "NO", "UNAVAILABLE", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"), ClassThrottled, 0},
		{"Dovecot's backend is down", SourceSide, said("LOGIN", "NO", "UNAVAILABLE", "Temporary authentication failure"), ClassThrottled, 0},
		{"the same without the code", SourceSide, said("LOGIN", "NO", "", "Temporary authentication failure"), ClassThrottled, 0},
		{"in use", SourceSide, said("SELECT", "NO", "INUSE", ""), ClassThrottled, 0},
		{"a limit of messages", SourceSide, said("FETCH", "NO", "MESSAGELIMIT", ""), ClassThrottled, 0},
		{"a busy server", SourceSide, said("LOGIN", "NO", "", "Server Busy"), ClassThrottled, 0},
		{"no access, try later", SourceSide, said("STATUS", "NO", "", "Please TRY AGAIN later"), ClassThrottled, 0},
		{"full on Dovecot", DestinationSide, said("APPEND", "NO", "OVERQUOTA", "Quota exceeded (mailbox for user is full)"), ClassOverQuota, 0},
		{"full on Cyrus", DestinationSide, said("APPEND", "NO", "", "Over quota"), ClassOverQuota, 0},
		{"full on Courier", DestinationSide, said("APPEND", "NO", "ALERT", "You exceeded your mail quota."), ClassOverQuota, 0},
		{"Exchange, 16 connections of one user", SourceSide, said("LOGIN", "NO", "", "Too many simultaneous connections."), ClassThrottled, 0},
		{"a limit of one message is about that alone", DestinationSide, said("APPEND", "NO", "", "header limit reached"), ClassRefused, 0},
		{"Exchange on a command that is too long", SourceSide, said("UID FETCH", "BAD", "", "Command Error. 10"), ClassRefused, 0},
		{"Exchange on a message it does not take", DestinationSide, said("APPEND", "BAD", "", "Command Argument Error. 11"), ClassRefused, 0},
		{"full elsewhere", DestinationSide, said("APPEND", "NO", "", "Quota limit will be exceeded"), ClassOverQuota, 0},
		{"full in yet other words", DestinationSide, said("APPEND", "NO", "", "Mailbox is full"), ClassOverQuota, 0},
		{"a fault of Dovecot's at login is no wrong password", SourceSide, said("LOGIN", "NO", "SERVERBUG", "Internal error occurred. Refer to server log for more information."), ClassTransport, 0},
		{"Exchange breaks off after ten errors", SourceSide, said("BYE", "BYE", "", "Connection closed. 14"), ClassTransport, 0},
		{"Dovecot got bored", SourceSide, said("BYE", "BYE", "", "Disconnected for inactivity."), ClassTransport, 0},
		{"Exchange on one message (X-3)", SourceSide, said("UID FETCH", "NO", "", "Server Unavailable. 15"), ClassTransport, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := blame(tt.side, fmt.Errorf("folder: %w", tt.err))
			var e *Error
			if !errors.As(got, &e) || e.Class != tt.class || e.RetryAfter != tt.after || e.Side != tt.side {
				t.Errorf("got %v after %v, want %s after %v", got, e.RetryAfter, tt.class, tt.after)
			}
			if !errors.Is(got, tt.err) || ServerText(got) == "" {
				t.Errorf("the server's words are lost: %v", got)
			}
		})
	}
}

func TestClassesOfConnections(t *testing.T) {
	at := func(stage wire.Stage, err error) error { return &wire.DialError{Stage: stage, Err: err} }
	tests := []struct {
		name          string
		err           error
		class         Class
		broken, parks bool
	}{
		{"a name without address", at(wire.StageConnect, &net.DNSError{IsNotFound: true}), ClassAddress, false, false},
		{"a name server that does not answer", at(wire.StageConnect, &net.DNSError{IsTimeout: true}), ClassConnect, true, false},
		{"a name server in trouble", at(wire.StageConnect, &net.DNSError{IsTemporary: true}), ClassConnect, true, false},
		{"nobody there", at(wire.StageConnect, errors.New("connection refused")), ClassConnect, true, false},
		{"a private address", at(wire.StageConnect, fmt.Errorf("10.0.0.1: %w", errPrivateAddress)), ClassPrivate, false, false},
		{"no IMAP server", at(wire.StageGreeting, errors.New("SSH-2.0")), ClassGreeting, true, false},
		{"Courier with too many connections (2.10)", at(wire.StageGreeting, io.ErrUnexpectedEOF), ClassGreeting, true, false},
		{"a handshake cut short", at(wire.StageTLS, io.ErrUnexpectedEOF), ClassTLS, true, false},
		{"a wrong certificate", at(wire.StageTLS, &CertificateError{Err: errPin}), ClassCertificate, false, false},
		{"a CA file without one", errNoCA, ClassCertificate, false, false},
		{"no password without TLS", wire.ErrCleartext, ClassTLS, false, false},
		{"none of our ways to log in", fmt.Errorf("XOAUTH2: %w", wire.ErrNoMechanism), ClassMechanism, false, false},
		{"a reset", errors.New("connection reset by peer"), ClassTransport, true, true},
		{"an end in the middle", io.ErrUnexpectedEOF, ClassTransport, true, true},
		{"throttled", said("FETCH", "NO", "LIMIT", ""), ClassThrottled, true, true},
		{"full", said("APPEND", "NO", "OVERQUOTA", ""), ClassOverQuota, false, true},
		{"a wrong password", said("LOGIN", "NO", "", ""), ClassLogin, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e *Error
			err := blame(DestinationSide, tt.err)
			if !errors.As(err, &e) || e.Class != tt.class {
				t.Fatalf("got %v, want %s", err, tt.class)
			}
			if isBroken(err) != tt.broken || e.Parks() != tt.parks {
				t.Errorf("a new connection may help: %v; parks: %v", isBroken(err), e.Parks())
			}
		})
	}
}

func TestBlameLeavesWhatIsClassified(t *testing.T) {
	known := &Error{Side: SourceSide, Class: ClassInternal, Err: errors.New("x")}
	if got := blame(DestinationSide, known); got != error(known) {
		t.Errorf("got %v", got)
	}
	canceled := fmt.Errorf("fetch: %w", context.Canceled)
	if got := blame(SourceSide, canceled); !errors.Is(got, canceled) || isBroken(got) {
		t.Errorf("got %v", got)
	}
	if blame(SourceSide, nil) != nil || ServerText(nil) != "" || ServerText(io.EOF) != "" {
		t.Error("something out of nothing")
	}
}

func TestErrorsReadWell(t *testing.T) {
	err := blame(DestinationSide, said("APPEND", "NO", "OVERQUOTA", "full"))
	if want := "destination: over_quota: APPEND: NO [OVERQUOTA] full"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if got := ServerText(err); got != "NO [OVERQUOTA] full" {
		t.Errorf("server text %q", got)
	}
	cert := &CertificateError{Names: []string{"mail.example.com", "192.0.2.1"}, Pin: "abc", Err: errPin}
	for _, part := range []string{"mail.example.com, 192.0.2.1", "abc", errPin.Error()} {
		if !strings.Contains(cert.Error(), part) {
			t.Errorf("%q does not say %q (S7)", cert, part)
		}
	}
	if !errors.Is(cert, errPin) {
		t.Error("the cause is lost")
	}
}
