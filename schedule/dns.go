package schedule

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"

	"trasloco/migration"
)

// DNS asks resolvers for MX records, with their TTL, which the standard library
// does not tell. It is safe for use by several goroutines.
type DNS struct {
	servers []string // host:port
	udp     dns.Client
	tcp     dns.Client
}

// dnsWithin bounds one question to one resolver.
const dnsWithin = 4 * time.Second

// resolvFile is where systems name their resolvers.
const resolvFile = "/etc/resolv.conf"

var (
	errNoResolver = errors.New("no resolver is known")
	errRefused    = errors.New("the resolver gave no answer")
)

// NewDNS returns a DNS that asks one resolver, given as host or host:port; "": those
// that the system names. It contacts nobody. The error says that there is none.
func NewDNS(resolver string) (*DNS, error) {
	d := &DNS{udp: dns.Client{Timeout: dnsWithin, UDPSize: dns.DefaultMsgSize}, tcp: dns.Client{Net: "tcp", Timeout: dnsWithin}}
	if resolver != "" {
		d.servers = []string{withPort(resolver)}
		return d, nil
	}
	config, err := dns.ClientConfigFromFile(resolvFile)
	if err != nil {
		return nil, fmt.Errorf("resolvers of the system: %w", err)
	}
	for _, server := range config.Servers {
		d.servers = append(d.servers, net.JoinHostPort(server, config.Port))
	}
	if len(d.servers) == 0 {
		return nil, fmt.Errorf("%s: %w", resolvFile, errNoResolver)
	}
	return d, nil
}

func withPort(resolver string) string {
	if _, _, err := net.SplitHostPort(resolver); err == nil {
		return resolver
	}
	return net.JoinHostPort(resolver, "53")
}

// MX returns the MX records of a domain; none where it has none, or does not
// exist. The resolvers are asked one after the other until one answers.
func (d *DNS) MX(ctx context.Context, domain string) (migration.MXAnswer, error) {
	var errs []error
	for _, server := range d.servers {
		answer, err := d.ask(ctx, server, domain)
		if err == nil {
			return answer, nil
		}
		errs = append(errs, fmt.Errorf("MX of %s at %s: %w", domain, server, err))
		if ctx.Err() != nil {
			break
		}
	}
	return migration.MXAnswer{}, errors.Join(errs...)
}

// ask asks one resolver, once more over TCP where the answer was cut off.
func (d *DNS) ask(ctx context.Context, server, domain string) (migration.MXAnswer, error) {
	question := new(dns.Msg)
	question.SetQuestion(dns.Fqdn(domain), dns.TypeMX)
	question.SetEdns0(dns.DefaultMsgSize, false)
	said, _, err := d.udp.ExchangeContext(ctx, question, server)
	if err == nil && said.Truncated {
		said, _, err = d.tcp.ExchangeContext(ctx, question, server)
	}
	switch {
	case err != nil:
		return migration.MXAnswer{}, err
	case said.Rcode != dns.RcodeSuccess && said.Rcode != dns.RcodeNameError:
		return migration.MXAnswer{}, fmt.Errorf("%w: %s", errRefused, dns.RcodeToString[said.Rcode])
	}
	return answerOf(said), nil
}

// answerOf reads the records of an answer. Where the domain is another name of one
// (CNAME), the shortest TTL on the way counts.
func answerOf(said *dns.Msg) (answer migration.MXAnswer) {
	for i, record := range said.Answer {
		ttl := time.Duration(record.Header().Ttl) * time.Second
		if i == 0 || ttl < answer.TTL {
			answer.TTL = ttl
		}
		if mx, is := record.(*dns.MX); is {
			// ParseMX has the form in which hosts are kept.
			answer.Records = append(answer.Records, migration.ParseMX(fmt.Sprintf("%d %s", mx.Preference, mx.Mx)))
		}
	}
	return answer
}
