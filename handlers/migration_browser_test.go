package handlers

import (
	"strings"
	"testing"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// signIn opens a tab in which the operator has signed in.
func (p *panel) signIn(tab *browsertest.Tab) {
	p.t.Helper()
	tab.Go(p.site.URL + "/login")
	tab.Fill("#email", operatorEmail)
	tab.Fill("#password", operatorPassword)
	tab.Click("main button[type=submit]")
	tab.Wait(`location.pathname === "/migrations"`)
}

// says waits until the page says a text.
func says(text string) string { return `document.body.textContent.includes("` + text + `")` }

// The figures, the pill and the buttons of the head move by themselves, and stop
// for good with the migration.
func TestMigrationMovesBeforeTheEyes(t *testing.T) {
	p, feed := livePanel(t)
	tab := browsertest.Open(t)
	m := p.running2("anna", "bruno")
	run := p.copying(m, migration.Tally{Listed: 60, Copied: 40})
	p.signIn(tab)
	tab.Go(p.site.URL + "/migrations/" + m.Code)
	tab.Wait(says("40 di 100"))
	feed.tell(migration.Progress{RunID: run.ID, Status: migration.RunCopying, Folder: "Größe", Tally: migration.Tally{Listed: 60, Copied: 55}})
	tab.Wait(says("55 di 100") + " && " + says("Größe") + ` && !document.querySelector("[data-stale]")`)
	tab.Axe()
	tab.Shot("migration-running")

	pass := m.Passes[1]
	check(t, p.Store.PausePass(t.Context(), p.customer, &pass))
	feed.tell()
	tab.Wait(`document.querySelector(".t-head__actions").textContent.includes("Riprendi") &&
		document.querySelector(".t-head__meta").textContent.includes("In pausa")`)

	check(t, p.Store.BeginPass(t.Context(), p.customer, &pass))
	runs, err := p.Store.Runs(t.Context(), p.customer, pass.ID)
	check(t, err)
	for _, run := range runs {
		if run.Status != migration.RunCopying {
			check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
			check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunCopying))
		}
		run.Tally = migration.Tally{Listed: 100, Present: 100}
		check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
	}
	p.finishPass(p.reread(m))
	feed.tell()
	tab.Wait(says("È tutto a destinazione") + ` && !document.getElementById("live")._htmx?.sse`)
	if now, _ := feed.listening(); now != 0 {
		t.Error("the browser listens on")
	}
	tab.Axe()
	tab.Check()
}

// With scripts the question opens over the list; a refusal is a page.
func TestBinAsksOverTheList(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	cut, running := p.cutOver("anna"), p.running("bruno")
	p.signIn(tab)
	tab.Axe()
	tab.Shot("list")
	tab.Click(`a[href="/migrations/` + cut.Code + `/delete"]`)
	tab.Wait(`document.querySelector("dialog")?.matches(":modal") && document.activeElement.matches("[data-close]")`)
	tab.Axe()
	tab.Shot("delete-dialog")
	tab.Click("dialog [data-close]")
	tab.Wait(`!document.querySelector("dialog")`)

	tab.Click(`a[href="/migrations/` + cut.Code + `/delete"]`)
	tab.Wait(`document.querySelector("dialog")?.open`)
	tab.Click("dialog .btn-danger")
	tab.Wait(says("La migrazione " + cut.Code + " è eliminata."))

	tab.Expect("409")
	tab.Click(`a[href="/migrations/` + running.Code + `/delete"]`)
	tab.Wait(`location.pathname.endsWith("/delete") && ` + says("Una migrazione in corso non si può eliminare."))
	if !strings.Contains(tab.Text("main"), "Help desk") {
		t.Error("nobody is named who helps")
	}
	tab.Axe()
	tab.Check()
}

// What every page of a migration looks like, for axe-core and for the eye.
func TestPagesOfAMigrationKeepNobodyOut(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	cut, bad, draft := p.cutOver("anna", "bruno"), p.refused("carla", "dario"), p.draft("emma")
	p.signIn(tab)
	pages := map[string]string{
		"cut-over": "/migrations/" + cut.Code, "second": "/migrations/" + cut.Code + "/second",
		"delete": "/migrations/" + cut.Code + "/delete", "cancel": "/migrations/" + cut.Code + "/cancel",
		"resources": "/migrations/" + cut.Code + "/resources", "invalid": "/migrations/" + bad.Code,
		"draft": "/migrations/" + draft.Code, "no-hit": "/migrations?q=nothing",
	}
	for name, path := range pages {
		tab.Go(p.site.URL + path)
		tab.Size(1440, 900)
		tab.Axe()
		tab.Shot(name + "-1440")
		tab.Size(390, 844)
		tab.Shot(name + "-390")
		if browsertest.Ask[bool](tab, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page scrolls sideways on a phone", name)
		}
	}
	tab.Check()
}
