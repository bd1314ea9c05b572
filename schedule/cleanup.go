package schedule

import (
	"context"

	"trasloco/migration"
)

// cleanup destroys the secrets of migrations that are closed, and deletes the
// old ones (S22).
func (s *Scheduler) cleanup(ctx context.Context) {
	closable, err := s.store.Closable(ctx, s.policy, s.now())
	s.report("read closed migrations", err)
	for _, m := range closable {
		s.tidy(m, "destroy secrets", func() error { return s.shred(ctx, m) })
	}
	expired, err := s.store.Expired(ctx, s.policy, s.now())
	s.report("read old migrations", err)
	for _, m := range expired {
		s.tidy(m, "delete old migration", func() error { return s.store.Delete(ctx, m.CustomerID, &m) })
	}
}

// shred destroys the secrets of a migration, unless somebody has planned one more
// pass, or tries something again, since it was found to be closed.
func (s *Scheduler) shred(ctx context.Context, m migration.Migration) error {
	fresh, err := s.store.MigrationByID(ctx, m.CustomerID, m.ID)
	if err != nil {
		return err
	}
	if end, over := fresh.SecretsEndAt(s.policy); !over || end.After(s.now()) || !fresh.CanDelete() {
		return nil
	}
	return s.store.Shred(ctx, m.CustomerID, m.ID)
}

// tidy holds the lock of the scheduler, so that no run of m starts meanwhile.
func (s *Scheduler) tidy(m migration.Migration, task string, do func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[m.ID] {
		s.report(task, do(), "migration", m.Code)
	}
}
