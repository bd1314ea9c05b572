package imapsync_test

import (
	"slices"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
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
		}, 12, 0},
		{"an older twin", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.fill("INBOX", mail(70, "theirs"))
			s.mustRun()
			s.src = imaptest.NewAccount(t, src)
			s.fillOdd()
		}, 11, 0},
		{"another account with the same numbers", func(t *testing.T, s *story, src imaptest.AccountOptions) {
			s.src = imaptest.NewAccount(t, src)
			for n := range 3 {
				s.fill("INBOX", mail(80+n, "other"))
			}
		}, 3, 0},
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
				s.closes = slices.Contains(v.dst.Without, "UNSELECT")
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

// TestACorrectedHostWithTheSameNumbers: a server that the account was moved to may
// number its folders like the former one (I-12).
func TestACorrectedHostWithTheSameNumbers(t *testing.T) {
	for _, v := range manyServers() {
		t.Run(v.name, func(t *testing.T) {
			s := newStory(t, v.src, v.dst)
			s.closes = slices.Contains(v.dst.Without, "UNSELECT")
			s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
			s.mustRun()
			s.src = imaptest.NewAccount(t, v.src)
			s.fill("INBOX", mail(3, "three"), mail(4, "four"), mail(1, "one"))
			pairs, _ := s.journal.Pairs(t.Context())
			for _, p := range pairs { // as the store does when the host is corrected
				p.UIDValidity, p.ModSeq, p.Complete = migration.DoubtedNumbers, 0, false
				if err := s.journal.SavePair(t.Context(), &p); err != nil {
					t.Fatal(err)
				}
			}
			s.next(1, 2, 0)
			s.next(0, 3, 0)
		})
	}
}
