package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// fillMany fills three folders, the first with more than one window of a listing.
func (s *story) fillMany() (total int) {
	for folder, n := range map[string]int{"INBOX": 620, "Work": 130, "Few": 3} {
		for i := range n {
			s.fill(folder, mail(total+i, folder))
		}
		total += n
	}
	return total
}

// TestMessageLimit: a FETCH is answered in part, from either end (RFC 9738).
// Everything is copied once all the same.
func TestMessageLimit(t *testing.T) {
	for _, limit := range []int{499, 60, 7} {
		for _, highest := range []bool{false, true} {
			for _, extra := range []string{"X-NONE", "CONDSTORE"} {
				t.Run(fmt.Sprintf("%d, highest first %t, %s", limit, highest, extra), func(t *testing.T) {
					src := plus(extra)
					src.MessageLimit, src.HighestFirst = limit, highest
					s := newStory(t, src, plus())
					total := s.fillMany()
					if got := s.mustRun(); got.tally.Copied != total {
						t.Errorf("told %+v%s", got.tally, got.log())
					}
					for n := range 20 {
						s.fill("INBOX", mail(2000+n, "new"))
					}
					s.next(20, total, 0)
					s.checkWhole()
				})
			}
		}
	}
}

// TestMessageLimitAtTheDestination: what is looked up there after a lost answer,
// or because the server tells no UIDs, or is adopted, or gets other flags, is not
// only the part that comes at once.
func TestMessageLimitAtTheDestination(t *testing.T) {
	for _, highest := range []bool{false, true} {
		limited := func(lack ...string) servers {
			dst := several(imaptest.AccountOptions{Without: lack, MessageLimit: 7, HighestFirst: highest})
			return servers{src: plus(), dst: dst}
		}
		name := fmt.Sprintf(", highest first %t", highest)
		t.Run("answers are lost"+name, func(t *testing.T) {
			s := newStory(t, plus(), limited().dst)
			s.hundred()
			s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true}, imaptest.Fault{Command: "APPEND", Nth: 2, Lost: true})
			s.mustRun()
			s.checkWhole()
		})
		t.Run("no UIDs are told"+name, func(t *testing.T) {
			s := newStory(t, plus(), limited("UIDPLUS").dst)
			s.hundred()
			s.mustRun()
			s.checkMapped()
			s.checkWhole()
		})
		t.Run("mail is adopted"+name, func(t *testing.T) {
			s := newStory(t, plus(), limited().dst)
			s.edits = true
			s.hundred()
			s.mustRun()
			s.lose()
			s.next(0, 100, 0)
			s.checkWhole()
		})
		t.Run("flags are merged"+name, func(t *testing.T) {
			s := newStory(t, plus(), limited().dst)
			s.edits = true
			s.hundred()
			s.mustRun()
			for uid := range uint32(100) {
				s.flag(s.src, "INBOX", uid+1, `\Seen`)
			}
			s.next(0, 100, 0)
			s.checkWhole()
		})
	}
}

// TestFewErrorsAllowed: a source that hangs up after ten refusals, as Exchange
// does. What it refuses fails, and everything else is copied (F-8); the check comes to its end too.
func TestFewErrorsAllowed(t *testing.T) {
	refusing := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "EXAMINE" || !strings.Contains(cmd.Args, "Shut") {
			return false
		}
		c.Reply(cmd.Tag, "NO Server Unavailable. 15")
		return true
	}
	tests := []struct {
		name             string
		folders, refused int // folders that do not open, and messages that are not shown
	}{
		{"a few folders", 4, 0},
		{"as many folders as it bears", 10, 0},
		{"more folders than it bears", 15, 0},
		{"a few messages", 0, 4},
		{"as many messages as it bears", 0, 10},
		{"more messages than it bears", 0, 15},
		{"both", 13, 13},
	}
	for _, lack := range [][]string{nil, {"LIST-STATUS", "STATUS=SIZE"}} {
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s, without %v", test.name, lack), func(t *testing.T) {
				s := newStory(t, imaptest.AccountOptions{MaxErrors: 10, Hook: refusing, Without: lack}, plus())
				good := s.fillMany()
				for n := range test.folders {
					s.fill(fmt.Sprintf("Shut %02d", n), mail(n, "unread"))
				}
				for n := range test.refused { // in folders of their own, which are read one after the other
					s.fill(fmt.Sprint("Half ", n), quirky(3000+n, imaptest.Quirk{Refuse: "NO Server Unavailable. 15"}), mail(4000+n, "good"))
					good++
				}
				found, err := s.look()
				if err != nil || !found.OK || found.Messages < good { // of folders that do not open it may know nothing
					t.Errorf("the check found %d messages of %d: %v", found.Messages, good, err)
				}
				got := s.mustRun()
				if got.tally.Copied != good {
					t.Errorf("told %+v, want %d copied%s", got.tally, good, got.log())
				}
				if got.tally.Failed != test.folders+test.refused {
					t.Errorf("told %+v, want %d failed", got.tally, test.folders+test.refused)
				}
			})
		}
	}
}

// TestTheCheckOpensNoCalendar: what is no mail is counted and not opened, unless it is
// to be copied (F-13).
func TestTheCheckOpensNoCalendar(t *testing.T) {
	for _, copied := range []bool{false, true} {
		t.Run(fmt.Sprintf("copied: %v", copied), func(t *testing.T) {
			var opened atomic.Bool
			s := newStory(t, imaptest.AccountOptions{
				Without: []string{"LIST-STATUS", "STATUS=SIZE"},
				Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
					if cmd.Name == "EXAMINE" && strings.Contains(cmd.Args, "Calendar") {
						opened.Store(true)
					}
					return false
				},
			}, plus())
			s.rules = imapsync.DefaultRules(migration.Exchange)
			if copied {
				s.rules.Chosen = choices(migration.FolderChoice{Path: []string{"Calendar"}})
			}
			s.fill("Calendar", mail(1, "meeting"), mail(2, "meeting"))
			found, err := s.look()
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(found.Inventory, func(f migration.FoundFolder) bool { return f.Name() == "Calendar" })
			if f := found.Inventory[i]; f.Messages != 2 || f.Reason != migration.ReasonNotMail || opened.Load() != copied {
				t.Errorf("opened %v: %+v", opened.Load(), f)
			}
		})
	}
}

// TestThrottledAllTheTime: every so many commands are refused; everything is
// copied, nothing fails.
func TestThrottledAllTheTime(t *testing.T) {
	for _, folders := range []int{6, 40} {
		for _, reply := range []string{"NO [THROTTLED] slow down", "BAD Request is throttled. Suggested Backoff Time: 1 milliseconds", "NO [LIMIT] UID FETCH Rate limit hit"} {
			for _, end := range bothEnds() {
				t.Run(fmt.Sprintf("%s, %d folders, %s", end.name, folders, reply), func(t *testing.T) {
					options := map[string]imaptest.AccountOptions{end.name: {Throttle: imaptest.Throttle{Every: 20, Reply: reply}}}
					s := newStory(t, options["source"], options["destination"])
					s.patience.GiveUp = 2 * time.Second
					s.fill("INBOX", oddMail()...)
					for n := range folders {
						s.fill(fmt.Sprint("Folder ", n), mail(20+n, "a"), mail(30+n, "b"))
					}
					got := s.mustRun()
					if got.tally.Failed+got.tally.Skipped > 0 {
						t.Errorf("told %+v%s", got.tally, got.log())
					}
					s.checkCopied(nil)
				})
			}
		}
	}
}

// TestMailComesWhileItIsRead: it is copied now or in the next pass, once.
func TestMailComesWhileItIsRead(t *testing.T) {
	for _, v := range manyServers() {
		for _, command := range []string{"LIST", "EXAMINE", "FETCH", "UID FETCH", "LOGOUT"} {
			for nth := int32(1); nth <= 4; nth++ {
				t.Run(fmt.Sprintf("%s, at %s %d", v.name, command, nth), func(t *testing.T) {
					var s *story
					var seen atomic.Int32
					var over atomic.Bool
					hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
						if cmd.Name == command && !over.Load() && seen.Add(1) == nth {
							s.fill("INBOX", mail(500, "just now"))
							s.fill("Work", mail(501, "just now"))
						}
						return false
					}
					v.src.Hook = hook
					s = newStory(t, v.src, v.dst)
					s.closes = len(v.dst.Without) > 0
					s.fillOdd()
					s.fill("Work", mail(30, "text"))
					s.mustRun()
					over.Store(true)
					s.pass++
					s.mustRun()
					s.checkWhole()
				})
			}
		}
	}
}

// TestADeltaAsksForWhatChanged: with CONDSTORE a folder is not listed again, and
// what was left out before is asked for by its UID.
func TestADeltaAsksForWhatChanged(t *testing.T) {
	s := newStory(t, plus("CONDSTORE"), plus())
	s.edits, s.maxSize = true, 6000
	for n := range 300 {
		s.fill("INBOX", mail(n, "text"))
	}
	s.fill("INBOX", mail(400, strings.Repeat("x", 7000)), quirky(401, imaptest.Quirk{NilBody: true}))
	s.mustRun()
	s.fill("INBOX", mail(402, "new"))
	s.flag(s.src, "INBOX", 7, `\Seen`)
	from := len(s.src.Commands())
	got := s.next(1, 300, 1)
	if got.tally.Skipped != 1 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	for _, cmd := range s.src.Commands()[from:] {
		whole := strings.HasPrefix(cmd.Args, "1:") && !strings.Contains(cmd.Args, "CHANGEDSINCE")
		if strings.HasSuffix(cmd.Name, "FETCH") && whole {
			t.Errorf("asked for %s", cmd)
		}
	}
	if want := letterOf(s.src.Folder("INBOX").Messages()[6]); !slices.Contains(letters(s.dst.Folder("INBOX"), nil), want) {
		t.Errorf("nothing is like %v%s", want, got.log())
	}
	s.src.Folder("INBOX").Update(302, func(m *imaptest.Message) { m.Quirk = imaptest.Quirk{} })
	s.maxSize = 50 << 20
	s.next(2, 301, 0)
	s.checkWhole()
}

// TestAnswersAreHeldBack (K-2): the last word about a FETCH comes only when all that
// was sent ahead has been answered, as Dovecot does it.
func TestAnswersAreHeldBack(t *testing.T) {
	for _, count := range []int{101, 250, 300} {
		t.Run(fmt.Sprint(count, " messages"), func(t *testing.T) {
			var s *story
			var held []string
			pieces := 0
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "UID FETCH" || !strings.Contains(cmd.Args, "BODY.PEEK[])") || pieces == (count+99)/100 {
					return false
				}
				for i, m := range s.src.Folder("INBOX").Messages() {
					if includes(cmd.Args, int(m.UID)) {
						c.SendRaw(fmt.Appendf(nil, "* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n", i+1, m.UID, len(m.Body), m.Body))
					}
				}
				held = append(held, cmd.Tag)
				if pieces++; pieces == (count+99)/100 {
					c.Send(strings.Join(held, " OK done\r\n") + " OK done")
				}
				return true
			}
			s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			for n := range count {
				s.fill("INBOX", mail(n, "text"))
			}
			s.mustRun()
			s.checkWhole()
			if n := s.count(s.src, "UID FETCH"); n != pieces {
				t.Errorf("%d commands for %d pieces", n, pieces)
			}
		})
	}
}
