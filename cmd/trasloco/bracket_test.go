package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The pseudo-language is for tests: nothing of the program asks for it.
func TestOnlyTestsPutTextsInBrackets(t *testing.T) {
	root, _ := moduleRoot(t)
	seen := 0
	walkModule(t, root, func(file string) {
		seen++
		if strings.HasSuffix(file, "_test.go") || file == filepath.FromSlash("locale/bracket.go") {
			return
		}
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), "Bracketed(") {
			t.Errorf("%s puts texts in brackets", file)
		}
	}, nil)
	if seen < 100 {
		t.Errorf("only %d files: the test looks past the rest", seen)
	}
}
