package main

import (
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// screen is a board on a terminal of that size whose clock the test moves.
func screen(columns, lines int) (*board, *safeBuffer, *time.Time) {
	var out safeBuffer
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := &board{out: &out, total: 9, now: func() time.Time { return now }, size: func() (int, int) { return columns, lines }}
	return b, &out, &now
}

func runningRow(row int, login string) *recorder {
	r := &recorder{}
	r.resource.Row, r.resource.Destination.Auth.Login = row, login
	return r
}

func TestRunningRowsHaveALineEach(t *testing.T) {
	b, out, now := screen(100, 20)
	second, first := runningRow(12, "b@x.it"), runningRow(3, "anna\x1b[2J@x.it")
	b.started(second)
	b.started(first)
	first.Progress("Clienti/Caffè", migration.Tally{Listed: 2000, Copied: 1200, Present: 34, Bytes: 1 << 20})
	b.draw(t.Context())
	*now = now.Add(2 * time.Second)
	first.Progress("Clienti/Caffè", migration.Tally{Listed: 2000, Copied: 1300, Present: 34, Bytes: 5 << 20})
	b.draw(t.Context())
	frames := strings.Split(out.String(), "\x1b[3A")
	if len(frames) != 2 {
		t.Fatalf("%d frames: %q", len(frames), out.String())
	}
	lines := strings.Split(strings.ReplaceAll(frames[1], "\r\x1b[2K", ""), "\n")
	want := []string{
		"   3  anna\uFFFD[2J@x.it  Clienti/Caffè  1,334/2,000  5\u00a0MB  2\u00a0MB/s",
		"  12  b@x.it         connecting …",
		"0 of 9 accounts", "\x1b[J",
	}
	for i, line := range want {
		if lines[i] != line {
			t.Errorf("line %d is %q, want %q", i, lines[i], line)
		}
	}
}

func TestALineNeverWraps(t *testing.T) {
	b, out, _ := screen(30, 3)
	for row := range 5 {
		r := runningRow(row, strings.Repeat("日本", 20))
		r.Progress(strings.Repeat("é", 80), migration.Tally{})
		b.started(r)
	}
	b.draw(t.Context())
	lines := strings.Split(strings.ReplaceAll(out.String(), "\r\x1b[2K", ""), "\n")
	if len(lines) != 3 { // two, and what clears the rest
		t.Errorf("%d lines on a terminal of 3: %q", len(lines), lines)
	}
	for _, line := range lines[:2] {
		if cells(line) > 29 {
			t.Errorf("%d columns: %q", cells(line), line)
		}
	}
}

func TestWhatIsSaidStandsAboveTheLines(t *testing.T) {
	b, out, _ := screen(80, 20)
	b.started(runningRow(1, "a"))
	b.draw(t.Context())
	b.say("stopping")
	b.draw(t.Context())
	if got := out.String(); !strings.Contains(got, "\x1b[2A\r\x1b[Jstopping\n\r\x1b[2K") {
		t.Errorf("got %q", got)
	}
}

func TestQuietBoardsAndPipesDrawNothing(t *testing.T) {
	for _, columns := range []int{0, 80} {
		b, out, _ := screen(columns, columns)
		b.quiet = columns > 0
		b.started(runningRow(1, "a"))
		b.draw(t.Context())
		if b.quiet {
			b.say("x")
		}
		if out.String() != "" {
			t.Errorf("%d columns: %q", columns, out.String())
		}
	}
}

func TestTextsAreCutByColumns(t *testing.T) {
	tests := []struct {
		text    string
		columns int
		want    string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"日本語", 5, "日本…"},
		{"日本語", 6, "日本語"},
	}
	for _, tt := range tests {
		if got := cut(tt.text, tt.columns); got != tt.want {
			t.Errorf("%q in %d: %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}
