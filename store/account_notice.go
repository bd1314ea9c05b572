package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// keepAccountNotices is how long it is remembered what became of a mail.
const keepAccountNotices = 30 * 24 * time.Hour

// addAccountNotice writes a mail down that is to be sent to a user about his
// account. The row is made before it is filled: what stands in a link is sealed
// for its place, and so for its number.
func (s *Store) addAccountNotice(
	ctx context.Context, tx *sql.Tx, userID int64, kind migration.AccountNoticeKind, token migration.Secret,
) error {
	now := s.now()
	if _, err := tx.ExecContext(ctx, `DELETE FROM account_notice WHERE created_at < $1`, millis(now.Add(-keepAccountNotices))); err != nil {
		return err
	}
	id, err := queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO account_notice (customer_id, user_id, kind, created_at, next_at)
		SELECT customer_id, id, $2, $3, $3 FROM users WHERE id = $1 RETURNING id`, userID, kind, millis(now))
	if err != nil {
		return fmt.Errorf("account notice %s: %w", kind, err)
	}
	if token.IsZero() {
		return nil
	}
	sealed := s.keys.root.seal(linkToken(id), []byte(token.Reveal()))
	return execOne(ctx, tx, migration.ErrConflict, `UPDATE account_notice SET sealed = $1 WHERE id = $2`, sealed, id)
}

func linkToken(id int64) place { return place{"account_notice", "sealed", id} }

// retractAccountNotices gives up mails whose link was replaced.
func retractAccountNotices(ctx context.Context, tx *sql.Tx, userID int64, kind migration.AccountNoticeKind) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM account_notice WHERE user_id = $1 AND kind = $2 AND sent_at IS NULL`, userID, kind)
	return err
}

const accountNoticeColumns = `id, customer_id, user_id, kind, created_at, tries, next_at, sent_at, gave_up, error`

func scanAccountNotice(row scanner, more ...any) (migration.AccountNotice, error) {
	var n migration.AccountNotice
	var created, next, sent sql.NullInt64
	err := row.Scan(append([]any{
		&n.ID, &n.CustomerID, &n.UserID, &n.Kind, &created, &n.Tries, &next, &sent, &n.GaveUp, &n.Error,
	}, more...)...)
	n.CreatedAt, n.NextAt, n.SentAt = fromMillis(created), fromMillis(next), fromMillis(sent)
	return n, err
}

// PendingAccountNotices returns the mails about accounts that are to be sent at
// now, oldest first.
func (s *Store) PendingAccountNotices(ctx context.Context, now time.Time) ([]migration.AccountNotice, error) {
	scan := func(row scanner) (migration.AccountNotice, error) { return scanAccountNotice(row) }
	notices, err := queryAll(ctx, s.readers, scan, `
		SELECT `+accountNoticeColumns+` FROM account_notice
		WHERE sent_at IS NULL AND gave_up = 0 AND next_at <= $1
		ORDER BY id`, millis(now))
	if err != nil {
		return nil, fmt.Errorf("pending account notices: %w", err)
	}
	return notices, nil
}

// LastAccountNotice returns the newest mail with a link to a user, so that a page
// can say what became of it; migration.ErrNotFound where none was ever to be sent.
func (s *Store) LastAccountNotice(ctx context.Context, customer, userID int64) (migration.AccountNotice, error) {
	scan := func(row scanner) (migration.AccountNotice, error) { return scanAccountNotice(row) }
	n, err := queryOne(ctx, s.readers, scan, `
		SELECT `+accountNoticeColumns+` FROM account_notice
		WHERE $1 IN (0, customer_id) AND user_id = $2 AND kind IN ($3, $4)
		ORDER BY id DESC LIMIT 1`, customer, userID, migration.AccountInvitation, migration.AccountReset)
	if err != nil {
		return n, fmt.Errorf("last notice to user %d: %w", userID, err)
	}
	return n, nil
}

// AccountLetter returns all that a notice tells, its link opened. One whose link
// was used or replaced since, and one to a user who is gone, is
// migration.ErrNotFound.
func (s *Store) AccountLetter(ctx context.Context, n migration.AccountNotice) (letter migration.AccountLetter, err error) {
	letter.Notice = n
	err = s.read(ctx, func(q querier) error {
		if letter.To, err = readUser(ctx, q, n.UserID); err != nil {
			return err
		}
		if n.Kind != migration.AccountInvitation && n.Kind != migration.AccountReset {
			return nil
		}
		return s.openLink(ctx, q, &letter)
	})
	if err != nil {
		return migration.AccountLetter{}, fmt.Errorf("letter of account notice %d: %w", n.ID, err)
	}
	return letter, nil
}

func (s *Store) openLink(ctx context.Context, q querier, l *migration.AccountLetter) error {
	sealed, err := queryOne(ctx, q, scanValue[sql.NullString], `SELECT sealed FROM account_notice WHERE id = $1`, l.Notice.ID)
	if err == nil && !sealed.Valid {
		err = migration.ErrNotFound
	}
	if err != nil {
		return err
	}
	token, err := s.keys.root.open(linkToken(l.Notice.ID), sealed.String)
	if err != nil {
		return err
	}
	l.Token = migration.NewSecret(string(token))
	expires, err := queryOne(ctx, q, scanValue[sql.NullInt64],
		`SELECT expires_at FROM link WHERE token = $1`, Link{Token: l.Token}.hash())
	l.Until = fromMillis(expires)
	return err
}

// AccountNoticeSent writes down that a mail server took the notice, and shreds
// its link. One that was sent before, or is gone, is migration.ErrConflict.
func (s *Store) AccountNoticeSent(ctx context.Context, n migration.AccountNotice) error {
	err := s.writeThen(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE account_notice SET sent_at = $1, error = '', sealed = NULL
			WHERE id = $2 AND sent_at IS NULL`, millis(s.now()), n.ID)
	}, s.tryTruncateLog)
	if err != nil {
		return fmt.Errorf("mark account notice %d as sent: %w", n.ID, err)
	}
	return nil
}

// AccountNoticeFailed stores the Tries, NextAt, GaveUp and Error of a notice that
// could not be sent; one that is given up loses its link. One that was sent, or is
// gone, is migration.ErrConflict.
func (s *Store) AccountNoticeFailed(ctx context.Context, n migration.AccountNotice) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE account_notice SET tries = $1, next_at = $2, gave_up = $3, error = $4,
				sealed = CASE WHEN $3 = 0 THEN sealed END
			WHERE id = $5 AND sent_at IS NULL`, n.Tries, n.NextAt.UnixMilli(), flag(n.GaveUp), text(n.Error), n.ID)
	})
	if err != nil {
		return fmt.Errorf("mark account notice %d as not sent: %w", n.ID, err)
	}
	return nil
}

// readUserOf is readUser of a customer, or of AnyCustomer.
func readUserOf(ctx context.Context, q querier, customer, id int64) (migration.User, error) {
	user, err := readUser(ctx, q, id)
	if err == nil && customer != AnyCustomer && user.CustomerID != customer {
		err = fmt.Errorf("user %d: %w", id, migration.ErrNotFound)
	}
	return user, err
}
