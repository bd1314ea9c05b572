package schedule

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"trasloco/migration"
)

// dnsServer is a real DNS server on loopback, with the records a test gives it.
type dnsServer struct {
	t       *testing.T
	address string

	mu      sync.Mutex
	zones   map[string][]string // records by domain; a domain without an entry does not exist
	rcode   int                 // what it answers instead
	asked   int
	cut     bool // over UDP it says that the answer is too long
	servers []*dns.Server
}

func newDNSServer(t *testing.T) *dnsServer {
	t.Helper()
	s := &dnsServer{t: t, zones: map[string][]string{}}
	packets, listener := listenBoth(t)
	s.address = packets.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: listener, Handler: s}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		receive(t, started)
		s.servers = append(s.servers, server)
	}
	t.Cleanup(s.close)
	return s
}

// listenBoth takes a port of UDP whose neighbour of TCP is free as well.
func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		check(t, err)
		listener, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, listener
		}
		check(t, packets.Close())
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

func (s *dnsServer) close() {
	for _, server := range s.servers {
		_ = server.Shutdown()
	}
}

// set gives a domain its MX records, each "TTL preference host".
func (s *dnsServer) set(domain string, records ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[dns.Fqdn(domain)] = records
}

// fail makes it answer that way from now on.
func (s *dnsServer) fail(rcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcode = rcode
}

func (s *dnsServer) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeDNS answers a question.
func (s *dnsServer) ServeDNS(w dns.ResponseWriter, question *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	answer := new(dns.Msg)
	answer.SetRcode(question, s.rcode)
	name := strings.ToLower(question.Question[0].Name)
	records, exists := s.zones[name]
	switch _, overTCP := w.RemoteAddr().(*net.TCPAddr); {
	case s.rcode != dns.RcodeSuccess:
	case s.cut && !overTCP:
		answer.Truncated = true
	case !exists:
		answer.Rcode = dns.RcodeNameError
	default:
		for _, text := range records {
			record, err := dns.NewRR(name + " " + text)
			if err != nil {
				s.t.Error(err)
				continue
			}
			answer.Answer = append(answer.Answer, record)
		}
	}
	if err := w.WriteMsg(answer); err != nil {
		s.t.Error(err)
	}
}

func TestMXRecordsAreReadWithTheirTTL(t *testing.T) {
	server := newDNSServer(t)
	resolver, err := NewDNS(server.address)
	check(t, err)
	server.set("two.example", "3600 IN MX 20 MX2.new.example.", "3600 IN MX 10 mx1.new.example.")
	server.set("null.example", "300 IN MX 0 .")
	server.set("empty.example")
	server.set("alias.example", "60 IN CNAME two.example.", "3600 IN MX 10 mx1.new.example.")
	tests := []struct {
		domain, records string
		ttl             time.Duration
	}{
		{"two.example", "[20 mx2.new.example 10 mx1.new.example]", time.Hour},
		{"null.example", "[0 .]", 5 * time.Minute},
		{"empty.example", "[]", 0},
		{"unheard-of.example", "[]", 0},
		{"alias.example", "[10 mx1.new.example]", time.Minute},
	}
	for _, cut := range []bool{false, true} {
		server.mu.Lock()
		server.cut = cut
		server.mu.Unlock()
		for _, tt := range tests {
			got, err := resolver.MX(t.Context(), tt.domain)
			if err != nil || fmt.Sprint(got.Records) != tt.records || got.TTL != tt.ttl {
				t.Errorf("%s: %v for %v, %v", tt.domain, got.Records, got.TTL, err)
			}
		}
	}
}

func TestAResolverThatFailsIsAnErrorAndTheNextIsAsked(t *testing.T) {
	broken, good := newDNSServer(t), newDNSServer(t)
	broken.fail(dns.RcodeServerFailure)
	good.set("a.example", "300 IN MX 10 mx1.new.example.")
	resolver, err := NewDNS(broken.address)
	check(t, err)
	if got, err := resolver.MX(t.Context(), "a.example"); err == nil || !strings.Contains(err.Error(), "SERVFAIL") {
		t.Errorf("%+v, %v", got, err)
	}
	resolver.servers = append(resolver.servers, good.address)
	if got, err := resolver.MX(t.Context(), "a.example"); err != nil || len(got.Records) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	none, err := net.Listen("tcp", "127.0.0.1:0") // nobody listens there over UDP
	check(t, err)
	defer none.Close()
	resolver.servers = []string{none.Addr().String()}
	if _, err := resolver.MX(t.Context(), "a.example"); err == nil {
		t.Error("no resolver, no error")
	}
	if resolver, err := NewDNS("192.0.2.53"); err != nil || resolver.servers[0] != "192.0.2.53:53" {
		t.Error(resolver, err)
	}
}

// The whole road: a change in the DNS is seen and told, a resolver that fails
// disturbs nothing.
func TestTheWatchSeesTheChangeOfTheRecords(t *testing.T) {
	server := newDNSServer(t)
	server.set("new.example", "3600 IN MX 10 mx.old.example.")
	l := newLab(t, &fakeEngine{}, imaginary())
	resolver, err := NewDNS(server.address)
	check(t, err)
	l.options.Resolver = resolver
	l.options.Rhythm.MX = 10 * time.Millisecond
	box := &postbox{sent: make(chan migration.Letter, 10)}
	l.options.Notifier = box
	destinations, err := l.store.Destinations(t.Context())
	check(t, err)
	destinations[0].MX = []string{"10 mx1.new.example"}
	check(t, l.store.SaveDestination(t.Context(), &destinations[0]))
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	known := func() migration.DomainMX {
		all, err := l.store.CutOver(t.Context(), l.customer, m.ID)
		check(t, err)
		return all[0]
	}
	m = l.until(m, "read for the first time", func(migration.Migration) bool { return known().State() == migration.MXOld })
	if got := known(); got.OldTTL != time.Hour || got.Records[0].Host != "mx.old.example" {
		t.Errorf("%+v", got)
	}
	asked := server.questions()
	l.s.watchMX(t.Context())
	if server.questions() != asked {
		t.Error("the records are read more often than every five minutes")
	}
	server.set("new.example", "300 IN MX 10 mx1.new.example.")
	l.pass(migration.MXEvery)
	m = l.until(m, "changed", func(migration.Migration) bool { return known().State() == migration.MXThere })
	if until, ok := known().OldUntil(); !ok || !until.Equal(l.now().Add(time.Hour)) {
		t.Errorf("old until %v, %v", until, ok)
	}
	letter := receive(t, box.sent)
	for letter.Notice.Kind == migration.NoticePassDone {
		letter = receive(t, box.sent)
	}
	if letter.Notice.Kind != migration.NoticeMXChanged || letter.Migration.ID != m.ID || !migration.AllThere(letter.Domains) {
		t.Errorf("the letter of the change: %+v", letter)
	}
	server.fail(dns.RcodeServerFailure)
	l.pass(migration.MXEvery)
	l.eventually("the failure in the store", func() bool { return known().Failure != "" })
	if got := known(); got.State() != migration.MXThere || got.ReadAt.Equal(got.TriedAt) {
		t.Errorf("what was known is forgotten: %+v", got)
	}
	l.pass(6 * time.Hour)
	l.s.Wake()
	l.untilPass(m, 2, migration.PassDone) // nothing else was disturbed
	server.fail(dns.RcodeSuccess)
	l.pass(time.Minute)
	check(t, l.s.ReadMX(t.Context(), l.customer, &m))
	if got := known(); got.Failure != "" || !got.ReadAt.Equal(l.now()) {
		t.Errorf("asked for by hand: %+v", got)
	}
	asked = server.questions()
	check(t, l.s.ReadMX(t.Context(), l.customer, &m)) // pressed twice
	l.pass(73 * time.Hour)
	l.s.watchMX(t.Context())
	if got := server.questions(); got != asked {
		t.Errorf("%d questions when nobody needs the answer", got-asked)
	}
}
