// Package browsertest drives Chromium for the tests of pages. All tests of a
// package share one browser; each has a tab of its own, with cookies of its own,
// and fails if the page complains: an error in the console, a script that threw,
// something that the Content-Security-Policy forbade.
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }
//
//	func TestLogin(t *testing.T) {
//		tab := browsertest.Open(t)
//		tab.Go(server.URL + "/login")
//		tab.Type("#email", "laura@example.net")
//		tab.Click("button[type=submit]")
//		tab.Wait(`document.querySelector("h1").textContent === "Migrations"`)
//		tab.Check()
//	}
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds everything that is asked of the browser: long enough for a
// machine that is busy with other tests.
const patience = 30 * time.Second

// shared is the browser of the test binary, started with the first tab.
var shared browser

type browser struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

// Main runs the tests of a package and then stops the browser, if one was
// started. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	return code
}

// program is Chromium without the windows it would draw for nobody: each tab costs a
// fraction of what it costs the whole browser.
const program = "chromium-headless-shell"

func (b *browser) start() {
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(
		chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		// Tests run as root in containers, where Chromium has no sandbox; the
		// pages are our own.
		chromedp.NoSandbox,
		chromedp.WindowSize(1440, 900),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("lang", "en"),
	)...)
	ctx, end := chromedp.NewContext(allocator)
	b.stop = func() { end(); stop() }
	if err := chromedp.Do(ctx); err != nil {
		b.stop()
		b.stop, b.err = nil, fmt.Errorf("start chromium: %w", err)
		return
	}
	b.ctx = ctx
}

// lacks ends a test that lacks something .ci/servers.sh installs: it fails, or is
// skipped where ALLOW_SKIP=1 says that this is known.
func lacks(t testing.TB, what error) {
	t.Helper()
	if os.Getenv("ALLOW_SKIP") == "1" {
		t.Skip(what)
	}
	t.Fatal(what)
}

// Open opens a tab, which is closed at the end of the test. Where there is no
// Chromium the test fails, or is skipped with ALLOW_SKIP=1.
func Open(t testing.TB) *Tab {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		lacks(t, fmt.Errorf("the browser (.ci/servers.sh install): %w", err))
	}
	shared.once.Do(shared.start)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	ctx, end := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	tab := &Tab{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		end()
		t.Fatal(err)
	}
	tab.listen()
	t.Cleanup(func() {
		tab.Check()
		end()
		tab.listening.Wait()
	})
	return tab
}
