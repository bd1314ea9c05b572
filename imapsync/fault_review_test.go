package imapsync_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// count is how many messages lie in a folder of an account.
func count(a *imaptest.Account, name string) int { return len(a.Folder(name).Messages()) }

func someMail(n int) []imaptest.Message {
	var list []imaptest.Message
	for i := range n {
		list = append(list, mail(i+1, "hello"))
	}
	return list
}

// TestDestinationThatAltersAllItStores: gluon adds a header to every message, so
// that neither size nor octets tell a copy. What was answered is not asked again,
// and what was not is known by its header.
func TestDestinationThatAltersAllItStores(t *testing.T) {
	const messages = 10
	faults := []struct {
		name  string
		fault imaptest.Fault
	}{
		{"the answer is lost", imaptest.Fault{Command: "APPEND", Lost: true}},
		{"the server says BYE", imaptest.Fault{Command: "APPEND", Bye: "not now"}},
	}
	for _, test := range faults {
		for n := 1; n <= messages; n++ {
			t.Run(fmt.Sprintf("%s at %d", test.name, n), func(t *testing.T) {
				s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
					Keep: func(octets []byte) []byte { return append([]byte("X-Pm-Gluon-Id: 123\r\n"), octets...) },
				})
				s.fill("INBOX", someMail(messages)...)
				fault := test.fault
				fault.Nth = n
				s.dst.SetFaults(fault)
				got := s.mustRun()
				if there := count(s.dst, "INBOX"); there != messages || got.tally.Copied != messages {
					t.Errorf("%d messages at the destination, told %+v%s", there, got.tally, got.log())
				}
				s.checkAgain()
			})
		}
	}
}

// TestSourceThatGuessesSizesCountsAnew (I-12, T-2).
func TestSourceThatGuessesSizesCountsAnew(t *testing.T) {
	for _, size := range []string{"more", "none"} {
		t.Run(size, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			list := someMail(10)
			for i := range list {
				list[i].Quirk.RawSize = map[string]string{"more": fmt.Sprint(len(list[i].Body) + 40), "none": "NIL"}[size]
			}
			s.fill("INBOX", list...)
			s.mustRun()
			s.src.Folder("INBOX").Renumber(77, 1)
			s.next(0, 10, 0)
			if there := count(s.dst, "INBOX"); there != 10 {
				t.Errorf("%d messages at the destination", there)
			}
		})
	}
}

// TestRefusedTwinIsNoCopy: of two messages alike one was refused and then deleted
// at the source. The other keeps its copy when the source counts anew.
func TestRefusedTwinIsNoCopy(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		Faults: []imaptest.Fault{{Command: "APPEND", Nth: 1, Reply: "NO the virus scanner says no"}},
	})
	s.fill("INBOX", mail(1, "twin"), mail(1, "twin"))
	s.mustRun()
	s.src.Folder("INBOX").Remove(1)
	s.src.Folder("INBOX").Renumber(77, 1)
	s.next(0, 1, 0)
	if there := count(s.dst, "INBOX"); there != 1 {
		t.Errorf("%d messages at the destination", there)
	}
}

// TestInboxSpelledOtherwise is the same folder (F-4).
func TestInboxSpelledOtherwise(t *testing.T) {
	otherwise := false
	s := newStory(t, imaptest.AccountOptions{Hook: func(c imaptest.Command, session *imaptest.Session) bool {
		if c.Name != "LIST" || !otherwise {
			return false
		}
		session.Send(`* LIST () "/" Inbox`)
		session.Reply(c.Tag, "OK")
		return true
	}}, imaptest.AccountOptions{})
	s.fill("INBOX", someMail(2)...)
	s.mustRun()
	otherwise = true
	s.next(0, 2, 0)
	if there := count(s.dst, "INBOX"); there != 2 {
		t.Errorf("%d messages at the destination", there)
	}
}

// TestRefusalThatSoundsLikeThrottling: the words are about one message, and the
// others must not wait for it for ever.
func TestRefusalThatSoundsLikeThrottling(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		Hook: func(c imaptest.Command, session *imaptest.Session) bool {
			if c.Name != "APPEND" || len(c.Literals) == 0 || !bytes.Contains(c.Literals[0], []byte("poison")) {
				return false
			}
			session.Reply(c.Tag, "NO too many MIME parts")
			return true
		},
	})
	s.fill("INBOX", mail(1, "hello"), mail(2, "poison"), mail(3, "bye"))
	s.fill("Work", mail(4, "later"))
	got := s.mustRun()
	if got.tally.Copied != 3 || got.tally.Failed != 1 || got.left[0].Reason != migration.ReasonRefused || got.left[0].UID != 2 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
}

// TestShutFolderHoldsUpNoOther: what became of a batch cannot be found out, since
// its folder does not open. Nothing goes there, and everything goes elsewhere.
func TestShutFolderHoldsUpNoOther(t *testing.T) {
	shut := imaptest.Fault{Command: "EXAMINE", Reply: "NO [CORRUPTION] the index is broken"}
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("Work", mail(1, "hello"))
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true})
	s.patience.GiveUp = -1
	s.run(t.Context())
	s.fill("INBOX", mail(2, "new"))
	s.patience.GiveUp = 20 * time.Second
	s.dst.SetFaults(shut)
	if got := s.mustRun(); got.tally.Listed != 2 || got.tally.Failed == 0 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	s.dst.SetFaults()
	s.mustRun()
	s.checkWhole()
}

// TestCopiesOfAFolderThatFailsLater are there, and told as there.
func TestCopiesOfAFolderThatFailsLater(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("INBOX", someMail(5)...)
	s.mustRun()
	s.fill("INBOX", mail(9, "new"))
	s.src.SetFaults(imaptest.Fault{Command: "EXAMINE", Reply: "NO not now"})
	s.next(0, 5, 1)
}
