package imapsync

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"trasloco/imapsync/wire"
)

func TestSplitPath(t *testing.T) {
	none := []wire.Namespace{{Delim: "/"}}
	inbox := []wire.Namespace{{Prefix: "INBOX.", Delim: "."}}
	tests := []struct {
		name       string
		raw, delim string
		personal   []wire.Namespace
		want       []string
	}{
		{"components are cut at the folder's own delimiter (F-5)", "a/b/c", "/", none, []string{"a", "b", "c"}},
		{"NIL means no hierarchy (F-5)", "a/b.c", "", none, []string{"a/b.c"}},
		{"the folder's delimiter may be another than the namespace's", `a\b`, `\`, none, []string{"a", "b"}},
		{"a prefix is taken off (F-5)", "INBOX.Lavoro.2023", ".", inbox, []string{"Lavoro", "2023"}},
		{"INBOX itself has no prefix (F-5)", "INBOX", ".", inbox, []string{"INBOX"}},
		{"a folder outside the prefix keeps its name", "shared.x", ".", inbox, []string{"shared", "x"}},
		{"without a prefix it is a true child of INBOX (F-5)", "INBOX/Lavoro", "/", none, []string{"INBOX", "Lavoro"}},
		{"INBOX.INBOX is no second INBOX", "INBOX.INBOX", ".", inbox, []string{"INBOX", "INBOX"}},
		{"nor is its child", "INBOX.inbox.x", ".", inbox, []string{"INBOX", "inbox", "x"}},
		{"INBOX has no case (F-4)", "iNbOx", "/", none, []string{"INBOX"}},
		{"but only as the whole name (F-4)", "Inbox old", "/", none, []string{"Inbox old"}},
		{"the first of several personal prefixes that fits", "#mh/x", "/", []wire.Namespace{{}, {Prefix: "#mh/", Delim: "/"}}, []string{"x"}},
		{"a prefix and nothing else is a name", "INBOX.", ".", inbox, []string{"INBOX"}},
		{"a delimiter at the end is none", "a/", "/", none, []string{"a"}},
		{"a delimiter first leaves an empty component", "/a", "/", none, []string{"", "a"}},
		{"two delimiters too", "a//b", "/", none, []string{"a", "", "b"}},
		{"the empty name", "", "/", none, []string{""}},
		{"modified UTF-7 is decoded (F-3)", "Citt&AOA-/&2D3cTA-", "/", none, []string{"Città", "\U0001f44c"}},
		{"else UTF-8 (F-3)", "Città", "/", none, []string{"Città"}},
		{"else Windows-1252 (F-3)", "Citt\xe0", "/", none, []string{"Città"}},
		{"else & stands for itself (F-3)", "R&D", "/", none, []string{"R&D"}},
		{"each component by itself", "R&D/Citt&AOA-", "/", none, []string{"R&D", "Città"}},
		{"a slash in modified UTF-7 is no delimiter", "a&AC8-b", "/", none, []string{"a/b"}},
		{"NIL is a name", "NIL/nil", "/", none, []string{"NIL", "nil"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := splitPath(wire.Folder{Name: tt.raw, Delim: tt.delim}, tt.personal); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNewTree(t *testing.T) {
	spaces := wire.Namespaces{
		Personal: []wire.Namespace{{Delim: "/"}},
		Others:   []wire.Namespace{{Prefix: "Other Users/", Delim: "/"}, {Prefix: "~", Delim: ""}},
		Shared:   []wire.Namespace{{Prefix: "#shared/", Delim: "/"}, {Prefix: "", Delim: "/"}},
	}
	var listed []wire.Folder
	for _, name := range []string{"b", "INBOX", "Inbox", "Other Users", "Other Users/x", "~anna", "#shared/y", "#sharedy", "a&AOg-", "aè", "b", "a", "a/b"} {
		listed = append(listed, wire.Folder{Name: name, Delim: "/"})
	}
	tree := newTree(spaces, listed)
	var got []string
	for _, f := range tree.folders {
		got = append(got, f.Name+" is "+f.display())
	}
	// INBOX once in whatever case (F-4), b once (F-2), the order that of the names.
	want := []string{"#sharedy is #sharedy", "INBOX is INBOX", "a is a", "a&AOg- is aè", "a/b is a/b", "aè is aè (2)", "b is b"}
	if !slices.Equal(got, want) {
		t.Errorf("folders\n%q, want\n%q", got, want)
	}
	if want := []string{"#shared/y", "Other Users", "Other Users/x", "~anna"}; !slices.Equal(tree.foreign, want) {
		t.Errorf("of others %q, want %q (F-1)", tree.foreign, want)
	}
	if listed[0].Name != "b" {
		t.Error("the listing was sorted")
	}
}

func TestOpens(t *testing.T) {
	for attr, want := range map[string]bool{`\Noselect`: false, `\NoSelect`: false, `\NonExistent`: false, `\nonexistent`: false, `\HasChildren`: true, `\Sent`: true, "": true} {
		if got := (folder{Folder: wire.Folder{Attrs: []string{attr}}}).opens(); got != want {
			t.Errorf("%q: opens is %v (F-9)", attr, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	refused := func(kind string) error {
		return fmt.Errorf("list: %w", &wire.StatusError{Command: "LIST", Status: wire.Status{Type: kind}})
	}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"NO", refused("NO"), true},
		{"BAD", refused("BAD"), true},
		{"BYE, after which nothing comes", refused("BYE"), false},
		{"a broken connection", errors.New("reset"), false},
		{"no error", nil, false},
	} {
		if got := isRefusal(tt.err); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestNamesCompareWithoutCaseInOneNormalForm(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"Posta Indesiderata", "posta indesiderata", true},
		{"Éléments", "e\u0301le\u0301ments", true},
		{"STRASSE", "straße", true},
		{"Trash", "Trash ", false},
		{"Cestino", "Cestini", false},
	} {
		if got := fold(tt.a) == fold(tt.b); got != tt.want {
			t.Errorf("%q and %q: %v (F-11)", tt.a, tt.b, got)
		}
	}
}
