package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// renames are what the source did to a folder between two passes (F-16).
var renames = []struct {
	name   string
	act    func(*story)
	copied int // of the messages that are new
	total  int // messages of the source then
	at     string
}{
	{"a folder is renamed", func(s *story) { s.src.Folder("Work").Rename("Projects") }, 0, 5, "Work"},
	{"a folder is renamed and gets mail", func(s *story) { s.src.Folder("Work").Rename("Projects"); s.fill("Projects", mail(9, "nine")) }, 1, 6, "Work"},
	{"a folder is moved below another", func(s *story) { s.src.Create("Old"); s.src.Folder("Work").Rename("Old/Work") }, 0, 5, "Work"},
	{"a folder is renamed, another takes its name", func(s *story) {
		s.src.Folder("Work").Rename("Projects")
		s.fill("Work", mail(9, "nine"))
	}, 1, 6, ""},
	{"a folder shares only the UIDVALIDITY of one that is gone", func(s *story) {
		validity := s.src.Folder("Work").UIDValidity()
		s.src.Delete("Work")
		s.fill("Other", mail(30, "a"), mail(31, "b"), mail(32, "c"))
		s.src.Folder("Other").Renumber(validity, 1)
	}, 3, 6, ""},
	{"an empty folder shares the UIDVALIDITY of one that is gone", func(s *story) {
		validity := s.src.Folder("Work").UIDValidity()
		s.src.Delete("Work")
		s.src.Create("Other").Renumber(validity, 1)
	}, 0, 3, ""},
	{"a folder is renamed, one with its UIDVALIDITY comes before it", func(s *story) {
		validity := s.src.Folder("Work").UIDValidity()
		s.fill("Alpha", mail(30, "a"), mail(31, "b"))
		s.src.Folder("Alpha").Renumber(validity, 1)
		s.src.Folder("Work").Rename("Projects")
	}, 2, 7, "Work"},
}

// TestRenamedAtTheSource: nothing is copied again, whether the server tells
// UIDVALIDITY with the list or not.
func TestRenamedAtTheSource(t *testing.T) {
	for _, v := range manyServers() {
		for _, test := range renames {
			t.Run(v.name+", "+test.name, func(t *testing.T) {
				if strings.HasSuffix(test.name, "another takes its name") && strings.Contains(v.name, "no LIST-STATUS") {
					return // nothing tells that Work is another folder (F-16): all is copied again, and none lost
				}
				s := storyOn(t, v)
				before := s.everything()
				test.act(s)
				got := s.next(test.copied, test.total-test.copied, 0)
				n := 0
				for _, count := range s.everything() {
					n += count
				}
				if want := 5 + test.copied; n != want {
					t.Errorf("%d messages at the destination, want %d%s", n, want, got.log())
				}
				for l := range before {
					if s.everything()[l] != before[l] {
						t.Errorf("%.80q changed its number", l)
					}
				}
				if listed := !slices.Contains(v.src.Without, "LIST-STATUS"); listed && test.at != "" && got.codes("source_renamed") != 1 {
					t.Errorf("nothing is said of it%s", got.log())
				}
				s.checkAgain()
			})
		}
	}
}

// TestKilledWhileARenameIsFollowed ends the pass at each write to the journal.
func TestKilledWhileARenameIsFollowed(t *testing.T) {
	for _, v := range manyServers() {
		for write := range int32(8) {
			t.Run(fmt.Sprintf("%s, write %d", v.name, write), func(t *testing.T) {
				s := storyOn(t, v)
				s.src.Folder("Work").Rename("Projects")
				s.fill("Projects", mail(9, "nine"))
				s.killedAt(write)
				s.pass++
				s.mustRun()
				n := 0
				for _, count := range s.everything() {
					n += count
				}
				if n != 6 {
					t.Errorf("%d messages", n)
				}
				s.checkAgain()
			})
		}
	}
}

// TestRenamedAndTrimmed: the folder's first message was deleted too, so that it
// is not known again by that. Its mail is taken for moved all the same.
func TestRenamedAndTrimmed(t *testing.T) {
	for _, v := range manyServers() {
		for _, uid := range []uint32{1, 2} {
			t.Run(fmt.Sprintf("%s, message %d", v.name, uid), func(t *testing.T) {
				s := storyOn(t, v)
				s.src.Folder("Work").Rename("Projects")
				s.src.Folder("Projects").Remove(uid)
				s.next(0, 4, 0)
				s.checkAgain()
			})
		}
	}
}

// TestRestoredDestination: the copies are found again under other numbers,
// whatever the server made of their line ends (I-13).
func TestRestoredDestination(t *testing.T) {
	for _, v := range adopters() {
		for _, first := range []uint32{1, 2, 70} {
			t.Run(fmt.Sprintf("%s, counted from %d", v.name, first), func(t *testing.T) {
				s := restored(t, v, first)
				s.fill("INBOX", mail(60, "new"))
				got := s.next(1, 9, 0)
				for _, e := range got.entries {
					if e.Code == "destination_renumbered" && e.Args["missing"] != 0 {
						t.Errorf("told %+v", e)
					}
				}
				s.checkMapped()
				s.checkWhole()
			})
		}
	}
}

func restored(t *testing.T, v servers, first uint32) *story {
	t.Helper()
	s := newStory(t, v.src, v.dst)
	s.edits, s.closes, s.stores = true, slices.Contains(v.dst.Without, "UNSELECT"), v.dst.Keep
	s.fill("INBOX", oddMail()...)
	s.mustRun()
	s.dst.Folder("INBOX").Renumber(7777, first)
	return s
}

// TestFlagsInARestoredDestination: they go to the copies under their new numbers,
// in the same pass or the one after it, and never to other messages.
func TestFlagsInARestoredDestination(t *testing.T) {
	for _, v := range adopters() {
		for _, first := range []uint32{1, 2, 70} {
			for _, fresh := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, counted from %d, with new mail %t", v.name, first, fresh), func(t *testing.T) {
					s := restored(t, v, first)
					s.flag(s.src, "INBOX", 3, `\Answered`)
					s.flag(s.src, "INBOX", 8, `\Answered`)
					if fresh {
						s.fill("INBOX", mail(60, "new"))
					}
					s.pass++
					s.mustRun()
					s.next(0, len(s.src.Folder("INBOX").Messages()), 0)
					s.checkWhole()
				})
			}
		}
	}
}

// TestFlagsInAFolderMadeAnew: the copies went with the folder. What the source
// does to their originals later goes to no other message of the new folder.
func TestFlagsInAFolderMadeAnew(t *testing.T) {
	for _, v := range adopters() {
		t.Run(v.name, func(t *testing.T) {
			s := storyOn(t, v)
			s.dst.Delete("Work")
			s.fill("Work", mail(5, "five"), mail(6, "six"))
			s.flag(s.src, "Work", 1, `\Flagged`)
			s.flag(s.src, "Work", 2, `\Flagged`)
			s.next(2, 5, 0)
			s.flag(s.src, "Work", 1, `\Flagged`, `\Answered`)
			s.flag(s.src, "Work", 2, `\Flagged`, `\Answered`)
			s.next(0, 7, 0)
			s.checkCopied(func(m imaptest.Message) bool { return isOneOf(m, mail(3, "three"), mail(4, "four")) })
		})
	}
}

// TestALostAnswerInAFolderMadeAnew: at the same time flags changed.
func TestALostAnswerInAFolderMadeAnew(t *testing.T) {
	for _, v := range adopters() {
		t.Run(v.name, func(t *testing.T) {
			s := storyOn(t, v)
			s.dst.Delete("Work")
			s.fill("Work", mail(5, "five"), mail(6, "six"))
			s.flag(s.src, "Work", 1, `\Flagged`)
			s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true})
			s.next(2, 5, 0)
			s.checkCopied(func(m imaptest.Message) bool { return isOneOf(m, mail(3, "three"), mail(4, "four")) })
		})
	}
}

// A destination that knows no case: what one source keeps in two folders stays in two
// (F-8, F-15), those below them too, and what is there under another case is taken.
func TestADestinationWithoutCase(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Folds: true})
	s.dst.Create("OFFERTE")
	for i, name := range []string{"Lavoro", "lavoro", "Lavoro/a", "lavoro/a", "Offerte"} {
		s.fill(name, mail(i, name))
	}
	got := s.mustRun()
	want := map[string]string{"Lavoro": "Lavoro", "lavoro (2)": "lavoro", "Lavoro/a": "Lavoro/a", "lavoro (2)/a": "lavoro/a", "OFFERTE": "Offerte"}
	for copied, source := range want {
		if folder := s.dst.Folder(copied); folder == nil || folder.Name() != copied || !sameLetters(letters(folder, nil), letters(s.src.Folder(source), nil)) {
			t.Errorf("%s is not what %s was%s", copied, source, got.log())
		}
	}
	s.pass = 2
	if again := s.mustRun(); again.tally.Copied > 0 || again.tally.Present != got.tally.Copied || len(s.dst.Folders()) != 6 {
		t.Errorf("pass 2: %+v, %q", again.tally, s.dst.Folders())
	}
}

// Words with which servers say that a folder is there, without a code (F-8): Cyrus's,
// Courier's. One that shows so but at CREATE is used.
func TestWordsForAFolderThatIsThere(t *testing.T) {
	for _, words := range []string{"NO Mailbox already exists", "NO Cannot create this folder.", "NO [ALREADYEXISTS] no"} {
		t.Run(words, func(t *testing.T) {
			var s *story
			fired := 0
			s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "CREATE" {
					return false
				}
				fired++
				s.dst.Create("Lavoro")
				c.Reply(cmd.Tag, words)
				return true
			}})
			s.fill("Lavoro", mail(1, "one"))
			if got := s.mustRun(); got.tally.Copied != 1 || got.codes("folder_renamed") > 0 || fired != 1 {
				t.Errorf("%d times: %+v%s", fired, got.tally, got.log())
			}
			s.checkWhole()
		})
	}
}
