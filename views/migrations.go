package views

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// ListPage is the list of the migrations that somebody may see.
type ListPage struct {
	Page
	Query      ListQuery
	Migrations []migration.Migration // one page of those found
	Total      int                   // found in the group
	PerPage    int
	Tabs       []Tab
	MustAct    []migration.Migration // those that wait for a person
	Filters    ListFilters
	Moved      bool // a fresh page would show other rows, or in another order
	Policy     migration.Policy
	Now        time.Time
}

// ListQuery is the part of the address that says what the list shows.
type ListQuery struct {
	Search, Group, Sort string // Sort with "-" before it is turned round
	Status              migration.Validity
	Customer            int64
	Domain, User        string
	Page                int // from 1
}

// ListFilters are the values that the list can be filtered by. One alone is no
// choice and is not shown.
type ListFilters struct {
	Validities     []migration.Validity
	Customers      []migration.Customer
	Domains, Users []string
}

// Orders of the list, as they stand in addresses; the first is the default.
const (
	SortFirst     = "first"
	SortSecond    = "second"
	SortTitle     = "title"
	SortStatus    = "status"
	SortValidity  = "validity"
	SortResources = "resources"
	SortUser      = "user"
)

// Href returns the address of the list as the query describes it. What is the
// default is left out.
func (q ListQuery) Href() string { return address("/migrations", q.values()) }

// FileHref returns the address of the whole list as a file, "csv" or "json".
func (q ListQuery) FileHref(form string) string {
	return address("/migrations."+form, q.onPage(1).values())
}

func (q ListQuery) values() url.Values {
	values := url.Values{}
	for _, pair := range q.pairs() {
		values.Set(pair[0], pair[1])
	}
	if q.Search != "" {
		values.Set("q", q.Search)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	return values
}

// pairs are all but what is searched for and the page.
func (q ListQuery) pairs() (pairs [][2]string) {
	add := func(name, value string) {
		if value != "" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	add("group", q.Group)
	if q.Sort != SortFirst {
		add("sort", q.Sort)
	}
	add("status", string(q.Status))
	if q.Customer != 0 {
		add("customer", strconv.FormatInt(q.Customer, 10))
	}
	add("domain", q.Domain)
	add("user", q.User)
	return pairs
}

// filtered reports whether a filter is set.
func (q ListQuery) filtered() bool {
	return q.Status != "" || q.Customer != 0 || q.Domain != "" || q.User != ""
}

func address(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

func (q ListQuery) inGroup(group string) ListQuery {
	q.Group, q.Page = group, 1
	return q
}

func (q ListQuery) sortedBy(order string) ListQuery {
	q.Sort, q.Page = order, 1
	return q
}

func (q ListQuery) onPage(page int) ListQuery {
	q.Page = page
	return q
}

// keep is what a search does not change.
func (q ListQuery) keep() [][2]string { return q.pairs() }

// keepInFilters is what the filters do not change.
func (q ListQuery) keepInFilters() [][2]string {
	kept := ListQuery{Group: q.Group, Sort: q.Sort}.pairs()
	if q.Search != "" {
		kept = append(kept, [2]string{"q", q.Search})
	}
	return kept
}

// unused reports that there is nothing yet, whatever one looks for.
func (p ListPage) unused() bool { return p.Query.Search == "" && !p.Query.filtered() && p.all() == 0 }

func (p ListPage) all() int {
	for _, tab := range p.Tabs {
		if tab.Group == "" {
			return tab.Count
		}
	}
	return 0
}

func (p ListPage) tabs(ctx context.Context) []ui.Tab {
	var tabs []ui.Tab
	for _, tab := range p.Tabs {
		tabs = append(tabs, ui.Tab{
			Text: locale.T(ctx, groupKey("page.list.group.", tab.Group), nil), Count: tab.Count,
			Href: p.Query.inGroup(tab.Group).Href(), Current: tab.Group == p.Query.Group,
		})
	}
	return tabs
}

func groupKey(prefix, group string) string {
	if group == "" {
		group = "all"
	}
	return prefix + group
}

func (p ListPage) table(ctx context.Context) ui.TableSpec {
	word := func(name string) string { return locale.T(ctx, "page.list.column."+name, nil) }
	return ui.TableSpec{
		Label: locale.T(ctx, "page.list.table", nil),
		Columns: []ui.ColumnSpec{
			p.sortable(SortTitle, word("migration"), "ascending"),
			p.sortable(SortValidity, word("status"), "ascending"),
			p.sortable(SortStatus, word("phase"), "ascending"),
			p.numbers(p.sortable(SortResources, word("resources"), "descending")),
			p.sortable(SortFirst, word("first"), "descending"),
			p.sortable(SortSecond, word("second"), "descending"),
			p.sortable(SortUser, word("user"), "ascending"),
			{Text: word("actions"), Hidden: true},
		},
		After: ui.Pager(p.pager()),
	}
}

// sortable is the head of a column that sorts by it; direction is that of its
// first click, a second one turns it round.
func (p ListPage) sortable(order, text, direction string) ui.ColumnSpec {
	column := ui.ColumnSpec{Text: text, Href: p.Query.sortedBy(order).Href()}
	sorted, turned := strings.CutPrefix(p.Query.Sort, "-")
	if sorted != order && (sorted != "" || order != SortFirst) {
		return column
	}
	column.Sorted = direction
	switch {
	case !turned:
		column.Href = p.Query.sortedBy("-" + order).Href()
	case direction == "ascending":
		column.Sorted = "descending"
	default:
		column.Sorted = "ascending"
	}
	return column
}

func (p ListPage) numbers(column ui.ColumnSpec) ui.ColumnSpec {
	column.Number = true
	return column
}

// filterFields are the fields by which the list can be filtered.
func (p ListPage) filterFields(ctx context.Context) (fields []ui.FieldSpec) {
	word := func(name string) string { return locale.T(ctx, "page.list.filter."+name, nil) }
	add := func(name, value string, options []ui.Option) {
		if len(options) > 1 || value != "" {
			options = append([]ui.Option{{Text: word(name + ".all")}}, options...)
			fields = append(fields, ui.FieldSpec{Name: name, Label: word(name), Value: value, Options: options})
		}
	}
	var status, customers []ui.Option
	for _, v := range p.Filters.Validities {
		status = append(status, ui.Option{Value: string(v), Text: locale.T(ctx, "validity."+string(v), nil)})
	}
	for _, c := range p.Filters.Customers {
		customers = append(customers, ui.Option{Value: strconv.FormatInt(c.ID, 10), Text: c.Name})
	}
	customer := ""
	if p.Query.Customer != 0 {
		customer = strconv.FormatInt(p.Query.Customer, 10)
	}
	add("status", string(p.Query.Status), status)
	add("customer", customer, customers)
	add("domain", p.Query.Domain, plainOptions(p.Filters.Domains))
	add("user", p.Query.User, plainOptions(p.Filters.Users))
	return fields
}

func plainOptions(texts []string) (options []ui.Option) {
	for _, text := range texts {
		options = append(options, ui.Option{Value: text, Text: text})
	}
	return options
}

// eventsHref is where the list's events come from: the rows it shows are named, so
// that their order does not change under the reader's eyes.
func (p ListPage) eventsHref() string {
	values := p.Query.values()
	for _, m := range p.Migrations {
		values.Add("row", m.Code)
	}
	return address("/migrations/events", values)
}

// none says why there are no rows: what is looked for is not there, or nothing is
// in this group, which is good or needs a word.
func (p ListPage) none(ctx context.Context) string {
	if p.Query.Search == "" && !p.Query.filtered() && p.Query.Group != "" {
		return locale.T(ctx, "page.list.none."+p.Query.Group, nil)
	}
	return locale.T(ctx, "page.list.none", nil)
}

// leftOut counts the rows that the migration goes on without, those that could not
// be read too.
func leftOut(m migration.Migration) int { return m.Checks.LeftOut + len(m.LinesOut) }

func (p ListPage) pager() ui.PagerSpec {
	spec, prev, next := pagerOf(p.Query.Page, p.PerPage, p.Total, len(p.Migrations))
	if prev {
		spec.Prev = p.Query.onPage(p.Query.Page - 1).Href()
	}
	if next {
		spec.Next = p.Query.onPage(p.Query.Page + 1).Href()
	}
	return spec
}

// pagerOf says which rows of a list are on a page, and whether there are pages
// before and behind it.
func pagerOf(page, perPage, total, shown int) (spec ui.PagerSpec, prev, next bool) {
	from := (max(page, 1)-1)*perPage + 1
	spec = ui.PagerSpec{From: min(from, total), To: min(from+shown-1, total), Total: total}
	return spec, page > 1, from+shown-1 < total
}

// titleHref is where the name of a migration leads.
func (p ListPage) titleHref(m migration.Migration) string {
	if m.Validity == migration.Draft && p.User.CanChange(m) {
		return continuePath(m)
	}
	return migrationPath(m)
}

// listPart is how far the thing in a row is: a small bar and its numbers.
type listPart struct {
	value, most int
	text        string
	tone        ui.Tone
}

// progress is what the phase of a row shows below its word; false: nothing.
func (p ListPage) progress(ctx context.Context, m migration.Migration) (listPart, bool) {
	switch m.Phase(p.Now) {
	case migration.PhaseValidating:
		done := m.Checks.Rows - m.Checks.Waiting
		return listPart{done, m.Checks.Rows, locale.T(ctx, "page.list.checked", map[string]any{"done": done, "total": m.Checks.Rows}), ui.Plain}, true
	case migration.PhaseRunning1, migration.PhaseRunning2, migration.PhaseRunningMore:
		pass, _ := migration.Current(m.Passes)
		done, total := settled(pass.Runs.Tally), expected(m, pass)
		return listPart{done, total, locale.T(ctx, "page.list.messages", map[string]any{"done": done, "total": total}), toneOfPass(pass)},
			total > 0 && pass.Runs.Runs > 0
	}
	return listPart{}, false
}

func toneOfPass(pass migration.Pass) ui.Tone {
	if pass.Status == migration.PassRunning {
		return ui.Plain
	}
	return ui.Wait
}

// result is the line below the word of a migration that has ended.
func (p ListPage) result(ctx context.Context, m migration.Migration) string {
	pass, ran := ShownPass(m)
	if !ran {
		return ""
	}
	switch m.Phase(p.Now) {
	case migration.PhaseFinished:
		return locale.N(ctx, "count.messages", there(pass.Runs.Tally), nil)
	case migration.PhaseExceptions:
		if left := pass.Runs.Tally.Skipped + pass.Runs.Tally.Failed; left > 0 {
			return locale.N(ctx, "page.list.left_out", left, nil)
		}
		if failed := pass.Runs.Failed + pass.Runs.Cancelled + pass.Runs.Parked; failed > 0 {
			return locale.N(ctx, "page.list.unfinished", failed, nil)
		}
	}
	return ""
}

// passTime is when a pass starts, or started, with a line more.
type passTime struct {
	at    time.Time // zero: text says it
	text  string
	small string
}

// first is when the first pass of a row starts. "As soon as possible" is no time
// until the migration is valid.
func (p ListPage) first(ctx context.Context, m migration.Migration) passTime {
	pass, planned := passOf(m, 1)
	switch {
	case waitsForVerdict(m) && (m.Plan.First.Soonest || planned && pass.Due(p.Now)):
		return passTime{text: locale.T(ctx, "page.list.soonest", nil)}
	case planned:
		return passTime{at: startOf(pass), small: p.ended(ctx, pass)}
	}
	return passTime{at: m.Plan.First.At, text: "–"}
}

func (p ListPage) second(ctx context.Context, m migration.Migration) passTime {
	first, _ := passOf(m, 1)
	pass, planned := passOf(m, 2)
	soonest := waitsForVerdict(m) && m.Plan.First.Soonest
	switch {
	case m.Plan.Gap > 0 && (soonest || !planned):
		return passTime{text: locale.T(ctx, "page.list.after_first", map[string]any{"span": locale.Span(ctx, m.Plan.Gap)})}
	case planned && pass.Status == migration.PassDone:
		return passTime{at: startOf(pass), small: p.ended(ctx, pass)}
	case planned:
		return passTime{at: startOf(pass), small: later(ctx, first, pass)}
	}
	return passTime{at: m.Plan.Second, text: "–"}
}

// startOf is when a pass started, else when it is to.
func startOf(pass migration.Pass) time.Time {
	if !pass.StartedAt.IsZero() {
		return pass.StartedAt
	}
	return pass.PlannedAt
}

// later says how long a pass comes after the first, by the plan (S14).
func later(ctx context.Context, first, pass migration.Pass) string {
	return locale.T(ctx, "page.list.later", map[string]any{"span": gapText(ctx, first, pass)})
}

func (p ListPage) ended(ctx context.Context, pass migration.Pass) string {
	if pass.Status != migration.PassDone {
		return ""
	}
	return atOrDay(ctx, "page.list.ended", pass.End(), startOf(pass), p.Now)
}

// clockOrMoment leaves out the day of t where beside stands another moment of
// the same day.
func clockOrMoment(ctx context.Context, t, beside, now time.Time) string {
	if sameDay(ctx, t, beside) {
		return locale.Clock(ctx, t)
	}
	return locale.Moment(ctx, t, now)
}
