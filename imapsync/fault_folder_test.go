package imapsync_test

import (
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// TestAListThatDoesNotAddUp is never worked with (I-3); other folders are.
func TestAListThatDoesNotAddUp(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), quirky(2, imaptest.Quirk{Hidden: true}), mail(3, "three"))
	s.fill("Work", mail(4, "four"))
	got := s.mustRun()
	want := migration.Tally{Listed: 4, Copied: 1, Failed: 3, Bytes: got.tally.Bytes}
	if got.tally != want || len(got.left) != 1 || got.left[0].Reason != migration.ReasonIncomplete {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	if there := s.dst.Folder("INBOX").Messages(); len(there) > 0 {
		t.Errorf("%d messages of a short list were copied", len(there))
	}
	s.src.Folder("INBOX").Update(2, func(m *imaptest.Message) { m.Quirk = imaptest.Quirk{} })
	s.pass++
	s.mustRun()
	s.checkWhole()
}

// TestFolderChangesWhileItIsListed: mail comes and goes under our hands.
func TestFolderChangesWhileItIsListed(t *testing.T) {
	tests := []struct {
		name   string
		change func(*imaptest.Folder)
		copied int
	}{
		{"one comes", func(f *imaptest.Folder) { f.Add(mail(70, "new")) }, 3},
		{"one goes", func(f *imaptest.Folder) { f.Remove(2) }, 2},
		{"one goes, one comes", func(f *imaptest.Folder) { f.Remove(2); f.Add(mail(70, "new")) }, 3},
		{"all go", func(f *imaptest.Folder) { f.Remove(1); f.Remove(2); f.Remove(3) }, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s *story
			var changed atomic.Bool
			hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
				if cmd.Name == "FETCH" && !changed.Swap(true) {
					test.change(s.src.Folder("INBOX"))
				}
				return false
			}
			s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
			if got := s.mustRun(); got.tally.Copied != test.copied || got.tally.Failed != 0 {
				t.Errorf("told %+v, want %d copied%s", got.tally, test.copied, got.log())
			}
			s.pass++
			s.mustRun() // what came too late
			s.checkWhole()
		})
	}
}

// TestFoldersThatDoNotOpen: others go on, and the messages count as missing.
func TestFoldersThatDoNotOpen(t *testing.T) {
	isWork := func(cmd imaptest.Command) bool { return cmd.Name == "EXAMINE" && strings.Contains(cmd.Args, "Work") }
	tests := []struct {
		name   string
		answer func(imaptest.Command, *imaptest.Session)
		failed int
	}{
		{"a refusal", func(cmd imaptest.Command, c *imaptest.Session) { c.Reply(cmd.Tag, "NO [NOPERM] not yours") }, 2},
		{"a BAD", func(cmd imaptest.Command, c *imaptest.Session) { c.Reply(cmd.Tag, "BAD no such thing") }, 2},
		{"hanging up each time", func(_ imaptest.Command, c *imaptest.Session) { c.Close() }, 2},
		{"a reset each time", func(_ imaptest.Command, c *imaptest.Session) { c.Reset() }, 2},
		{"good-bye each time", func(_ imaptest.Command, c *imaptest.Session) { c.Send("* BYE Internal error"); c.Close() }, 2},
		{"silence each time", func(_ imaptest.Command, c *imaptest.Session) { c.Stall(t.Context()) }, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if isWork(cmd) {
					test.answer(cmd, c)
				}
				return isWork(cmd)
			}
			s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			s.timeouts.Slow, s.timeouts.Reply = 300*time.Millisecond, 300*time.Millisecond
			s.fill("INBOX", mail(1, "one"))
			s.fill("Work", mail(2, "two"), mail(3, "three"))
			s.fill("Zoo", mail(4, "four"))
			got := s.mustRun()
			if got.tally.Copied != 2 || got.tally.Failed != test.failed || len(got.left) != 1 ||
				got.left[0].Reason != migration.ReasonFolderClosed || got.left[0].Folder != "Work" {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			if there := s.dst.Folder("Zoo").Messages(); len(there) != 1 {
				t.Errorf("behind it %d messages were copied", len(there))
			}
		})
	}
}

// TestUIDValidityOnlyBySelect: Courier tells it only to who opens a folder for
// writing (I-2).
func TestUIDValidityOnlyBySelect(t *testing.T) {
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "EXAMINE" {
			return false
		}
		c.Send("* 1 EXISTS")
		c.Reply(cmd.Tag, "OK [READ-ONLY] done")
		return true
	}
	s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	s.selects = true
	s.fill("INBOX", mail(1, "one"))
	s.mustRun()
	s.checkWhole()
	for _, cmd := range s.src.Changes() {
		if cmd.Name != "SELECT" {
			t.Errorf("sent the source %s", cmd)
		}
	}
	if flags := s.src.Folder("INBOX").Messages()[0].Flags; len(flags) > 0 {
		t.Errorf("the source has flags %v", flags)
	}
}

// TestUIDValidityThatDoesNotLast: Courier makes up another one at each EXAMINE, of the
// second, until somebody opens the folder for writing: the mailbox of who had POP3 alone
// (I-2). One that changed within the run is opened so, once.
func TestUIDValidityThatDoesNotLast(t *testing.T) {
	var s *story
	var fixed atomic.Bool
	made := uint32(7000)
	hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
		switch cmd.Name {
		case "SELECT":
			fixed.Store(true)
		case "EXAMINE":
			if !fixed.Load() {
				made++
				s.src.Folder("INBOX").Renumber(made, 1)
			}
		}
		return false
	}
	s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	s.selects = true
	for i := range 20 {
		s.fill("INBOX", mail(i, "text"))
	}
	if got := s.mustRun(); got.tally.Copied != 20 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	s.fill("INBOX", mail(30, "new"))
	s.next(1, 20, 0)
	s.checkWhole()
	if n := s.count(s.src, "SELECT"); n != 1 {
		t.Errorf("%d times SELECT", n)
	}
}

// TestNoLastingUIDs: a folder without them is not copied, and says so.
func TestNoLastingUIDs(t *testing.T) {
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name == "EXAMINE" {
			c.Send("* NO [UIDNOTSTICKY] sorry")
		}
		return false
	}
	s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), mail(2, "two"))
	got := s.mustRun()
	if got.tally.Failed != 2 || len(got.left) != 1 || got.left[0].Reason != migration.ReasonFolderClosed {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
}

// TestDestinationRefusesAFolder: a name that it does not take is made into one that any
// server takes, then into one that nobody can have, below its parent's other name too
// (F-7). If it takes none the messages fail, in its words, and all others are copied.
func TestDestinationRefusesAFolder(t *testing.T) {
	tests := []struct {
		name    string
		refused string // names that it does not take
		tried   string // by CREATE
		below   string // where the messages go; "": nowhere
	}{
		{"the mark", `%`, `Offerte 50% Offerte 50%/2020 Offerte 50_ Offerte 50_/2020`, `Offerte 50_`},
		{"the mark and the underscore at the end", `%|_$|_/`, `Offerte 50% Offerte 50%/2020 Offerte 50_ Of_[0-9a-f]{8} Of_[0-9a-f]{8}/2020`, `Of_[0-9a-f]{8}`},
		{"all", `.`, `Offerte 50% Offerte 50%/2020 Offerte 50_ Of_[0-9a-f]{8} Offerte 50%/2_[0-9a-f]{8}`, ``},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			refused := regexp.MustCompile(test.refused)
			var tried []string
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "CREATE" {
					return false
				}
				name := strings.Trim(cmd.Args, `"`)
				tried = append(tried, name)
				if !refused.MatchString(name) {
					return false
				}
				c.Reply(cmd.Tag, "NO [CANNOT] no such names here")
				return true
			}
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook})
			s.fill("INBOX", mail(1, "one"))
			s.fill("Offerte 50%", mail(2, "two"), mail(3, "three"))
			s.fill("Offerte 50%/2020", mail(4, "four"))
			got := s.mustRun()
			if all := strings.Join(tried, " "); !regexp.MustCompile("^(?:" + test.tried + ")$").MatchString(all) {
				t.Errorf("tried %q%s", all, got.log())
			}
			if test.below != "" {
				if got.codes("folder_renamed") != 2 || got.tally.Failed > 0 {
					t.Errorf("told %+v%s", got.tally, got.log())
				}
				for i, want := range []string{test.below, test.below + "/2020"} {
					is := func(name string) bool { return regexp.MustCompile("^" + want + "$").MatchString(name) }
					j := slices.IndexFunc(s.dst.Folders(), is)
					if j < 0 || count(s.dst, s.dst.Folders()[j]) != 2-i {
						t.Errorf("%s is not there, or has other messages: %q", want, s.dst.Folders())
					}
				}
				s.checkAgain()
				return
			}
			if got.tally.Copied != 1 || got.tally.Failed != 3 || len(got.left) != 2 {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			for _, left := range got.left {
				if left.Reason != migration.ReasonFolderCreate || left.ServerText != "NO [CANNOT] no such names here" {
					t.Errorf("left out %+v", left)
				}
			}
		})
	}
}
