// Package notify puts notices into words and sends them as mail: what a pass has
// brought, and what the recipient can do now. Each mail says the same twice, as
// plain text and as HTML.
package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"time"

	gomail "github.com/wneessen/go-mail"

	"trasloco/locale"
	"trasloco/migration"
)

// sendWithin bounds one attempt, from dialling to the server's last answer.
const sendWithin = time.Minute

// Options say how mails leave the house, and what stands in all of them.
type Options struct {
	Host string
	Port int               // 0: the one that goes with TLS
	TLS  migration.TLSMode // "": STARTTLS, without which nothing is sent
	// CA holds PEM certificates to trust besides the system's.
	CA       []byte
	User     string // "": the server asks for no login
	Password migration.Secret

	From string // an address, or "Name <address>"
	// PublicURL is how browsers reach the panel; "": mails hold no links.
	PublicURL string
	Support   Support
	// Language and Zone are for users who chose none; zero: English and UTC.
	Language locale.Lang
	Zone     *time.Location

	Policy migration.Policy // zero: DefaultPolicy
	Now    func() time.Time // nil: time.Now
}

// Support is whom the recipient can turn to. Each part may be empty.
type Support struct{ Name, Email, URL string }

// Mailer sends letters through one mail server. It is safe for use by several
// goroutines.
type Mailer struct {
	Options
	from *mail.Address
	host string // behind the @ of a Message-ID
	tls  *tls.Config
}

var (
	errNoHost        = errors.New("no mail server given")
	errNoCertificate = errors.New("no certificate in the CA file")
	errTLSMode       = errors.New("unknown kind of encryption")
	errPublicURL     = errors.New("no http or https address")
)

// New returns a mailer, or says what is wrong with the options. It contacts
// nobody.
func New(o Options) (*Mailer, error) {
	if o.Host == "" {
		return nil, errNoHost
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("sender %q: %w", o.From, err)
	}
	m := &Mailer{Options: o.withDefaults(), from: from}
	if m.host, err = m.idHost(); err != nil {
		return nil, err
	}
	if m.tls, err = m.tlsConfig(); err != nil {
		return nil, err
	}
	_, err = m.client()
	return m, err
}

func (o Options) withDefaults() Options {
	if o.TLS == "" {
		o.TLS = migration.TLSStartTLS
	}
	if o.Port == 0 {
		o.Port = map[migration.TLSMode]int{
			migration.TLSStartTLS: gomail.DefaultPortTLS, migration.TLSDirect: gomail.DefaultPortSSL,
		}[o.TLS]
	}
	if o.Port == 0 {
		o.Port = gomail.DefaultPort
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Policy.MaxGap == 0 {
		o.Policy = migration.DefaultPolicy()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// idHost is the panel's own name, else the sender's domain.
func (m *Mailer) idHost() (string, error) {
	if m.PublicURL == "" {
		return domainOf(m.from.Address), nil
	}
	u, err := url.Parse(m.PublicURL)
	if err != nil {
		return "", fmt.Errorf("public address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", fmt.Errorf("public address %q: %w", m.PublicURL, errPublicURL)
	}
	return u.Hostname(), nil
}

func (m *Mailer) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12}
	if len(m.CA) == 0 {
		return config, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a machine may have none; the given ones count then
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(m.CA) {
		return nil, errNoCertificate
	}
	config.RootCAs = pool
	return config, nil
}

// Send puts a letter into the recipient's language and hands it to the mail
// server, once. It blocks for a minute at most. Sending the same notice twice
// gives two mails with one Message-ID, of which most mailboxes show one. An
// error says what the server, or the way to it, refused; the letter may be sent
// again later.
func (m *Mailer) Send(ctx context.Context, l migration.Letter) error {
	message, err := m.message(ctx, l)
	if err != nil {
		return fmt.Errorf("write notice %d: %w", l.Notice.ID, err)
	}
	if err := m.send(ctx, message); err != nil {
		return fmt.Errorf("send notice %d to %s: %w", l.Notice.ID, m.address(), err)
	}
	return nil
}

func (m *Mailer) send(ctx context.Context, message *gomail.Msg) error {
	client, err := m.client()
	if err != nil {
		return err
	}
	return deliver(ctx, client, message)
}

func (m *Mailer) address() string {
	return migration.Endpoint{Host: m.Host, Port: m.Port}.Address()
}

// deliver counts a mail as sent as soon as the server has taken it: trouble with
// the good-bye must not send it again.
func deliver(ctx context.Context, client *gomail.Client, message *gomail.Msg) error {
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	err = client.SendWithSMTPClient(conn, message)
	if message.IsDelivered() {
		return nil
	}
	return err
}

func (m *Mailer) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(m.Port), gomail.WithTimeout(sendWithin), gomail.WithTLSConfig(m.tls), gomail.WithoutNoop(),
	}
	auth := gomail.SMTPAuthAutoDiscover
	switch m.TLS {
	case migration.TLSStartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case migration.TLSDirect:
		options = append(options, gomail.WithSSL())
	case migration.TLSNone:
		options, auth = append(options, gomail.WithTLSPolicy(gomail.NoTLS)), gomail.SMTPAuthPlainNoEnc
	default:
		return nil, fmt.Errorf("mail server %s: %w: %s", m.address(), errTLSMode, m.TLS)
	}
	if m.User != "" {
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(m.User), gomail.WithPassword(m.Password.Reveal()))
	}
	client, err := gomail.NewClient(m.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail server %s: %w", m.address(), err)
	}
	return client, nil
}
