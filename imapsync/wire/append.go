package wire

import (
	"context"
	"io"
	"slices"
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
	// UIDs has one for each message, in their order, or is nil: not said, or not
	// as many as there were messages.
	UIDs []uint32
}

// DateFormat is the date-time of RFC 3501 §9.
const DateFormat = "_2-Jan-2006 15:04:05 -0700"

// Pipelines reports whether StartAppend returns before the server answered, for
// a message of that size.
func (c *Conn) Pipelines(size int64) bool { return c.nonSync(size) }

// StartAppend sends an APPEND of one message, or of several where the server
// lists MULTIAPPEND (RFC 3502): it stores all of them or none. With LITERAL+ it
// does not wait, so that several commands can be under way; their answers are
// read by FinishAppend, in any order. After an error the outcome of every
// pending APPEND is unknown.
func (c *Conn) StartAppend(ctx context.Context, mailbox string, messages ...Message) (Pending, error) {
	parts := []Part{Text("APPEND"), String(mailbox)}
	for _, m := range messages {
		if len(m.Flags) > 0 {
			parts = append(parts, Text("("+strings.Join(m.Flags, " ")+")"))
		}
		if !m.Date.IsZero() {
			parts = append(parts, Text(`"`+m.Date.Format(DateFormat)+`"`))
		}
		parts = append(parts, Literal(m.Size, m.Open))
	}
	return c.start(ctx, exchange{slow: true, parts: len(messages)}, parts...)
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
		validity, ok := number32(fields[0])
		uids := uidList(fields[1], p.messages)
		if ok && uids != nil {
			answer.UIDValidity, answer.UIDs = validity, uids
		}
	}
	return answer, nil
}

// uidList spells out a UID set of exactly n UIDs, nil if it is anything else.
// The set of an APPENDUID is in the order of the messages, and ascending (RFC
// 4315 §3).
func uidList(set string, n int) []uint32 {
	uids := spellSet(set)
	if len(uids) != n || !slices.IsSorted(uids) {
		return nil
	}
	return uids
}
