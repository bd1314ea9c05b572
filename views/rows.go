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

// The ids and places of pages that events and links speak of.
const (
	idLive      = "live"      // what server-sent events replace
	idResources = "resources" // the heading above the table of resources
	idListTodo  = "list-todo"
	idListTabs  = "list-tabs"
	idNew       = "new-migration"

	headMeta    = ".t-head__meta"
	headActions = ".t-head__actions"
)

// Tab is a group of rows above a table: its name in addresses and texts, and
// how many there are.
type Tab struct {
	Group string // "": all
	Count int
}

// Pace is how fast a pass is going, as it was measured; zero: not measured.
type Pace struct{ Messages, Bytes float64 } // per second

// ResourceRow is a resource with its runs. No secret is in it.
type ResourceRow struct {
	migration.Resource
	Runs   map[int]migration.Run // by the number of the pass
	Folder string                // the one at work; "": none
}

// ResourceList is one page of the resources of a migration.
type ResourceList struct {
	Rows          []ResourceRow
	Tabs          []Tab
	Group         string
	Page, PerPage int
	Total         int // in the group
	// Moved says that the rows would stand in another order if the page were
	// fetched anew.
	Moved bool
}

func migrationPath(m migration.Migration, rest ...string) string {
	return "/migrations/" + m.Code + strings.Join(rest, "")
}

// continuePath leads to the step of the wizard that comes next.
func continuePath(m migration.Migration) string { return migrationPath(m, "/edit") }

func correctPath(m migration.Migration) string { return migrationPath(m, "/edit/file") }

// correctRowPath is the page of the rows on which one of them stands.
func correctRowPath(m migration.Migration, row int) string {
	line := strconv.Itoa(row)
	return correctPath(m) + "?row=" + line + "#row-" + line
}

// titleOf is what people call a migration, on one line.
func titleOf(ctx context.Context, m migration.Migration) string {
	title, more := m.Title()
	if more > 0 {
		title += " " + locale.N(ctx, "list.and_more", more, nil)
	}
	return title
}

// domainsOf names the domains of a migration, whatever its own name.
func domainsOf(ctx context.Context, m migration.Migration) string {
	m.Name = ""
	return titleOf(ctx, m)
}

// gapText says how long after pass 1 another pass comes. A pass 1 that was to
// start as soon as possible starts some time after pass 2 was planned by it:
// "6 ore" is what was chosen, not "5 ore e 59 minuti".
func gapText(ctx context.Context, first, pass migration.Pass) string {
	gap := pass.PlannedAt.Sub(first.PlannedAt)
	if gap > time.Hour {
		gap = gap.Round(5 * time.Minute)
	}
	return locale.Span(ctx, gap)
}

// serverType names the kind of source server; nothing before it was chosen.
func serverType(ctx context.Context, m migration.Migration) string {
	if m.ServerType == "" {
		return ""
	}
	return locale.T(ctx, "server_type."+string(m.ServerType), nil)
}

func resourceCount(m migration.Migration) int { return m.Checks.Rows + m.Checks.LeftOut }

// passOf returns a pass of a migration by its number.
func passOf(m migration.Migration, number int) (migration.Pass, bool) {
	i := slices.IndexFunc(m.Passes, func(p migration.Pass) bool { return p.Number == number })
	if i < 0 {
		return migration.Pass{}, false
	}
	return m.Passes[i], true
}

// ShownPass returns the pass whose runs a page shows: the last one that has any.
// False: none has begun, the page shows the checks.
func ShownPass(m migration.Migration) (migration.Pass, bool) {
	for _, pass := range slices.Backward(m.Passes) {
		if pass.Runs.Runs > 0 {
			return pass, true
		}
	}
	return migration.Pass{}, false
}

// expected is how many messages a pass has to do with. Folders are listed one
// after the other: until the pass has ended, the check knows better.
func expected(m migration.Migration, pass migration.Pass) int {
	if pass.Status.Ended() && pass.Runs.Open+pass.Runs.Parked == 0 {
		return pass.Runs.Tally.Listed
	}
	return max(pass.Runs.Tally.Listed, m.Checks.Messages, settled(pass.Runs.Tally))
}

// settled counts the messages whose fate is known.
func settled(t migration.Tally) int { return t.Copied + t.Present + t.Skipped + t.Failed }

// there counts the messages that are at the destination.
func there(t migration.Tally) int { return t.Copied + t.Present }

func passName(ctx context.Context, number int) string { return numbered(ctx, "pass", number) }

// numbered is a text about a pass: that of 1, of 2, or of any later one.
func numbered(ctx context.Context, key string, number int) string {
	if number <= 2 {
		return locale.T(ctx, key+"."+strconv.Itoa(number), nil)
	}
	return locale.T(ctx, key+".more", map[string]any{"number": strconv.Itoa(number)})
}

// waitsForVerdict reports whether no pass starts yet, whatever its time.
func waitsForVerdict(m migration.Migration) bool {
	return m.Validity == migration.Draft || m.Validity == migration.Validating || m.Validity == migration.Invalid
}

// thePass is passName with its article, where the language has one.
func thePass(ctx context.Context, number int) string { return numbered(ctx, "pass.the", number) }

// amidPass is thePass in the middle of a sentence.
func amidPass(ctx context.Context, number int) string { return numbered(ctx, "pass.amid", number) }

// atOrDay fills key with the hour of t, or key.day with day and hour where the
// moment that stands beside it is of another day.
func atOrDay(ctx context.Context, key string, t, beside, now time.Time) string {
	if sameDay(ctx, t, beside) {
		return locale.T(ctx, key, map[string]any{"at": locale.Clock(ctx, t)})
	}
	return locale.T(ctx, key+".day", map[string]any{"at": locale.When(ctx, t, now)})
}

func sameDay(ctx context.Context, a, b time.Time) bool {
	zone := locale.Zone(ctx)
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

// state is a pill: what it looks like, and its word.
type state struct {
	tone ui.Tone
	icon ui.IconName
	text string
}

func validityState(ctx context.Context, v migration.Validity) state {
	text := locale.T(ctx, "validity."+string(v), nil)
	switch v {
	case migration.Validating:
		return state{ui.Run, "", text}
	case migration.Valid:
		return state{ui.OK, "", text}
	case migration.Invalid:
		return state{ui.Err, "", text}
	case migration.Cancelled:
		return state{ui.Plain, ui.IconBan, text}
	}
	return state{ui.Plain, ui.IconPencil, text}
}

// phaseState says how far a migration is. A pass that a person or the program
// stopped says so: its phase stays.
func phaseState(ctx context.Context, m migration.Migration, now time.Time) state {
	phase := m.Phase(now)
	text := locale.T(ctx, "phase."+string(phase), nil)
	switch phase {
	case migration.PhaseValidating:
		return state{ui.Run, "", text}
	case migration.PhaseInvalid:
		return state{ui.Err, "", locale.N(ctx, "list.to_correct", m.Checks.Failed, nil)}
	case migration.PhaseScheduled:
		return state{ui.Plain, ui.IconCalendar, text}
	case migration.PhaseRunning1, migration.PhaseRunning2, migration.PhaseRunningMore:
		return runningState(ctx, m, text)
	case migration.PhaseCutOver:
		return state{ui.Wait, ui.IconExchange, text}
	case migration.PhaseFinished:
		return state{ui.OK, "", text}
	case migration.PhaseExceptions:
		return state{ui.Wait, "", text}
	case migration.PhaseCancelled:
		return state{ui.Plain, ui.IconBan, text}
	}
	return state{ui.Plain, ui.IconPencil, text}
}

func runningState(ctx context.Context, m migration.Migration, text string) state {
	switch pass, _ := migration.Current(m.Passes); pass.Status {
	case migration.PassPaused:
		return state{ui.Wait, ui.IconPause, locale.T(ctx, "pass_status.paused", nil)}
	case migration.PassInterrupted:
		return state{ui.Wait, ui.IconClock, locale.T(ctx, "pass_status.interrupted", nil)}
	case migration.PassPlanned:
		return state{ui.Run, ui.IconClock, locale.T(ctx, "list.about_to_start", nil)}
	}
	return state{ui.Run, "", text}
}

func runState(ctx context.Context, run migration.Run) state {
	text := locale.T(ctx, "run_status."+string(run.Status), nil)
	switch run.Status {
	case migration.RunConnecting, migration.RunCopying:
		return state{ui.Run, "", text}
	case migration.RunParked:
		return state{ui.Wait, ui.IconPause, text}
	case migration.RunDone:
		return state{ui.OK, "", text}
	case migration.RunFailed:
		return state{ui.Err, "", text}
	case migration.RunCancelled:
		return state{ui.Plain, ui.IconBan, text}
	}
	return state{ui.Plain, ui.IconClock, text}
}

func checkState(ctx context.Context, r migration.Resource) state {
	text := locale.T(ctx, "check_status."+string(r.Check.Status), nil)
	switch {
	case r.LeftOut:
		return state{ui.Plain, ui.IconMinus, locale.T(ctx, "page.migration.left_out", nil)}
	case r.Check.Status == migration.CheckRunning:
		return state{ui.Run, "", text}
	case r.Check.Status == migration.CheckPassed:
		return state{ui.OK, "", text}
	case r.Check.Status == migration.CheckFailed:
		return state{ui.Err, "", text}
	}
	return state{ui.Plain, ui.IconClock, text}
}

// part is a piece of a sentence, strong or not.
type part struct {
	text   string
	strong bool
}

// parts divides a text at its "**": what stands between two of them is strong.
func parts(text string) []part {
	var all []part
	for i, piece := range strings.Split(text, "**") {
		if piece != "" {
			all = append(all, part{piece, i%2 == 1})
		}
	}
	return all
}

// dayAndHour divides a moment where a narrow column may break it.
func dayAndHour(moment string) []string {
	day, hour, found := strings.Cut(moment, ", ")
	if !found {
		return []string{moment}
	}
	return []string{day + ",", hour}
}

// opensDialog makes a link fetch the dialog of the page it leads to.
func opensDialog() templ.Attributes { return templ.Attributes{"data-dialog": true} }
