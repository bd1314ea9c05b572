package imaptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// removal remembers when a message went, for VANISHED (EARLIER).
type removal struct {
	uid    uint32
	modSeq uint64
}

// condstore reports whether the server tells mod-sequences: QRESYNC includes
// CONDSTORE (RFC 7162 §3.2).
func (a *Account) condstore() bool { return a.has("CONDSTORE") || a.has("QRESYNC") }

// touch gives a changed message the folder's next mod-sequence; the lock is held.
func (f *Folder) touch(m *Message) {
	f.modSeq++
	m.modSeq = f.modSeq
}

// expunge removes messages; the lock is held.
func (f *Folder) expunge(gone func(m *Message) bool) {
	f.messages = slices.DeleteFunc(f.messages, func(m Message) bool {
		if !gone(&m) {
			return false
		}
		f.modSeq++
		f.expunged = append(f.expunged, removal{m.UID, f.modSeq})
		return true
	})
}

// expungedSince returns what went after a mod-sequence, ascending; the lock is held.
func (f *Folder) expungedSince(modSeq uint64, set numbers) (uids []uint32) {
	for _, r := range f.expunged {
		if r.modSeq > modSeq && set.contains(r.uid) {
			uids = append(uids, r.uid)
		}
	}
	slices.Sort(uids)
	return uids
}

// enable switches extensions on (RFC 5161 §3.1). Names the server does not know
// are passed over.
func (c *connection) enable(args []value) string {
	switch {
	case !c.account.condstore() && !c.account.has("ENABLE"):
		return unknownCommand
	case len(args) == 0:
		return badSyntax
	case c.folder != nil:
		return "BAD a folder is selected"
	}
	enabled := "ENABLED"
	for _, arg := range args {
		name := strings.ToUpper(arg.text)
		switch {
		case name == "QRESYNC" && c.account.has(name):
			c.qresync, c.wantsModSeq = true, true
		case name == "CONDSTORE" && c.account.condstore():
			c.wantsModSeq = true
		default:
			continue
		}
		enabled += " " + name
	}
	c.untagged(enabled)
	return done
}

// takesParameters reads what may follow the folder's name in SELECT and EXAMINE:
// nothing, or (CONDSTORE) (RFC 7162 §3.1.8).
func (c *connection) takesParameters(args []value) bool {
	if len(args) == 0 {
		return true
	}
	condstore := len(args) == 1 && len(args[0].list) == 1 && strings.EqualFold(args[0].list[0].text, "CONDSTORE")
	if !condstore || !c.account.condstore() {
		return false
	}
	c.wantsModSeq = true
	return true
}

// fetchRequest is a FETCH or UID FETCH command, parsed.
type fetchRequest struct {
	byUID    bool
	set      string
	items    []string
	changed  bool // only messages changed after since (RFC 7162 §3.1.4.1)
	since    uint64
	vanished bool // and what is gone since (RFC 7162 §3.2.6)
}

func (c *connection) parseFetch(cmd Command, args []value) (r fetchRequest, ok bool) {
	if len(args) != 2 && len(args) != 3 {
		return r, false
	}
	r = fetchRequest{byUID: cmd.Name == "UID FETCH", set: args[0].text, items: args[1].texts()}
	for i := range r.items {
		r.items[i] = strings.ToUpper(r.items[i])
	}
	if r.byUID && !slices.Contains(r.items, "UID") {
		r.items = slices.Insert(r.items, 0, "UID")
	}
	if len(args) == 3 && !r.modifiers(args[2].list) {
		return r, false
	}
	if r.changed && !slices.Contains(r.items, "MODSEQ") {
		r.items = append(r.items, "MODSEQ")
	}
	if !slices.Contains(r.items, "MODSEQ") {
		return r, true
	}
	c.wantsModSeq = c.wantsModSeq || c.account.condstore()
	return r, c.account.condstore() && (!r.vanished || c.qresync)
}

// modifiers reads CHANGEDSINCE and VANISHED, which goes only with it and with
// UIDs (RFC 7162 §3.2.6).
func (r *fetchRequest) modifiers(list []value) bool {
	for i := 0; i < len(list); i++ {
		switch strings.ToUpper(list[i].text) {
		case "VANISHED":
			r.vanished = true
		case "CHANGEDSINCE":
			i++
			if i == len(list) {
				return false
			}
			n, err := strconv.ParseUint(list[i].text, 10, 63)
			if err != nil {
				return false
			}
			r.changed, r.since = true, n
		default:
			return false
		}
	}
	return r.changed && (!r.vanished || r.byUID)
}

// changedSince returns those of the messages that were changed after modSeq.
func (c *connection) changedSince(wanted []int, modSeq uint64) []int {
	return slices.DeleteFunc(wanted, func(number int) bool {
		m, ok := c.snapshot(c.view[number-1])
		return !ok || m.modSeq <= modSeq
	})
}

// tellVanished answers what is gone. "*" is the last UID ever given away here, not
// the last one still there: who asks for 1:* would else not hear that the newest
// message went.
func (c *connection) tellVanished(r fetchRequest) {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	set, err := parseNumbers(r.set, max(c.folder.uidNext-1, 1))
	if err != nil {
		return // pick has refused it
	}
	if gone := c.folder.expungedSince(r.since, set); len(gone) > 0 {
		c.untagged("VANISHED (EARLIER) " + formatNumbers(gone))
	}
}

// tellGone takes messages out of the client's view and says so: with VANISHED
// once QRESYNC is enabled (RFC 7162 §3.2.10), else with EXPUNGE. The lock is held.
func (c *connection) tellGone(now []uint32) {
	var gone []uint32
	for i := len(c.view) - 1; i >= 0; i-- {
		if _, there := slices.BinarySearch(now, c.view[i]); there {
			continue
		}
		gone = append(gone, c.view[i])
		c.view = slices.Delete(c.view, i, i+1)
		if !c.qresync {
			c.untagged(fmt.Sprintf("%d EXPUNGE", i+1))
		}
	}
	if c.qresync && len(gone) > 0 {
		slices.Reverse(gone)
		c.untagged("VANISHED " + formatNumbers(gone))
	}
}
