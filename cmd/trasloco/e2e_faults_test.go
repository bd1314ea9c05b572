package main_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	screenLines   = 50
	screenColumns = 120
)

// TestFortyFaultsInOneScreen calls the program with a CSV of forty rows, each
// with a fault of its own, and a good one that leads to somebody who must not be
// called.
func TestFortyFaultsInOneScreen(t *testing.T) {
	t.Parallel()
	_, port := watch(t)
	server := fmt.Sprintf("%s:%d", loopbackName(t), port)
	content, err := os.ReadFile(filepath.Join(moduleRoot, "migration", "testdata", "csv", "faults.csv"))
	if err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(t.TempDir(), "master")
	if err := os.WriteFile(password, []byte("pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := row("vera@studio.it", server, "vera@old.it", "pw")
	c := newCaller(t, []string{string(content), good}, "--dest", server, "--dest-master", "m", "--dest-master-password-file", password)
	forty := fortyRows(t, strings.Split(string(content), "\n"), readJSON[refusal](t, c.call(refused, "run", "--json")))
	c.write(append(forty, good)...)

	for _, verb := range []string{"run", "check"} {
		problems := readJSON[refusal](t, c.call(refused, verb, "--json")).Problems
		kinds := map[string]bool{}
		rows := map[int]bool{}
		for _, problem := range problems {
			kinds[problem.Code+problem.Field], rows[problem.Row] = true, true
			what, remedy, two := strings.Cut(problem.Text, " – ")
			if !two || what == "" || remedy == "" {
				t.Errorf("no remedy in %+v", problem)
			}
		}
		if len(kinds) < 40 || len(rows) < 40 || rows[0] || rows[len(forty)+1] {
			t.Errorf("%s: %d different faults in %d rows, want 40: %+v", verb, len(kinds), len(rows), problems)
		}
		checkScreen(t, c.call(refused, verb), len(problems))
		if _, err := os.Stat(c.state()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s, refused, made a state folder: %v", verb, err)
		}
	}
}

// fortyRows picks rows of a file whose faults are all different.
func fortyRows(t *testing.T, rows []string, found refusal) []string {
	t.Helper()
	var picked []string
	known := map[string]bool{}
	used := map[int]int{}
	for _, problem := range found.Problems {
		used[problem.Row]++
	}
	for _, problem := range found.Problems {
		if len(picked) == 40 {
			break
		}
		// A fault that two rows make together would be gone with one of them.
		alone := used[problem.Row] == 1 && problem.Code != "csv.duplicate"
		if !alone || known[problem.Code] {
			continue
		}
		known[problem.Code] = true
		picked = append(picked, strings.TrimRight(rows[problem.Row-1], "\r"))
	}
	if len(picked) < 40 {
		t.Fatalf("%d rows with a fault of their own: %v", len(picked), slices.Sorted(maps.Keys(known)))
	}
	return picked
}

// checkScreen holds what a person sees to be a line for each problem and a
// headline, all of it at once.
func checkScreen(t *testing.T, p *process, problems int) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(p.err.String(), "\n"), "\n")
	wrapped := 0
	for _, line := range lines {
		wrapped += (utf8.RuneCountInString(line) + screenColumns - 1) / screenColumns
	}
	if p.out.Len() > 0 || len(lines) != problems+1 || len(lines) > screenLines {
		t.Errorf("%d lines for %d problems: %s", len(lines), problems, p)
	}
	t.Logf("%d problems in %d lines; %d on a terminal of %d columns", problems, len(lines), wrapped, screenColumns)
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "  row ") {
			t.Errorf("no row in %q", line)
		}
	}
}
