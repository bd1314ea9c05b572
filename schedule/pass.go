package schedule

import (
	"context"
	"slices"
	"time"

	"trasloco/migration"
)

// movePasses starts the passes whose time has come, goes on with those that were
// interrupted, and ends those whose runs are over. The lock of the scheduler is
// held.
func (s *Scheduler) movePasses(ctx context.Context) error {
	all, err := s.store.Active(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if s.held[m.ID] {
			continue
		}
		if err := s.movePass(ctx, m); err != nil {
			s.report("move pass", err, "migration", m.Code)
		}
	}
	return nil
}

func (s *Scheduler) movePass(ctx context.Context, m migration.Migration) error {
	if pass, due := m.DuePass(s.now()); due {
		if err := s.keepDistance(ctx, m, pass); err != nil {
			return err
		}
		err := s.store.BeginPass(ctx, m.CustomerID, &pass)
		s.hub.changed(m.ID)
		return err
	}
	pass, open := migration.Current(m.Passes)
	if !open || pass.Status != migration.PassRunning || !pass.Runs.PassDone() {
		return nil
	}
	notice := s.notice(m, migration.NoticePassDone, pass.Number)
	if err := s.store.FinishPass(ctx, m.CustomerID, &pass, notice); err != nil {
		return err
	}
	s.hub.changed(m.ID)
	s.notices.nudge()
	s.Wake() // the next pass may have been waiting for this one
	return nil
}

// late is from when on a pass that starts takes the next one along.
const late = 5 * time.Minute

// keepDistance moves the second pass where the first starts late, after an outage:
// the time between them is for the cut-over, and must not be eaten up.
func (s *Scheduler) keepDistance(ctx context.Context, m migration.Migration, pass migration.Pass) error {
	now := s.now()
	if pass.Number != 1 || pass.Status != migration.PassPlanned || now.Sub(pass.PlannedAt) < late {
		return nil
	}
	planned := slices.DeleteFunc(migration.PlanWhenValid(s.policy, m.Passes, now), func(p migration.Pass) bool {
		return p.Status != migration.PassPlanned
	})
	return s.store.MovePasses(ctx, m.CustomerID, m.Passes, planned)
}

// recall returns where the runs of the last pass that has begun stand.
func (s *Scheduler) recall(ctx context.Context, migrationID int64) ([]migration.Progress, error) {
	m, err := s.store.MigrationByID(ctx, anyCustomer, migrationID)
	if err != nil {
		return nil, err
	}
	var last migration.Pass
	for _, pass := range m.Passes {
		if !pass.StartedAt.IsZero() {
			last = pass
		}
	}
	if last.ID == 0 {
		return nil, nil
	}
	runs, err := s.store.Runs(ctx, m.CustomerID, last.ID)
	progress := make([]migration.Progress, 0, len(runs))
	for _, run := range runs {
		progress = append(progress, migration.Progress{RunID: run.ID, Status: run.Status, Tally: run.Tally, UpdatedAt: s.now()})
	}
	return progress, err
}
