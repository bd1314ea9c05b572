package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/static/browsertest"
)

// mostShift is how far a page may move by itself in all, as browsers measure it:
// a tenth of what they call good.
const mostShift = 0.01

// shifted sums up how far what stands in a page has moved by itself since it was
// opened: not within half a second of a click or a key. It names what moved.
const shifted = `new Promise(done => {
	const found = [];
	const name = ({ node }) => node ? (node.localName ?? "text") + "." + (node.className ?? node.data.trim()) : "gone";
	const watch = new PerformanceObserver(list => {
		for (const entry of list.getEntries()) if (!entry.hadRecentInput) found.push(entry);
	});
	watch.observe({ type: "layout-shift", buffered: true });
	const after = (frames, then) => frames ? requestAnimationFrame(() => after(frames - 1, then)) : setTimeout(then, 20);
	after(3, () => {
		watch.disconnect();
		done({ Score: found.reduce((sum, entry) => sum + entry.value, 0), What: found.map(entry => entry.value.toFixed(4) + " " + entry.sources.map(name).join(", ")).join("; ") });
	});
})`

type shift struct {
	Score float64
	What  string
}

// staysPut asserts that nothing has moved in the page since it was opened.
func staysPut(t *testing.T, tab *browsertest.Tab, when string) {
	t.Helper()
	if found := browsertest.Ask[shift](tab, shifted); found.Score >= mostShift {
		t.Errorf("%s: %.4f: %s", when, found.Score, found.What)
	}
}

// slowFonts serves a panel over a line on which fonts come after the first picture
// of a page, and are not kept for the next.
func slowFonts(t *testing.T, p *panel) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, ".woff2") {
			p.Server.ServeHTTP(w, r)
			return
		}
		font := httptest.NewRecorder()
		p.Server.ServeHTTP(font, r)
		time.Sleep(200 * time.Millisecond)
		w.Header().Set("Content-Type", font.Header().Get("Content-Type"))
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(font.Body.Bytes()) // a browser may have gone
	}))
	t.Cleanup(site.Close)
	return site
}

// landmarks are where things stand on the page that one reads along or aims at.
const landmarks = `Object.fromEntries([...document.querySelectorAll("main :is(h1, h2, h3, dt, tr[id], th, label, .t-head__actions .btn, .t-actions .btn)")].map(part => {
	const { x, y } = part.getBoundingClientRect();
	return [part.id || part.localName + " " + part.textContent.trim(), Math.round(x + scrollX) + ", " + Math.round(y + scrollY)];
}))`

// standsStill asserts that what a page shows after a live change stands where it
// stood before. Browsers do not measure that: to them new parts are no old ones
// that have moved.
func standsStill(t *testing.T, tab *browsertest.Tab, when string, change func()) {
	t.Helper()
	before := browsertest.Ask[map[string]string](tab, landmarks)
	change()
	after := browsertest.Ask[map[string]string](tab, landmarks)
	kept := 0
	for name, place := range before {
		now, there := after[name]
		if there {
			kept++
		}
		if there && now != place {
			t.Errorf("%s: %s moved from %s to %s", when, name, place, now)
		}
	}
	if kept < 5 {
		t.Errorf("%s: only %d landmarks, of %d and %d", when, kept, len(before), len(after))
	}
}

// A person who reads loses no line, and who aims at a button hits it: nothing
// moves while a page loads, however late its font comes.
func TestPagesStayPutWhileTheyLoad(t *testing.T) {
	p := newPanel(t)
	done, m, w := p.cutOver("dora"), p.running2("anna", "bruno"), p.inWizard(p.operator).toReview()
	p.copying(m, migration.Tally{Listed: 60, Copied: 40})
	p.site = slowFonts(t, p)
	tab := browsertest.Open(t)
	tab.Go(p.site.URL + "/login")
	staysPut(t, tab, "/login")
	p.signIn(tab)
	pages := []string{"/migrations", "/migrations/" + m.Code, path("migrations", done.Code, "resources", 1, "log", 1), path("migrations", done.Code, "report")}
	for _, step := range []string{"server", "file", "first", "second", "review"} {
		pages = append(pages, w.path(step))
	}
	for i, page := range pages {
		width := []int64{1440, 390}[i%2]
		tab.Size(width, 844)
		tab.Go(p.site.URL + page)
		staysPut(t, tab, fmt.Sprintf("%s, %d px", page, width))
	}
	browsertest.Ask[any](tab, `document.querySelector("main").before(Object.assign(document.createElement("p"), { innerText: "pushes everything down\n".repeat(9) }))`)
	if found := browsertest.Ask[shift](tab, shifted); found.Score < mostShift {
		t.Errorf("a page that was pushed down is measured with %.4f: the test looks past what moves", found.Score)
	}
}

// Nor does anything while figures grow, a resource ends or rows are checked.
func TestPagesStayPutWhileTheyAreLive(t *testing.T) {
	p, feed := livePanel(t)
	tab := browsertest.Open(t)
	italian := locale.With(t.Context(), locale.Italian)
	m := p.running2("anna", "bruno", "carla")
	run := p.copying(m, migration.Tally{Listed: 100})
	p.signIn(tab)
	copied := func(n int) func() {
		return func() {
			feed.tell(migration.Progress{RunID: run.ID, Status: migration.RunCopying, Folder: "Größe", Tally: migration.Tally{Listed: 842_732, Copied: n, Bytes: int64(n) << 10}})
			tab.Wait(says(locale.Number(italian, n)))
		}
	}
	for _, width := range []int64{390, 1440} {
		tab.Size(width, 844)
		tab.Go(p.site.URL + "/migrations/" + m.Code)
		copied(42)()
		for _, n := range []int{1_003, 71_205, 842_731} {
			standsStill(t, tab, fmt.Sprintf("%d copied, %d px", n, width), copied(n))
		}
		w := p.inWizard(p.operator)
		w.post("server", "server", "standard")
		w.upload(goodFile)
		tab.Go(p.site.URL + w.path("file"))
		tab.Shot(fmt.Sprintf("wizard-2-checking-%d", width))
		if bar := browsertest.Ask[string](tab, `[".t-checkbar", ".t-tablebox"].map(part => document.querySelector(part).offsetWidth).join(" of ")`); width < 600 && bar != "358 of 358" {
			t.Errorf("on a phone the bar of the checks is as wide as the table, not %s px", bar)
		}
		standsStill(t, tab, fmt.Sprintf("rows are checked, %d px", width), func() {
			w.checked(nil)
			feed.tell()
			tab.Wait(says("8.412"))
		})
	}
	tab.Go(p.site.URL + "/migrations/" + m.Code)
	standsStill(t, tab, "a resource has ended", func() {
		run.Tally = migration.Tally{Listed: 100, Copied: 99, Failed: 1}
		check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
		feed.tell()
		tab.Wait(`document.querySelector("#r1 .t-st--ok, #r1 .t-st--wait")`)
	})
}
