package migration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FolderLine is a folder of the folder map: all the folders of one path in the
// sources of a migration.
type FolderLine struct {
	Path      []string
	Role      string
	Resources int // that have it
	Messages  int
	Bytes     int64
	Oversize  int

	// Copied is in how many resources it is copied with the choices, and Reason why
	// it is not in the others.
	Copied int
	Reason Reason
	// What lies in those others.
	OutMessages int
	OutBytes    int64
	// Below says that it is left out for the sake of a folder above.
	Below bool
	// Fixed says that nothing can be chosen for it.
	Fixed bool
	// Offered says that it looks like trash or spam, and is copied all the same
	// unless somebody leaves it out (S15).
	Offered bool

	Choice FolderChoice
	Chosen bool // there is a Choice for exactly this folder
	// Differs says that the rules alone would copy it in some resources and not in
	// others, so that it can be left to them.
	Differs bool

	// To are the places at the destination, in the order of their names: more than
	// one where the sources or the destinations differ.
	To [][]string
	// Clashes is in how many resources another folder, With, goes to a place that
	// was chosen for this one, or the other way round.
	Clashes int
	With    []string
}

// ID is a name for the line in forms and addresses.
func (l FolderLine) ID() string {
	sum := sha256.Sum256([]byte(FolderKey(l.Path)))
	return hex.EncodeToString(sum[:6])
}

// Fates of a line, as forms have them.
const (
	FateIn    = "in"
	FateOut   = "out"
	FateMixed = "mixed" // copied in some resources, left out in others
)

// Fate says in a word what becomes of the folder.
func (l FolderLine) Fate() string {
	switch l.Copied {
	case 0:
		return FateOut
	case l.Resources:
		return FateIn
	}
	return FateMixed
}

// Place is where the folder goes for people; "" where there are several places.
func (l FolderLine) Place() string {
	if len(l.To) != 1 {
		return ""
	}
	return FolderName(l.To[0])
}

// MapFolders returns the folder map of the sources of a migration, by path, INBOX
// first. The inventories may have any keys.
func MapFolders(found map[int]FolderInventory, choices FolderChoices) []FolderLine {
	m := folderMap{choices: choices, lines: map[string]*FolderLine{}, ruled: map[string]*ruledLine{}}
	for _, at := range slices.Sorted(maps.Keys(found)) {
		m.add(found[at])
	}
	lines := make([]FolderLine, 0, len(m.lines))
	for key, line := range m.lines {
		slices.SortFunc(line.To, slices.Compare)
		line.Differs = m.ruled[key].copied > 0 && m.ruled[key].copied < line.Resources
		lines = append(lines, *line)
	}
	slices.SortFunc(lines, func(a, b FolderLine) int {
		return cmp.Or(-compareBool(isInboxPath(a.Path), isInboxPath(b.Path)), slices.CompareFunc(a.Path, b.Path, compareNames))
	})
	return lines
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}

type folderMap struct {
	choices FolderChoices
	lines   map[string]*FolderLine
	ruled   map[string]*ruledLine
}

// ruledLine is what would become of a line if nobody had said whether that folder
// is copied.
type ruledLine struct {
	choices FolderChoices
	copied  int // resources
}

func (m folderMap) add(inventory FolderInventory) {
	places := map[string][]string{} // of the copied folders, by the place
	for _, f := range inventory {
		if f.Parent {
			continue
		}
		line := m.line(f)
		reason, to := inventory.Reason(f, m.choices), f.Target(m.choices)
		line.Resources++
		line.Messages, line.Bytes, line.Oversize = line.Messages+f.Messages, line.Bytes+f.Bytes, line.Oversize+f.Oversize
		line.Offered = line.Offered || reason == "" && !line.Chosen && f.LooksLikeRubbish()
		if !slices.ContainsFunc(line.To, func(other []string) bool { return slices.Equal(other, to) }) {
			line.To = append(line.To, to)
		}
		if ruled := m.ruled[FolderKey(f.Path)]; inventory.Reason(f, ruled.choices) == "" {
			ruled.copied++
		}
		if reason != "" {
			line.leaveOut(f, reason)
			continue
		}
		line.Copied++
		m.settle(places, f.Path, to)
	}
}

// decided reports whether somebody said of exactly this folder that it is copied,
// or that it is not.
func (l *FolderLine) decided() bool { return l.Chosen && !l.Choice.ByRules }

// leaveOut counts a resource in which the folder is not copied. Where the reasons
// differ that of the folder itself is told, and not that of one above.
func (l *FolderLine) leaveOut(f FoundFolder, reason Reason) {
	below := !f.Itself && !l.decided()
	if l.Reason == "" || l.Below && !below {
		l.Reason, l.Below = reason, below
	}
	l.OutMessages, l.OutBytes = l.OutMessages+f.Messages, l.OutBytes+f.Bytes
}

func (m folderMap) line(f FoundFolder) *FolderLine {
	key := FolderKey(f.Path)
	line, known := m.lines[key]
	if !known {
		line = &FolderLine{Path: f.Path, Fixed: f.IsFixed()}
		line.Choice, line.Chosen = m.choices.Of(f.Path)
		m.lines[key], m.ruled[key] = line, &ruledLine{choices: m.choices}
		if line.decided() {
			m.ruled[key].choices = maps.Clone(m.choices)
			delete(m.ruled[key].choices, key)
		}
	}
	line.Role = cmp.Or(line.Role, f.Role)
	return line
}

// settle notes the place of a folder, and that two share one. Where nobody chose
// anything they do not: the engine gives each its own.
func (m folderMap) settle(places map[string][]string, path, to []string) {
	key := placeKey(to)
	other, taken := places[key]
	if !taken {
		places[key] = path
		return
	}
	for _, pair := range [][2][]string{{path, other}, {other, path}} {
		if line := m.lines[FolderKey(pair[0])]; len(m.choices) > 0 && m.movesByChoice(pair[0]) {
			line.Clashes++
			line.With = pair[1]
			return
		}
	}
}

// movesByChoice reports whether the place of a folder was chosen, or that of one
// above.
func (m folderMap) movesByChoice(path []string) bool {
	for level := len(path); level > 0; level-- {
		if choice, found := m.choices.Of(path[:level]); found && choice.To != nil {
			return true
		}
	}
	return false
}

func placeKey(to []string) string {
	if len(to) == 1 && strings.EqualFold(to[0], "INBOX") {
		return "INBOX"
	}
	return norm.NFC.String(strings.Join(to, "\x00"))
}

// Faults of the folder map. Their field is that of the line.
const (
	CodeFolderClash = "folder.clash" // args: folder, other, count
	CodeFolderInbox = "folder.inbox" // nothing else goes to INBOX
	CodeFolderChars = "folder.chars" // args: folder
	CodeFolderLong  = "folder.long"  // args: max
	CodeFolderLevel = "folder.level" // an empty level
)

// maxFolderName is how long a name may be, in octets: some servers keep folders as
// files.
const maxFolderName = 200

// ParsePlace reads a place as a person writes it, with "/" between the levels.
func ParsePlace(text string) (to []string, problem Problem, ok bool) {
	for level := range strings.SplitSeq(norm.NFC.String(text), "/") {
		level = cleanName(level)
		switch {
		case level == "" || level == "." || level == "..":
			return nil, Problem{Code: CodeFolderLevel}, false
		case strings.ContainsFunc(level, unicode.IsControl), strings.ContainsAny(level, `*%\"`):
			return nil, Problem{Code: CodeFolderChars, Args: Args{"folder": level}}, false
		}
		to = append(to, level)
	}
	switch {
	case placeKey(to) == "INBOX":
		return nil, Problem{Code: CodeFolderInbox}, false
	case len(FolderName(to)) > maxFolderName:
		return nil, Problem{Code: CodeFolderLong, Args: Args{"max": maxFolderName}}, false
	}
	return to, Problem{}, true
}

// WithoutNeedless returns the choices without those that change nothing of what
// was found: a folder that is copied anyway, under its own name, needs none.
func (c FolderChoices) WithoutNeedless(found map[int]FolderInventory) FolderChoices {
	kept := maps.Clone(c)
	for _, choice := range c.List() {
		without := maps.Clone(kept)
		delete(without, FolderKey(choice.Path))
		if sameFate(found, choice.Path, kept, without) {
			kept = without
		}
	}
	return kept
}

// sameFate reports whether a folder and all below it fare alike with two sets of
// choices. Of a folder that nobody has it says no: it may be there later.
func sameFate(found map[int]FolderInventory, path []string, a, b FolderChoices) bool {
	seen := false
	for _, inventory := range found {
		for _, f := range inventory {
			if len(f.Path) < len(path) || !slices.Equal(f.Path[:len(path)], path) {
				continue
			}
			seen = true
			if inventory.Reason(f, a) != inventory.Reason(f, b) || !slices.Equal(f.Target(a), f.Target(b)) {
				return false
			}
		}
	}
	return seen
}
