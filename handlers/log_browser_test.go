package handlers

import (
	"fmt"
	"testing"

	"trasloco/migration"
	"trasloco/static/browsertest"
	"trasloco/views"
)

// lines are n entries of a run, numbered from first.
func (p *panel) lines(run migration.Run, first, n int) {
	p.t.Helper()
	var entries []migration.Entry
	for i := range n {
		entries = append(entries, migration.Entry{
			At: p.clock.now(), Level: migration.Info, Code: "keywords_dropped",
			Args: migration.Args{"folder": "INBOX", "keywords": fmt.Sprintf("label%03d", first+i)},
		})
	}
	check(p.t, p.Store.AppendEntries(p.t.Context(), p.customer, run.ID, entries))
}

// The tail grows at its end and stays there; held, it waits, and nothing of what
// came meanwhile is lost; it ends with the run.
func TestLogGrowsBeforeTheEyes(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running("anna")
	run := p.copying(m, migration.Tally{Listed: 60, Copied: 40})
	p.lines(run, 0, 120)
	tab := browsertest.Open(t)
	p.signIn(tab)
	address := p.site.URL + views.LogPath(m.Code, 1, 1)
	tab.Go(address)
	const tail = `document.querySelector(".t-tail")`
	shows := func(label string) string { return tail + `?.textContent.includes("` + label + `")` }
	atEnd := `(() => { const box = ` + tail + `.getBoundingClientRect(), last = ` + tail + `.querySelector("li:last-child").getBoundingClientRect();
		return last.bottom <= box.bottom + 1 && last.top >= box.top; })()`
	tab.Wait(shows("label119") + " && !" + shows("label019") + " && " + atEnd)
	tab.Axe()
	tab.Shot("log-running")

	top := browsertest.Ask[float64](tab, tail+`.getBoundingClientRect().top + scrollY`)
	p.lines(run, 120, 5)
	feed.tell(migration.Progress{RunID: run.ID, Status: migration.RunCopying, Folder: "INBOX", Tally: migration.Tally{Listed: 60, Copied: 44}})
	tab.Wait(shows("label124") + " && " + atEnd)
	if now := browsertest.Ask[float64](tab, tail+`.getBoundingClientRect().top + scrollY`); now != top {
		t.Errorf("the log jumped from %v to %v", top, now)
	}

	tab.Click("[data-hold]")
	tab.Wait(`document.querySelector("[data-hold] span").textContent === "Riprendi"`)
	p.lines(run, 125, 1)
	heard := `window.heard = new Promise((done) => document.addEventListener("htmx:sse:before:message", () => done(true), { once: true })), true`
	browsertest.Ask[bool](tab, heard)
	feed.tell(migration.Progress{RunID: run.ID, Status: migration.RunCopying, Folder: "INBOX", Tally: migration.Tally{Listed: 60, Copied: 45}})
	browsertest.Ask[bool](tab, `window.heard`) // it has come, and waits
	if browsertest.Ask[bool](tab, shows("label125")) {
		t.Error("what is held moves")
	}
	tab.Axe()
	tab.Click("[data-hold]")
	tab.Wait(shows("label125") + ` && document.querySelector("[data-hold] span").textContent === "Pausa"`)

	run.Tally = migration.Tally{Listed: 60, Copied: 60}
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
	feed.tell()
	tab.Wait(says("Non è rimasto fuori nulla") + " && !" + tail + ` && !document.getElementById("live")._htmx?.sse`)
	tab.Check()
}
