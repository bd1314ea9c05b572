package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trasloco/migration"
)

// Link is a way in for a user without a password, or who forgot his. Token is
// what stands in the link; the database keeps its SHA-256.
type Link struct {
	Token migration.Secret
	// Mail sends it to the user. Else whoever asked for it shows it.
	Mail bool
}

// resetPause is how long after a link for a new password nobody gets another by
// asking at the login: a stranger must not fill somebody's mailbox.
const resetPause = 5 * time.Minute

// ErrEmailTaken: another user has the address.
var ErrEmailTaken = fmt.Errorf("the address is taken: %w", migration.ErrConflict)

func (l Link) hash() []byte {
	sum := sha256.Sum256([]byte(l.Token.Reveal()))
	return sum[:]
}

// Invite adds a user without a password, with a link to choose one, and sets his
// ID. An address that is taken is ErrEmailTaken; a domain that is not his
// customer's is migration.ErrNotFound.
func (s *Store) Invite(ctx context.Context, u *migration.User, link Link) error {
	made := *u
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.invite(ctx, tx, &made, link) })
	if err != nil {
		return fmt.Errorf("invite user: %w", err)
	}
	*u = made
	return nil
}

func (s *Store) invite(ctx context.Context, tx *sql.Tx, u *migration.User, link Link) error {
	err := s.insertUser(ctx, tx, u, "")
	if errors.Is(err, migration.ErrConflict) {
		return ErrEmailTaken
	}
	if err != nil {
		return err
	}
	return s.addLink(ctx, tx, u.ID, migration.LinkInvitation, link)
}

// RenewLink gives a user a new link in place of the one before: an invitation as
// long as he has no password, else one to choose another. Of a blocked user it is
// migration.ErrConflict.
func (s *Store) RenewLink(ctx context.Context, customer, userID int64, link Link) (kind migration.LinkKind, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := readUserOf(ctx, tx, customer, userID)
		if err != nil {
			return err
		}
		if user.State() == migration.UserBlocked {
			return migration.ErrConflict
		}
		kind = linkFor(user)
		return s.addLink(ctx, tx, userID, kind, link)
	})
	if err != nil {
		return "", fmt.Errorf("new link for user %d: %w", userID, err)
	}
	return kind, nil
}

func linkFor(u migration.User) migration.LinkKind {
	if u.HasPassword {
		return migration.LinkReset
	}
	return migration.LinkInvitation
}

// AskReset sends a link for a new password to the user of an address, and counts
// under the key of LoginWait that somebody asked. It says nothing of whether there
// is such a user: where there is none, where he is blocked, and where he got a link
// a moment ago, it counts all the same, and so takes about as long.
func (s *Store) AskReset(ctx context.Context, email string, link Link, key string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.countFailures(ctx, tx, key); err != nil {
			return err
		}
		id, err := queryOne(ctx, tx, scanValue[int64], `
			SELECT id FROM users WHERE email_key = $1 AND deleted_at IS NULL AND blocked_at IS NULL
				AND NOT EXISTS (SELECT 1 FROM link WHERE user_id = users.id AND kind = $2 AND created_at > $3)`,
			emailKey(email), migration.LinkReset, millis(s.now().Add(-resetPause)))
		if errors.Is(err, migration.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.addLink(ctx, tx, id, migration.LinkReset, link)
	})
	if err != nil {
		return fmt.Errorf("ask for a new password: %w", err)
	}
	return nil
}

// addLink stores a link in place of an earlier one of its kind, and the mail that
// brings it.
func (s *Store) addLink(ctx context.Context, tx *sql.Tx, userID int64, kind migration.LinkKind, link Link) error {
	now := s.now()
	_, err := tx.ExecContext(ctx, `
		INSERT INTO link (user_id, customer_id, kind, token, created_at, expires_at)
		SELECT id, customer_id, $2, $3, $4, $5 FROM users WHERE id = $1
		ON CONFLICT (user_id, kind) DO UPDATE SET
			token = excluded.token, created_at = excluded.created_at, expires_at = excluded.expires_at`,
		userID, kind, link.hash(), millis(now), millis(now.Add(kind.Holds())))
	if err != nil {
		return err
	}
	notice := migration.AccountNoticeKind(kind)
	if err := retractAccountNotices(ctx, tx, userID, notice); err != nil || !link.Mail {
		return err
	}
	return s.addAccountNotice(ctx, tx, userID, notice, link.Token)
}

// UserByLink returns whom a link belongs to. One that was used, replaced or is
// too old, and that of a blocked user, is migration.ErrNotFound.
func (s *Store) UserByLink(ctx context.Context, kind migration.LinkKind, token migration.Secret) (migration.User, error) {
	user, err := s.userByLink(ctx, s.readers, kind, Link{Token: token})
	if err != nil {
		return migration.User{}, fmt.Errorf("link of the kind %s: %w", kind, err)
	}
	return user, nil
}

func (s *Store) userByLink(ctx context.Context, q querier, kind migration.LinkKind, link Link) (migration.User, error) {
	id, err := queryOne(ctx, q, scanValue[int64], `
		SELECT l.user_id FROM link l JOIN users u ON u.id = l.user_id
		WHERE l.kind = $1 AND l.token = $2 AND l.expires_at > $3 AND u.blocked_at IS NULL`,
		kind, link.hash(), millis(s.now()))
	if err != nil {
		return migration.User{}, err
	}
	return readUser(ctx, q, id)
}

// RedeemLink stores the password that the user of a link chose, uses the link up,
// and ends his sessions. It returns him as he is then. With tell a mail says that a
// password was changed. A link that does not hold is migration.ErrNotFound.
func (s *Store) RedeemLink(
	ctx context.Context, kind migration.LinkKind, token migration.Secret, hash string, tell bool,
) (user migration.User, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if user, err = s.userByLink(ctx, tx, kind, Link{Token: token}); err != nil {
			return err
		}
		had := user.HasPassword
		if err := s.setPassword(ctx, tx, user.ID, hash); err != nil {
			return err
		}
		if user, err = readUser(ctx, tx, user.ID); err != nil || !tell || !had {
			return err
		}
		return s.addAccountNotice(ctx, tx, user.ID, migration.AccountPassword, migration.Secret{})
	})
	if err != nil {
		return migration.User{}, fmt.Errorf("use link of the kind %s: %w", kind, err)
	}
	return user, nil
}
