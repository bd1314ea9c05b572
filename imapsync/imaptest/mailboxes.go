package imaptest

import (
	"fmt"
	"slices"
	"strings"
)

// systemFlags are the flags with a backslash that a client may set.
func systemFlags() []string { return []string{`\Answered`, `\Flagged`, `\Deleted`, `\Seen`, `\Draft`} }

// listing is a LIST or LSUB command, parsed.
type listing struct {
	command    string
	pattern    string
	subscribed bool     // only those
	special    bool     // only those with a special use
	items      []string // RETURN (STATUS (…))
}

func (c *connection) list(cmd Command, args []value) string {
	l := listing{command: cmd.Name, subscribed: cmd.Name == "LSUB"}
	if len(args) > 0 && args[0].isList {
		l.selectOptions(args[0].texts())
		args = args[1:]
	}
	if len(args) != 2 && len(args) != 4 {
		return badSyntax
	}
	if len(args) == 4 {
		l.returnOptions(args[3].list)
	}
	l.pattern = args[0].text + args[1].text
	if args[1].text == "" { // asks for the delimiter (RFC 3501 §6.3.8)
		c.untagged(fmt.Sprintf(`%s (\Noselect) %s ""`, l.command, quote(c.account.opt.Delimiter)))
		return done
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	for _, f := range c.account.folders {
		if l.wants(f) && !f.hidden {
			c.listFolder(f, l)
		}
	}
	return done
}

func (l *listing) selectOptions(options []string) {
	for _, o := range options {
		l.subscribed = l.subscribed || strings.EqualFold(o, "SUBSCRIBED")
		l.special = l.special || strings.EqualFold(o, "SPECIAL-USE")
	}
}

func (l *listing) returnOptions(options []value) {
	for i, o := range options {
		if strings.EqualFold(o.text, "STATUS") && i+1 < len(options) {
			l.items = options[i+1].texts()
		}
	}
}

func (l *listing) wants(f *Folder) bool {
	if l.subscribed && !f.subscribed || l.special && len(f.attributes) == 0 {
		return false
	}
	return matches(f.name, l.pattern, f.account.opt.Delimiter) ||
		f.name == "INBOX" && strings.EqualFold(l.pattern, "INBOX")
}

func (c *connection) listFolder(f *Folder, l listing) {
	attributes := slices.Clone(f.attributes)
	if !c.account.has("SPECIAL-USE") {
		attributes = nil
	}
	if f.noSelect {
		attributes = append(attributes, `\Noselect`)
	}
	if f.subscribed && l.command == "LIST" && c.account.has("LIST-EXTENDED") {
		attributes = append(attributes, `\Subscribed`)
	}
	if c.account.has("CHILDREN") {
		attributes = append(attributes, f.children())
	}
	c.untagged(fmt.Sprintf("%s (%s) %s %s", l.command, strings.Join(attributes, " "), quote(c.account.opt.Delimiter), quote(f.name)))
	if l.items != nil && !f.noSelect {
		c.statusLine(f, l.items)
	}
}

func (f *Folder) children() string {
	for _, other := range f.account.folders {
		if strings.HasPrefix(other.name, f.name+f.account.opt.Delimiter) {
			return `\HasChildren`
		}
	}
	return `\HasNoChildren`
}

func (c *connection) status(name string, args []value) string {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	f := c.account.find(name)
	if f == nil || f.noSelect || f.hidden {
		return "NO [NONEXISTENT] no such folder"
	}
	if len(args) != 1 {
		return badSyntax
	}
	c.statusLine(f, args[0].texts())
	return done
}

// statusLine answers the items it knows; the lock is held.
func (c *connection) statusLine(f *Folder, items []string) {
	var answers []string
	for _, item := range items {
		item = strings.ToUpper(item)
		values := map[string]int64{
			"MESSAGES": int64(len(f.messages)), "RECENT": 0, "UNSEEN": int64(f.unseen()), "SIZE": f.size(),
			"UIDNEXT": int64(f.uidNext), "UIDVALIDITY": int64(f.uidValidity), "APPENDLIMIT": c.account.opt.AppendLimit,
		}
		if item == "HIGHESTMODSEQ" && c.account.condstore() {
			c.wantsModSeq = true
			values[item] = int64(f.modSeq)
		}
		switch n, ok := values[item]; {
		case item == "APPENDLIMIT" && n == 0: // RFC 7889 §4
			answers = append(answers, item+" NIL")
		case ok:
			answers = append(answers, fmt.Sprint(item, " ", n))
		}
	}
	c.untagged(fmt.Sprintf("STATUS %s (%s)", quote(f.name), strings.Join(answers, " ")))
}

func (c *connection) selectFolder(cmd Command, args []value) string {
	name, readOnly := args[0].text, cmd.Name == "EXAMINE"
	if !c.takesParameters(args[1:]) {
		return badSyntax
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if c.folder != nil && c.account.has("QRESYNC") { // what follows is about the next folder (RFC 7162 §3.2.11)
		c.untagged("OK [CLOSED] previous folder")
	}
	c.folder, c.view = nil, nil
	f := c.account.find(name)
	if f == nil || f.noSelect || f.hidden {
		return "NO [NONEXISTENT] no such folder"
	}
	c.folder, c.readOnly, c.view = f, readOnly, f.uids()
	c.untagged("FLAGS (" + strings.Join(systemFlags(), " ") + ")")
	c.untagged(fmt.Sprintf("%d EXISTS", len(c.view)))
	c.untagged("0 RECENT")
	c.untagged(`OK [PERMANENTFLAGS (` + strings.Join(systemFlags(), " ") + ` \*)] these last`)
	c.untagged(fmt.Sprintf("OK [UIDVALIDITY %d] valid", f.uidValidity))
	c.untagged(fmt.Sprintf("OK [UIDNEXT %d] next", f.uidNext))
	if c.account.condstore() {
		c.untagged(fmt.Sprintf("OK [HIGHESTMODSEQ %d] highest", f.modSeq))
	}
	if readOnly {
		return "OK [READ-ONLY] done"
	}
	return "OK [READ-WRITE] done"
}

// unselect leaves the folder; CLOSE also expunges it if it may (RFC 3501 §6.4.2).
func (c *connection) unselect(expunge bool) string {
	if c.folder == nil {
		return needFolder
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if expunge && !c.readOnly {
		c.folder.expunge(func(m *Message) bool { return m.has(`\Deleted`) })
	}
	c.folder, c.view = nil, nil
	return done
}

// tellChanges brings the client's view up to date: EXPUNGE for what is gone,
// EXISTS for what is new (RFC 3501 §7.3.1, §7.4.1).
func (c *connection) tellChanges() {
	if c.folder == nil {
		return
	}
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	now := c.folder.uids()
	c.tellGone(now)
	if len(now) > len(c.view) {
		c.view = now
		c.untagged(fmt.Sprintf("%d EXISTS", len(now)))
	}
}

func (c *connection) create(name string, args []value) string {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	delimiter := c.account.opt.Delimiter
	name = strings.TrimSuffix(name, delimiter)
	if f := c.account.find(name); f != nil && !f.noSelect {
		if c.account.opt.Folds {
			return "NO Mailbox already exists"
		}
		return "NO [ALREADYEXISTS] folder exists"
	}
	if !strings.HasPrefix(name, c.account.opt.Prefix) || name == "" {
		return "NO [CANNOT] outside of the personal namespace"
	}
	if strings.Contains(name, delimiter+delimiter) || strings.HasPrefix(name, delimiter) {
		return "NO [CANNOT] empty name"
	}
	var attributes []string
	if len(args) == 1 && len(args[0].list) == 2 && strings.EqualFold(args[0].list[0].text, "USE") {
		attributes = args[0].list[1].texts()
	}
	c.account.create(name, attributes)
	return done
}

func (c *connection) subscribe(name string, on bool) string {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	f := c.account.find(name)
	if f == nil {
		return "NO [NONEXISTENT] no such folder"
	}
	f.subscribed = on
	return done
}

// quotaRoot answers with one root and its storage in units of 1024 octets (RFC
// 9208 §5.1).
func (c *connection) quotaRoot(name string) string {
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	if c.account.find(name) == nil {
		return "NO [NONEXISTENT] no such folder"
	}
	if c.account.opt.Quota == 0 {
		c.untagged("QUOTAROOT " + quote(name))
		return done
	}
	c.untagged("QUOTAROOT " + quote(name) + ` "User quota"`)
	c.untagged(fmt.Sprintf(`QUOTA "User quota" (STORAGE %d %d)`, (c.account.used()+1023)/1024, c.account.opt.Quota/1024))
	return done
}
