package schedule

import (
	"context"
	"fmt"

	"trasloco/migration"
)

// LookAgain has the runs of a migration whose mailboxes were full look now whether
// there is room. m is read anew.
func (s *Scheduler) LookAgain(ctx context.Context, customer int64, m *migration.Migration) error {
	if err := s.store.LookAgain(ctx, customer, m.ID); err != nil {
		return fmt.Errorf("look again for migration %s: %w", m.Code, err)
	}
	return s.reread(ctx, customer, m)
}
