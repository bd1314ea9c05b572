package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Session is what is remembered of a browser.
type Session struct {
	TokenHash      [32]byte // SHA-256 of what the browser holds; that itself is not stored
	UserID         int64    // 0: nobody yet
	CreatedAt      time.Time
	SeenAt         time.Time
	Address, Agent string // where it came from last, and with what
	Data           []byte // the web's own

	read bool // Session returned it
}

// SaveSession stores a session, and with it when its user was seen last. One that Session returned and that has ended
// since stays ended, which is no error: a request under way while its user logs
// out, or gets another password, must not bring it back.
func (s *Store) SaveSession(ctx context.Context, session Session) error {
	user := sql.NullInt64{Int64: session.UserID, Valid: session.UserID != 0}
	query := `
		INSERT INTO session (token, user_id, created_at, seen_at, address, agent, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	if session.read {
		query = `
		UPDATE session SET user_id = $2, created_at = $3, seen_at = $4, address = $5, agent = $6, data = $7
		WHERE token = $1`
	}
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query,
			session.TokenHash[:], user, session.CreatedAt.UnixMilli(), session.SeenAt.UnixMilli(),
			text(session.Address), text(session.Agent), session.Data)
		if err != nil || !user.Valid {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE users SET seen_at = $1 WHERE id = $2 AND (seen_at IS NULL OR seen_at < $1) AND deleted_at IS NULL`,
			session.SeenAt.UnixMilli(), user)
		return err
	})
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

// Session returns the session of a token, or migration.ErrNotFound. Whether it
// still holds is the caller's to know.
func (s *Store) Session(ctx context.Context, hash [32]byte) (Session, error) {
	scan := func(row scanner) (Session, error) {
		session := Session{TokenHash: hash, read: true}
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
		session := Session{UserID: userID, read: true}
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

// DeleteSessionsOf ends all sessions of a user.
func (s *Store) DeleteSessionsOf(ctx context.Context, userID int64) error {
	return s.deleteSessions(ctx, `DELETE FROM session WHERE user_id = $1`, userID)
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
