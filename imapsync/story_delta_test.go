package imapsync_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
)

// next is the next pass, which comes to its end with these counts.
func (s *story) next(copied, present, failed int) told {
	s.t.Helper()
	s.pass++
	got := s.mustRun()
	if got.tally.Copied != copied || got.tally.Present != present || got.tally.Failed != failed {
		s.t.Errorf("pass %d: %+v, want %d copied, %d present, %d failed%s", s.pass, got.tally, copied, present, failed, got.log())
	}
	return got
}

// content is all that lies at the destination, folder by folder.
func (s *story) content() map[string][]letter {
	all := map[string][]letter{}
	for _, name := range s.dst.Folders() {
		all[name] = letters(s.dst.Folder(name), nil)
	}
	return all
}

// checkUnchanged runs a pass and compares the destination before and after.
func (s *story) checkUnchanged(present int) {
	s.t.Helper()
	before := s.content()
	s.next(0, present, 0)
	if after := s.content(); !reflect.DeepEqual(before, after) {
		s.t.Errorf("the destination was changed:\n%v\n%v", before, after)
	}
}

func newDelta(t *testing.T) *story {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(2, "two"))
	s.fill("Work", mail(3, "three"), mail(4, "four"))
	s.mustRun()
	return s
}

// New mail, and new folders as a whole (Δ-2, Δ-7).
func TestNewMailIsCopied(t *testing.T) {
	s := newDelta(t)
	s.fill("INBOX", mail(2, "two"), mail(9, "nine")) // one more like those before
	s.fill("Fresh/Deep", mail(10, "ten"))
	s.next(3, 5, 0)
	s.checkWhole()
	if !s.dst.Folder("Fresh/Deep").Subscribed() {
		t.Error("the new folder is not subscribed")
	}
}

// TestWhatTheUserDidStays: copies deleted, moved, flagged or joined by others
// stay as they are (I-1, Δ-5, Δ-6).
func TestWhatTheUserDidStays(t *testing.T) {
	inbox := func(s *story) *imaptest.Folder { return s.dst.Folder("INBOX") }
	tests := map[string]func(*story){
		"a copy is deleted":             func(s *story) { inbox(s).Remove(1) },
		"all copies are deleted":        func(s *story) { inbox(s).Remove(1); inbox(s).Remove(2); inbox(s).Remove(3) },
		"a copy is moved":               func(s *story) { s.dst.Create("Kept").Add(inbox(s).Messages()[0]); inbox(s).Remove(1) },
		"a copy is moved and back":      func(s *story) { m := inbox(s).Messages()[0]; inbox(s).Remove(1); m.UID = 0; inbox(s).Add(m) },
		"a copy is read":                func(s *story) { inbox(s).Update(1, func(m *imaptest.Message) { m.Flags = []string{`\Seen`} }) },
		"new mail comes":                func(s *story) { inbox(s).Add(mail(77, "new")) },
		"the same mail comes again":     func(s *story) { inbox(s).Add(mail(1, "one")) },
		"a copy is marked as deleted":   func(s *story) { inbox(s).Update(2, func(m *imaptest.Message) { m.Flags = []string{`\Deleted`} }) },
		"a folder is made":              func(s *story) { s.dst.Create("Mine").Add(mail(78, "mine")) },
		"a folder is unsubscribed":      func(s *story) { s.dst.Folder("Work").Subscribe(false) },
		"a folder is deleted":           func(s *story) { s.dst.Delete("Work") },
		"a folder is renamed":           func(s *story) { s.dst.Folder("Work").Rename("Lavoro") },
		"a folder is deleted and empty": func(s *story) { s.dst.Delete("Work"); s.dst.Create("Work") },
	}
	for name, act := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDelta(t)
			act(s)
			s.checkUnchanged(5)
			s.journal.(*memory).clean = false // and after a stop that was not clean
			s.checkUnchanged(5)
			if f := s.dst.Folder("Work"); name == "a folder is unsubscribed" && f.Subscribed() {
				t.Error("subscribed again")
			}
		})
	}
}

// TestRenamedFolderIsFollowed (Δ-8).
func TestRenamedFolderIsFollowed(t *testing.T) {
	s := newDelta(t)
	s.dst.Folder("Work").Rename("Lavoro")
	s.fill("Work", mail(5, "five"))
	got := s.next(1, 5, 0)
	if n := len(s.dst.Folder("Lavoro").Messages()); n != 3 || s.dst.Folder("Work") != nil || got.codes("folder_followed") != 1 {
		t.Errorf("%d messages, folders %v%s", n, s.dst.Folders(), got.log())
	}
	s.checkAgain()
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true})
	s.fill("Work", mail(6, "six"))
	s.next(1, 6, 0)
	if n := len(s.dst.Folder("Lavoro").Messages()); n != 4 {
		t.Errorf("%d messages", n)
	}
	s.checkAgain()
}

// TestFoldersOfOneUIDValidity: Courier gives it to all folders made in a second.
// Both are renamed, and each is known by what it holds.
func TestFoldersOfOneUIDValidity(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	for _, name := range []string{"Two", "One"} { // listed in this order: a wrong guess comes first
		s.dst.Create(name).Renumber(500, 1)
	}
	for _, name := range []string{"One", "Two"} {
		s.fill(name, mail(len(s.src.Folders()), name), mail(9, "in both"))
	}
	s.mustRun()
	s.dst.Folder("Two").Rename("Alpha")
	s.dst.Folder("One").Rename("Beta")
	s.fill("One", mail(11, "eleven"))
	s.fill("Two", mail(12, "twelve"))
	s.next(2, 4, 0)
	for before, after := range map[string]string{"One": "Beta", "Two": "Alpha"} {
		if got, want := letters(s.dst.Folder(after), nil), letters(s.src.Folder(before), nil); !sameLetters(got, want) {
			t.Errorf("folder %s, now %s: %s", before, after, difference(got, want))
		}
	}
	s.checkAgain()
}

// TestDeletedFolderComesBackOnlyForNewMail (Δ-8, I-1).
func TestDeletedFolderComesBackOnlyForNewMail(t *testing.T) {
	s := newDelta(t)
	s.dst.Delete("Work")
	s.next(0, 5, 0)
	if s.dst.Folder("Work") != nil {
		t.Error("made anew for nothing")
	}
	s.fill("Work", mail(5, "five"))
	s.next(1, 5, 0)
	if got := s.dst.Folder("Work").Messages(); len(got) != 1 || string(got[0].Body) != string(mail(5, "five").Body) {
		t.Errorf("it holds %d messages", len(got))
	}
	s.fill("Work", mail(6, "six"))
	s.next(1, 6, 0)
	s.checkAgain()
}

// TestKilledWhileAFolderIsMadeAnew ends the run at each write to the journal.
func TestKilledWhileAFolderIsMadeAnew(t *testing.T) {
	for n := int32(1); n <= 9; n++ {
		s := newDelta(t)
		s.dst.Delete("Work")
		s.fill("Work", mail(5, "five"), mail(6, "six"))
		s.pass++
		broken := &failing{Journal: s.journal}
		broken.left.Store(n)
		s.journal = broken
		got := s.run(t.Context())
		if e := errorOf(got.err); got.err != nil && (e == nil || e.Class != imapsync.ClassInternal) {
			t.Fatalf("write %d: ended with %v", n, got.err)
		}
		s.journal = broken.Journal
		s.mustRun()
		s.checkCopied(func(m imaptest.Message) bool { return isOneOf(m, mail(3, "three"), mail(4, "four")) })
		s.checkAgain()
		if t.Failed() {
			t.Fatalf("write %d", n)
		}
	}
}

func isOneOf(m imaptest.Message, others ...imaptest.Message) bool {
	for _, o := range others {
		if string(o.Body) == string(m.Body) {
			return true
		}
	}
	return false
}

// TestSourceCountsAnew: new UIDs for old mail (I-12): nothing is doubled, and
// what is new is copied.
func TestSourceCountsAnew(t *testing.T) {
	tests := []struct {
		name    string
		act     func(f *imaptest.Folder)
		copied  int
		present int
	}{
		{"other numbers", func(f *imaptest.Folder) { f.Renumber(77, 100) }, 0, 11},
		{"the same numbers under another UIDVALIDITY", func(f *imaptest.Folder) { f.Renumber(77, 1) }, 0, 11},
		{"one is gone", func(f *imaptest.Folder) { f.Remove(1); f.Renumber(77, 5) }, 0, 10},
		{"two are new", func(f *imaptest.Folder) { f.Renumber(77, 2); f.Add(mail(1, "hello")); f.Add(mail(30, "new")) }, 2, 11},
	}
	for _, test := range tests {
		for write := int32(0); write < 4; write++ { // ended at that write; 0: not ended
			t.Run(fmt.Sprintf("%s, ended at write %d", test.name, write), func(t *testing.T) {
				s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
				s.fillOdd()
				s.mustRun()
				before := s.src.Folder("INBOX").Messages()
				test.act(s.src.Folder("INBOX"))
				if write > 0 {
					broken := &failing{Journal: s.journal}
					broken.left.Store(write - 1)
					s.journal = broken
					s.pass++
					s.run(t.Context())
					s.pass--
					s.journal = broken.Journal
				}
				s.next(test.copied, test.present, 0)
				gone := len(before) + test.copied - len(s.src.Folder("INBOX").Messages())
				if n := len(s.dst.Folder("INBOX").Messages()); n != len(before)+test.copied || gone < 0 {
					t.Errorf("%d messages at the destination", n)
				}
				s.checkAgain()
			})
		}
	}
}

// TestDestinationCountsAnew finds the copies again under their new numbers
// (I-13): none is appended a second time, and new mail is copied.
func TestDestinationCountsAnew(t *testing.T) {
	tests := []struct {
		name           string
		act            func(f *imaptest.Folder)
		missing, there int
	}{
		{"restored from a backup", func(f *imaptest.Folder) { f.Renumber(7777, 50) }, 0, 3},
		{"restored without one of them", func(f *imaptest.Folder) { f.Remove(1); f.Renumber(7777, 50) }, 1, 2},
		{"the same numbers under another UIDVALIDITY", func(f *imaptest.Folder) { f.Renumber(7777, 1) }, 0, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newDelta(t)
			test.act(s.dst.Folder("Work"))
			s.fill("Work", mail(5, "five"))
			s.fill("INBOX", mail(6, "six"))
			got := s.next(2, 5, 0)
			if n := len(s.dst.Folder("Work").Messages()); n != test.there {
				t.Errorf("%d messages are there", n)
			}
			for _, e := range got.entries {
				if e.Code == "destination_renumbered" && e.Args["missing"] != test.missing {
					t.Errorf("told %+v", e)
				}
			}
			if got.codes("destination_renumbered") != 1 {
				t.Error("nothing is said of it")
			}
			s.checkAgain()
		})
	}
}

// TestRenumberedWhileItIsFilled: the answers name another UIDVALIDITY.
func TestRenumberedWhileItIsFilled(t *testing.T) {
	var s *story
	var appends atomic.Int32
	hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
		if cmd.Name == "APPEND" && appends.Add(1) == 3 {
			s.dst.Folder("INBOX").Renumber(9999, 500)
		}
		return false
	}
	s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook})
	s.fill("INBOX", oddMail()...)
	s.mustRun()
	s.checkWhole()
}

// TestUnchangedFolderIsNotListed, where HIGHESTMODSEQ says so in the list of folders
// (Δ-1, K-1).
func TestUnchangedFolderIsNotListed(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{Caps: append(imaptest.DefaultCaps(), "CONDSTORE")}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), mail(2, "two"))
	s.fill("Work", mail(3, "three"))
	s.mustRun()
	commands := func(name string) (n int) {
		for _, cmd := range s.src.Commands() {
			if strings.Contains(cmd.Name, name) {
				n++
			}
		}
		return n
	}
	listed, opened := commands("FETCH"), commands("EXAMINE")
	s.next(0, 3, 0)
	if commands("FETCH") != listed || commands("EXAMINE") != opened {
		t.Error("looked at although nothing changed")
	}
	s.src.Folder("INBOX").Add(mail(4, "four"))
	s.next(1, 3, 0)
	if n := commands("EXAMINE") - opened; n != 2 { // to list, and to read
		t.Errorf("folders were opened %d times", n)
	}
	s.checkWhole()
}

// TestOnlyChangesAreAskedFor, where the source can tell them (Δ-1, RFC 7162): new
// mail, other flags, and, with QRESYNC, what is gone. Without that a folder from
// which something vanished is listed.
func TestOnlyChangesAreAskedFor(t *testing.T) {
	for _, extension := range []string{"CONDSTORE", "QRESYNC"} {
		t.Run(extension, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{Caps: append(imaptest.DefaultCaps(), "CONDSTORE", "ENABLE", extension)}, imaptest.AccountOptions{})
			for n := range 700 {
				s.fill("INBOX", mail(n, "text"))
			}
			s.fill("INBOX", quirky(800, imaptest.Quirk{NilBody: true}))
			s.mustRun()
			whole := func(act func()) bool {
				before := len(s.src.Commands())
				act()
				return slices.ContainsFunc(s.src.Commands()[before:], func(c imaptest.Command) bool { return c.Name == "FETCH" })
			}
			if whole(func() { s.fill("INBOX", mail(900, "new")); s.next(1, 700, 1) }) {
				t.Error("all was listed for a new message")
			}
			listed := whole(func() {
				s.src.Folder("INBOX").Remove(5)
				s.src.Folder("INBOX").Remove(6)
				s.fill("INBOX", mail(901, "newer"))
				s.next(1, 699, 1)
			})
			if listed != (extension == "CONDSTORE") {
				t.Errorf("listed for messages that are gone: %t", listed)
			}
			if whole(func() { s.fill("INBOX", mail(902, "newest")); s.next(1, 700, 1) }) {
				t.Error("what is gone was not remembered")
			}
			if n := len(s.dst.Folder("INBOX").Messages()); n != 703 {
				t.Errorf("%d messages at the destination", n)
			}
		})
	}
}

// TestSamePassAgain: a pass that is resumed counts what it copied before as
// copied, and an unchanged folder likewise.
func TestSamePassAgain(t *testing.T) {
	s := newDelta(t)
	if got := s.mustRun(); got.tally.Copied != 5 || got.tally.Present != 0 {
		t.Errorf("told %+v", got.tally)
	}
}
