package imapsync

import (
	"context"
	"errors"
	"fmt"
	"net/smtp"

	"github.com/emersion/go-sasl"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var errUnproven = errors.New("the server did not prove that it knows the password")

// loginMaster logs in as a master user, in the form that is given.
func (e *Engine) loginMaster(ctx context.Context, conn *wire.Conn, auth migration.Auth) error {
	password := auth.Password.Reveal()
	switch {
	case auth.Form.AuthzID && isCourier(conn):
		// It passes over the identity and opens the mailbox of who logs in.
		return fmt.Errorf("an authorization identity at Courier: %w", wire.ErrNoMechanism)
	case auth.Form.AuthzID:
		return firstOffered(ctx, conn, append([]way{plainWay(auth.Login, auth.Master, password)}, scramWays(auth.Login, auth.Master, password)...))
	case auth.Form.Command == migration.CommandMasterAuth:
		return conn.MasterAuth(ctx, auth.Login, password)
	case auth.Form.Command == migration.CommandProxyAuth:
		if err := e.loginPlain(ctx, conn, auth.Master, auth.Password); err != nil {
			return err
		}
		return conn.ProxyAuth(ctx, auth.Login)
	}
	return e.loginPlain(ctx, conn, auth.Form.Join(auth.Login, auth.Master), auth.Password)
}

// loginPlain uses LOGIN, which every server has. Where a server forbids that it uses
// another way that is offered: one that tells the password over TLS alone, else one
// that proves it is known (C-4).
func (e *Engine) loginPlain(ctx context.Context, conn *wire.Conn, user string, secret migration.Secret) error {
	password := secret.Reveal()
	err := conn.Login(ctx, user, password)
	if !errors.Is(err, wire.ErrCleartext) {
		return err
	}
	ways := append(scramWays("", user, password), way{client: &cramMD5{smtp.CRAMMD5Auth(user, password)}})
	if conn.TLS() != nil {
		ways = append([]way{plainWay("", user, password), {client: &saslLogin{[]string{user, password}}}}, ways...)
	}
	other := firstOffered(ctx, conn, ways)
	if errors.Is(other, wire.ErrNoMechanism) && conn.TLS() == nil {
		return err // TLS would help
	}
	return other
}

// way is a mechanism that may be offered.
type way struct {
	client sasl.Client
	// proven reports whether the server proved that it knows the password; nil: it
	// need not.
	proven func() bool
}

func plainWay(authzid, user, password string) way {
	return way{client: sasl.NewPlainClient(authzid, user, password)}
}

// scramWays are the kinds of SCRAM, the better one first. There is none for a name or
// a password that has characters it does not take (RFC 4013).
func scramWays(authzid, user, password string) (ways []way) {
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-1"} {
		if client, err := newSCRAM(mechanism, authzid, user, password); err == nil {
			ways = append(ways, way{client, client.talk.Valid})
		}
	}
	return ways
}

// firstOffered logs in by the first of several ways that the server offers. Of those
// that are offered no second one is tried (C-2).
func firstOffered(ctx context.Context, conn *wire.Conn, ways []way) error {
	first := error(wire.ErrNoMechanism)
	for i, w := range ways {
		err := conn.Authenticate(ctx, w.client)
		if i == 0 {
			first = err
		}
		switch {
		case errors.Is(err, wire.ErrNoMechanism), errors.Is(err, wire.ErrCleartext):
			continue
		case err == nil && w.proven != nil && !w.proven():
			conn.Abort(errUnproven)
			return errUnproven
		}
		return err
	}
	return first
}
