package views

import (
	"context"
	"slices"

	"trasloco/locale"
	"trasloco/migration"
)

// hasRun reports whether there is anything to tell: the run has begun, or had when
// somebody asked for another attempt.
func (v LogView) hasRun() bool { return hasBegun(v.Run) }

func hasBegun(run migration.Run) bool {
	return run.ID != 0 && (run.Status != migration.RunWaiting || !run.StartedAt.IsZero())
}

// overtakenBy is the number of the pass that copies what the run would have copied;
// 0: the run has ended, or goes on itself.
func (v LogView) overtakenBy() int {
	if v.Run.Status != migration.RunParked && v.Run.Status != migration.RunInterrupted {
		return 0
	}
	later := func(p migration.Pass) bool { return p.Number > v.Pass.Number && !p.StartedAt.IsZero() }
	if i := slices.IndexFunc(v.Migration.Passes, later); i >= 0 {
		return v.Migration.Passes[i].Number
	}
	return 0
}

// notBegun says in a sentence that a run has not begun.
func (v LogView) notBegun(ctx context.Context) string {
	switch {
	case v.Resource.LeftOut && v.Run.ID == 0:
		return locale.T(ctx, "page.log.row_left_out", nil)
	case v.Run.ID != 0 && !v.Pass.StartedAt.IsZero():
		return locale.T(ctx, "page.log.not_begun.row", nil)
	}
	return locale.T(ctx, "page.log.not_begun", nil)
}

// waitsFor says what a run waits for that has not begun, or that is to go on; ""
// where it waits for nothing.
func (v LogView) waitsFor(ctx context.Context) string {
	name := map[string]any{"pass": amidPass(ctx, v.Pass.Number)}
	if n := v.overtakenBy(); n > 0 {
		return locale.T(ctx, "page.log.overtaken", map[string]any{"pass": amidPass(ctx, n)})
	}
	if v.Run.ID != 0 && v.Run.Status != migration.RunWaiting || v.Resource.LeftOut && v.Run.ID == 0 {
		return ""
	}
	switch v.Pass.Status {
	case migration.PassRunning:
		return locale.T(ctx, "page.log.waits.turn", nil)
	case migration.PassPaused:
		return locale.T(ctx, "page.log.waits.paused", name)
	case migration.PassInterrupted:
		return locale.T(ctx, "page.log.waits.interrupted", name)
	case migration.PassPlanned:
		return v.waitsForStart(ctx)
	case migration.PassCancelled:
		return locale.T(ctx, "page.log.waits.cancelled", name)
	}
	return ""
}

// waitsForStart says when a planned pass starts.
func (v LogView) waitsForStart(ctx context.Context) string {
	current, _ := migration.Current(v.Migration.Passes)
	switch due := v.Pass.Due(v.Now); {
	case v.Migration.Validity == migration.Cancelled:
		return locale.T(ctx, "page.log.waits.cancelled", map[string]any{"pass": amidPass(ctx, v.Pass.Number)})
	case due && v.Migration.Validity != migration.Valid:
		return locale.T(ctx, "page.log.waits.valid", nil)
	case due && current.Number != v.Pass.Number:
		return locale.T(ctx, "page.log.waits.before", map[string]any{"pass": amidPass(ctx, current.Number)})
	case due:
		return locale.T(ctx, "page.log.waits.moment", nil)
	}
	return locale.T(ctx, "page.log.not_begun.when", map[string]any{"at": locale.When(ctx, v.Pass.PlannedAt, v.Now)})
}
