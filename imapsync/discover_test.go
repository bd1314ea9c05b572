package imapsync

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// zone is the DNS of the domain rossi.example.
type zone struct {
	srv map[string][]*net.SRV // by service
	mx  []string
}

var errNoRecord = errors.New("no such record")

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if proto != "tcp" || name != "rossi.example" || z.srv[service] == nil {
		return "", nil, errNoRecord
	}
	return "", z.srv[service], nil
}

func (z zone) LookupMX(context.Context, string) (list []*net.MX, err error) {
	for _, host := range z.mx {
		list = append(list, &net.MX{Host: host})
	}
	if list == nil {
		err = errNoRecord
	}
	return list, err
}

// webSite answers as a domain's web servers do, by host and path.
type webSite map[string]string

func (w webSite) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	text, is := w[r.URL.Scheme+"://"+r.URL.Host+r.URL.Path]
	switch {
	case strings.HasPrefix(text, "to "):
		answer.Header().Set("Location", strings.TrimPrefix(text, "to "))
		answer.WriteHeader(http.StatusFound)
	case !is:
		answer.WriteHeader(http.StatusNotFound)
	}
	_, err := answer.WriteString(text)
	return answer.Result(), err
}

const (
	autoconfigAt = "https://autoconfig.rossi.example/mail/config-v1.1.xml"
	wellKnownAt  = "https://rossi.example/.well-known/autoconfig/mail/config-v1.1.xml"
)

func incoming(kind, host, port, socket string) string {
	return `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="rossi.example"><incomingServer type="` + kind +
		`"><hostname>` + host + `</hostname><port>` + port + `</port><socketType>` + socket +
		`</socketType><username>%EMAILADDRESS%</username></incomingServer></emailProvider></clientConfig>`
}

func srv(target string, port uint16) []*net.SRV { return []*net.SRV{{Target: target, Port: port}} }

func TestWhatLeadsToTheServerOfADomain(t *testing.T) {
	tests := []struct {
		name    string
		zone    zone
		web     webSite
		answers string // who does, all of them
		want    string
	}{
		{"the DNS names it", zone{srv: map[string][]*net.SRV{"imaps": srv("box.host.example.", 993)}}, nil, "box.host.example mail.rossi.example", "box.host.example srv"},
		{"with a port of its own", zone{srv: map[string][]*net.SRV{"imaps": srv("box.host.example.", 9993)}}, nil, "box.host.example:9993", "box.host.example:9993 srv"},
		{"with STARTTLS alone", zone{srv: map[string][]*net.SRV{"imap": srv("box.host.example.", 143)}}, nil, "box.host.example:143", "box.host.example:143 srv"},
		{"it says that there is none", zone{srv: map[string][]*net.SRV{"imaps": srv(".", 0)}}, nil, "", ""},
		{"it names a private address", zone{srv: map[string][]*net.SRV{"imaps": srv("10.0.0.1", 993)}}, nil, "10.0.0.1", ""},
		{"what it names does not answer", zone{srv: map[string][]*net.SRV{"imaps": srv("gone.example.", 993)}, mx: []string{"mx.aruba.it."}}, nil, "imaps.aruba.it", "imaps.aruba.it mx"},
		{"the provider is known", zone{mx: []string{"mx2.AntiSpam.example.", "mx.aruba.it."}}, nil, "imaps.aruba.it", "imaps.aruba.it mx"},
		{"it is Microsoft's", zone{mx: []string{"rossi-example.mail.protection.outlook.com."}}, nil, "outlook.office365.com", "outlook.office365.com mx"},
		{"it is Google's", zone{mx: []string{"aspmx.l.google.com."}}, nil, "imap.gmail.com", "imap.gmail.com mx"},
		{"its web server names it", zone{}, webSite{autoconfigAt: incoming("imap", "box.host.example", "993", "SSL")}, "box.host.example", "box.host.example autoconfig"},
		{"at the other place, with its domain", zone{}, webSite{wellKnownAt: incoming("imap", "in.%EMAILDOMAIN%", "143", "STARTTLS")}, "in.rossi.example:143", "in.rossi.example:143 autoconfig"},
		{"a file that lies elsewhere", zone{}, webSite{autoconfigAt: "to https://files.example/r", "https://files.example/r": incoming("imap", "box.host.example", "993", "SSL")}, "box.host.example", "box.host.example autoconfig"},
		{"a file that lies where anybody could answer", zone{}, webSite{autoconfigAt: "to http://files.example/r", "http://files.example/r": incoming("imap", "box.host.example", "993", "SSL")}, "box.host.example", ""},
		{"a file in a ring", zone{}, webSite{autoconfigAt: "to " + autoconfigAt}, "", ""},
		{"POP3 alone", zone{}, webSite{autoconfigAt: incoming("pop3", "box.host.example", "995", "SSL")}, "box.host.example:995", ""},
		{"a connection in clear", zone{}, webSite{autoconfigAt: incoming("imap", "box.host.example", "143", "plain")}, "box.host.example:143", ""},
		{"a file without an end", zone{}, webSite{autoconfigAt: strings.Repeat("<a>", mostOfDocument)}, "mail.rossi.example", "mail.rossi.example name"},
		{"a usual name", zone{}, nil, "mail.rossi.example imap.rossi.example:143", "imap.rossi.example:143 name"},
		{"nothing", zone{}, nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := finder{records: tt.zone, web: tt.web, answers: func(_ context.Context, s migration.Suggestion) bool {
				return slices.Contains(strings.Fields(tt.answers), s.Text())
			}}
			found, err := f.find(t.Context(), "rossi.example")
			if got := strings.TrimSpace(found.Text() + " " + string(found.How)); err != nil || got != tt.want {
				t.Errorf("found %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

// everywhere is a DNS in which all names lead to this machine.
type everywhere struct{}

func (everywhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// Nothing but a greeting is heard of a server that was found: no login, no address.
func TestASearchLogsInNowhere(t *testing.T) {
	ca := newAuthority(t)
	heard := make(chan string, 2)
	cert := ca.sign(-time.Hour, time.Hour, "box.host.example")
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		s.StartTLS(serverTLS(cert))
		s.Send("* OK [CAPABILITY IMAP4rev1] ready")
		cmd := s.Command()
		heard <- cmd.Name
		s.Reply(cmd.Tag, "OK bye")
	})
	records := zone{srv: map[string][]*net.SRV{"imaps": srv("box.host.example.", uint16(at(t, addr, "").Port))}}
	for _, private := range []bool{true, false} {
		e := New(Options{AllowPrivate: private, Timeouts: quick(), Resolver: everywhere{}, Records: records, Web: webSite{}, CA: ca.pem()})
		found, err := e.Discover(t.Context(), "rossi.example")
		if err != nil || (found.Host == "box.host.example") != private {
			t.Errorf("private addresses allowed: %v, and found %+v, %v", private, found, err)
		}
	}
	if name := <-heard; name != "LOGOUT" || len(heard) > 0 {
		t.Errorf("the server was told %s, and %d more", name, len(heard))
	}
}

func TestASearchThatIsStoppedFoundNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := finder{records: zone{}, web: webSite{}, answers: func(context.Context, migration.Suggestion) bool { cancel(); return false }}
	if found, err := f.find(ctx, "rossi.example"); !errors.Is(err, context.Canceled) {
		t.Errorf("found %+v, %v", found, err)
	}
}
