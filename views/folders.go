package views

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// foldersPerPage is how many folders of the map a page shows.
const foldersPerPage = 50

// Groups of the folder map.
const (
	FoldersOffered = "offered" // look like trash, and are copied
	FoldersOut     = "out"
	FoldersChosen  = "chosen"
)

// FoldersPage is the folder map: what goes where, and what stays behind.
type FoldersPage struct {
	WizardPage
	Lines []migration.FolderLine // all of the map
	Query FolderQuery
	Rows  int // resources of the migration that are not left out
	Known int // of those, whose folders are known
	// InWizard says that the migration is not handed in yet, CanChoose that no pass
	// has begun.
	InWizard, CanChoose bool
	// Sent is what was handed in and could not be taken, by the names of the fields.
	Sent url.Values
}

// FolderQuery is what of the map somebody looks at; it stands in the address.
type FolderQuery struct {
	Group, Search, From string
	Page                int
}

// Address is the address of a view of the map, relative to its page.
func (q FolderQuery) Address() string {
	values := url.Values{}
	for name, value := range map[string]string{"show": q.Group, "q": q.Search, "from": q.From} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	return "?" + values.Encode()
}

// Shown are the lines of a view: of a group, with the searched text in the name,
// on one page.
func (q FolderQuery) Shown(lines []migration.FolderLine) (page []migration.FolderLine, total int) {
	found := q.found(lines)
	from := min(max(q.Page-1, 0)*foldersPerPage, len(found))
	return found[from:min(from+foldersPerPage, len(found))], len(found)
}

func (q FolderQuery) found(lines []migration.FolderLine) (found []migration.FolderLine) {
	for _, line := range lines {
		hasText := strings.Contains(strings.ToLower(migration.FolderName(line.Path)), strings.ToLower(q.Search))
		if hasText && (q.Group == "" || inFolderGroup(line, q.Group)) {
			found = append(found, line)
		}
	}
	return found
}

func inFolderGroup(line migration.FolderLine, group string) bool {
	switch group {
	case FoldersOffered:
		return line.Offered
	case FoldersOut:
		return line.Copied < line.Resources
	case FoldersChosen:
		return line.Chosen
	}
	return false
}

func (p FoldersPage) address() string { return "/migrations/" + p.Migration.Code + "/edit/folders" }

// action keeps the view over a form.
func (p FoldersPage) action() string { return strings.TrimSuffix(p.address()+p.Query.Address(), "?") }

func (p FoldersPage) count(group string) (n int) {
	for _, line := range p.Lines {
		if group == "" || inFolderGroup(line, group) {
			n++
		}
	}
	return n
}

func (p FoldersPage) tabs(ctx context.Context) []ui.Tab {
	var tabs []ui.Tab
	for _, group := range []string{"", FoldersOffered, FoldersOut, FoldersChosen} {
		n := p.count(group)
		if group != "" && n == 0 && group != p.Query.Group {
			continue
		}
		name := group
		if name == "" {
			name = "all"
		}
		to := FolderQuery{Group: group, From: p.Query.From}
		tabs = append(tabs, ui.Tab{Text: folderText(ctx, "tab."+name, nil), Count: n, Href: to.Address(), Current: group == p.Query.Group})
	}
	return tabs
}

func (p FoldersPage) search(ctx context.Context) ui.SearchSpec {
	spec := ui.SearchSpec{Action: p.address(), Label: folderText(ctx, "search", nil), Value: p.Query.Search}
	for name, value := range map[string]string{"show": p.Query.Group, "from": p.Query.From} {
		if value != "" {
			spec.Keep = append(spec.Keep, [2]string{name, value})
		}
	}
	slices.SortFunc(spec.Keep, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return spec
}

func (p FoldersPage) pager() ui.PagerSpec {
	shown, total := p.Query.Shown(p.Lines)
	from := min(max(p.Query.Page-1, 0)*foldersPerPage, total)
	spec := ui.PagerSpec{From: min(from+1, total), To: from + len(shown), Total: total}
	other := p.Query
	if from > 0 {
		other.Page = p.Query.Page - 1
		spec.Prev = other.Address()
	}
	if spec.To < total {
		other.Page = max(p.Query.Page, 1) + 1
		spec.Next = other.Address()
	}
	return spec
}

// sum says in a sentence how much is copied and how much is not.
func (p FoldersPage) sum(ctx context.Context) string {
	var all, out int
	for _, line := range p.Lines {
		all++
		if line.Copied == 0 {
			out++
		}
	}
	if all == 0 {
		return folderText(ctx, "text", nil)
	}
	args := map[string]any{"resources": locale.N(ctx, "page.folders.resources", p.Known, nil)}
	text := locale.N(ctx, "page.folders.sum", all, args)
	if out > 0 {
		text += " " + locale.N(ctx, "page.folders.sum.out", out, nil)
	}
	return text + " " + folderText(ctx, "text", nil)
}

// back is where one came from: the rows, the review, or the migration.
func (p FoldersPage) back() string {
	switch {
	case !p.InWizard:
		return "/migrations/" + p.Migration.Code
	case p.Query.From == string(StepReview):
		return p.path(StepReview)
	}
	return p.path(StepFile)
}

func (p FoldersPage) backText(ctx context.Context) string {
	switch {
	case !p.InWizard:
		return folderText(ctx, "back.migration", nil)
	case p.Query.From == string(StepReview):
		return folderText(ctx, "back.review", nil)
	}
	return folderText(ctx, "back.rows", nil)
}

func folderText(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.folders."+name, args)
}

func (p FoldersPage) columns(ctx context.Context) []ui.ColumnSpec {
	head := func(name string) string { return folderText(ctx, "column."+name, nil) }
	return []ui.ColumnSpec{
		{Text: head("folder")},
		{Text: head("resources"), Number: true},
		{Text: head("messages"), Number: true},
		{Text: head("size"), Number: true},
		{Text: head("fate")},
		{Text: head("place")},
	}
}

// fates are the answers to what becomes of a folder. That the rules say it is none
// where they say the same of all.
func (p FoldersPage) fates(ctx context.Context, line migration.FolderLine) []ui.Option {
	options := []ui.Option{
		{Value: migration.FateIn, Text: folderText(ctx, "fate.in", nil)}, {Value: migration.FateOut, Text: folderText(ctx, "fate.out", nil)},
	}
	if line.Differs || line.Fate() == migration.FateMixed {
		options = append(options, ui.Option{Value: migration.FateMixed, Text: folderText(ctx, "fate.mixed", nil)})
	}
	return options
}

// sent is what stands in a field: what was handed in, else what is so.
func (p FoldersPage) sent(field, is string) string {
	if p.Sent != nil && p.Sent.Has(field) {
		return p.Sent.Get(field)
	}
	return is
}

// facts are the sentences below the name of a folder.
func (p FoldersPage) facts(ctx context.Context, line migration.FolderLine) (facts []string) {
	if line.Role != "" {
		if role := strings.ToLower(strings.TrimPrefix(line.Role, `\`)); slices.Contains(knownRoles, role) {
			if text := folderText(ctx, "role."+role, nil); text != line.Path[len(line.Path)-1] {
				facts = append(facts, text)
			}
		}
	}
	if line.Oversize > 0 && line.Copied > 0 {
		facts = append(facts, locale.N(ctx, "page.folders.oversize", line.Oversize, map[string]any{"size": locale.Bytes(ctx, p.Policy.MaxMessageSize)}))
	}
	return facts
}

var knownRoles = []string{"sent", "drafts", "archive", "trash", "junk"}

// why says why a folder is not copied everywhere, or why one should look at it.
func (p FoldersPage) why(ctx context.Context, line migration.FolderLine) string {
	switch {
	case line.Fixed && line.Copied == 0:
		return folderText(ctx, "why.view", nil)
	case line.Fixed:
		return folderText(ctx, "why.inbox", nil)
	case line.Offered:
		return folderText(ctx, "why.offered", nil)
	case line.Copied == line.Resources:
		return ""
	case line.Copied > 0:
		return locale.N(ctx, "page.folders.why.mixed", line.Resources-line.Copied, map[string]any{"why": ruleText(ctx, line)})
	case line.Chosen && line.Choice.Out:
		return folderText(ctx, "why.chosen", nil)
	}
	return ruleText(ctx, line)
}

// ruleText says why the rules leave a folder out.
func ruleText(ctx context.Context, line migration.FolderLine) string {
	switch {
	case line.Below:
		return folderText(ctx, "why.below", nil)
	case line.Reason == migration.ReasonNotMail:
		return folderText(ctx, "why.not_mail", nil)
	case line.Reason == migration.ReasonPublic:
		return folderText(ctx, "why.public", nil)
	}
	return folderText(ctx, "why.rule", nil)
}

// places names the places of a folder that has several.
func places(line migration.FolderLine) string {
	const most = 3
	var names []string
	for _, to := range line.To[:min(len(line.To), most)] {
		names = append(names, migration.FolderName(to))
	}
	if len(line.To) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// head is the beginning of the page of a migration that is past the wizard.
func (p FoldersPage) head(ctx context.Context) ui.HeadSpec {
	title, _ := p.Migration.Title()
	return ui.HeadSpec{
		Crumbs: []ui.Crumb{
			{Text: locale.T(ctx, "nav.migrations", nil), Href: "/migrations"},
			{Text: title, Href: "/migrations/" + p.Migration.Code},
			{Text: folderText(ctx, "crumb", nil)},
		},
		Title: folderText(ctx, "title", nil), Text: p.sum(ctx), Flash: p.Flash,
	}
}

// choosesFolders reports whether the folder map may still be changed, and is not a
// part of the wizard any more.
func (v MigrationView) choosesFolders() bool {
	m := v.Migration
	handedIn := m.Validity == migration.Validating || m.Validity == migration.Valid
	return handedIn && len(m.Passes) > 0 && m.Passes[0].Status == migration.PassPlanned
}
