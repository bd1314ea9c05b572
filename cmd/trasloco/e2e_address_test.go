package main_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	program "trasloco/cmd/trasloco"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// lead is a DNS in which every name leads to one address, until a test moves it.
type lead struct{ to atomic.Pointer[string] }

func (l *lead) move(address string) { l.to.Store(&address) }

func (l *lead) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return []netip.Addr{netip.MustParseAddr(*l.to.Load())}, nil
}

// theNameIsMoved: between the passes the name of the source is pointed to another
// server, whose authority nobody knows. The old one is read on; the new one only when
// the admin says so, and has seen its certificate (S7).
func theNameIsMoved(t *testing.T) {
	const name = "mail.vecchio.example"
	src := realserver.Dovecot(t, realserver.Options{TLSName: name})
	dst := realserver.Dovecot(t, realserver.Options{TLSAddresses: local()})
	moved := realserver.Dovecot(t, realserver.Options{TLSName: name, Host: "127.0.0.2", SamePorts: src})
	load(t, src, "anna", mailgen.New(7, mailgen.Small(3)))
	load(t, moved, "anna", mailgen.New(8, mailgen.Small(9)))
	dns := &lead{}
	dns.move(src.Host)
	p := newInside(t, program.Inside{Resolver: dns}, src, dst)
	review := draft(t, p.plain, []string{row("anna"+fixedDomain, name+":"+strconv.Itoa(src.TLSPort), "anna", src.Password)})
	p.open(strings.Replace(review.Path, "/review", "/file", 1))
	p.says(word("page.wizard.file.fact.address"), src.Host)
	code := p.migrate(p.plain.Get(review.Path))
	ended := func(pass int) {
		eventually(t, "pass "+strconv.Itoa(pass), func() bool { return p.log(t, code, 1, pass).Status == "done" })
	}
	ended(1)
	dns.move(moved.Host)
	p.plain.Send(p.plain.Form(p.plain.Get("/migrations/"+code), "/start"))
	ended(2)
	if one, two := p.log(t, code, 1, 1), p.log(t, code, 1, 2); two.Copied != 0 || two.Present != one.Copied+one.Present {
		t.Errorf("pass 1 %+v, pass 2 %+v", one, two)
	}
	checkCopy(t, snapshot(t, src, "anna"), snapshot(t, dst, "anna"+fixedDomain), copyRules(dst), nil)

	p.open("/migrations/" + code + "/resources/1")
	p.says(src.Host)
	p.tab.ClickNamed(word("page.address.again"))
	p.await(word("flash.looked_up"))
	eventually(t, "the question about its certificate", func() bool {
		return strings.Contains(p.plain.Get("/migrations/"+code+"/resources/1").Body, moved.Pin)
	})
	p.open("/migrations/" + code + "/resources/1")
	p.says(src.Pin, moved.Pin)
	p.tab.ClickNamed(word("page.certificate.accept"))
	eventually(t, "the new address", func() bool {
		return strings.Contains(p.plain.Get("/migrations/"+code+"/resources/1").Body, moved.Host)
	})
	p.open("/migrations/" + code + "/resources/1")
	p.says(moved.Host)
}
