package browsertest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Tab is one page in the browser. Its methods end the test where they do not
// succeed in half a minute. It is for one goroutine.
type Tab struct {
	t         testing.TB
	ctx       context.Context
	listening sync.WaitGroup

	mu         sync.Mutex
	complaints []string
	expected   []string
	marks      int
	heard      chan string
}

// mark is what Check writes to the console to know that everything before it was
// heard.
const mark = "browsertest: heard so far "

// listen collects what the page complains about, until the tab is closed.
func (tab *Tab) listen() {
	tab.heard = make(chan string, 16)
	messages := chromedp.Console(tab.ctx)
	tab.listening.Go(func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			switch {
			case strings.HasPrefix(message.Text, mark):
				tab.heard <- message.Text
			case message.Type == chromedp.ConsoleError || message.IsException() || message.Type == chromedp.ConsoleWarning:
				tab.complain(message.String() + " (" + message.URL + ")")
			}
		}
	})
}

func (tab *Tab) complain(text string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints = append(tab.complaints, text)
}

// Expect says that the page will complain in words that contain text, such as
// "status of 422": browsers write every refused request to the console.
func (tab *Tab) Expect(text string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.expected = append(tab.expected, text)
}

// Check fails the test for every complaint that came since the last Check and
// was not expected. Every tab is checked at the end of its test too.
func (tab *Tab) Check() {
	tab.t.Helper()
	tab.settle()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, complaint := range tab.complaints {
		isExpected := func(text string) bool { return strings.Contains(complaint, text) }
		if !slices.ContainsFunc(tab.expected, isExpected) {
			tab.t.Errorf("the page complains: %s", complaint)
		}
	}
	tab.complaints = nil
}

// settle returns when everything the page said before was heard.
func (tab *Tab) settle() {
	tab.t.Helper()
	tab.marks++
	want := mark + strconv.Itoa(tab.marks)
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void]("console.debug("+strconv.Quote(want)+")")); err != nil {
		tab.t.Errorf("ask the page for its complaints: %v", err)
		return
	}
	for {
		select {
		case got := <-tab.heard:
			if got == want {
				return
			}
		case <-ctx.Done():
			tab.t.Errorf("the console is silent: %v", ctx.Err())
			return
		}
	}
}

// Do runs actions of chromedp, for what Tab has no method for.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatal(err)
	}
}

// Ask evaluates an expression in the page and returns its value, that of the
// promise if it is one.
func Ask[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Wait returns when an expression is true in the page. While a page is exchanged
// for another the expression may not be answered; it is asked again.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	deadline := time.Now().Add(patience) //nolint:forbidigo // the browser's time is the real one
	var last error
	for time.Now().Before(deadline) { //nolint:forbidigo // as above
		ctx, cancel := context.WithTimeout(tab.ctx, patience)
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if met {
			return
		}
		last = err
		time.Sleep(20 * time.Millisecond)
	}
	tab.t.Fatalf("waited in vain for %s (last error: %v)\n%s", expression, last, tab.Text("body"))
}

// Go opens an address and waits until the page has loaded, with its fonts,
// whatever its status.
func (tab *Tab) Go(address string) {
	tab.t.Helper()
	tab.Do(chromedp.Navigate(address))
	tab.Wait(`document.readyState === "complete" && document.fonts.status === "loaded"`)
}

// Click clicks the first element of a CSS selector, after it can be seen and the
// page has come to rest: a font that arrives late moves everything.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.Do(chromedp.ScrollIntoView(chromedp.CSS(selector), chromedp.NodeVisible))
	tab.Wait(`document.readyState === "complete" && document.fonts.status === "loaded" && (() => {
		const {x, y} = document.querySelector(` + strconv.Quote(selector) + `).getBoundingClientRect(), here = x + " " + y;
		return window.browsertestAt === here || !(window.browsertestAt = here);
	})()`)
	tab.Do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type puts the focus on a field and writes into it, behind what stands there.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.Do(chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Fill replaces what stands in a field.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	tab.Do(chromedp.SetValue(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Press presses a key, such as "\t" or "\r", wherever the focus is.
func (tab *Tab) Press(key string) {
	tab.t.Helper()
	tab.Do(chromedp.KeyEvent(key))
}

// Upload chooses a file in a file field.
func (tab *Tab) Upload(selector, file string) {
	tab.t.Helper()
	tab.Do(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Text returns the visible text of the first element of a selector.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return Ask[string](tab, "document.querySelector("+strconv.Quote(selector)+")?.innerText ?? ''")
}

// Location returns the address of the page.
func (tab *Tab) Location() string {
	tab.t.Helper()
	return Ask[string](tab, "location.href")
}

// Size gives the page a width and a height in CSS pixels.
func (tab *Tab) Size(width, height int64) {
	tab.t.Helper()
	tab.Do(chromedp.EmulateViewport(width, height))
}

// Scheme makes the system prefer a look: "light" or "dark".
func (tab *Tab) Scheme(scheme string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	}))
}

// Paper shows the page as it is printed, or on the screen again. It undoes
// Scheme.
func (tab *Tab) Paper(on bool) {
	tab.t.Helper()
	media := ""
	if on {
		media = "print"
	}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media})
		return err
	}))
}

// Scripts switches the scripts of the pages on or off. What the test itself asks
// of the page works either way.
func (tab *Tab) Scripts(on bool) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// Language sets what the browser sends as Accept-Language.
func (tab *Tab) Language(tag string) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": tag},
		})
		return err
	}))
}

// Shot writes a picture of the whole page to the folder in $SHOTS, as name.png;
// nothing if it is not set.
func (tab *Tab) Shot(name string) {
	tab.t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)
	}
	if err != nil {
		tab.t.Errorf("picture %s: %v", name, err)
	}
}

// named finds what a person would press by the words that stand on it: the
// element's own name first, else one that begins with it; in an open dialog if
// there is one. It answers with a selector of that element.
const named = `(name => {
	const words = text => (text ?? "").replace(/\s+/g, " ").trim();
	const all = [...(document.querySelector("dialog[open]") ?? document).querySelectorAll("a, button, summary, label, input[type=submit]")]
		.filter(found => found.checkVisibility()).map(found => [found, words(found.getAttribute("aria-label") ?? found.innerText ?? found.value)]);
	let [found] = all.find(([, text]) => text === name) ?? all.find(([, text]) => text.startsWith(name)) ?? [];
	const path = [];
	for (; found?.parentElement; found = found.parentElement)
		path.unshift(found.localName + ":nth-child(" + (1 + [...found.parentElement.children].indexOf(found)) + ")");
	return path.length ? ":root > " + path.join(" > ") : "";
})`

// ClickNamed clicks the link, button or label that has a name, after there is
// one.
func (tab *Tab) ClickNamed(name string) {
	tab.t.Helper()
	call := named + "(" + strconv.Quote(name) + ")"
	tab.Wait(call)
	tab.Click(Ask[string](tab, call))
}

// SignIn gives the tab the cookies of another browser.
func (tab *Tab) SignIn(address string, cookies []*http.Cookie) {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, cookie := range cookies {
			if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{
				Name: cookie.Name, Value: cookie.Value, URL: address,
			}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// ForgetCookies makes the tab a stranger.
func (tab *Tab) ForgetCookies() {
	tab.t.Helper()
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
}
