package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// flagsAt returns the flags of a message, sorted.
func flagsAt(f *imaptest.Folder, uid uint32) string {
	for _, m := range f.Messages() {
		if m.UID == uid {
			return letterOf(m).flags
		}
	}
	return "no message"
}

// flagTests is what both ends do to the flags of one message.
var flagTests = []struct {
	name              string
	base, source      string // at the source, when it was copied and now
	destination, want string // what its user made of it, and what has to come of it
}{
	{`the source reads it`, ``, `\Seen`, ``, `\Seen`},
	{`the source has it unread again`, `\Seen`, ``, `\Seen`, ``},
	{`the source flags it`, ``, `\Flagged`, ``, `\Flagged`},
	{`the source takes the flag off`, `\Flagged`, ``, `\Flagged`, ``},
	{`the source answers it and takes the flag off`, `\Flagged \Seen`, `\Answered \Seen`, `\Flagged \Seen`, `\Answered \Seen`},
	{`the source sets a keyword`, ``, `$Label1`, ``, `$Label1`},
	{`the source changes one keyword for another`, `$Label1`, `$Label2`, `$Label1`, `$Label2`},
	{`the source deletes it`, ``, `\Deleted`, ``, ``},
	{`the source deletes and reads it`, ``, `\Deleted \Seen`, ``, `\Seen`},
	{`the source no longer deletes it`, `\Deleted`, ``, `\Deleted`, `\Deleted`},
	{`both read it`, ``, `\Seen`, `\Seen`, `\Seen`},
	{`the source reads it, its user flags it`, ``, `\Seen`, `\Flagged`, `\Flagged \Seen`},
	{`the source reads it, its user sets a keyword`, ``, `\Seen`, `$Mine`, `$Mine \Seen`},
	{`the source takes off what its user took off too`, `\Flagged`, ``, ``, ``},
	{`its user has it unread again, the source flags it`, `\Seen`, `\Flagged \Seen`, ``, `\Flagged`},
	{`its user deletes it, the source reads it`, ``, `\Seen`, `\Deleted`, `\Deleted \Seen`},
	{`only its user does something`, `\Seen`, `\Seen`, `\Flagged`, `\Flagged`},
	{`nobody does anything`, `$Label1 \Seen`, `$Label1 \Seen`, `$Label1 \Seen`, `$Label1 \Seen`},
	{`the source sets what no server takes`, ``, `$Label1 100%`, ``, `$Label1`},
}

// TestFlagsAreMerged carries a change of the source over where its user left the
// same flag alone, once: what the user does afterwards stands (Δ-3).
func TestFlagsAreMerged(t *testing.T) {
	for _, v := range manyServers() {
		for _, test := range flagTests {
			t.Run(v.name+", "+test.name, func(t *testing.T) {
				s := newFlags(t, v, test.base)
				s.flag(s.src, "INBOX", 2, strings.Fields(test.source)...)
				s.flag(s.dst, "INBOX", 2, strings.Fields(test.destination)...)
				got := s.next(0, 3, 0)
				if flags := flagsAt(s.dst.Folder("INBOX"), 2); flags != test.want {
					t.Errorf("got %q, want %q%s", flags, test.want, got.log())
				}
				s.flag(s.dst, "INBOX", 2, "$Last")
				s.checkUnchanged(3)
				s.flag(s.src, "INBOX", 3, `\Answered`) // of another message: the base of this one is in order
				s.next(0, 3, 0)
				if one, other := flagsAt(s.dst.Folder("INBOX"), 2), flagsAt(s.dst.Folder("INBOX"), 3); one != "$Last" || other != `\Answered` {
					t.Errorf("then got %q and %q", one, other)
				}
			})
		}
	}
}

// newFlags copies three messages, the second with flags.
func newFlags(t *testing.T, v servers, flags string) *story {
	t.Helper()
	s := newStory(t, v.src, v.dst)
	s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
	middle := mail(2, "two")
	middle.Flags = strings.Fields(flags)
	s.fill("INBOX", mail(1, "one"), middle, mail(3, "three"))
	s.mustRun()
	return s
}

// TestKilledWhileFlagsAreMerged ends the pass at each write to the journal. A
// change that was carried over and not recorded is not taken for the user's.
func TestKilledWhileFlagsAreMerged(t *testing.T) {
	for _, v := range manyServers() {
		for write := range int32(6) {
			t.Run(fmt.Sprintf("%s, write %d", v.name, write), func(t *testing.T) {
				s := newFlags(t, v, `\Flagged $Label1`)
				s.flag(s.src, "INBOX", 1, `\Seen`)
				s.flag(s.src, "INBOX", 2, `\Answered`)
				s.fill("INBOX", mail(4, "four"))
				s.killedAt(write)
				s.pass++
				s.mustRun()
				s.checkWhole()
			})
		}
	}
}

// killedAt is a pass that ends at a write to the journal.
func (s *story) killedAt(write int32) told {
	s.t.Helper()
	broken := &failing{Journal: s.journal}
	broken.left.Store(write)
	s.journal = broken
	s.pass++
	got := s.run(s.t.Context())
	s.journal = broken.Journal
	return got
}

// TestFlagsRefusedOnce: what the destination refused, or broke off, is tried
// again, in the next pass at the latest.
func TestFlagsRefusedOnce(t *testing.T) {
	faults := map[string]imaptest.Fault{
		"STORE is refused":            {Command: "UID STORE", Reply: "NO [CANNOT] not now"},
		"STORE is a syntax error":     {Command: "UID STORE", Reply: "BAD what is that"},
		"the second STORE is refused": {Command: "UID STORE", Nth: 2, Reply: "NO [NOPERM] no"},
		"SELECT is refused":           {Command: "SELECT", Reply: "NO [NOPERM] no"},
		"FETCH is refused":            {Command: "UID FETCH", Nth: 1, Reply: "NO [NOPERM] no"},
		"STORE is throttled once":     {Command: "UID STORE", Nth: 1, Reply: "NO [THROTTLED] slow down"},
		"STORE's answer is lost":      {Command: "UID STORE", Nth: 1, Lost: true},
		"STORE is broken off":         {Command: "UID STORE", Nth: 1, Bye: "going down"},
		"UNSELECT is refused":         {Command: "UNSELECT", Reply: "NO no"},
	}
	for _, v := range manyServers() {
		for name, fault := range faults {
			t.Run(v.name+", "+name, func(t *testing.T) {
				s := newFlags(t, v, `\Flagged $Label1`)
				s.flag(s.src, "INBOX", 1, `\Seen`)
				s.flag(s.src, "INBOX", 2, `\Answered`, "$Label2")
				s.dst.SetFaults(fault)
				s.next(0, 3, 0)
				s.dst.SetFaults()
				s.next(0, 3, 0)
				s.checkWhole()
			})
		}
	}
}

// TestManyFlagsInFewCommands.
func TestManyFlagsInFewCommands(t *testing.T) {
	for _, v := range manyServers() {
		t.Run(v.name, func(t *testing.T) {
			s := newStory(t, v.src, v.dst)
			s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
			for n := range 700 {
				s.fill("INBOX", mail(n, "text"))
			}
			s.mustRun()
			for uid := uint32(1); uid <= 700; uid++ {
				s.flag(s.src, "INBOX", uid, [][]string{{`\Seen`}, {`\Seen`, `\Answered`}, {"$Label1"}}[uid%3]...)
			}
			before := s.count(s.dst, "UID STORE")
			s.next(0, 700, 0)
			if n := s.count(s.dst, "UID STORE") - before; n > 9 {
				t.Errorf("%d commands", n)
			}
			s.checkWhole()
		})
	}
}

// count returns how many commands of a name an account has seen.
func (s *story) count(a *imaptest.Account, name string) (n int) {
	for _, cmd := range a.Commands() {
		if cmd.Name == name {
			n++
		}
	}
	return n
}

// moveTests are mail that the source moved between two passes.
var moveTests = []struct {
	name    string
	act     func(*story)
	moved   int // of those, how many
	unclear int
	copied  int // appended once more
}{
	{"one is moved to a folder that is there", func(s *story) { s.move("INBOX", 1, "Work") }, 1, 0, 0},
	{"one is moved to a new folder", func(s *story) { s.move("INBOX", 1, "Fresh/Deep") }, 1, 0, 0},
	{"one is moved there and one back", func(s *story) { s.move("INBOX", 1, "Work"); s.move("Work", 1, "INBOX") }, 2, 0, 0},
	{"a folder's mail is moved", func(s *story) { s.move("Work", 1, "INBOX"); s.move("Work", 2, "INBOX") }, 2, 0, 0},
	{"a folder's mail is moved and the folder removed", func(s *story) {
		s.move("Work", 1, "Fresh")
		s.move("Work", 2, "INBOX")
		s.src.Delete("Work")
	}, 2, 0, 0},
	{"a folder is merged into a new one and removed", func(s *story) { s.move("Work", 1, "Fresh"); s.move("Work", 2, "Fresh"); s.src.Delete("Work") }, 2, 0, 0},
	{"one is moved within its folder", func(s *story) { s.move("INBOX", 1, "INBOX") }, 1, 0, 0},
	{"both of two twins are moved", func(s *story) { s.move("INBOX", 2, "Work"); s.move("INBOX", 3, "Work") }, 0, 2, 2},
	{"one of two twins is moved", func(s *story) { s.move("INBOX", 2, "Work") }, 1, 0, 0},
	{"one is moved and copied", func(s *story) { s.fill("Work", mail(1, "one")); s.move("INBOX", 1, "Work") }, 0, 2, 2},
	{"one is moved and new mail comes", func(s *story) { s.move("INBOX", 1, "Work"); s.fill("Work", mail(9, "nine")) }, 1, 0, 1},
	{"one is copied", func(s *story) { s.fill("Work", mail(1, "one")) }, 0, 0, 1},
	{"one goes and another comes with its header and another size", func(s *story) { s.src.Folder("INBOX").Remove(1); s.fill("Work", mail(1, "two!")) }, 0, 0, 1},
}

// move moves a message of the source.
func (s *story) move(from string, uid uint32, to string) {
	s.t.Helper()
	for _, m := range s.src.Folder(from).Messages() {
		if m.UID == uid {
			s.src.Folder(from).Remove(uid)
			m.UID = 0
			s.fill(to, m)
			return
		}
	}
	s.t.Fatalf("no message %d in %s", uid, from)
}

// TestMovedAtTheSource: nothing is appended again where it is clear; copies move
// too where the destination can (I-15).
func TestMovedAtTheSource(t *testing.T) {
	for _, v := range manyServers() {
		for _, test := range moveTests {
			t.Run(v.name+", "+test.name, func(t *testing.T) {
				s := storyOn(t, v)
				before := s.count(s.dst, "UID MOVE")
				test.act(s)
				total := 0
				for _, name := range s.src.Folders() {
					total += len(s.src.Folder(name).Messages())
				}
				got := s.next(test.copied, total-test.copied, 0)
				if moved, unclear := got.codes("moved"), got.codes("move_unclear"); moved != test.moved || unclear != test.unclear {
					t.Errorf("%d moved, %d unclear%s", moved, unclear, got.log())
				}
				s.checkMoved(v.moves(), s.count(s.dst, "UID MOVE")-before, test.moved, test.copied)
				s.checkAgain()
			})
		}
	}
}

// checkMoved: with MOVE and UIDPLUS the destination looks like the source,
// without it copies stay where they are. Either way none is lost or doubled.
func (s *story) checkMoved(moves bool, commands, moved, copied int) {
	s.t.Helper()
	n := 0
	for _, list := range s.content() {
		n += len(list)
	}
	if n != 5+copied {
		s.t.Errorf("%d messages are at the destination", n)
	}
	if !moves {
		if commands > 0 {
			s.t.Errorf("sent %d MOVE", commands)
		}
		return
	}
	for _, name := range s.src.Folders() {
		if have, want := letters(s.dst.Folder(name), nil), letters(s.src.Folder(name), nil); moved > 0 && !containsLetters(have, want) {
			s.t.Errorf("folder %s: %s", name, difference(have, want))
		}
	}
}

// moves reports whether the destination can move copies and say where to.
func (v servers) moves() bool {
	return slices.Contains(v.dst.Caps, "MOVE") && !slices.Contains(v.dst.Without, "UIDPLUS")
}

// TestMovedAtTheSourceAndTouchedByItsUser: what the destination's owner did to
// the copy stands.
func TestMovedAtTheSourceAndTouchedByItsUser(t *testing.T) {
	tests := []struct {
		name string
		act  func(*story)
		want map[string]int // messages by folder, where the destination moves them
	}{
		{"deleted", func(s *story) { s.dst.Folder("INBOX").Remove(1) }, map[string]int{"INBOX": 2, "Work": 2}},
		{"moved elsewhere", func(s *story) { s.transplant("INBOX", 1, "Kept") }, map[string]int{"INBOX": 2, "Work": 2, "Kept": 1}},
		{"moved to the same place", func(s *story) { s.transplant("INBOX", 1, "Work") }, map[string]int{"INBOX": 2, "Work": 3}},
		{"flagged", func(s *story) { s.flag(s.dst, "INBOX", 1, `\Flagged`) }, map[string]int{"INBOX": 2, "Work": 3}},
		{"the folder it goes to is deleted", func(s *story) { s.dst.Delete("Work") }, map[string]int{"INBOX": 3}},
		{"the folder it goes to is renamed", func(s *story) { s.dst.Folder("Work").Rename("Lavoro") }, map[string]int{"INBOX": 2, "Lavoro": 3}},
		{"the folder it comes from is numbered anew", func(s *story) { s.dst.Folder("INBOX").Renumber(99, 1) }, map[string]int{"INBOX": 3, "Work": 2}},
	}
	for _, v := range manyServers() {
		if !v.moves() {
			continue
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				s := storyOn(t, v)
				test.act(s)
				s.move("INBOX", 1, "Work")
				s.next(0, 5, 0)
				for name, n := range test.want {
					if f := s.dst.Folder(name); f == nil || len(f.Messages()) != n {
						t.Errorf("%s does not hold %d: %v", name, n, s.content())
					}
				}
				s.checkUnchanged(5)
			})
		}
	}
}

// TestKilledWhileMailIsMoved ends the pass at each write to the journal.
func TestKilledWhileMailIsMoved(t *testing.T) {
	for _, v := range manyServers() {
		for write := range int32(12) {
			t.Run(fmt.Sprintf("%s, write %d", v.name, write), func(t *testing.T) {
				s := storyOn(t, v)
				s.move("INBOX", 1, "Work")
				s.move("Work", 1, "Fresh")
				s.fill("Fresh", mail(9, "nine"))
				s.killedAt(write)
				s.pass++
				got := s.mustRun()
				s.checkMoved(v.moves(), 0, 2, 1)
				if t.Failed() {
					t.Log(got.log())
				}
				s.checkAgain()
			})
		}
	}
}

// TestAFolderThatOnlyGotMovedMail is one like any other: its flags are merged,
// and under another name it is followed.
func TestAFolderThatOnlyGotMovedMail(t *testing.T) {
	for _, v := range manyServers() {
		if !v.moves() {
			continue
		}
		t.Run("its flags are merged", func(t *testing.T) {
			s := storyOn(t, v)
			s.move("INBOX", 1, "Fresh")
			s.next(0, 5, 0)
			s.flag(s.src, "Fresh", 1, `\Flagged`)
			s.next(0, 5, 0)
			if flags := flagsAt(s.dst.Folder("Fresh"), 1); flags != `\Flagged` {
				t.Errorf("its flags are %q", flags)
			}
		})
		t.Run("under another name it is followed", func(t *testing.T) {
			s := storyOn(t, v)
			s.move("INBOX", 1, "Fresh")
			s.next(0, 5, 0)
			s.dst.Folder("Fresh").Rename("Renamed")
			s.fill("Fresh", mail(9, "nine"))
			s.next(1, 5, 0)
			if s.dst.Folder("Fresh") != nil || len(s.dst.Folder("Renamed").Messages()) != 2 {
				t.Errorf("there is %v", s.dst.Folders())
			}
		})
	}
}
