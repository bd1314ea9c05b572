package wire_test

import (
	"context"
	"reflect"
	"testing"

	"trasloco/imapsync/wire"
)

func TestListKeepsNamesAsTheyCome(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"quoted", `* LIST () "/" "Lavoro"`, "Lavoro"},
		{"an atom", `* LIST () "/" INBOX`, "INBOX"},
		{"an escaped quote and backslash", `* LIST () "/" "a\"b\\c"`, `a"b\c`},
		{"a quote nobody escaped", `* LIST () "/" "a"b"`, `a"b`},
		{"a backslash nobody escaped", `* LIST () "/" "a\b"`, `a\b`},
		{"an empty name", `* LIST (\Noselect) "/" ""`, ""},
		{"a bare ampersand, quoted", `* LIST () "/" "R&D"`, "R&D"},
		{"a bare ampersand, unquoted", `* LIST () "/" R&D`, "R&D"},
		{"a shift that is not closed", `* LIST () "/" "&AOA"`, "&AOA"},
		{"a shift for an ASCII letter", `* LIST () "/" "&AGE-b"`, "&AGE-b"},
		{"a null shift", `* LIST () "/" "&AOA-&AOg-"`, "&AOA-&AOg-"},
		{"half a surrogate pair", `* LIST () "/" "&2D0-"`, "&2D0-"},
		{"Latin-1", "* LIST () \"/\" \"Caff\xe8\"", "Caff\xe8"},
		{"UTF-8 without quotes", `* LIST () "/" CittÀ`, "CittÀ"},
		{"UTF-8 in quotes", `* LIST () "/" "Città"`, "Città"},
		{"a NUL", "* LIST () \"/\" \"a\x00b\"", "a\x00b"},
		{"a tab", "* LIST () \"/\" \"a\tb\"", "a\tb"},
		{"blanks without quotes", `* LIST () "/" Foo Bar`, "Foo Bar"},
		{"a per cent sign without quotes", `* LIST () "/" 100%`, "100%"},
		{"an asterisk without quotes", `* LIST () "/" Foo*`, "Foo*"},
		{"a backslash without quotes", `* LIST () "/" Foo\Bar`, `Foo\Bar`},
		{"single quotes", `* LIST () "/" 'a b'`, "'a b'"},
		{"brackets without quotes", `* LIST () "/" foo(bar)`, "foo(bar)"},
		{"what looks like a literal, in quotes", `* LIST () "/" "foo {5}"`, "foo {5}"},
		{"what looks like a literal, without quotes", `* LIST () "/" foo{5}`, "foo{5}"},
		{"a folder called NIL", `* LIST () "/" NIL`, "NIL"},
		{"a folder called nil (Cyrus)", `* LIST () "/" nil`, "nil"},
		{"a folder called NIL, in quotes", `* LIST () "/" "NIL"`, "NIL"},
		{"a literal", "* LIST () \"/\" {5}\r\na\"b\r\n", "a\"b\r\n"},
		{"a literal of LITERAL+ form", "* LIST () \"/\" {3+}\r\na b", "a b"},
		{"an empty literal", "* LIST () \"/\" {0}\r\n", ""},
		{"a blank at the end of the line", `* LIST () "/" INBOX `, "INBOX"},
		{"a bare LF at the end of the line", "* LIST () \"/\" INBOX\n* OK and", "INBOX"},
		{"two CR at the end of the line", "* LIST () \"/\" INBOX\r", "INBOX"},
		{"LSUB", `* LSUB () "/" "Lavoro"`, "Lavoro"},
		{"XLIST", `* XLIST (\Inbox) "/" "Posta"`, "Posta"},
		{"lower case", `* list () "/" "Lavoro"`, "Lavoro"},
		{"blanks in front", ` *  LIST  ()  "/"  "Lavoro"`, "Lavoro"},
		{"no blank behind LIST", `* LIST(\HasNoChildren) "/" "Lavoro"`, "Lavoro"},
		{"extended data behind", `* LIST () "/" "Lavoro" ("CHILDINFO" ("SUBSCRIBED"))`, "Lavoro"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.line+"\r\n* LIST () \"/\" \"next\"\r\n")
			got, err := c.List(context.Background(), "LIST", "", "*", "")
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Folders) != 2 || got.Folders[0].Name != test.want || got.Folders[1].Name != "next" {
				t.Errorf("got %q, want %q and next", got.Folders, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestListReadsDelimitersAndAttributes(t *testing.T) {
	tests := []struct {
		name, line string
		want       wire.Folder
	}{
		{"a slash", `* LIST (\Sent) "/" x`, wire.Folder{Delim: "/", Attrs: []string{`\Sent`}}},
		{"a backslash", `* LIST (\Sent) "\\" x`, wire.Folder{Delim: `\`, Attrs: []string{`\Sent`}}},
		{"a backslash nobody escaped", `* LIST (\Sent) "\" x`, wire.Folder{Delim: `\`, Attrs: []string{`\Sent`}}},
		{"a backslash nobody escaped, and a quoted name", `* LIST () "\" "x"`, wire.Folder{Delim: `\`, Attrs: []string{}}},
		{"an empty delimiter", `* LIST () "" x`, wire.Folder{Attrs: []string{}}},
		{"NIL", `* LIST () NIL x`, wire.Folder{Attrs: []string{}}},
		{"nil", `* LIST () nil x`, wire.Folder{Attrs: []string{}}},
		{"no quotes", `* LIST () / x`, wire.Folder{Delim: "/", Attrs: []string{}}},
		{"NIL for attributes", `* LIST NIL "/" x`, wire.Folder{Delim: "/"}},
		{"a blank in front of the attribute", `* LIST ( \X) "/" x`, wire.Folder{Delim: "/", Attrs: []string{`\X`}}},
		{"a blank behind the attribute", `* LIST (\X ) "/" x`, wire.Folder{Delim: "/", Attrs: []string{`\X`}}},
		{"two blanks between attributes", `* LIST (\X  \Y) "/" x`, wire.Folder{Delim: "/", Attrs: []string{`\X`, `\Y`}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.line+"\r\n")
			got, err := c.List(context.Background(), "LIST", "", "*", "")
			if err != nil {
				t.Fatal(err)
			}
			test.want.Name = "x"
			if len(got.Folders) != 1 || !reflect.DeepEqual(got.Folders[0], test.want) {
				t.Errorf("got %#v, want %#v", got.Folders, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestFolderAttributesIgnoreCase(t *testing.T) {
	f := wire.Folder{Attrs: []string{`\sent`}}
	if !f.Has(`\Sent`) || f.Has(`\Drafts`) {
		t.Errorf("%v: Sent %v, Drafts %v", f.Attrs, f.Has(`\Sent`), f.Has(`\Drafts`))
	}
}

func TestListNamesAFolderOnceAndKeepsCaseApart(t *testing.T) {
	c := answering(t, "* LIST () \"/\" Trash\r\n* LIST () \"/\" \"Trash\"\r\n* LIST () \"/\" trash\r\n")
	got, err := c.List(context.Background(), "LIST", "", "*", "")
	if err != nil || len(got.Folders) != 2 {
		t.Errorf("got %v, error %v, want Trash and trash", got.Folders, err)
	}
	inStep(t, c)
}

func TestListSendsReferencePatternAndOptions(t *testing.T) {
	sent := make(chan string, 1)
	c := dial(t, loggedIn, recordingTo(sent))
	_, err := c.List(context.Background(), "LIST", "", `INBOX."*`, "RETURN (SPECIAL-USE)")
	if want := `LIST "" "INBOX.\"*" RETURN (SPECIAL-USE)`; err != nil || <-sent != want {
		t.Errorf("error %v, want the command %s", err, want)
	}
}

func TestListRefused(t *testing.T) {
	c := answering(t, "TAG BAD no\r\n")
	if _, err := c.List(context.Background(), "LIST", "", "*", "RETURN (X)"); !refusedWith(err, "BAD") {
		t.Errorf("got %v, want BAD", err)
	}
	inStep(t, c)
}

func TestStatusReadsWhatIsANumber(t *testing.T) {
	tests := []struct {
		name, line string
		want       wire.FolderStatus
	}{
		{"two items", `* STATUS "a" (MESSAGES 3 UIDNEXT 4)`, wire.FolderStatus{"MESSAGES": 3, "UIDNEXT": 4}},
		{"the name in other case (G-15)", `* STATUS A (MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"a name with blanks and no quotes", `* STATUS a b (MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"a name with brackets and no quotes", `* STATUS a(b) (MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"a literal name", "* STATUS {1}\r\na (MESSAGES 3)", wire.FolderStatus{"MESSAGES": 3}},
		{"lower case", `* status a (messages 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"a blank too many", `* STATUS a (MESSAGES 3 )`, wire.FolderStatus{"MESSAGES": 3}},
		{"a size beyond 32 bits", `* STATUS a (SIZE 5000000000)`, wire.FolderStatus{"SIZE": 5000000000}},
		{"a negative number", `* STATUS a (SIZE -1 MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"NIL", `* STATUS a (APPENDLIMIT NIL MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"an exponent (mail.ru)", `* STATUS a (SIZE 9.37e+06 MESSAGES 3)`, wire.FolderStatus{"MESSAGES": 3}},
		{"an item without a value", `* STATUS a (MESSAGES 3 SIZE)`, wire.FolderStatus{"MESSAGES": 3}},
		{"no list", `* STATUS a`, wire.FolderStatus{}},
		{"nothing", `* STATUS`, wire.FolderStatus{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.line+"\r\n")
			got, err := c.Status(context.Background(), "a", "MESSAGES UIDNEXT")
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, error %v, want %v", got, err, test.want)
			}
			inStep(t, c)
		})
	}
}

// The states of all folders come with the list (K-1).
func TestListStatusIsKeptByRawName(t *testing.T) {
	c := answering(t, "* LIST () \"/\" a b(c)\r\n* STATUS a b(c) (MESSAGES 7)\r\n* LIST () \"/\" \"&AOA-\"\r\n* STATUS \"&AOA-\" (MESSAGES 8)\r\n")
	got, err := c.List(context.Background(), "LIST", "", "*", "RETURN (STATUS (MESSAGES))")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint64{7, 8} {
		if n := got.Status[got.Folders[i].Name]["MESSAGES"]; n != want {
			t.Errorf("%q has %d messages, want %d", got.Folders[i].Name, n, want)
		}
	}
	inStep(t, c)
}

func TestNamespaces(t *testing.T) {
	tests := []struct {
		name, line string
		want       wire.Namespaces
	}{
		{"none but a personal one", `* NAMESPACE (("" "/")) NIL NIL`, wire.Namespaces{Personal: []wire.Namespace{{"", "/"}}}},
		{"all three", `* NAMESPACE (("INBOX." ".")) (("user." ".")) (("" "."))`, wire.Namespaces{
			Personal: []wire.Namespace{{"INBOX.", "."}}, Others: []wire.Namespace{{"user.", "."}}, Shared: []wire.Namespace{{"", "."}},
		}},
		{"two shared ones (Courier)", `* NAMESPACE (("INBOX." ".")) NIL (("#shared." ".")("shared." "."))`, wire.Namespaces{
			Personal: []wire.Namespace{{"INBOX.", "."}}, Shared: []wire.Namespace{{"#shared.", "."}, {"shared.", "."}},
		}},
		{"all NIL (Cyrus before the first login)", `* NAMESPACE NIL NIL NIL`, wire.Namespaces{}},
		{"a NIL delimiter", `* NAMESPACE (("" NIL)) NIL NIL`, wire.Namespaces{Personal: []wire.Namespace{{"", ""}}}},
		{"cut short", `* NAMESPACE (("" "/"`, wire.Namespaces{Personal: []wire.Namespace{{"", "/"}}}},
		{"nothing", `* NAMESPACE`, wire.Namespaces{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.line+"\r\n")
			got, err := c.Namespaces(context.Background())
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, error %v, want %v", got, err, test.want)
			}
			inStep(t, c)
		})
	}
}
