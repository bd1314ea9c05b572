package views

import (
	"context"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// folderTable is the table of folders, with the sum that proves the run's.
func (v LogView) folderTable(ctx context.Context) ui.TableSpec {
	spec := ui.TableSpec{LabelID: "folders", Columns: folderColumns(ctx), Foot: logFoot(v), Class: "t-table--five"}
	if v.Folders.Total > len(v.Folders.Rows) {
		spec.After = ui.Pager(v.folderPager())
	}
	return spec
}

// rest is what the run counts beyond the folders it is done with: those still at
// work. It is shown, so that the sums add up in sight.
func (v LogView) rest() migration.Tally {
	run, sum := v.Run.Tally, v.Folders.Sum
	return migration.Tally{
		Listed: max(run.Listed-sum.Listed, 0), Copied: max(run.Copied-sum.Copied, 0), Present: max(run.Present-sum.Present, 0),
		Skipped: max(run.Skipped-sum.Skipped, 0), Failed: max(run.Failed-sum.Failed, 0), Bytes: max(run.Bytes-sum.Bytes, 0),
	}
}

// hasRest reports whether the rest has a row: on the last page of the table.
func (v LogView) hasRest() bool {
	return v.rest() != (migration.Tally{}) && v.Folders.Page*v.Folders.PerPage >= v.Folders.Total
}

// restName names the folder at work; if none is, those that were not told apart.
func (v LogView) restName(ctx context.Context) string {
	if v.Run.Status.Ended() {
		return locale.T(ctx, "page.log.rest", nil)
	}
	return locale.T(ctx, "page.log.rest.at_work", nil)
}

// roleName is what a folder is for; empty for one that is for nothing special, or
// whose name says it.
func roleName(ctx context.Context, name, role string) string {
	if role == "" {
		return ""
	}
	word := locale.T(ctx, "folder_role."+strings.ToLower(strings.TrimPrefix(role, `\`)), nil)
	if strings.EqualFold(word, name) {
		return ""
	}
	return word
}

// dialogueLines is how many of the last lines of a dialogue a page shows.
const dialogueLines = 200

// dialogue is the end of a transcript, and whether it is not all of it.
func dialogue(t migration.Transcript) (text string, cut bool) {
	lines := strings.Split(strings.TrimRight(t.Dialogue, "\n"), "\n")
	if len(lines) <= dialogueLines {
		return strings.Join(lines, "\n"), false
	}
	return strings.Join(lines[len(lines)-dialogueLines:], "\n"), true
}
