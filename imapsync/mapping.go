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
)

const maxName = 255 // octets in modified UTF-7: Dovecot's limit, and most file systems'

// mapper finds the destination's name for each source folder (F-5 … F-7). It is
// pure: the destination's tree is read before.
type mapper struct {
	dest  *tree
	tops  map[string]bool     // top-level names of the source
	taken map[string]string   // destination name in NFC → source path
	names map[string][]string // source path → destination components
}

func newMapper(dest *tree, source []folder) *mapper {
	m := &mapper{dest: dest, tops: map[string]bool{}, taken: map[string]string{}, names: map[string][]string{}}
	for _, f := range source {
		m.tops[f.path[0]] = true
	}
	return m
}

// keep notes a name that an earlier pass chose, so that it stays (F-7).
func (m *mapper) keep(f folder, raw string) {
	path := splitPath(wire.Folder{Name: raw, Delim: m.dest.delim}, []wire.Namespace{{Prefix: m.dest.prefix, Delim: m.dest.delim}})
	m.names[key(f.path)] = path
	m.taken[key(path)] = key(f.path)
}

// target returns the components of the destination folder for a source folder.
func (m *mapper) target(f folder) []string {
	if path, ok := m.names[key(f.path)]; ok {
		return path
	}
	if path := m.roleTarget(f); path != nil {
		return m.claim(f.path, path)
	}
	return m.byPath(f.path)
}

// roleTarget returns the destination's own folder of the role: the one with the
// attribute, else one with a well-known name, else nil (F-10).
func (m *mapper) roleTarget(f folder) []string {
	names := wellKnown(f.role)
	if names == nil {
		return nil
	}
	for _, d := range m.dest.folders {
		if d.role == f.role && m.free(d.path) {
			return d.path
		}
	}
	for _, name := range names {
		for _, d := range m.dest.folders {
			if len(d.path) == 1 && fold(d.path[0]) == fold(name) && m.free(d.path) {
				return d.path
			}
		}
	}
	return nil
}

func (m *mapper) free(path []string) bool { return m.taken[key(path)] == "" }

// byPath maps a path below its parent's target.
func (m *mapper) byPath(path []string) []string {
	if mapped, ok := m.names[key(path)]; ok {
		return mapped
	}
	if len(path) == 1 {
		if path[0] == "INBOX" {
			return m.claim(path, path)
		}
		return m.claim(path, []string{m.component(path[0])})
	}
	parent, leaf := path[:len(path)-1], m.component(path[len(path)-1])
	if len(parent) == 1 && parent[0] == "INBOX" && m.underInbox() {
		// Children of INBOX and top-level folders stand at the same place there.
		if m.tops[path[1]] {
			leaf = "INBOX_" + leaf
		}
		return m.claim(path, []string{leaf})
	}
	return m.claim(path, append(slices.Clone(m.byPath(parent)), leaf))
}

// underInbox reports whether the destination keeps all folders below INBOX.
func (m *mapper) underInbox() bool {
	return m.dest.delim != "" && strings.EqualFold(m.dest.prefix, "INBOX"+m.dest.delim)
}

// claim gives path to source, or a numbered variant if another source has it.
func (m *mapper) claim(source, path []string) []string {
	want := slices.Clone(path)
	for n := 2; !m.free(want) && m.taken[key(want)] != key(source); n++ {
		want[len(want)-1] = path[len(path)-1] + " (" + strconv.Itoa(n) + ")"
	}
	m.taken[key(want)] = key(source)
	m.names[key(source)] = want
	return want
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
		name = "_"
	case name == "..":
		name = "__"
	case strings.HasPrefix(name, "~"):
		name = "_" + name[1:]
	}
	return shorten(name)
}

// shorten cuts a name that is too long and ends it in a piece of its hash, so
// that two long names do not become one.
func shorten(name string) string {
	if len(wire.EncodeName(name)) <= maxName {
		return name
	}
	runes := []rune(name)
	for len(wire.EncodeName(string(runes)))+9 > maxName {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "_" + shortHash(name)
}

func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:4])
}

// stricter returns what to try when a destination refuses a name: an alphabet
// that every server takes, then the same with a hash, which cannot collide (F-7).
func stricter(path []string) [][]string {
	leaf := path[len(path)-1]
	plain := strings.Map(func(r rune) rune {
		if r > 0xffff || strings.ContainsRune("./\\%*\"^:?#&{}`~|<>", r) {
			return '_'
		}
		return r
	}, strings.TrimSpace(leaf))
	if plain == "" {
		plain = "_"
	}
	hashed := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' || r == '_' || r == '-') {
			return r
		}
		return '_'
	}, plain) + "_" + shortHash(leaf)
	parent := path[:len(path)-1]
	return [][]string{append(slices.Clone(parent), plain), append(slices.Clone(parent), hashed)}
}

// rawName joins components to the octets that are sent.
func (m *mapper) rawName(path []string) string { return wire.EncodeName(m.name(path)) }

func (m *mapper) name(path []string) string {
	if len(path) == 1 && path[0] == "INBOX" {
		return "INBOX"
	}
	return m.dest.prefix + strings.Join(path, m.dest.delim)
}

// existing returns the destination's folder at path, if it is there: its own
// raw name may be spelled in another normal form.
func (m *mapper) existing(path []string) (folder, bool) {
	i := slices.IndexFunc(m.dest.folders, func(d folder) bool { return key(d.path) == key(path) })
	if i < 0 {
		return folder{}, false
	}
	return m.dest.folders[i], true
}

// key is a path in the form in which paths are compared.
func key(path []string) string { return norm.NFC.String(strings.Join(path, "\x00")) }
