package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// SaveUser stores the name, role and domains of a user, whether he is the
// operator, and whether he is blocked: BlockedAt. Who is blocked now is signed
// out at once. One whose Stamp is another one by now is migration.ErrConflict: what
// somebody else changed must not be lost. The last admin and the last operator
// stay: migration.ErrLastAdmin, ErrLastOperator.
func (s *Store) SaveUser(ctx context.Context, customer int64, u migration.User) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		before, err := guardUser(ctx, tx, customer, u.ID, func(before migration.User) migration.User {
			after := before
			after.Role, after.Operator, after.BlockedAt = u.Role, u.Operator, u.BlockedAt
			return after
		})
		if err == nil && before.Stamp != u.Stamp {
			err = migration.ErrConflict
		}
		if err != nil {
			return err
		}
		return saveUser(ctx, tx, before, u)
	})
	if err != nil {
		return fmt.Errorf("save user %d: %w", u.ID, err)
	}
	return nil
}

func saveUser(ctx context.Context, tx *sql.Tx, before, u migration.User) error {
	u.CustomerID = before.CustomerID
	_, err := tx.ExecContext(ctx, `
		UPDATE users SET name = $1, role = $2, operator = $3, blocked_at = $4 WHERE id = $5`,
		text(u.Name), u.Role, flag(u.Operator), millis(u.BlockedAt), u.ID)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM user_domain WHERE user_id = $1`, u.ID); err != nil {
		return err
	}
	if err := giveDomains(ctx, tx, u); err != nil {
		return err
	}
	if !u.BlockedAt.IsZero() && before.BlockedAt.IsZero() {
		if err := shutOut(ctx, tx, u.ID); err != nil {
			return err
		}
	}
	return handOverNotices(ctx, tx, u)
}

// DeleteUser deletes a user. One who asked for migrations leaves his name to
// them: his row loses everything else, and nobody finds it any more. Mails about
// his migrations go to an admin from then on. The last admin and the last operator
// stay: migration.ErrLastAdmin, ErrLastOperator.
func (s *Store) DeleteUser(ctx context.Context, customer, id int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		gone := func(migration.User) migration.User { return migration.User{} }
		before, err := guardUser(ctx, tx, customer, id, gone)
		if err != nil {
			return err
		}
		if err := s.deleteUser(ctx, tx, before); err != nil {
			return err
		}
		return forgetDeleted(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("delete user %d: %w", id, err)
	}
	return nil
}

func (s *Store) deleteUser(ctx context.Context, tx *sql.Tx, u migration.User) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE users SET deleted_at = $1, role = '', operator = 0, email = '', email_key = 'deleted ' || id,
			name = CASE WHEN name = '' THEN email ELSE name END, password_hash = '',
			factor_secret = NULL, factor_at = NULL, seen_at = NULL
		WHERE id = $2`, millis(s.now()), u.ID)
	if err != nil {
		return err
	}
	if err := shutOut(ctx, tx, u.ID); err != nil {
		return err
	}
	if err := handOverNotices(ctx, tx, u); err != nil {
		return err
	}
	for _, query := range []string{
		`DELETE FROM user_domain WHERE user_id = $1`,
		`DELETE FROM recovery_code WHERE user_id = $1`,
		`DELETE FROM account_notice WHERE user_id = $1`,
	} {
		if _, err := tx.ExecContext(ctx, query, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// forgetDeleted removes the rows of deleted users that nothing speaks of any
// more.
func forgetDeleted(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM users WHERE deleted_at IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM migration WHERE user_id = users.id)
			AND NOT EXISTS (SELECT 1 FROM notice WHERE user_id = users.id)`)
	return err
}

// guardUser returns a user of a customer, or of AnyCustomer, if what he becomes
// leaves somebody who can do what he did.
func guardUser(
	ctx context.Context, tx *sql.Tx, customer, id int64, becomes func(before migration.User) migration.User,
) (migration.User, error) {
	before, err := readUserOf(ctx, tx, customer, id)
	if err != nil {
		return before, err
	}
	all, err := readUsers(ctx, tx, AnyCustomer)
	if err != nil {
		return before, err
	}
	var others []migration.User
	for _, user := range all {
		if user.ID != id {
			others = append(others, user)
		}
	}
	return before, migration.GuardLast(before, becomes(before), others)
}

// reader is whom a notice about a migration m goes to: the user who asked for it
// while he can sign in and see it, else the first admin of his customer who can.
const reader = `(
	SELECT u.id FROM users u
	WHERE u.customer_id = m.customer_id AND u.deleted_at IS NULL AND u.blocked_at IS NULL AND u.password_hash <> ''
		AND (u.id = m.user_id AND ` + seesAll + ` OR u.role = 'admin')
	ORDER BY u.id <> m.user_id, u.id LIMIT 1)`

// seesAll holds for a user u who may see a migration m of his customer: a manager
// has all its domains (migration.User.CanSee).
const seesAll = `(u.role <> 'manager' OR NOT EXISTS (
	SELECT 1 FROM migration_domain x WHERE x.migration_id = m.id AND NOT EXISTS (
		SELECT 1 FROM user_domain d WHERE d.user_id = u.id AND d.domain_id = x.domain_id)))`

// handOverNotices sends what waits for a user who cannot sign in any more, or not
// see what it is about, to somebody who can; where there is nobody it stays.
func handOverNotices(ctx context.Context, tx *sql.Tx, u migration.User) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE notice SET user_id = coalesce((SELECT `+reader+` FROM migration m WHERE m.id = notice.migration_id), user_id)
		WHERE user_id = $1 AND sent_at IS NULL AND gave_up = 0`, u.ID)
	return err
}
