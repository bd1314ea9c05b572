package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// The throttle of logins: so many failures are free, then each makes the next
// try wait twice as long, up to the most. It lies in the database, so that a
// restart helps nobody.
const (
	freeFailures = 5
	firstWait    = time.Second
	mostWait     = 15 * time.Minute
	// forgetAfter is how long after the last failure all of them are forgotten.
	forgetAfter = 24 * time.Hour
)

// accountKeys and briefKeys stand for an account, all others for where a login
// comes from. What is counted under a brief key never waits long: anybody can
// count against an account from outside, and must not keep its owner out. Nor must
// one who fails, or a few who mistype, keep a whole office out, or all customers of
// a provider: that of network keys stays short too.
const (
	accountKeys = "account:"
	briefKeys   = "brief:"
	networkKeys = "net:"
	briefWait   = 5 * time.Second
	networkWait = time.Minute
)

// LoginWait returns how long a login has to wait that is counted under any of
// the keys; 0: not at all. Keys are such as "account:a@b.example" and
// "net:192.0.2.0/24"; they compare without case.
func (s *Store) LoginWait(ctx context.Context, keys ...string) (time.Duration, error) {
	now, wait := s.now(), time.Duration(0)
	for _, key := range keys {
		until, err := queryAll(ctx, s.readers, scanValue[sql.NullInt64],
			`SELECT wait_until FROM login_throttle WHERE key_hash = $1`, throttleHash(key))
		if err != nil {
			return 0, fmt.Errorf("login throttle: %w", err)
		}
		for _, moment := range until {
			wait = max(wait, fromMillis(moment).Sub(now))
		}
	}
	return min(wait, mostWait), nil // more only if the clock was set back
}

// LoginFailed counts a failed login under each of the keys.
func (s *Store) LoginFailed(ctx context.Context, keys ...string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.countFailures(ctx, tx, keys...) })
	if err != nil {
		return fmt.Errorf("count failed login: %w", err)
	}
	return nil
}

func (s *Store) countFailures(ctx context.Context, tx *sql.Tx, keys ...string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM login_throttle WHERE failed_at < $1`, millis(s.now().Add(-forgetAfter)))
	for i := 0; i < len(keys) && err == nil; i++ {
		err = s.countFailure(ctx, tx, keys[i])
	}
	return err
}

func (s *Store) countFailure(ctx context.Context, tx *sql.Tx, name string) error {
	now, key := s.now(), throttleHash(name)
	failures, err := queryOne(ctx, tx, scanValue[int], `
		INSERT INTO login_throttle (key_hash, failures, failed_at, wait_until) VALUES ($1, 1, $2, $2)
		ON CONFLICT (key_hash) DO UPDATE SET
			failures = login_throttle.failures + 1, failed_at = excluded.failed_at
		RETURNING failures`, key, millis(now))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE login_throttle SET wait_until = $1 WHERE key_hash = $2`,
		millis(now.Add(min(waitAfter(failures), longest(name)))), key)
	return err
}

func longest(key string) time.Duration {
	switch {
	case strings.HasPrefix(key, briefKeys):
		return briefWait
	case strings.HasPrefix(key, networkKeys):
		return networkWait
	}
	return mostWait
}

// waitAfter returns how long the next try waits after so many failures.
func waitAfter(failures int) time.Duration {
	if failures <= freeFailures {
		return 0
	}
	wait := firstWait
	for i := freeFailures + 1; i < failures && wait < mostWait; i++ {
		wait *= 2
	}
	return min(wait, mostWait)
}

// LoginSucceeded forgets the failures of the account among the keys. Those of
// where it came from stay: with one account of his own somebody could otherwise
// try those of all others without ever waiting.
func (s *Store) LoginSucceeded(ctx context.Context, keys ...string) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, key := range keys {
			if !strings.HasPrefix(key, accountKeys) && !strings.HasPrefix(key, briefKeys) {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM login_throttle WHERE key_hash = $1`, throttleHash(key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget failed logins: %w", err)
	}
	return nil
}

// throttleHash folds a key as addresses are: no other spelling of an address
// that opens the account may count apart.
func throttleHash(key string) []byte {
	sum := sha256.Sum256([]byte(emailKey(key)))
	return sum[:]
}
