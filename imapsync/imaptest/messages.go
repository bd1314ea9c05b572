package imaptest

import (
	"bytes"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// fetch answers FETCH and UID FETCH.
func (c *connection) fetch(cmd Command, args []value) string {
	if c.folder == nil {
		return needFolder
	}
	r, ok := c.parseFetch(cmd, args)
	if !ok {
		return badSyntax
	}
	wanted, err := c.pick(r.set, r.byUID)
	if err != nil {
		return badSyntax
	}
	if r.changed {
		wanted = c.changedSince(wanted, r.since)
	}
	if r.vanished {
		c.tellVanished(r)
	}
	wanted, reply := c.limit(wanted)
	for _, number := range wanted {
		if answer := c.fetchOne(number, r.items); answer != "" {
			reply = answer
		}
	}
	return reply
}

// pick returns the sequence numbers that a set names.
func (c *connection) pick(set string, byUID bool) ([]int, error) {
	highest := uint32(len(c.view))
	if byUID && len(c.view) > 0 {
		highest = c.view[len(c.view)-1]
	}
	ranges, err := parseNumbers(set, highest)
	if err != nil {
		return nil, err
	}
	var picked []int
	for i, uid := range c.view {
		if byUID && ranges.contains(uid) || !byUID && ranges.contains(uint32(i+1)) {
			picked = append(picked, i+1)
		}
	}
	return picked, nil
}

// fetchOne writes what is asked about one message and returns the text of the
// tagged reply if it is not to be OK.
func (c *connection) fetchOne(number int, items []string) string {
	m, ok := c.snapshot(c.view[number-1])
	if !ok || m.Quirk.Hidden {
		return ""
	}
	answer := fetchAnswer{}
	if slices.Contains(items, "X-GM-LABELS") {
		m.labels = c.account.gmailLabels(m.GmailID, c.folder)
	}
	for _, item := range items {
		if (strings.HasPrefix(item, "BODY") || item == "RFC822") && m.Quirk.Refuse != "" {
			return m.Quirk.Refuse
		}
		if !answer.add(m, item) {
			return "BAD unknown item " + item
		}
		if (item == "BODY[]" || item == "RFC822") && !c.readOnly && !m.has(`\Seen`) {
			c.folder.Update(m.UID, (*Message).markSeen)
		}
	}
	if m.Quirk.FlagsFirst {
		c.untagged(fmt.Sprintf("%d FETCH (UID %d FLAGS (%s))", number, m.UID, strings.Join(m.Flags, " ")))
	}
	for _, line := range answer.lines(m.Quirk) {
		c.write(fmt.Appendf(nil, "* %d FETCH (", number))
		c.write(bytes.Join(line, []byte(" ")))
		c.write([]byte(")\r\n"))
	}
	return ""
}

// snapshot returns a message as it is now. Its octets are shared: nobody ever
// changes them in place.
func (c *connection) snapshot(uid uint32) (Message, bool) {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	m := c.folder.message(uid)
	if m == nil {
		return Message{}, false
	}
	shot := *m
	shot.Flags = slices.Clone(m.Flags)
	return shot, true
}

// fetchAnswer collects the items of one message.
type fetchAnswer struct {
	uid    []byte
	meta   [][]byte
	bodies [][]byte
}

// add answers one item; false if it is unknown.
func (a *fetchAnswer) add(m Message, item string) bool {
	switch item {
	case "UID":
		a.uid = fmt.Appendf(nil, "UID %d", m.UID)
	case "FLAGS":
		a.meta = append(a.meta, []byte("FLAGS "+orElse(m.Quirk.RawFlags, "("+strings.Join(m.Flags, " ")+")")))
	case "INTERNALDATE":
		a.meta = append(a.meta, []byte("INTERNALDATE "+orElse(m.Quirk.RawDate, quote(m.Date.Format(dateTime)))))
	case "RFC822.SIZE":
		a.meta = append(a.meta, []byte("RFC822.SIZE "+orElse(m.Quirk.RawSize, strconv.Itoa(len(m.Body)))))
	case "MODSEQ":
		a.meta = append(a.meta, fmt.Appendf(nil, "MODSEQ (%d)", m.modSeq))
	case "BODY[]", "BODY.PEEK[]":
		a.bodies = append(a.bodies, bodyItem("BODY[]", m.Body, m.Quirk))
	case "RFC822":
		a.bodies = append(a.bodies, bodyItem(item, m.Body, m.Quirk))
	default:
		section, ok := strings.CutPrefix(strings.Replace(item, "BODY.PEEK[", "BODY[", 1), "BODY[HEADER")
		if !ok {
			return a.addGmail(m, item)
		}
		a.bodies = append(a.bodies, bodyItem("BODY[HEADER"+section, headerFields(m.Body, section), Quirk{}))
	}
	return true
}

func bodyItem(name string, octets []byte, q Quirk) []byte {
	if q.NilBody {
		return []byte(name + " NIL")
	}
	return append(fmt.Appendf(nil, "%s {%d}\r\n", name, len(octets)+q.LiteralOff), octets...)
}

// lines puts the items into FETCH answers in the order the quirk wants.
func (a *fetchAnswer) lines(q Quirk) [][][]byte {
	first, last := [][]byte{a.uid}, [][]byte(nil)
	if a.uid == nil {
		first = nil
	}
	if q.UIDAfterBody {
		first, last = nil, first
	}
	if q.Split && len(a.bodies) > 0 && a.uid != nil {
		return [][][]byte{
			slices.Concat([][]byte{a.uid}, a.meta),
			slices.Concat(first, a.bodies, last),
		}
	}
	return [][][]byte{slices.Concat(first, a.meta, a.bodies, last)}
}

func orElse(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// headerFields returns the part of the header that a section asks for: what
// stands after BODY[HEADER, such as ".FIELDS (DATE FROM)]".
func headerFields(octets []byte, section string) []byte {
	var names []string
	if list, ok := strings.CutPrefix(section, ".FIELDS ("); ok {
		names = strings.Fields(strings.NewReplacer(`"`, "", ")]", "").Replace(list))
	}
	var picked []byte
	keep := false
	for line := range bytes.Lines(octets) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' { // else it goes on with the field above
			name, _, _ := bytes.Cut(line, []byte(":"))
			keep = names == nil || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, string(name)) })
		}
		if keep {
			picked = append(picked, line...)
		}
	}
	return append(picked, "\r\n"...)
}

// search answers SEARCH and UID SEARCH with the keys this package knows.
func (c *connection) search(cmd Command, args []value) string {
	if c.folder == nil {
		return needFolder
	}
	var found []string
	for i, uid := range c.view {
		m, ok := c.snapshot(uid)
		if !ok {
			continue
		}
		match, known := c.matchesAll(m, i+1, args)
		if !known {
			return "BAD unknown search key"
		}
		number := i + 1
		if cmd.Name == "UID SEARCH" {
			number = int(uid)
		}
		if match {
			found = append(found, strconv.Itoa(number))
		}
	}
	c.untagged(strings.TrimSpace("SEARCH " + strings.Join(found, " ")))
	return done
}

func (c *connection) matchesAll(m Message, number int, keys []value) (match, known bool) {
	match = true
	for len(keys) > 0 {
		one, rest, ok := c.matchesKey(m, number, keys)
		if !ok {
			return false, false
		}
		match = match && one
		keys = rest
	}
	return match, true
}

// matchesKey looks at the first key and returns the keys after it.
func (c *connection) matchesKey(m Message, number int, keys []value) (match bool, rest []value, known bool) {
	key, rest := strings.ToUpper(keys[0].text), keys[1:]
	operand := func(i int) string {
		if i < len(rest) {
			return rest[i].text
		}
		return ""
	}
	switch key {
	case "ALL":
		return true, rest, true
	case "NOT":
		if len(rest) == 0 {
			return false, nil, false
		}
		match, rest, known = c.matchesKey(m, number, rest)
		return !match, rest, known
	case "SEEN", "DELETED", "FLAGGED", "ANSWERED", "DRAFT":
		return m.has(`\` + key), rest, true
	case "UNSEEN", "UNDELETED", "UNFLAGGED", "UNANSWERED", "UNDRAFT":
		return !m.has(`\` + key[2:]), rest, true
	case "LARGER", "SMALLER":
		n, err := strconv.Atoi(operand(0))
		larger, smaller := len(m.Body) > n, len(m.Body) < n
		return key == "LARGER" && larger || key == "SMALLER" && smaller, rest[min(1, len(rest)):], err == nil
	case "HEADER":
		field := headerFields(m.Body, ".FIELDS ("+textproto.TrimString(operand(0))+")]")
		_, text, there := strings.Cut(string(field), ":")
		match = there && strings.Contains(strings.ToLower(text), strings.ToLower(operand(1)))
		return match, rest[min(2, len(rest)):], len(rest) >= 2
	case "UID":
		match, known = c.inSet(operand(0), m.UID, c.view[len(c.view)-1])
		return match, rest[min(1, len(rest)):], known
	}
	match, known = c.inSet(key, uint32(number), uint32(len(c.view)))
	return match, rest, known
}

func (c *connection) inSet(set string, n, highest uint32) (match, known bool) {
	ranges, err := parseNumbers(set, highest)
	return ranges.contains(n), err == nil
}
