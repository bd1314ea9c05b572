package views_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"trasloco/static/browsertest"
	"trasloco/views"
	"trasloco/views/ui"
)

// stream is a live address whose every step the test decides.
type stream struct {
	opened chan *connection
}

// connection is one browser that listens.
type connection struct {
	lastEventID string
	says        chan string   // "" hangs up
	gone        chan struct{} // closed when the browser left
}

func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &connection{lastEventID: r.Header.Get("Last-Event-ID"), says: make(chan string), gone: make(chan struct{})}
	defer close(c.gone)
	select {
	case s.opened <- c:
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	for {
		_ = flush.Flush()
		select {
		case text := <-c.says:
			if text == "" {
				return
			}
			_, _ = io.WriteString(w, text)
		case <-r.Context().Done():
			return
		}
	}
}

// state is a whole state as an event.
func state(n int) string {
	var html strings.Builder
	_ = liveState(n).Render(context.Background(), &html)
	return fmt.Sprintf("id: %d\ndata: %s\n\n", n, strings.ReplaceAll(html.String(), "\n", "\ndata: "))
}

func liveState(n int) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<p id="count">%d</p>
<progress max="9" value="%d" aria-label="Messages"></progress>
<details id="more"><summary>More</summary><p>Words</p></details>
<form><label for="note">Note</label> <input id="note" name="note" value=""></form>
<table><tbody id="rows">`, n, n)
		// The order changes with every state.
		for i := range 3 {
			row := (i + n) % 3
			_, _ = fmt.Fprintf(w, `<tr id="row-%d"><td><a href="#row-%d">row %d</a></td><td>%d</td></tr>`, row, row, row, n)
		}
		_, _ = io.WriteString(w, `</tbody></table>`)
		return err
	})
}

func openLive(t *testing.T) (*browsertest.Tab, *stream) {
	t.Helper()
	site := newSite(t)
	s := &stream{opened: make(chan *connection)}
	site.mux.Handle("/events", s)
	site.show("/live", http.StatusOK, inside(views.Shell(site.page("Live")),
		ui.Head(ui.HeadSpec{Title: "Live"}), inside(ui.Live("live", "/events"), ui.Stale(), liveState(0))))
	tab := browsertest.Open(t)
	tab.Go(site.URL + "/live")
	return tab, s
}

func count(n int) string {
	return fmt.Sprintf(`document.getElementById("count").textContent === "%d"`, n)
}

func TestLivePartIsMorphedInPlace(t *testing.T) {
	tab, s := openLive(t)
	c := <-s.opened
	c.says <- state(1)
	tab.Wait(count(1))

	tab.Click("#more summary")
	tab.Type("#note", "half a wor")
	browsertest.Ask[bool](tab, `window.kept = document.getElementById("row-2"), true`)
	c.says <- state(2)
	tab.Wait(count(2))
	tests := []struct{ name, expression string }{
		{"the focus stays", `document.activeElement.id === "note"`},
		{"what one types stays", `document.getElementById("note").value === "half a wor"`},
		{"what one opened stays open", `document.getElementById("more").open`},
		{"a row is the same one in another place", `window.kept === document.getElementById("row-2") && kept.isConnected`},
		{"a row shows the new state", `kept.textContent === "row 22"`},
		{"the rows are in the new order", `[...document.querySelectorAll("#rows tr")].map(r => r.id).join() === "row-2,row-0,row-1"`},
	}
	for _, tt := range tests {
		if !browsertest.Ask[bool](tab, tt.expression) {
			t.Errorf("%s: not so", tt.name)
		}
	}
	tab.Type("#note", "d")
	if got := browsertest.Ask[string](tab, `document.getElementById("note").value`); got != "half a word" {
		t.Errorf("typed on: %q", got)
	}
}

// One row of a large table costs one row.
func TestLivePartTakesPartials(t *testing.T) {
	tab, s := openLive(t)
	c := <-s.opened
	c.says <- state(1)
	tab.Wait(count(1))
	browsertest.Ask[bool](tab, `window.kept = document.getElementById("row-2"), kept.querySelector("a").focus(), true`)
	c.says <- `data: <hx-partial hx-target="#row-2" hx-swap="outerMorph"><tr id="row-2"><td><a href="#row-2">row two</a></td><td>7</td></tr></hx-partial>` + "\n\n"
	tab.Wait(`document.getElementById("row-2").textContent === "row two7"`)
	if !browsertest.Ask[bool](tab, count(1)+` && kept.isConnected && kept.contains(document.activeElement) && document.querySelectorAll("#rows tr").length === 3`) {
		t.Error("more changed than the row, or the focus is gone")
	}
}

func TestLivePartComesBackAfterTheServerHangsUp(t *testing.T) {
	tab, s := openLive(t)
	c := <-s.opened
	c.says <- state(1)
	tab.Wait(count(1))
	c.says <- ""
	c = <-s.opened
	if c.lastEventID != "1" {
		t.Errorf("Last-Event-ID %q", c.lastEventID)
	}
	c.says <- state(2)
	tab.Wait(count(2))
}

// A hidden tab costs the server nothing; when it is looked at again it gets the
// state of that moment.
func TestLivePartSleepsInAHiddenTab(t *testing.T) {
	tab, s := openLive(t)
	c := <-s.opened
	c.says <- state(1)
	tab.Wait(count(1))
	hide := `Object.defineProperty(document, "hidden", {value: %v, configurable: true}), document.dispatchEvent(new Event("visibilitychange"))`
	browsertest.Ask[bool](tab, fmt.Sprintf(hide, true))
	<-c.gone
	select {
	case <-s.opened:
		t.Fatal("a hidden tab listens")
	default:
	}
	browsertest.Ask[bool](tab, fmt.Sprintf(hide, false))
	c = <-s.opened
	c.says <- state(5)
	tab.Wait(count(5))
}

func TestLivePartEndsForGood(t *testing.T) {
	tab, s := openLive(t)
	c := <-s.opened
	browsertest.Ask[bool](tab, `document.addEventListener("htmx:sse:close", e => { window.reason = e.detail.reason }), true`)
	c.says <- state(9) + "event: done\ndata: \n\n"
	tab.Wait(`window.reason === "message"`)
	<-c.gone
	if !browsertest.Ask[bool](tab, count(9)+` && !document.getElementById("live")._htmx.sse`) {
		t.Error("the last state is missing, or the part still listens")
	}
}

// openRefused opens the page whose very first connection is refused. A script named as
// late comes with time for the page before it, as over a slow line.
func openRefused(t *testing.T, late string) (*browsertest.Tab, *stream) {
	t.Helper()
	site := newSite(t)
	s := &stream{opened: make(chan *connection)}
	refused := make(chan struct{}, 1)
	refused <- struct{}{}
	site.mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-refused:
			http.Error(w, "<p id=\"count\">wrong</p>", http.StatusServiceUnavailable)
		default:
			s.ServeHTTP(w, r)
		}
	})
	if late != "" {
		site.mux.HandleFunc(site.assets.Path(late), func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(300 * time.Millisecond)
			site.assets.ServeHTTP(w, r)
		})
	}
	site.show("/live", http.StatusOK, inside(views.Shell(site.page("Live")),
		ui.Head(ui.HeadSpec{Title: "Live"}), inside(ui.Live("live", "/events"), ui.Stale(), liveState(0))))
	tab := browsertest.Open(t)
	tab.Expect("status of 503")
	tab.Go(site.URL + "/live")
	return tab, s
}

// hx-sse itself does not try again when the very first connection fails. Nor would
// anybody where a script came after that.
func TestLivePartTriesAgainFromTheBeginning(t *testing.T) {
	for _, late := range []string{"", "hx-sse.min.js", "panel.js"} {
		t.Run("late: "+late, func(t *testing.T) {
			tab, s := openRefused(t, late)
			tab.Wait(`document.querySelector(".t-stale").checkVisibility()`)
			if !browsertest.Ask[bool](tab, count(0)) {
				t.Error("the refusal was taken for a state")
			}
			c := <-s.opened
			c.says <- state(1)
			tab.Wait(count(1) + ` && !document.getElementById("live").hasAttribute("data-stale")`)
		})
	}
}

// Nothing to follow any more: the page stays as it is.
func TestLivePartStaysWhereThereIsNothingToFollow(t *testing.T) {
	site := newSite(t)
	asked := make(chan struct{}, 8)
	site.mux.HandleFunc("/events", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		asked <- struct{}{}
	})
	site.show("/live", http.StatusOK, inside(views.Shell(site.page("Live")),
		ui.Head(ui.HeadSpec{Title: "Live"}), inside(ui.Live("live", "/events"), ui.Stale(), liveState(3))))
	tab := browsertest.Open(t)
	tab.Go(site.URL + "/live")
	<-asked
	tab.Wait(`!document.querySelector(".htmx-request")`)
	if !browsertest.Ask[bool](tab, count(3)) || browsertest.Ask[bool](tab, `document.getElementById("live").hasAttribute("data-stale")`) {
		t.Error("the page changed")
	}
}
