package imaptest

import (
	"bytes"
	"fmt"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dateTime is the INTERNALDATE of RFC 3501 §9: the day takes two columns.
const dateTime = "_2-Jan-2006 15:04:05 -0700"

// draft is an APPEND command, parsed.
type draft struct {
	folder string
	flags  []string
	date   string
}

func parseAppend(args []value) (d draft, octets string, ok bool) {
	if len(args) < 2 || !args[len(args)-1].literal {
		return d, "", false
	}
	d.folder, octets = args[0].text, args[len(args)-1].text
	args = args[1 : len(args)-1]
	if len(args) > 0 && args[0].isList {
		d.flags = args[0].texts()
		args = args[1:]
	}
	if len(args) > 0 {
		d.date = args[0].text
		args = args[1:]
	}
	return d, octets, len(args) == 0
}

// refuseAppend returns why an APPEND is not wanted, or "": the reasons for which
// servers do not ask for the literal.
func (c *connection) refuseAppend(cmd Command, size int64) string {
	args, err := cmd.arguments()
	d, _, ok := parseAppend(args)
	if err != nil || !ok {
		return badSyntax
	}
	for _, flag := range d.flags {
		if strings.HasPrefix(flag, `\`) && !slices.ContainsFunc(systemFlags(), func(f string) bool { return strings.EqualFold(f, flag) }) {
			return "BAD invalid flag " + flag
		}
	}
	if _, err := time.Parse(dateTime, d.date); d.date != "" && err != nil {
		return "BAD invalid date"
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if f := c.account.find(d.folder); f == nil || f.noSelect {
		return "NO [TRYCREATE] no such folder"
	}
	return c.account.refuseSize(size)
}

func (a *Account) refuseSize(size int64) string {
	switch {
	case size == 0:
		return "NO can't save a zero byte message"
	case a.opt.AppendLimit > 0 && size > a.opt.AppendLimit:
		return "NO [TOOBIG] message too large"
	case a.opt.Quota > 0 && a.used()+size > a.opt.Quota:
		return "NO [OVERQUOTA] quota exceeded"
	}
	return ""
}

// appendMessage stores a message. By now its literal and the end of its line have
// arrived: the point where servers commit (I-10).
func (c *connection) appendMessage(args []value) string {
	d, octets, ok := parseAppend(args)
	if !ok {
		return badSyntax
	}
	a := c.account
	date := a.opt.Now()
	if d.date != "" {
		date, _ = time.Parse(dateTime, d.date) // checked by refuseAppend
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.find(d.folder)
	if f == nil {
		return "NO [TRYCREATE] no such folder"
	}
	uid := f.add(Message{Flags: d.flags, Date: date, Body: a.opt.Keep([]byte(octets))})
	if !a.has("UIDPLUS") {
		return done
	}
	return fmt.Sprintf("OK [APPENDUID %d %d] done", f.uidValidity, uid)
}

// fetch answers FETCH and UID FETCH.
func (c *connection) fetch(cmd Command, args []value) string {
	if c.folder == nil {
		return needFolder
	}
	byUID := cmd.Name == "UID FETCH"
	if len(args) != 2 {
		return badSyntax
	}
	items := args[1].texts()
	for i := range items {
		items[i] = strings.ToUpper(items[i])
	}
	if byUID && !slices.Contains(items, "UID") {
		items = append([]string{"UID"}, items...)
	}
	wanted, err := c.pick(args[0].text, byUID)
	if err != nil {
		return badSyntax
	}
	reply := done
	for _, number := range wanted {
		if answer := c.fetchOne(number, items); answer != "" {
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
	for _, item := range items {
		if strings.HasPrefix(item, "BODY") && m.Quirk.Refuse != "" {
			return m.Quirk.Refuse
		}
		if !answer.add(m, item) {
			return "BAD unknown item " + item
		}
		if item == "BODY[]" && !c.readOnly {
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
	case "BODY[]", "BODY.PEEK[]":
		a.bodies = append(a.bodies, bodyItem("BODY[]", m.Body, m.Quirk))
	default:
		section, ok := strings.CutPrefix(strings.Replace(item, "BODY.PEEK[", "BODY[", 1), "BODY[HEADER")
		if !ok {
			return false
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
