package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"trasloco/migration"
)

// Session is what is remembered of a browser.
type Session struct {
	TokenHash      [32]byte // SHA-256 of what the browser holds; that itself is not stored
	UserID         int64    // 0: nobody yet
	CreatedAt      time.Time
	SeenAt         time.Time
	Address, Agent string // where it came from last, and with what
	Data           []byte // the web's own
}

// AddSession stores the new session of a user as he was read, or of nobody: the
// zero User. Whose Stamp is another one by now, and who is gone, is
// migration.ErrConflict: what he has shown to get it holds no more.
func (s *Store) AddSession(ctx context.Context, session Session, u migration.User) error {
	session.UserID = u.ID
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if u.ID != 0 {
			if err := guardStamp(ctx, tx, u); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO session (token, user_id, created_at, seen_at, address, agent, data)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			session.TokenHash[:], sql.NullInt64{Int64: u.ID, Valid: u.ID != 0}, session.CreatedAt.UnixMilli(), session.SeenAt.UnixMilli(),
			text(session.Address), text(session.Agent), session.Data)
		if err != nil {
			return err
		}
		return userSeen(ctx, tx, session)
	})
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// guardStamp finds whether a user is still as he was read; else it is
// migration.ErrConflict, as it is of one who is gone.
func guardStamp(ctx context.Context, q querier, u migration.User) error {
	now, err := readUser(ctx, q, u.ID)
	if errors.Is(err, migration.ErrNotFound) || err == nil && now.Stamp != u.Stamp {
		return fmt.Errorf("user %d has changed: %w", u.ID, migration.ErrConflict)
	}
	return err
}

// SaveSession stores what a session holds, and where and when it was used. One
// that has ended stays ended, which is no error: a request under way while its
// user logs out, or gets another password, must not bring it back.
func (s *Store) SaveSession(ctx context.Context, session Session) error {
	return s.useSession(ctx, session, `
		UPDATE session SET seen_at = $2, address = $3, agent = $4, data = $5 WHERE token = $1`, session.Data)
}

// TouchSession is SaveSession for one that was only used: what another request
// put into it stays.
func (s *Store) TouchSession(ctx context.Context, session Session) error {
	return s.useSession(ctx, session, `UPDATE session SET seen_at = $2, address = $3, agent = $4 WHERE token = $1`)
}

func (s *Store) useSession(ctx context.Context, session Session, query string, more ...any) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := execOne(ctx, tx, migration.ErrNotFound, query, append([]any{
			session.TokenHash[:], session.SeenAt.UnixMilli(), text(session.Address), text(session.Agent),
		}, more...)...)
		if err != nil {
			return err
		}
		return userSeen(ctx, tx, session)
	})
	if err != nil && !errors.Is(err, migration.ErrNotFound) {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

// userSeen notes when the user of a session was seen last.
func userSeen(ctx context.Context, tx *sql.Tx, session Session) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE users SET seen_at = $1 WHERE id = $2 AND (seen_at IS NULL OR seen_at < $1) AND deleted_at IS NULL`,
		session.SeenAt.UnixMilli(), session.UserID)
	return err
}

// Session returns the session of a token, or migration.ErrNotFound. Whether it
// still holds is the caller's to know.
func (s *Store) Session(ctx context.Context, hash [32]byte) (Session, error) {
	scan := func(row scanner) (Session, error) {
		session := Session{TokenHash: hash}
		var user, created, seen sql.NullInt64
		err := row.Scan(&user, &created, &seen, &session.Address, &session.Agent, &session.Data)
		session.UserID, session.CreatedAt, session.SeenAt = user.Int64, fromMillis(created), fromMillis(seen)
		return session, err
	}
	session, err := queryOne(ctx, s.readers, scan, `
		SELECT user_id, created_at, seen_at, address, agent, data FROM session WHERE token = $1`, hash[:])
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return session, nil
}

// DeleteSession ends a session. One that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, hash [32]byte) error {
	return s.deleteSessions(ctx, `DELETE FROM session WHERE token = $1`, hash[:])
}

// Sessions returns the sessions of a user, the one used last first. Whether they
// still hold is the caller's to know.
func (s *Store) Sessions(ctx context.Context, userID int64) ([]Session, error) {
	scan := func(row scanner) (Session, error) {
		session := Session{UserID: userID}
		var token []byte
		var created, seen sql.NullInt64
		err := row.Scan(&token, &created, &seen, &session.Address, &session.Agent)
		copy(session.TokenHash[:], token)
		session.CreatedAt, session.SeenAt = fromMillis(created), fromMillis(seen)
		return session, err
	}
	sessions, err := queryAll(ctx, s.readers, scan, `
		SELECT token, created_at, seen_at, address, agent FROM session
		WHERE user_id = $1 ORDER BY seen_at DESC, created_at DESC`, userID)
	if err != nil {
		return nil, fmt.Errorf("sessions of user %d: %w", userID, err)
	}
	return sessions, nil
}

// DeleteOtherSessions ends all sessions of a user but one.
func (s *Store) DeleteOtherSessions(ctx context.Context, userID int64, but [32]byte) error {
	return s.deleteSessions(ctx, `DELETE FROM session WHERE user_id = $1 AND token <> $2`, userID, but[:])
}

// PruneSessions forgets sessions that were not used since idleBefore, or were
// made before createdBefore.
func (s *Store) PruneSessions(ctx context.Context, idleBefore, createdBefore time.Time) error {
	return s.deleteSessions(ctx, `DELETE FROM session WHERE seen_at < $1 OR created_at < $2`,
		millis(idleBefore), millis(createdBefore))
}

func (s *Store) deleteSessions(ctx context.Context, query string, args ...any) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
