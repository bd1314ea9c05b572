package imapsync_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"trasloco/imapsync/imaptest"
)

// asAnother lets the mailbox be filled from a source of which nothing is known. What
// it was filled from before may be the same.
func (s *story) asAnother() {
	former := s.journal.(*memory)
	s.journal = former.mailbox.journal()
	s.journal.(*memory).formers, s.journal.(*memory).clean = []*memory{former}, true
}

// TestASourceUnderAnotherName: what was copied is not copied again because the server
// is called otherwise, and mail of another account is not taken for what was copied
// though it has the same numbers (I-16).
func TestASourceUnderAnotherName(t *testing.T) {
	tests := []struct {
		name            string
		then            func(t *testing.T, s *story, src imaptest.AccountOptions) // what became of the source since
		copied, present int
	}{
		{"the same", func(*testing.T, *story, imaptest.AccountOptions) {}, 0, 11},
		{"with new mail", func(_ *testing.T, s *story, _ imaptest.AccountOptions) { s.fill("INBOX", mail(70, "new")) }, 1, 11},
		{"a folder has another name", func(_ *testing.T, s *story, _ imaptest.AccountOptions) { s.src.Folder("Work/New").Rename("Jobs") }, 0, 11},
		{"a folder was numbered anew", func(_ *testing.T, s *story, _ imaptest.AccountOptions) { s.src.Folder("Work/New").Renumber(99, 2) }, 0, 11},
		{"moved to another machine with its numbers", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.src = imaptest.NewAccount(t, src)
			s.fillOdd()
		}, 0, 11},
		{"a twin that got other mail since", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.fill("INBOX", mail(70, "theirs"))
			s.mustRun()
			s.src = imaptest.NewAccount(t, src)
			s.fillOdd()
			s.fill("INBOX", mail(71, "ours"))
		}, 1, 11},
		{"an older twin", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.fill("INBOX", mail(70, "theirs"))
			s.mustRun()
			s.src = imaptest.NewAccount(t, src)
			s.fillOdd()
		}, 0, 11},
		{"moved to another machine that counts otherwise", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.src = imaptest.NewAccount(t, src)
			s.fill("INBOX", mail(70, "new"))
			s.fillOdd()
			s.src.Folder("Work/New").Renumber(99, 4)
		}, 1, 11},
		{"mail was moved at the source", func(_ *testing.T, s *story, _ imaptest.AccountOptions) {
			s.move("Work/New", 2, "INBOX")
		}, 0, 11},
		{"another account with the same numbers", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.src = imaptest.NewAccount(t, src)
			for n := range 3 {
				s.fill("INBOX", mail(80+n, "other"))
			}
		}, 3, 0},
		{"another account that got the same letter once", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.src = imaptest.NewAccount(t, src)
			s.fill("INBOX", mail(5, "same head"))
			for n := range 12 {
				s.fill("INBOX", mail(80+n, "other"))
			}
		}, 13, 0},
		{"nothing is left of what was copied", func(_ *testing.T, s *story, _ imaptest.AccountOptions) {
			for _, name := range []string{"INBOX", "Work/New"} {
				for _, m := range s.src.Folder(name).Messages() {
					s.src.Folder(name).Remove(m.UID)
				}
			}
			s.fill("INBOX", mail(70, "new"))
		}, 1, 0},
	}
	for _, tt := range tests {
		for _, v := range manyServers() {
			t.Run(tt.name+", "+v.name, func(t *testing.T) {
				s := newStory(t, v.src, v.dst)
				s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
				s.fillOdd()
				s.mustRun()
				tt.then(t, s, v.src)
				s.asAnother()
				got := s.next(tt.copied, tt.present, 0)
				if known := got.codes("recognised") == 1; known != (tt.present > 0) {
					t.Errorf("recognised: %v%s", known, got.log())
				}
				s.next(0, tt.copied+tt.present, 0)
			})
		}
	}
}

// TestASourceUnderAnotherNameAfterAKill: what was under way when the former run was
// killed is looked for before anything is copied.
func TestASourceUnderAnotherNameAfterAKill(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fillOdd()
	s.patience.GiveUp = -1
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 3, Lost: true})
	s.run(t.Context())
	s.dst.SetFaults()
	s.patience.GiveUp = 20e9
	s.asAnother()
	got := s.mustRun()
	if got.codes("recognised") != 1 || got.codes("reconciled") == 0 {
		t.Errorf("not looked for%s", got.log())
	}
	s.checkWhole()
	s.checkMapped()
}

// TestASourceUnderAnotherNameThatDoesNotShowItself: while nobody could look, it is not
// taken for another one.
func TestASourceUnderAnotherNameThatDoesNotShowItself(t *testing.T) {
	for _, fault := range []imaptest.Fault{
		{Command: "EXAMINE", Nth: 1, Reply: "NO Mailbox is locked by another session"},
		{Command: "EXAMINE", Nth: 1, Reply: "NO [THROTTLED] slow down"},
		{Command: "FETCH", Nth: 1, Reply: "NO not now"},
		{Command: "UID FETCH", Nth: 1, Reply: "NO not now"},
		{Command: "UID FETCH", Nth: 1, Lost: true},
	} {
		t.Run(fmt.Sprint(fault.Command, " ", fault.Reply, fault.Lost), func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"), mail(2, "two"))
			s.mustRun()
			s.asAnother()
			s.src.SetFaults(fault)
			s.pass++
			got := s.insist()
			if n := len(s.dst.Folder("INBOX").Messages()); n != 2 {
				t.Errorf("%d messages at the destination%s", n, got.log())
			}
		})
	}
}

// TestASourceUnderAnotherNameInPart: one folder that tells it is another does not decide
// while one that was copied from cannot be looked at; one that nothing was copied from
// keeps nobody waiting.
func TestASourceUnderAnotherNameInPart(t *testing.T) {
	t.Run("a folder is locked for a moment", func(t *testing.T) {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
		s.fill("Drafts", mail(4, "draft"))
		s.mustRun()
		s.src.Folder("Drafts").Remove(1)
		s.fill("Drafts", mail(5, "another draft"))
		s.asAnother()
		s.src.SetFaults(imaptest.Fault{Command: "EXAMINE", Nth: 1, Reply: "NO Mailbox is locked by another session"})
		s.next(1, 3, 0)
	})
	t.Run("a folder that nothing was copied from is closed for good", func(t *testing.T) {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fill("INBOX")
		s.fill("Work", mail(1, "one"))
		s.mustRun()
		s.src.Delete("Work")
		s.fill("INBOX", mail(2, "two"))
		s.asAnother()
		s.src.SetFaults(imaptest.Fault{Command: "EXAMINE", Nth: 1, Reply: "NO Mailbox is locked by another session"})
		s.pass++
		if got := s.insist(); got.codes("reconnecting") > 0 {
			t.Errorf("waited%s", got.log())
		}
	})
	t.Run("it was empty in its first pass", func(t *testing.T) {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fill("INBOX", mail(1, "one"), mail(2, "two"))
		s.mustRun()
		full := s.src
		s.src = imaptest.NewAccount(t, imaptest.AccountOptions{})
		s.asAnother()
		s.next(0, 0, 0)
		s.src = full
		s.next(0, 2, 0)
	})
	t.Run("a folder with equal messages was renamed since", func(t *testing.T) {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fill("INBOX", mail(1, "one"))
		s.fill("Work", mail(2, "two"), mail(2, "two"))
		s.mustRun()
		s.src.Folder("Work").Rename("Jobs")
		s.asAnother()
		if got := s.next(0, 3, 0); got.codes("source_renamed") != 1 {
			t.Errorf("not followed%s", got.log())
		}
	})
}

// TestASourceUnderAnotherNameThatWantsPauses: what was looked at is not looked at again
// after each of them.
func TestASourceUnderAnotherNameThatWantsPauses(t *testing.T) {
	var commands atomic.Int32
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "EXAMINE" && cmd.Name != "FETCH" && cmd.Name != "UID FETCH" {
			return false
		}
		if commands.Add(1)%10 == 0 {
			c.Reply(cmd.Tag, "NO [THROTTLED] slow down")
			return true
		}
		return false
	}
	s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	for n := range 20 {
		s.fill(fmt.Sprint("Folder", n), mail(n, "text"))
	}
	s.mustRun()
	s.asAnother()
	s.next(0, 20, 0)
}

// TestACorrectedHost: a server that the account was moved to may number its folders like
// the former one; and one that is named by mistake has nothing forgotten (I-12).
func TestACorrectedHost(t *testing.T) {
	for _, v := range manyServers() {
		t.Run(v.name, func(t *testing.T) {
			s := newStory(t, v.src, v.dst)
			s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
			s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
			s.mustRun()
			first := s.src
			s.src = imaptest.NewAccount(t, v.src)
			s.fill("INBOX", mail(3, "three"), mail(4, "four"), mail(1, "one"))
			s.doubt()
			s.next(1, 2, 0)
			s.next(0, 3, 0)
			s.src = imaptest.NewAccount(t, v.src) // an empty one
			s.doubt()
			s.next(0, 0, 0)
			s.src = first
			s.doubt()
			s.next(0, 3, 0)
			if n := len(s.dst.Folder("INBOX").Messages()); n != 4 {
				t.Errorf("%d messages at the destination", n)
			}
		})
	}
}

// doubt is what the store does when the host is corrected.
func (s *story) doubt() {
	s.t.Helper()
	pairs, err := s.journal.Pairs(s.t.Context())
	for _, p := range pairs {
		p.Doubted, p.ModSeq, p.Complete = true, 0, false
		err = errors.Join(err, s.journal.SavePair(s.t.Context(), &p))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Copies that lie in the folder of another label are no evidence against a mailbox.
func TestGmailUnderAnotherName(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	for n := range 60 {
		s.deliver(fmt.Sprint("letter ", n), `\Inbox`, "A", "B", "C", "D", "E", "F")
	}
	first := s.mustRun().tally
	s.asAnother()
	got := s.next(0, first.Copied+first.Present, 0)
	if got.codes("recognised") != 1 || got.codes("known_again") != 1 {
		t.Errorf("not recognised, or said of more than INBOX%s", got.log())
	}
}
