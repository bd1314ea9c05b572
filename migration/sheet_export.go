package migration

import (
	"bytes"
	"slices"
	"strings"
)

// columnComment heads a last column that is for people: ParseCSV leaves it out.
const columnComment = "comment"

// commentNames are the words by which people head such a column.
var commentNames = []string{columnComment, "comments", "commento", "commenti", "nota", "note", "notes", "problema", "problem", "error", "errore"}

// WriteLines writes rows of a file as a file of the same form, to be corrected and
// handed in again: with a header, and with a comment behind each row. Secrets are
// left empty: who hands them in has them in a file of his own.
func WriteLines(lines []SheetLine, comment func(SheetLine) string) []byte {
	var columns []string
	for _, line := range lines {
		if len(line.Cells) > len(columns) {
			columns = columns[:0]
			for _, cell := range line.Cells {
				columns = append(columns, cell.Name)
			}
		}
	}
	var text bytes.Buffer
	text.WriteString(joinFields(fieldsFrom(append(slices.Clone(columns), columnComment))) + "\n")
	for _, line := range lines {
		values := make([]string, 0, len(columns)+1)
		for _, column := range columns {
			values = append(values, line.Text(column)) // of a secret it is empty
		}
		text.WriteString(joinFields(fieldsFrom(append(values, oneLine(comment(line))))) + "\n")
	}
	return text.Bytes()
}

func fieldsFrom(values []string) []field {
	fields := make([]field, len(values))
	for i, value := range values {
		fields[i].text = value
	}
	return fields
}

// dropComments takes the last field of the rows away if the header says that it is
// a comment. A row without it stays as it is. No form has fewer than four fields.
func dropComments(header *record, records []*record) {
	if !endsWithComment(header.fields, header.count) {
		return
	}
	for _, r := range records {
		if r.count == header.count {
			r.fields, r.count = r.fields[:r.count-1], r.count-1
		}
	}
}

func endsWithComment(header []field, count int) bool {
	return count == len(header) && count > 4 && slices.Contains(commentNames, strings.ToLower(cleanName(header[count-1].text)))
}
