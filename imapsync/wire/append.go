package wire

import (
	"context"
	"io"
	"strings"
	"time"
)

// Message is a message to append. Open may be called once; its reader gives
// exactly Size octets.
type Message struct {
	Flags []string
	Date  time.Time // INTERNALDATE; zero: the server takes its clock
	Size  int64
	Open  func() (io.Reader, error)
}

// Appended is the answer to an APPEND.
type Appended struct {
	Status      Status
	UIDValidity uint32 // APPENDUID (RFC 4315 §3); zero: not said, or not readable
	UID         uint32
}

// DateFormat is the date-time of RFC 3501 §9.
const DateFormat = "_2-Jan-2006 15:04:05 -0700"

// Pending is an APPEND whose answer has not been read yet.
type Pending struct{ tag string }

// Pipelines reports whether StartAppend returns before the server answered, for
// a message of that size.
func (c *Conn) Pipelines(size int64) bool { return c.nonSync(size) }

// StartAppend sends an APPEND. With LITERAL+ it does not wait, so that several
// can be under way; their answers are read by FinishAppend, in any order. After
// an error the outcome of every pending APPEND is unknown.
func (c *Conn) StartAppend(ctx context.Context, mailbox string, m Message) (Pending, error) {
	defer c.watch(ctx)()
	parts := []Part{Text("APPEND"), String(mailbox)}
	if len(m.Flags) > 0 {
		parts = append(parts, Text("("+strings.Join(m.Flags, " ")+")"))
	}
	if !m.Date.IsZero() {
		parts = append(parts, Text(`"`+m.Date.Format(DateFormat)+`"`))
	}
	parts = append(parts, Literal(m.Size, m.Open))
	tag, err := c.send(ctx, exchange{slow: true}, parts)
	return Pending{tag}, err
}

// FinishAppend waits for the answer to an APPEND. A refusal is a Status.
func (c *Conn) FinishAppend(ctx context.Context, p Pending) (Appended, error) {
	defer c.watch(ctx)()
	status, err := c.wait(p.tag, exchange{slow: true})
	if err != nil {
		return Appended{}, err
	}
	answer := Appended{Status: status}
	if fields := strings.Fields(status.Args); status.Code == "APPENDUID" && len(fields) == 2 {
		validity, ok1 := number32(fields[0])
		uid, ok2 := number32(fields[1])
		if ok1 && ok2 {
			answer.UIDValidity, answer.UID = validity, uid
		}
	}
	return answer, nil
}
