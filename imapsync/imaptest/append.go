package imaptest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// dateTime is the INTERNALDATE of RFC 3501 §9: the day takes two columns.
const dateTime = "_2-Jan-2006 15:04:05 -0700"

// Messages returns what an APPEND command carries, in order: more than one with
// MULTIAPPEND. For other commands, and for one with a syntax error, it is nil.
// Date is zero where none was sent. Bodies are nil in what Account.Commands
// returns, as is the last one while a literal is Waiting.
func (c Command) Messages() []Message {
	args, err := c.arguments()
	if c.Name != "APPEND" || err != nil {
		return nil
	}
	_, drafts, _ := parseAppend(args)
	var all []Message
	for _, d := range drafts {
		all = append(all, d.message(time.Time{}))
	}
	return all
}

// draft is one message of an APPEND command, parsed.
type draft struct {
	flags  []string
	date   string
	octets string
}

// parseAppend reads a folder's name and the messages for it (RFC 3502 §6.3.11).
func parseAppend(args []value) (folder string, drafts []draft, ok bool) {
	if len(args) < 2 {
		return "", nil, false
	}
	folder, args = args[0].text, args[1:]
	for len(args) > 0 {
		d, rest, ok := parseDraft(args)
		if !ok {
			return "", nil, false
		}
		drafts, args = append(drafts, d), rest
	}
	return folder, drafts, true
}

func parseDraft(args []value) (d draft, rest []value, ok bool) {
	if args[0].isList {
		d.flags, args = args[0].texts(), args[1:]
	}
	if len(args) > 0 && !args[0].isList && !args[0].literal {
		d.date, args = args[0].text, args[1:]
	}
	if len(args) == 0 || !args[0].literal {
		return d, nil, false
	}
	d.octets = args[0].text
	return d, args[1:], true
}

// message returns the draft with the date it names, or else with now.
func (d draft) message(now time.Time) Message {
	m := Message{Flags: d.flags, Date: now}
	if date, err := time.Parse(dateTime, d.date); err == nil {
		m.Date = date
	}
	if d.octets != "" {
		m.Body = []byte(d.octets)
	}
	return m
}

// refuse returns what is wrong with flags and date, or "".
func (d draft) refuse() string {
	if reply := refuseFlags(d.flags); reply != "" {
		return reply
	}
	if _, err := time.Parse(dateTime, d.date); d.date != "" && err != nil {
		return "BAD invalid date"
	}
	return ""
}

func refuseFlags(flags []string) string {
	for _, flag := range flags {
		if strings.HasPrefix(flag, `\`) && !slices.ContainsFunc(systemFlags(), func(f string) bool { return strings.EqualFold(f, flag) }) {
			return "BAD invalid flag " + flag
		}
	}
	return ""
}

// tooMany reports whether the server does not take so many in one command.
func (a *Account) tooMany(drafts []draft) bool { return len(drafts) > 1 && !a.has("MULTIAPPEND") }

// refuseAppend returns why the message announced last is not wanted, or "": the
// reasons for which servers do not ask for its literal.
func (c *connection) refuseAppend(cmd Command, size int64) string {
	total := size
	for _, earlier := range cmd.Literals {
		total += int64(len(earlier))
	}
	cmd.Literals = nil // parsing would copy their octets once for each message that follows
	args, err := cmd.arguments()
	folder, drafts, ok := parseAppend(args)
	if err != nil || !ok || c.account.tooMany(drafts) {
		return badSyntax
	}
	if reply := drafts[len(drafts)-1].refuse(); reply != "" {
		return reply
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if c.account.target(folder) == nil {
		return c.account.opt.Missing
	}
	return c.account.refuseSize(size, total)
}

// target returns a folder that takes messages, or nil; the lock is held.
func (a *Account) target(name string) *Folder {
	f := a.find(name)
	if f == nil || f.noSelect {
		return nil
	}
	return f
}

// refuseSize judges a message by its own size and that of all of its command.
func (a *Account) refuseSize(size, total int64) string {
	switch {
	case size == 0:
		return "NO can't save a zero byte message"
	case a.opt.AppendLimit > 0 && size > a.opt.AppendLimit:
		return "NO [TOOBIG] message too large"
	}
	return a.refuseQuota(total)
}

func (a *Account) refuseQuota(octets int64) string {
	if a.opt.Quota > 0 && a.used()+octets > a.opt.Quota {
		return "NO [OVERQUOTA] quota exceeded"
	}
	return ""
}

// appendMessages stores the messages of a command, all or none (RFC 3502 §6.3.11).
// By now their literals and the end of the line have arrived: the point where
// servers commit (I-10).
func (c *connection) appendMessages(args []value) string {
	folder, drafts, ok := parseAppend(args)
	if !ok || c.account.tooMany(drafts) {
		return badSyntax
	}
	var messages []Message
	for _, d := range drafts {
		m := d.message(c.account.opt.Now())
		if reply := c.account.opt.RefuseMessage(m); reply != "" {
			return reply
		}
		messages = append(messages, m)
	}
	return c.account.commit(folder, messages)
}

func (a *Account) commit(folder string, messages []Message) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.target(folder)
	if f == nil {
		return a.opt.Missing
	}
	var total int64
	for _, m := range messages {
		total += int64(len(m.Body))
	}
	if reply := a.refuseQuota(total); reply != "" { // other connections may have filled it since the literals were asked for
		return reply
	}
	var uids []uint32
	for _, m := range messages {
		m.Body = a.opt.Keep(m.Body)
		uids = append(uids, f.add(m))
	}
	if !a.has("UIDPLUS") {
		return done
	}
	return fmt.Sprintf("OK [APPENDUID %d %s] done", f.uidValidity, formatNumbers(uids))
}
