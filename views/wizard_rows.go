package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// rowsPerPage is how many rows of a file a page shows.
const rowsPerPage = 50

// Groups of the rows of a file.
const (
	RowsBad  = "bad"
	RowsOK   = "ok"
	RowsWait = "wait"
	RowsOut  = "out"
)

// RowsPage is step 2 once there is a file.
type RowsPage struct {
	WizardPage
	View RowsView
}

// RowsView is what is live of it: the rows with their checks.
type RowsView struct {
	Migration                     migration.Migration
	FileName, Encoding, Separator string
	CanReread                     bool // Encoding was a guess and can be another one
	Form                          migration.Form
	Group                         string
	PageNumber                    int
	MaxSize                       int64
	Now                           time.Time
	Pauses                        []migration.PauseView          // hosts that refuse logins
	Grants                        []migration.AppGrant           // what the applications of the rows need
	Account                       migration.ServiceAccount       // whose key opens rows without a password
	Found                         map[string]migration.Discovery // the servers of domains, by their name

	rows   []RowView // all of the file
	groups map[string]int
}

// RowView is a row of the file with what is known of it.
type RowView struct {
	Line               migration.SheetLine
	Problems, Warnings Problems
	Check              migration.Check
	Address            string // of the source that Check speaks of
	ClientID           string // of what opens it, where that has one
	Host               string // the same as Address without its port
	Group              string
	resource           migration.Resource // as it is stored
}

// Fill joins a file with the rows that are in the store, by line, and the lines
// the admin goes on without.
func (v *RowsView) Fill(sheet migration.Sheet, stored map[int]migration.Resource, out []int) {
	v.groups = map[string]int{}
	for _, line := range sheet.Lines {
		row := RowView{Line: line, Problems: ofRow(sheet.Problems, line.Number), Warnings: ofRow(sheet.Warnings, line.Number)}
		resource := stored[line.Number]
		row.Check, row.Address, row.Host, row.resource = resource.Check, resource.Source.Address(), resource.Source.Host, resource
		row.ClientID = resource.Source.Auth.ClientID
		row.Group = groupOf(row, resource.LeftOut || slices.Contains(out, line.Number))
		v.rows = append(v.rows, row)
		v.groups[row.Group]++
	}
}

func ofRow(problems []migration.Problem, line int) (found Problems) {
	for _, problem := range problems {
		if problem.Row == line {
			found = append(found, problem)
		}
	}
	return found
}

func groupOf(row RowView, out bool) string {
	switch {
	case out:
		return RowsOut
	case row.isFaulty():
		return RowsBad
	case row.Check.Status == migration.CheckPassed:
		return RowsOK
	}
	return RowsWait
}

// Waiting is how many rows wait for their check.
func (v RowsView) Waiting() int { return v.groups[RowsWait] }

// Usable is how many rows the migration would have.
func (v RowsView) Usable() int { return v.groups[RowsOK] + v.groups[RowsWait] }

// LeftOut is how many rows the admin goes on without.
func (v RowsView) LeftOut() int { return v.groups[RowsOut] }

// BadLines are the lines that have to be corrected or left out.
func (v RowsView) BadLines() (lines []int) {
	for _, row := range v.rows {
		if row.Group == RowsBad {
			lines = append(lines, row.Line.Number)
		}
	}
	return lines
}

// Export are the rows of a group, and what is wrong with each by its line.
func (v RowsView) Export(ctx context.Context, group string) (lines []migration.SheetLine, comments map[int]string) {
	comments = make(map[int]string)
	for _, row := range v.rows {
		if row.Group != group {
			continue
		}
		lines = append(lines, row.Line)
		if row.isFaulty() {
			what, remedy := row.trouble(ctx)
			comments[row.Line.Number] = what + " " + remedy
		}
	}
	return lines, comments
}

// without are the rows that the page offers to go on without, for its form.
func (v RowsView) without() string {
	var lines []string
	for _, line := range v.BadLines() {
		lines = append(lines, strconv.Itoa(line))
	}
	return strings.Join(lines, ",")
}

// encodings are what the file can be read in.
func (v RowsView) encodings() []ui.Option {
	var options []ui.Option
	for _, encoding := range migration.GuessedEncodings(v.Encoding) {
		options = append(options, ui.Option{Value: encoding, Text: encoding})
	}
	return options
}

// LinesOut are the lines that are left out and never became a row of the migration.
// They are stored as they are: what stands in the place of an address and is none
// might be a password, and is not among it.
func (v RowsView) LinesOut() (out []migration.LineOut) {
	for _, row := range v.rows {
		if row.Group != RowsOut || len(row.Problems) == 0 {
			continue
		}
		line := migration.LineOut{Line: row.Line.Number, Problem: row.Problems[0]}
		if text := row.Line.Text(migration.FieldDestination); strings.Contains(text, "@") {
			line.Destination = text
		}
		out = append(out, line)
	}
	return out
}

// Title is what was understood of the file, in a sentence.
func (v RowsView) Title(ctx context.Context) string {
	read := locale.N(ctx, "page.wizard.file.read", len(v.rows), nil)
	if bad := v.groups[RowsBad]; bad > 0 {
		return read + ", " + locale.N(ctx, "page.wizard.file.bad", bad, nil)
	}
	return read
}

// text below the title.
func (v RowsView) text(ctx context.Context) string {
	switch {
	case v.Waiting() > 0 && len(v.Pauses) > 0:
		return locale.T(ctx, "page.pause.wizard", nil)
	case v.Waiting() > 0:
		return locale.T(ctx, "page.wizard.file.text.waiting", nil)
	case v.groups[RowsBad] > 0:
		return locale.T(ctx, "page.wizard.file.text.bad", nil)
	case v.LeftOut() > 0:
		return locale.T(ctx, "page.wizard.file.text.out", nil)
	}
	return locale.T(ctx, "page.wizard.file.text.ok", nil)
}

func (v RowsView) path(rest string) string {
	return "/migrations/" + v.Migration.Code + "/edit/" + rest
}

func (v RowsView) query(group string, page int) string {
	return "?rows=" + group + "&page=" + strconv.Itoa(page)
}

// events is the stream of what is live.
func (v RowsView) events() string { return v.path("events") + v.query(v.Group, v.PageNumber) }

// about says what kind of file it is.
func (v RowsView) about(ctx context.Context) string {
	parts := []string{locale.N(ctx, "count.rows", len(v.rows), nil)}
	if v.Form != "" {
		parts = append(parts, locale.T(ctx, "form."+string(v.Form), nil))
	}
	separator := v.Separator
	if separator == "\t" {
		separator = locale.T(ctx, "page.wizard.file.tab", nil)
	}
	return strings.Join(append(parts, v.Encoding, locale.T(ctx, "page.wizard.file.separator", map[string]any{"separator": separator})), " · ")
}

func (v RowsView) name(ctx context.Context) string {
	if v.FileName == "" {
		return locale.T(ctx, "page.wizard.file.pasted", nil)
	}
	return locale.Printable(v.FileName)
}

func (v RowsView) tabs(ctx context.Context) []ui.Tab {
	tabs := []ui.Tab{{Text: locale.T(ctx, "page.wizard.file.tab.all", nil), Count: len(v.rows), Href: v.query("", 1), Current: v.Group == ""}}
	for _, group := range []string{RowsBad, RowsOK, RowsWait, RowsOut} {
		if v.groups[group] > 0 || v.Group == group {
			tabs = append(tabs, ui.Tab{
				Text: locale.T(ctx, "page.wizard.file.tab."+group, nil), Count: v.groups[group], Href: v.query(group, 1), Current: v.Group == group,
			})
		}
	}
	return tabs
}

// shown are the rows of the group.
func (v RowsView) shown() []RowView {
	if v.Group == "" {
		return v.rows
	}
	return slices.DeleteFunc(slices.Clone(v.rows), func(row RowView) bool { return row.Group != v.Group })
}

// page are the rows of this page.
func (v RowsView) page() []RowView {
	rows := v.shown()
	from := min(max(v.PageNumber-1, 0)*rowsPerPage, len(rows))
	return rows[from:min(from+rowsPerPage, len(rows))]
}

// TurnTo shows the page of all rows on which one of them stands; of a line that is none
// the page stays.
func (v *RowsView) TurnTo(line int) {
	if i := slices.IndexFunc(v.rows, func(row RowView) bool { return row.Line.Number == line }); i >= 0 {
		v.Group, v.PageNumber = "", i/rowsPerPage+1
	}
}

func (v RowsView) pager() ui.PagerSpec {
	total := len(v.shown())
	from := min(max(v.PageNumber-1, 0)*rowsPerPage, total)
	to := min(from+rowsPerPage, total)
	spec := ui.PagerSpec{From: min(from+1, total), To: to, Total: total}
	if from > 0 {
		spec.Prev = v.query(v.Group, v.PageNumber-1)
	}
	if to < total {
		spec.Next = v.query(v.Group, max(v.PageNumber, 1)+1)
	}
	return spec
}

// faults are the links of the error summary; a long list is cut, its rows stand
// under the tab.
func (v RowsView) faults(ctx context.Context) []ui.Fault {
	const most = 8
	var faults []ui.Fault
	for _, row := range v.page() {
		if row.Group != RowsBad {
			continue
		}
		if len(faults) == most {
			return append(faults, ui.Fault{
				Text: locale.N(ctx, "page.wizard.file.more", v.groups[RowsBad]-most, nil), Href: v.query(RowsBad, 1),
			})
		}
		what, _ := row.trouble(ctx)
		faults = append(faults, ui.Fault{
			Text: locale.T(ctx, "page.wizard.file.fault", map[string]any{"row": row.Line.Number, "what": what}), Href: "#" + row.firstField(),
		})
	}
	return faults
}

// host is the server of a row, also where its file names none.
func (r RowView) host() string {
	if text := r.Line.Text(migration.FieldHost); text != "" {
		return text
	}
	return r.Host
}

func (r RowView) id() string { return "row-" + strconv.Itoa(r.Line.Number) }

// field is the id of one of the row's fields.
func (r RowView) field(name string) string { return name + "-" + strconv.Itoa(r.Line.Number) }

// firstField is the id of the field to correct first.
func (r RowView) firstField() string {
	for _, cell := range r.Line.Cells {
		if r.wrong(cell.Name) {
			return r.field(cell.Name)
		}
	}
	if len(r.Line.Cells) > 0 {
		return r.field(r.Line.Cells[0].Name)
	}
	return r.id()
}

// wrong reports whether a field is the one at fault.
func (r RowView) wrong(name string) bool {
	if slices.ContainsFunc(r.Problems, func(p migration.Problem) bool { return p.Field == name }) {
		return true
	}
	if len(r.Problems) > 0 || r.Check.Status != migration.CheckFailed {
		return false
	}
	return name == r.blamed()
}

// isFaulty reports whether there is something to say by trouble.
func (r RowView) isFaulty() bool {
	return len(r.Problems) > 0 || r.Check.Status == migration.CheckFailed
}

// trouble is what is wrong with the row and what to do.
func (r RowView) trouble(ctx context.Context) (what, remedy string) {
	if len(r.Problems) > 0 {
		p := r.Problems[0]
		fault := locale.Problem(ctx, p.Code, p.Row, p.Field, p.Args)
		return fault.Text, fault.Fix
	}
	remedy = locale.T(ctx, "class."+r.Check.Class+".fix", nil)
	if migration.GoogleStage(r.Check.Class) == migration.StageDelegation {
		remedy += " " + locale.T(ctx, "page.key.client_is", map[string]any{"client": r.ClientID})
	}
	return checkFault(ctx, r.Check), remedy
}

// inventory says what lies at the source.
func (r RowView) inventory(ctx context.Context) string {
	return locale.N(ctx, "count.messages", r.Check.Messages, nil) + ", " + locale.Bytes(ctx, r.Check.Bytes)
}

func rowColumns(ctx context.Context) []ui.ColumnSpec {
	head := func(name string) string { return locale.T(ctx, "page.wizard.file.column."+name, nil) }
	return []ui.ColumnSpec{
		{Text: head("row"), Number: true}, {Text: head("destination")}, {Text: head("host")}, {Text: head("login")}, {Text: head("check")},
	}
}

// secretAttrs are those of a field that is never filled: where there is a secret
// already, it says that an empty field keeps it.
func secretAttrs(ctx context.Context, row RowView, cell migration.SheetCell) templ.Attributes {
	attrs := templ.Attributes{}
	for name, value := range wrongAttrs(row, cell) {
		attrs[name] = value
	}
	if cell.Filled {
		attrs["placeholder"] = locale.T(ctx, "page.wizard.file.keep", nil)
	}
	return attrs
}

// wrongAttrs mark the field at fault, and say which text goes with it.
func wrongAttrs(row RowView, cell migration.SheetCell) templ.Attributes {
	if !row.wrong(cell.Name) {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": row.id() + "-why"}
}
