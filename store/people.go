package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"trasloco/migration"
)

// HasUsers reports whether the panel was set up.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	has, err := queryOne(ctx, s.readers, scanValue[bool], `SELECT EXISTS (SELECT 1 FROM users)`)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return has, nil
}

// SetUp is what the first page of a new panel asks for.
type SetUp struct {
	Customer     string         // not empty
	Operator     migration.User // becomes an admin of the customer, and the operator
	PasswordHash string
	Domains      []string // lower case, ASCII form: migration.Domain.Name
	Destination  migration.Destination
}

// SetUp makes the first customer, its domains, its user and the destination
// server, all or nothing. It succeeds once: where there is a user already, even
// one of a set-up at the same moment, and where a domain is named twice, it is
// migration.ErrConflict.
func (s *Store) SetUp(ctx context.Context, first SetUp) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.setUp(ctx, tx, first) })
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	return nil
}

func (s *Store) setUp(ctx context.Context, tx *sql.Tx, first SetUp) error {
	customer, err := queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO customer (name, created_at) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM users)
		RETURNING id`, text(first.Customer), millis(s.now()))
	if errors.Is(err, migration.ErrNotFound) {
		return migration.ErrConflict
	}
	if err != nil {
		return err
	}
	if err := s.saveDestination(ctx, tx, &first.Destination); err != nil {
		return err
	}
	for _, name := range first.Domains {
		d := migration.Domain{CustomerID: customer, DestinationID: first.Destination.ID, Name: name}
		if err := insertDomain(ctx, tx, d); err != nil {
			return err
		}
	}
	first.Operator.CustomerID, first.Operator.Role, first.Operator.Operator = customer, migration.Admin, true
	return s.insertUser(ctx, tx, &first.Operator, first.PasswordHash)
}

// insertDomain adds a domain. One that any customer has is migration.ErrConflict.
func insertDomain(ctx context.Context, tx *sql.Tx, d migration.Domain) error {
	err := execOne(ctx, tx, migration.ErrConflict, `
		INSERT INTO domain (customer_id, destination_id, name) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO NOTHING`, d.CustomerID, d.DestinationID, d.Name)
	if err != nil {
		return fmt.Errorf("domain %s: %w", d.Name, err)
	}
	return nil
}

// CreateUser adds a user and sets his ID. With CustomerID 0 he goes to the first
// of Customers, which it sets; there is none before SetUp: migration.ErrNotFound.
// So is one of his domains that is not his customer's. An address that is taken
// is migration.ErrConflict; addresses compare without case.
func (s *Store) CreateUser(ctx context.Context, u *migration.User, passwordHash string) error {
	made := *u
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if made.CustomerID == 0 {
			made.CustomerID, err = queryOne(ctx, tx, scanValue[int64],
				`SELECT id FROM customer WHERE name <> '' ORDER BY id LIMIT 1`)
		}
		if err == nil {
			err = s.insertUser(ctx, tx, &made, passwordHash)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	*u = made
	return nil
}

func (s *Store) insertUser(ctx context.Context, tx *sql.Tx, u *migration.User, hash string) (err error) {
	u.ID, err = queryOne(ctx, tx, scanValue[int64], `
		INSERT INTO users (customer_id, role, operator, name, email, email_key, password_hash,
			language, time_zone, theme, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (email_key) DO NOTHING RETURNING id`,
		u.CustomerID, u.Role, flag(u.Operator), text(u.Name), text(u.Email), emailKey(u.Email), hash,
		text(u.Language), text(u.TimeZone), u.Theme, millis(s.now()))
	if errors.Is(err, migration.ErrNotFound) {
		return migration.ErrConflict
	}
	if err != nil {
		return err
	}
	if err := giveDomains(ctx, tx, *u); err != nil {
		return err
	}
	*u, err = readUser(ctx, tx, u.ID)
	return err
}

// giveDomains authorises a user for his domains.
func giveDomains(ctx context.Context, tx *sql.Tx, u migration.User) error {
	for _, domain := range u.DomainIDs {
		err := execOne(ctx, tx, migration.ErrNotFound, `
			INSERT INTO user_domain (user_id, customer_id, domain_id)
			SELECT $1, customer_id, id FROM domain WHERE customer_id = $2 AND id = $3`, u.ID, u.CustomerID, domain)
		if err != nil {
			return fmt.Errorf("domain %d: %w", domain, err)
		}
	}
	return nil
}

// emailKey is how addresses compare.
func emailKey(email string) string { return strings.ToLower(text(email)) }

const userColumns = `id, customer_id, role, operator, name, email, language, time_zone, theme,
	password_hash, blocked_at, factor_at, factor_secret, seen_at`

// scanUser reads userColumns, and what follows them into more.
func scanUser(row scanner, more ...any) (migration.User, error) {
	var u migration.User
	var hash string
	var secret sql.NullString
	var blocked, factor, seen sql.NullInt64
	into := []any{
		&u.ID, &u.CustomerID, &u.Role, &u.Operator, &u.Name, &u.Email, &u.Language, &u.TimeZone, &u.Theme,
		&hash, &blocked, &factor, &secret, &seen,
	}
	err := row.Scan(append(into, more...)...)
	u.HasPassword, u.BlockedAt, u.SecondFactor, u.SeenAt = hash != "", fromMillis(blocked), factor.Valid, fromMillis(seen)
	u.Stamp = stampOf(hash, secret.String, string(u.Role), fmt.Sprint(u.Operator, blocked.Int64, factor.Int64))
	return u, err
}

// stampOf is a sum of all that lets a user in and says what he may do.
func stampOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// User returns a user with his domains, or migration.ErrNotFound. One who was
// deleted is not found, whatever asks for him.
func (s *Store) User(ctx context.Context, id int64) (migration.User, error) {
	return readUser(ctx, s.readers, id)
}

func readUser(ctx context.Context, q querier, id int64) (migration.User, error) {
	user, err := queryOne(ctx, q, func(row scanner) (migration.User, error) { return scanUser(row) },
		`SELECT `+userColumns+` FROM users WHERE id = $1 AND deleted_at IS NULL`, id)
	if err == nil {
		user.DomainIDs, err = domainsOf(ctx, q, user.ID)
	}
	if err != nil {
		return migration.User{}, fmt.Errorf("user %d: %w", id, err)
	}
	return user, nil
}

// UserByEmail returns a user and the hash of his password, or
// migration.ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, email string) (user migration.User, hash string, err error) {
	scan := func(row scanner) (migration.User, error) { return scanUser(row, &hash) }
	user, err = queryOne(ctx, s.readers, scan,
		`SELECT `+userColumns+`, password_hash FROM users WHERE email_key = $1 AND deleted_at IS NULL`, emailKey(email))
	if err == nil {
		user.DomainIDs, err = domainsOf(ctx, s.readers, user.ID)
	}
	if err != nil {
		return migration.User{}, "", fmt.Errorf("user by address: %w", err)
	}
	return user, hash, nil
}

func domainsOf(ctx context.Context, q querier, user int64) ([]int64, error) {
	return queryAll(ctx, q, scanValue[int64],
		`SELECT domain_id FROM user_domain WHERE user_id = $1 ORDER BY domain_id`, user)
}

// Users returns the users of a customer, or of AnyCustomer, by address.
func (s *Store) Users(ctx context.Context, customer int64) (users []migration.User, err error) {
	err = s.read(ctx, func(q querier) (err error) {
		users, err = readUsers(ctx, q, customer)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	return users, nil
}

func readUsers(ctx context.Context, q querier, customer int64) ([]migration.User, error) {
	users, err := queryAll(ctx, q, func(row scanner) (migration.User, error) { return scanUser(row) },
		`SELECT `+userColumns+` FROM users WHERE $1 IN (0, customer_id) AND deleted_at IS NULL ORDER BY email_key`, customer)
	if err != nil {
		return nil, err
	}
	of := make(map[int64]*migration.User, len(users))
	for i := range users {
		of[users[i].ID] = &users[i]
	}
	return users, eachRow(ctx, q, func(row scanner) error {
		var user, domain int64
		if err := row.Scan(&user, &domain); err != nil {
			return err
		}
		of[user].DomainIDs = append(of[user].DomainIDs, domain)
		return nil
	}, `
		SELECT user_id, domain_id FROM user_domain
		WHERE $1 IN (0, customer_id) ORDER BY user_id, domain_id`, customer)
}

// SetPassword stores the hash of the new password of a user as he was read, and
// ends his sessions and the links that would let somebody choose another. It
// returns him as he is then. With tell a mail says so. Whose Stamp is another one
// by now is migration.ErrConflict.
func (s *Store) SetPassword(ctx context.Context, u migration.User, hash string, tell bool) (migration.User, error) {
	after, err := s.changeAccount(ctx, u, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.setPassword(ctx, tx, u.ID, hash); err != nil || !tell {
			return err
		}
		return s.addAccountNotice(ctx, tx, u.ID, migration.AccountPassword, migration.Secret{})
	})
	if err != nil {
		return after, fmt.Errorf("set password of user %d: %w", u.ID, err)
	}
	return after, nil
}

// changeAccount changes something of a user who is still as he was read, and
// returns him as he is after it.
func (s *Store) changeAccount(
	ctx context.Context, u migration.User, change func(ctx context.Context, tx *sql.Tx) error,
) (after migration.User, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := guardStamp(ctx, tx, u); err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		after, err = readUser(ctx, tx, u.ID)
		return err
	})
	if err != nil {
		return migration.User{}, err
	}
	return after, nil
}

func (s *Store) setPassword(ctx context.Context, tx *sql.Tx, userID int64, hash string) error {
	err := execOne(ctx, tx, migration.ErrNotFound, `
		UPDATE users SET password_hash = $1 WHERE id = $2 AND deleted_at IS NULL`, hash, userID)
	if err != nil {
		return err
	}
	return shutOut(ctx, tx, userID)
}

// shutOut ends the sessions of a user and what would open new ones: his links,
// and mails that bring one.
func shutOut(ctx context.Context, tx *sql.Tx, userID int64) error {
	for _, query := range []string{
		`DELETE FROM session WHERE user_id = $1`,
		`DELETE FROM link WHERE user_id = $1`,
		`UPDATE account_notice SET sealed = NULL, gave_up = CASE WHEN sent_at IS NULL THEN 1 ELSE gave_up END
		 WHERE user_id = $1 AND sealed IS NOT NULL`,
	} {
		if _, err := tx.ExecContext(ctx, query, userID); err != nil {
			return err
		}
	}
	return nil
}

// SavePreferences stores what a user chooses for himself: name, language, time
// zone, theme.
func (s *Store) SavePreferences(ctx context.Context, u migration.User) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, migration.ErrNotFound, `
			UPDATE users SET name = $1, language = $2, time_zone = $3, theme = $4 WHERE id = $5 AND deleted_at IS NULL`,
			text(u.Name), text(u.Language), text(u.TimeZone), u.Theme, u.ID)
	})
	if err != nil {
		return fmt.Errorf("save preferences of user %d: %w", u.ID, err)
	}
	return nil
}
