package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A rule or statement is defined where its number opens a bold heading, and
// cited where the number stands in a comment.
var (
	defined = regexp.MustCompile(`(?m)^\*\*((?:[FITLDMXQCPVO]|Δ)-\d+|S\d+) `)
	cited   = regexp.MustCompile(`(?:^|[^\pL\d-])((?:[FITLDMXQCPVO]|Δ)-\d+|S\d+)\b`)
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
