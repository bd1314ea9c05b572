package imapsync

import (
	"slices"
	"testing"

	"trasloco/imapsync/wire"
)

// top returns folders at the top level; what follows a bar is an attribute.
func top(names ...string) []folder {
	var folders []folder
	for _, f := range names {
		name, attr, _ := cutBar(f)
		folders = append(folders, folder{Folder: wire.Folder{Name: name, Delim: "/", Attrs: attr}})
	}
	for i := range folders {
		folders[i].path = splitPath(folders[i].Folder, nil)
	}
	return folders
}

func cutBar(text string) (name string, attrs []string, ok bool) {
	i := slices.Index([]byte(text), '|')
	if i < 0 {
		return text, nil, false
	}
	return text[:i], []string{text[i+1:]}, true
}

func TestRoles(t *testing.T) {
	tests := []struct {
		name    string
		folders []folder
		want    map[string]string
	}{
		{"by attribute, whatever the name (F-10)", top("a|\\Sent", "b|\\Drafts", "c|\\Archive", "d|\\Trash", "e|\\Junk"), map[string]string{"a": `\Sent`, "b": `\Drafts`, "c": `\Archive`, "d": `\Trash`, "e": `\Junk`}},
		{"attributes have no case", top("a|\\sent"), map[string]string{"a": `\Sent`}},
		{"views are roles too", top("a|\\All", "b|\\Flagged", "c|\\Important"), map[string]string{"a": `\All`, "b": `\Flagged`, "c": `\Important`}},
		{"by name in English", top("Sent", "Drafts", "Archive"), map[string]string{"Sent": `\Sent`, "Drafts": `\Drafts`, "Archive": `\Archive`}},
		{"by name in Italian", top("Posta inviata", "Bozze", "Archivio"), map[string]string{"Posta inviata": `\Sent`, "Bozze": `\Drafts`, "Archivio": `\Archive`}},
		{"by name in German", top("Gesendete Elemente", "Entw&APw-rfe", "Archiv"), map[string]string{"Gesendete Elemente": `\Sent`, "Entw&APw-rfe": `\Drafts`, "Archiv": `\Archive`}},
		{"by name in French", top("&AMk-l&AOk-ments envoy&AOk-s", "Brouillons"), map[string]string{"&AMk-l&AOk-ments envoy&AOk-s": `\Sent`, "Brouillons": `\Drafts`}},
		{"by name in Spanish", top("Enviados", "Borradores", "Archivo"), map[string]string{"Enviados": `\Sent`, "Borradores": `\Drafts`, "Archivo": `\Archive`}},
		{"names have no case", top("SENT items"), map[string]string{"SENT items": `\Sent`}},
		{"one folder wins: the likelier name", top("Inviata", "Posta inviata", "Sent"), map[string]string{"Sent": `\Sent`}},
		{"the attribute beats the likelier name (F-10)", top("Sent", "x|\\Sent"), map[string]string{"x": `\Sent`}},
		{"of two attributes the first wins", top("a|\\Sent", "b|\\Sent"), map[string]string{"a": `\Sent`}},
		{"who lost a role by attribute wins none by name", top("Drafts|\\Sent", "A|\\Sent"), map[string]string{"Drafts": `\Sent`}},
		{"a name further down is none (F-10)", top("Clienti/Sent", "INBOX/Sent"), nil},
		{"a name that does not open is none", top("Sent|\\Noselect"), nil},
		{"a name that only contains it is none", top("Sent by Bob", "Unsent", "Old Drafts"), nil},
		{"Trash and Junk are none by name (F-11)", top("Trash", "Cestino", "Spam", "Junk", "Posta eliminata", "Deleted Items"), nil},
		{"INBOX has none, whatever it is marked as", top("INBOX|\\Sent"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assignRoles(tt.folders)
			for _, f := range tt.folders {
				if f.role != tt.want[f.Name] {
					t.Errorf("%s is %q, want %q", f.Name, f.role, tt.want[f.Name])
				}
			}
		})
	}
}

// Each role has one winner however many folders ask for it (F-10).
func TestRolesHaveOneWinner(t *testing.T) {
	var folders []folder
	for _, known := range roleNames {
		folders = append(folders, top(known.names...)...)
		folders = append(folders, top("x"+known.role+"|"+known.role, "y"+known.role+"|"+known.role)...)
	}
	assignRoles(folders)
	winners := map[string]int{}
	for _, f := range folders {
		winners[f.role]++
	}
	for _, known := range roleNames {
		if winners[known.role] != 1 {
			t.Errorf("%s has %d winners", known.role, winners[known.role])
		}
		if names := wellKnown(known.role); len(names) == 0 || !slices.Equal(names, known.names) {
			t.Errorf("%s is known as %q", known.role, names)
		}
	}
	if wellKnown("") != nil || wellKnown(`\All`) != nil || wellKnown(`\sent`) == nil {
		t.Error("the names of a role depend on its case, or no role has names")
	}
}
