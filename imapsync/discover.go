package imapsync

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Records asks the DNS for what leads to the mail server of a domain. *net.Resolver
// is one.
type Records interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// How long a search may take in all, and one question to one server of it.
const (
	searchWithin = time.Minute
	answerWithin = 6 * time.Second
)

// Discover looks for the IMAP server of a domain, and returns the first one that
// answers as one; the zero value: none does. It asks the DNS and the domain's web
// server, and hears greetings: it logs in nowhere, and tells nobody an address. The
// error is the context's.
func (e *Engine) Discover(ctx context.Context, domain string) (migration.Suggestion, error) {
	f := finder{records: e.opts.Records, web: e.opts.Web, answers: e.answers}
	if f.web == nil {
		web := e.webTransport()
		defer web.CloseIdleConnections()
		f.web = web
	}
	return f.find(ctx, domain)
}

// finder knows the ways to a server.
type finder struct {
	records Records
	web     http.RoundTripper
	answers func(context.Context, migration.Suggestion) bool
}

func (f finder) find(ctx context.Context, domain string) (migration.Suggestion, error) {
	searching, cancel := context.WithTimeout(ctx, searchWithin)
	defer cancel()
	asked := map[string]bool{}
	for _, look := range []func(context.Context, string) []migration.Suggestion{f.bySRV, f.byMX, f.byAutoconfig, f.byName} {
		for _, s := range look(searching, domain) {
			if !asked[s.Text()] && f.answers(searching, s) {
				return s, nil
			}
			asked[s.Text()] = true
		}
	}
	return migration.Suggestion{}, context.Cause(ctx)
}

// bySRV reads what a domain says to mail programs (RFC 6186 §3.2). TLS from the first
// octet comes first (RFC 8314 §5.1).
func (f finder) bySRV(ctx context.Context, domain string) (found []migration.Suggestion) {
	for _, service := range []string{"imaps", "imap"} {
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		_, records, err := f.records.LookupSRV(ctx, service, "tcp", domain)
		cancel()
		if err != nil {
			continue
		}
		for _, r := range records {
			if service == "imap" && r.Port != migration.PortIMAP {
				continue // STARTTLS on another port: no row can say that
			}
			found = migration.Suggest(found, r.Target, int(r.Port), migration.FoundBySRV) // not "."
		}
	}
	return found
}

// byMX goes by who takes in the mail of the domain. A provider may be the new one
// already: that is for the admin to see.
func (f finder) byMX(ctx context.Context, domain string) []migration.Suggestion {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	records, _ := f.records.LookupMX(ctx, domain) // free addresses are known without
	var hosts []string
	for _, r := range records {
		hosts = append(hosts, r.Host)
	}
	return migration.Suggest(nil, migration.HostOfMX(domain, hosts...), migration.PortIMAPS, migration.FoundByMX)
}

// byName tries the names that most servers have.
func (f finder) byName(_ context.Context, domain string) (found []migration.Suggestion) {
	for _, prefix := range []string{"imap.", "mail."} {
		for _, port := range []int{migration.PortIMAPS, migration.PortIMAP} {
			found = migration.Suggest(found, prefix+domain, port, migration.FoundByName)
		}
	}
	return found
}

// autoconfig is what Thunderbird reads of a domain (wiki.mozilla.org,
// "Thunderbird:Autoconfiguration:ConfigFileFormat").
type autoconfig struct {
	Provider struct {
		Incoming []struct {
			Type   string `xml:"type,attr"`
			Host   string `xml:"hostname"`
			Port   int    `xml:"port"`
			Socket string `xml:"socketType"`
		} `xml:"incomingServer"`
	} `xml:"emailProvider"`
}

// byAutoconfig reads the file for mail programs, by HTTPS alone: anybody could answer
// to HTTP.
func (f finder) byAutoconfig(ctx context.Context, domain string) (found []migration.Suggestion) {
	for _, address := range []string{
		"https://autoconfig." + domain + "/mail/config-v1.1.xml", "https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml",
	} {
		var file autoconfig
		text, err := f.fetch(ctx, address)
		if err != nil || xml.Unmarshal(text, &file) != nil {
			continue
		}
		for _, s := range file.Provider.Incoming {
			direct, byPort := s.Socket == "SSL", migration.TLSModeForPort(s.Port) == migration.TLSDirect
			if s.Type == "imap" && direct == byPort && (direct || s.Socket == "STARTTLS") {
				found = migration.Suggest(found, strings.ReplaceAll(s.Host, "%EMAILDOMAIN%", domain), s.Port, migration.FoundByAutoconfig)
			}
		}
	}
	return found
}

var (
	errNoFile  = errors.New("no such file")
	errLeadsTo = errors.New("it leads to another place too often, or to one without TLS")
)

// fetch reads a small file.
func (f finder) fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", address, err)
	}
	client := http.Client{Transport: f.web, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if len(via) > 3 || to.URL.Scheme != "https" {
			return errLeadsTo
		}
		return nil
	}}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", address, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for %s: %s: %w", address, answer.Status, errNoFile)
	}
	return io.ReadAll(io.LimitReader(answer.Body, mostOfDocument))
}

// webTransport connects to web servers as the engine does to mail servers: to no
// private address, and by its own resolver.
func (e *Engine) webTransport() *http.Transport {
	roots, err := e.roots(migration.Endpoint{})
	if err != nil {
		roots = nil // the system's
	}
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			host, digits, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			port, err := strconv.Atoi(digits)
			if err != nil {
				return nil, err
			}
			return e.dialEndpoint(ctx, migration.Endpoint{Host: host, Port: port})
		},
	}
}

// answers reports whether an IMAP server greets there. A certificate that names
// somebody else, or none, is a question that the check asks later (S7).
func (e *Engine) answers(ctx context.Context, s migration.Suggestion) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conn, err := e.dial(ctx, migration.Endpoint{Host: s.Host, Port: s.Port, TLS: migration.TLSModeForPort(s.Port)}, nil)
	if err == nil {
		conn.Logout(ctx)
		return true
	}
	var doubted *CertificateError
	return errors.As(err, &doubted) || errors.Is(err, wire.ErrNoTLS)
}
