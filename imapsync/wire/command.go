package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Part is a piece of a command line.
type Part struct {
	text   string
	secret bool // keep it out of the transcript
	size   int64
	open   func() (io.Reader, error) // a literal of size octets; nil: text
}

// Text is sent as it stands.
func Text(text string) Part { return Part{text: text} }

// String is sent as an astring (RFC 3501 §9): quoted, or as a literal where it
// holds octets that a quoted string may not.
func String(text string) Part {
	if !quotable(text) {
		return Part{size: int64(len(text)), open: func() (io.Reader, error) { return strings.NewReader(text), nil }}
	}
	return Part{text: quote(text)}
}

// SecretString is String for what the transcript must not show.
func SecretString(text string) Part {
	part := String(text)
	part.secret = true
	return part
}

// Literal is sent as a literal of size octets. open is called when its turn
// comes; its reader must give exactly size octets.
func Literal(size int64, open func() (io.Reader, error)) Part { return Part{size: size, open: open} }

func quotable(text string) bool {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] >= 0x7f {
			return false
		}
	}
	return len(text) <= 1000
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// Handler takes the untagged responses that come while a command is under way.
type Handler func(*Response)

// Do sends one command and waits for its answer. A NO or BAD is a Status, not
// an error; an error is the end of the connection.
func (c *Conn) Do(ctx context.Context, h Handler, parts ...Part) (Status, error) {
	return c.do(ctx, exchange{handle: h}, parts...)
}

// exchange says how the answer to a command is read.
type exchange struct {
	handle Handler
	sink   BodySink
	slow   bool // the first octet may take Timeouts.Slow
	login  bool
	last   bool // it ends the connection, and waits for nobody
	parts  int  // messages of an APPEND
}

func (c *Conn) do(ctx context.Context, x exchange, parts ...Part) (Status, error) {
	defer c.watch(ctx)()
	tag, err := c.send(ctx, x, parts)
	if err != nil {
		return Status{}, err
	}
	return c.wait(tag, x)
}

// Pending is a command that was sent ahead: its answer has not been read yet.
// What a server says before it answers a command belongs to the oldest one that
// is unanswered, so whoever wants it finishes commands in the order of their
// start. Commands of one connection that are started and not finished should
// be few and short: a server that cannot get rid of its answers reads no more.
type Pending struct {
	tag      string
	messages int // of an APPEND
}

// start sends a command and leaves its answer for later.
func (c *Conn) start(ctx context.Context, x exchange, parts ...Part) (Pending, error) {
	defer c.watch(ctx)()
	tag, err := c.send(ctx, x, parts)
	return Pending{tag: tag, messages: x.parts}, err
}

var (
	// errRefused says that the server answered a command before it was complete.
	errRefused = errors.New("refused before the literal")
	errControl = errors.New("a command may hold no line end and no NUL outside of strings")
)

// send writes a command and flushes it. Where a literal needs the server's
// leave it waits for it; if the server refuses, the answer stands ready for
// wait and the rest is not sent.
func (c *Conn) send(ctx context.Context, x exchange, parts []Part) (tag string, err error) {
	if c.err != nil {
		return "", c.err
	}
	if c.pacer != nil && !x.last {
		_ = c.pacer.Before(ctx) // an end of the context is said below
	}
	if ctx.Err() != nil {
		return "", c.fail(ctx.Err())
	}
	tag = c.nextTag()
	c.waiting[tag] = true
	c.log.cmd(c.shown(tag, parts))
	err = c.sendParts(tag, x, parts)
	if errors.Is(err, errRefused) {
		return tag, nil
	}
	if err != nil {
		c.hearLastWords()
		return "", c.fail(err)
	}
	return tag, nil
}

func (c *Conn) sendParts(tag string, x exchange, parts []Part) error {
	c.write(tag)
	for _, part := range parts {
		if part.open == nil {
			if strings.ContainsAny(part.text, "\r\n\x00") {
				return errControl
			}
			c.write(" " + part.text)
			continue
		}
		c.write(" " + c.literalHead(part.size) + "\r\n")
		if err := c.sendLiteral(tag, x, part); err != nil {
			return err
		}
	}
	c.write("\r\n")
	return c.out.Flush()
}

// write adds to the command under way. The writer keeps its error for Flush.
func (c *Conn) write(text string) { _, _ = c.out.WriteString(text) }

// shown returns a command as the transcript has it.
func (c *Conn) shown(tag string, parts []Part) string {
	words := []string{tag}
	for _, part := range parts {
		switch {
		case part.secret:
			words = append(words, hidden)
		case part.open != nil:
			words = append(words, c.literalHead(part.size))
		default:
			words = append(words, part.text)
		}
	}
	return strings.Join(words, " ")
}

// hearLastWords reads what a server said before it hung up on a command that
// was still being written: its BYE explains more than a broken pipe does (G-14).
func (c *Conn) hearLastWords() {
	if !c.guard.broken {
		return
	}
	c.timeouts.Idle = min(c.timeouts.Idle, time.Second)
	for range 100 { // a server that chats on has nothing to say
		c.guard.read = c.timeouts.Idle
		msg, err := c.readMessage(nil)
		if err != nil || c.bye != nil {
			return
		}
		msg.response.Status = c.log.clean(msg.response.Status)
		c.note(&msg.response)
		if c.waiting[msg.tag] {
			c.early[msg.tag] = c.log.clean(msg.status)
		}
	}
}

// nonSync reports whether a literal of size octets may be sent without leave
// (RFC 7888: LITERAL+ any, LITERAL- up to 4096 octets).
func (c *Conn) nonSync(size int64) bool {
	return c.Has("LITERAL+") || c.Has("LITERAL-") && size <= 4096
}

func (c *Conn) literalHead(size int64) string {
	plus := ""
	if c.nonSync(size) {
		plus = "+"
	}
	return "{" + strconv.FormatInt(size, 10) + plus + "}"
}

func (c *Conn) sendLiteral(tag string, x exchange, part Part) error {
	if !c.nonSync(part.size) {
		if err := c.awaitLeave(tag, x); err != nil {
			return err
		}
	}
	r, err := part.open()
	if err != nil {
		return err
	}
	// Fewer octets than announced must end the connection: the server would
	// take our next commands for mail (G-02).
	if n, err := io.CopyN(c.out, r, part.size); err != nil {
		return fmt.Errorf("send a literal, %d of %d octets: %w", n, part.size, err)
	}
	return nil
}

// awaitLeave waits for "+" before a synchronising literal. Answers to earlier
// commands that come meanwhile are kept for those who wait for them.
func (c *Conn) awaitLeave(tag string, x exchange) error {
	if err := c.out.Flush(); err != nil {
		return err
	}
	for {
		msg, err := c.next(x)
		switch {
		case err != nil:
			return err
		case msg.tag == "+":
			return nil
		case msg.tag != "":
			c.early[msg.tag] = msg.status
			if msg.tag == tag {
				return errRefused
			}
		}
	}
}

// wait reads until the answer to tag.
func (c *Conn) wait(tag string, x exchange) (Status, error) {
	for {
		if status, ok := c.early[tag]; ok {
			delete(c.early, tag)
			delete(c.waiting, tag)
			if c.pacer != nil {
				c.pacer.Heard(status)
			}
			return status, nil
		}
		msg, err := c.next(x)
		if err != nil {
			return Status{}, c.fail(err)
		}
		if msg.tag != "" && msg.tag != "+" {
			c.early[msg.tag] = msg.status
		}
	}
}

// next reads one message and does what holds for every command: capabilities,
// BYE and the size of the selected mailbox are noted.
func (c *Conn) next(x exchange) (message, error) {
	if err := c.ended(); err != nil {
		return message{}, err // what stands in the buffer is no use any more
	}
	switch {
	case x.login:
		c.guard.read = c.timeouts.Login
	case x.slow:
		c.guard.read = c.timeouts.Slow
	default:
		c.guard.read = c.timeouts.Reply
	}
	msg, err := c.readMessage(x.sink)
	if err != nil {
		return msg, err
	}
	if c.waiting[msg.tag] {
		c.heard = volume{}
	}
	if msg.tag != "" {
		msg.status = c.log.clean(msg.status)
		c.learn(msg.status)
		if msg.status.Type == "NO" || msg.status.Type == "BAD" {
			c.refusals++
		}
		return msg, nil
	}
	msg.response.Status = c.log.clean(msg.response.Status)
	c.note(&msg.response)
	if x.handle != nil {
		x.handle(&msg.response)
	}
	return msg, nil
}

func (c *Conn) note(r *Response) {
	switch r.Name {
	case "CAPABILITY":
		c.caps, c.asked = parseCaps(string(r.text)), false
	case "OK":
		c.learn(r.Status)
	case "BYE":
		c.bye = &r.Status
	case "EXISTS":
		if c.selected != nil && r.numbered {
			c.selected.Exists = r.Num
		}
	case "EXPUNGE":
		if c.selected != nil && c.selected.Exists > 0 {
			c.selected.Exists--
		}
	case "VANISHED":
		c.noteVanished(string(r.text))
	}
}
