package migration

import (
	"slices"
	"strconv"
	"strings"
)

// Suggestion is a source server that was found for a domain. Nothing connects to it
// with a password before the admin has taken it.
type Suggestion struct {
	Host string // "": none was found
	Port int
	How  FoundBy
}

// FoundBy says what led to a server.
type FoundBy string

// The ways to find a server, the surest first.
const (
	FoundBySRV        FoundBy = "srv"        // the domain names it for mail programs (RFC 6186)
	FoundByMX         FoundBy = "mx"         // its mail is taken in by a provider that we know
	FoundByAutoconfig FoundBy = "autoconfig" // its web server names it for mail programs
	FoundByName       FoundBy = "name"       // a usual name that answers
)

// Ways returns all ways to find a server.
func Ways() []FoundBy { return []FoundBy{FoundBySRV, FoundByMX, FoundByAutoconfig, FoundByName} }

// Text is what stands for the server in the host field of a row, where its port says
// how to connect.
func (s Suggestion) Text() string {
	if s.Port == PortIMAPS || s.Host == "" {
		return s.Host
	}
	return Endpoint{Host: s.Host, Port: s.Port}.Address()
}

// Discovery is a domain whose source server is looked for.
type Discovery struct {
	ID, Customer, MigrationID int64
	Domain                    string
	Done                      bool // it was looked for
	Found                     Suggestion
}

// MailDomain returns the domain of a login, or of the destination where the login is
// no address; "": neither is.
func MailDomain(login, destination string) string {
	for _, text := range []string{login, destination} {
		if _, domain, isAddress := strings.Cut(text, "@"); isAddress && isDomain(domain) {
			return plainDomain(domain)
		}
	}
	return ""
}

// NeedsServer reports whether a failed check says that nobody answers where the row
// sends it: another server may be the right one.
func (c Check) NeedsServer() bool {
	return c.Status == CheckFailed && c.Side == "source" && slices.Contains([]string{ClassAddress, ClassConnect, ClassGreeting}, c.Class)
}

// NeedsServer returns the domains of the rows whose host is missing or is no host.
func (s Sheet) NeedsServer() (domains []string) {
	for _, line := range s.Lines {
		if domain := MailDomain(line.Text(FieldLogin), line.Text(FieldDestination)); domain != "" && s.hostIsAtFault(line.Number) {
			domains = append(domains, domain)
		}
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

// hostIsAtFault reports whether the host is the first fault of a row.
func (s Sheet) hostIsAtFault(line int) bool {
	i := slices.IndexFunc(s.Problems, func(p Problem) bool { return p.Row == line })
	return i >= 0 && s.Problems[i].Field == FieldHost
}

// mxOfTypes are where the providers take in mail that are a server type of their own
// (support.google.com 174125; learn.microsoft.com, "MX records for Exchange Online").
var mxOfTypes = map[string]ServerType{
	"google.com": Gmail, "googlemail.com": Gmail, "mail.protection.outlook.com": Office365, "mx.microsoft": Office365,
}

// HostOfMX returns the IMAP server of a domain whose mail is taken in by these hosts,
// in order; "": it is nobody's that is known.
func HostOfMX(domain string, mx ...string) string {
	if p, known := ProviderOf(domain, mx...); known {
		return p.HostFor(domain)
	}
	for _, host := range mx {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		for name, kind := range mxOfTypes {
			if host == name || strings.HasSuffix(host, "."+name) {
				return kind.Host()
			}
		}
	}
	return ""
}

// Suggest adds a server to a list, unless its name or its port is none.
func Suggest(list []Suggestion, host string, port int, how FoundBy) []Suggestion {
	read, problems := ParseHostPort(strings.TrimSuffix(host, ".")+":"+strconv.Itoa(port), false)
	if len(problems) > 0 {
		return list
	}
	return append(list, Suggestion{Host: read.Host, Port: read.Port, How: how})
}
