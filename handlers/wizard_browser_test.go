package handlers

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// browserFile has a row of every kind: right, with messages that are too large,
// refused by its server, in a domain of nobody, without a password.
const browserFile = "email;server;login;password\n" +
	"anna@rossi.example;192.0.2.25;anna@rossi.example;SECRET-anna\n" +
	"bruno@rossi.example;192.0.2.25;bruno;SECRET-bruno\n" +
	"carla@rossi.example;192.0.2.25;carla@old.example;SECRET-carla\n" +
	"dora@rosi.example;192.0.2.25;dora@old.example;SECRET-dora\n" +
	"elio@rossi.example;192.0.2.25;elio@old.example\n" +
	"fabio@rossi.example;192.0.2.26;fabio@old.example;SECRET-fabio\n"

// inBrowser signs the operator in and begins a migration.
func (p *panel) inBrowser(tab *browsertest.Tab) *wizardUser {
	p.t.Helper()
	tab.Language("it")
	tab.Go(p.site.URL + "/login")
	tab.Fill("#email", operatorEmail)
	tab.Fill("#password", operatorPassword)
	tab.Click(`form[action="/login"] button`)
	tab.Wait(`location.pathname === "/migrations"`)
	tab.Click(`main button.btn-primary`)
	tab.Wait(`location.pathname.endsWith("/edit/server")`)
	return &wizardUser{panel: p, browser: p.as(p.operator), code: strings.Split(tab.Location(), "/")[4]}
}

func TestWizardInABrowser(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	tab.Size(1440, 900)
	w := p.inBrowser(tab)
	look := func(name string) {
		tab.Axe()
		tab.Shot("wizard-" + name)
	}
	look("1-server")
	tab.Click(`details.t-howto:last-of-type summary`)
	tab.Click(`.t-howto + details.t-howto summary`)
	look("1-server-steps")
	tab.Click(`.t-actions`)
	tab.Click(`form > details.t-more summary`)
	look("1-server-connection")
	tab.Click(`.t-actions button`)
	tab.Wait(`location.pathname.endsWith("/edit/file")`)
	look("2-csv-empty")

	file := filepath.Join(t.TempDir(), "caselle-studiorossi.csv")
	check(t, os.WriteFile(file, []byte(browserFile), 0o600))
	tab.Upload("#csv", file)
	tab.Click(`.t-actions button`)
	tab.Wait(`document.querySelector("#row-5-edit")`)
	look("2-csv-waiting")
	certificate := refused("source", "certificate")
	certificate.Certificate = strings.Repeat("ab", 32)
	w.checked(map[string]migration.Check{
		"bruno": refused("source", "login"), "fabio@old.example": certificate,
		"carla@old.example": {Status: migration.CheckPassed, Folders: 9, Messages: 12088, Bytes: 19 << 30, Oversize: 14},
	})
	tab.Go(p.site.URL + w.path("file"))
	tab.Wait(`document.querySelectorAll(".t-badedit").length === 4`)
	look("2-csv")

	// Without the tick nothing goes on: the focus is on what is missing.
	tab.Expect("422")
	tab.Click(`#go-on button`)
	tab.Wait(`document.activeElement?.id === "errors"`)
	look("2-csv-refused")
	tab.Fill(`#destination-5`, "dora@rossi.example")
	tab.Click(`#row-5-edit button`)
	tab.Wait(`document.querySelector("#row-5") && !document.querySelector("#row-5-edit")`)
	w.checked(nil)
	tab.Go(p.site.URL + w.path("file"))
	tab.Click(`#skip`)
	tab.Click(`#go-on button`)
	tab.Wait(`location.pathname.endsWith("/edit/first")`)
	look("3-first")
	tab.Click(`.t-actions button`)
	tab.Wait(`location.pathname.endsWith("/edit/second")`)
	look("4-second")
	tab.Click(`.t-actions button`)
	tab.Wait(`location.pathname.endsWith("/edit/review")`)
	look("5-review")
	for _, step := range []string{"file", "file?rows=out"} {
		tab.Go(p.site.URL + w.path(step))
		look("2-csv-out-" + map[bool]string{true: "all", false: "tab"}[step == "file"])
	}
	tab.Go(p.site.URL + w.path("review"))
	tab.Click(`.t-actions button`)
	tab.Wait(`/\/migrations\/M-\w{5}$/.test(location.pathname)`)
	tab.Check()
}

// On a phone, in the dark, nothing sticks out.
func TestWizardOnAPhone(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	tab.Size(390, 844)
	tab.Scheme("dark")
	w := p.inBrowser(tab)
	w.post("server", "server", "standard")
	w.upload(browserFile)
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	for _, step := range []string{"server", "file", "first", "second", "review"} {
		tab.Go(p.site.URL + w.path(step))
		tab.Axe()
		if width := browsertest.Ask[int](tab, `document.documentElement.scrollWidth`); width > 390 {
			t.Errorf("%s is %d wide", step, width)
		}
		tab.Shot("phone-" + step)
	}
	tab.Check()
}

// The stream brings what the checks find out, and leaves alone what one types.
func TestChecksAppearWhileOneTypes(t *testing.T) {
	feed := &nudgedFeed{nudges: make(chan struct{})}
	p := newPanel(t, func(o *Options) { o.Feed = feed })
	tab := browsertest.Open(t)
	w := p.inBrowser(tab)
	w.post("server", "server", "standard")
	w.upload(browserFile)
	tab.Go(p.site.URL + w.path("file"))
	tab.Fill(`#destination-5`, "dora@rossi.example")
	w.checked(nil)
	feed.nudge(t)
	tab.Wait(`document.querySelector("#row-2 .t-ic-ok")`)
	tab.Wait(`document.querySelector("#destination-5").value === "dora@rossi.example"`)
	tab.Check()
}

// The folder map and the answer to the second of two tabs, on every kind of screen.
func TestFolderMapInABrowser(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	w := p.inBrowser(tab)
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.inspected(someFolders())
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	for _, screen := range []struct {
		name, scheme string
		width        int64
	}{{"desktop", "light", 1440}, {"phone", "dark", 390}, {"narrow", "light", 320}} {
		tab.Size(screen.width, 900)
		tab.Scheme(screen.scheme)
		for _, step := range []string{"folders", "file", "review"} {
			tab.Go(p.site.URL + w.path(step))
			tab.Axe()
			if width := browsertest.Ask[int64](tab, `document.documentElement.scrollWidth`); width > screen.width {
				t.Errorf("%s is %d wide on %d", step, width, screen.width)
			}
			tab.Shot("map-" + screen.name + "-" + step)
		}
	}
	tab.Size(1440, 900)
	tab.Go(p.site.URL + w.path("folders"))
	tab.Fill("#to-"+lineID("Archivio"), "Sent")
	tab.Expect("422")
	tab.Click(".t-actions button")
	tab.Wait(`document.activeElement?.id === "errors"`)
	tab.Axe()
	tab.Shot("map-refused")
	tab.Fill("#to-"+lineID("Archivio"), "Prima")
	tab.Click(".t-actions button")
	tab.Wait(`document.querySelector("#to-` + lineID("Archivio/2019") + `")?.value === "Prima/2019"`)
	tab.Shot("map-saved")
	tab.Go(p.site.URL + w.path("first"))
	w.post("server", "server", "standard") // the other tab
	tab.Expect("409")
	tab.Click(".t-actions button")
	tab.Wait(`document.querySelector(".t-conflict")`)
	tab.Axe()
	tab.Shot("conflict")
	tab.Check()
}

// nudgedFeed says that something changed when a test does.
type nudgedFeed struct{ nudges chan struct{} }

func (f *nudgedFeed) nudge(t *testing.T) {
	t.Helper()
	select {
	case f.nudges <- struct{}{}:
	case <-t.Context().Done():
		t.Fatal("nobody watches")
	}
}

func (f *nudgedFeed) Watch(ctx context.Context, _ int64, tell func([]migration.Progress) error) error {
	for {
		if err := tell(nil); err != nil {
			return err
		}
		select {
		case <-f.nudges:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
