package views

import (
	"context"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// ResourcePage is what became of one resource: all its passes.
type ResourcePage struct {
	Page
	Migration migration.Migration
	Resource  migration.Resource
	Runs      []LogView // of each pass, in their order; without lines
	// Folders are the first of FoldersTotal folders, with what each pass did.
	Folders      []PassFolder
	FoldersTotal int
	CanChange    bool
	HasSecrets   bool // the row can be opened, and so be tried again
	Now          time.Time
}

// PassFolder is a source folder as the passes of a resource found it.
type PassFolder struct {
	Name   string
	Passes map[int]migration.FolderTally // by the number of the pass
}

// begun are the passes that have something to tell.
func (p ResourcePage) begun() []LogView {
	var begun []LogView
	for _, v := range p.Runs {
		if v.hasRun() {
			begun = append(begun, v)
		}
	}
	return begun
}

// role is that of the folder, as any pass found it.
func (f PassFolder) role() string {
	for _, t := range f.Passes {
		if t.Role != "" {
			return t.Role
		}
	}
	return ""
}

func (p ResourcePage) table(ctx context.Context) ui.TableSpec {
	spec := ui.TableSpec{LabelID: "folders", Class: "t-compare", Columns: []ui.ColumnSpec{{Text: locale.T(ctx, "page.log.column.source", nil)}}}
	for _, v := range p.begun() {
		spec.Columns = append(spec.Columns, ui.ColumnSpec{Text: passName(ctx, v.Pass.Number)})
	}
	if len(p.begun()) > 1 {
		spec.Columns = append(spec.Columns, ui.ColumnSpec{Text: locale.T(ctx, "page.resource.change", nil)})
	}
	return spec
}

// change says what the last pass found different in a folder from the one before.
func (p ResourcePage) change(ctx context.Context, f PassFolder) string {
	runs := p.begun()
	before, known := f.Passes[runs[len(runs)-2].Pass.Number]
	last := runs[len(runs)-1]
	now, seen := f.Passes[last.Pass.Number]
	switch {
	case !seen && last.Run.Status == migration.RunDone:
		return locale.T(ctx, "page.resource.change.gone", nil)
	case !seen:
		return ""
	case !known:
		return locale.T(ctx, "page.resource.change.new", nil)
	}
	var words []string
	if now.Tally.Copied > 0 {
		words = append(words, locale.N(ctx, "page.resource.change.copied", now.Tally.Copied, nil))
	}
	switch failed := now.Tally.Failed - before.Tally.Failed; {
	case failed > 0:
		words = append(words, locale.N(ctx, "page.resource.change.failed", failed, nil))
	case failed < 0:
		words = append(words, locale.N(ctx, "page.resource.change.mended", -failed, nil))
	}
	if now.Destination != before.Destination && now.Destination != "" && before.Destination != "" {
		words = append(words, locale.T(ctx, "page.resource.change.renamed", map[string]any{"name": now.Destination}))
	}
	return strings.Join(words, " · ")
}

// leftOf is what a pass did not bring over of a folder.
func leftOf(ctx context.Context, t migration.FolderTally) string {
	var words []string
	if t.Tally.Copied > 0 {
		words = append(words, locale.N(ctx, "page.resource.copied", t.Tally.Copied, nil))
	}
	if t.Tally.Skipped > 0 {
		words = append(words, locale.N(ctx, "page.resource.skipped", t.Tally.Skipped, nil))
	}
	if t.Tally.Failed > 0 {
		words = append(words, locale.N(ctx, "page.resource.failed", t.Tally.Failed, nil))
	}
	return strings.Join(words, " · ")
}

// correctHref is where the row is corrected; "" where there is nothing to correct.
func (p ResourcePage) correctHref() string {
	row := ResourceRow{Resource: p.Resource, Runs: map[int]migration.Run{}}
	for _, v := range p.begun() {
		row.Runs[v.Pass.Number] = v.Run
	}
	view := MigrationView{Migration: p.Migration, CanChange: p.CanChange, HasSecrets: p.HasSecrets}
	switch {
	case p.inWizard():
		return correctPath(p.Migration)
	case view.canCorrect(row):
		return CorrectPath(p.Migration, p.Resource.Row)
	}
	return ""
}

// inWizard reports whether the row is corrected where the file is.
func (p ResourcePage) inWizard() bool {
	return p.CanChange && p.Migration.Validity == migration.Invalid && p.Resource.Check.Status == migration.CheckFailed && !p.Resource.LeftOut
}
