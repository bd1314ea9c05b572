package handlers

import (
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// busy is a migration in pass 1 of which enough was noted for its curve, with a
// dip in the middle.
func (p *panel) busy(names ...string) migration.Migration {
	p.t.Helper()
	m := p.running(names...)
	run := p.copying(m, migration.Tally{Listed: 4000, Copied: 1})
	copied := 0
	for _, perMinute := range []int{100, 300, 320, 310, 40, 0, 280, 330, 300, 310, 290} {
		copied += perMinute
		p.clock.pass(time.Minute)
		tally := migration.Tally{Listed: 4000, Copied: copied, Bytes: int64(copied) * 80_000}
		check(p.t, p.Store.SaveProgress(p.t.Context(), []migration.RunProgress{{Customer: p.customer, RunID: run.ID, Tally: tally, Folder: "INBOX"}}))
		check(p.t, p.Store.SampleRunning(p.t.Context()))
	}
	return p.reread(m)
}

// The pages of what one does with a migration, for axe-core and for the eye, wide and
// narrow. TestEveryStateKeepsNobodyOut has them in the dark.
func TestPagesOfActionsKeepNobodyOut(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	over := p.finished(migration.Tally{Listed: 101, Present: 99, Skipped: 1, Failed: 1}, "carla")
	busy, failed := p.busy("gina", "hugo"), p.withFailed("anna", "bruno")
	p.answers(failed, time.Hour, "10 mx1.old.example", "20 mx2.old.example")
	p.draft("emma")
	p.signIn(tab)
	pages := []struct{ name, path string }{
		{"chart", "/migrations/" + busy.Code},
		{"failed", "/migrations/" + failed.Code},
		{"correct", "/migrations/" + failed.Code + "/resources/1/edit"},
		{"another", "/migrations/" + over.Code + "/another"},
		{"over", "/migrations/" + over.Code},
		{"report", "/migrations/" + failed.Code + "/report"},
		{"list-filtered", "/migrations?status=valid&sort=-resources"},
		{"list-nothing", "/migrations?group=scheduled"},
	}
	for _, page := range pages {
		tab.Go(p.site.URL + page.path)
		tab.Size(1440, 900)
		tab.Axe()
		tab.Shot(page.name + "-1440")
		tab.Size(320, 844)
		if browsertest.Ask[bool](tab, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s: the page scrolls sideways on a phone", page.name)
		}
		tab.Shot(page.name + "-320")
	}
	// On paper the report keeps its tables, which are cards on so narrow a screen,
	// and nothing of the frame is printed.
	tab.Go(p.site.URL + "/migrations/" + failed.Code + "/report")
	tab.Size(700, 1000)
	const rows = `getComputedStyle(document.querySelector("#report-1")).display`
	if shown := browsertest.Ask[string](tab, rows); shown != "grid" {
		t.Errorf("a row of the report is shown as %q on a narrow screen", shown)
	}
	tab.Paper(true)
	if printed := browsertest.Ask[string](tab, rows); printed != "table-row" {
		t.Errorf("a row of the report is printed as %q", printed)
	}
	for _, part := range []string{".t-side", ".t-top", ".t-crumbs", ".t-noprint"} {
		if browsertest.Ask[bool](tab, `[...document.querySelectorAll("`+part+`")].some(part => part.checkVisibility())`) {
			t.Errorf("%s is printed", part)
		}
	}
	tab.Shot("report-paper")
	tab.Paper(false)
	// The records have changed: the page says so by itself, and offers a time.
	tab.Size(1440, 900)
	tab.Go(p.site.URL + "/migrations/" + failed.Code)
	tab.Wait(says("Da cambiare"))
	p.answers(failed, 5*time.Minute, "10 mx1.new.example", "20 mx2.new.example")
	tab.Go(p.site.URL + "/migrations/" + failed.Code)
	tab.Wait(says("Cambiato, attende il TTL"))
	tab.Axe()
	tab.Shot("mx-changed-1440")
	tab.Click(`button[value="two_ttls"]`)
	tab.Wait(`document.querySelector("#flash")?.textContent.includes("La seconda esecuzione parte")`)
	// A row is corrected, with its fault shown beside its field.
	tab.Expect("422")
	tab.Go(p.site.URL + "/migrations/" + failed.Code + "/resources/1/edit")
	tab.Fill("#host", "mail.old.example")
	tab.Click("main form button[type=submit]")
	tab.Wait(says("Riscrivi la password") + ` && document.querySelector("#errors") !== null`)
	tab.Axe()
	tab.Shot("correct-refused-1440")
	tab.Fill("#password", "new")
	tab.Click("main form button[type=submit]")
	tab.Wait(says("La riga è corretta"))
	tab.Check()
}
