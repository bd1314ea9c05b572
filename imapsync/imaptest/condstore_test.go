package imaptest_test

import (
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// numbered returns an account whose INBOX holds so many messages: the one with
// UID n has mod-sequence n+1.
func numbered(t *testing.T, n int, options imaptest.AccountOptions) *imaptest.Account {
	t.Helper()
	a := imaptest.NewAccount(t, options)
	for range n {
		a.Folder("INBOX").Add(imaptest.Message{Date: noon, Body: []byte("x")})
	}
	return a
}

func seen(m *imaptest.Message) { m.Flags = []string{`\Seen`} }

const modSeqOfInbox = "STATUS INBOX (HIGHESTMODSEQ)"

func TestServerWithoutCondstoreTellsNoModSequence(t *testing.T) {
	a := numbered(t, 1, imaptest.AccountOptions{})
	c := login(t, a)
	c.run(t, []exchange{
		{"status", modSeqOfInbox, []string{"OK done", `* STATUS "INBOX" ()`}},
		{"as a parameter", "EXAMINE INBOX (CONDSTORE)", []string{"BAD syntax error"}},
		{"enabling", "ENABLE CONDSTORE", []string{"BAD unknown command"}},
	})
	if got := c.do("EXAMINE INBOX"); slices.ContainsFunc(got, mentionsModSeq) {
		t.Errorf("got %q", got)
	}
	c.run(t, []exchange{
		{"what changed", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)", []string{"BAD syntax error"}},
		{"as an item", "UID FETCH 1:* (FLAGS MODSEQ)", []string{"BAD syntax error"}},
	})
}

func mentionsModSeq(line string) bool { return strings.Contains(line, "HIGHESTMODSEQ") }

func TestModSequencesGrow(t *testing.T) {
	a := numbered(t, 3, imaptest.AccountOptions{Caps: with("CONDSTORE", "MOVE")})
	a.Create("Work")
	inbox := a.Folder("INBOX")
	c := login(t, a)
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"three messages", func() {}, "4"},
		{"one more", func() { inbox.Add(imaptest.Message{Date: noon, Body: []byte("x")}) }, "5"},
		{"one changed", func() { inbox.Update(1, seen) }, "6"},
		{"one removed", func() { inbox.Remove(2) }, "7"},
		{"a removal of nothing", func() { inbox.Remove(2) }, "7"},
		{"one appended", func() { c.do("APPEND INBOX {1+}\r\nx") }, "8"},
		{"flags stored", func() { c.do("SELECT INBOX"); c.do(`UID STORE 3:4 +FLAGS (\Seen)`) }, "10"},
		{"flags stored that were there", func() { c.do(`UID STORE 3:4 +FLAGS (\Seen)`) }, "10"},
		{"read", func() { c.do("UID FETCH 5 BODY[]") }, "11"},
		{"read again", func() { c.do("UID FETCH 5 BODY[]") }, "11"},
		{"one moved away", func() { c.do("UID MOVE 5 Work") }, "12"},
		{"closed with one deleted", func() { c.do(`UID STORE 4 +FLAGS.SILENT (\Deleted)`); c.do("CLOSE") }, "14"},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			c.t = t
			step.do()
			c.wantReply(modSeqOfInbox, "OK done", `* STATUS "INBOX" (HIGHESTMODSEQ `+step.want+")")
		})
	}
	c.t = t
}

func TestServerTellsWhatChanged(t *testing.T) {
	a := numbered(t, 3, imaptest.AccountOptions{Caps: with("CONDSTORE")})
	a.Folder("INBOX").Update(1, seen)
	login(t, a).run(t, []exchange{
		{"listed with their status", `LIST "" INBOX RETURN (STATUS (UIDNEXT HIGHESTMODSEQ))`, []string{
			"OK done", `* LIST (\HasNoChildren) "/" "INBOX"`, `* STATUS "INBOX" (UIDNEXT 4 HIGHESTMODSEQ 5)`,
		}},
		{"examined", "EXAMINE INBOX", []string{
			"OK [READ-ONLY] done", `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, "* 3 EXISTS", "* 0 RECENT",
			`* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] these last`,
			"* OK [UIDVALIDITY 1001] valid", "* OK [UIDNEXT 4] next", "* OK [HIGHESTMODSEQ 5] highest",
		}},
		{"since the beginning", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)", []string{
			"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (5))`, "* 2 FETCH (UID 2 FLAGS () MODSEQ (3))", "* 3 FETCH (UID 3 FLAGS () MODSEQ (4))",
		}},
		{"since the second", "UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 3)", []string{
			"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (5))`, "* 3 FETCH (UID 3 FLAGS () MODSEQ (4))",
		}},
		{"of some", "UID FETCH 2:3 (FLAGS) (CHANGEDSINCE 3)", []string{"OK done", "* 3 FETCH (UID 3 FLAGS () MODSEQ (4))"}},
		{"by number", "FETCH 1:2 (FLAGS) (CHANGEDSINCE 4)", []string{"OK done", `* 1 FETCH (FLAGS (\Seen) MODSEQ (5))`}},
		{"since now", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5)", []string{"OK done"}},
		{"as an item", "UID FETCH 2 (MODSEQ)", []string{"OK done", "* 2 FETCH (UID 2 MODSEQ (3))"}},
		{"without a number", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE)", []string{"BAD syntax error"}},
		{"what is gone, of a server that cannot say", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)", []string{"BAD syntax error"}},
		{"as a parameter", "EXAMINE Nowhere (CONDSTORE)", []string{"NO [NONEXISTENT] no such folder"}},
		{"enabled", "ENABLE CONDSTORE QRESYNC", []string{"OK done", "* ENABLED CONDSTORE"}},
	})
}

func TestServerTellsWhatIsGone(t *testing.T) {
	a := numbered(t, 6, imaptest.AccountOptions{Caps: with("QRESYNC")})
	inbox := a.Folder("INBOX")
	inbox.Remove(3) // mod-sequence 8
	inbox.Remove(6)
	inbox.Remove(2) // 10
	c := login(t, a)
	c.do("EXAMINE INBOX")
	c.wantReply("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 7 VANISHED)", "BAD syntax error") // not enabled
	c.wantReply("ENABLE QRESYNC", "BAD a folder is selected")
	c.do("UNSELECT")
	c.wantReply("ENABLE QRESYNC FROBNICATE", "OK done", "* ENABLED QRESYNC")
	c.do("EXAMINE INBOX")
	c.run(t, []exchange{
		{"since all were there", "UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 7 VANISHED)", []string{"OK done", "* VANISHED (EARLIER) 2:3,6"}},
		{"since the first went", "UID FETCH 1:6 (UID FLAGS) (CHANGEDSINCE 8 VANISHED)", []string{"OK done", "* VANISHED (EARLIER) 2,6"}},
		{"of some", "UID FETCH 3:5 (UID FLAGS) (CHANGEDSINCE 7 VANISHED)", []string{"OK done", "* VANISHED (EARLIER) 3"}},
		{"nothing", "UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 10 VANISHED)", []string{"OK done"}},
		{"before what changed", "UID FETCH 4:* (UID FLAGS) (CHANGEDSINCE 5 VANISHED)", []string{
			"OK done", "* VANISHED (EARLIER) 6", "* 3 FETCH (UID 5 FLAGS () MODSEQ (6))",
		}},
		{"not asked for", "UID FETCH 1:4 (UID) (CHANGEDSINCE 4)", []string{"OK done", "* 2 FETCH (UID 4 MODSEQ (5))"}},
		{"by number", "FETCH 1:* (FLAGS) (CHANGEDSINCE 7 VANISHED)", []string{"BAD syntax error"}},
		{"without a mod-sequence", "UID FETCH 1:* (FLAGS) (VANISHED)", []string{"BAD syntax error"}},
		{"as a parameter", "EXAMINE INBOX (QRESYNC (1001 7))", []string{"BAD syntax error"}},
	})
	inbox.Remove(1)
	inbox.Remove(5)
	inbox.Add(imaptest.Message{Date: noon, Body: mail})
	c.wantReply("NOOP", "OK done", "* VANISHED 1,5", "* 2 EXISTS")
	if got := c.do("EXAMINE INBOX"); got[1] != "* OK [CLOSED] previous folder" {
		t.Errorf("the next folder begins with %q", got)
	}
}

func TestRenumberedFolderForgetsWhatIsGone(t *testing.T) {
	a := numbered(t, 2, imaptest.AccountOptions{Caps: with("QRESYNC")})
	a.Folder("INBOX").Remove(1)
	a.Folder("INBOX").Renumber(2000, 1)
	c := login(t, a)
	c.do("ENABLE QRESYNC")
	c.do("EXAMINE INBOX")
	c.wantReply("UID FETCH 1:* (UID) (CHANGEDSINCE 1 VANISHED)", "OK done", "* 1 FETCH (UID 1 MODSEQ (5))")
}
