package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// admin is a person at a panel, without a browser: forms and pages.
type admin struct {
	t      *testing.T
	panel  *served
	client *http.Client
}

func newAdmin(t *testing.T, panel *served) *admin {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &admin{t, panel, &http.Client{Jar: jar, Timeout: time.Minute}}
}

// post hands in a form, its fields as pairs, and returns where that led.
func (a *admin) post(path string, fields ...string) *url.URL {
	a.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	answer, err := a.client.PostForm(a.panel.url+path, form)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %s, %v\n%s", path, answer.Status, err, clip(string(body)))
	}
	return answer.Request.URL
}

// page returns a page; "" while the panel does not answer.
func (a *admin) page(path string) string {
	answer, err := a.client.Get(a.panel.url + path)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// setUp makes the panel ready for migrations into a server.
func (a *admin) setUp(dst *realserver.Server) {
	a.t.Helper()
	a.post("/setup", "name", "Laura", "email", adminEmail, "password", adminPassword, "customer", "Studio", "domains", newDomain,
		"host", dst.Host, "port", fmt.Sprint(dst.TLSPort), "tls", "tls", "auth", "separator", "separator", "*",
		"master", dst.Master, "master_password", dst.MasterPassword, "action", "save")
	a.post("/language", "lang", "en", "back", "/migrations")
}

// migrate plans a migration of rows: the first pass now, the second at a time.
func (a *admin) migrate(second time.Time, rows ...string) (code string) {
	a.t.Helper()
	begun := a.post("/migrations")
	code = strings.Split(begun.Path, "/")[2]
	edit := "/migrations/" + code + "/edit/"
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		a.t.Fatal(err)
	}
	a.post(edit+"server", "server", "standard")
	a.post(edit+"file", "rows", strings.Join(rows, "\n"))
	a.post(edit+"first", "first", "asap")
	a.post(edit+"second", "second", "at", "date", second.In(zone).Format("2006-01-02"), "time", second.In(zone).Format("15:04"))
	a.post(edit + "review")
	return code
}

// slowPanel is a panel between two Dovecots, with a slow way to the new one.
type slowPanel struct {
	*served
	src, dst *realserver.Server
	sink     *sink
	admin    *admin
	to       *imaptest.Proxy
}

func newSlowPanel(t *testing.T, rate int64) *slowPanel {
	t.Helper()
	local := realserver.Options{TLSAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	p := &slowPanel{src: realserver.Dovecot(t, local), dst: realserver.Dovecot(t, local), sink: newSink(t)}
	p.to = imaptest.NewProxy(t, p.dst.TLSAddress(), imaptest.ProxyOptions{Rate: rate, Delay: 10 * time.Millisecond})
	p.served = newPanel(t, append(p.sink.flags(), "--ca", certificates(t, p.src, p.dst))...)
	p.admin = newAdmin(t, p.served)
	slow := *p.dst
	_, port, err := net.SplitHostPort(p.to.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(port, &slow.TLSPort); err != nil {
		t.Fatal(err)
	}
	p.admin.setUp(&slow)
	return p
}

func (p *slowPanel) row(user string) string {
	return row(user+"@"+newDomain, p.src.TLSAddress(), user, p.src.Password)
}

// ids counts the letters by their Message-ID.
func (s *sink) ids() map[string]int {
	ids := map[string]int{}
	for _, l := range s.all() {
		ids[l.id]++
	}
	return ids
}

// TestThePanelIsKilledAgainAndAgain is kill -9 at ten seeded moments of a
// migration: after the last restart it ends by itself, both passes, every
// message once, and one notice a pass.
func TestThePanelIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	const kills = 10
	p := newSlowPanel(t, 60_000)
	users := []string{"anna", "bruno", "carla"}
	var rows []string
	for i, user := range users {
		load(t, p.src, user, mailgen.New(uint64(i+40), mailgen.Options{Messages: 150, MedianSize: 6000, Spread: 1, MaxSize: 100_000}))
		rows = append(rows, p.row(user))
	}
	seed := killSeed(t)
	code := p.admin.migrate(time.Now().Add(2*time.Minute), rows...)
	var last time.Duration
	for i, moment := range moments(seed, kills, 10*time.Second) {
		time.Sleep(moment)
		p.kill()
		if i == kills/2 { // what arrives in between is the second pass's
			for u, user := range users {
				load(t, p.src, user, mailgen.New(uint64(u+40), mailgen.Options{First: 150, Messages: 10, MaxSize: 50_000, Take: isWanted}))
			}
		}
		p.start()
		last += moment
	}
	eventually(t, "the migration has ended", func() bool { return len(p.sink.ids()) == 2 })
	t.Logf("seed %d: killed %d times in %v", seed, kills, last)
	if page := p.admin.page("/migrations/" + code); !strings.Contains(page, "Finished") {
		t.Errorf("the page after the second notice:\n%s", clip(page))
	}
	for _, user := range users {
		checkCopy(t, snapshot(t, p.src, user), snapshot(t, p.dst, user+"@"+newDomain), copyRules(p.dst), nil)
	}
	for id, n := range p.sink.ids() {
		if n > 1 {
			t.Logf("%s was sent %d times: a kill fell between the mail server's 250 and the mark", id, n)
		}
	}
	if letters := len(p.sink.all()); letters > 3 {
		t.Errorf("%d letters for two passes", letters)
	}
}

// TestANoticeIsSentTwiceOnlyIfTheKillFallsBehindTheTaking shows the one gap
// there is: the mail server has the mail, and we do not know it.
func TestANoticeIsSentTwiceOnlyIfTheKillFallsBehindTheTaking(t *testing.T) {
	t.Parallel()
	p := newSlowPanel(t, 10_000_000)
	load(t, p.src, "anna", mailgen.New(3, mailgen.Small(5)))
	taken, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.sink.hold = func() {
		once.Do(func() {
			close(taken)
			<-answer
		})
	}
	p.admin.migrate(time.Now().Add(3*time.Hour), p.row("anna"))
	<-taken // the mail is there, its 250 is not
	p.kill()
	close(answer)
	p.start()
	eventually(t, "the notice comes again", func() bool { return len(p.sink.all()) == 2 })
	if ids := p.sink.ids(); len(ids) != 1 {
		t.Errorf("the two are not one to a mail reader: %v", ids)
	}
	p.kill() // nothing is left to be sent
	p.start()
	eventually(t, "the panel is up again", func() bool { return p.admin.page("/healthz") != "" })
	if n := len(p.sink.all()); n != 2 {
		t.Errorf("%d letters", n)
	}
}

// Ctrl-C ends the panel in order within seconds, live pages and runs under way
// notwithstanding.
func TestThePanelStopsInOrder(t *testing.T) {
	t.Parallel()
	p := newSlowPanel(t, 30_000)
	load(t, p.src, "anna", mailgen.New(9, mailgen.Options{Messages: 200, MedianSize: 6000, Spread: 1, MaxSize: 100_000}))
	code := p.admin.migrate(time.Now().Add(5*time.Hour), p.row("anna"))
	live, err := p.admin.client.Get(p.url + "/migrations/" + code + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	eventually(t, "something was copied", func() bool { return p.to.Octets(imaptest.FromClient) > 100_000 })
	began := time.Now()
	if code := p.signal(2); code != allDone {
		t.Errorf("exit %d", code)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if _, err := io.Copy(io.Discard, live.Body); err != nil {
		t.Logf("the live page ended with %v", err)
	}
	p.start()
	eventually(t, "pass 1 has ended", func() bool { return len(p.sink.ids()) == 1 })
	checkCopy(t, snapshot(t, p.src, "anna"), snapshot(t, p.dst, "anna@"+newDomain), copyRules(p.dst), nil)
}
