package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
)

// How long a session holds: unused, and at most.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 14 * 24 * time.Hour
	// seenEvery bounds the writes of "last seen": one of them a request would be
	// most of what the panel writes.
	seenEvery = time.Minute
)

const languageCookie = "lang"

// Where a session keeps the number of who is signed in, and what waits to be said.
const (
	keyUser  = "user"
	keyFlash = "flash"
)

// agentOctets bounds what is kept of the name that a browser gives itself.
const agentOctets = 512

// sessionStore keeps sessions in the database, so that they can be revoked. The
// browser holds 32 random octets; the database their SHA-256. It is a
// sessions.Store.
type sessionStore struct {
	store   *store.Store
	now     func() time.Time
	secure  func(echo.Context) bool
	address func(*http.Request) string // of the browser
}

var _ sessions.Store = (*sessionStore)(nil)

// Get returns the session of a request, reading it once.
func (k *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(k, name)
}

// New returns the session that the request's cookie names, or a new one where
// there is none, none any more, or one that cannot be read.
func (k *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(k, name)
	session.IsNew = true
	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil //nolint:nilerr // a browser without a cookie is a new one
	}
	row, err := k.read(r.Context(), cookie.Value)
	if errors.Is(err, migration.ErrNotFound) {
		return session, nil
	}
	if err != nil {
		return session, err
	}
	session.IsNew, session.ID = false, cookie.Value
	if len(row.Data) > 0 {
		values := map[any]any{}
		if err := gob.NewDecoder(bytes.NewReader(row.Data)).Decode(&values); err != nil {
			return sessions.NewSession(k, name), nil //nolint:nilerr // of another version of the program: one signs in anew
		}
		session.Values = values
	}
	if row.UserID != 0 {
		session.Values[keyUser] = row.UserID
	}
	return session, k.touch(r, row)
}

// read returns a session that still holds, else migration.ErrNotFound.
func (k *sessionStore) read(ctx context.Context, token string) (store.Session, error) {
	row, err := k.store.Session(ctx, hashToken(token))
	if err != nil {
		return row, err
	}
	if !k.holds(row) {
		return store.Session{}, migration.ErrNotFound
	}
	return row, nil
}

func (k *sessionStore) touch(r *http.Request, row store.Session) error {
	if k.now().Sub(row.SeenAt) < seenEvery {
		return nil
	}
	return k.store.TouchSession(r.Context(), k.used(r, row))
}

// Save stores the session, giving it an id if it has none, and sets the cookie.
// One that is empty, and was never stored, stays unstored. With MaxAge below 0
// it is deleted.
func (k *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return k.store.DeleteSession(r.Context(), hashToken(session.ID))
	}
	if session.ID == "" && len(session.Values) == 0 {
		return nil
	}
	if err := k.write(r, session); err != nil || session.ID == "" {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	return nil
}

// write stores a session that is there, or a new one of nobody. One that has ended
// while the request was under way becomes a new one too: it keeps what waits to be
// said, and lets nobody in.
func (k *sessionStore) write(r *http.Request, session *sessions.Session) error {
	if session.ID != "" {
		row, err := k.read(r.Context(), session.ID)
		if err == nil {
			if row, err = k.fill(r, row, session); err == nil {
				err = k.store.SaveSession(r.Context(), row)
			}
			return err
		}
		if !errors.Is(err, migration.ErrNotFound) {
			return err
		}
		waits, some := session.Values[keyFlash]
		if session.ID = ""; !some {
			return nil
		}
		session.Values = map[any]any{keyFlash: waits}
	}
	return k.add(r, session, migration.User{})
}

// add gives a session a token of its own and stores it.
func (k *sessionStore) add(r *http.Request, session *sessions.Session, user migration.User) error {
	session.ID = newToken()
	row, err := k.fill(r, store.Session{TokenHash: hashToken(session.ID), CreatedAt: k.now()}, session)
	if err != nil {
		return err
	}
	return k.store.AddSession(r.Context(), row, user)
}

// fill puts into a row what the session holds, but for its user.
func (k *sessionStore) fill(r *http.Request, row store.Session, session *sessions.Session) (store.Session, error) {
	kept := maps.Clone(session.Values)
	delete(kept, keyUser)
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(kept); err != nil {
		return row, fmt.Errorf("write session: %w", err)
	}
	row.Data = data.Bytes()
	return k.used(r, row), nil
}

// used notes when a session was used, from where and with what.
func (k *sessionStore) used(r *http.Request, row store.Session) store.Session {
	agent := r.UserAgent()
	row.SeenAt, row.Address, row.Agent = k.now(), k.address(r), agent[:min(len(agent), agentOctets)]
	return row
}

// of returns the session of a request. The cookie's name and flags go with how
// the browser came: a Secure cookie would be dropped on a plain-http LAN.
func (k *sessionStore) of(c echo.Context) (*sessions.Session, error) {
	name, secure := "sid", k.secure(c)
	if secure {
		name = "__Host-sid"
	}
	session, err := k.Get(c.Request(), name)
	if session != nil {
		session.Options = &sessions.Options{
			Path: "/", MaxAge: int(sessionLife / time.Second), Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		}
	}
	return session, err
}

// user returns who is signed in; the zero User if nobody is, or his account is
// gone or blocked.
func (k *sessionStore) user(c echo.Context) (migration.User, error) {
	session, err := k.of(c)
	if err != nil {
		return migration.User{}, err
	}
	id, _ := session.Values[keyUser].(int64)
	return k.active(c.Request().Context(), id)
}

// reread is user for a request that goes on: its session may have ended since.
func (k *sessionStore) reread(c echo.Context) (migration.User, error) {
	session, err := k.of(c)
	if err != nil {
		return migration.User{}, err
	}
	row, err := k.read(c.Request().Context(), session.ID)
	if errors.Is(err, migration.ErrNotFound) {
		return migration.User{}, nil
	}
	if err != nil {
		return migration.User{}, err
	}
	return k.active(c.Request().Context(), row.UserID)
}

func (k *sessionStore) active(ctx context.Context, id int64) (migration.User, error) {
	if id == 0 {
		return migration.User{}, nil
	}
	user, err := k.store.User(ctx, id)
	if errors.Is(err, migration.ErrNotFound) || err == nil && user.State() == migration.UserBlocked {
		return migration.User{}, nil
	}
	return user, err
}

// signIn starts a new session for a user as he was read when he proved who he is.
// It is migration.ErrConflict if his proof holds no more.
func (k *sessionStore) signIn(c echo.Context, user migration.User) error {
	return k.renew(c, user, map[any]any{keyUser: user.ID})
}

// renew starts a new session that holds these values, of a user or of nobody; the
// former one of this browser ends, so that nobody can have planted it.
func (k *sessionStore) renew(c echo.Context, user migration.User, values map[any]any) error {
	session, err := k.of(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if session.ID != "" {
		if err := k.store.DeleteSession(ctx, hashToken(session.ID)); err != nil {
			return err
		}
	}
	now := k.now()
	if err := k.store.PruneSessions(ctx, now.Add(-sessionIdle), now.Add(-sessionLife)); err != nil {
		return err
	}
	session.Values = values
	if err := k.add(c.Request(), session, user); err != nil {
		session.ID, session.Values = "", map[any]any{}
		return err
	}
	http.SetCookie(c.Response(), sessions.NewCookie(session.Name(), session.ID, session.Options))
	return nil
}

// signOut ends the session.
func (k *sessionStore) signOut(c echo.Context) error {
	session, err := k.of(c)
	if err != nil {
		return err
	}
	session.Options.MaxAge = -1
	return session.Save(c.Request(), c.Response())
}

// current returns the hash of the session of a request, by which its row is known.
func (k *sessionStore) current(c echo.Context) ([32]byte, error) {
	session, err := k.of(c)
	if err != nil {
		return [32]byte{}, err
	}
	return hashToken(session.ID), nil
}

// holding returns the sessions of a user that still hold.
func (k *sessionStore) holding(ctx context.Context, user int64) ([]store.Session, error) {
	all, err := k.store.Sessions(ctx, user)
	return slices.DeleteFunc(all, func(s store.Session) bool { return !k.holds(s) }), err
}

func (k *sessionStore) holds(row store.Session) bool {
	now := k.now()
	return now.Sub(row.SeenAt) <= sessionIdle && now.Sub(row.CreatedAt) <= sessionLife
}

// flash keeps a message for the next page.
func (k *sessionStore) flash(c echo.Context, message string) error {
	session, err := k.of(c)
	if err != nil {
		return err
	}
	waiting, _ := session.Values[keyFlash].([]string)
	session.Values[keyFlash] = append(waiting, message)
	return session.Save(c.Request(), c.Response())
}

// waiting returns the messages that wait for a page.
func (k *sessionStore) waiting(c echo.Context) ([]string, error) {
	session, err := k.of(c)
	if err != nil {
		return nil, err
	}
	messages, _ := session.Values[keyFlash].([]string)
	return messages, nil
}

// said forgets the messages that waited: a page shows them.
func (k *sessionStore) said(c echo.Context) error {
	session, err := k.of(c)
	if err != nil {
		return err
	}
	delete(session.Values, keyFlash)
	return session.Save(c.Request(), c.Response())
}

func newToken() string {
	var octets [32]byte
	_, _ = rand.Read(octets[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(octets[:])
}

func hashToken(token string) [32]byte { return sha256.Sum256([]byte(token)) }
