package views

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// LogPage is what one run of one resource did: log 1, log 2 …
type LogPage struct {
	Page
	Migration migration.Migration
	Resource  migration.Resource
	Pass      migration.Pass
	Run       migration.Run // zero: the resource has none in this pass
	// Exceptions are the messages, and the folders' worth of them, that are not
	// at the destination.
	Exceptions []migration.Outcome
	Entries    []migration.Entry
	// Notable shows the entries that warn or tell of failures, and no others.
	Notable bool
	// Whole is the reason whose exceptions are all shown; the other groups show
	// the first few.
	Whole   migration.Reason
	MaxSize int64 // the limit of S15, in octets
	Support Support
	Now     time.Time
}

// Support is whom people turn to where the panel cannot help (S25).
type Support struct{ Name, Email, URL string }

// exceptionsShown is how many messages of one reason a page shows at first.
const exceptionsShown = 20

// hasRun reports whether there is anything to tell yet.
func (p LogPage) hasRun() bool { return p.Run.ID != 0 && p.Run.Status != migration.RunWaiting }

// byRule reports whether a reason leaves mail out by a rule the admin saw: it
// was never meant to arrive.
func byRule(reason migration.Reason) bool {
	return reason == migration.ReasonFolder || reason == migration.ReasonNotMail
}

// count sums the messages with a reason.
func (p LogPage) count(matches func(migration.Outcome) bool) int {
	n := 0
	for _, o := range p.Exceptions {
		if matches(o) {
			n += o.Count
		}
	}
	return n
}

// excluded are the messages that the migration's rules leave where they are.
func (p LogPage) excluded() int {
	return p.count(func(o migration.Outcome) bool { return byRule(o.Reason) })
}

// wanted are the messages that were to arrive, arrived those that did, left the
// others.
func (p LogPage) wanted() int  { return p.Run.Tally.Listed - p.excluded() }
func (p LogPage) arrived() int { return p.Run.Tally.Copied + p.Run.Tally.Present }
func (p LogPage) left() int    { return p.wanted() - p.arrived() }

// reasons are those of exceptions that no rule explains, the most first.
func (p LogPage) reasons() []migration.Reason {
	counts := map[migration.Reason]int{}
	for _, o := range p.Exceptions {
		if !byRule(o.Reason) {
			counts[o.Reason] += o.Count
		}
	}
	var reasons []migration.Reason
	for reason := range counts {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b migration.Reason) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
	return reasons
}

// why is the second half of the headline: how many for which reason.
func (p LogPage) why(ctx context.Context) string {
	text := ""
	for i, reason := range p.reasons() {
		n := p.count(func(o migration.Outcome) bool { return o.Reason == reason })
		if i > 0 {
			text += ", "
		}
		text += locale.N(ctx, "page.log.why."+string(reason), n, map[string]any{"size": locale.Bytes(ctx, p.MaxSize)})
	}
	return text
}

// excludedFolders names the folders whose messages the rules leave out.
func (p LogPage) excludedFolders() []string {
	var folders []string
	for _, o := range p.Exceptions {
		if byRule(o.Reason) && o.Count > 0 {
			folders = append(folders, o.Folder)
		}
	}
	return folders
}

// outcome are the counts of the run.
func (p LogPage) outcome() ui.OutcomeSpec {
	t := p.Run.Tally
	return ui.OutcomeSpec{
		Copied: t.Copied, Present: t.Present, Skipped: t.Skipped, Failed: t.Failed, Listed: t.Listed,
		Running: !p.Run.Status.Ended(),
	}
}

// LogFolder is a row of the table of folders.
type LogFolder struct {
	Name, Destination string
	Role              string
	Tally             migration.Tally
	LeftOut           bool
	Failed            bool
}

// Folders reads the folders of a run from its entries. A run that went on after
// an interruption has told of some folders twice; the last word counts.
func (p LogPage) Folders() []LogFolder {
	at := map[string]int{}
	var folders []LogFolder
	for _, e := range p.Entries {
		f, ok := logFolder(e)
		if !ok {
			continue
		}
		if i, known := at[f.Name]; known {
			f.Failed = e.Code == "folder_failed"
			if f.Failed { // its counts follow in an entry of their own
				folders[i].Failed = true
				continue
			}
			failed := folders[i].Failed && f.Tally.Failed > 0
			folders[i] = f
			folders[i].Failed = failed
			continue
		}
		at[f.Name] = len(folders)
		folders = append(folders, f)
	}
	return folders
}

func logFolder(e migration.Entry) (LogFolder, bool) {
	switch e.Code {
	case "folder_done", "folder_left_out", "folder_failed":
	default:
		return LogFolder{}, false
	}
	text := func(name string) string { value, _ := e.Args[name].(string); return value }
	number := func(name string) int { value, _ := e.Args[name].(int); return value }
	return LogFolder{
		Name: text("folder"), Destination: text("destination"), Role: text("role"),
		Tally: migration.Tally{
			Listed: number("listed"), Copied: number("copied"), Present: number("present"),
			Skipped: number("skipped"), Failed: number("failed"), Bytes: int64(number("bytes")),
		},
		LeftOut: e.Code == "folder_left_out", Failed: e.Code == "folder_failed",
	}, true
}

func (f LogFolder) icon() ui.IconName {
	switch f.Role {
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
	if f.Name == "INBOX" {
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

// columns of the table of folders.
func (p LogPage) columns(ctx context.Context) []ui.ColumnSpec {
	head := func(name string) string { return locale.T(ctx, "page.log.column."+name, nil) }
	columns := []ui.ColumnSpec{{Text: head("source")}, {Text: head("destination")}}
	for _, name := range []string{"listed", "copied", "present", "skipped", "failed", "bytes"} {
		columns = append(columns, ui.ColumnSpec{Text: head(name), Number: true})
	}
	return columns
}

// entries are those that are shown.
func (p LogPage) entries() []migration.Entry {
	if !p.Notable {
		return p.Entries
	}
	return slices.DeleteFunc(slices.Clone(p.Entries), func(e migration.Entry) bool { return e.Level == migration.Info })
}

func (p LogPage) entry(ctx context.Context, e migration.Entry) ui.LogSpec {
	spec := ui.LogSpec{
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
	if dialogue, ok := e.Args["dialogue"].(string); ok {
		spec.Said = dialogue
	}
	return spec
}

// tabs are the passes of the migration.
func (p LogPage) tabs(ctx context.Context) []ui.LogTab {
	var tabs []ui.LogTab
	for _, pass := range p.Migration.Passes {
		at := pass.PlannedAt
		if !pass.StartedAt.IsZero() {
			at = pass.StartedAt
		}
		tabs = append(tabs, ui.LogTab{
			Title:   locale.T(ctx, "page.log.tab", map[string]any{"pass": pass.Number}),
			Text:    locale.T(ctx, passKey("page.log.tab", pass.Number), nil) + " " + locale.Moment(ctx, at, p.Now),
			Href:    LogPath(p.Migration.Code, p.Resource.Row, pass.Number),
			Current: pass.Number == p.Pass.Number,
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
	return "/migrations/" + code + "/resources/" + strconv.Itoa(row) + "/log/" + strconv.Itoa(pass)
}

// pill is where the run stands.
func (p LogPage) pill() (tone ui.Tone, icon ui.IconName, key string) {
	if p.Run.Status == migration.RunDone && p.left() > 0 {
		return ui.Wait, "", "page.log.done_with_exceptions"
	}
	tone, icon = RunTone(p.Run.Status)
	return tone, icon, "run_status." + string(p.Run.Status)
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
func (p LogPage) facts(ctx context.Context) []string {
	var facts []string
	if !p.Run.StartedAt.IsZero() {
		span := locale.Moment(ctx, p.Run.StartedAt, p.Now)
		if !p.Run.EndedAt.IsZero() {
			span += " → " + locale.Clock(ctx, p.Run.EndedAt)
		}
		facts = append(facts, span)
	}
	if !p.Run.EndedAt.IsZero() && !p.Run.StartedAt.IsZero() {
		facts = append(facts, locale.Span(ctx, p.Run.EndedAt.Sub(p.Run.StartedAt)))
	}
	if p.Run.Tally.Bytes > 0 {
		facts = append(facts, locale.Bytes(ctx, p.Run.Tally.Bytes))
	}
	return facts
}

// trouble is what went wrong with the run as a whole.
func (p LogPage) trouble(ctx context.Context) (note ui.NoteSpec, wrong bool) {
	if p.Run.ErrorClass == "" {
		return note, false
	}
	note = ui.NoteSpec{
		Tone: ui.Err, Strong: locale.T(ctx, "class."+p.Run.ErrorClass, nil), Text: locale.T(ctx, "class."+p.Run.ErrorClass+".fix", nil),
	}
	if p.Run.Status == migration.RunParked {
		note.Tone, note.Icon = ui.Wait, ui.IconPause
		if !p.Run.RetryAt.IsZero() {
			note.Text += " " + locale.T(ctx, "page.log.retry", map[string]any{"at": locale.Moment(ctx, p.Run.RetryAt, p.Now)})
		}
	}
	return note, true
}
