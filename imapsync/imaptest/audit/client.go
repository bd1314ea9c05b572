// Package audit reads mailboxes and compares them, for tests. It shares no code
// with the engine, so that a fault there cannot hide itself: it has its own
// small IMAP client, its own name decoder and its own idea of what a faithful
// copy is.
//
// The client is strict where the engine is tolerant. It is for servers started
// by a test: any answer that is not by the book is an error.
package audit

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Client is one IMAP connection. It is not safe for concurrent use.
type Client struct {
	conn      net.Conn
	in        *reader
	out       *bufio.Writer
	tag       int
	prefix    string   // of the personal folders
	separator string   // between the parts of a name
	foreign   []string // prefixes of other users' and shared folders
	asks      bool     // before it sends a literal: the server has no LITERAL+
	cuts      bool     // the server, Courier, sends BODY[] and RFC822.SIZE of many parts cut off
}

// patience is how long a server may be silent.
const patience = 2 * time.Minute

// Refused is a command that the server answered with NO or BAD.
type Refused struct {
	Command string // its name
	Text    string // the server's words, code and all, from NO or BAD on
}

// Error gives the command and the server's words.
func (r *Refused) Error() string { return r.Command + ": " + r.Text }

// Dial connects to a plain port and reads the greeting.
func Dial(address string) (*Client, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	client, err := New(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return client, nil
}

// New speaks IMAP over a connection, TLS for instance, and reads the greeting.
// The client owns the connection.
func New(conn net.Conn) (*Client, error) {
	c := &Client{conn: conn, in: newReader(conn), out: bufio.NewWriterSize(conn, 64<<10)}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("set a deadline: %w", err)
	}
	greeting, err := c.in.reply()
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if greeting.tag != "*" || greeting.name != "OK" {
		return nil, fmt.Errorf("greeting is %s %s %s", greeting.tag, greeting.name, greeting.text)
	}
	capabilities, told := greeting.code("CAPABILITY")
	c.asks = told && !slices.Contains(strings.Fields(capabilities), "LITERAL+")
	c.cuts = strings.Contains(greeting.text, "Courier-IMAP")
	return c, nil
}

// Batches reports whether Append takes several messages at once. A greeting that tells
// capabilities tells LITERAL+, or the server has neither that nor MULTIAPPEND.
func (c *Client) Batches() bool { return !c.asks }

// Login logs in, by LOGIN, and asks where the personal folders are.
func (c *Client) Login(user, password string) error {
	if err := c.run(nil, "LOGIN", literal(user), literal(password)); err != nil {
		return err
	}
	return c.namespace()
}

// LoginAs opens a user's mailbox with the password of a master user, by SASL
// PLAIN with an authorization identity (RFC 4616 §2).
func (c *Client) LoginAs(user, master, password string) error {
	answer := base64.StdEncoding.EncodeToString([]byte(user + "\x00" + master + "\x00" + password))
	if err := c.run(nil, "AUTHENTICATE", plain("PLAIN"), plain(answer)); err != nil {
		return err
	}
	return c.namespace()
}

// Close logs out and closes the connection.
func (c *Client) Close() error {
	_ = c.run(nil, "LOGOUT")
	return c.conn.Close()
}

// namespace learns prefix and separator (RFC 2342).
func (c *Client) namespace() error {
	return c.run(func(r reply) error {
		if r.name != "NAMESPACE" {
			return nil
		}
		if len(r.items) != 3 || len(r.items[0].list) == 0 || len(r.items[0].list[0].list) < 2 {
			return fmt.Errorf("no personal namespace in %v", r.items)
		}
		personal := r.items[0].list[0].list
		c.prefix, c.separator = personal[0].text, personal[1].text
		for _, kind := range r.items[1:] {
			for _, space := range kind.list {
				if prefix := space.list[0].text; prefix != "" {
					c.foreign = append(c.foreign, prefix)
				}
			}
		}
		return nil
	}, "NAMESPACE")
}

// argument is one argument of a command: text that stands as it is, or octets, which
// may be anything, sent as a literal: a non-synchronising one (RFC 7888) where the
// server takes it.
type argument struct {
	text   string
	octets []byte
}

func plain(text string) argument   { return argument{text: text} }
func literal(text string) argument { return argument{octets: []byte(text)} }

// run sends a command and hands every answer but a refusal to handle, which may
// be nil.
func (c *Client) run(handle func(reply) error, command string, arguments ...argument) error {
	c.tag++
	tag := "A" + strconv.Itoa(c.tag)
	if err := c.send(tag, command, arguments); err != nil {
		return fmt.Errorf("send %s: %w", command, err)
	}
	return c.await(tag, command, handle)
}

func (c *Client) send(tag, command string, arguments []argument) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, _ = c.out.WriteString(tag + " " + command) // a bufio.Writer keeps its first error for Flush
	for _, a := range arguments {
		if a.octets == nil {
			_, _ = c.out.WriteString(" " + a.text)
			continue
		}
		if c.asks {
			_, _ = fmt.Fprintf(c.out, " {%d}\r\n", len(a.octets))
			if err := c.leave(tag, command); err != nil {
				return err
			}
		} else {
			_, _ = fmt.Fprintf(c.out, " {%d+}\r\n", len(a.octets))
		}
		_, _ = c.out.Write(a.octets)
	}
	_, _ = c.out.WriteString("\r\n")
	return c.out.Flush()
}

// leave waits until the server wants the literal that was announced.
func (c *Client) leave(tag, command string) error {
	if err := c.out.Flush(); err != nil {
		return err
	}
	line, err := c.in.line()
	if err != nil {
		return err
	}
	if text, refused := strings.CutPrefix(line, tag+" "); refused {
		return &Refused{Command: command, Text: strings.TrimSpace(text)}
	}
	if !strings.HasPrefix(line, "+") {
		return fmt.Errorf("a literal was announced, and answered by %q", line)
	}
	return nil
}

func (c *Client) await(tag, command string, handle func(reply) error) error {
	for {
		if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		r, err := c.in.reply()
		if err != nil {
			return fmt.Errorf("answer to %s: %w", command, err)
		}
		switch {
		case r.tag == tag && r.name == "OK":
			return c.finish(r, handle)
		case r.tag == tag:
			return &Refused{Command: command, Text: strings.TrimSpace(r.name + " " + r.text)}
		case r.tag != "*":
			return fmt.Errorf("answer to %s: unexpected %s %s %s", command, r.tag, r.name, r.text)
		case r.name == "BYE" && command != "LOGOUT":
			return fmt.Errorf("answer to %s: BYE %s", command, r.text)
		case handle != nil:
			if err := handle(r); err != nil {
				return fmt.Errorf("answer to %s: %w", command, err)
			}
		}
	}
}

// finish hands the tagged OK to handle too: it may hold a code.
func (c *Client) finish(r reply, handle func(reply) error) error {
	if handle == nil {
		return nil
	}
	return handle(r)
}
