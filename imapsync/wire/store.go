package wire

import (
	"context"
	"strings"
)

// Store changes flags of messages in the mailbox that stands open, by UID and
// without being told the result. op is "+FLAGS" or "-FLAGS". UIDs that are not
// there are passed over by the server.
func (c *Conn) Store(ctx context.Context, set, op string, flags []string) error {
	status, err := c.do(ctx, exchange{slow: true}, Text("UID STORE"), Text(set), Text(op+".SILENT"), Text("("+strings.Join(flags, " ")+")"))
	if err != nil {
		return err
	}
	return status.Err("STORE")
}

// Moved says where messages went (RFC 4315 §3), as far as the server told.
type Moved struct {
	UIDValidity uint32            // of the mailbox they went to
	UIDs        map[uint32]uint32 // by their old ones
}

// Move moves messages of the mailbox that stands open to another one (RFC 6851),
// by UID. Call it only if the server lists MOVE.
func (c *Conn) Move(ctx context.Context, set, mailbox string) (Moved, error) {
	moved := Moved{UIDs: map[uint32]uint32{}}
	learn := func(s Status) {
		fields := strings.Fields(s.Args)
		if s.Code != "COPYUID" || len(fields) != 3 {
			return
		}
		validity, ok := number32(fields[0])
		from, to := spellSet(fields[1]), spellSet(fields[2])
		if !ok || len(from) != len(to) {
			return
		}
		moved.UIDValidity = validity
		for i, uid := range from {
			moved.UIDs[uid] = to[i]
		}
	}
	handle := func(r *Response) {
		if r.Name == "OK" {
			learn(r.Status)
		}
	}
	status, err := c.do(ctx, exchange{handle: handle, slow: true}, Text("UID MOVE"), Text(set), String(mailbox))
	if err != nil {
		return moved, err
	}
	learn(status)
	return moved, status.Err("MOVE")
}

// mostSpelled bounds what a server's set is spelled out to.
const mostSpelled = 1 << 16

// spellSet spells out a UID set in its order; nil if it is none, or too large.
func spellSet(set string) []uint32 {
	var uids []uint32
	for part := range strings.SplitSeq(set, ",") {
		first, last, isRange := strings.Cut(part, ":")
		low, ok := number32(first)
		high := low
		if isRange && ok {
			high, ok = number32(last)
		}
		if !ok || low == 0 || high < low || int64(high-low) >= mostSpelled-int64(len(uids)) {
			return nil
		}
		for uid := int64(low); uid <= int64(high); uid++ {
			uids = append(uids, uint32(uid))
		}
	}
	return uids
}

// CountSet returns how many UIDs a set that Sets wrote names.
func CountSet(set string) int { return len(spellSet(set)) }
