package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// LogPage is the page of one run of one resource: log 1, log 2 …
type LogPage struct {
	Page
	View LogView
}

// LogView is what a run did: what is live of its page.
type LogView struct {
	Migration migration.Migration
	Resource  migration.Resource
	Pass      migration.Pass
	Run       migration.Run // zero: the resource has none in this pass
	AtWork    string        // the folder at work; "": none
	Query     LogQuery

	Folders FolderList
	// Left are the messages, and the folders' worth of them, that are not at the
	// destination, by reason.
	Left        []LeftGroup
	Lines       LineList
	Transcripts []migration.Transcript

	MaxSize int64 // the limit of S15, in octets
	Support Support
	Now     time.Time
}

// FolderList is a page of the folders of a run.
type FolderList struct {
	Rows          []migration.FolderTally
	Sum           migration.Tally // of all of them
	Total         int
	Page, PerPage int
}

// LeftGroup is what a run left behind for one reason.
type LeftGroup struct {
	migration.ReasonCount
	Rows          int                 // exceptions: one may stand for a folder's worth of messages
	Items         []migration.Outcome // the first ones, or those of Page
	Page, PerPage int                 // 0: the first ones
}

// Line is an entry of a log with its number.
type Line struct {
	ID int64
	migration.Entry
}

// LineList is a page of the entries of a run.
type LineList struct {
	Rows          []Line
	Levels        map[migration.Level]int // lines of the folder that was asked for
	Total         int                     // lines that were asked for
	Page, PerPage int
}

// Support is whom people turn to where the panel cannot help (S25).
type Support struct{ Name, Email, URL string }

// Live reports whether what is shown will change by itself: the run has not
// ended, and its last lines are asked for.
func (v LogView) Live() bool {
	return v.Run.ID != 0 && !v.Run.Status.Ended() && v.overtakenBy() == 0 && v.Query.Page == 0
}

// count sums the messages of groups.
func (v LogView) count(matches func(LeftGroup) bool) int {
	n := 0
	for _, g := range v.Left {
		if matches(g) {
			n += g.Count
		}
	}
	return n
}

// excluded are the messages that the migration's rules leave where they are,
// missing those that nobody meant to leave.
func (v LogView) excluded() int { return v.count(func(g LeftGroup) bool { return g.Reason.ByRule() }) }

func (v LogView) missing() int { return v.count(func(g LeftGroup) bool { return !g.Reason.ByRule() }) }

// wanted are the messages that were to arrive, arrived those that did, left the
// others.
func (v LogView) wanted() int  { return v.Run.Tally.Listed - v.excluded() }
func (v LogView) arrived() int { return there(v.Run.Tally) }
func (v LogView) left() int    { return v.wanted() - v.arrived() }

// why is the second half of the headline: how many for which reason.
func (v LogView) why(ctx context.Context) string {
	var texts []string
	for _, g := range v.Left {
		if !g.Reason.ByRule() && g.Count > 0 {
			texts = append(texts, locale.N(ctx, "page.log.why."+string(g.Reason), g.Count, map[string]any{"size": locale.Bytes(ctx, v.MaxSize)}))
		}
	}
	return strings.Join(texts, ", ")
}

// excludedFolders names folders whose messages the rules leave out; of many the
// first ones.
func (v LogView) excludedFolders() string {
	var folders []string
	more := false
	for _, g := range v.Left {
		if !g.Reason.ByRule() {
			continue
		}
		more = more || g.Rows > len(g.Items)
		for _, o := range g.Items {
			if o.Count > 0 {
				folders = append(folders, o.Folder)
			}
		}
	}
	if more && len(folders) > 0 {
		folders = append(folders, "…")
	}
	return strings.Join(folders, ", ")
}

// outcome are the counts of the run.
func (v LogView) outcome() ui.OutcomeSpec {
	t := v.Run.Tally
	return ui.OutcomeSpec{
		Copied: t.Copied, Present: t.Present, Skipped: t.Skipped, Failed: t.Failed, Listed: t.Listed,
		Running: !v.Run.Status.Ended(), Later: v.Pass.Number > 1,
	}
}

func folderIcon(name, role string) ui.IconName {
	switch role {
	case `\Trash`:
		return ui.IconTrash
	case `\Junk`:
		return ui.IconMailX
	case `\Sent`:
		return ui.IconSend
	case `\Drafts`:
		return ui.IconPencil
	case `\Archive`, `\All`:
		return ui.IconArchive
	}
	if name == "INBOX" {
		return ui.IconInbox
	}
	return ui.IconFolder
}

// display is the folder's name for people: INBOX has a word of its own.
func folderName(ctx context.Context, name string) string {
	if name == "INBOX" {
		return locale.T(ctx, "page.log.inbox", nil)
	}
	return name
}

// toneIf is a tone where it is to be told.
func toneIf(tell bool, tone ui.Tone) ui.Tone {
	if !tell {
		return ui.Plain
	}
	return tone
}

func logCrumbs(ctx context.Context, v LogView) []ui.Crumb {
	crumbs := migrationCrumbs(ctx, v.Migration, locale.T(ctx, "page.log.tab", map[string]any{"pass": v.Pass.Number}))
	last := len(crumbs) - 1
	return slices.Insert(crumbs, last, ui.Crumb{Text: v.Resource.Destination.Auth.Login, Href: ResourcePath(v.Migration.Code, v.Resource.Row)})
}

// ResourcePath is the address of a resource's page.
func ResourcePath(code string, row int) string {
	return "/migrations/" + code + "/resources/" + strconv.Itoa(row)
}

// folderColumns are those of the table of folders.
func folderColumns(ctx context.Context) []ui.ColumnSpec {
	head := func(name string) string { return locale.T(ctx, "page.log.column."+name, nil) }
	columns := []ui.ColumnSpec{{Text: head("source")}, {Text: head("destination")}}
	for _, name := range []string{"listed", "copied", "present", "skipped", "failed", "bytes"} {
		columns = append(columns, ui.ColumnSpec{Text: head(name), Number: true})
	}
	return columns
}

func (l Line) spec(ctx context.Context) ui.LogSpec {
	e := l.Entry
	spec := ui.LogSpec{
		ID: "e" + strconv.FormatInt(l.ID, 10),
		At: e.At, Clock: locale.ClockSeconds(ctx, e.At), Exact: locale.Exact(ctx, e.At),
		Text: locale.Entry(ctx, e.Code, e.Args), Said: e.ServerText,
	}
	switch {
	case e.Level == migration.Failure:
		spec.Tone = ui.Err
	case e.Level == migration.Warning:
		spec.Tone = ui.Wait
	case e.Code == "connected" || e.Code == "run_ended":
		spec.Tone = ui.OK
	}
	return spec
}

// tabs are the passes of the migration.
func (v LogView) tabs(ctx context.Context) []ui.LogTab {
	var tabs []ui.LogTab
	for _, pass := range v.Migration.Passes {
		at := pass.PlannedAt
		if !pass.StartedAt.IsZero() {
			at = pass.StartedAt
		}
		tabs = append(tabs, ui.LogTab{
			Title:   locale.T(ctx, "page.log.tab", map[string]any{"pass": pass.Number}),
			Text:    locale.T(ctx, passKey("page.log.tab", pass.Number), nil) + " " + locale.Moment(ctx, at, v.Now),
			Href:    LogPath(v.Migration.Code, v.Resource.Row, pass.Number),
			Current: pass.Number == v.Pass.Number,
		})
	}
	return tabs
}

// passKey is the key of a text about the first, the second or a later pass.
func passKey(prefix string, number int) string {
	if number > 2 {
		return prefix + ".more"
	}
	return prefix + "." + strconv.Itoa(number)
}

// LogPath is the address of a log.
func LogPath(code string, row, pass int) string {
	return ResourcePath(code, row) + "/log/" + strconv.Itoa(pass)
}

// pill is where the run stands.
func (v LogView) pill() (tone ui.Tone, icon ui.IconName, key string) {
	if v.Run.Status == migration.RunDone && v.left() > 0 {
		return ui.Wait, "", "page.log.done_with_exceptions"
	}
	tone, icon = RunTone(v.Run.Status)
	return tone, icon, "run_status." + string(v.Run.Status)
}

// RunTone is how the status of a run looks.
func RunTone(status migration.RunStatus) (ui.Tone, ui.IconName) {
	switch status {
	case migration.RunConnecting, migration.RunCopying:
		return ui.Run, ""
	case migration.RunParked:
		return ui.Wait, ui.IconPause
	case migration.RunDone:
		return ui.OK, ""
	case migration.RunFailed:
		return ui.Err, ""
	case migration.RunCancelled:
		return ui.Plain, ui.IconBan
	case migration.RunInterrupted:
		return ui.Plain, ui.IconPause
	}
	return ui.Plain, ui.IconClock
}

// facts are the small numbers beside the pill.
func (v LogView) facts(ctx context.Context) []string {
	var facts []string
	if !v.Run.StartedAt.IsZero() {
		span := locale.Moment(ctx, v.Run.StartedAt, v.Now)
		if !v.Run.EndedAt.IsZero() {
			span += " → " + clockOrMoment(ctx, v.Run.EndedAt, v.Run.StartedAt, v.Now)
		}
		facts = append(facts, span)
	}
	if !v.Run.EndedAt.IsZero() && !v.Run.StartedAt.IsZero() {
		facts = append(facts, locale.Span(ctx, v.Run.Took(v.Now)))
	}
	if v.Run.Tally.Bytes > 0 {
		facts = append(facts, locale.Bytes(ctx, v.Run.Tally.Bytes))
	}
	return facts
}

// trouble is what went wrong with the run as a whole.
func (v LogView) trouble(ctx context.Context) (note ui.NoteSpec, wrong bool) {
	if v.Run.ErrorClass == "" {
		return note, false
	}
	note = ui.NoteSpec{
		Tone: ui.Err, Strong: locale.T(ctx, "class."+v.Run.ErrorClass, nil), Text: locale.T(ctx, "class."+v.Run.ErrorClass+".fix", nil),
	}
	if v.Run.Status == migration.RunParked {
		note.Tone, note.Icon = ui.Wait, ui.IconPause
		if !v.Run.RetryAt.IsZero() && v.overtakenBy() == 0 {
			note.Text += " " + locale.T(ctx, "page.log.retry", map[string]any{"at": locale.Moment(ctx, v.Run.RetryAt, v.Now)})
		}
	}
	return note, true
}
