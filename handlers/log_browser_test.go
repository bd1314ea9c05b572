package handlers

import (
	"fmt"
	"os"
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

// sight is how a page is seen.
type sight struct {
	language, scheme string
	width, height    int64
}

func (s sight) String() string { return fmt.Sprintf("%s-%s-%d", s.language, s.scheme, s.width) }

// sights are all of them for pictures, else the two that differ most.
func sights() []sight {
	if os.Getenv("SHOTS") == "" {
		return []sight{{"it", "light", 1440, 900}, {"en", "dark", 320, 700}}
	}
	var all []sight
	for _, language := range []string{"it", "en"} {
		for _, scheme := range []string{"light", "dark"} {
			all = append(all, sight{language, scheme, 1440, 900}, sight{language, scheme, 320, 700})
		}
	}
	return all
}

// The pages of what happened and of the guide keep nobody out, whatever the
// screen, in both languages.
func TestLogResourceAndGuideOnEveryScreen(t *testing.T) {
	p := newPanel(t, func(o *Options) {
		o.Support = Support{Name: "Posta Rossi", Email: "aiuto@rossi.example", URL: "https://rossi.example/aiuto"}
	})
	m := p.running("anna")
	run := p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{
		At: testNow, Level: migration.Failure, Code: migration.EntryTranscript,
		Args: migration.Args{"side": "destination", "dialogue": "C: \"T7 APPEND \\\"INBOX\\\" {71303168+}\"\nS: \"T7 NO [CANNOT] Message contains a virus\"\n"},
	}}))
	m = p.finishPass(m)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.ran(p.reread(m), migration.RunDone, migration.Tally{Listed: 15, Copied: 2, Present: 7, Skipped: 6, Bytes: 900}, someLeft()[:3]...)
	pages := map[string]string{
		"log": views.LogPath(m.Code, 1, 1), "resource": views.ResourcePath(m.Code, 1), "help": "/help", "destinations": "/destinations",
		"destination": "/destinations/1",
	}
	for _, topic := range views.HelpTopicNames() {
		pages["help-"+topic] = views.HelpTopic(topic)
	}
	tab := browsertest.Open(t)
	p.signIn(tab)
	for _, seen := range sights() {
		user := p.operator
		user.Language = seen.language
		check(t, p.Store.SavePreferences(t.Context(), user))
		tab.Scheme(seen.scheme)
		tab.Size(seen.width, seen.height)
		for name, path := range pages {
			tab.Go(p.site.URL + path)
			tab.Axe()
			tab.Shot(name + "-" + seen.String())
			if wide := browsertest.Ask[int](tab, `document.documentElement.scrollWidth`); wide > int(seen.width) {
				t.Errorf("%s in %s is %d wide on a screen of %d", path, seen.language, wide, seen.width)
			}
		}
	}
	tab.Check()
}
