package migration

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// FolderChoice is what the admin decided for the source folders of one name, in
// every resource of the migration (F-17). The folders below follow, unless there
// is a choice for them too.
type FolderChoice struct {
	Path []string `json:"path"`          // as FoundFolder.Path
	Out  bool     `json:"out,omitempty"` // left out; otherwise copied, whatever the other rules say
	To   []string `json:"to,omitempty"`  // the place at the destination; nil: where it goes by itself

	// ByRules: it is of the place alone, and the rules say in each resource whether
	// the folder is copied. Out is false then.
	ByRules bool `json:"by_rules,omitempty"`
}

// FolderChoices are the choices of a migration by FolderKey of their path. The
// nil map has none and can be read.
type FolderChoices map[string]FolderChoice

// FolderKey is a path as one string. Two spellings of the same letters give the
// same key; upper and lower case do not: they may be two folders.
func FolderKey(path []string) string { return norm.NFC.String(strings.Join(path, "\x00")) }

// NewFolderChoices returns a set of choices; the later one of a folder counts.
// Those of INBOX are dropped: it is always copied, and to INBOX (F-4).
func NewFolderChoices(list ...FolderChoice) FolderChoices {
	choices := make(FolderChoices, len(list))
	for _, c := range list {
		if len(c.Path) > 0 && !isInboxPath(c.Path) {
			choices[FolderKey(c.Path)] = c
		}
	}
	return choices
}

// Of returns the choice for exactly this folder.
func (c FolderChoices) Of(path []string) (FolderChoice, bool) {
	if len(c) == 0 || isInboxPath(path) {
		return FolderChoice{}, false
	}
	choice, found := c[FolderKey(path)]
	return choice, found
}

// Fate returns the choice that says whether exactly this folder is copied.
func (c FolderChoices) Fate(path []string) (FolderChoice, bool) {
	choice, found := c.Of(path)
	return choice, found && !choice.ByRules
}

// List returns the choices in the order of their paths.
func (c FolderChoices) List() []FolderChoice {
	list := make([]FolderChoice, 0, len(c))
	for _, choice := range c {
		list = append(list, choice)
	}
	slices.SortFunc(list, func(a, b FolderChoice) int { return cmp.Compare(FolderKey(a.Path), FolderKey(b.Path)) })
	return list
}

func isInboxPath(path []string) bool { return len(path) == 1 && path[0] == "INBOX" }

// FoundFolder is a folder of a source as the check of a resource found it. What
// it says of leaving out and of its place holds without any choice.
type FoundFolder struct {
	Path []string // decoded, without the personal prefix; INBOX is spelled so
	Raw  string   // the name in raw octets, where it is not the path joined with "/"
	Role string   // special use, such as `\Sent`

	// Parent marks a folder that only holds others: it has no messages and no fate.
	Parent bool
	// View marks a folder that shows messages of others: it is never copied (M-3).
	View bool

	Messages int
	Bytes    int64 // an estimate where the server does not tell sizes
	Oversize int   // messages above the limit

	// Reason says why the rules leave it out; "": they do not. Itself is false where
	// it is left out for the sake of a folder above (F-12).
	Reason Reason
	Itself bool

	// To is the place at the destination, in levels; nil: Path.
	To []string
}

// Name is the folder's name for people.
func (f FoundFolder) Name() string { return FolderName(f.Path) }

// FolderName is a path for people, and as they write one.
func FolderName(path []string) string { return strings.Join(path, "/") }

// IsFixed reports whether no choice can be made for the folder.
func (f FoundFolder) IsFixed() bool { return f.View || isInboxPath(f.Path) }

// FolderInventory are the folders of one source, parents before what is below
// them.
type FolderInventory []FoundFolder

// Reason returns why a folder of the inventory is left out with these choices, or
// "". The engine decides the same way (F-17).
func (inv FolderInventory) Reason(f FoundFolder, choices FolderChoices) Reason {
	if len(choices) == 0 || f.IsFixed() {
		return f.Reason
	}
	if choice, found := choices.Fate(f.Path); found {
		return choice.reason()
	}
	if f.Itself {
		return f.Reason
	}
	for level := len(f.Path) - 1; level > 0; level-- {
		if choice, found := choices.Fate(f.Path[:level]); found {
			return choice.reason()
		}
		if f.Reason != "" && inv.leavesOut(f.Path[:level]) {
			return f.Reason
		}
	}
	return f.Reason
}

func (c FolderChoice) reason() Reason {
	if c.Out {
		return ReasonFolder
	}
	return ""
}

// leavesOut reports whether there is a folder at path that is left out itself.
func (inv FolderInventory) leavesOut(path []string) bool {
	return slices.ContainsFunc(inv, func(f FoundFolder) bool { return f.Itself && slices.Equal(f.Path, path) })
}

// Target returns the place at the destination with these choices, in levels.
func (f FoundFolder) Target(choices FolderChoices) []string {
	place := f.To
	if place == nil {
		place = f.Path
	}
	for level := len(f.Path); level > 0 && len(choices) > 0; level-- {
		choice, found := choices.Of(f.Path[:level])
		switch {
		case found && choice.To != nil && level == len(f.Path):
			return choice.To
		case f.Role != "" && f.To != nil:
			return f.To // a role has its place, wherever the folder lies (F-10)
		case found && choice.To != nil:
			return slices.Concat(choice.To, f.Path[level:])
		}
	}
	return place
}

// LeftOut sums what the rules and the choices leave out.
type LeftOut struct {
	Folders, Messages int
	Bytes             int64
	Oversize          int // too large messages in the folders that are copied
}

// LeftOut counts what is left out of the source with these choices.
func (inv FolderInventory) LeftOut(choices FolderChoices) (sum LeftOut) {
	for _, f := range inv {
		switch {
		case f.Parent:
		case inv.Reason(f, choices) == "":
			sum.Oversize += f.Oversize
		default:
			sum.Folders++
			sum.Messages += f.Messages
			sum.Bytes += f.Bytes
		}
	}
	return sum
}
