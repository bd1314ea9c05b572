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
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
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
	debug.SetGCPercent(400) // the race detector makes collecting dear, and memory is there
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	return code
}

// program is Chromium without the windows it would draw for nobody: each tab costs a
// fraction of what it costs the whole browser.
const program = "chromium-headless-shell"

// start starts the browser, once more if it does not come up: on a machine that
// is busy with other tests it sometimes hangs before it answers.
func (b *browser) start() {
	if b.err = b.try(); errors.Is(b.err, errSilent) {
		b.err = b.try()
	}
}

func (b *browser) try() error {
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
	if err := within(func() error { return chromedp.Do(ctx) }); err != nil {
		stop() // kills it
		return fmt.Errorf("start chromium: %w", err)
	}
	b.ctx = ctx
	b.stop = func() {
		_ = within(func() error { end(); return nil })
		stop()
	}
	return nil
}

var errSilent = errors.New("the browser does not answer")

// within bounds by patience what chromedp does not: the first thing that is asked of
// a browser or a tab, whose context must outlive it, and the end of either.
func within(do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errSilent
	}
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
	if err := within(func() error { return chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)) }); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	tab.listen()
	t.Cleanup(func() {
		tab.Check()
		err := within(func() error {
			end()
			tab.listening.Wait()
			return nil
		})
		if err != nil {
			t.Errorf("close the tab: %v", err)
		}
	})
	return tab
}
