package imapsync

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var update = flag.Bool("update", false, "write the golden files anew")

// story is a golden file: two trees, and below a line of hyphens where each
// source folder goes.
type story struct {
	text         string // above the line
	source, dest wire.Namespaces
	listed       []wire.Folder
	there        []wire.Folder
	rules        migration.FolderRules
}

func readStory(t *testing.T, file string) (s story, want string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.rules = migration.DefaultFolderRules()
	s.text, want, _ = strings.Cut(string(data), "---\n")
	for line := range strings.Lines(s.text) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		delim, prefix, _ := strings.Cut(rest, " ")
		space := wire.Namespace{Prefix: prefix, Delim: strings.TrimPrefix(delim, "NIL")}
		switch word {
		case "source":
			s.source.Personal = []wire.Namespace{space}
		case "dest":
			s.dest.Personal = []wire.Namespace{space}
		case "others":
			s.source.Others = []wire.Namespace{{Prefix: rest, Delim: s.source.Personal[0].Delim}}
		case "shared":
			s.source.Shared = []wire.Namespace{{Prefix: rest, Delim: s.source.Personal[0].Delim}}
		case "groupware":
			s.rules.Groupware = migration.Groupware(rest)
		case "list":
			s.listed = append(s.listed, listLine(rest, s.source))
		case "there":
			s.there = append(s.there, listLine(rest, s.dest))
		}
	}
	return s, want
}

// listLine reads a name, with \xe8 for an octet, and perhaps an attribute.
func listLine(text string, spaces wire.Namespaces) wire.Folder {
	f := wire.Folder{Delim: spaces.Personal[0].Delim}
	name, attr, ok := strings.Cut(text, ` \`)
	if ok {
		f.Attrs = []string{`\` + attr}
	}
	f.Name = strings.ReplaceAll(name, `\xe8`, "\xe8")
	return f
}

// tell maps the folders in the order in which a run makes them.
func (s story) tell() string {
	source := newTree(s.source, s.listed)
	m := newMapper(newTree(s.dest, s.there), source.folders)
	order := slices.Clone(source.folders)
	slices.SortStableFunc(order, func(a, b folder) int { return len(a.path) - len(b.path) })
	lines := map[string]string{}
	for _, f := range order {
		fate, role := "is a parent only", f.role
		if reason := excluded(f, source.folders, s.rules); reason != "" {
			fate = string(reason)
		} else if f.opens() {
			fate = fmt.Sprintf("→ %q", m.rawName(m.target(f)))
			if (migration.FoundFolder{Path: f.path, Role: f.role}).LooksLikeRubbish() {
				role = "offered" // for leaving out
			}
		}
		lines[f.Name] = strings.TrimRight(fmt.Sprintf("%q %s %s", f.Name, fate, role), " ")
	}
	var out []string
	for _, f := range source.folders {
		out = append(out, lines[f.Name])
	}
	for _, name := range source.foreign {
		out = append(out, fmt.Sprintf("%q is of others", name))
	}
	return strings.Join(out, "\n") + "\n"
}

func TestTrees(t *testing.T) {
	files, err := filepath.Glob("testdata/trees/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, want := readStory(t, file)
			got := s.tell()
			if *update {
				if err := os.WriteFile(file, []byte(s.text+"---\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			random := rand.New(rand.NewPCG(5, 6))
			for range 10 { // the order of the listings plays no part
				random.Shuffle(len(s.listed), func(i, j int) { s.listed[i], s.listed[j] = s.listed[j], s.listed[i] })
				random.Shuffle(len(s.there), func(i, j int) { s.there[i], s.there[j] = s.there[j], s.there[i] })
				if again := s.tell(); again != got {
					t.Fatalf("another order gives\n%sand not\n%s", again, got)
				}
			}
		})
	}
}

// mapAll maps names of a source with "/" onto an empty destination.
func mapAll(dest wire.Namespace, names ...string) map[string]string {
	var listed []wire.Folder
	for _, name := range names {
		listed = append(listed, wire.Folder{Name: name, Delim: "/"})
	}
	return mapListed(dest, wire.Namespaces{Personal: []wire.Namespace{{Delim: "/"}}}, listed)
}

func mapListed(dest wire.Namespace, spaces wire.Namespaces, listed []wire.Folder) map[string]string {
	source := newTree(spaces, listed)
	m := newMapper(newTree(wire.Namespaces{Personal: []wire.Namespace{dest}}, nil), source.folders)
	order := slices.Clone(source.folders)
	slices.SortStableFunc(order, func(a, b folder) int { return len(a.path) - len(b.path) })
	names := map[string]string{}
	for _, f := range order {
		names[f.Name] = m.rawName(m.target(f))
	}
	return names
}

// A name is at most 255 octets in modified UTF-7 as a whole (F-6), and two that
// are cut do not become one (F-7).
func TestLongNames(t *testing.T) {
	long := strings.Repeat("n", 300)
	accents := strings.Repeat("è", 300)
	deep := strings.TrimSuffix(strings.Repeat(strings.Repeat("d", 60)+"/", 6), "/")
	tests := []struct {
		name  string
		names []string
	}{
		{"300 octets", []string{long}},
		{"two that differ behind the limit", []string{long + "a", long + "b"}},
		{"two that differ in the last accent", []string{wire.EncodeName(accents + "a"), wire.EncodeName(accents + "b")}},
		{"255 octets, twice after mapping", []string{strings.Repeat("n", 254) + "\x01", strings.Repeat("n", 254) + "_"}},
		{"deep paths", []string{deep, deep + "/x", deep + "/y", deep + "/x/z"}},
		{"a child of a long parent", []string{strings.Repeat("p", 250), strings.Repeat("p", 250) + "/child", strings.Repeat("p", 250) + "/chile"}},
		{"a true child of INBOX", []string{"INBOX", "INBOX/" + long}},
	}
	for _, tt := range tests {
		for _, dest := range []wire.Namespace{{Delim: "/"}, {Prefix: "INBOX.", Delim: "."}, {}} {
			t.Run(fmt.Sprintf("%s onto %q", tt.name, dest), func(t *testing.T) {
				seen := map[string]bool{}
				for _, raw := range mapAll(dest, tt.names...) {
					if len(raw) > maxName || seen[raw] {
						t.Errorf("%d octets, seen before %v: %q", len(raw), seen[raw], raw)
					}
					seen[raw] = true
				}
				if len(seen) != len(tt.names) {
					t.Errorf("%d names, want %d", len(seen), len(tt.names))
				}
			})
		}
	}
}

// What an earlier pass chose stays, and nobody else gets it (F-7).
func TestKeptNames(t *testing.T) {
	source := newTree(wire.Namespaces{Personal: []wire.Namespace{{Delim: "/"}}}, []wire.Folder{
		{Name: "INBOX", Delim: "/"},
		{Name: "Lavoro", Delim: "/"},
		{Name: "Lavoro/2023", Delim: "/"},
		{Name: "Posta", Delim: "/"},
		{Name: "Inviata", Delim: "/", Attrs: []string{`\Sent`}},
	})
	dest := newTree(wire.Namespaces{Personal: []wire.Namespace{{Prefix: "INBOX.", Delim: "."}}}, []wire.Folder{
		{Name: "INBOX.Sent", Delim: ".", Attrs: []string{`\Sent`}}, {Name: "INBOX.Lavoro_1a2b", Delim: "."},
	})
	m := newMapper(dest, source.folders)
	kept := map[string]string{"Lavoro": "INBOX.Lavoro_1a2b", "Inviata": "INBOX.Posta", "INBOX": "INBOX"}
	for _, f := range source.folders {
		if raw, ok := kept[f.Name]; ok {
			m.keep(f, raw)
		}
	}
	want := map[string]string{
		"INBOX": "INBOX", "Lavoro": "INBOX.Lavoro_1a2b", "Lavoro/2023": "INBOX.Lavoro_1a2b.2023", "Inviata": "INBOX.Posta", "Posta": "INBOX.Posta (2)",
	}
	for _, f := range source.folders {
		if got := m.rawName(m.target(f)); got != want[f.Name] {
			t.Errorf("%s → %q, want %q", f.Name, got, want[f.Name])
		}
	}
}

// A folder that is refused gets a stricter name (F-7); its children follow.
func TestStricterNames(t *testing.T) {
	tests := []struct {
		name, leaf, plain, start string
	}{
		{"marks that Cyrus refuses", `a%"\{^` + "`b", "a______b", "a"},
		{"what stands outside the BMP, for Courier", "posta 📧", "posta _", "posta"},
		{"accents are left at first", "Attività", "Attività", "Att"},
		{"a slash where the delimiter is another", "a/b", "a_b", "a"},
		{"a dot for Maildir++", "v1.2", "v1_2", "v"},
		{"blanks at the ends", " a ", "a", "a"},
		{"nothing but blanks", "  ", "_", "_"},
		{"a name of Dovecot's own", "dbox-Mails", "dbox-Mails", "d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := stricter([]string{"parent", tt.leaf})
			if len(got) != 2 || got[0][0] != "parent" || got[1][0] != "parent" || got[0][1] != tt.plain {
				t.Fatalf("got %q", got)
			}
			head, hash := got[1][1], shortHash(tt.leaf)
			if !strings.HasSuffix(head, "_"+hash) || strings.Trim(head, "abcdefghijklmnopqrstuvwxyzAM0123456789 _-") != "" || !strings.HasPrefix(head, tt.start) {
				t.Errorf("second name %q", head)
			}
		})
	}
	if a, b := stricter([]string{"a%"})[1][0], stricter([]string{"a*"})[1][0]; a == b {
		t.Errorf("two names become %q", a)
	}
	long := strings.Repeat("é", 90)
	if got := stricter([]string{long})[1][0]; len(got) > len(wire.EncodeName(long)) {
		t.Errorf("%d octets of %d", len(got), len(wire.EncodeName(long)))
	}
}

func TestChildrenFollowARefusedParent(t *testing.T) {
	source := newTree(wire.Namespaces{Personal: []wire.Namespace{{Delim: "/"}}}, []wire.Folder{{Name: "100%", Delim: "/"}, {Name: "100%/a", Delim: "/"}})
	m := newMapper(newTree(wire.Namespaces{Personal: []wire.Namespace{{Delim: "."}}}, nil), source.folders)
	parent := m.target(source.folders[0])
	m.claim(source.folders[0].path, stricter(parent)[0])
	if got := m.rawName(m.target(source.folders[1])); got != "100_.a" {
		t.Errorf("the child goes to %q", got)
	}
	if m.free([]string{"100_"}) || !m.free([]string{"200_"}) {
		t.Error("what is given is free, or what is free is given")
	}
}

// INBOX belongs to INBOX, even before anybody asked for it (F-4).
func TestNobodyElseGetsINBOX(t *testing.T) {
	for _, dest := range []wire.Namespace{{Delim: "/"}, {Prefix: "INBOX.", Delim: "."}} {
		m := newMapper(newTree(wire.Namespaces{Personal: []wire.Namespace{dest}}, nil), nil)
		if got := m.claim([]string{"other"}, []string{"INBOX"}); m.rawName(got) == "INBOX" || m.free([]string{"INBOX"}) {
			t.Errorf("%q: another folder goes to %q", dest, m.rawName(got))
		}
		if got := m.claim([]string{"INBOX"}, []string{"INBOX"}); m.rawName(got) != "INBOX" {
			t.Errorf("%q: INBOX goes to %q", dest, m.rawName(got))
		}
	}
}

// A destination folder that exists is found by the list, in whatever normal form
// it is spelled (F-8).
func TestExistingFolders(t *testing.T) {
	dest := newTree(wire.Namespaces{Personal: []wire.Namespace{{Prefix: "INBOX.", Delim: "."}}}, []wire.Folder{
		{Name: "inbox", Delim: "."}, {Name: "INBOX.Caffe&AwA-", Delim: "."}, {Name: "INBOX.INBOX", Delim: "."},
	})
	m := newMapper(dest, nil)
	for name, path := range map[string][]string{"inbox": {"INBOX"}, "INBOX.Caffe&AwA-": {"Caffè"}, "INBOX.INBOX": {"INBOX", "INBOX"}, "": {"caffè"}} {
		if got, ok := m.existing(path); got.Name != name || ok != (name != "") {
			t.Errorf("%q: got %q, %v", path, got.Name, ok)
		}
	}
}

// Whatever a source calls its folders, no two of them meet at one name, every
// name is one that servers take, and INBOX goes to INBOX (F-4, F-6, F-15).
func FuzzMapping(f *testing.F) {
	for _, seed := range []string{
		"INBOX\nInbox\nINBOX/a\na\nINBOX_a", "a/b\na//b\n/a\n..\n~", "R&D\nR&-D\nR&--D\nR&D (2)", "a&AAA-b\na/b\na\xffb",
		"e&AwE-\n&AOk-", "a (2)\na\x01\na\x02\na_", strings.Repeat("x", 300) + "\n" + strings.Repeat("x", 301), "INBOX.INBOX\nINBOX.inbox\nINBOX.", "Sent\nsent\nInviata",
	} {
		f.Add(seed, byte(0), byte(1))
		f.Add(seed, byte(3), byte(2))
	}
	delims := []string{"/", ".", "", `\`}
	f.Fuzz(func(t *testing.T, text string, from, to byte) {
		source := wire.Namespace{Delim: delims[from%4]}
		dest := wire.Namespace{Delim: delims[to%4]}
		if from%8 > 3 {
			source.Prefix = "INBOX" + source.Delim
		}
		if to%8 > 3 && dest.Delim != "" {
			dest.Prefix = "INBOX" + dest.Delim
		}
		listed := []wire.Folder{{Name: "INBOX", Delim: source.Delim}} // withInbox sees to that
		for i, name := range strings.Split(text, "\n") {
			folder := wire.Folder{Name: name, Delim: source.Delim}
			if i%5 == 4 {
				folder.Attrs = []string{roleAttributes[i%len(roleAttributes)]}
			}
			listed = append(listed, folder)
		}
		seen := map[string]string{}
		for name, raw := range mapListed(dest, wire.Namespaces{Personal: []wire.Namespace{source}}, listed) {
			checkTarget(t, name, raw, dest)
			if other, ok := seen[raw]; ok {
				t.Errorf("%q and %q go to %q", name, other, raw)
			}
			seen[raw] = name
		}
	})
}

func checkTarget(t *testing.T, name, raw string, dest wire.Namespace) {
	t.Helper()
	if strings.EqualFold(name, "INBOX") != (raw == "INBOX") || strings.EqualFold(raw, "INBOX") != (raw == "INBOX") {
		t.Errorf("%q goes to %q", name, raw)
	}
	if len(raw) > maxName || strings.ContainsFunc(raw, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		t.Errorf("%q goes to %q of %d octets", name, raw, len(raw))
	}
	text, ok := strings.CutPrefix(wire.DecodeName(raw), dest.Prefix)
	if !ok && raw != "INBOX" {
		t.Errorf("%q goes to %q, outside of %q", name, raw, dest.Prefix)
	}
	for _, part := range components(text, dest.Delim) {
		if part == "" || part == "." || part == ".." || strings.HasPrefix(part, "~") {
			t.Errorf("%q goes to %q with the component %q", name, raw, part)
		}
	}
}
