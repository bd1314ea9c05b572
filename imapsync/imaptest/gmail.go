package imaptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// GmailCaps returns what Gmail lists after the login: no LITERAL+, MULTIAPPEND or
// QRESYNC.
func GmailCaps() []string {
	return []string{
		"IMAP4rev1", "UNSELECT", "IDLE", "NAMESPACE", "QUOTA", "ID", "XLIST", "CHILDREN", "X-GM-EXT-1", "UIDPLUS",
		"ENABLE", "MOVE", "CONDSTORE", "ESEARCH", "LIST-EXTENDED", "LIST-STATUS", "LITERAL-", "SPECIAL-USE",
		"APPENDLIMIT=35651584", "SASL-IR", "AUTH=PLAIN",
	}
}

// GmailNames are the system folders as one language has them, below "[Gmail]/".
type GmailNames struct{ All, Sent, Drafts, Trash, Spam, Starred, Important, Chats string }

// EnglishGmail returns the names of an English account.
func EnglishGmail() GmailNames {
	return GmailNames{"All Mail", "Sent Mail", "Drafts", "Trash", "Spam", "Starred", "Important", "Chats"}
}

// ItalianGmail returns the names of an Italian account.
func ItalianGmail() GmailNames {
	return GmailNames{"Tutti i messaggi", "Posta inviata", "Bozze", "Cestino", "Spam", "Speciali", "Importanti", "Chat"}
}

// Gmail is an Account that keeps mail as Gmail does: a message is in exactly one
// of All Mail, Spam and Trash, and a label is a folder that shows it, under a UID
// of that folder. X-GM-MSGID is the same in all of them.
type Gmail struct {
	*Account
	names    GmailNames
	lastID   uint64
	messages map[uint64]Message // by X-GM-MSGID, as delivered
}

// NewGmail starts an account with Gmail's folders. Caps of the options, if any,
// take the place of GmailCaps.
func NewGmail(t testing.TB, names GmailNames, options AccountOptions) *Gmail {
	t.Helper()
	if options.Caps == nil {
		options.Caps = GmailCaps()
	}
	g := &Gmail{Account: NewAccount(t, options), names: names, lastID: 1 << 60, messages: map[uint64]Message{}}
	for _, f := range []struct{ name, attribute string }{
		{names.All, `\All`},
		{names.Sent, `\Sent`},
		{names.Drafts, `\Drafts`},
		{names.Trash, `\Trash`},
		{names.Spam, `\Junk`},
		{names.Starred, `\Flagged`},
		{names.Important, `\Important`},
	} {
		g.Create(systemFolder(f.name), f.attribute)
	}
	g.Create(systemFolder(names.Chats))
	return g
}

func systemFolder(name string) string { return "[Gmail]/" + name }

// SystemFolder returns the folder of a role, such as `\All`, or nil where it is
// hidden from IMAP.
func (g *Gmail) SystemFolder(role string) *Folder { return g.Folder(g.folderOf(role)) }

// folderOf returns the folder that shows a label: a system label such as
// `\Inbox`, or one of the user's own by its name as listed.
func (g *Gmail) folderOf(label string) string {
	system := map[string]string{
		`\All`: g.names.All, `\Sent`: g.names.Sent, `\Draft`: g.names.Drafts, `\Trash`: g.names.Trash,
		`\Junk`: g.names.Spam, `\Starred`: g.names.Starred, `\Important`: g.names.Important,
	}
	switch name, is := system[label]; {
	case label == `\Inbox`:
		return "INBOX"
	case is:
		return systemFolder(name)
	}
	return label
}

// Deliver stores a message under labels and returns its X-GM-MSGID. It is in All
// Mail, unless one of them is `\Trash` or `\Junk`. A message with \Flagged is
// \Starred.
func (g *Gmail) Deliver(m Message, labels ...string) uint64 {
	g.lastID++
	m.GmailID = g.lastID
	g.messages[m.GmailID] = m
	if !slices.Contains(labels, `\Trash`) && !slices.Contains(labels, `\Junk`) {
		labels = append([]string{`\All`}, labels...)
	}
	if m.has(`\Flagged`) {
		labels = append(labels, `\Starred`)
	}
	g.Label(m.GmailID, labels...)
	return m.GmailID
}

// Label puts a message under further labels.
func (g *Gmail) Label(id uint64, labels ...string) {
	for _, label := range labels {
		g.Create(g.folderOf(label)).Add(g.messages[id])
	}
}

// Unlabel takes labels off a message: with `\Inbox` it is archived.
func (g *Gmail) Unlabel(id uint64, labels ...string) {
	for _, label := range labels {
		f := g.Folder(g.folderOf(label))
		f.Remove(f.uidOf(id))
	}
}

// Throw moves a message to Trash: it loses its labels.
func (g *Gmail) Throw(id uint64) {
	for _, name := range g.Folders() {
		f := g.Folder(name)
		f.Remove(f.uidOf(id))
	}
	g.Label(id, `\Trash`)
}

// Hide takes a folder away from IMAP, as "Show in IMAP" does in Gmail's settings.
// Its messages keep their label, which only X-GM-LABELS tells then.
func (g *Gmail) Hide(label string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.find(g.folderOf(label)); f != nil {
		f.hidden = true
	}
}

// Mark sets the flags of a message, which are the same under all its labels.
func (g *Gmail) Mark(id uint64, flags ...string) {
	for _, name := range g.Folders() {
		f := g.Folder(name)
		f.Update(f.uidOf(id), func(m *Message) { m.Flags = flags })
	}
}

// uidOf returns the UID under which the folder shows a message; 0: it does not.
func (f *Folder) uidOf(id uint64) uint32 {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	return f.find(id)
}

// find is uidOf with the lock held.
func (f *Folder) find(id uint64) uint32 {
	for i := range f.messages {
		if f.messages[i].GmailID == id {
			return f.messages[i].UID
		}
	}
	return 0
}

// gmailLabels returns the labels of a message as X-GM-LABELS in one folder has
// them: without that folder's own.
func (a *Account) gmailLabels(id uint64, within *Folder) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var labels []string
	for _, f := range a.folders {
		if f != within && !f.hasAttribute(`\All`) && f.find(id) != 0 {
			labels = append(labels, quote(f.gmailLabel()))
		}
	}
	return "(" + strings.Join(labels, " ") + ")"
}

func (f *Folder) gmailLabel() string {
	for attribute, label := range map[string]string{
		`\Sent`: `\Sent`, `\Drafts`: `\Draft`, `\Trash`: `\Trash`, `\Junk`: `\Spam`, `\Flagged`: `\Starred`, `\Important`: `\Important`,
	} {
		if f.hasAttribute(attribute) {
			return label
		}
	}
	if f.name == "INBOX" {
		return `\Inbox`
	}
	return f.name
}

func (f *Folder) hasAttribute(attribute string) bool { return slices.Contains(f.attributes, attribute) }

// addGmail answers the items of X-GM-EXT-1; false if it is none of them.
func (a *fetchAnswer) addGmail(m Message, item string) bool {
	switch {
	case m.GmailID == 0:
		return false
	case item == "X-GM-MSGID":
		a.meta = append(a.meta, []byte(item+" "+strconv.FormatUint(m.GmailID, 10)))
	case item == "X-GM-THRID": // each message is a thread of its own here
		a.meta = append(a.meta, []byte(item+" "+strconv.FormatUint(m.GmailID, 10)))
	case item == "X-GM-LABELS":
		a.meta = append(a.meta, fmt.Appendf(nil, "%s %s", item, m.labels))
	default:
		return false
	}
	return true
}
