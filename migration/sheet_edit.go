package migration

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// SheetLine is a row of a file as it can be shown and corrected: its cells by
// the form of the file, from left to right, whether the row has them or not.
type SheetLine struct {
	Number int // line of the file, from 1
	Cells  []SheetCell
}

// SheetCell is one field of a row.
type SheetCell struct {
	Name   string // FieldDestination and the like
	Text   string // of a secret always empty, and where it might be one
	Secret bool
	Filled bool // there is something in the row, which an empty secret keeps
}

// Mark is another one where somebody changed what is shown of the row, or put a
// secret in or out. Secrets have no part in it.
func (l SheetLine) Mark() string {
	sum := sha256.New()
	for _, cell := range l.Cells {
		fmt.Fprintf(sum, "%q %q %t %t\n", cell.Name, cell.Text, cell.Secret, cell.Filled)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Text returns the text of the cell of that name; "" where there is none.
func (l SheetLine) Text(name string) string {
	for _, cell := range l.Cells {
		if cell.Name == name {
			return cell.Text
		}
	}
	return ""
}

var secretColumns = []string{FieldPassword, FieldMasterPassword, FieldClientSecret, FieldDestinationPassword}

// lineOf makes a row fit to be shown.
func (p *csvParser) lineOf(r *record) SheetLine {
	line := SheetLine{Number: r.line}
	for _, column := range p.columnsOf(r) {
		cell := SheetCell{Name: column, Secret: slices.Contains(secretColumns, column), Filled: r.columns != nil && r.value(column).text != ""}
		if !cell.Secret {
			cell.Text = p.shown(r, column)
		}
		line.Cells = append(line.Cells, cell)
	}
	return line
}

// columnsOf are those of the row, or those it should have.
func (p *csvParser) columnsOf(r *record) []string {
	if r.columns != nil {
		return r.columns
	}
	return p.opts.columns(p.opts.fieldsOf(p.sheet.Form))
}

// shown leaves out what might be a password: in a row that lacks a field, each
// of the others may stand in the wrong place. What is kept there is an address
// at the beginning, a host that other rows have too, and a login that goes with
// the address.
func (p *csvParser) shown(r *record, column string) string {
	if r.columns != nil {
		return cleanName(r.value(column).text)
	}
	at := func(i int) string {
		if i < len(r.fields) {
			return cleanName(r.fields[i].text)
		}
		return ""
	}
	destination := at(0)
	isAddress := strings.Contains(destination, "@")
	switch {
	case column == FieldDestination && isAddress:
		return destination
	case column == FieldHost && p.hosts[at(1)]:
		return at(1)
	case column == FieldLogin && isAddress && strings.EqualFold(localPart(at(2)), localPart(destination)):
		return at(2)
	}
	return ""
}

func localPart(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local
}

// knownHosts are the hosts of the rows that have the form of the file.
func knownHosts(records []*record) map[string]bool {
	hosts := map[string]bool{}
	for _, r := range records {
		if r.columns != nil {
			hosts[cleanName(r.value(FieldHost).text)] = true
		}
	}
	return hosts
}

// NormalCSV returns a file as ParseCSV understood it: in UTF-8, with ";" between
// the fields and LF at the ends. Every row keeps its line, and the header its
// place; a column of comments is left out. A row that was not understood stays as it is, with its fault.
func NormalCSV(data []byte, sheet Sheet) []byte {
	body, _ := decodeText(data)
	first, _ := textLines(body, 1)
	var lines []string
	commented := 0 // fields of a row that ends with a comment
	for raw := range strings.SplitSeq(body, lineEnd(body)) {
		raw = strings.TrimRight(raw, "\r")
		if len(first) > 0 && first[0].number == len(lines)+1 {
			if _, is := sepLine(raw); is {
				raw = "sep=;"
			}
		}
		if fields, count := divideLine(raw, sheet.Separator); sheet.Header && commented == 0 && endsWithComment(fields, count) {
			commented = count
		}
		lines = append(lines, normalLine(raw, sheet.Separator, commented))
	}
	return []byte(strings.Join(lines, "\n"))
}

func normalLine(raw string, separator rune, commented int) string {
	fields, count := divideLine(raw, separator)
	isFaulty := slices.ContainsFunc(fields, func(f field) bool { return f.code != "" })
	switch {
	case isBlankLine(raw):
		return ""
	case raw == "sep=;" || lineFault(raw) != "" || isFaulty || count > len(fields):
		return raw
	case count == commented:
		fields = fields[:count-1]
	}
	return joinFields(fields)
}

// EditLine returns the text of NormalCSV with one row written anew: columns are
// its cells, values what they hold from now on. A secret without a value, or
// with an empty one, keeps what is there, if the row had all its columns. A line
// that the text does not have changes nothing.
func EditLine(data []byte, line int, columns []string, values map[string]string) []byte {
	lines := strings.Split(string(data), "\n")
	if line < 1 || line > len(lines) {
		return data
	}
	old, count := divideLine(lines[line-1], ';')
	fields := make([]field, len(columns))
	for i, column := range columns {
		value, given := values[column]
		keeps := !given || value == "" && slices.Contains(secretColumns, column)
		switch {
		case !keeps:
			fields[i] = field{text: oneLine(value)}
		case count == len(columns) && old[i].code == "":
			fields[i] = old[i]
		}
	}
	lines[line-1] = joinFields(fields)
	return []byte(strings.Join(lines, "\n"))
}

// oneLine keeps a value from becoming two rows: no field of a form has a line
// end, but anything can be posted.
func oneLine(text string) string {
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(text)
}

// joinFields writes a row as S4 has it: ";" between the fields, quotes where a
// field needs them or had them, doubled inside.
func joinFields(fields []field) string {
	written := make([]string, len(fields))
	for i, f := range fields {
		written[i] = f.text
		if f.quoted || strings.Contains(f.text, ";") || strings.HasPrefix(f.text, `"`) {
			written[i] = `"` + strings.ReplaceAll(f.text, `"`, `""`) + `"`
		}
	}
	return strings.Join(written, ";")
}
