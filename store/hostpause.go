package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trasloco/migration"
)

const pauseColumns = `host, side, name, cause, since, turned, trial_resource, trial_migration`

func scanPause(row scanner) (p migration.HostPause, err error) {
	var since sql.NullInt64
	err = row.Scan(&p.Key, &p.Side, &p.Host, &p.Cause, &since, &p.Turned, &p.TrialResource, &p.TrialMigration)
	p.Since = fromMillis(since)
	return p, err
}

// readPauses returns what is remembered of hosts, each with the logins it refused.
func readPauses(ctx context.Context, q querier, where string, args ...any) ([]migration.HostPause, error) {
	all, err := queryAll(ctx, q, scanPause, `SELECT `+pauseColumns+` FROM host_pause WHERE `+where+` ORDER BY since, host`, args...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Refused, err = queryAll(ctx, q, func(row scanner) (l migration.RefusedLogin, err error) {
			var at sql.NullInt64
			err = row.Scan(&l.Account, &l.Login, &l.Said, &at)
			l.At = fromMillis(at)
			return l, err
		}, `SELECT account, login, said, at FROM host_refusal WHERE host = $1 ORDER BY at, account`, all[i].Key)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// HostPause returns what is remembered of a host that refuses logins, by its
// migration.HostKey; the zero value where that is nothing.
func (s *Store) HostPause(ctx context.Context, key string) (migration.HostPause, error) {
	found, err := readPauses(ctx, s.readers, `host = $1`, key)
	if err != nil {
		return migration.HostPause{}, fmt.Errorf("pause of %s: %w", key, err)
	}
	if len(found) == 0 {
		return migration.HostPause{}, nil
	}
	return found[0], nil
}

// HostPauses returns the hosts that are paused, the first one first.
func (s *Store) HostPauses(ctx context.Context) ([]migration.HostPause, error) {
	found, err := readPauses(ctx, s.readers, `since IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("paused hosts: %w", err)
	}
	return found, nil
}

// Refuse counts a login that a host refused, which may pause it. Then the migrations
// the refused logins are of get a notice. Those whose logins are refused later get one if
// they have to wait for it (TellHeld).
func (s *Store) Refuse(ctx context.Context, r migration.Refusal) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		found, err := readPauses(ctx, tx, `host = $1`, r.Key)
		if err != nil {
			return err
		}
		var before migration.HostPause
		if len(found) > 0 {
			before = found[0]
		}
		after := before.Add(r)
		if err := savePause(ctx, tx, after, r.RefusedLogin); err != nil || !after.Paused() || before.Paused() {
			return err
		}
		return s.tellRefused(ctx, tx, after)
	})
	if err != nil {
		return fmt.Errorf("count a login that %s refused: %w", r.Key, err)
	}
	return nil
}

func savePause(ctx context.Context, tx *sql.Tx, p migration.HostPause, fresh migration.RefusedLogin) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO host_pause (`+pauseColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (host) DO UPDATE SET side = excluded.side, name = excluded.name, cause = excluded.cause,
			since = excluded.since, turned = excluded.turned, trial_resource = excluded.trial_resource, trial_migration = excluded.trial_migration`,
		p.Key, p.Side, p.Host, p.Cause, millis(p.Since), p.Turned, p.TrialResource, p.TrialMigration)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO host_refusal (host, account, login, said, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (host, account) DO UPDATE SET login = excluded.login, said = excluded.said, at = excluded.at`,
		p.Key, fresh.Account, fresh.Login, text(fresh.Said), millis(fresh.At))
	return err
}

// Accept forgets what a host refused: it has let somebody in. What waited for it may
// go on at once.
func (s *Store) Accept(ctx context.Context, key string) error {
	known, err := s.HostPause(ctx, key)
	if err != nil || known.Key == "" {
		return err
	}
	if err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.forgetPauses(ctx, tx, `host = $1`, key) }); err != nil {
		return fmt.Errorf("%s takes logins again: %w", key, err)
	}
	return nil
}

// forgetPauses lifts pauses. Runs that waited for another one than those find that out
// without asking anybody.
func (s *Store) forgetPauses(ctx context.Context, tx *sql.Tx, where string, args ...any) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM host_pause WHERE `+where, args...); err != nil { //nolint:gosec // written by us
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE run SET retry_at = $1 WHERE status = $2 AND error_class = $3`,
		millis(s.now()), migration.RunParked, migration.ClassHostPaused)
	return err
}

// TryHost lets one login of a migration through at a host that is paused, on the word
// of somebody who may run it. Where none of the migration is to come there it is
// migration.ErrConflict: who else is on trial stays so.
func (s *Store) TryHost(ctx context.Context, customer, migrationID int64, key string) error {
	views, err := s.PausesOf(ctx, customer, migrationID)
	if err == nil && !slices.ContainsFunc(views, func(v migration.PauseView) bool { return v.Key == key && v.Comes }) {
		err = migration.ErrConflict
	}
	if err == nil {
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			err := execOne(ctx, tx, migration.ErrConflict, `
				UPDATE host_pause SET trial_migration = $1, trial_resource = 0 WHERE host = $2 AND since IS NOT NULL`, migrationID, key)
			if err != nil {
				return err
			}
			return s.wakeHeld(ctx, tx, migrationID)
		})
	}
	if err != nil {
		return fmt.Errorf("try %s again for migration %d: %w", key, migrationID, err)
	}
	return nil
}

// wakeHeld lets the runs of a migration that wait for a paused host be looked at now:
// one of them is the trial.
func (s *Store) wakeHeld(ctx context.Context, tx *sql.Tx, migrationID int64) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE run SET retry_at = $1 WHERE status = $2 AND error_class = $3
			AND resource_id IN (SELECT id FROM resource WHERE migration_id = $4)`,
		millis(s.now()), migration.RunParked, migration.ClassHostPaused, migrationID)
	return err
}

// tryCorrected lets a row be the trial of the hosts that refused one of its accounts,
// as they were before it was corrected.
func (s *Store) tryCorrected(ctx context.Context, tx *sql.Tx, resourceID int64, former accounts) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE host_pause SET trial_resource = $1, trial_migration = 0 WHERE since IS NOT NULL AND host IN (
			SELECT host FROM host_refusal WHERE account IN ($2, $3))`, resourceID, former.source, former.mailbox)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE run SET retry_at = $1 WHERE status = $2 AND resource_id = $3`,
		millis(s.now()), migration.RunParked, resourceID)
	return err
}

// PausesOf returns the paused hosts that a migration's rows have something to do with:
// whose logins were refused, or who wait. The logins of others are counted only. Where
// no login of the migration can come any more there are none.
func (s *Store) PausesOf(ctx context.Context, customer, migrationID int64) (views []migration.PauseView, err error) {
	err = s.read(ctx, func(q querier) error {
		views, err = s.readPausesOf(ctx, q, customer, migrationID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("paused hosts of migration %d: %w", migrationID, err)
	}
	return views, nil
}

func (s *Store) readPausesOf(ctx context.Context, q querier, customer, migrationID int64) ([]migration.PauseView, error) {
	pauses, err := readPauses(ctx, q, `since IS NOT NULL`)
	if err != nil || len(pauses) == 0 { // as good as always
		return nil, err
	}
	m, err := readMigration(ctx, q, migrationsByID(customer, migrationID))
	if errors.Is(err, migration.ErrNotFound) || err == nil && (m.Validity == migration.Cancelled || !s.keys.has(m.ID)) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, goesOn := migration.Current(m.Passes)
	_, failed := m.Retryable(s.now())
	isDraft := m.Validity == migration.Draft || m.Validity == migration.Invalid
	rows, err := readResources(ctx, q, ResourceQuery{Customer: customer, MigrationID: migrationID, atPaused: true})
	if err != nil {
		return nil, err
	}
	var views []migration.PauseView
	for _, p := range pauses {
		view := pauseView(p, rows)
		view.CanTry = view.Comes || isDraft || failed
		isOver := m.Validity == migration.Valid && !goesOn && !view.CanTry
		if len(view.Rows)+view.Held > 0 && !isOver {
			views = append(views, view)
		}
	}
	return views, nil
}

func pauseView(p migration.HostPause, rows []ResourceRow) migration.PauseView {
	view := migration.PauseView{HostPause: p}
	ofRows := map[string]bool{}
	for _, row := range rows {
		if row.LeftOut {
			continue
		}
		i := slices.IndexFunc(p.Refused, func(l migration.RefusedLogin) bool {
			return l.Account == row.SourceKey() && p.Side == "source" || l.Account == row.DestinationKey() && p.Side == "destination"
		})
		switch {
		case i >= 0:
			view.Rows = append(view.Rows, migration.PausedRow{Row: row.Row, Login: p.Refused[i].Login, Said: p.Refused[i].Said})
			ofRows[p.Refused[i].Account] = true
			view.Comes = view.Comes || waitsForHost(row)
		case p.HoldsRow(row.Resource) && waitsForHost(row):
			view.Held++
			view.Comes = true
		}
	}
	view.Others = len(p.Refused) - len(ofRows)
	view.Refused = nil // those of others are nobody's business
	return view
}

// waitsForHost reports whether a login of the row is still to come: its check waits, or
// its last run has not ended.
func waitsForHost(row ResourceRow) bool {
	last, number := migration.Run{}, 0
	for n, run := range row.Runs {
		if n > number {
			last, number = run, n
		}
	}
	isWaiting := row.Check.Status == migration.CheckWaiting || row.Check.Status == migration.CheckRunning
	return isWaiting || number > 0 && !last.Status.Ended()
}

// Held counts the rows of a migration that wait for their check at a paused host.
func (s *Store) Held(ctx context.Context, migrationID int64) (held int, err error) {
	err = s.read(ctx, func(q querier) error {
		pauses, err := readPauses(ctx, q, `since IS NOT NULL`)
		if err != nil || len(pauses) == 0 {
			return err
		}
		rows, err := readResources(ctx, q, ResourceQuery{MigrationID: migrationID, atPaused: true})
		for _, row := range rows {
			holds := func(p migration.HostPause) bool {
				return p.HoldsRow(row.Resource) && !p.Tries(migrationID, row.ID)
			}
			if !row.LeftOut && row.Check.Status == migration.CheckWaiting && slices.ContainsFunc(pauses, holds) {
				held++
			}
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("rows of migration %d at paused hosts: %w", migrationID, err)
	}
	return held, nil
}

// TellHeld writes a notice down for a migration that waits for a paused host, once for
// each pause. Who is still in the wizard sees it there, and is told once it is handed in.
// It may be called as often as anybody looks: nothing is written where all is told.
func (s *Store) TellHeld(ctx context.Context, migrationID int64, p migration.HostPause) error {
	isNews, err := queryOne(ctx, s.readers, scanValue[bool], `SELECT EXISTS (SELECT 1 FROM migration m WHERE `+untold+` AND m.id = $3)`,
		migration.NoticeHostPaused, p.Since.UnixMilli(), migrationID)
	if err == nil && isNews {
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.tellPause(ctx, tx, p, `m.id = $4`, migrationID) })
	}
	if err != nil {
		return fmt.Errorf("tell migration %d that %s is paused: %w", migrationID, p.Key, err)
	}
	return nil
}

func (s *Store) tellRefused(ctx context.Context, tx *sql.Tx, p migration.HostPause) error {
	column := map[string]string{"source": "source_key", "destination": "mailbox"}[p.Side]
	return s.tellPause(ctx, tx, p, `m.id IN (
		SELECT x.migration_id FROM resource x JOIN host_refusal f ON f.account = x.`+column+` WHERE f.host = $4 AND x.left_out = 0)`, p.Key)
}

// untold holds for a migration m that was not told yet, by a notice of kind $1, of the
// pause of occasion $2, and has logins to come.
const untold = notOver + ` AND m.user_id IS NOT NULL AND NOT EXISTS (
	SELECT 1 FROM notice n WHERE n.migration_id = m.id AND n.kind = $1 AND n.pass = 0 AND n.occasion = $2)`

func (s *Store) tellPause(ctx context.Context, tx *sql.Tx, p migration.HostPause, which string, arg any) error {
	//nolint:gosec // which is written by us
	_, err := tx.ExecContext(ctx, `
		INSERT INTO notice (customer_id, migration_id, user_id, kind, pass, occasion, created_at, next_at)
		SELECT m.customer_id, m.id, coalesce(`+reader+`, m.user_id), $1, 0, $2, $3, $3 FROM migration m
		WHERE `+untold+` AND `+which,
		migration.NoticeHostPaused, p.Since.UnixMilli(), millis(s.now()), arg)
	return err
}

// liftDestination forgets the pauses of a destination that is logged in to in another
// way from now on.
func (s *Store) liftDestination(ctx context.Context, tx *sql.Tx, host string) error {
	return s.forgetPauses(ctx, tx, `side = 'destination' AND name = $1`, strings.ToLower(host))
}
