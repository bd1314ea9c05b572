package wire

import (
	"context"
	"slices"
	"strings"
)

// Caps are the capabilities a server listed, in upper case.
type Caps []string

// Has reports whether name is listed.
func (c Caps) Has(name string) bool { return slices.Contains(c, name) }

// Value returns what stands behind "name=", such as the number of APPENDLIMIT.
func (c Caps) Value(name string) (string, bool) {
	for _, item := range c {
		if value, ok := strings.CutPrefix(item, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func parseCaps(text string) Caps { return strings.Fields(strings.ToUpper(text)) }

// Caps returns the capabilities that hold now: those after the login, once
// there was one.
func (c *Conn) Caps() Caps { return c.caps }

// Has reports whether the server listed the capability.
func (c *Conn) Has(name string) bool { return c.caps.Has(name) }

// learn takes capabilities from a status code.
func (c *Conn) learn(status Status) {
	if status.Code == "CAPABILITY" && status.Args != "" {
		c.caps, c.asked = parseCaps(status.Args), false
	}
}

// needCaps asks for the capabilities unless the server said them by itself.
func (c *Conn) needCaps(ctx context.Context) error {
	if c.caps != nil {
		return nil
	}
	status, err := c.Do(ctx, nil, Text("CAPABILITY"))
	if err != nil {
		return err
	}
	c.asked = true
	return status.Err("CAPABILITY")
}

// offers reports whether the server has a capability that the next step needs.
// Many greetings list a few only (Cyrus, maddy): then it asks for all.
func (c *Conn) offers(ctx context.Context, name string) (bool, error) {
	if err := c.needCaps(ctx); err != nil || c.Has(name) || c.asked {
		return c.Has(name), err
	}
	c.caps = nil
	err := c.needCaps(ctx)
	return c.Has(name), err
}
