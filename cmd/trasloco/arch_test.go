package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is one row of the import table (docs/decisions/0001): what the Go files
// of a folder may import besides the standard library and their own package.
// The most exact path wins, so a folder without a row follows its parent's.
type room struct {
	path string
	// own are packages of this module, by folder. A name stands for that one
	// package; "name/..." for it and all below.
	own []string
	// modules are prefixes of foreign import paths.
	modules []string
	// inTests are more of both, for _test.go files alone.
	inTests []string
}

// everything is for the rooms where the program is put together.
const everything = "..."

var rooms = []room{
	{path: "migration", modules: []string{"golang.org/x/text", "golang.org/x/net/idna"}},
	{path: "locale", modules: []string{"github.com/nicksnyder/go-i18n/v2", "golang.org/x/text"}},

	{
		path: "imapsync",
		own:  []string{"migration", "imapsync/wire"},
		modules: []string{
			"github.com/emersion/go-imap/v2", "github.com/emersion/go-sasl",
			"github.com/xdg-go/scram", "golang.org/x/oauth2", "golang.org/x/sync", "golang.org/x/text",
		},
		inTests: []string{"imapsync", "imapsync/imaptest/...", "store"},
	},
	{
		path:    "imapsync/wire",
		own:     []string{"migration"},
		modules: []string{"github.com/emersion/go-imap/v2", "github.com/emersion/go-sasl", "golang.org/x/text"},
		inTests: []string{"imapsync/imaptest/..."},
	},
	{
		path:    "imapsync/imaptest",
		own:     []string{"migration", "imapsync", "imapsync/wire", "imapsync/imaptest/..."},
		modules: []string{"github.com/emersion/go-imap/v2", "github.com/emersion/go-sasl", "golang.org/x/text"},
	},
	// A program of its own: a server to try things with.
	{
		path:    "imapsync/imaptest/imapd",
		own:     []string{"migration", "imapsync/imaptest/..."},
		modules: []string{"github.com/alecthomas/kong", "github.com/emersion/go-imap/v2"},
	},
	// Another: it compares the built product with others, from outside.
	{path: "imapsync/imaptest/bench", own: []string{"imapsync/imaptest/..."}},
	// The comparison after a copy proves nothing if it reads with the engine's
	// eyes, so it has none of the engine's packages and no IMAP library.
	{path: "imapsync/imaptest/audit", modules: []string{"golang.org/x/text"}, inTests: []string{"imapsync/imaptest/..."}},

	{
		path:    "store",
		own:     []string{"migration"},
		modules: []string{"modernc.org/sqlite", "github.com/pressly/goose/v3", "golang.org/x/sync", "golang.org/x/sys"},
	},
	{
		path: "views", own: []string{"migration", "locale", "views/..."}, modules: []string{"github.com/a-h/templ"},
		inTests: []string{"static/...", "golang.org/x/net/html"},
	},
	{
		path:    "notify",
		own:     []string{"migration", "locale"},
		modules: []string{"github.com/a-h/templ", "github.com/wneessen/go-mail"},
		inTests: []string{"github.com/emersion/go-smtp", "github.com/emersion/go-sasl"},
	},
	{path: "static", inTests: []string{"static/browsertest"}},
	// The browser of the page tests; no part of the program.
	{path: "static/browsertest", modules: []string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto", "golang.org/x/net/html"}, inTests: []string{"static"}},

	{
		path: "schedule",
		own:  []string{"migration", "imapsync"}, modules: []string{"github.com/go-co-op/gocron/v2", "github.com/miekg/dns"},
		inTests: []string{"store", "imapsync/imaptest/..."},
	},
	{
		path:    "handlers",
		own:     []string{"migration", "store", "views/...", "locale", "static"},
		modules: []string{"github.com/labstack/echo/v4", "github.com/gorilla/sessions", "github.com/a-h/templ", "golang.org/x/crypto/argon2", "github.com/pquerna/otp"},
		inTests: []string{"github.com/chromedp", "static/browsertest", "golang.org/x/net/html", "modernc.org/sqlite"},
	},
	{path: "cmd", own: []string{everything}, modules: []string{everything}},
}

// forEveryTest may be imported by the tests of any room.
var forEveryTest = []string{"go.uber.org/goleak"}

// oneFile names modules that a single file stands between the rest and.
var oneFile = map[string]string{
	"github.com/go-co-op/gocron/v2": "schedule/schedule.go",
	"github.com/miekg/dns":          "schedule/dns.go",
}

// Folders at the top of the tree that hold no room.
var otherFolders = []string{"bin", "docs", "packaging", "tools"}

// Names that say nothing about what lies in a folder.
var badNames = []string{"internal", "pkg", "util", "utils", "common", "models", "types", "services", "helpers", "misc"}

func TestImportTable(t *testing.T) {
	root, module := moduleRoot(t)
	seen := 0
	walkModule(t, root, func(file string) {
		for _, imported := range importsOf(t, filepath.Join(root, file)) {
			seen++
			if fault := importFault(module, file, imported); fault != "" {
				t.Errorf("%s imports %s: %s", file, imported, fault)
			}
		}
	}, nil)
	if seen == 0 {
		t.Errorf("no import found below %s: the walk is broken", root)
	}
}

func TestFolderNames(t *testing.T) {
	root, _ := moduleRoot(t)
	seen := 0
	walkModule(t, root, nil, func(folder string) {
		seen++
		if fault := folderFault(folder); fault != "" {
			t.Errorf("folder %s: %s", folder, fault)
		}
	})
	if seen == 0 {
		t.Errorf("no folder found below %s: the walk is broken", root)
	}
}

func TestImportTableCanFail(t *testing.T) {
	tests := []struct {
		name, file, imported string
		allowed              bool
	}{
		{"the domain knows the standard library", "migration/csv.go", "unicode/utf8", true},
		{"the domain decodes text", "migration/csv.go", "golang.org/x/text/encoding/charmap", true},
		{"the domain knows IDN and nothing else of x/net", "migration/host.go", "golang.org/x/net/idna", true},
		{"the domain does no HTTP/2", "migration/host.go", "golang.org/x/net/http2", false},
		{"the domain knows no room", "migration/run.go", "trasloco/store", false},
		{"the domain speaks no language", "migration/problem.go", "trasloco/locale", false},
		{"a module is not matched by half its name", "locale/locale.go", "golang.org/x/textile", false},
		{"the engine knows the domain", "imapsync/sync.go", "trasloco/migration", true},
		{"the engine knows its wire", "imapsync/copy.go", "trasloco/imapsync/wire", true},
		{"the engine does not know the store", "imapsync/journal.go", "trasloco/store", false},
		{"the engine's tests use the real store", "imapsync/sync_test.go", "trasloco/store", true},
		{"the engine is not built with test servers", "imapsync/sync.go", "trasloco/imapsync/imaptest/imapd", false},
		{"the wire does not know the engine", "imapsync/wire/conn.go", "trasloco/imapsync", false},
		{"the wire's tests do not know the engine", "imapsync/wire/conn_test.go", "trasloco/imapsync", false},
		{"test servers may know the engine", "imapsync/imaptest/realserver/dovecot.go", "trasloco/imapsync/wire", true},
		{"the comparison does not use the engine", "imapsync/imaptest/audit/audit.go", "trasloco/imapsync", false},
		{"the comparison does not use the wire", "imapsync/imaptest/audit/audit.go", "trasloco/imapsync/wire", false},
		{"the comparison's tests do not either", "imapsync/imaptest/audit/audit_test.go", "trasloco/imapsync/wire", false},
		{"the comparison uses no IMAP library", "imapsync/imaptest/audit/audit.go", "github.com/emersion/go-imap/v2", false},
		{"the store does not know the engine", "store/journal.go", "trasloco/imapsync", false},
		{"the store does not know the web", "store/session.go", "github.com/labstack/echo/v4", false},
		{"pages do not know the store", "views/rows.go", "trasloco/store", false},
		{"parts of pages are pages", "views/rows.go", "trasloco/views/ui", true},
		{"parts of pages obey the row of pages", "views/ui/pill.go", "trasloco/store", false},
		{"pages are looked at in a browser", "views/ui/parts_test.go", "trasloco/static/browsertest", true},
		{"no page is made with a browser", "views/ui/parts.go", "trasloco/static/browsertest", false},
		{"handlers do not know the engine", "handlers/wizard.go", "trasloco/imapsync", false},
		{"handlers do not know the scheduler", "handlers/wizard.go", "trasloco/schedule", false},
		{"the scheduler does not know the web", "schedule/pass.go", "trasloco/handlers", false},
		{"gocron stands in one file", "schedule/schedule.go", "github.com/go-co-op/gocron/v2", true},
		{"DNS stands in one file", "schedule/dns.go", "github.com/miekg/dns", true},
		{"and in its test, which has a server", "schedule/dns_test.go", "github.com/miekg/dns", true},
		{"DNS stands in no other file", "schedule/cutover.go", "github.com/miekg/dns", false},
		{"gocron stands in no other file", "schedule/pass.go", "github.com/go-co-op/gocron/v2", false},
		{"the command knows everybody", "cmd/trasloco/serve.go", "trasloco/handlers", true},
		{"nobody knows the command", "handlers/server.go", "trasloco/cmd/trasloco", false},
		{"a leak finder is for tests", "store/store_test.go", "go.uber.org/goleak", true},
		{"a leak finder is for tests only", "store/store.go", "go.uber.org/goleak", false},
		{"a folder without a row may import nothing", "panel/panel.go", "trasloco/migration", false},
		{"a Go file at the top has no room", "main.go", "fmt", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fault := importFault("trasloco", test.file, test.imported)
			if (fault == "") != test.allowed {
				t.Errorf("%s imports %s: fault %q, want allowed %v", test.file, test.imported, fault, test.allowed)
			}
		})
	}
}

func TestFolderNamesCanFail(t *testing.T) {
	tests := []struct {
		name, folder string
		allowed      bool
	}{
		{"a room", "migration", true},
		{"a folder in a room", "imapsync/imaptest/audit", true},
		{"no room but known", "docs/decisions", true},
		{"a new folder at the top", "panel", false},
		{"a name that says nothing, at the top", "pkg", false},
		{"a name that says nothing, below", "store/utils", false},
		{"the same in capitals", "store/Helpers", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if fault := folderFault(test.folder); (fault == "") != test.allowed {
				t.Errorf("folder %s: fault %q, want allowed %v", test.folder, fault, test.allowed)
			}
		})
	}
}

// importFault says why file, a path inside the module, may not import a path;
// it returns "" if it may.
func importFault(module, file, imported string) string {
	row, ok := roomOf(filepath.ToSlash(filepath.Dir(file)))
	if !ok {
		return "the folder has no row in the import table"
	}
	if one, ok := oneFile[imported]; ok && file != one && file != strings.TrimSuffix(one, ".go")+"_test.go" {
		return "only " + one + " may"
	}
	isTest := strings.HasSuffix(file, "_test.go")
	own, isOwn := strings.CutPrefix(imported, module+"/")
	switch {
	case isStandard(imported, module):
		return ""
	case isOwn && (ownAllowed(row.own, own) || isTest && ownAllowed(testRows(row), own)):
		return ""
	case !isOwn && (moduleAllowed(row.modules, imported) || isTest && moduleAllowed(testRows(row), imported)):
		return ""
	}
	return "not in the row of " + row.path
}

// testRows are what the tests of a room may import beyond the room itself:
// every package may be imported by its own external tests.
func testRows(row room) []string {
	return slices.Concat(row.inTests, forEveryTest, []string{row.path})
}

func ownAllowed(allowed []string, folder string) bool {
	return slices.ContainsFunc(allowed, func(entry string) bool {
		tree, isTree := strings.CutSuffix(entry, "/...")
		return entry == everything || folder == entry || isTree && within(folder, tree)
	})
}

func moduleAllowed(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(entry string) bool {
		return entry == everything || within(imported, entry)
	})
}

// folderFault says why a folder, a path inside the module, must not be there.
func folderFault(folder string) string {
	name := strings.ToLower(filepath.Base(folder))
	if slices.Contains(badNames, name) {
		return "the name does not say what lies in it"
	}
	top, _, _ := strings.Cut(filepath.ToSlash(folder), "/")
	if _, ok := roomOf(top); !ok && !slices.Contains(otherFolders, top) {
		return "a new folder at the top needs a decision record and a row here"
	}
	return ""
}

// roomOf returns the row of the nearest folder that has one.
func roomOf(folder string) (room, bool) {
	best, found := room{}, false
	for _, r := range rooms {
		if within(folder, r.path) && len(r.path) > len(best.path) {
			best, found = r, true
		}
	}
	return best, found
}

// within reports whether path is tree or lies below it.
func within(path, tree string) bool {
	return path == tree || strings.HasPrefix(path, tree+"/")
}

// isStandard tells the standard library by its first element, which has no dot.
func isStandard(imported, module string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && first != module
}

// moduleRoot returns the folder of go.mod and the name in it.
func moduleRoot(t *testing.T) (root, module string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return root, strings.TrimSpace(name)
		}
	}
	t.Fatalf("%s/go.mod names no module", root)
	return "", ""
}

// walkModule calls onFile for every Go file and onFolder for every folder of
// the module, with paths relative to root. Either may be nil. Hidden folders,
// testdata and modules inside the module are left out.
func walkModule(t *testing.T, root string, onFile, onFolder func(string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && isForeign(path, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() && onFolder != nil:
			onFolder(relative)
		case !entry.IsDir() && onFile != nil && filepath.Ext(path) == ".go":
			onFile(relative)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isForeign(path, name string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil || name == "testdata" || strings.HasPrefix(name, ".")
}

// importsOf returns the import paths of a Go file, whatever its build tags.
func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
