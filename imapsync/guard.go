package imapsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Refusals remembers which logins hosts have refused in a row (C-2). Its methods may be
// called from any goroutine. *store.Store is one that survives the process.
type Refusals interface {
	// HostPause returns what is remembered of a host; the zero value: nothing.
	HostPause(ctx context.Context, key string) (migration.HostPause, error)
	// Refuse counts a refusal, which may pause the host.
	Refuse(ctx context.Context, r migration.Refusal) error
	// Accept forgets what a host refused: it has let somebody in.
	Accept(ctx context.Context, key string) error
}

// keptRefusals remembers as long as the process lives.
type keptRefusals struct {
	mu    sync.Mutex
	hosts map[string]migration.HostPause
}

func (k *keptRefusals) HostPause(_ context.Context, key string) (migration.HostPause, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.hosts[key], nil
}

func (k *keptRefusals) Refuse(_ context.Context, r migration.Refusal) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hosts[r.Key] = k.hosts[r.Key].Add(r)
	return nil
}

func (k *keptRefusals) Accept(_ context.Context, key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.hosts, key)
	return nil
}

// PausedError says that nobody logs in at a host, since it refused the logins before.
type PausedError struct{ Pause migration.HostPause }

// The logins may be of others than those who read it.
func (e *PausedError) Error() string {
	return fmt.Sprintf("not tried: %s has refused logins in a row: %d", e.Pause.Host, len(e.Pause.Refused))
}

// warrant is what lets a login through where its host is paused.
type warrant struct {
	anywhere bool     // an operator tries the server
	trials   []string // hosts, by migration.HostKey, where it is the trial
	known    bool     // the host let this login in before
}

func (j Job) warrant() warrant {
	return warrant{trials: j.Trials, known: j.Resource.Check.LetIn()}
}

func (w warrant) holds(p migration.HostPause) bool {
	return w.anywhere || p.Passes(w.known) || p.OnTrial() && slices.Contains(w.trials, p.Key)
}

// entrance is where logins at one host go through. Never are more under way than it may
// refuse before it is paused. Connections that are being made do not count: one that
// hangs keeps nobody out.
type entrance struct {
	mu      sync.Mutex
	trying  int
	changed chan struct{} // closed when a login under way has ended
}

// shared is a login that is the same for many accounts: a master user's, or that of an
// application.
type shared struct {
	host, name string
	secret     migration.Secret
}

func sharedOf(key string, auth migration.Auth) (shared, bool) {
	switch auth.Kind {
	case migration.AuthMaster:
		return shared{key, auth.Master, auth.Password}, true
	case migration.AuthClientCredentials:
		return shared{key, auth.ClientID, auth.ClientSecret}, true
	}
	return shared{}, false
}

// anySecret is the same login whatever its password is.
func (s shared) anySecret() shared { return shared{host: s.host, name: s.name} }

// knock is a login at a host.
type knock struct {
	engine   *Engine
	entrance *entrance
	key      string
	side     Side
	ep       migration.Endpoint
	warrant  warrant
	inside   bool // it counts as under way
	passed   bool // it goes through a pause that says nothing of it, nor it of the pause
}

// knock returns a login that may be tried now: there is no use in a connection to a host
// that is paused. The error is an *Error, or the
// context's.
func (e *Engine) knock(ctx context.Context, side Side, ep migration.Endpoint, w warrant) (*knock, error) {
	k := &knock{engine: e, key: migration.HostKey(string(side), ep), side: side, ep: ep, warrant: w}
	k.entrance = e.entrance(k.key)
	_, err := k.pause(ctx)
	return k, err
}

// pause returns what is remembered of the host, and an *Error where that holds the login.
func (k *knock) pause(ctx context.Context) (migration.HostPause, error) {
	pause, err := k.engine.opts.Refusals.HostPause(ctx, k.key)
	switch {
	case ctx.Err() != nil:
		return pause, context.Cause(ctx)
	case err != nil:
		return pause, &Error{Side: k.side, Class: ClassInternal, Err: err}
	}
	if pause.Paused() && !k.warrant.holds(pause) {
		err = &Error{Side: k.side, Class: ClassHostPaused, Err: &PausedError{pause}}
	}
	return pause, err
}

// enter waits until the login may be sent; it is over with answered. A host that is
// paused lets none through but one at a time of those with a warrant. Another call for
// the same login does nothing. The error is an *Error, or the
// context's.
func (k *knock) enter(ctx context.Context) error {
	for !k.inside {
		changed, err := k.tryEnter(ctx)
		if err != nil {
			return err
		}
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (e *Engine) entrance(key string) *entrance {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.entrances[key] == nil {
		e.entrances[key] = &entrance{changed: make(chan struct{})}
	}
	return e.entrances[key]
}

// tryEnter counts the login as under way, or returns what to wait for.
func (k *knock) tryEnter(ctx context.Context) (<-chan struct{}, error) {
	d := k.entrance
	d.mu.Lock()
	defer d.mu.Unlock()
	pause, err := k.pause(ctx)
	if err != nil {
		return nil, err
	}
	room := migration.RefusalsInARow - len(pause.Refused)
	if pause.Paused() || k.unproven() {
		room = 1
	}
	if d.trying >= max(room, 1) {
		return d.changed, nil
	}
	d.trying++
	k.inside, k.passed = true, pause.Paused() && pause.Passes(k.warrant.known)
	return nil, nil //nolint:nilnil // there is nothing to wait for
}

// unproven reports whether nobody has been let in by a login that many share: if it is
// wrong one refusal tells.
func (k *knock) unproven() bool {
	login, isShared := sharedOf(k.key, k.ep.Auth)
	return isShared && !k.warrant.known && !k.engine.hasProven(login)
}

func (e *Engine) hasProven(login shared) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proven[login]
}

// answered ends a login with what became of it; one that was never sent says nothing of
// the host. Whether that is paused is written down before the next login goes through.
func (k *knock) answered(ctx context.Context, err error) error {
	if !k.inside {
		return nil
	}
	k.entrance.mu.Lock()
	defer k.entrance.mu.Unlock()
	defer func() {
		k.entrance.trying--
		close(k.entrance.changed)
		k.entrance.changed = make(chan struct{})
	}()
	ctx = context.WithoutCancel(ctx)
	switch {
	case err == nil || isLetIn(err):
		if login, isShared := sharedOf(k.key, k.ep.Auth); isShared {
			k.engine.mu.Lock()
			k.engine.proven[login], k.engine.proven[login.anySecret()] = true, true
			k.engine.mu.Unlock()
		}
		if k.passed {
			return nil
		}
		return k.engine.opts.Refusals.Accept(ctx, k.key)
	case isRefusedLogin(err):
		return k.engine.opts.Refusals.Refuse(ctx, k.refusal(err))
	}
	return nil
}

func (k *knock) refusal(err error) migration.Refusal {
	r := migration.Refusal{
		Key: k.key, Side: string(k.side), Host: strings.ToLower(k.ep.Host), Cause: migration.PauseLogins, Known: k.warrant.known,
		RefusedLogin: migration.RefusedLogin{
			Account: migration.AccountKey(string(k.side), k.ep), Login: k.ep.Auth.Login, Said: ServerText(err), At: k.engine.opts.Now(),
		},
	}
	switch k.ep.Auth.Kind {
	case migration.AuthMaster:
		// That of a destination was tried when it was set up: it is the mailbox that is
		// missing, more likely. And one that was let in with another password is known: it
		// is this row that has a wrong one.
		login, _ := sharedOf(k.key, k.ep.Auth)
		if r.AtOnce = k.side == SourceSide && k.unproven() && !k.engine.hasProven(login.anySecret()); r.AtOnce {
			r.Cause = migration.PauseMaster
		}
	case migration.AuthClientCredentials:
		r.Cause, r.AtOnce = migration.PauseApp, isOfApp(err) && !isOfSecret(err)
	}
	return r
}

// isLetIn reports whether an error came after a login that was right.
func isLetIn(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Class == ClassPermission || e.Class == ClassAppPermission)
}

// isRefusedLogin reports whether a server was asked and said that a login is wrong. That
// Exchange does not take an application's token for a mailbox is about that mailbox, and
// Microsoft bans nobody for it.
func isRefusedLogin(err error) bool {
	var e *Error
	var said *wire.StatusError
	if !errors.As(err, &e) {
		return false
	}
	return e.Class == ClassLogin && errors.As(err, &said) || isOfApp(err)
}

// isOfSecret reports whether an application is refused for what one row may have wrong
// and the next one right.
func isOfSecret(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]Class{ClassTokenSecret, ClassTokenExpired, ClassTokenNoSecret}, e.Class)
}

// isOfApp reports whether it is the application that is refused, and no mailbox.
func isOfApp(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]Class{
		ClassTenant, ClassTokenApp, ClassTokenSecret, ClassTokenExpired, ClassTokenNoSecret, ClassTokenScope, ClassTokenRoles,
	}, e.Class)
}
