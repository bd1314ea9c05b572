package imaptest

import (
	"fmt"
	"slices"
	"strings"
)

const readOnlyFolder = "NO [READ-ONLY] folder is open for reading only"

// change is a STORE or UID STORE command, parsed.
type change struct {
	sign   byte // '+', '-' or 0: replace them
	silent bool
	flags  []string
}

func parseStore(args []value) (s change, ok bool) {
	if len(args) < 3 {
		return s, false
	}
	item := strings.ToUpper(args[1].text)
	item, s.silent = strings.CutSuffix(item, ".SILENT")
	if strings.HasPrefix(item, "+") || strings.HasPrefix(item, "-") {
		s.sign, item = item[0], item[1:]
	}
	for _, arg := range args[2:] { // a list, or flags without parentheses
		s.flags = append(s.flags, arg.texts()...)
	}
	return s, item == "FLAGS"
}

// store answers STORE and UID STORE (RFC 3501 §6.4.6).
func (c *connection) store(cmd Command, args []value) string {
	s, ok := parseStore(args)
	switch {
	case c.folder == nil:
		return needFolder
	case !ok:
		return badSyntax
	case c.readOnly:
		return readOnlyFolder
	}
	if reply := refuseFlags(s.flags); reply != "" {
		return reply
	}
	wanted, err := c.pick(args[0].text, cmd.Name == "UID STORE")
	if err != nil {
		return badSyntax
	}
	items := c.storeItems(cmd)
	for _, number := range wanted {
		c.folder.store(c.view[number-1], s)
		if !s.silent {
			c.fetchOne(number, items)
		}
	}
	return done
}

// storeItems are what the answers tell: MODSEQ too once the client has shown that
// it knows it (RFC 7162 §3.1).
func (c *connection) storeItems(cmd Command) []string {
	items := []string{"FLAGS"}
	if cmd.Name == "UID STORE" {
		items = append(items, "UID")
	}
	if c.wantsModSeq {
		items = append(items, "MODSEQ")
	}
	return items
}

// store changes a message's flags. What changes nothing leaves the mod-sequence
// alone: RFC 7162 §3.1 ties it to changed metadata.
func (f *Folder) store(uid uint32, s change) {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	m := f.message(uid)
	if m == nil {
		return
	}
	flags := s.apply(m)
	if !slices.Equal(flags, m.Flags) {
		m.Flags = flags
		f.touch(m)
	}
}

// apply returns the flags a message is to have, never in the old ones' memory.
func (s change) apply(m *Message) []string {
	after := Message{}
	if s.sign != 0 {
		after.Flags = slices.Clone(m.Flags)
	}
	for _, flag := range s.flags {
		if s.sign == '-' {
			after.Flags = slices.DeleteFunc(after.Flags, func(have string) bool { return strings.EqualFold(have, flag) })
		} else if !after.has(flag) {
			after.Flags = append(after.Flags, flag)
		}
	}
	return after.Flags
}

// transfer answers COPY, MOVE and their UID variants. The messages moved are
// reported as gone by tellChanges, after COPYUID, which stands in an untagged OK
// for MOVE (RFC 6851 §4.3) and in the tagged one for COPY (RFC 4315 §3).
func (c *connection) transfer(cmd Command, args []value) string {
	byUID, move := strings.HasPrefix(cmd.Name, "UID "), strings.HasSuffix(cmd.Name, "MOVE")
	switch {
	case move && !c.account.has("MOVE"):
		return unknownCommand
	case c.folder == nil:
		return needFolder
	case len(args) != 2:
		return badSyntax
	case move && c.readOnly:
		return readOnlyFolder
	}
	wanted, err := c.pick(args[0].text, byUID)
	if err != nil {
		return badSyntax
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	target := c.account.target(args[1].text)
	if target == nil {
		return c.account.opt.Missing
	}
	if move {
		return c.move(wanted, target)
	}
	return c.copy(wanted, target)
}

func (c *connection) move(wanted []int, target *Folder) string {
	messages := c.messages(wanted)
	code := copyTo(target, messages)
	c.folder.expunge(func(m *Message) bool {
		return slices.ContainsFunc(messages, func(moved Message) bool { return moved.UID == m.UID })
	})
	if code != "" {
		c.untagged("OK " + code + "moved")
	}
	return done
}

func (c *connection) copy(wanted []int, target *Folder) string {
	messages := c.messages(wanted)
	var total int64
	for _, m := range messages {
		total += int64(len(m.Body))
	}
	if reply := c.account.refuseQuota(total); reply != "" {
		return reply
	}
	return "OK " + copyTo(target, messages) + "done"
}

// messages returns copies of those that are still there; the lock is held.
func (c *connection) messages(wanted []int) (all []Message) {
	for _, number := range wanted {
		if m := c.folder.message(c.view[number-1]); m != nil {
			all = append(all, cloneMessage(*m))
		}
	}
	return all
}

// copyTo adds messages to a folder and returns the response code that says so,
// with a blank after it; "" where there is nothing to say. The lock is held.
func copyTo(target *Folder, messages []Message) string {
	var from, to []uint32
	for _, m := range messages {
		from = append(from, m.UID)
		m.UID = 0
		to = append(to, target.add(m))
	}
	if len(to) == 0 || !target.account.has("UIDPLUS") {
		return ""
	}
	return fmt.Sprintf("[COPYUID %d %s %s] ", target.uidValidity, formatNumbers(from), formatNumbers(to))
}
