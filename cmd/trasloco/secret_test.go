package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// revealers are the files that may open a migration.Secret: those that hand it
// to a server and the one that seals it. Every other place sees only the mask.
var revealers = []string{
	"imapsync/auth.go",
	"imapsync/oauth.go",
	"store/secret.go",
}

func TestSecretsAreOpenedInFewPlaces(t *testing.T) {
	root, _ := moduleRoot(t)
	seen := 0
	walkModule(t, root, func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !mentionsReveal(t, string(source)) {
			return
		}
		seen++
		if !slices.Contains(revealers, filepath.ToSlash(file)) {
			t.Errorf("%s calls Reveal and is not in the list", file)
		}
	}, nil)
	if seen == 0 {
		t.Errorf("nobody calls Reveal below %s: the search is broken", root)
	}
}

func TestRevealIsRecognised(t *testing.T) {
	tests := []struct {
		name, body string
		want       bool
	}{
		{"a call", `send(auth.Password.Reveal())`, true},
		{"the method as a value", `read := auth.Password.Reveal; _ = read`, true},
		{"the method as an expression", `_ = migration.Secret.Reveal`, true},
		{"another method", `send(auth.Password.String())`, false},
		{"the word in a text", `send("Reveal()")`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := mentionsReveal(t, "package p\nfunc f() {\n"+test.body+"\n}"); got != test.want {
				t.Errorf("%s: got %v, want %v", test.body, got, test.want)
			}
		})
	}
}

// mentionsReveal reports whether source selects Reveal from anything; its
// declaration is no selection.
func mentionsReveal(t *testing.T, source string) bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	ast.Inspect(parsed, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		found = found || ok && selector.Sel.Name == "Reveal"
		return !found
	})
	return found
}
