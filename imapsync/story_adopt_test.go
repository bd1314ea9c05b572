package imapsync_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// lose forgets all that was remembered: the database is gone.
func (s *story) lose() { s.journal = cleanMemory() }

// adopters are destinations that another program may have filled.
func adopters() []servers {
	return append(manyServers(), servers{"a destination that makes line ends whole", plus(), imaptest.AccountOptions{Keep: asDovecot}})
}

// TestALostDatabase: after a complete pass a second engine finds everything and
// copies nothing (I-14).
func TestALostDatabase(t *testing.T) {
	for _, v := range adopters() {
		t.Run(v.name, func(t *testing.T) {
			s := newStory(t, v.src, v.dst)
			s.edits, s.closes, s.stores = true, slices.Contains(v.dst.Without, "UNSELECT"), v.dst.Keep
			s.fillOdd()
			s.mustRun()
			before := s.everything()
			s.lose()
			got := s.next(0, 11, 0)
			if n := got.codes("adopted"); n != 2 {
				t.Errorf("%d folders were adopted%s", n, got.log())
			}
			s.checkSameBodies(before, got)
			s.checkMapped()
			s.checkWhole()
			s.fill("INBOX", mail(60, "new"))
			s.next(1, 11, 0)
		})
	}
}

// TestALostDatabaseInTheMiddle: what the first engine had copied is adopted, the
// rest is copied.
func TestALostDatabaseInTheMiddle(t *testing.T) {
	for _, v := range adopters() {
		for nth := 1; nth <= 4; nth++ {
			t.Run(fmt.Sprintf("%s, append %d is lost", v.name, nth), func(t *testing.T) {
				s := newStory(t, v.src, v.dst)
				s.edits, s.closes, s.stores = true, slices.Contains(v.dst.Without, "UNSELECT"), v.dst.Keep
				s.fillOdd()
				s.patience.GiveUp = -1
				s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: nth, Lost: true})
				s.run(t.Context())
				s.dst.SetFaults()
				s.patience.GiveUp = 20e9
				s.lose()
				s.mustRun()
				s.checkWhole()
			})
		}
	}
}

// filled are destinations that another program filled: for each message of
// oddMail, by its place, what it made of it.
var filled = []struct {
	name    string
	there   func() []imaptest.Message
	adopted int // of the nine of oddMail
}{
	{"nothing", func() []imaptest.Message { return nil }, 0},
	{"all of it", oddMail, 9},
	{"all of it, backwards", func() []imaptest.Message { all := oddMail(); slices.Reverse(all); return all }, 9},
	{"all of it with line ends made whole", func() []imaptest.Message { return changed(oddMail(), asDovecot) }, 9},
	{"half of it", func() []imaptest.Message { return oddMail()[:5] }, 5},
	{"one of the two twins", func() []imaptest.Message { return oddMail()[1:] }, 8},
	{"three of the two twins", func() []imaptest.Message { return append(oddMail(), oddMail()[0]) }, 9},
	{"one of two that share header and size", func() []imaptest.Message { return oddMail()[8:] }, 1},
	{"another that shares header and size with two", func() []imaptest.Message { return []imaptest.Message{mail(5, "SaMe HeAd")} }, 0},
	{"other mail besides", func() []imaptest.Message { return append([]imaptest.Message{mail(80, "mine")}, oddMail()...) }, 9},
	{"only other mail", func() []imaptest.Message { return []imaptest.Message{mail(80, "mine"), mail(81, "mine")} }, 0},
	{"the same headers with other bodies", func() []imaptest.Message {
		return changed(oddMail(), func(b []byte) []byte { return append(b, "A footer of a list, which all of them got\r\n"...) })
	}, 0},
}

func changed(messages []imaptest.Message, keep func([]byte) []byte) []imaptest.Message {
	for i := range messages {
		messages[i].Body = keep(bytes.Clone(messages[i].Body))
	}
	return messages
}

// TestAdoption: what is there is not copied again, each message once; what is
// not, or not surely, is. All that was there stays.
func TestAdoption(t *testing.T) {
	for _, v := range manyServers() {
		for _, test := range filled {
			t.Run(v.name+", "+test.name, func(t *testing.T) {
				s := newStory(t, v.src, v.dst)
				s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
				s.fill("INBOX", oddMail()...)
				s.pass = 0
				for _, m := range test.there() {
					s.dst.Folder("INBOX").Add(m)
				}
				fresh := len(oddMail()) - test.adopted
				got := s.next(fresh, test.adopted, 0)
				want := len(test.there()) + fresh
				if n := len(s.dst.Folder("INBOX").Messages()); n != want {
					t.Errorf("%d messages, want %d%s", n, want, got.log())
				}
				s.checkHoldsAll(got)
				s.checkAgain()
			})
		}
	}
}

// checkHoldsAll: for each message of the source one of its own lies at the
// destination, which may have line ends made whole.
func (s *story) checkHoldsAll(got told) {
	s.t.Helper()
	for _, name := range s.src.Folders() {
		count := map[string]int{}
		for _, m := range s.dst.Folder(name).Messages() {
			count[string(asDovecot(m.Body))]++
		}
		for _, m := range s.src.Folder(name).Messages() {
			if body := string(asDovecot(m.Body)); count[body] == 0 {
				s.t.Errorf("folder %s lacks %.100q%s", name, body, got.log())
			} else {
				count[body]--
			}
		}
	}
}

// TestFlagsOfAdoptedMail: what only the source has is set, what only the
// destination has stays, and from then on three ways hold.
func TestFlagsOfAdoptedMail(t *testing.T) {
	tests := []struct{ source, destination, want string }{
		{``, ``, ``},
		{`\Seen`, ``, `\Seen`},
		{``, `\Seen`, `\Seen`},
		{`\Seen $Label1`, `\Flagged`, `$Label1 \Flagged \Seen`},
		{`\Seen`, `\Seen`, `\Seen`},
		{`\Deleted`, ``, ``},
		{`\Seen`, `\Deleted`, `\Deleted \Seen`},
	}
	for _, v := range manyServers() {
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s, %q at the source, %q there", v.name, test.source, test.destination), func(t *testing.T) {
				s := newStory(t, v.src, v.dst)
				s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
				one, copied := mail(1, "one"), mail(1, "one")
				one.Flags, copied.Flags = strings.Fields(test.source), strings.Fields(test.destination)
				s.fill("INBOX", one)
				s.dst.Folder("INBOX").Add(mail(90, "other"))
				s.dst.Folder("INBOX").Add(copied)
				s.pass = 0
				got := s.next(0, 1, 0)
				if flags := flagsAt(s.dst.Folder("INBOX"), 2); flags != test.want {
					t.Errorf("its flags are %q, want %q%s", flags, test.want, got.log())
				}
				s.checkUnchanged(1)
				s.flag(s.src, "INBOX", 1, append(strings.Fields(test.source), `\Answered`)...)
				s.next(0, 1, 0)
				if flags := flagsAt(s.dst.Folder("INBOX"), 2); !strings.Contains(flags, `\Answered`) {
					t.Errorf("then its flags are %q", flags)
				}
			})
		}
	}
}

// TestKilledWhileItAdopts ends a first run at each write to the journal.
func TestKilledWhileItAdopts(t *testing.T) {
	for _, v := range adopters() {
		for write := range int32(12) {
			t.Run(fmt.Sprintf("%s, write %d", v.name, write), func(t *testing.T) {
				s := newStory(t, v.src, v.dst)
				s.edits, s.closes, s.stores = true, slices.Contains(v.dst.Without, "UNSELECT"), v.dst.Keep
				s.fillOdd()
				for _, m := range changed(oddMail()[2:], orSame(v.dst.Keep)) {
					s.dst.Folder("INBOX").Add(m)
				}
				s.killedAt(write)
				s.mustRun()
				s.checkWhole()
			})
		}
	}
}

func orSame(keep func([]byte) []byte) func([]byte) []byte {
	if keep == nil {
		return func(b []byte) []byte { return b }
	}
	return keep
}
