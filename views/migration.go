package views

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// MigrationPage is the page of one migration.
type MigrationPage struct {
	Page
	View MigrationView
}

// MigrationView is all of the page that changes while somebody looks: the page
// shows it, and events bring it anew. It knows nobody who looks but what he may.
type MigrationView struct {
	Migration migration.Migration
	CanChange bool
	// CanAddPass says that he may plan one more pass, HasSecrets that the passwords
	// for it still exist (S22).
	CanAddPass, HasSecrets bool
	Resources              ResourceList
	Pace                   Pace
	// Samples are how far the shown pass was, oldest first.
	Samples []migration.Sample
	// Hindrances are what held its runs up while the curve of the samples has dips.
	Hindrances []migration.Hindrance
	// Reasons are why messages of the shown pass stayed behind, most first.
	Reasons []migration.ReasonCount
	Records []DomainRecords      // what to enter when the MX may be changed
	MX      []migration.DomainMX // what is known of the records of its domains
	Notices []migration.Notice
	Pauses  PausesView // hosts that refuse logins
	Full    []migration.FullMailbox
	// SendsMail says that notices leave by mail.
	SendsMail bool
	Policy    migration.Policy
	Now       time.Time
}

// DomainRecords are MX records to enter, such as "10 mx1.example.net", and the
// domains they are for.
type DomainRecords struct {
	Domains []string
	Records []ui.Record
}

func (v MigrationView) phase() migration.Phase { return v.Migration.Phase(v.Now) }

// Ended reports whether nothing changes any more by itself.
func (v MigrationView) Ended() bool {
	switch v.phase() {
	case migration.PhaseFinished, migration.PhaseExceptions, migration.PhaseCancelled:
		return v.Migration.CanDelete() && !v.waitsForServer()
	}
	return false
}

// waitsForServer reports whether runs of the last pass go on by themselves.
func (v MigrationView) waitsForServer() bool {
	pass, ran := ShownPass(v.Migration)
	return ran && pass.Runs.Parked+pass.Runs.Open > 0 && v.Migration.Validity == migration.Valid
}

// eventsHref is where the page's events come from. The rows it shows are named,
// so that their order does not change under the reader's eyes.
func (v MigrationView) eventsHref() string {
	values := url.Values{}
	if v.Resources.Group != "" {
		values.Set("group", v.Resources.Group)
	}
	if v.Resources.Page > 1 {
		values.Set("page", strconv.Itoa(v.Resources.Page))
	}
	rows := make([]string, 0, len(v.Resources.Rows))
	for _, row := range v.Resources.Rows {
		rows = append(rows, strconv.Itoa(row.Row))
	}
	values.Set("rows", strings.Join(rows, " "))
	return address(migrationPath(v.Migration, "/events"), values)
}

func (v MigrationView) pageHref() string { return v.groupHref(v.Resources.Group, v.Resources.Page) }

func (v MigrationView) groupHref(group string, page int) string {
	return pageHref(migrationPath(v.Migration), group, page)
}

// pass is the one that the numbers are of; the zero Pass before the first.
func (v MigrationView) pass() migration.Pass {
	pass, _ := ShownPass(v.Migration)
	return pass
}

// counted reports whether there are numbers to show.
func (v MigrationView) counted() bool { return v.pass().Runs.Runs > 0 }

func (v MigrationView) outcome() ui.OutcomeSpec {
	pass := v.pass()
	t := pass.Runs.Tally
	return ui.OutcomeSpec{
		Copied: t.Copied, Present: t.Present, Skipped: t.Skipped, Failed: t.Failed,
		Listed: expected(v.Migration, pass), Running: settled(t) < expected(v.Migration, pass), Later: pass.Number > 1,
	}
}

// byRule counts the messages that no one wanted copied.
func (v MigrationView) byRule() int {
	n := 0
	for _, reason := range v.Reasons {
		if reason.Reason.ByRule() {
			n += reason.Count
		}
	}
	return n
}

// timeLeft estimates when the pass ends; zero: there is nothing to go by.
func (v MigrationView) timeLeft() time.Duration {
	pass := v.pass()
	left := expected(v.Migration, pass) - settled(pass.Runs.Tally)
	if pass.Status != migration.PassRunning || v.Pace.Messages <= 0 || left <= 0 {
		return 0
	}
	return time.Duration(float64(left) / v.Pace.Messages * float64(time.Second))
}

// facts are the plain numbers of a pass under way.
func (v MigrationView) facts(ctx context.Context) []ui.Fact {
	pass, runs := v.pass(), v.pass().Runs
	word := func(name string) string { return locale.T(ctx, "page.migration.fact."+name, nil) }
	speed := ui.Fact{Label: word("pace"), Value: "–"}
	if v.Pace.Messages > 0 {
		rate := int(v.Pace.Messages + 0.5)
		speed.Value = locale.Number(ctx, max(rate, 1))
		speed.Small = locale.T(ctx, "page.migration.per_second", map[string]any{"size": locale.Bytes(ctx, int64(v.Pace.Bytes))})
	}
	end := ui.Fact{Label: word("end"), Value: "–"}
	if left := v.timeLeft(); left > 0 {
		end.Small = atOrDay(ctx, "page.migration.begun", lastStart(pass), v.Now, v.Now)
		end.Value = locale.T(ctx, "page.migration.around", map[string]any{"at": locale.Clock(ctx, v.Now.Add(left))})
	}
	done := runs.Runs - runs.Open - runs.Parked - runs.Failed - runs.Cancelled
	copied := ui.Fact{Label: word("copied"), Value: locale.Bytes(ctx, runs.Tally.Bytes)}
	if pass.Number == 1 && v.Migration.Checks.Bytes > runs.Tally.Bytes {
		copied.Small = locale.T(ctx, "page.migration.of", map[string]any{"total": locale.Bytes(ctx, v.Migration.Checks.Bytes)})
	}
	return []ui.Fact{copied, speed, end, {
		Label: word("resources"), Value: locale.Number(ctx, done),
		Small: locale.T(ctx, "page.migration.of", map[string]any{"total": runs.Runs}),
	}}
}

// lastStart is when a pass began that is under way, or was opened once more.
func lastStart(pass migration.Pass) time.Time {
	if !pass.ReopenedAt.IsZero() {
		return pass.ReopenedAt
	}
	return pass.StartedAt
}

// underWay reports whether a pass is on its way, also if somebody holds it.
func (v MigrationView) underWay() bool {
	switch v.phase() {
	case migration.PhaseRunning1, migration.PhaseRunning2, migration.PhaseRunningMore:
		current, _ := migration.Current(v.Migration.Passes)
		return current.Runs.Runs > 0
	}
	return false
}

func (v MigrationView) tabs(ctx context.Context) []ui.Tab {
	var tabs []ui.Tab
	for _, tab := range v.Resources.Tabs {
		if tab.Count == 0 && tab.Group != "" && tab.Group != v.Resources.Group {
			continue
		}
		tabs = append(tabs, ui.Tab{
			Text: locale.T(ctx, groupKey("page.migration.group.", tab.Group), nil), Count: tab.Count,
			Href: v.groupHref(tab.Group, 1) + "#" + idResources, Current: tab.Group == v.Resources.Group,
		})
	}
	return tabs
}

// runTable describes the table of the runs of the shown pass.
func (v MigrationView) runTable(ctx context.Context) ui.TableSpec {
	spec := ui.TableSpec{LabelID: idResources, Class: "t-runs", After: v.after()}
	for _, name := range []string{"resource", "status", "messages", "data", "skipped", "failed", "time", "log"} {
		number := name == "data" || name == "skipped" || name == "failed" || name == "time"
		spec.Columns = append(spec.Columns, ui.ColumnSpec{Text: columnName(ctx, name), Number: number})
	}
	return spec
}

// checkTable describes the table of the checks, before there are runs.
func (v MigrationView) checkTable(ctx context.Context) ui.TableSpec {
	spec := ui.TableSpec{LabelID: idResources, After: v.after()}
	for _, name := range []string{"resource", "source", "status", "messages", "data"} {
		spec.Columns = append(spec.Columns, ui.ColumnSpec{Text: columnName(ctx, name), Number: name == "messages" || name == "data"})
	}
	return spec
}

func columnName(ctx context.Context, name string) string {
	return locale.T(ctx, "page.migration.column."+name, nil)
}

func (v MigrationView) after() templ.Component {
	return ui.Pager(v.Resources.pager(func(page int) string {
		return v.groupHref(v.Resources.Group, page) + "#" + idResources
	}))
}

// expectedOf is how many messages a run has to do with.
func expectedOf(row ResourceRow, run migration.Run) int {
	if run.Status.Ended() {
		return run.Tally.Listed
	}
	return max(run.Tally.Listed, row.Check.Messages, settled(run.Tally))
}

func runTone(run migration.Run) ui.Tone {
	switch run.Status {
	case migration.RunDone:
		return ui.OK
	case migration.RunParked, migration.RunInterrupted, migration.RunFailed, migration.RunCancelled:
		return ui.Wait
	}
	return ui.Plain
}

// runTime is how long a run was at work, or when it goes on.
func runTime(ctx context.Context, run migration.Run, now time.Time) string {
	switch {
	case run.Status == migration.RunParked && !run.RetryAt.IsZero():
		return locale.T(ctx, "page.migration.retry", map[string]any{"at": locale.When(ctx, run.RetryAt, now)})
	case run.StartedAt.IsZero():
		return "–"
	case !run.EndedAt.IsZero():
		return locale.Duration(ctx, max(run.Took(now).Round(time.Second), time.Second))
	}
	return locale.Span(ctx, run.Took(now))
}

// logs are the passes in which a resource has a log.
func (v MigrationView) logs(row ResourceRow) []int {
	var numbers []int
	for _, pass := range v.Migration.Passes {
		if run, begun := row.Runs[pass.Number]; begun && hasBegun(run) {
			numbers = append(numbers, pass.Number)
		}
	}
	return numbers
}
