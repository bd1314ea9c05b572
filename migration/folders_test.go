package migration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sources are the folders of three accounts: name, messages, and what is odd.
func sources() map[int]FolderInventory {
	folder := func(name string, messages int) FoundFolder {
		return FoundFolder{Path: strings.Split(name, "/"), Messages: messages, Bytes: int64(messages) * 100}
	}
	out := func(f FoundFolder, itself bool) FoundFolder {
		f.Reason, f.Itself = ReasonFolder, itself
		return f
	}
	sent := folder("Posta inviata", 5)
	sent.Role, sent.To = `\Sent`, []string{"Sent"}
	return map[int]FolderInventory{
		1: {folder("INBOX", 10), folder("Archivio", 3), folder("Archivio/2019", 2), sent, out(folder("Trash", 7), true), out(folder("Trash/x", 1), false)},
		2: {folder("INBOX", 20), folder("Posta eliminata", 4), out(folder("Altro", 6), true)},
		3: {folder("INBOX", 30), folder("Altro", 8), folder("Vecchi", 1), {Path: []string{"Clienti"}, Parent: true}},
	}
}

// told writes the map down: a line a folder.
func told(lines []FolderLine) string {
	var text strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&text, "%s %s %d/%d %dm → %s", FolderName(l.Path), l.Fate(), l.Copied, l.Resources, l.Messages, l.Place())
		if l.Offered {
			text.WriteString(" offered")
		}
		if l.Clashes > 0 {
			fmt.Fprintf(&text, " clashes in %d with %s", l.Clashes, FolderName(l.With))
		}
		text.WriteString("\n")
	}
	return text.String()
}

func TestMapOfTheFolders(t *testing.T) {
	choice := func(name, to string, out bool) FolderChoice {
		c := FolderChoice{Path: strings.Split(name, "/"), Out: out}
		if to != "" {
			c.To = strings.Split(to, "/")
		}
		return c
	}
	for _, tt := range []struct {
		name    string
		choices FolderChoices
		want    string
	}{
		{"as the rules have it", nil, `INBOX in 3/3 60m → INBOX
Altro mixed 1/2 14m → Altro
Archivio in 1/1 3m → Archivio
Archivio/2019 in 1/1 2m → Archivio/2019
Posta eliminata in 1/1 4m → Posta eliminata offered
Posta inviata in 1/1 5m → Sent
Trash out 0/1 7m → Trash
Trash/x out 0/1 1m → Trash/x
Vecchi in 1/1 1m → Vecchi
`},
		{"as somebody chose it", NewFolderChoices(
			choice("Archivio", "Prima", false), choice("Trash", "", false), choice("Posta eliminata", "", true), choice("Altro", "", false),
			choice("INBOX", "", true),
		), `INBOX in 3/3 60m → INBOX
Altro in 2/2 14m → Altro
Archivio in 1/1 3m → Prima
Archivio/2019 in 1/1 2m → Prima/2019
Posta eliminata out 0/1 4m → Posta eliminata
Posta inviata in 1/1 5m → Sent
Trash in 1/1 7m → Trash
Trash/x in 1/1 1m → Trash/x
Vecchi in 1/1 1m → Vecchi
`},
		{"another name leaves to each account what it does with the folder", NewFolderChoices(
			FolderChoice{Path: []string{"Altro"}, To: []string{"Nuovo"}, ByRules: true}, FolderChoice{Path: []string{"Trash"}, To: []string{"Vecchio"}, ByRules: true},
		), `INBOX in 3/3 60m → INBOX
Altro mixed 1/2 14m → Nuovo
Archivio in 1/1 3m → Archivio
Archivio/2019 in 1/1 2m → Archivio/2019
Posta eliminata in 1/1 4m → Posta eliminata offered
Posta inviata in 1/1 5m → Sent
Trash out 0/1 7m → Vecchio
Trash/x out 0/1 1m → Vecchio/x
Vecchi in 1/1 1m → Vecchi
`},
		{"two folders of one account at one place", NewFolderChoices(choice("Archivio", "Sent", false)), `INBOX in 3/3 60m → INBOX
Altro mixed 1/2 14m → Altro
Archivio in 1/1 3m → Sent clashes in 1 with Posta inviata
Archivio/2019 in 1/1 2m → Sent/2019
Posta eliminata in 1/1 4m → Posta eliminata offered
Posta inviata in 1/1 5m → Sent
Trash out 0/1 7m → Trash
Trash/x out 0/1 1m → Trash/x
Vecchi in 1/1 1m → Vecchi
`},
		{"those of two accounts do not meet, nor does what is left out", NewFolderChoices(choice("Vecchi", "Archivio", false), choice("Archivio", "Trash", false)), `INBOX in 3/3 60m → INBOX
Altro mixed 1/2 14m → Altro
Archivio in 1/1 3m → Trash
Archivio/2019 in 1/1 2m → Trash/2019
Posta eliminata in 1/1 4m → Posta eliminata offered
Posta inviata in 1/1 5m → Sent
Trash out 0/1 7m → Trash
Trash/x out 0/1 1m → Trash/x
Vecchi in 1/1 1m → Archivio
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(MapFolders(sources(), tt.choices)); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestPlacesAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"Archivio": "Archivio", " Archivio / 2019 ": "Archivio/2019", "e\u0301t\u00e9": "été", "INBOX/x": "INBOX/x",
		"": CodeFolderLevel, "a//b": CodeFolderLevel, "a/..": CodeFolderLevel, "inbox": CodeFolderInbox, "a*": CodeFolderChars,
		"a\x01b": CodeFolderChars, strings.Repeat("x", 201): CodeFolderLong,
	} {
		to, problem, ok := ParsePlace(text)
		got := FolderName(to)
		if !ok {
			got = problem.Code
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestNeedlessChoicesAreDropped(t *testing.T) {
	kept := NewFolderChoices(
		FolderChoice{Path: []string{"Trash"}},                                             // says something
		FolderChoice{Path: []string{"Trash", "x"}},                                        // follows from it
		FolderChoice{Path: []string{"Vecchi"}},                                            // is so anyway
		FolderChoice{Path: []string{"Posta inviata"}, To: []string{"Sent"}},               // is so anyway
		FolderChoice{Path: []string{"Altro"}, Out: true},                                  // says something of one account
		FolderChoice{Path: []string{"Archivio"}, To: []string{"Prima"}},                   // says something
		FolderChoice{Path: []string{"Archivio", "2019"}, To: []string{"Prima", "2019"}},   // follows from it
		FolderChoice{Path: []string{"Not there"}, Out: true},                              // may be there later
		FolderChoice{Path: []string{"Posta eliminata"}, To: []string{"Posta", "Cestino"}}, // says something
	).WithoutNeedless(sources())
	var names []string
	for _, c := range kept.List() {
		names = append(names, FolderName(c.Path))
	}
	if want := []string{"Altro", "Archivio", "Not there", "Posta eliminata", "Trash"}; !slices.Equal(names, want) {
		t.Errorf("kept %q, want %q", names, want)
	}
}

func TestAnInventoryComesBackAsItWas(t *testing.T) {
	want := FolderInventory{
		{Path: []string{"INBOX"}, Messages: 1 << 31, Bytes: 1 << 62},
		{Path: []string{`a\nb`, "c\nd\x1ee\x1ff", "", "/"}, Raw: "a&-\\", Role: `\Sent`, Parent: true, To: []string{`x\l`, "y"}},
		{Path: []string{"é\x00"}, View: true, Oversize: 3, Reason: ReasonFolder, Itself: true},
	}
	got, err := Unpack(want.Pack())
	if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Errorf("got\n%#v, %v, want\n%#v", got, err, want)
	}
	for _, text := range []string{"x", "a\x1fb\n", strings.Replace(want.Pack(), "2147483648", "many", 1), want.Pack() + "\x1f"} {
		if inv, err := Unpack(text); err == nil {
			t.Errorf("%q is %v", text, inv)
		}
	}
}

// What is offered for leaving out is told from what only sounds so, and from what a
// person made further down (F-11).
func TestWhatLooksLikeRubbish(t *testing.T) {
	for _, name := range []string{
		"Junk-E-Mail", "Junk E-mail", "Gelöschte Objekte", "Gelöschte Elemente", "Spamverdacht", "Unerwünscht", "Papierkorb", "Pourriel",
		"Courrier indésirable", "Indésirables", "Éléments supprimés", "E\u0301le\u0301ments supprime\u0301s", "Corbeille", "Elementos eliminados",
		"Elementos borrados", "Papelera", "Correo no deseado", "No deseado", "Eliminati", "Posta eliminata", "Indesiderata", "Cestino", "Bin",
		"BULK MAIL", "Deleted Messages", "Quarantena", "INBOX/Cestino", "[Gmail]/Cestino", "[Google Mail]/Papelera",
	} {
		if f := (FoundFolder{Path: strings.Split(name, "/")}); !f.LooksLikeRubbish() {
			t.Errorf("%s is not offered", name)
		}
	}
	for _, f := range []FoundFolder{
		{Path: []string{"Clienti", "Spam"}},
		{Path: []string{"INBOX", "Clienti", "Cestino"}},
		{Path: []string{"INBOX"}},
		{Path: []string{"Spam 2019"}},
		{Path: []string{"Antispam"}},
		{Path: []string{"Bins"}},
		{Path: []string{"Trash "}},
		{Path: []string{"Non eliminati"}},
		{Path: []string{"Trash"}, Role: `\Sent`},                        // another role beats the name
		{Path: []string{"Cestino"}, Reason: ReasonFolder, Itself: true}, // a rule leaves it out
		{Path: []string{"Spam"}, View: true},                            // shows what lies elsewhere
	} {
		if f.LooksLikeRubbish() {
			t.Errorf("%+v is offered", f)
		}
	}
	for role, names := range map[string][]string{`\Trash`: TrashNames(), `\Junk`: JunkNames()} {
		for _, name := range names {
			if f := (FoundFolder{Path: []string{name}, Role: role}); !f.LooksLikeRubbish() {
				t.Errorf("%s, a name of %s, is not offered", name, role)
			}
		}
	}
}
