package main_test

import (
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	program "trasloco/cmd/trasloco"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/static/browsertest"
)

func local() []net.IP { return []net.IP{net.IPv4(127, 0, 0, 1)} }

// inside is a panel in this process, set up, with a tab in which its operator is
// signed in.
type inside struct {
	*scene
	url, data string
	plain     *browsertest.Plain
	how       program.Inside
	flags     []string
	end       func() error
}

// start begins to serve; stop ends it in order. A test may do so again and again.
func (p *inside) start() {
	p.t.Helper()
	stop, err := program.Serve(p.how, p.flags...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.end = stop
}

func (p *inside) stop() {
	p.t.Helper()
	if err := p.end(); err != nil {
		p.t.Error(err)
	}
}

// signIn signs the operator in, in both browsers.
func (p *inside) signIn() {
	p.t.Helper()
	p.plain.Send(p.plain.Form(p.plain.Get("/login"), "/login"), "email", adminEmail, "password", adminPassword)
	p.tab.SignIn(p.url, p.plain.Cookies())
}

// hand is a clock whose hands a test moves forward; it goes on by itself.
type hand struct{ ahead atomic.Int64 }

func (h *hand) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

func (h *hand) pass(d time.Duration) { h.ahead.Add(int64(d)) }

func newInside(t *testing.T, how program.Inside, src, dst *realserver.Server, flags ...string) *inside {
	t.Helper()
	if how.Now == nil {
		how.Now = time.Now
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p := &inside{scene: &scene{t: t}, url: "http://" + address, data: filepath.Join(t.TempDir(), "data"), how: how}
	p.flags = append(flags, "--data", p.data, "--listen", address, "--allow-private", "--public-url", p.url, "--ca", certificates(t, src, dst))
	p.start()
	t.Cleanup(p.stop)
	t.Cleanup(func() { tellWork(t) })
	p.plain = browsertest.NewPlain(t, p.url)
	p.plain.Header.Set("Accept-Language", "it")
	p.plain.Send(p.plain.Form(p.plain.Get("/setup"), "/setup"), "action", "save", "name", "Laura Bianchi", "email", adminEmail, "password", adminPassword,
		"customer", "Studio Nuovo", "domains", newDomain, "destination_name", "Nuovo", "host", dst.Host, "port", fmt.Sprint(dst.TLSPort),
		"master", dst.Master, "master_password", dst.MasterPassword, "mx", "10 mx1.nuovo.example")
	tab := browsertest.Open(t)
	tab.Language("it")
	tab.Expect("status of 422")
	tab.SignIn(p.url, p.plain.Cookies())
	p.scene = &scene{shared: &shared{src: src, dst: dst, admin: p.plain, panel: &served{url: p.url}}, t: t, tab: tab}
	return p
}

// tellWork says what the checks and runs of this process wait for, where a test
// failed: a page only shows that they are not over.
func tellWork(t *testing.T) {
	if !t.Failed() {
		return
	}
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "trasloco/imapsync.") {
			t.Log(stack)
		}
	}
}
