package imapsync

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

const maxName = 255 // octets in modified UTF-7: Dovecot's limit, and most file systems'

// mapper finds the destination's name for each source folder (F-5 … F-7). It is
// pure: the destination's tree is read before. Two source folders never get the
// same name.
type mapper struct {
	dest  *tree
	tops  map[string]bool     // top-level names of the source, as they are there
	roles []folder            // source folders with a role, until those are given out
	taken map[string]string   // place at the destination → source path
	names map[string][]string // source path → destination components

	chosen migration.FolderChoices
}

func newMapper(dest *tree, source []folder) *mapper {
	m := &mapper{dest: dest, tops: map[string]bool{}, taken: map[string]string{}, names: map[string][]string{}}
	m.taken["INBOX"] = key([]string{"INBOX"}) // and nobody else's (F-4)
	for _, f := range source {
		m.tops[m.component(f.path[0])] = true
		if f.role != "" {
			m.roles = append(m.roles, f)
		}
	}
	return m
}

// keep notes a name that an earlier pass chose, so that it stays (F-7).
func (m *mapper) keep(f folder, raw string) {
	path := splitPath(wire.Folder{Name: raw, Delim: m.dest.delim}, []wire.Namespace{{Prefix: m.dest.prefix, Delim: m.dest.delim}})
	m.names[key(f.path)] = path
	m.taken[m.place(path)] = key(f.path)
}

// choose gives the folders their places that the admin chose one for, before any
// other has one (F-17): those that are copied. One that is left out takes its place
// from nobody, and has it for what lies below it. Names of earlier passes must be
// kept before.
func (m *mapper) choose(copied []folder, choices migration.FolderChoices) {
	m.chosen = choices
	for _, f := range copied {
		choice, found := choices.Of(f.path)
		if _, kept := m.names[key(f.path)]; found && !kept && choice.To != nil && !f.isFixed() {
			m.claim(f.path, m.chosenPlace(choice.To))
		}
	}
}

// chosenPlace makes a place that a person wrote one of this destination.
func (m *mapper) chosenPlace(to []string) []string {
	path := make([]string, len(to))
	for i, level := range to {
		path[i] = m.component(level)
	}
	switch {
	case m.dest.delim == "":
		return []string{strings.Join(path, "_")}
	case len(path) > 1 && strings.EqualFold(path[0], "INBOX") && m.underInbox():
		return path[1:] // it is the same place there
	case strings.EqualFold(path[0], "INBOX"):
		path[0] = "INBOX"
	}
	return path
}

// target returns the components of the destination folder for a source folder.
// Names of earlier passes must be kept before it is first called, and parents
// come before their children.
func (m *mapper) target(f folder) []string {
	m.giveRoles()
	return m.byPath(f.path)
}

// giveRoles gives the folders with a role their places first: a folder that
// only has the name of one must not stand there before (F-10).
func (m *mapper) giveRoles() {
	for _, f := range m.roles {
		if _, kept := m.names[key(f.path)]; kept {
			continue
		}
		path := m.roleTarget(f.role)
		if path == nil {
			path = m.ownRoleTarget(f)
		}
		if path != nil {
			m.claim(f.path, path)
		}
	}
	m.roles = nil
}

// roleTarget returns the destination's own folder of a role: the one with the
// attribute, else one with a well-known name, else nil (F-10).
func (m *mapper) roleTarget(role string) []string {
	names := wellKnown(role)
	if names == nil {
		return nil
	}
	for _, d := range m.dest.folders {
		if d.role == role && d.opens() && m.free(d.path) {
			return d.path
		}
	}
	for _, name := range names {
		for _, d := range m.dest.folders {
			if len(d.path) == 1 && d.opens() && fold(d.path[0]) == fold(name) && m.free(d.path) {
				return d.path
			}
		}
	}
	return nil
}

// byPath maps a path below its parent's target.
func (m *mapper) byPath(path []string) []string {
	if mapped, ok := m.names[key(path)]; ok {
		return mapped
	}
	parent, leaf := path[:len(path)-1], m.component(path[len(path)-1])
	choice, found := m.chosen.Of(path)
	switch {
	case found && choice.To != nil:
		return m.fit(m.chosenPlace(choice.To), 1) // it is left out, and shares the place
	case len(parent) == 0:
		return m.claim(path, []string{leaf})
	case m.dest.delim == "": // a server without hierarchy
		return m.claim(path, []string{m.byPath(parent)[0] + "_" + leaf})
	case len(parent) == 1 && parent[0] == "INBOX" && m.underInbox():
		// Children of INBOX and top-level folders stand at the same place there.
		if m.tops[leaf] {
			leaf = "INBOX_" + leaf
		}
		return m.claim(path, []string{leaf})
	default:
		return m.claim(path, append(slices.Clone(m.byPath(parent)), leaf))
	}
}

// belowParent returns where a folder belongs if its parent has another place than
// it was to have when path was chosen; nil: it has not.
func (m *mapper) belowParent(source, path []string) []string {
	if len(source) < 2 || len(path) < 2 || m.dest.delim == "" {
		return nil
	}
	parent, known := m.names[key(source[:len(source)-1])]
	if !known || slices.Equal(parent, path[:len(path)-1]) {
		return nil
	}
	return append(slices.Clone(parent), path[len(path)-1])
}

// underInbox reports whether the destination keeps all folders below INBOX.
func (m *mapper) underInbox() bool {
	return m.dest.delim != "" && strings.EqualFold(m.dest.prefix, "INBOX"+m.dest.delim)
}

// claim gives path to source, or a numbered variant if another source has it.
func (m *mapper) claim(source, path []string) []string {
	for n := 1; ; n++ {
		want := m.fit(path, n)
		if owner := m.taken[m.place(want)]; owner == "" || owner == key(source) {
			m.taken[m.place(want)], m.names[key(source)] = key(source), want
			return want
		}
	}
}

// isTwin reports whether another source has a place that differs from path in its case
// alone.
func (m *mapper) isTwin(source, path []string) bool {
	for place, owner := range m.taken {
		if owner != key(source) && strings.EqualFold(place, m.place(path)) {
			return true
		}
	}
	return false
}

// numbered returns the first numbered variant of path that is nobody's, in any case.
func (m *mapper) numbered(path []string) []string {
	for n := 2; ; n++ {
		if other := m.fit(path, n); !m.isTwin(nil, other) {
			return other
		}
	}
}

func (m *mapper) free(path []string) bool { return m.taken[m.place(path)] == "" }

// leastRoom is what a cut name needs below its parent to be worth reading. A
// folder whose parent leaves it less goes one level up.
const leastRoom = 32

// fit numbers a name from the second folder on that wants it, and cuts it where
// the whole would be too long: it then ends in a piece of its hash, so that two
// long names do not become one.
func (m *mapper) fit(path []string, n int) []string {
	parent, leaf, end := path[:len(path)-1], path[len(path)-1], ""
	if n > 1 {
		end = " (" + strconv.Itoa(n) + ")"
	}
	join := func(leaf string) []string { return append(slices.Clone(parent), leaf+end) }
	tooLong := func(path []string) bool { return len(m.rawName(path)) > maxName }
	if want := join(leaf); !tooLong(want) {
		return want
	}
	end = "_" + shortHash(key(path)) + end
	for len(parent) > 0 && tooLong(join(strings.Repeat("_", leastRoom))) {
		parent = parent[:len(parent)-1]
	}
	runes := []rune(leaf)
	runes = runes[:min(len(runes), maxName)]
	for tooLong(join(string(runes))) {
		runes = runes[:len(runes)-1]
	}
	return join(string(runes))
}

// component makes one level of a name acceptable to most servers (F-6).
func (m *mapper) component(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || m.dest.delim != "" && string(r) == m.dest.delim {
			return '_'
		}
		return r
	}, norm.NFC.String(name))
	switch {
	case name == "" || name == ".":
		return "_"
	case name == "..":
		return "__"
	case strings.HasPrefix(name, "~"):
		return "_" + name[1:]
	default:
		return name
	}
}

func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:4])
}

// stricter returns what to try when a destination refuses a name: an alphabet
// that every server takes, then the same with a hash, which cannot collide (F-7).
// Neither is longer than the name that was refused, unless that is very short.
func stricter(path []string) [][]string {
	parent, leaf := path[:len(path)-1], path[len(path)-1]
	plain := strings.Map(func(r rune) rune {
		if r > 0xffff || strings.ContainsRune("./\\%*\"^:?#&{}`~|<>", r) {
			return '_'
		}
		return r
	}, strings.TrimSpace(leaf))
	if plain == "" {
		plain = "_"
	}
	ascii := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' || r == '_' || r == '-') {
			return r
		}
		return '_'
	}, plain)
	end := "_" + shortHash(leaf)
	if room := max(len(wire.EncodeName(leaf))-len(end), 1); len(ascii) > room {
		ascii = ascii[:room]
	}
	return [][]string{append(slices.Clone(parent), plain), append(slices.Clone(parent), ascii+end)}
}

// rawName joins components to the octets that are sent.
func (m *mapper) rawName(path []string) string { return wire.EncodeName(m.name(path)) }

func (m *mapper) name(path []string) string {
	whole := strings.Join(path, m.dest.delim)
	if path[0] == "INBOX" && (len(path) == 1 || m.underInbox()) {
		return whole // it stands outside the prefix, or is the prefix
	}
	return m.dest.prefix + whole
}

// place is a destination name in the form in which names are compared.
func (m *mapper) place(path []string) string {
	name := norm.NFC.String(m.name(path))
	if strings.EqualFold(name, "INBOX") {
		return "INBOX"
	}
	return name
}

// existing returns the destination's folder at path, if it is there: its own
// raw name may be spelled in another normal form.
func (m *mapper) existing(path []string) (folder, bool) {
	i := slices.IndexFunc(m.dest.folders, func(d folder) bool { return m.place(d.path) == m.place(path) })
	if i < 0 {
		return folder{}, false
	}
	return m.dest.folders[i], true
}

// key is a path as one string, never the empty one. No component holds the octet
// between them: they are valid UTF-8.
func key(path []string) string { return "\xff" + strings.Join(path, "\xff") }
