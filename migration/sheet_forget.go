package migration

import (
	"slices"
	"strings"
)

// ForgetSecrets empties the secrets of one line of a text from NormalCSV: they
// were meant for another server than the one the row names now.
func ForgetSecrets(text []byte, line int, columns []string) []byte {
	lines := strings.Split(string(text), "\n")
	if line < 1 || line > len(lines) {
		return text
	}
	fields, _ := divideLine(lines[line-1], ';')
	for i, name := range columns {
		if i < len(fields) && slices.Contains(secretColumns, name) {
			fields[i] = field{}
		}
	}
	lines[line-1] = joinFields(fields)
	return []byte(strings.Join(lines, "\n"))
}
