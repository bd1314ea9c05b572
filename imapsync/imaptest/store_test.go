package imaptest_test

import (
	"slices"
	"testing"

	"trasloco/imapsync/imaptest"
)

func TestStoreChangesFlags(t *testing.T) {
	a := numbered(t, 3, imaptest.AccountOptions{Caps: with("CONDSTORE")})
	c := login(t, a)
	c.do("SELECT INBOX")
	c.run(t, []exchange{
		{"added", `UID STORE 1:2 +FLAGS (\Seen $x)`, []string{"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen $x))`, `* 2 FETCH (UID 2 FLAGS (\Seen $x))`}},
		{"added without parentheses", `UID STORE 1 +FLAGS \seen \Flagged`, []string{"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen $x \Flagged))`}},
		{"taken away", `UID STORE 1 -flags (\SEEN $y)`, []string{"OK done", `* 1 FETCH (UID 1 FLAGS ($x \Flagged))`}},
		{"replaced", `UID STORE 1 FLAGS (\Draft)`, []string{"OK done", `* 1 FETCH (UID 1 FLAGS (\Draft))`}},
		{"replaced by none", `UID STORE 2 FLAGS ()`, []string{"OK done", `* 2 FETCH (UID 2 FLAGS ())`}},
		{"added silently", `UID STORE 2:3 +FLAGS.SILENT (\Seen)`, []string{"OK done"}},
		{"by number", `STORE 3 -FLAGS (\Seen)`, []string{"OK done", "* 3 FETCH (FLAGS ())"}},
		{"of a message that is not there", `UID STORE 9 +FLAGS (\Seen)`, []string{"OK done"}},
		{"what only servers set", `UID STORE 1 +FLAGS (\Recent)`, []string{`BAD invalid flag \Recent`}},
		{"something else", `UID STORE 1 +LABELS (x)`, []string{"BAD syntax error"}},
		{"without flags", "UID STORE 1 +FLAGS", []string{"BAD syntax error"}},
		{"a look at the mod-sequence", "UID FETCH 1 (MODSEQ)", []string{"OK done", "* 1 FETCH (UID 1 MODSEQ (9))"}},
		{"with the mod-sequence from then on", `UID STORE 1 FLAGS (\Seen)`, []string{"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen) MODSEQ (14))`}},
	})
	var flags [][]string
	for _, m := range a.Folder("INBOX").Messages() {
		flags = append(flags, m.Flags)
	}
	if want := [][]string{{`\Seen`}, {`\Seen`}, nil}; !slices.EqualFunc(flags, want, slices.Equal) {
		t.Errorf("flags %q, want %q", flags, want)
	}
}

func TestCopyAndMoveSayWhereTheMessagesAre(t *testing.T) {
	tests := []struct {
		name    string
		without string
		enable  string
		command string
		want    []string
		inbox   []uint32
		work    []uint32
	}{
		{"a copy", "", "", "UID COPY 1,3:4 Work", []string{"OK [COPYUID 1002 1,3:4 8:10] done"}, []uint32{1, 2, 3, 4}, []uint32{7, 8, 9, 10}},
		{"a copy by number", "", "", "COPY 2 Work", []string{"OK [COPYUID 1002 2 8] done"}, []uint32{1, 2, 3, 4}, []uint32{7, 8}},
		{"a copy within the folder", "", "", "UID COPY 1 INBOX", []string{"OK [COPYUID 1001 1 5] done", "* 5 EXISTS"}, []uint32{1, 2, 3, 4, 5}, []uint32{7}},
		{"a move", "", "", "UID MOVE 1,3:4 Work", []string{"OK done", "* OK [COPYUID 1002 1,3:4 8:10] moved", "* 4 EXPUNGE", "* 3 EXPUNGE", "* 1 EXPUNGE"}, []uint32{2}, []uint32{7, 8, 9, 10}},
		{"a move by number", "", "", "MOVE 2 Work", []string{"OK done", "* OK [COPYUID 1002 2 8] moved", "* 2 EXPUNGE"}, []uint32{1, 3, 4}, []uint32{7, 8}},
		{"a move within the folder", "", "", "UID MOVE 2 INBOX", []string{"OK done", "* OK [COPYUID 1001 2 5] moved", "* 2 EXPUNGE", "* 4 EXISTS"}, []uint32{1, 3, 4, 5}, []uint32{7}},
		{"a move with QRESYNC", "", "ENABLE QRESYNC", "UID MOVE 1,3:4 Work", []string{"OK done", "* OK [COPYUID 1002 1,3:4 8:10] moved", "* VANISHED 1,3:4"}, []uint32{2}, []uint32{7, 8, 9, 10}},
		{"a move of nothing", "", "", "UID MOVE 9 Work", []string{"OK done"}, []uint32{1, 2, 3, 4}, []uint32{7}},
		{"a move to no folder", "", "", "UID MOVE 1 Nowhere", []string{"NO [TRYCREATE] no such folder"}, []uint32{1, 2, 3, 4}, []uint32{7}},
		{"a copy to no folder", "", "", "UID COPY 1 Nowhere", []string{"NO [TRYCREATE] no such folder"}, []uint32{1, 2, 3, 4}, []uint32{7}},
		{"a copy above the quota", "", "", "UID COPY 1:4 Work", []string{"NO [OVERQUOTA] quota exceeded"}, []uint32{1, 2, 3, 4}, []uint32{7}},
		{"a move that needs no quota", "", "", "UID MOVE 1:4 Work", []string{"OK done", "* OK [COPYUID 1002 1:4 8:11] moved", "* 4 EXPUNGE", "* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"}, nil, []uint32{7, 8, 9, 10, 11}},
		{"a move where there is none", "MOVE", "", "UID MOVE 1 Work", []string{"BAD unknown command"}, []uint32{1, 2, 3, 4}, []uint32{7}},
		{"a move without UIDPLUS", "UIDPLUS", "", "UID MOVE 1 Work", []string{"OK done", "* 1 EXPUNGE"}, []uint32{2, 3, 4}, []uint32{7, 8}},
		{"a copy without UIDPLUS", "UIDPLUS", "", "UID COPY 1 Work", []string{"OK done"}, []uint32{1, 2, 3, 4}, []uint32{7, 8}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := numbered(t, 4, imaptest.AccountOptions{Caps: with("MOVE", "QRESYNC"), Without: []string{test.without}, Quota: 8})
			a.Create("Work").Add(imaptest.Message{UID: 7, Date: noon, Body: []byte("x")})
			c := login(t, a)
			if test.enable != "" {
				c.do(test.enable)
			}
			c.do("SELECT INBOX")
			c.wantReply(test.command, test.want...)
			for name, want := range map[string][]uint32{"INBOX": test.inbox, "Work": test.work} {
				var got []uint32
				for _, m := range a.Folder(name).Messages() {
					got = append(got, m.UID)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s holds %v, want %v", name, got, want)
				}
			}
			if n := len(a.Changes()); n != 2 { // with SELECT
				t.Errorf("%d changes: %v", n, a.Changes())
			}
		})
	}
}

func TestCopiesKeepFlagsAndDates(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	a.Folder("INBOX").Add(imaptest.Message{Flags: []string{`\Seen`, "$x"}, Date: noon, Body: mail})
	work := a.Create("Work")
	c := login(t, a)
	c.do("EXAMINE INBOX")
	c.do("UID COPY 1 Work")
	got := work.Messages()
	if len(got) != 1 || !slices.Equal(got[0].Flags, []string{`\Seen`, "$x"}) || !got[0].Date.Equal(noon) || string(got[0].Body) != string(mail) {
		t.Errorf("copied %+v", got)
	}
}

func TestFolderOpenForReadingStaysAsItIs(t *testing.T) {
	a := numbered(t, 1, imaptest.AccountOptions{Caps: with("MOVE")})
	a.Create("Work")
	c := login(t, a)
	c.run(t, []exchange{
		{"a store too early", `UID STORE 1 +FLAGS (\Seen)`, []string{"BAD no folder selected"}},
		{"a move too early", "UID MOVE 1 Work", []string{"BAD no folder selected"}},
	})
	c.do("EXAMINE INBOX")
	c.run(t, []exchange{
		{"a store", `UID STORE 1 +FLAGS (\Seen)`, []string{"NO [READ-ONLY] folder is open for reading only"}},
		{"a move", "UID MOVE 1 Work", []string{"NO [READ-ONLY] folder is open for reading only"}},
		{"a copy", "UID COPY 1 Work", []string{"OK [COPYUID 1002 1 1] done"}},
	})
	if got := a.Folder("INBOX").Messages(); len(got) != 1 || len(got[0].Flags) != 0 {
		t.Errorf("INBOX holds %+v", got)
	}
}
