package wire_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

func TestExamineReadsOddCodes(t *testing.T) {
	tests := []struct {
		name, said string
		want       wire.Mailbox
	}{
		{
			"all of it", "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n* 3 EXISTS\r\n* 0 RECENT\r\n" +
				"* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 6] x\r\n* OK [HIGHESTMODSEQ 7] x\r\nTAG OK [READ-ONLY] done\r\n",
			wire.Mailbox{
				Exists: 3, UIDValidity: 5, UIDNext: 6, HighestModSeq: 7,
				Flags: []string{`\Seen`}, PermanentFlags: []string{`\Seen`, `\*`},
			},
		},
		{"a UIDVALIDITY beyond 32 bits", "* OK [UIDVALIDITY 4294967296] x\r\n", wire.Mailbox{}},
		{"two blanks", "* OK [UIDVALIDITY  5] x\r\n", wire.Mailbox{UIDValidity: 5}},
		{"a blank behind", "* OK [UIDVALIDITY 5 ] x\r\n", wire.Mailbox{UIDValidity: 5}},
		{"lower case", "* ok [uidvalidity 5] x\r\n", wire.Mailbox{UIDValidity: 5}},
		{"the code of the tagged answer", "TAG OK [UIDVALIDITY 5] x\r\n", wire.Mailbox{UIDValidity: 5}},
		{"a code never closed", "* OK [UIDVALIDITY 5\r\n", wire.Mailbox{UIDValidity: 5}},
		{"UIDNEXT without a number", "* OK [UIDNEXT] x\r\n", wire.Mailbox{}},
		{"a UIDNEXT of 2^32", "* OK [UIDNEXT 4294967296] x\r\n", wire.Mailbox{}},
		{"UIDNOTSTICKY as NO", "* NO [UIDNOTSTICKY] x\r\n", wire.Mailbox{UIDNotSticky: true}},
		{"a MODSEQ of -1 (Zoho)", "* OK [HIGHESTMODSEQ -1] x\r\n", wire.Mailbox{}},
		{"a bracket in a permanent flag", "* OK [PERMANENTFLAGS (\\Seen [Gmail])] x\r\n", wire.Mailbox{PermanentFlags: []string{`\Seen`, "[Gmail]"}}},
		{"a blank in permanent flags", "* OK [PERMANENTFLAGS (\\Seen \\* )] x\r\n", wire.Mailbox{PermanentFlags: []string{`\Seen`, `\*`}}},
		{"no permanent flags", "* OK [PERMANENTFLAGS ()] x\r\n", wire.Mailbox{PermanentFlags: []string{}}},
		{"NIL for permanent flags", "* OK [PERMANENTFLAGS NIL] x\r\n", wire.Mailbox{}},
		{"a quoted flag", "* FLAGS (\\Seen \"Non Junk\")\r\n", wire.Mailbox{Flags: []string{`\Seen`, "Non Junk"}}},
		{"NIL for flags", "* FLAGS NIL\r\n", wire.Mailbox{}},
		{"EXISTS without a number", "* 3 EXISTS\r\n* EXISTS\r\n", wire.Mailbox{Exists: 3}},
		{"EXISTS beyond 32 bits", "* 3 EXISTS\r\n* 4294967296 EXISTS\r\n", wire.Mailbox{Exists: 3}},
		{"an EXPUNGE meanwhile", "* 3 EXISTS\r\n* 2 EXPUNGE\r\n", wire.Mailbox{Exists: 2}},
		{"an EXPUNGE of nothing", "* 1 EXPUNGE\r\n", wire.Mailbox{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.said)
			got, err := c.Examine(context.Background(), "INBOX")
			if err != nil {
				t.Fatal(err)
			}
			test.want.Name = "INBOX"
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got %+v, want %+v", *got, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestExistsIsKeptUpToDate(t *testing.T) {
	c := answering(t, "* 3 EXISTS\r\nTAG OK [READ-ONLY] done\r\n* 5 EXISTS\r\n* 1 EXPUNGE\r\n")
	m, err := c.Examine(context.Background(), "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	inStep(t, c)
	if m.Exists != 4 {
		t.Errorf("got %d messages, want 4", m.Exists)
	}
}

func TestNamesGoOutAsTheyCame(t *testing.T) {
	tests := []struct{ name, folder, args, literal string }{
		{"plain", "INBOX", `"INBOX"`, ""},
		{"NIL", "NIL", `"NIL"`, ""},
		{"quote and backslash", `a"b\c`, `"a\"b\\c"`, ""},
		{"Latin-1", "Caff\xe8", "{5+}", "Caff\xe8"},
		{"a line end", "a\r\nb", "{4+}", "a\r\nb"},
		{"a NUL", "a\x00b", "{3+}", "a\x00b"},
		{"empty", "", `""`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			commands := make(chan imaptest.Command, 1)
			c := dial(t, loggedIn, func(s *imaptest.Session) {
				cmd := s.Command()
				commands <- cmd
				s.Reply(cmd.Tag, "OK")
				obey(s)
			})
			if _, err := c.Examine(context.Background(), test.folder); err != nil {
				t.Fatal(err)
			}
			cmd := <-commands
			literal := ""
			if len(cmd.Literals) > 0 {
				literal = string(cmd.Literals[0])
			}
			if cmd.Args != test.args || literal != test.literal {
				t.Errorf("got %q with literal %q, want %q with %q", cmd.Args, literal, test.args, test.literal)
			}
			inStep(t, c)
		})
	}
}

// On a mailbox opened read-write CLOSE would expunge.
func TestLeaveNeverExpunges(t *testing.T) {
	const plain = "* PREAUTH [CAPABILITY IMAP4rev1] ready"
	tests := []struct {
		name, greeting string
		open           func(*wire.Conn, context.Context, string) (*wire.Mailbox, error)
		answers        []string // to the commands, in order
		want, err      string
	}{
		{"with UNSELECT", loggedIn, (*wire.Conn).Select, []string{"OK [READ-WRITE]", "OK"}, "SELECT UNSELECT", ""},
		{"read-only without UNSELECT", plain, (*wire.Conn).Examine, []string{"OK [READ-ONLY]", "OK"}, "EXAMINE CLOSE", ""},
		{"read-write without UNSELECT", plain, (*wire.Conn).Select, []string{"OK [READ-WRITE]", "OK [READ-ONLY]", "OK"}, "SELECT EXAMINE CLOSE", ""},
		{"read-write, and EXAMINE is refused", plain, (*wire.Conn).Select, []string{"OK [READ-WRITE]", "NO"}, "SELECT EXAMINE", ""},
		{"a server that knows no read-only", plain, (*wire.Conn).Examine, []string{"OK [READ-WRITE]", "OK [READ-WRITE]"}, "EXAMINE EXAMINE", "without expunging"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			said := make(chan string, 10)
			c := dial(t, test.greeting, func(s *imaptest.Session) {
				for _, answer := range test.answers {
					cmd := s.Command()
					said <- cmd.Name
					s.Reply(cmd.Tag, answer)
				}
				obey(s)
			})
			if _, err := test.open(c, context.Background(), "INBOX"); err != nil {
				t.Fatal(err)
			}
			err := c.Leave(context.Background())
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got error %v, want %q", err, test.err)
			}
			for _, want := range strings.Fields(test.want) {
				if got := <-said; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
			inStep(t, c)
			if len(said) > 0 {
				t.Errorf("one command too many: %s", <-said)
			}
		})
	}
}

func TestLeaveWithoutAnOpenMailboxSaysNothing(t *testing.T) {
	c := dial(t, loggedIn, func(s *imaptest.Session) {
		cmd := s.Command() // EXAMINE
		s.Reply(cmd.Tag, "NO [NONEXISTENT] no such mailbox")
		tag, _ := s.Expect("NOOP")
		s.Reply(tag, "OK")
	})
	if _, err := c.Examine(context.Background(), "x"); !refusedWith(err, "NO") {
		t.Errorf("got %v, want NO", err)
	}
	if err := c.Leave(context.Background()); err != nil {
		t.Error(err)
	}
	inStep(t, c)
}
