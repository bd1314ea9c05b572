package imapsync

import (
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// isGmail reports whether the source shows one message in several folders and says
// by X-GM-MSGID which are one (M-1).
func (r *run) isGmail() bool { return r.src.Has(gmailExtension) }

const gmailExtension = "X-GM-EXT-1"

// metaItems are what is asked of each message of the source.
func (r *run) metaItems() string {
	if r.isGmail() {
		return gmailItems
	}
	return metaItems
}

const gmailItems = "(UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID X-GM-LABELS)"

// isComplete reports whether an answer has all that was asked for.
func (r *run) isComplete(f wire.Fetched) bool {
	return complete(f) && (!r.isGmail() || f.GmailID != 0)
}

// asGmail makes a tree one of labels. All Mail holds what has no other label, and
// goes to Archive; where a label of the user's has that name it keeps its own (M-2).
func (t *tree) asGmail() {
	taken := slices.ContainsFunc(t.folders, func(f folder) bool { return f.role == `\Archive` })
	for i := range t.folders {
		f := &t.folders[i]
		f.gmail = true
		if f.isRest() && !taken {
			f.role = `\Archive`
		}
		t.showsAll = t.showsAll || f.isRest() && f.opens()
	}
	for i := range t.folders {
		t.folders[i].repeats = t.showsAll && t.folders[i].isView()
	}
}

// isRest reports whether the folder is Gmail's All Mail, of which only what has no
// other label is copied.
func (f folder) isRest() bool { return f.gmail && f.Has(`\All`) }

// isView reports whether the folder only shows messages of others, and is no
// folder to copy (M-3).
func (f folder) isView() bool { return slices.ContainsFunc(views, f.Has) && !f.isRest() }

// isChat reports whether the folder holds Gmail's chats, which are no mail (M-3).
func (f folder) isChat() bool {
	return f.gmail && len(f.path) == 2 && named(gmailRoots, f.path[0]) && named(chatNames, f.path[1])
}

var (
	gmailRoots = []string{"[Gmail]", "[Google Mail]"}
	chatNames  = []string{"Chats", "Chat"}
)

// isCounted reports whether the messages of a folder are not counted in Gmail's All
// Mail already.
func (t *tree) isCounted(f folder) bool {
	return !t.showsAll || f.isRest() || f.isChat() || f.Has(`\Trash`) || f.Has(`\Junk`)
}

// ownRoleTarget is where a folder of Gmail's own goes that the destination has no
// place for: what lies below "[Gmail]" there does not lie so here.
func (m *mapper) ownRoleTarget(f folder) []string {
	switch names := wellKnown(f.role); {
	case !f.gmail || len(f.path) < 2 || !named(gmailRoots, f.path[0]):
		return nil
	case names != nil:
		return []string{m.component(names[0])}
	default:
		return []string{m.component(f.path[len(f.path)-1])}
	}
}

// labelRank orders folders by which of them gets a message that is in several
// (M-2): Sent, Drafts, INBOX, then the user's labels by name, and All Mail last.
func labelRank(a, b *folderRun) int {
	rank := func(f *folderRun) int {
		switch {
		case f.Has(`\Sent`):
			return 0
		case f.Has(`\Drafts`):
			return 1
		case f.isInbox():
			return 2
		case !f.isRest():
			return 3
		default:
			return 4
		}
	}
	if by := rank(a) - rank(b); by != 0 {
		return by
	}
	return strings.Compare(a.display(), b.display())
}

// hasLabel reports whether the folder is what a label of X-GM-LABELS is shown as.
func (f folder) hasLabel(label string) bool {
	switch label {
	case `\Inbox`:
		return f.isInbox()
	case `\Sent`:
		return f.Has(`\Sent`)
	case `\Draft`, `\Drafts`:
		return f.Has(`\Drafts`)
	default:
		return f.Name == label
	}
}

// labelKeywords are the user's labels as keywords, in a spelling that every server
// takes; those that are too long for one are dropped like any other (L-2).
func labelKeywords(labels []string) (keywords []string) {
	for _, label := range labels {
		if !isSystem(label) {
			keywords = append(keywords, strings.Map(func(r rune) rune {
				if r <= ' ' || r >= 0x7f || strings.ContainsRune(`(){%*"\]`, r) {
					return '_'
				}
				return r
			}, label))
		}
	}
	return keywords
}

// folderLimits are what Gmail lets people choose for "limit IMAP folders to contain
// no more than this many messages" (M-4).
var folderLimits = []int{1000, 2000, 5000, 10_000}

// hides says what the settings of a Gmail account may hide from IMAP (M-4). messages are
// those of each of the tree's folders.
func (t *tree) hides(messages func(i int) int) migration.Hidden {
	if len(t.folders) == 0 || !t.folders[0].gmail {
		return ""
	}
	var cut []migration.CutFolder
	for i, f := range t.folders {
		if n := messages(i); !f.repeats && slices.Contains(folderLimits, n) {
			cut = append(cut, migration.CutFolder{Name: f.display(), Messages: n})
		}
	}
	return migration.Hide(!t.showsAll, cut)
}

// warnOfGmail says where the settings of the account may hide mail from IMAP (M-4).
func (r *run) warnOfGmail(source *tree) {
	if !r.isGmail() || r.warned {
		return
	}
	r.warned = true
	hidden := source.hides(func(i int) int { return int(source.status[source.folders[i].Name]["MESSAGES"]) })
	if hidden.AllMail() {
		r.entry(migration.Warning, "all_mail_hidden", nil, "")
	}
	for _, f := range hidden.Cut() {
		r.entry(migration.Warning, "folder_limit", migration.Args{"folder": f.Name, "messages": f.Messages}, "")
	}
}
