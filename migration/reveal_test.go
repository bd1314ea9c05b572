package migration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayReveal are the files that may open a secret, and what for. Tests may too.
var mayReveal = map[string]string{
	"handlers/factor.go":      "shows a new second factor and recovery codes, tries codes",
	"handlers/link.go":        "shows a link where there is no mail",
	"handlers/wizard_key.go":  "keeps the key of a service account with the file of a draft",
	"handlers/wizard_file.go": "reads and corrects the file of a draft",
	"imapsync/google.go":      "signs with the private key of a service account",
	"imapsync/password.go":    "hands passwords to the IMAP server",
	"imapsync/oauth.go":       "hands the client secret to the token server",
	"notify/notify.go":        "hands the password to the mail server",
	"notify/account.go":       "writes a link into a mail",
	"store/account_notice.go": "seals and opens the link of a mail",
	"store/factor.go":         "seals the secret of a second factor, hashes recovery codes",
	"store/link.go":           "hashes what stands in a link",
	"store/secret.go":         "seals what the database keeps",
	"store/sheet.go":          "seals the text of the file",
}

// Every way to a secret's text is a use of the name Reveal; whoever adds one
// has to add it here, and somebody has to read why.
func TestWhoRevealsSecrets(t *testing.T) {
	reveals := map[string]bool{}
	for path, file := range moduleFiles(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if use, ok := node.(*ast.SelectorExpr); ok && use.Sel.Name == "Reveal" {
				reveals[path] = true
			}
			return true
		})
	}
	for path := range reveals {
		if mayReveal[path] == "" {
			t.Errorf("%s opens a secret and is not among those that may", path)
		}
	}
	for path, why := range mayReveal {
		if !reveals[path] {
			t.Errorf("%s (%s) opens no secret any more: take it off the list", path, why)
		}
	}
}

// The field behind Reveal is in reach of this package, and none of its business
// outside secret.go.
func TestNoOtherFileReachesIntoASecret(t *testing.T) {
	uses := 0
	for path, file := range moduleFiles(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if use, ok := node.(*ast.SelectorExpr); ok && use.Sel.Name == "secretText" {
				uses++
				if path != "migration/secret.go" {
					t.Errorf("%s reaches into a secret", path)
				}
			}
			return true
		})
	}
	if uses == 0 {
		t.Error("no file uses the field: it has another name now")
	}
}

// moduleFiles parses all Go files of the module but the tests, by their path
// from its root.
func moduleFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	root := moduleRoot(t)
	files := map[string]*ast.File{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "vendor", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files["migration/secret.go"] == nil {
		t.Fatalf("no migration/secret.go under %s", root)
	}
	return files
}

// moduleRoot returns the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
