package wire

import (
	"context"
	"slices"
	"strings"
)

// UIDRanges is a set of UIDs as a server wrote it: however large it is, it takes
// no more room than its text.
type UIDRanges []uidRange

type uidRange struct{ low, high uint32 }

// Contains reports whether uid is in the set.
func (r UIDRanges) Contains(uid uint32) bool {
	return slices.ContainsFunc(r, func(one uidRange) bool { return one.low <= uid && uid <= one.high })
}

// parseRanges reads a UID set. What is no part of one is passed over.
func parseRanges(set string) (ranges UIDRanges, count uint64) {
	for part := range strings.SplitSeq(set, ",") {
		first, last, isRange := strings.Cut(part, ":")
		low, ok := number32(first)
		high := low
		if isRange && ok {
			high, ok = number32(last)
		}
		if ok && low > 0 {
			ranges = append(ranges, uidRange{min(low, high), max(low, high)})
			count += uint64(max(low, high)-min(low, high)) + 1
		}
	}
	return ranges, count
}

// EnableQResync asks the server to tell which messages are gone (RFC 7162 §3.2.3)
// where it lists QRESYNC. Call it after the login, before a mailbox is opened.
func (c *Conn) EnableQResync(ctx context.Context) error {
	if !c.Has("QRESYNC") {
		return nil
	}
	handle := func(r *Response) {
		c.qresync = c.qresync || r.Name == "ENABLED" && slices.Contains(parseCaps(string(r.text)), "QRESYNC")
	}
	_, err := c.Do(ctx, handle, Text("ENABLE QRESYNC")) // a refusal leaves things as they are
	return err
}

// TellsVanished reports whether FETCH takes the modifier VANISHED.
func (c *Conn) TellsVanished() bool { return c.qresync }

// TakeVanished returns the UIDs that were told to be gone in answer to a FETCH
// with VANISHED, and forgets them.
func (c *Conn) TakeVanished() UIDRanges {
	taken := c.vanished
	c.vanished = nil
	return taken
}

// noteVanished takes in a VANISHED response. With EARLIER it answers a FETCH;
// without, it stands for EXPUNGE (RFC 7162 §3.2.10).
func (c *Conn) noteVanished(text string) {
	if set, earlier := strings.CutPrefix(text, "(EARLIER) "); earlier {
		ranges, _ := parseRanges(strings.TrimSpace(set))
		c.vanished = append(c.vanished, ranges...)
		return
	}
	if _, count := parseRanges(strings.TrimSpace(text)); c.selected != nil {
		c.selected.Exists -= uint32(min(count, uint64(c.selected.Exists)))
	}
}
