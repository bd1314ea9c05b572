package views

import (
	"context"
	"slices"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// ReportPage sums up a migration. Rows are all its resources, in the order of the
// file; Reasons why messages of each stayed behind, by its ID.
type ReportPage struct {
	Page
	View    MigrationView
	Rows    []ResourceRow
	Reasons map[int64][]migration.ReasonCount
}

// HasReport reports whether there is something to report: a pass has ended.
func HasReport(m migration.Migration) bool {
	return slices.ContainsFunc(m.Passes, func(p migration.Pass) bool { return p.Status == migration.PassDone })
}

// passes are those that have begun.
func (p ReportPage) passes() []migration.Pass {
	return slices.DeleteFunc(slices.Clone(p.View.Migration.Passes), func(pass migration.Pass) bool { return pass.StartedAt.IsZero() })
}

// when says from when to when mail was moved.
func (p ReportPage) when(ctx context.Context) string {
	passes := p.passes()
	first, last := passes[0], passes[len(passes)-1]
	if last.EndedAt.IsZero() {
		return locale.T(ctx, "page.report.since", map[string]any{"from": locale.Dated(ctx, first.StartedAt)})
	}
	return locale.T(ctx, "page.report.when", map[string]any{
		"from": locale.Dated(ctx, first.StartedAt), "to": locale.Dated(ctx, last.EndedAt),
	})
}

// lead is the sentence that answers what the reader came for; it never says that
// all is there while something was left out.
func (p ReportPage) lead(ctx context.Context) string {
	return p.View.result(ctx) + p.View.unfinished(ctx)
}

func (p ReportPage) below(ctx context.Context) []string {
	lines := []string{locale.T(ctx, "page.report.unchanged", nil)}
	if n := p.View.byRule(); n > 0 {
		lines = append(lines, locale.N(ctx, "page.migration.by_rule", n, nil))
	}
	if out := p.View.Migration.Checks.LeftOut + len(p.View.Migration.LinesOut); out > 0 {
		lines = append(lines, locale.N(ctx, "page.report.left_out", out, nil))
	}
	if current, open := migration.Current(p.View.Migration.Passes); open && p.View.Migration.Validity == migration.Valid {
		lines = append(lines, locale.T(ctx, "page.report.open", map[string]any{"pass": thePass(ctx, current.Number)}))
	}
	return lines
}

type reportRow struct{ term, text string }

// plan says what the migration was.
func (p ReportPage) plan(ctx context.Context) []reportRow {
	m := p.View.Migration
	word := func(name string) string { return locale.T(ctx, "page.report."+name, nil) }
	var hosts []string
	for _, row := range p.Rows {
		if !slices.Contains(hosts, row.Source.Host) {
			hosts = append(hosts, row.Source.Host)
		}
	}
	copied, octets := 0, int64(0)
	for _, pass := range m.Passes {
		copied, octets = copied+pass.Runs.Tally.Copied, octets+pass.Runs.Tally.Bytes
	}
	rows := []reportRow{
		{word("domains"), strings.Join(m.Domains, ", ")},
		{word("source"), serverType(ctx, m) + ", " + strings.Join(hosts, ", ")},
		{locale.T(ctx, "page.resources.title", nil), locale.N(ctx, "page.resources.count", m.Checks.Rows, nil)},
		{word("moved"), locale.N(ctx, "count.messages", copied, nil) + ", " + locale.Bytes(ctx, octets)},
		{word("asked_by"), m.UserName},
	}
	for _, d := range p.View.mxSorted() {
		if d.State() != migration.MXUnread {
			rows = append(rows, reportRow{locale.T(ctx, "page.report.mx", map[string]any{"domain": d.Domain.Name}), mxState(ctx, d, p.View.Now).text})
		}
	}
	return slices.DeleteFunc(rows, func(r reportRow) bool { return r.text == "" })
}

func (p ReportPage) remedy(ctx context.Context, reason migration.ReasonCount) string {
	if reason.Reason.ByRule() {
		return locale.T(ctx, "page.migration.reason.rule", nil)
	}
	return locale.T(ctx, "reason."+string(reason.Reason)+".fix", nil)
}

// lastRunOf is the run of a row in the last pass it has one in.
func lastRunOf(row ResourceRow) (last migration.Run, begun bool) {
	number := 0
	for n, run := range row.Runs {
		if n > number {
			number, last, begun = n, run, true
		}
	}
	return last, begun
}

// thereOf is how many messages of a row are at the destination, of how many.
func (p ReportPage) thereOf(ctx context.Context, row ResourceRow) string {
	run, begun := lastRunOf(row)
	if !begun {
		return "–"
	}
	return locale.T(ctx, "page.migration.some_of", map[string]any{"done": there(run.Tally), "total": run.Tally.Listed})
}

// bytesOf are the octets that were copied of a row, in all passes.
func bytesOf(row ResourceRow) (octets int64) {
	for _, run := range row.Runs {
		octets += run.Tally.Bytes
	}
	return octets
}

// outOf says what of a row was left out and why, or that it did not come to its
// end; "–" where nothing was.
func (p ReportPage) outOf(ctx context.Context, row ResourceRow) (lines []string) {
	run, begun := lastRunOf(row)
	switch {
	case row.LeftOut && !begun:
		return []string{locale.T(ctx, "page.migration.left_out", nil)}
	case begun && run.Status != migration.RunDone:
		text := locale.T(ctx, "run_status."+string(run.Status), nil)
		if run.ErrorClass != "" {
			text += ": " + lowerFirst(locale.T(ctx, "class."+run.ErrorClass, nil))
		}
		lines = append(lines, text)
	}
	for _, reason := range p.Reasons[row.ID] {
		lines = append(lines, locale.Number(ctx, reason.Count)+": "+lowerFirst(locale.T(ctx, "reason."+string(reason.Reason), nil)))
	}
	if text := unnamed(ctx, run.Tally, p.Reasons[row.ID]); text != "" {
		lines = append(lines, text)
	}
	if len(lines) == 0 {
		lines = append(lines, "–")
	}
	return lines
}

// unnamed counts what was left out of a row and has no reason of its own in the
// store: it is never passed over.
func unnamed(ctx context.Context, t migration.Tally, reasons []migration.ReasonCount) string {
	n := t.Skipped + t.Failed
	for _, reason := range reasons {
		n -= reason.Count
	}
	if n <= 0 {
		return ""
	}
	return locale.N(ctx, "page.list.left_out", n, nil)
}

func (p ReportPage) passColumns(ctx context.Context) []ui.ColumnSpec {
	return []ui.ColumnSpec{
		{Text: locale.T(ctx, "page.report.column.pass", nil)},
		{Text: locale.T(ctx, "page.report.column.started", nil)},
		{Text: locale.T(ctx, "page.report.column.ended", nil)},
		{Text: locale.T(ctx, "ui.outcome.copied", nil), Number: true},
		{Text: locale.T(ctx, "ui.outcome.present", nil), Number: true},
		{Text: locale.T(ctx, "ui.outcome.skipped", nil), Number: true},
		{Text: locale.T(ctx, "ui.outcome.failed", nil), Number: true},
		{Text: locale.T(ctx, "page.migration.column.data", nil), Number: true},
	}
}

func (p ReportPage) resourceColumns(ctx context.Context) []ui.ColumnSpec {
	return []ui.ColumnSpec{
		{Text: locale.T(ctx, "page.resources.column.destination", nil)},
		{Text: locale.T(ctx, "page.resources.column.source", nil)},
		{Text: locale.T(ctx, "page.report.column.there", nil), Number: true},
		{Text: locale.T(ctx, "page.migration.column.data", nil), Number: true},
		{Text: locale.T(ctx, "page.report.column.out", nil)},
	}
}

// reportTable is labelled by the heading of its section.
func reportTable(section string, columns []ui.ColumnSpec) ui.TableSpec {
	return ui.TableSpec{LabelID: section, Columns: columns}
}
