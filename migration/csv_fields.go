package migration

import (
	"strings"
	"unicode/utf8"
)

// mostFields is how many fields of a row are kept; more are only counted.
const mostFields = 16

// field is one field of a line, without its quotes.
type field struct {
	text   string
	quoted bool
	code   string // the fault of its quotes, if any
}

// record is a row: its fields, then what was made of them.
type record struct {
	line     int
	text     string
	fields   []field
	count    int      // of fields, also of those not kept
	columns  []string // names of the fields
	resource Resource // without a Row: source or destination could not be read
	problems []Problem
	warnings []Problem
}

func (r *record) fault(code, field string, args Args) {
	r.problems = append(r.problems, Problem{Code: code, Row: r.line, Field: field, Args: args})
}

func (r *record) warn(code, field string, args Args) {
	r.warnings = append(r.warnings, Problem{Code: code, Row: r.line, Field: field, Args: args})
}

func divideLines(lines []textLine, separator rune) []*record {
	records := make([]*record, 0, len(lines))
	for _, line := range lines {
		r := &record{line: line.number, text: line.text}
		r.fields, r.count = divideLine(line.text, separator)
		records = append(records, r)
	}
	return records
}

// divideLine divides one line into its fields. Quotes count only where a field
// begins with one. A quote that is not closed on its line is taken as it stands
// and marked, so that the line after it is safe.
func divideLine(line string, separator rune) (fields []field, count int) {
	for {
		f, rest, more := nextField(line, separator)
		count++
		if len(fields) < mostFields {
			fields = append(fields, f)
		}
		if !more {
			return fields, count
		}
		line = rest
	}
}

func nextField(line string, separator rune) (f field, rest string, more bool) {
	if !strings.HasPrefix(line, `"`) {
		text, rest, more := strings.Cut(line, string(separator))
		return field{text: text}, rest, more
	}
	text, rest, closed := unquote(line[1:])
	if !closed {
		text, rest, more := strings.Cut(line, string(separator))
		return field{text: text, code: CodeRowUnclosedQuote}, rest, more
	}
	behind, rest, more := strings.Cut(rest, string(separator))
	f = field{text: text, quoted: true}
	if behind != "" {
		f = field{text: text + behind, quoted: true, code: CodeRowAfterQuote}
	}
	return f, rest, more
}

// unquote reads up to the closing quote; a doubled one stands for itself.
func unquote(line string) (text, rest string, closed bool) {
	var b strings.Builder
	for {
		part, rest, found := strings.Cut(line, `"`)
		if !found {
			return "", "", false
		}
		b.WriteString(part)
		if !strings.HasPrefix(rest, `"`) {
			return b.String(), rest, true
		}
		b.WriteByte('"')
		line = rest[1:]
	}
}

// separators are tried in this order.
const separators = ";,\t"

// chooseSeparator takes the one of the line "sep=" that Excel writes, or the
// first with which one of the first rows makes sense. It returns the lines
// without that line, and how many it took away.
func (p *csvParser) chooseSeparator(lines []textLine) (rest []textLine, skipped int) {
	p.sheet.Separator = ';'
	if len(lines) == 0 {
		return nil, 0
	}
	if separator, is := sepLine(lines[0].text); is {
		if !strings.ContainsRune(separators, separator) {
			p.sheet.Problems = append(p.sheet.Problems, Problem{Code: CodeFileSepLine, Row: lines[0].number})
			separator = ';'
		}
		p.sheet.Separator = separator
		return lines[1:], 1
	}
	for _, separator := range separators {
		if p.makesSense(lines[:min(len(lines), 3)], separator) {
			p.sheet.Separator = separator
			break
		}
	}
	return lines, 0
}

func sepLine(text string) (separator rune, is bool) {
	text = strings.TrimPrefix(text, `"`)
	if len(text) < 4 || !strings.EqualFold(text[:4], "sep=") {
		return 0, false
	}
	separator, _ = utf8.DecodeRuneInString(text[4:])
	return separator, true
}

func (p *csvParser) makesSense(lines []textLine, separator rune) bool {
	for _, line := range lines {
		if _, count := divideLine(line.text, separator); p.opts.form(count) != "" {
			return true
		}
	}
	return false
}
