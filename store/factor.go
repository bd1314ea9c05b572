package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

func factorSecret(user int64) place { return place{"users", "factor_secret", user} }

// OfferFactor stores the secret of a second factor that a user is about to
// confirm, sealed. Who has a confirmed one is migration.ErrConflict.
func (s *Store) OfferFactor(ctx context.Context, userID int64, secret migration.Secret) error {
	sealed := s.keys.root.seal(factorSecret(userID), []byte(secret.Reveal()))
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE users SET factor_secret = $1, factor_step = 0
			WHERE id = $2 AND factor_at IS NULL AND deleted_at IS NULL`, sealed, userID)
	})
	if err != nil {
		return fmt.Errorf("offer a second factor to user %d: %w", userID, err)
	}
	return nil
}

// Factor returns the secret of a user's second factor, confirmed or only offered;
// where he has neither it is migration.ErrNotFound.
func (s *Store) Factor(ctx context.Context, userID int64) (migration.Secret, error) {
	sealed, err := queryOne(ctx, s.readers, scanValue[sql.NullString], `
		SELECT factor_secret FROM users WHERE id = $1 AND deleted_at IS NULL`, userID)
	if err == nil && !sealed.Valid {
		err = migration.ErrNotFound
	}
	var secret []byte
	if err == nil {
		secret, err = s.keys.root.open(factorSecret(userID), sealed.String)
	}
	if err != nil {
		return migration.Secret{}, fmt.Errorf("second factor of user %d: %w", userID, err)
	}
	return migration.NewSecret(string(secret)), nil
}

// ConfirmFactor switches the offered second factor on: step is that of the code
// he typed, which is used up by it. His sessions end. It returns the user as he is
// then. One that is on already, none that is offered, and a user whose Stamp is
// another one by now, are migration.ErrConflict.
func (s *Store) ConfirmFactor(
	ctx context.Context, u migration.User, step int64, codes []migration.Secret, tell bool,
) (migration.User, error) {
	after, err := s.changeAccount(ctx, u, func(ctx context.Context, tx *sql.Tx) error {
		err := execOne(ctx, tx, migration.ErrConflict, `
			UPDATE users SET factor_at = $1, factor_step = $2
			WHERE id = $3 AND factor_at IS NULL AND factor_secret IS NOT NULL`, millis(s.now()), step, u.ID)
		if err != nil {
			return err
		}
		if err := shutOut(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := saveCodes(ctx, tx, u.ID, codes); err != nil || !tell {
			return err
		}
		return s.addAccountNotice(ctx, tx, u.ID, migration.AccountFactorOn, migration.Secret{})
	})
	if err != nil {
		return after, fmt.Errorf("switch on the second factor of user %d: %w", u.ID, err)
	}
	return after, nil
}

// RemoveFactor switches the second factor of a user off and forgets his recovery
// codes. His sessions end. It returns the user as he is then. Where there is none,
// and where his Stamp is another one by now, it is migration.ErrConflict.
func (s *Store) RemoveFactor(ctx context.Context, customer int64, u migration.User, tell bool) (migration.User, error) {
	after, err := s.changeAccount(ctx, u, func(ctx context.Context, tx *sql.Tx) error {
		err := execOne(ctx, tx, migration.ErrConflict, `
			UPDATE users SET factor_secret = NULL, factor_at = NULL, factor_step = 0
			WHERE $1 IN (0, customer_id) AND id = $2 AND factor_at IS NOT NULL`, customer, u.ID)
		if err != nil {
			return err
		}
		if err := shutOut(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := saveCodes(ctx, tx, u.ID, nil); err != nil || !tell {
			return err
		}
		return s.addAccountNotice(ctx, tx, u.ID, migration.AccountFactorOff, migration.Secret{})
	})
	if err != nil {
		return after, fmt.Errorf("switch off the second factor of user %d: %w", u.ID, err)
	}
	return after, nil
}

// UseFactor notes the step of a code that opened a login. One that was used
// before, or is older than one that was, is migration.ErrConflict.
func (s *Store) UseFactor(ctx context.Context, userID, step int64) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrConflict, `
			UPDATE users SET factor_step = $1
			WHERE id = $2 AND factor_at IS NOT NULL AND factor_step < $1`, step, userID)
	})
	if err != nil {
		return fmt.Errorf("use code of user %d: %w", userID, err)
	}
	return nil
}

// UseRecoveryCode uses a recovery code up. One that is not there, or any more, is
// migration.ErrNotFound.
func (s *Store) UseRecoveryCode(ctx context.Context, userID int64, code migration.Secret) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrNotFound,
			`DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2`, userID, codeHash(code))
	})
	if err != nil {
		return fmt.Errorf("use recovery code of user %d: %w", userID, err)
	}
	return nil
}

// RecoveryCodes returns how many recovery codes a user has left.
func (s *Store) RecoveryCodes(ctx context.Context, userID int64) (int, error) {
	n, err := queryOne(ctx, s.readers, scanValue[int], `SELECT count(*) FROM recovery_code WHERE user_id = $1`, userID)
	if err != nil {
		return 0, fmt.Errorf("recovery codes of user %d: %w", userID, err)
	}
	return n, nil
}

// ReplaceRecoveryCodes stores new recovery codes in place of those before. Without
// a second factor it is migration.ErrConflict, and so it is of a user whose Stamp
// is another one by now.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, u migration.User, codes []migration.Secret) error {
	_, err := s.changeAccount(ctx, u, func(ctx context.Context, tx *sql.Tx) error {
		if !u.SecondFactor {
			return migration.ErrConflict
		}
		return saveCodes(ctx, tx, u.ID, codes)
	})
	if err != nil {
		return fmt.Errorf("new recovery codes for user %d: %w", u.ID, err)
	}
	return nil
}

func saveCodes(ctx context.Context, tx *sql.Tx, userID int64, codes []migration.Secret) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_code WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, code := range codes {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO recovery_code (user_id, customer_id, code_hash)
			SELECT id, customer_id, $2 FROM users WHERE id = $1`, userID, codeHash(code))
		if err != nil {
			return err
		}
	}
	return nil
}

// codeHash needs no salt and no slow function: codes are drawn, not chosen, and
// long enough to be tried for ever.
func codeHash(code migration.Secret) []byte {
	sum := sha256.Sum256([]byte(code.Reveal()))
	return sum[:]
}
