package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axeRun asks for what is wrong by WCAG 2.2 up to AA, and by axe's best
// practices. Each fault comes as one text: what, and where.
const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.flatMap(
	fault => fault.nodes.map(node => fault.id + ": " + node.target.join(" ") + " – " + node.failureSummary)))`

// axeScript reads axe-core once: from $AXE, or where .ci/servers.sh puts it.
var axeScript = sync.OnceValues(func() (string, error) {
	file := os.Getenv("AXE")
	if file == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		file = filepath.Join(root, ".cache", "axe", "axe.min.js")
	}
	script, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("axe-core (.ci/servers.sh install fetches it, or name axe.min.js in AXE): %w", err)
	}
	return string(script), nil
})

// moduleRoot returns the folder of go.mod above the folder the test runs in.
func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", fmt.Errorf("no go.mod above %s", folder)
		}
		folder = parent
	}
}

// Axe fails the test for everything axe-core finds wrong with the page as it is
// now. Scripts must be on. Without axe-core the test ends as Open says.
func (tab *Tab) Axe() {
	tab.t.Helper()
	script, err := axeScript()
	if err != nil {
		lacks(tab.t, err)
	}
	ctx, cancel := context.WithTimeout(tab.ctx, 2*patience)
	defer cancel()
	// The test's own scripts are not bound by the page's policy.
	if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		tab.t.Fatalf("load axe-core: %v", err)
	}
	faults, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("run axe-core: %v", err)
	}
	for _, fault := range faults {
		tab.t.Errorf("axe: %s", strings.ReplaceAll(fault, "\n", " "))
	}
}
