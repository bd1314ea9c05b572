package wire

import (
	"context"
	"errors"
	"fmt"
)

// Mailbox is what EXAMINE or SELECT said (RFC 3501 §6.3.1). What the server did
// not say, or not as a number, is zero.
type Mailbox struct {
	Name           string
	Exists         uint32 // kept up to date while the mailbox is open
	UIDValidity    uint32
	UIDNext        uint32
	HighestModSeq  uint64 // RFC 7162; zero: none
	UIDNotSticky   bool   // RFC 4315 §2: UIDs do not outlive the session
	Flags          []string
	PermanentFlags []string // nil: not said

	writable bool // opened by SELECT, or the server says so
}

// Writable reports whether it was opened by SELECT, or the server says that it can
// be written to all the same.
func (m *Mailbox) Writable() bool { return m.writable }

// Examine opens a mailbox read-only: nothing there changes, not even \Recent.
func (c *Conn) Examine(ctx context.Context, mailbox string) (*Mailbox, error) {
	return c.openMailbox(ctx, "EXAMINE", mailbox)
}

// Select opens a mailbox read-write, for servers that give no UIDVALIDITY
// otherwise (I-2). It takes the \Recent mark off.
func (c *Conn) Select(ctx context.Context, mailbox string) (*Mailbox, error) {
	return c.openMailbox(ctx, "SELECT", mailbox)
}

func (c *Conn) openMailbox(ctx context.Context, command, mailbox string) (*Mailbox, error) {
	m := &Mailbox{Name: mailbox, writable: command == "SELECT"}
	c.selected = m
	status, err := c.do(ctx, exchange{handle: m.learn, slow: true}, Text(command), String(mailbox))
	return c.opened(m, command, status, err)
}

// opened takes in what the answer to an EXAMINE or SELECT says.
func (c *Conn) opened(m *Mailbox, command string, status Status, err error) (*Mailbox, error) {
	if err == nil {
		m.learnCode(status)
		err = status.Err(command)
	}
	if err != nil {
		c.selected = nil
		return nil, err
	}
	return m, nil
}

// Opening is an EXAMINE that was sent ahead.
type Opening struct {
	pending Pending
	box     *Mailbox
}

// StartExamine is Examine without waiting: commands for the mailbox can follow
// at once. If it is then refused, none is open, and a good server refuses them
// too; do not read their answers as those of this mailbox.
func (c *Conn) StartExamine(ctx context.Context, mailbox string) (Opening, error) {
	pending, err := c.start(ctx, exchange{slow: true}, Text("EXAMINE"), String(mailbox))
	return Opening{pending, &Mailbox{Name: mailbox}}, err
}

// FinishExamine waits for the answer. All commands started before must be
// finished.
func (c *Conn) FinishExamine(ctx context.Context, o Opening) (*Mailbox, error) {
	defer c.watch(ctx)()
	c.selected = o.box
	status, err := c.wait(o.pending.tag, exchange{handle: o.box.learn, slow: true})
	return c.opened(o.box, "EXAMINE", status, err)
}

func (m *Mailbox) learn(r *Response) {
	switch r.Name {
	case "FLAGS":
		p := r.parser()
		if v, ok := p.value(0); ok {
			m.Flags = v.strings()
		}
	case "OK", "NO":
		m.learnCode(r.Status)
	}
}

func (m *Mailbox) learnCode(status Status) {
	switch status.Code {
	case "UIDVALIDITY":
		m.UIDValidity, _ = number32(status.Args)
	case "UIDNEXT":
		m.UIDNext, _ = number32(status.Args)
	case "HIGHESTMODSEQ":
		m.HighestModSeq, _ = number(status.Args)
	case "UIDNOTSTICKY":
		m.UIDNotSticky = true
	case "READ-WRITE":
		m.writable = true
	case "PERMANENTFLAGS":
		p := &parser{text: []byte(status.Args)}
		if v, ok := p.value(0); ok {
			m.PermanentFlags = v.strings()
		}
	}
}

var errWritable = errors.New("the server opens the mailbox read-write only and cannot close it without expunging")

// Leave closes the open mailbox, expunging nothing: by UNSELECT (RFC 3691),
// else by CLOSE, which a read-only mailbox takes without harm. Some servers
// refuse an APPEND into a mailbox that stands open (I-6).
func (c *Conn) Leave(ctx context.Context) error {
	m := c.selected
	if m == nil {
		return nil
	}
	command := "CLOSE"
	if c.Has("UNSELECT") {
		command = "UNSELECT"
	} else if m.writable {
		again, err := c.Examine(ctx, m.Name)
		var refused *StatusError
		if errors.As(err, &refused) && c.err == nil {
			return nil // RFC 3501 §6.3.1: after a refusal no mailbox is open
		}
		if err != nil {
			return err
		}
		if again.writable {
			return fmt.Errorf("leave %q: %w", m.Name, errWritable)
		}
	}
	c.selected = nil
	status, err := c.Do(ctx, nil, Text(command))
	if err != nil {
		return err
	}
	return status.Err(command)
}

// StartLeave is Leave sent ahead, where the server takes UNSELECT; ok is false
// where it does not, and nothing was sent. FinishLeave reads the answer.
func (c *Conn) StartLeave(ctx context.Context) (p Pending, ok bool, err error) {
	if !c.Has("UNSELECT") {
		return p, false, nil
	}
	p, err = c.start(ctx, exchange{}, Text("UNSELECT"))
	return p, err == nil, err
}

// FinishLeave waits for the answer. All commands started before must be finished.
func (c *Conn) FinishLeave(ctx context.Context, p Pending) error {
	defer c.watch(ctx)()
	status, err := c.wait(p.tag, exchange{})
	c.selected = nil
	if err != nil {
		return err
	}
	return status.Err("UNSELECT")
}

// Noop asks whether the server is still there, and keeps it from hanging up.
func (c *Conn) Noop(ctx context.Context) error {
	status, err := c.Do(ctx, nil, Text("NOOP"))
	if err != nil {
		return err
	}
	return status.Err("NOOP")
}
