package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A rule or statement is defined where its number opens a bold heading, and
// cited where the number stands in a comment.
var (
	defined = regexp.MustCompile(`(?m)^\*\*((?:[FITLDMXQCKPVO]|Δ)-\d+|S\d+) `)
	cited   = regexp.MustCompile(`(?:^|[^\pL\d-])((?:[FITLDMXQCKPVO]|Δ)-\d+|S\d+)\b`)
	// A rule says behind its heading whether it is kept.
	marked = regexp.MustCompile(`(?m)^\*\*((?:[FITLDMXQCKPVO]|Δ)-\d+) [^·]*· (\*\*now\*\*|\*later\*)`)
	// A case of a table has a sentence as its name, with the number in brackets.
	inBrackets = regexp.MustCompile(`\([^()]*\)`)
)

func TestCitedRulesExist(t *testing.T) {
	root, _ := moduleRoot(t)
	known := map[string]bool{}
	for _, document := range []string{"specification.md", "rules.md"} {
		for _, number := range numbersIn(t, defined, filepath.Join(root, "docs", document)) {
			if known[number] {
				t.Errorf("docs/%s defines %s twice", document, number)
			}
			known[number] = true
		}
	}
	seen := 0
	walkModule(t, root, func(file string) {
		for _, comment := range commentsOf(t, filepath.Join(root, file)) {
			for _, match := range cited.FindAllStringSubmatch(comment, -1) {
				seen++
				if !known[match[1]] {
					t.Errorf("%s cites %s, which no document defines", file, match[1])
				}
			}
		}
	}, nil)
	if seen == 0 {
		t.Errorf("no citation found below %s: the search is broken", root)
	}
}

// A rule that is kept is cited where it is kept and where that is tested. One for
// later is cited in code only by a comment that says so: its number beside code
// reads as if it were kept.
func TestEveryRuleIsKeptAndTested(t *testing.T) {
	root, _ := moduleRoot(t)
	by := citedBy(t, root)
	rules := numbersIn(t, defined, filepath.Join(root, "docs", "rules.md"))
	kept := rulesKept(t, filepath.Join(root, "docs", "rules.md"))
	if len(kept) != len(rules) || len(rules) < 80 {
		t.Errorf("of %d rules %d say whether they are kept", len(rules), len(kept))
	}
	for _, rule := range rules {
		switch {
		case kept[rule] && !by.code[rule]:
			t.Errorf("%s is kept, says docs/rules.md, and no code cites it", rule)
		case kept[rule] && !by.tests[rule]:
			t.Errorf("%s is kept, says docs/rules.md, and no test cites it", rule)
		case !kept[rule] && by.codeThatKeeps[rule]:
			t.Errorf("%s is for later, says docs/rules.md, and code cites it as if it were kept", rule)
		}
	}
}

// rulesKept returns all rules of a document, true for those that are marked now.
func rulesKept(t *testing.T, file string) map[string]bool {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, match := range marked.FindAllStringSubmatch(string(content), -1) {
		kept[match[1]] = match[2] == "**now**"
	}
	return kept
}

// citations are the numbers that comments cite.
type citations struct{ code, codeThatKeeps, tests map[string]bool }

// citedBy returns what the files of the module cite. What helps tests is neither
// code nor a test.
func citedBy(t *testing.T, root string) citations {
	t.Helper()
	by := citations{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	walkModule(t, root, func(file string) {
		path := filepath.Join(root, file)
		switch {
		case strings.HasSuffix(file, "docs_test.go"):
		case strings.HasSuffix(file, "_test.go"):
			for _, text := range slices.Concat(commentsOf(t, path), bracketsOf(t, path)) {
				note(by.tests, text)
			}
		case !strings.Contains(filepath.ToSlash(file), "/imaptest/"):
			for _, comment := range commentsOf(t, path) {
				note(by.code, comment)
				if !strings.Contains(comment, "later") {
					note(by.codeThatKeeps, comment)
				}
			}
		}
	}, nil)
	return by
}

func note(numbers map[string]bool, text string) {
	for _, match := range cited.FindAllStringSubmatch(text, -1) {
		numbers[match[1]] = true
	}
}

// bracketsOf returns what stands in brackets in the texts of a Go file.
func bracketsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
			found = append(found, inBrackets.FindAllString(text.Value, -1)...)
		}
		return true
	})
	return found
}

func TestCitationsAreRecognised(t *testing.T) {
	tests := []struct {
		name, comment, want string
	}{
		{"a rule in brackets", "never appended again (I-1).", "I-1"},
		{"a statement", "the sum of S1", "S1"},
		{"a Greek rule", "Δ-8: the folder is gone", "Δ-8"},
		{"a charset is none", "UTF-8 and ISO-8859-1", ""},
		{"a hyphen before it", "X-S3", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if match := cited.FindStringSubmatch(test.comment); match != nil {
				got = match[1]
			}
			if got != test.want {
				t.Errorf("%q cites %q, want %q", test.comment, got, test.want)
			}
		})
	}
}

func numbersIn(t *testing.T, pattern *regexp.Regexp, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, match := range pattern.FindAllStringSubmatch(string(content), -1) {
		numbers = append(numbers, match[1])
	}
	return numbers
}

func commentsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, group := range parsed.Comments {
		texts = append(texts, group.Text())
	}
	return texts
}
