package views

import (
	"context"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// DeletePage asks whether to delete a migration, or says why it cannot be.
type DeletePage struct {
	Page
	Migration migration.Migration
	Support   Support
}

// CancelPage asks whether to cancel a migration.
type CancelPage struct {
	Page
	Migration migration.Migration
}

// SecondPage is the form that moves pass 2. Value is what stands in it,
// "2026-11-23T20:00" in the reader's zone.
type SecondPage struct {
	Page
	Migration migration.Migration
	Value     string
	Min, Max  string // in the same form
	Zone      string // what the zone is called
	Problems  Problems
	View      MigrationView
}

func (p DeletePage) dialog(ctx context.Context) ui.DialogSpec {
	return ui.DialogSpec{
		ID: "delete", Title: locale.T(ctx, "page.delete.title", map[string]any{"code": p.Migration.Code}),
		Action:  migrationPath(p.Migration, "/delete"),
		Confirm: ui.ButtonSpec{Text: locale.T(ctx, "page.delete.button", nil), Icon: ui.IconTrash, Kind: ui.Danger},
		Cancel:  locale.T(ctx, "page.delete.no", nil), Back: migrationPath(p.Migration),
	}
}

func (p DeletePage) items(ctx context.Context) []ui.DialogItem {
	word := func(name string) string { return locale.T(ctx, "page.delete."+name, nil) }
	return []ui.DialogItem{
		{Tone: ui.OK, Strong: word("stays"), Text: word("stays.text")},
		{Tone: ui.Err, Strong: word("goes"), Text: word("goes.text")},
	}
}

func (p CancelPage) dialog(ctx context.Context) ui.DialogSpec {
	return ui.DialogSpec{
		ID: "cancel", Title: locale.T(ctx, "page.cancel.title", map[string]any{"code": p.Migration.Code}),
		Action:  migrationPath(p.Migration, "/cancel"),
		Confirm: ui.ButtonSpec{Text: locale.T(ctx, "page.cancel.yes", nil), Icon: ui.IconBan, Kind: ui.Danger},
		Cancel:  locale.T(ctx, "page.cancel.no", nil), Back: migrationPath(p.Migration),
	}
}

func (p CancelPage) items(ctx context.Context) []ui.DialogItem {
	word := func(name string) string { return locale.T(ctx, "page.cancel."+name, nil) }
	return []ui.DialogItem{
		{Tone: ui.OK, Strong: word("stays"), Text: word("stays.text")},
		{Tone: ui.Err, Strong: word("goes"), Text: word("goes.text")},
	}
}

func (p SecondPage) field(ctx context.Context) ui.FieldSpec {
	return field(ctx, "second", migration.FieldSecond, p.Problems, ui.FieldSpec{
		Type: "datetime-local", Value: p.Value, Min: p.Min, Max: p.Max, Width: ui.Medium, Required: true,
		Hint: locale.T(ctx, "page.second.until", map[string]any{"latest": locale.Moment(ctx, p.View.latestSecond(), p.View.Now), "zone": p.Zone}),
	})
}
