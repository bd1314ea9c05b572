package wire

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // Kerio's challenge wants it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// ErrCleartext says that a password was kept back because the server takes none
// on a connection in clear (LOGINDISABLED, RFC 3501 §6.2.3).
var ErrCleartext = errors.New("the server takes no password without TLS")

// ErrNoMechanism says that the server offers none of the ways to log in that
// the account needs.
var ErrNoMechanism = errors.New("the server does not offer this way to log in")

// Login logs in by LOGIN. A refusal is a *StatusError.
func (c *Conn) Login(ctx context.Context, user, password string) error {
	if c.preauth {
		return c.needCaps(ctx)
	}
	if err := c.needCaps(ctx); err != nil {
		return err
	}
	if c.Has("LOGINDISABLED") {
		return ErrCleartext
	}
	defer c.log.keepBack(password, strings.Trim(quote(password), `"`))()
	status, err := c.do(ctx, exchange{login: true}, Text("LOGIN"), SecretString(user), SecretString(password))
	return c.loggedIn(ctx, "LOGIN", status, err)
}

// Authenticate logs in by a SASL mechanism (RFC 3501 §6.2.2), with an initial
// response where the server takes one (RFC 4959). A refusal is a *StatusError;
// a challenge that the client cannot answer cancels the exchange.
func (c *Conn) Authenticate(ctx context.Context, client sasl.Client) error {
	if c.preauth {
		return c.needCaps(ctx)
	}
	mechanism, initial, err := client.Start()
	if err != nil {
		return fmt.Errorf("start %s: %w", mechanism, err)
	}
	if offered, err := c.offers(ctx, "AUTH="+mechanism); err != nil || !offered {
		return cmp.Or(err, fmt.Errorf("%s: %w", mechanism, ErrNoMechanism))
	}
	if (mechanism == sasl.Plain || mechanism == sasl.Login) && c.TLS() == nil && c.Has("LOGINDISABLED") {
		return ErrCleartext
	}
	defer c.watch(ctx)()
	parts := []Part{Text("AUTHENTICATE " + mechanism)}
	defer c.log.keepBack(append(secretsOf(initial), encodeSASL(initial))...)()
	if initial != nil && c.Has("SASL-IR") {
		parts = append(parts, Part{text: cmp.Or(encodeSASL(initial), "="), secret: true}) // RFC 4959 §3
		initial = nil
	}
	tag, err := c.send(ctx, exchange{login: true}, parts)
	if err != nil {
		return err
	}
	status, err := c.converse(tag, "AUTHENTICATE", func(challenge string) (string, error) {
		if first := initial; first != nil {
			initial = nil
			return encodeSASL(first), nil // an empty one is an empty line here
		}
		return c.answer(client, challenge)
	})
	return c.loggedIn(ctx, "AUTHENTICATE "+mechanism, status, err)
}

// MasterAuth logs in as Kerio's master user and goes on as another user: a command
// of its own, whose challenge is no base64.
func (c *Conn) MasterAuth(ctx context.Context, user, password string) error {
	if err := c.needCaps(ctx); err != nil || c.preauth {
		return err
	}
	defer c.watch(ctx)()
	defer c.log.keepBack(password)()
	tag, err := c.send(ctx, exchange{login: true}, []Part{Text("X-MASTERAUTH")})
	if err != nil {
		return err
	}
	status, err := c.converse(tag, "X-MASTERAUTH", func(challenge string) (string, error) {
		digest := md5.Sum([]byte(challenge + password)) //nolint:gosec // it is what the server wants
		return hex.EncodeToString(digest[:]), nil
	})
	if err := cmp.Or(err, status.Err("X-MASTERAUTH")); err != nil {
		return err
	}
	return c.actAs(ctx, "X-SETUSER", user)
}

// ProxyAuth goes on as another user, after the login of an administrator: on the
// servers of Sun, Oracle and iPlanet.
func (c *Conn) ProxyAuth(ctx context.Context, user string) error {
	if c.preauth {
		return nil
	}
	return c.actAs(ctx, "PROXYAUTH", user)
}

func (c *Conn) actAs(ctx context.Context, command, user string) error {
	status, err := c.do(ctx, exchange{login: true}, Text(command), String(user))
	return c.loggedIn(ctx, command, status, err)
}

// mostChallenges is more than any mechanism has; a server that goes on is not asking
// for a login.
const mostChallenges = 10

var errInsistent = errors.New("the server goes on asking instead of logging in")

// converse answers challenges until the tagged answer. What the answers say shows
// nowhere. Where there is none it is "*", which cancels, and an error.
func (c *Conn) converse(tag, command string, answer func(challenge string) (string, error)) (Status, error) {
	var broken error
	for challenges := 0; ; {
		if status, ok := c.early[tag]; ok {
			delete(c.early, tag)
			delete(c.waiting, tag)
			if broken != nil {
				return status, errors.Join(status.Err(command), broken)
			}
			return status, nil
		}
		msg, err := c.next(exchange{login: true})
		if err != nil {
			return Status{}, c.fail(err)
		}
		if msg.tag != "+" {
			if msg.tag != "" {
				c.early[msg.tag] = msg.status
			}
			continue
		}
		if challenges++; challenges > mostChallenges {
			return Status{}, c.fail(errInsistent)
		}
		var reply string
		reply, broken = answer(msg.challenge)
		c.log.keepBack(reply)
		c.write(reply + "\r\n")
		if err := c.out.Flush(); err != nil {
			return Status{}, c.fail(err)
		}
	}
}

// answer returns the line that answers a challenge; "*" cancels.
func (c *Conn) answer(client sasl.Client, challenge string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return "*", fmt.Errorf("challenge: %w", err)
	}
	response, err := client.Next(text)
	if err != nil {
		return "*", err
	}
	c.log.keepBack(secretsOf(response)...)
	return encodeSASL(response), nil
}

// secretsOf returns what of an initial response is secret: the password of
// PLAIN, the token of XOAUTH2. It may stand in an answer alone.
func secretsOf(initial []byte) []string {
	text := string(initial)
	if _, token, found := strings.Cut(text, "auth=Bearer "); found {
		return []string{strings.TrimRight(token, "\x01")}
	}
	return []string{text[strings.LastIndexByte(text, 0)+1:]}
}

func encodeSASL(response []byte) string { return base64.StdEncoding.EncodeToString(response) }

// loggedIn asks for the capabilities that hold from now on: those of the
// greeting leave things out on many servers.
func (c *Conn) loggedIn(ctx context.Context, command string, status Status, err error) error {
	if err != nil {
		return err
	}
	if err := status.Err(command); err != nil {
		return err
	}
	if status.Code != "CAPABILITY" {
		c.caps = nil
		return c.needCaps(ctx)
	}
	return nil
}
