package imapsync

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-sasl"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// connect dials an endpoint and logs in, unless its host is paused (C-2) and w does not
// hold there. Its errors are *Error.
func (e *Engine) connect(ctx context.Context, side Side, ep migration.Endpoint, w warrant) (*wire.Conn, error) {
	return e.connectWatched(ctx, side, ep, w, nil)
}

// connectWatched is connect that tells of the stages of each connection it makes
// up to the login. passed may be nil.
func (e *Engine) connectWatched(
	ctx context.Context, side Side, ep migration.Endpoint, w warrant, passed func(wire.Stage),
) (*wire.Conn, error) {
	cloud, atMicrosoft := e.cloudOf(ep.Host)
	if atMicrosoft && ep.Auth.Kind != migration.AuthClientCredentials {
		return nil, appOnly(side) // it offers AUTH=PLAIN all the same
	}
	if err := e.guardKey(ep); err != nil {
		return nil, err
	}
	k, err := e.knock(ctx, side, ep, w)
	if err != nil {
		return nil, blame(side, err)
	}
	conn, err := e.connectInForms(ctx, k, cloud, passed)
	unwritten := k.answered(ctx, err)
	if err == nil && unwritten != nil {
		conn.Logout(ctx)
		return nil, &Error{Side: side, Class: ClassInternal, Err: unwritten}
	}
	return conn, errors.Join(err, unwritten)
}

// connectInForms connects in the forms of the login that are worth a try.
func (e *Engine) connectInForms(
	ctx context.Context, k *knock, cloud migration.Cloud, passed func(wire.Stage),
) (*wire.Conn, error) {
	side, ep := k.side, k.ep
	byPassword := ep.Auth.Kind == migration.AuthPassword || ep.Auth.Kind == migration.AuthMaster
	var refused error
	for _, attempt := range e.attempts(ep) {
		conn, err := e.dial(ctx, ep, passed)
		if byPassword && refusedCloud(err) {
			return nil, appOnly(side)
		}
		if err != nil {
			return nil, blame(side, err)
		}
		e.gate(side, ep).meets()
		if byPassword && cloudBehind(conn) {
			conn.Logout(ctx)
			return nil, appOnly(side)
		}
		if err := e.guardApp(conn, ep); err != nil {
			conn.Logout(ctx)
			return nil, err
		}
		if side == SourceSide {
			conn.PacedBy(e.pace(ep))
		}
		if err := k.enter(ctx); err != nil {
			conn.Logout(ctx)
			return nil, blame(side, err)
		}
		err = e.login(ctx, conn, cloud, attempt)
		if err == nil {
			e.remember(ep, attempt)
			return conn, nil
		}
		err = ofApp(attempt, blame(side, err))
		if known := (*Error)(nil); errors.As(err, &known) {
			known.Dialogue = conn.Transcript()
		}
		conn.Logout(ctx)
		if !worthAnotherForm(err) {
			return nil, err
		}
		if refused == nil {
			refused = err
		}
	}
	return nil, refused
}

// attempts lists the ways to try: one, except for a master user whose form
// nobody named. Most servers want user*master; Cyrus and Zimbra take only an
// authorization identity. That is the one retry C-2 allows.
func (e *Engine) attempts(ep migration.Endpoint) []migration.Auth {
	if !hasOpenForm(ep.Auth) {
		return []migration.Auth{ep.Auth}
	}
	e.mu.Lock()
	known := e.forms[ep.Address()]
	e.mu.Unlock()
	separator, authzid := ep.Auth, ep.Auth
	authzid.Form.AuthzID = true
	if known.AuthzID {
		return []migration.Auth{authzid, separator}
	}
	return []migration.Auth{separator, authzid}
}

// remember keeps the form that a server took, to begin with it the next time.
func (e *Engine) remember(ep migration.Endpoint, taken migration.Auth) {
	if hasOpenForm(ep.Auth) {
		e.mu.Lock()
		e.forms[ep.Address()] = taken.Form
		e.mu.Unlock()
	}
}

// masterForm returns the form in which an endpoint has taken a master user; zero
// where none opens it.
func (e *Engine) masterForm(ep migration.Endpoint) migration.MasterForm {
	form := ep.Auth.Form
	if hasOpenForm(ep.Auth) {
		e.mu.Lock()
		form = e.forms[ep.Address()]
		e.mu.Unlock()
	}
	if ep.Auth.Kind == migration.AuthMaster && form == (migration.MasterForm{}) {
		form.Separator = "*" // what the zero value means
	}
	return form
}

func hasOpenForm(auth migration.Auth) bool {
	return auth.Kind == migration.AuthMaster && auth.Form == (migration.MasterForm{})
}

func worthAnotherForm(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Class == ClassLogin || e.Class == ClassMechanism)
}

func (e *Engine) login(ctx context.Context, conn *wire.Conn, cloud migration.Cloud, auth migration.Auth) error {
	switch auth.Kind {
	case migration.AuthClientCredentials:
		return e.loginByToken(ctx, conn, cloud, auth, e.token)
	case migration.AuthServiceAccount:
		return e.loginByToken(ctx, conn, cloud, auth, e.delegatedToken)
	case migration.AuthMaster:
		return e.loginMaster(ctx, conn, auth)
	case migration.AuthPassword:
		return e.loginPlain(ctx, conn, auth.Login, auth.Password)
	default:
		return fmt.Errorf("login of kind %q: %w", auth.Kind, wire.ErrNoMechanism)
	}
}

// loginByToken logs in as an application, with the token that it is given.
func (e *Engine) loginByToken(
	ctx context.Context, conn *wire.Conn, cloud migration.Cloud, auth migration.Auth,
	ask func(context.Context, migration.Cloud, migration.Auth) (string, error),
) error {
	token, err := ask(ctx, cloud, auth)
	if err != nil {
		return err
	}
	err = firstOffered(ctx, conn, []way{
		{client: &bearer{"XOAUTH2", auth.Login, token}}, {client: &bearer{sasl.OAuthBearer, auth.Login, token}},
	})
	if class, _ := classify(err); err != nil && class == ClassLogin {
		e.doubtToken(ctx, cloud, auth)
	}
	return err
}
