package views

import (
	"context"
	"net/url"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// LogQuery says what part of a long log is shown. It stands in the address.
type LogQuery struct {
	Level      migration.Level // less grave lines are left out; "": none
	Folder     string          // lines about this source folder; "": all
	Page       int             // of the lines, from 1; 0: the last while the run is at work, else the first
	FolderPage int             // of the table of folders, from 1
	// Reason is the one whose exceptions are shown by pages, ReasonPage the page.
	Reason     migration.Reason
	ReasonPage int
}

// values returns the query as it stands in an address.
func (q LogQuery) values() url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			values.Set(name, value)
		}
	}
	set("level", string(q.Level))
	set("folder", q.Folder)
	set("page", strconv.Itoa(q.Page))
	if q.FolderPage > 1 {
		set("folder_page", strconv.Itoa(q.FolderPage))
	}
	set("reason", string(q.Reason))
	if q.ReasonPage > 1 {
		set("reason_page", strconv.Itoa(q.ReasonPage))
	}
	return values
}

// Encode returns the query as text: equal texts, equal pages.
func (q LogQuery) Encode() string { return q.values().Encode() }

func (v LogView) path() string {
	return LogPath(v.Migration.Code, v.Resource.Row, v.Pass.Number)
}

// href is the address of the same log with another query, at one of its parts.
func (v LogView) href(q LogQuery, part string) string {
	return address(v.path(), q.values()) + "#" + part
}

func (v LogView) eventsPath() string { return address(v.path()+"/events", v.Query.values()) }

// levelTabs choose how grave a line must be.
func (v LogView) levelTabs(ctx context.Context) []ui.Tab {
	levels := v.Lines.Levels
	counts := []struct {
		level migration.Level
		count int
	}{
		{"", levels[migration.Info] + levels[migration.Warning] + levels[migration.Failure]},
		{migration.Warning, levels[migration.Warning] + levels[migration.Failure]},
		{migration.Failure, levels[migration.Failure]},
	}
	var tabs []ui.Tab
	for _, c := range counts {
		q := v.Query
		q.Level, q.Page = c.level, 0
		key := "page.log.filter.all"
		if c.level != "" {
			key = "page.log.filter." + string(c.level)
		}
		tabs = append(tabs, ui.Tab{Text: locale.T(ctx, key, nil), Href: v.href(q, "entries"), Count: c.count, Current: v.Query.Level == c.level})
	}
	return tabs
}

// folderChoice is the field that chooses a folder; its options are those of the
// table, the one at work and the one that was asked for.
func (v LogView) folderChoice(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Text: locale.T(ctx, "page.log.filter.folders", nil)}}
	seen := map[string]bool{"": true}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			options = append(options, ui.Option{Value: name, Text: folderName(ctx, name)})
		}
	}
	for _, f := range v.Folders.Rows {
		add(f.Name)
	}
	add(v.AtWork)
	add(v.Query.Folder)
	return options
}

// aboutFolder is the address of the lines about one folder.
func (v LogView) aboutFolder(name string) string {
	q := v.Query
	q.Folder, q.Level, q.Page = name, "", 0
	return v.href(q, "entries")
}

// keep are the fields of the address that choosing a folder leaves as they are.
func (v LogView) keep() [][2]string {
	q := v.Query
	q.Folder, q.Page = "", 0
	var pairs [][2]string
	for name, values := range q.values() {
		pairs = append(pairs, [2]string{name, values[0]})
	}
	return pairs
}

// linePager leads to the other lines.
func (v LogView) linePager() ui.PagerSpec {
	if v.Live() { // the last ones
		q := v.Query
		q.Page = max(v.Lines.Page-1, 1)
		return ui.PagerSpec{From: v.Lines.Total - len(v.Lines.Rows) + 1, To: v.Lines.Total, Total: v.Lines.Total, Prev: v.href(q, "entries")}
	}
	return pagerFor(v.Lines.Page, v.Lines.PerPage, v.Lines.Total, len(v.Lines.Rows), func(page int) string {
		q := v.Query
		q.Page = page
		return v.href(q, "entries")
	})
}

func (v LogView) folderPager() ui.PagerSpec {
	return pagerFor(v.Folders.Page, v.Folders.PerPage, v.Folders.Total, len(v.Folders.Rows), func(page int) string {
		q := v.Query
		q.FolderPage = page
		return v.href(q, "folders")
	})
}

func (v LogView) leftPager(g LeftGroup) ui.PagerSpec {
	return pagerFor(g.Page, g.PerPage, g.Rows, len(g.Items), func(page int) string {
		q := v.Query
		q.Reason, q.ReasonPage = g.Reason, page
		return v.href(q, leftID(g.Reason))
	})
}

// leftID is the place of a reason's exceptions on the page.
func leftID(reason migration.Reason) string { return "left-" + string(reason) }

func pagerFor(page, perPage, total, shown int, href func(page int) string) ui.PagerSpec {
	spec, prev, next := pagerOf(page, perPage, total, shown)
	if prev {
		spec.Prev = href(page - 1)
	}
	if next {
		spec.Next = href(page + 1)
	}
	return spec
}
