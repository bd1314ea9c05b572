package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/static/browsertest"
)

// road is one walk through the panel in a browser, from set-up to delete.
type road struct {
	t       *testing.T
	name    string // of its pictures
	tab     *browsertest.Tab
	panel   *served
	sink    *sink
	src     *realserver.Server
	dst     *realserver.Server
	from    *imaptest.Proxy // the way to the source, slow
	scripts bool
	before  map[string]audit.Snapshot // of the source, by user
}

const (
	newDomain     = "nuovo.example"
	adminEmail    = "laura@nuovo.example"
	adminPassword = "una casa sulla strada"
)

func movers() []string { return []string{"anna", "bruno"} }

// newRoad starts two mail servers, a mail sink, a panel and a tab.
func newRoad(t *testing.T, name, language string, scripts bool) *road {
	t.Helper()
	local := realserver.Options{TLSAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	r := &road{t: t, name: name, scripts: scripts, before: map[string]audit.Snapshot{}}
	r.src, r.dst, r.sink = realserver.Dovecot(t, local), realserver.Dovecot(t, local), newSink(t)
	for i, user := range movers() {
		load(t, r.src, user, mailgen.New(uint64(i+1), mailgen.Options{Messages: 120, MaxSize: 60_000}))
		r.before[user] = snapshot(t, r.src, user)
	}
	r.from = imaptest.NewProxy(t, r.src.TLSAddress(), imaptest.ProxyOptions{Rate: 200_000})
	r.panel = newPanel(t, append(r.sink.flags(), "--ca", certificates(t, r.src, r.dst), "--support-name", "Help desk", "--support-email", "help@nuovo.example")...)
	r.tab = browsertest.Open(t)
	r.tab.Language(language)
	r.tab.Expect("status of 422") // browsers write every refused form to the console
	r.tab.Expect("status of 409")
	r.tab.Scripts(scripts)
	return r
}

// look holds a page to what every page must keep: no fault that axe finds, no
// complaint in the console, no text that is missing. axe needs scripts.
func (r *road) look(page string) {
	r.t.Helper()
	if r.scripts {
		r.tab.Axe()
	}
	r.tab.Check()
	r.tab.Shot(r.name + "-" + page)
	text := r.tab.Text("body")
	if missing := unsaid.FindString(text); missing != "" {
		r.t.Errorf("%s: a text is missing, or a place is not filled: %q\n%s", page, missing, text)
	}
}

// unsaid is the key of a text that no language has, or a place nobody filled.
var unsaid = regexp.MustCompile(`\b(page|problem|flash|class|reason|entry|phase|validity|ui|nav)\.[a-z_.]+[a-z]\b|\{[a-z_]+\}`)

// open opens a page of the panel.
func (r *road) open(path string) { r.t.Helper(); r.tab.Go(r.panel.url + path) }

// at waits for a page by the end of its address.
func (r *road) at(path string) {
	r.t.Helper()
	r.tab.Wait(fmt.Sprintf("location.pathname.endsWith(%q) && document.readyState === 'complete'", path))
}

// submit clicks a button of a plain form and waits for the page it leads to.
func (r *road) submit(button string) {
	r.t.Helper()
	browsertest.Ask[bool](r.tab, "window.left = true")
	r.tab.Click(button)
	r.tab.Wait("!window.left && document.readyState === 'complete'")
}

// reload fetches the page anew; to its address with a fragment the browser would
// only scroll.
func (r *road) reload() {
	r.t.Helper()
	address, _, _ := strings.Cut(r.tab.Location(), "#")
	r.tab.Go(address)
}

// there waits for an element; without scripts the page is loaded again and again.
func (r *road) there(selector string) {
	r.t.Helper()
	has := fmt.Sprintf("!!document.querySelector(%q)", selector)
	if r.scripts {
		r.tab.Wait(has)
		return
	}
	eventually(r.t, selector, func() bool {
		if browsertest.Ask[bool](r.tab, has) {
			return true
		}
		r.reload()
		return false
	})
}

func (r *road) setUp() {
	tab := r.tab
	r.open("/")
	r.at("/setup")
	r.look("setup")
	tab.Click(`button[value=save]`) // the browser itself asks for what is empty
	tab.Type("#name", "Laura Bianchi")
	tab.Type("#email", adminEmail)
	tab.Type("#password", adminPassword)
	tab.Type("#customer", "Studio Nuovo")
	tab.Type("#domains", newDomain)
	tab.Type("#host", r.dst.Host)
	tab.Type("#port", fmt.Sprint(r.dst.TLSPort))
	tab.Type("#master", r.dst.Master)
	tab.Type("#master_password", r.dst.MasterPassword)
	tab.Type("#mx", "10 mx1.nuovo.example")
	tab.Type("#mailbox", "anna@"+newDomain)
	tab.Click(`button[value=test]`)
	tab.Wait(`document.querySelectorAll("#test .t-test li").length > 4`)
	r.look("setup-tested")
	if !r.scripts { // the page came anew, and passwords are never sent back
		tab.Type("#password", adminPassword)
		tab.Type("#master_password", r.dst.MasterPassword)
	}
	r.submit(`button[value=save]`)
	r.at("/migrations")
	r.look("list-empty")
}

func (r *road) logIn() {
	r.submit(`.t-side form[action="/logout"] button`)
	r.at("/login")
	r.look("login")
	r.tab.Type("#email", adminEmail)
	r.tab.Type("#password", "not this one at all")
	r.submit(`form[action="/login"] button`)
	r.tab.Wait(`document.querySelector(".t-errsum")`)
	r.tab.Fill("#email", adminEmail)
	r.tab.Type("#password", adminPassword)
	r.submit(`form[action="/login"] button`)
	r.at("/migrations")
}

// csv is a file of accounts; spoil may change its rows.
func (r *road) csv(spoil func(user string, fields []string) []string) string {
	r.t.Helper()
	var rows []string
	for _, user := range movers() {
		rows = append(rows, row(spoil(user, []string{user + "@" + newDomain, r.from.Addr(), user, r.src.Password})...))
	}
	file := filepath.Join(r.t.TempDir(), "accounts.csv")
	if err := os.WriteFile(file, []byte(strings.Join(rows, "\r\n")), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return file
}

func (r *road) upload(file string) {
	r.t.Helper()
	r.tab.Upload("#csv", file)
	r.submit(`form[action$="/edit/file"] button.btn-primary`)
}

// wizard goes through the five steps: with a file that is none, with one with
// faults, of which one is corrected in place, and then with the right one.
func (r *road) wizard() (code string) {
	tab := r.tab
	r.submit(`main button.btn-primary`)
	r.at("/edit/server")
	r.look("wizard-1")
	r.submit(`.t-actions button`)
	r.at("/edit/file")
	r.look("wizard-2-upload")
	nonsense := filepath.Join(r.t.TempDir(), "accounts.csv")
	if err := os.WriteFile(nonsense, []byte("PK\x03\x04 this is a spreadsheet"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.upload(nonsense)
	tab.Wait(`document.querySelector(".t-errsum")`)
	r.look("wizard-2-refused")

	r.upload(r.csv(func(user string, fields []string) []string {
		if user == "anna" {
			fields[3] = "wrong" // the source says so
		} else {
			fields[0] = user + "@straniero.example"
		}
		return fields
	}))
	r.there("#row-1-edit")
	r.there("#row-2-edit")
	r.look("wizard-2-faults")
	r.submit(`#go-on button`)
	tab.Wait(`document.querySelector("#errors")`)
	tab.Fill(`#destination-2`, "bruno@"+newDomain)
	r.submit(`#row-2-edit button`)
	r.at("/edit/file")
	r.there(`#row-2 .t-ic-ok, #row-2 .t-ic-wait`)
	r.look("wizard-2-corrected")

	r.open(strings.TrimPrefix(tab.Location(), r.panel.url)[:len("/migrations/M-XXXXX")] + "/edit/upload")
	r.upload(r.csv(func(_ string, fields []string) []string { return fields }))
	r.there(`#row-1 .t-ic-ok, #row-1 .t-ic-wait`)
	r.there(`#row-2 .t-ic-ok, #row-2 .t-ic-wait`)
	r.look("wizard-2-ready")
	r.submit(`#go-on button`)
	r.at("/edit/first")
	r.look("wizard-3")
	r.submit(`.t-actions button`)
	r.at("/edit/second")
	r.look("wizard-4")
	r.submit(`.t-actions button`)
	r.at("/edit/review")
	r.look("wizard-5")
	r.submit(`.t-actions button`)
	tab.Wait(`/\/migrations\/M-\w{5}$/.test(location.pathname)`)
	location := tab.Location()
	return location[strings.LastIndex(location, "/")+1:]
}

// arrived is the number of messages that the page says were copied.
const arrived = `Number((document.querySelector("#live .t-outcome__k dd")?.innerText ?? "0").replace(/\D/g, ""))`

// firstPass watches pass 1 move, and sees that nobody can delete it meanwhile.
func (r *road) firstPass(code string) {
	r.there(`#live .t-outcome`)
	if r.scripts { // without a reload
		r.tab.Wait(arrived + " > 0")
		seen := browsertest.Ask[int](r.tab, arrived)
		r.tab.Wait(fmt.Sprintf("%s > %d", arrived, seen))
	}
	r.look("running")
	r.open("/migrations/" + code + "/delete")
	if text := r.tab.Text("main"); !strings.Contains(text, "Help desk") {
		r.t.Errorf("delete while running: %s", text)
	}
	r.look("delete-refused")
	r.open("/migrations")
	r.look("list-running")
	r.open("/migrations/" + code)
	r.there("#cut-over")
	r.look("cut-over")
	eventually(r.t, "the notice of pass 1", func() bool { return len(r.sink.all()) == 1 })
	if letter := r.sink.all()[0]; letter.to != adminEmail || !strings.Contains(letter.raw, "mx1.nuovo.example") {
		r.t.Errorf("the notice: %s", clip(letter.raw))
	}
}

// secondPass brings what came in the meantime.
func (r *road) secondPass() {
	for i, user := range movers() {
		load(r.t, r.src, user, mailgen.New(uint64(i+1), mailgen.Options{First: 120, Messages: 5, MaxSize: 20_000, Take: isWanted}))
	}
	r.submit(`form[action$="/start"] button`)
	eventually(r.t, "the notice of pass 2", func() bool { return len(r.sink.all()) == 2 })
	r.there(`.t-head__meta .t-st--ok, .t-head__meta .t-st--wait`)
	r.reload()
	r.look("finished")
}

func (r *road) logs(code string) {
	for pass, want := range map[int]string{1: "120", 2: "125"} {
		r.open(fmt.Sprintf("/migrations/%s/resources/1/log/%d", code, pass))
		r.look(fmt.Sprintf("log-%d", pass))
		if text := r.tab.Text(".t-outcome"); !strings.Contains(text, want) {
			r.t.Errorf("log %d does not list %s messages: %s", pass, want, text)
		}
	}
	r.open("/migrations/" + code + "/resources")
	r.look("resources")
}

// compare holds the destination to be what the source is.
func (r *road) compare() {
	for _, user := range movers() {
		want := snapshot(r.t, r.src, user)
		checkCopy(r.t, want, snapshot(r.t, r.dst, user+"@"+newDomain), copyRules(r.dst), nil)
	}
}

// remove deletes the migration: in a dialog, or on a page of its own.
func (r *road) remove(code string) {
	r.open("/migrations")
	r.tab.Click(`a[href="/migrations/` + code + `/delete"]`)
	r.tab.Wait(`document.querySelector("dialog[open]")`)
	r.look("delete")
	r.submit(`dialog[open] form[method=post] button`)
	r.at("/migrations")
	r.tab.Wait(`!document.body.innerText.includes(` + fmt.Sprintf("%q", code+" ·") + `)`)
	r.look("list-after-delete")
}

func (r *road) walk() {
	r.setUp()
	r.logIn()
	code := r.wizard()
	r.firstPass(code)
	r.secondPass()
	r.logs(code)
	r.compare()
	r.remove(code)
	for _, page := range []string{"/profile", "/destinations", "/destinations/1"} {
		r.open(page)
		r.look(strings.ReplaceAll(page[1:], "/", "-"))
	}
}

// TestTheRoad is the way of a migration through the panel in Chromium, between
// two real Dovecots: in Italian, in English, and without scripts.
func TestTheRoad(t *testing.T) {
	t.Parallel()
	for _, walk := range []struct {
		name, language string
		scripts        bool
	}{
		{"it", "it", true},
		{"en", "en", true},
		{"it-without-scripts", "it", false},
	} {
		t.Run(walk.name, func(t *testing.T) {
			t.Parallel()
			newRoad(t, walk.name, walk.language, walk.scripts).walk()
		})
	}
}
