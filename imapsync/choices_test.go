package imapsync

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// choose makes choices of "name out", "name in", "name → place" and, where the
// rules say whether it is copied, "name ⇒ place".
func choose(lines ...string) migration.FolderChoices {
	var list []migration.FolderChoice
	for _, line := range lines {
		name, to, renamed := strings.Cut(line, " → ")
		choice := migration.FolderChoice{}
		if before, after, byRules := strings.Cut(line, " ⇒ "); byRules {
			name, choice = before, migration.FolderChoice{ByRules: true, To: strings.Split(after, "/")}
		} else if renamed {
			choice.To = strings.Split(to, "/")
		} else {
			var out bool
			name, out = strings.CutSuffix(name, " out")
			choice.Out, name = out, strings.TrimSuffix(name, " in")
		}
		choice.Path = strings.Split(name, "/")
		list = append(list, choice)
	}
	return migration.NewFolderChoices(list...)
}

func TestChoicesGoBeforeTheRules(t *testing.T) {
	tests := []struct {
		name    string
		choices migration.FolderChoices
		folder  string
		others  []string
		want    migration.Reason
	}{
		{"what nobody chose follows the rules (F-17)", choose("Altro out"), "Trash", nil, migration.ReasonFolder},
		{"left out by choice", choose("Posta eliminata out"), "Posta eliminata", nil, migration.ReasonFolder},
		{"included by choice", choose("Trash in"), "Trash", nil, ""},
		{"included although it is marked", choose("Rifiuti in"), `Rifiuti|\Trash`, nil, ""},
		{"renamed means included", choose("Trash → Vecchio cestino"), "Trash", nil, ""},
		{"another name alone includes nothing", choose("Trash ⇒ Vecchio cestino"), "Trash", nil, migration.ReasonFolder},
		{"nor what lies below", choose("Trash ⇒ Vecchio cestino"), "Trash/2019", []string{"Trash"}, migration.ReasonFolder},
		{"nor does it hide the choice for a folder above", choose("Vecchi out", "Vecchi/2019 ⇒ Prima"), "Vecchi/2019/x", []string{"Vecchi", "Vecchi/2019"}, migration.ReasonFolder},
		{"below a folder that is left out by choice", choose("Vecchi out"), "Vecchi/2019/Spam", []string{"Vecchi"}, migration.ReasonFolder},
		{"below a folder that is included by choice", choose("Trash in"), "Trash/2019", []string{"Trash"}, ""},
		{"the nearest choice counts", choose("Vecchi out", "Vecchi/2019 in"), "Vecchi/2019/x", []string{"Vecchi", "Vecchi/2019"}, ""},
		{"the other way round", choose("Trash in", "Trash/2019 out"), "Trash/2019/x", []string{"Trash", "Trash/2019"}, migration.ReasonFolder},
		{"what is marked itself below one that is included", choose("Vecchi in"), `Vecchi/Cestino|\Trash`, []string{"Vecchi"}, migration.ReasonFolder},
		{"below what is marked itself below one that is included", choose("Vecchi in"), `Vecchi/Cestino/x`, []string{"Vecchi", `Vecchi/Cestino|\Trash`}, migration.ReasonFolder},
		{"INBOX is always copied (F-4)", choose("INBOX out"), "INBOX", nil, ""},
		{"and so is what lies below it", choose("INBOX out"), "INBOX/Lavoro", []string{"INBOX"}, ""},
		{"a view is never copied (M-3)", choose("Tutti in"), `Tutti|\All`, nil, migration.ReasonFolder},
		{"other letters are another folder", choose("vecchi out"), "Vecchi", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := top(append(tt.others, tt.folder)...)
			assignRoles(all)
			rules := migration.DefaultFolderRules()
			rules.Chosen = tt.choices
			if got := excluded(all[len(all)-1], all, rules); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestThePageDecidesAsTheEngineDoes: what a person is shown of an inventory is
// what the copy does (F-17), for trees and choices of every kind.
func TestThePageDecidesAsTheEngineDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	words := []string{"Trash", "Spam", "Vecchi", "2019", "Posta inviata", "Calendar", "Lavoro"}
	attrs := []string{"", "", "", "", `\Trash`, `\Junk`, `\Sent`, `\All`, `\Noselect`}
	for range 2000 {
		listed := []wire.Folder{{Name: "INBOX", Delim: "/"}}
		paths := [][]string{{"INBOX"}}
		for range 12 {
			parent := paths[random.IntN(len(paths))]
			path := []string{words[random.IntN(len(words))]}
			if random.IntN(2) == 0 && len(parent) < 4 {
				path = append(slices.Clone(parent), path...)
			}
			f := wire.Folder{Name: strings.Join(path, "/"), Delim: "/"}
			if attr := attrs[random.IntN(len(attrs))]; attr != "" {
				f.Attrs = []string{attr}
			}
			listed, paths = append(listed, f), append(paths, path)
		}
		var list []migration.FolderChoice
		for range random.IntN(5) {
			choice := migration.FolderChoice{Path: paths[random.IntN(len(paths))], Out: random.IntN(2) == 0}
			if random.IntN(2) == 0 {
				choice.To = []string{"Renamed", strings.Repeat("x", len(list)+1)}
				choice.ByRules = !choice.Out && random.IntN(2) == 0
			}
			list = append(list, choice)
		}
		checkPage(t, newTree(wire.Namespaces{Personal: []wire.Namespace{{Delim: "/"}}}, listed), migration.NewFolderChoices(list...))
	}
}

func checkPage(t *testing.T, source *tree, choices migration.FolderChoices) {
	t.Helper()
	rules := DefaultRules(migration.Exchange)
	found := Findings{tree: source}
	for _, f := range source.folders {
		found.Inventory = append(found.Inventory, foundFolder(f, source.folders, rules))
	}
	dest := newTree(wire.Namespaces{Personal: []wire.Namespace{{Delim: "/"}}}, []wire.Folder{{Name: "INBOX", Delim: "/"}, {Name: "Sent", Delim: "/", Attrs: []string{`\Sent`}}})
	placed := Places(found, Findings{tree: dest})
	rules.Chosen = choices
	copied := slices.DeleteFunc(slices.Clone(source.folders), func(f folder) bool { return excluded(f, source.folders, rules) != "" })
	m := newMapper(dest, copied)
	m.choose(copied, choices)
	for i, f := range source.folders {
		want := excluded(f, source.folders, rules)
		if got := placed.Reason(placed[i], choices); got != want {
			t.Errorf("%q with %v: the page says %q, the engine %q", f.path, choices, got, want)
		}
		if choice, chosen := choices.Of(f.path); want == "" && f.opens() && chosen && choice.To != nil {
			if got := placed[i].Target(choices); !slices.Equal(got, m.target(f)) {
				t.Errorf("%q with %v: the page says %q, the engine %q", f.path, choices, got, m.target(f))
			}
		}
	}
}

func TestChosenPlaces(t *testing.T) {
	slash, dot, none := wire.Namespace{Delim: "/"}, wire.Namespace{Delim: ".", Prefix: "INBOX."}, wire.Namespace{}
	tests := []struct {
		name    string
		dest    wire.Namespace
		there   []string
		choices migration.FolderChoices
		source  []string
		want    []string
	}{
		{"a folder gets another name (F-17)", slash, nil, choose("Vecchi → Archivio/2019"), []string{"Vecchi"}, []string{"Archivio/2019"}},
		{"what lies below follows", slash, nil, choose("Vecchi → Archivio"), []string{"Vecchi", "Vecchi/a/b"}, []string{"Archivio", "Archivio/a/b"}},
		{"a choice of its own goes before", slash, nil, choose("Vecchi → Archivio", "Vecchi/a → A"), []string{"Vecchi", "Vecchi/a"}, []string{"Archivio", "A"}},
		{"it goes before the place of a role", slash, []string{`Sent|\Sent`}, choose("Posta inviata → Inviata vecchia"), []string{"Posta inviata"}, []string{"Inviata vecchia"}},
		{"nobody else gets the place", slash, nil, choose("Vecchi → Lavoro"), []string{"Lavoro", "Vecchi"}, []string{"Lavoro (2)", "Lavoro"}},
		{"an included Trash goes to the destination's", slash, []string{`Cestino|\Trash`}, choose("Trash in"), []string{`Trash|\Trash`}, []string{"Cestino"}},
		{"below INBOX, where all is", dot, nil, choose("Vecchi → INBOX/Archivio"), []string{"Vecchi"}, []string{"INBOX.Archivio"}},
		{"the delimiter is no part of a name (F-6)", dot, nil, choose("Vecchi → Sito web.it"), []string{"Vecchi"}, []string{"INBOX.Sito web_it"}},
		{"a server without hierarchy", none, nil, choose("Vecchi → Archivio/2019"), []string{"Vecchi"}, []string{"Archivio_2019"}},
		{"INBOX is nobody else's (F-4)", slash, nil, choose("Vecchi → inbox"), []string{"Vecchi"}, []string{"INBOX (2)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, there := top(tt.source...), top(tt.there...)
			assignRoles(source)
			assignRoles(there)
			m := newMapper(&tree{delim: tt.dest.Delim, prefix: tt.dest.Prefix, folders: there}, source)
			m.choose(source, tt.choices)
			for i, f := range source {
				if got := m.rawName(m.target(f)); got != tt.want[i] {
					t.Errorf("%s goes to %q, want %q", f.Name, got, tt.want[i])
				}
			}
		})
	}
}
