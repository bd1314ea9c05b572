package views

import (
	"context"
	"slices"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
)

// PausesView are the hosts that a migration waits for since they refuse logins.
type PausesView struct {
	Pauses    []migration.PauseView
	Migration migration.Migration
	CanChange bool
}

// holds counts the rows that hosts hold back.
func (v PausesView) holds() (rows int) {
	for _, p := range v.Pauses {
		rows += len(p.Rows) + p.Held
	}
	return rows
}

// GoOnPath is where a migration asks for one login at a host that is paused.
func GoOnPath(m migration.Migration) string { return migrationPath(m, "/go-on") }

// title says which host refuses what.
func (v PausesView) title(ctx context.Context, p migration.PauseView) string {
	return refusedText(ctx, p, "page.pause."+p.Kind()+".title") + "."
}

// refusedText is a text that says what a host refuses; a master user is one for all.
func refusedText(ctx context.Context, p migration.PauseView, key string) string {
	args := map[string]any{"host": p.Host}
	if p.Cause == migration.PauseMaster {
		return locale.T(ctx, key, args)
	}
	return locale.N(ctx, key, p.Accounts(), args)
}

// what says why nobody logs in there, and what to do.
func (v PausesView) what(ctx context.Context, p migration.PauseView) string {
	return locale.T(ctx, "page.pause."+p.Advice()+".text", nil)
}

func pausedRow(ctx context.Context, row migration.PausedRow) string {
	return locale.T(ctx, "page.pause.row", map[string]any{"row": row.Row, "login": row.Login})
}

// waits says how many rows wait; "": none does.
func (v PausesView) waits(ctx context.Context, p migration.PauseView) string {
	if p.Held == 0 {
		return ""
	}
	return locale.N(ctx, "page.pause.held", p.Held, nil)
}

// rowPath is where a refused row is corrected; "": it cannot be from here.
func (v PausesView) rowPath(row migration.PausedRow) string {
	switch {
	case !v.CanChange:
		return ""
	case v.Migration.Validity == migration.Valid:
		return migrationPath(v.Migration, "/resources/", strconv.Itoa(row.Row), "/edit")
	case v.Migration.Validity == migration.Validating:
		return ""
	}
	return correctRowPath(v.Migration, row.Row)
}

// notTried says why the check of a row waits; "": for its turn.
func (v RowsView) notTried(ctx context.Context, row RowView) string {
	i := slices.IndexFunc(v.Pauses, func(p migration.PauseView) bool { return p.HoldsRow(row.resource) })
	if row.Check.Status == migration.CheckRunning || i < 0 {
		return ""
	}
	return refusedText(ctx, v.Pauses[i], "page.pause."+string(v.Pauses[i].Cause)+".row")
}
