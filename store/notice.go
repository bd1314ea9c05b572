package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"trasloco/migration"
)

// addNotices writes mails down that are to be sent to the user who asked for
// the migration, or to an admin if he cannot sign in any more. Their occasion is
// this moment: a verdict is given after every correction, and a pass ends once
// more after what failed was tried again. That the MX records have changed is told
// once, however often they do.
func (s *Store) addNotices(ctx context.Context, tx *sql.Tx, migrationID int64, notices []migration.Notice) error {
	now := s.now()
	for _, n := range notices {
		occasion := now.UnixMilli()
		if n.Kind == migration.NoticeMXChanged {
			occasion = 0
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO notice (customer_id, migration_id, user_id, kind, pass, occasion, created_at, next_at)
			SELECT m.customer_id, m.id, coalesce(`+reader+`, m.user_id), $2, $3, $4, $5, $5 FROM migration m
			WHERE m.id = $1 AND m.user_id IS NOT NULL
			ON CONFLICT (migration_id, kind, pass, occasion) DO NOTHING`,
			migrationID, n.Kind, n.Pass, occasion, millis(now))
		if err != nil {
			return fmt.Errorf("notice %s: %w", n.Kind, err)
		}
	}
	return nil
}

const noticeColumns = `id, customer_id, migration_id, user_id, kind, pass, created_at, tries, next_at, sent_at, gave_up, error`

func scanNotice(row scanner) (migration.Notice, error) {
	var n migration.Notice
	var created, next, sent sql.NullInt64
	err := row.Scan(&n.ID, &n.CustomerID, &n.MigrationID, &n.UserID, &n.Kind, &n.Pass,
		&created, &n.Tries, &next, &sent, &n.GaveUp, &n.Error)
	n.CreatedAt, n.NextAt, n.SentAt = fromMillis(created), fromMillis(next), fromMillis(sent)
	return n, err
}

// PendingNotices returns the notices of all customers that are to be sent at
// now, oldest first.
func (s *Store) PendingNotices(ctx context.Context, now time.Time) ([]migration.Notice, error) {
	notices, err := queryAll(ctx, s.readers, scanNotice, `
		SELECT `+noticeColumns+` FROM notice
		WHERE sent_at IS NULL AND gave_up = 0 AND next_at <= $1
		ORDER BY id`, millis(now))
	if err != nil {
		return nil, fmt.Errorf("pending notices: %w", err)
	}
	return notices, nil
}

// Notices returns the notices of a migration, oldest first.
func (s *Store) Notices(ctx context.Context, customer, migrationID int64) ([]migration.Notice, error) {
	notices, err := queryAll(ctx, s.readers, scanNotice, `
		SELECT `+noticeColumns+` FROM notice
		WHERE $1 IN (0, customer_id) AND migration_id = $2
		ORDER BY id`, customer, migrationID)
	if err != nil {
		return nil, fmt.Errorf("notices of migration %d: %w", migrationID, err)
	}
	return notices, nil
}

// NoticeSent writes down that a mail server took the notice. One that was sent
// before, or is gone with its migration, is migration.ErrConflict.
func (s *Store) NoticeSent(ctx context.Context, n migration.Notice) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE notice SET sent_at = $1, error = '' WHERE id = $2 AND sent_at IS NULL`, millis(s.now()), n.ID)
	})
	if err != nil {
		return fmt.Errorf("mark notice %d as sent: %w", n.ID, err)
	}
	return nil
}

// NoticeFailed stores the Tries, NextAt, GaveUp and Error of a notice that
// could not be sent. One that was sent, or is gone, is migration.ErrConflict.
func (s *Store) NoticeFailed(ctx context.Context, n migration.Notice) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE notice SET tries = $1, next_at = $2, gave_up = $3, error = $4
			WHERE id = $5 AND sent_at IS NULL`, n.Tries, n.NextAt.UnixMilli(), flag(n.GaveUp), text(n.Error), n.ID)
	})
	if err != nil {
		return fmt.Errorf("mark notice %d as not sent: %w", n.ID, err)
	}
	return nil
}

// Letter returns all that a notice tells, as it stands now.
func (s *Store) Letter(ctx context.Context, n migration.Notice) (migration.Letter, error) {
	letter := migration.Letter{Notice: n}
	err := s.read(ctx, func(q querier) error {
		return s.readLetter(ctx, q, &letter)
	})
	if err != nil {
		return migration.Letter{}, fmt.Errorf("letter of notice %d: %w", n.ID, err)
	}
	return letter, nil
}

func (s *Store) readLetter(ctx context.Context, q querier, l *migration.Letter) (err error) {
	n := l.Notice
	if l.Migration, err = readMigration(ctx, q, migrationsByID(n.CustomerID, n.MigrationID)); err != nil {
		return err
	}
	if l.To, err = readUser(ctx, q, n.UserID); err != nil {
		return err
	}
	l.Resources = l.Migration.Checks.Rows
	if l.Records, err = readRecords(ctx, q, l.Migration); err != nil {
		return err
	}
	if l.Domains, err = readCutOver(ctx, q, n.CustomerID, n.MigrationID); err != nil {
		return err
	}
	switch n.Kind {
	case migration.NoticePassDone:
		err = readPassLetter(ctx, q, l)
	case migration.NoticeHostPaused:
		l.Pauses, err = s.readPausesOf(ctx, q, n.CustomerID, n.MigrationID)
	case migration.NoticeFull:
		l.Full, err = readFull(ctx, q, n.CustomerID, n.MigrationID)
	case migration.NoticeInvalid:
		l.Failed, err = failedChecks(ctx, q, n.MigrationID)
	}
	return err
}

func readPassLetter(ctx context.Context, q querier, l *migration.Letter) (err error) {
	n := l.Notice
	for _, pass := range l.Migration.Passes {
		if pass.Number == n.Pass {
			l.Exceptions, err = readReasons(ctx, q, n.CustomerID, pass.ID)
		}
	}
	if err != nil {
		return err
	}
	if l.Parked, err = loginsOfRuns(ctx, q, n, migration.RunParked); err != nil {
		return err
	}
	l.Failed, err = loginsOfRuns(ctx, q, n, migration.RunFailed)
	return err
}

func loginsOfRuns(ctx context.Context, q querier, n migration.Notice, status migration.RunStatus) ([]string, error) {
	return queryAll(ctx, q, scanValue[string], `
		SELECT x.destination_login
		FROM run r JOIN pass p ON p.id = r.pass_id JOIN resource x ON x.id = r.resource_id
		WHERE p.migration_id = $1 AND p.number = $2 AND r.status = $3
		ORDER BY x.line`, n.MigrationID, n.Pass, status)
}

func failedChecks(ctx context.Context, q querier, migrationID int64) ([]string, error) {
	return queryAll(ctx, q, scanValue[string], `
		SELECT destination_login FROM resource
		WHERE migration_id = $1 AND left_out = 0 AND check_status = $2
		ORDER BY line`, migrationID, migration.CheckFailed)
}

// readRecords returns the MX records to enter for the domains of a migration.
// Where they move to several servers, each stands behind its domain.
func readRecords(ctx context.Context, q querier, m migration.Migration) ([]string, error) {
	servers, err := destinationsOf(ctx, q, m.DomainIDs)
	if err != nil {
		return nil, err
	}
	different := make(map[int64][]string)
	var records []string
	for i, id := range m.DomainIDs {
		server := servers[id]
		different[server.ID] = server.MX
		for _, mx := range server.MX {
			records = append(records, m.Domains[i]+": "+mx)
		}
	}
	if len(different) == 1 {
		return slices.Collect(maps.Values(different))[0], nil
	}
	return records, nil
}
