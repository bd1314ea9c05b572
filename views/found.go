package views

import (
	"context"

	"trasloco/locale"
	"trasloco/migration"
)

// domain is that of the account of a row.
func (r RowView) domain() string {
	return migration.MailDomain(r.Line.Text(migration.FieldLogin), r.Line.Text(migration.FieldDestination))
}

// needsServer reports whether the server of a row is missing, is none, or does not
// answer.
func (r RowView) needsServer() bool {
	if len(r.Problems) > 0 {
		return r.Problems[0].Field == migration.FieldHost
	}
	return r.Check.NeedsServer()
}

// found returns the server that was found for a row; false: none, or the one it has.
func (v RowsView) found(r RowView) (migration.Suggestion, bool) {
	found := v.Found[r.domain()].Found
	isOther := found.Host != "" && found.Text() != r.Line.Text(migration.FieldHost)
	return found, isOther && r.Group == RowsBad && r.needsServer()
}

// looksFor reports whether the server of a row is still looked for.
func (v RowsView) looksFor(r RowView) bool {
	d, asked := v.Found[r.domain()]
	return asked && !d.Done && r.Group == RowsBad && r.needsServer()
}

// Searching reports whether the server of a row is still looked for.
func (v RowsView) Searching() bool {
	for _, row := range v.rows {
		if v.looksFor(row) {
			return true
		}
	}
	return false
}

// ToTake are the rows of a domain that a server was found for which they do not have;
// of a line the row on it, 0: all.
func (v RowsView) ToTake(domain, host string, line int) (lines []migration.SheetLine) {
	for _, row := range v.rows {
		found, offered := v.found(row)
		if offered && row.domain() == domain && found.Text() == host && (line == 0 || line == row.Line.Number) {
			lines = append(lines, row.Line)
		}
	}
	return lines
}

// foundText says which server was found for a row, and how.
func foundText(ctx context.Context, domain string, found migration.Suggestion) string {
	return locale.T(ctx, "page.wizard.found."+string(found.How), map[string]any{"host": found.Text(), "domain": domain})
}
