package main

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table lays texts out in columns for a terminal. The first column is an
// indent; the last is not padded.
type table struct {
	right map[int]bool // columns of numbers
	rows  [][]string
}

func (t *table) add(row ...string) { t.rows = append(t.rows, row) }

func (t *table) write(out io.Writer) {
	_, _ = io.WriteString(out, t.String()) // whoever read it has gone away
}

// String returns the lines of the table.
func (t *table) String() string {
	var widths []int
	for _, row := range t.rows {
		for i, text := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells(text))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		b.WriteString(t.line(row, widths) + "\n")
	}
	return b.String()
}

func (t *table) line(row []string, widths []int) string {
	var parts []string
	for i, text := range row {
		pad := strings.Repeat(" ", widths[i]-cells(text))
		switch {
		case i > 0 && widths[i] == 0: // nothing in this column
		case t.right[i]:
			parts = append(parts, pad+text)
		default:
			parts = append(parts, text+pad)
		}
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}

// cells is how many columns of a terminal a text takes.
func cells(text string) (n int) {
	for _, c := range text {
		n += cellsOf(c)
	}
	return n
}

func cellsOf(c rune) int {
	switch kind := width.LookupRune(c).Kind(); {
	case unicode.Is(unicode.Mn, c):
		return 0
	case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens a text to so many columns.
func cut(text string, columns int) string {
	if cells(text) <= columns {
		return text
	}
	room := columns - 1
	for i, c := range text {
		if room -= cellsOf(c); room < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// plain replaces what would steer a terminal. Texts that come out of locale
// need it no more.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}
