package schedule

import (
	"context"
	"errors"
	"fmt"

	"trasloco/imapsync"
	"trasloco/migration"
)

// heldBy returns the pauses that keep a row from being worked on, and the hosts where
// it logs in all the same, to see whether they let it (C-2).
func heldBy(pauses []migration.HostPause, migrationID int64, r migration.Resource) (held []migration.HostPause, trials []string) {
	for _, p := range pauses {
		switch {
		case !p.HoldsRow(r):
		case p.Tries(migrationID, r.ID):
			trials = append(trials, p.Key)
		default:
			held = append(held, p)
		}
	}
	return held, trials
}

// wait is a migration that waits for a paused host.
type wait struct {
	migration int64
	host      string
}

// tellHeld tells those who look after migrations with rows that wait for their check at a
// paused host; the lock is held. Their pages show it from then on, and no longer once
// nothing waits.
func (s *Scheduler) tellHeld(ctx context.Context, waits map[wait]migration.HostPause) {
	for w, pause := range waits {
		s.tellOf(ctx, w.migration, pause)
		if _, known := s.waits[w]; !known {
			s.hub.changed(w.migration)
		}
	}
	for w := range s.waits {
		if _, still := waits[w]; !still {
			s.hub.changed(w.migration)
		}
	}
	s.waits = waits
}

// tellParked is tellHeld for a run that came to nothing.
func (s *Scheduler) tellParked(ctx context.Context, migrationID int64, err error) {
	var paused *imapsync.PausedError
	if errors.As(err, &paused) {
		s.tellOf(ctx, migrationID, paused.Pause)
		s.hub.changed(migrationID)
		s.notices.nudge()
	}
}

func (s *Scheduler) tellOf(ctx context.Context, migrationID int64, pause migration.HostPause) {
	s.report("tell that a host is paused", s.store.TellHeld(ctx, migrationID, pause), "migration", migrationID)
}

// trialsOf returns where a row logs in although the host is paused. Where it may not
// the error says so, before it takes the place of another.
func (s *Scheduler) trialsOf(ctx context.Context, migrationID int64, r migration.Resource) ([]string, error) {
	pauses, err := s.store.HostPauses(ctx)
	if err != nil {
		return nil, err
	}
	held, trials := heldBy(pauses, migrationID, r)
	if len(held) > 0 {
		err = &imapsync.Error{
			Side: imapsync.Side(held[0].Side), Class: imapsync.ClassHostPaused, Err: &imapsync.PausedError{Pause: held[0]},
		}
	}
	return trials, err
}

// isStuck reports whether a validating migration has rows to be corrected, and all its
// others wait for a paused host: nothing goes on before somebody does something.
func (s *Scheduler) isStuck(ctx context.Context, m migration.Migration) (bool, error) {
	if m.Checks.Failed == 0 {
		return false, nil
	}
	held, err := s.store.Held(ctx, m.ID)
	return held > 0 && held == m.Checks.Waiting, err
}

// GoOn lets one login of a migration through at a host that is paused: if it is let in
// all go on. m is read anew. Where the host holds up no row of it, that is
// migration.ErrConflict.
func (s *Scheduler) GoOn(ctx context.Context, customer int64, m *migration.Migration, host string) error {
	if err := s.store.TryHost(ctx, customer, m.ID, host); err != nil {
		return fmt.Errorf("go on at %s with migration %s: %w", host, m.Code, err)
	}
	return s.reread(ctx, customer, m)
}
