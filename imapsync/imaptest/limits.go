package imaptest

import (
	"fmt"
	"slices"
	"strings"
)

// Throttle refuses every so many commands. The zero value refuses none.
type Throttle struct {
	// Every counts the commands of all connections after their logins; LOGOUT,
	// NOOP, what Hook deals with and an APPEND refused at its literal are left out.
	Every int
	Reply string // in place of the command's own; default "NO [THROTTLED] slow down"
}

// throttled counts a command and reports whether it is one to refuse.
func (c *connection) throttled(cmd Command) bool {
	every := c.account.opt.Throttle.Every
	if every == 0 || !c.loggedIn || cmd.Name == "LOGOUT" || cmd.Name == "NOOP" {
		return false
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	c.account.afterLogin++
	return c.account.afterLogin%every == 0
}

func (s *Session) countRefusal(reply string) {
	if strings.HasPrefix(reply, "NO") || strings.HasPrefix(reply, "BAD") {
		s.refusals++
	}
}

// lostPatience ends the connection of a client that was refused too often, as
// Exchange does.
func (c *connection) lostPatience() bool {
	if most := c.account.opt.MaxErrors; most == 0 || c.refusals < most {
		return false
	}
	c.Send("* BYE Connection closed")
	c.Close()
	return true
}

// limit cuts a FETCH down to what the server does at once and returns the reply
// to it (RFC 9738 §3.1): the UID is that of the message it got to.
func (c *connection) limit(wanted []int) ([]int, string) {
	n := c.account.opt.MessageLimit
	if n == 0 || len(wanted) <= n {
		return wanted, done
	}
	if c.account.opt.HighestFirst {
		slices.Reverse(wanted)
	}
	wanted = wanted[:n]
	return wanted, fmt.Sprintf("OK [MESSAGELIMIT %d %d] partial", n, c.view[wanted[n-1]-1])
}

// letIn counts a connection, or refuses it.
func (a *Account) letIn(c *connection) bool {
	a.mu.Lock()
	full := a.opt.MaxConnections > 0 && a.open >= a.opt.MaxConnections
	if full {
		a.turnedAway++
	} else {
		a.open++
	}
	a.mu.Unlock()
	if full && a.opt.Refused != nil {
		a.opt.Refused()
	}
	if full && !a.opt.Curt {
		c.Send("* BYE Too many connections from your address")
	}
	return !full
}

// goes ends the counting of a connection: as soon as the client has said good-bye.
func (c *connection) goes() {
	c.gone.Do(func() {
		c.account.mu.Lock()
		defer c.account.mu.Unlock()
		c.account.open--
	})
}

// TurnedAway returns how many connections were refused because of MaxConnections.
func (a *Account) TurnedAway() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.turnedAway
}
