package views

import (
	"context"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// ResourcesPage is the list of the resources of a migration with their logs
// (S20).
type ResourcesPage struct {
	Page
	Migration migration.Migration
	List      ResourceList
}

// passes are the numbers of the passes that have a column: the planned ones too,
// and always 1 and 2.
func (p ResourcesPage) passes() []int {
	numbers := []int{1, 2}
	for _, pass := range p.Migration.Passes {
		if pass.Number > 2 {
			numbers = append(numbers, pass.Number)
		}
	}
	return numbers
}

func (p ResourcesPage) table(ctx context.Context) ui.TableSpec {
	spec := ui.TableSpec{
		Label: locale.T(ctx, "page.resources.title", nil),
		Columns: []ui.ColumnSpec{
			{Text: locale.T(ctx, "page.resources.column.destination", nil)},
			{Text: locale.T(ctx, "page.resources.column.source", nil)},
			{Text: locale.T(ctx, "page.resources.column.check", nil)},
		},
		After: ui.Pager(p.List.pager(func(page int) string { return pageHref(migrationPath(p.Migration, "/resources"), "", page) })),
	}
	for _, number := range p.passes() {
		spec.Columns = append(spec.Columns, ui.ColumnSpec{Text: logName(ctx, number)})
	}
	return spec
}

// pager says which part of the list one sees; href gives the addresses of pages.
func (l ResourceList) pager(href func(page int) string) ui.PagerSpec {
	spec, prev, next := pagerOf(l.Page, l.PerPage, l.Total, len(l.Rows))
	if prev {
		spec.Prev = href(l.Page - 1)
	}
	if next {
		spec.Next = href(l.Page + 1)
	}
	return spec
}

func pageHref(path, group string, page int) string {
	values := url.Values{}
	if group != "" {
		values.Set("group", group)
	}
	if page > 1 {
		values.Set("page", strconv.Itoa(page))
	}
	return address(path, values)
}

func logName(ctx context.Context, number int) string {
	return locale.T(ctx, "page.resources.log", map[string]any{"number": strconv.Itoa(number)})
}

// migrationCrumbs is the path to a page about a migration; last "" is its own.
func migrationCrumbs(ctx context.Context, m migration.Migration, last string) []ui.Crumb {
	crumbs := []ui.Crumb{{Text: locale.T(ctx, "nav.migrations", nil), Href: "/migrations"}}
	if last == "" {
		return append(crumbs, ui.Crumb{Text: titleOf(ctx, m)})
	}
	return append(crumbs, ui.Crumb{Text: titleOf(ctx, m), Href: migrationPath(m)}, ui.Crumb{Text: last})
}

// switchedOff makes a link look as if it could not be followed, and says why; it
// leads to the page that says more.
func switchedOff(why string) templ.Attributes {
	return templ.Attributes{"aria-disabled": "true", "title": why}
}

// mustDo tells of one migration that waits for a person, and leads to it.
func (p ListPage) mustDo(ctx context.Context, m migration.Migration) ui.NoteSpec {
	note := ui.NoteSpec{
		Tone: ui.Wait, Icon: ui.IconExchange, Strong: titleOf(ctx, m) + ":",
		Text:   locale.T(ctx, "page.list.todo.cut_over", nil),
		Action: ui.ButtonSpec{Text: locale.T(ctx, "page.list.todo.open", nil), Of: m.Code, Href: migrationPath(m)},
	}
	if m.Validity != migration.Invalid {
		return note
	}
	note.Tone, note.Icon = ui.Err, ""
	note.Text = locale.N(ctx, "page.list.todo.invalid", m.Checks.Failed, map[string]any{"total": resourceCount(m)})
	if p.User.CanChange(m) {
		note.Action.Text, note.Action.Href = locale.T(ctx, "page.list.todo.correct", nil), correctPath(m)
	}
	return note
}

// emptyList is what stands where nobody has begun a migration yet.
func emptyList(ctx context.Context) ui.EmptySpec {
	word := func(name string) string { return locale.T(ctx, "page.list.empty."+name, nil) }
	return ui.EmptySpec{
		Title: word("title"), Text: word("text"),
		Actions: []ui.ButtonSpec{
			{Text: locale.T(ctx, "page.list.new", nil), Icon: ui.IconPlus, Kind: ui.Primary, Large: true, Attrs: templ.Attributes{"form": idNew}},
			{Text: word("samples"), Icon: ui.IconDownload, Large: true, Href: "/migrations/samples.zip"},
		},
		Steps: []ui.EmptyStep{
			{Title: word("step1"), Text: word("step1.text")},
			{Title: word("step2"), Text: word("step2.text")},
			{Title: word("step3"), Text: word("step3.text")},
		},
	}
}
