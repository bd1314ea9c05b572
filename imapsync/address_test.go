package imapsync

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// names is a DNS that a test can change.
type names struct {
	mu    sync.Mutex
	leads []string
	asked int
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	var list []netip.Addr
	for _, text := range n.leads {
		list = append(list, netip.MustParseAddr(text))
	}
	return list, nil
}

func withNames(leads ...string) (*names, *Engine) {
	n := &names{leads: leads}
	return n, New(Options{AllowPrivate: true, Timeouts: quick(), Resolver: n})
}

// greeter is a server that greets, says its name at the login, and has a mailbox with
// nothing in it.
func greeter(t *testing.T, cert *tls.Certificate) string {
	t.Helper()
	return imaptest.Script(t, func(s *imaptest.Session) {
		if cert != nil {
			s.StartTLS(&tls.Config{Certificates: []tls.Certificate{*cert}})
		}
		s.Send("* OK [CAPABILITY IMAP4rev1] ready")
		for {
			cmd := s.Command()
			switch cmd.Name {
			case "NAMESPACE":
				s.Send(`* NAMESPACE (("" "/")) NIL NIL`)
			case "LIST":
				s.Send(`* LIST () "/" INBOX`)
			case "STATUS":
				s.Send(`* STATUS INBOX (MESSAGES 0)`)
			}
			s.Reply(cmd.Tag, "OK done")
		}
	})
}

func namedSource(t *testing.T, addr string, mode migration.TLSMode) Job {
	t.Helper()
	ep := at(t, addr, mode)
	ep.Host = "mail.old.example"
	ep.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("pw")}
	return Job{Resource: migration.Resource{Source: ep}, Type: migration.Standard}
}

// S7: the check freezes where the name leads, with the address that answered in
// front; nothing listens at 127.0.0.9.
func TestTheCheckFreezesWhereTheNameLeads(t *testing.T) {
	tests := []struct {
		name   string
		leads  []string
		frozen migration.Addresses
		want   migration.Addresses
		asked  int
	}{
		{"one address", []string{"127.0.0.1"}, "", "127.0.0.1", 1},
		{"the second one answers", []string{"127.0.0.9", "127.0.0.1"}, "", "127.0.0.1 127.0.0.9", 1},
		{"one frozen before", []string{"127.0.0.9"}, "127.0.0.1", "127.0.0.1", 0},
		{"the one that answered is gone", []string{"127.0.0.9"}, "127.0.0.8 127.0.0.1", "127.0.0.1 127.0.0.8", 0},
	}
	addr := greeter(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dns, e := withNames(test.leads...)
			job := namedSource(t, addr, migration.TLSNone)
			job.Resource.Source.Addresses = test.frozen
			found, err := e.CheckSource(t.Context(), job)
			if err != nil || found.Addresses != test.want || dns.asked != test.asked {
				t.Errorf("got %q after %d questions, %v", found.Addresses, dns.asked, err)
			}
		})
	}
}

// S7: only addresses of the same answer are gone to, whatever the name leads to now.
func TestAFrozenAddressThatIsGoneIsNotLookedUpAnew(t *testing.T) {
	dns, e := withNames("127.0.0.1")
	job := namedSource(t, greeter(t, nil), migration.TLSNone)
	job.Resource.Source.Addresses = "127.0.0.9 127.0.0.8"
	found, err := e.CheckSource(t.Context(), job)
	if !hasClass(err, ClassConnect) || found.Stage != StageConnect || dns.asked != 0 {
		t.Errorf("stage %s, %v, %d questions", found.Stage, err, dns.asked)
	}
}

// S7: at a frozen address the certificate must name the host all the same, and what
// it has become is told.
func TestTheCertificateIsCheckedAtAFrozenAddress(t *testing.T) {
	authority := newAuthority(t)
	right, wrong := authority.sign(-time.Hour, time.Hour, "mail.old.example"), authority.sign(-time.Hour, time.Hour, "mail.other.example")
	tests := []struct {
		name string
		cert tls.Certificate
		pin  string
		bad  bool
	}{
		{"the right name", right, "", false},
		{"another name", wrong, "", true},
		{"pinned", wrong, pinOf(wrong), false},
		{"another one than was pinned", right, pinOf(wrong), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, e := withNames("127.0.0.9")
			job := namedSource(t, greeter(t, &test.cert), migration.TLSDirect)
			source := &job.Resource.Source
			source.Addresses, source.CA, source.Pin = "127.0.0.1", authority.pem(), test.pin
			found, err := e.CheckSource(t.Context(), job)
			if !test.bad {
				if err != nil || found.Shown != pinOf(test.cert) {
					t.Errorf("shown %q, %v", found.Shown, err)
				}
				return
			}
			end := EndingOf(t.Context(), err, e.opts.Now())
			if end.Class != ClassCertificate || end.Certificate != pinOf(test.cert) || end.Status != migration.RunFailed {
				t.Errorf("got %+v", end)
			}
		})
	}
}

func TestResolveSaysWhereANameLeads(t *testing.T) {
	_, e := withNames("192.0.2.1", "2001:db8::1")
	for host, want := range map[string]migration.Addresses{"mail.old.example": "192.0.2.1 2001:db8::1", "192.0.2.7": "", "2001:db8::7": ""} {
		if got, err := e.Resolve(t.Context(), migration.Endpoint{Host: host}); got != want || err != nil {
			t.Errorf("%s: got %q, %v", host, got, err)
		}
	}
	_, e = withNames()
	if _, err := e.Resolve(t.Context(), migration.Endpoint{Host: "mail.old.example"}); !hasClass(err, ClassAddress) {
		t.Errorf("no address: %v", err)
	}
}

// A private address that a name leads to is refused, whichever came before it.
func TestNoAddressOfANameMayBePrivate(t *testing.T) {
	e := New(Options{Timeouts: quick(), Resolver: &names{leads: []string{"127.0.0.1", "10.0.0.1"}}})
	_, err := e.dialEndpoint(t.Context(), migration.Endpoint{Host: "mail.old.example", Port: 143})
	if !errors.Is(err, errPrivateAddress) {
		t.Errorf("got %v", err)
	}
}

func hasClass(err error, class Class) bool {
	var e *Error
	return errors.As(err, &e) && e.Class == class
}

// Where no address answers it is the first one's fault that is told.
func TestTheFirstFaultIsTold(t *testing.T) {
	_, e := withNames("127.0.0.8", "127.0.0.9")
	_, err := e.dial(t.Context(), migration.Endpoint{Host: "mail.old.example", Port: 9, TLS: migration.TLSNone}, nil)
	var at *wire.DialError
	if !errors.As(err, &at) || at.Stage != wire.StageConnect || at.Err.Error() != "dial tcp 127.0.0.8:9: connect: connection refused" {
		t.Errorf("got %v", err)
	}
}
