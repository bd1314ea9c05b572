package imapsync_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// several is a destination that takes several messages in one command.
func several(o imaptest.AccountOptions) imaptest.AccountOptions {
	o.Caps = append(imaptest.DefaultCaps(), "MULTIAPPEND")
	return o
}

// batchServers take several messages in one command, in all their kinds.
func batchServers() map[string][]string {
	return map[string][]string{
		"with all there is":               nil,
		"without UIDPLUS":                 {"UIDPLUS"},
		"without LITERAL+":                {"LITERAL+"},
		"without LITERAL+ and UIDPLUS":    {"LITERAL+", "UIDPLUS"},
		"without MULTIAPPEND":             {"MULTIAPPEND"},
		"without MULTIAPPEND or LITERAL+": {"MULTIAPPEND", "LITERAL+"},
	}
}

// hundred fills INBOX with a hundred messages; those of bad say what they are.
func (s *story) hundred(bad ...int) {
	for n := 1; n <= 100; n++ {
		text := "good"
		for _, b := range bad {
			if b == n {
				text = "evil"
			}
		}
		s.fill("INBOX", mail(n, text))
	}
}

func isEvil(m imaptest.Message) bool { return bytes.Contains(m.Body, []byte("evil")) }

func refuseEvil(m imaptest.Message) string {
	if isEvil(m) {
		return "NO [CANNOT] this one is evil"
	}
	return ""
}

// TestRefusedAmongOthers: the one is found by halves and fails, all others are
// copied once.
func TestRefusedAmongOthers(t *testing.T) {
	positions := [][]int{{50}, {1, 100}, {3, 4, 5, 6, 7, 8}}
	if long {
		positions = append(positions, []int{1}, []int{100}, []int{37, 38}, []int{10, 30, 50, 70, 90})
	}
	for name, lack := range batchServers() {
		for _, bad := range positions {
			t.Run(fmt.Sprintf("%s, %v", name, bad), func(t *testing.T) {
				var evil atomic.Int32
				count := func(cmd imaptest.Command, _ *imaptest.Session) bool {
					if slices.ContainsFunc(cmd.Messages(), isEvil) {
						evil.Add(1)
					}
					return false
				}
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, RefuseMessage: refuseEvil, Hook: count}))
				s.hundred(bad...)
				s.pass = 0
				got := s.next(100-len(bad), 0, len(bad))
				for i, o := range got.left {
					if o.Reason != migration.ReasonRefused || o.ServerText != "NO [CANNOT] this one is evil" {
						t.Errorf("left %d: %+v", i, o)
					}
				}
				if n := int(evil.Load()); n > 8*len(bad) { // 100, 50, 25, 13, 7, 4, 2, 1
					t.Errorf("%d commands with what is refused", n)
				}
				s.checkCopied(isEvil)
				s.next(0, 100-len(bad), len(bad))
				s.checkCopied(isEvil)
			})
		}
	}
}

// TestHowManyCommandsAHundredTake, one of which is refused: twice the depth of
// the halves, and some more for batches that were sent before all was read.
func TestHowManyCommandsAHundredTake(t *testing.T) {
	s := newStory(t, plus(), several(imaptest.AccountOptions{RefuseMessage: refuseEvil}))
	s.hundred(37)
	s.pass = 0
	s.next(99, 0, 1)
	if n := s.count(s.dst, "APPEND"); n > 2*7+10 {
		t.Errorf("%d commands", n)
	}
}

// TestRepairedAmongOthers: messages with bare line feeds or NUL are refused with
// the batch they are in, and repaired alone; all the others stay as they are. The
// destination is not sent such a batch twice (T-4).
func TestRepairedAmongOthers(t *testing.T) {
	for name, lack := range batchServers() {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, RefuseMessage: refuseContent}))
			for n := 1; n <= 100; n++ {
				s.fill("INBOX", mail(n, map[int]string{20: "a\x00b", 50: "one\ntwo", 70: "three\nfour", 71: "a\x00c"}[n]))
			}
			s.stores = asDovecot // which leaves the others as they are
			s.pass = 0
			got := s.next(100, 0, 0)
			if n := got.codes("altered"); n != 4 {
				t.Errorf("%d altered%s", n, got.log())
			}
			s.checkWhole()
		})
	}
}

func refuseContent(m imaptest.Message) string {
	switch {
	case bytes.IndexByte(m.Body, 0) >= 0:
		return "NO Message contains NUL characters"
	case bytes.Count(m.Body, []byte("\n")) != bytes.Count(m.Body, []byte("\r\n")):
		return "NO Message contains bare newlines"
	}
	return ""
}

// TestFullForABatch: the run parks with nothing in flight and goes on when there
// is room.
func TestFullForABatch(t *testing.T) {
	for name, lack := range batchServers() {
		for _, quota := range []int64{1, 3000, 9000} {
			t.Run(fmt.Sprintf("%s, %d octets", name, quota), func(t *testing.T) {
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Quota: quota}))
				s.hundred()
				got := s.run(t.Context())
				wantClass(t, got, imapsync.ClassOverQuota, imapsync.DestinationSide, true)
				s.checkMappedSoFar()
				if n := len(s.dst.Folder("INBOX").Messages()); n != got.tally.Copied || got.tally.Failed > 0 {
					t.Errorf("%d are there, told %+v", n, got.tally)
				}
			})
		}
	}
}

// TestFolderGoneForABatch: it is made once more and all goes on (T-6).
func TestFolderGoneForABatch(t *testing.T) {
	for name, lack := range batchServers() {
		for _, nth := range []int32{1, 2, 3} {
			t.Run(fmt.Sprintf("%s, at command %d", name, nth), func(t *testing.T) {
				var s *story
				var appends atomic.Int32
				hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
					if cmd.Name == "APPEND" && appends.Add(1) == nth {
						s.dst.Delete("Work")
					}
					return false
				}
				s = newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Hook: hook}))
				for n := range 100 {
					s.fill("Work", mail(n, "text"))
				}
				if got := s.mustRun(); got.tally.Copied != 100 {
					t.Errorf("told %+v%s", got.tally, got.log())
				}
				s.checkAgain()
			})
		}
	}
}

// TestUIDsOfABatch: sets that are none, too short, too long, or not told: all is
// there once, and mapped.
func TestUIDsOfABatch(t *testing.T) {
	replies := []string{
		"OK done", "OK", "OK [APPENDUID] done", "OK [APPENDUID 1001] done", "OK [APPENDUID 1001 1] done", "OK [APPENDUID 1001 1:2] done",
		"OK [APPENDUID 1001 1:5000000] done", "OK [APPENDUID 1001 5,4,3,2,1] done", "OK [APPENDUID 1001 x:y] done", "OK [APPENDUID 77 1:100] done",
		"OK [APPENDUID 1001 1:*] done", "OK [APPENDUID 1001 0:99] done",
	}
	for _, lack := range [][]string{nil, {"LITERAL+"}} {
		for _, reply := range replies {
			t.Run(fmt.Sprintf("without %v, %s", lack, reply), func(t *testing.T) {
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack}))
				s.hundred()
				s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Reply: reply})
				s.mustRun()
				s.dst.SetFaults()
				if !strings.Contains(reply, "1001 1] ") && !strings.Contains(reply, "1001 1:2] ") { // a batch of one or two may have been told that in earnest
					s.checkMapped()
				}
				s.checkWhole()
			})
		}
	}
}

// TestUIDsOfTwins: several connections store messages that are alike, and the
// server tells no UID: each is still mapped to one of its own.
func TestUIDsOfTwins(t *testing.T) {
	for name, lack := range batchServers() {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack}))
			for n := range 100 {
				s.fill("INBOX", mail(n/10, "text"))
			}
			s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Reply: "OK done"})
			s.mustRun()
			s.checkMapped()
		})
	}
}

// TestListedAndNotUnderstood: a server that lists MULTIAPPEND and answers it BAD.
func TestListedAndNotUnderstood(t *testing.T) {
	for name, lack := range batchServers() {
		t.Run(name, func(t *testing.T) {
			var refused atomic.Int32
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "APPEND" || len(cmd.Messages()) < 2 {
					return false
				}
				refused.Add(1)
				c.Reply(cmd.Tag, "BAD too many arguments")
				return true
			}
			s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Hook: hook}))
			s.hundred()
			s.fill("INBOX", mail(200, "one\ntwo"), mail(201, "a\x00b")) // not to be repaired for that
			if got := s.mustRun(); got.tally.Copied != 102 || got.codes("altered") > 0 {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			if n := refused.Load(); n > 16*4 {
				t.Errorf("%d were refused", n)
			}
			s.checkWhole()
		})
	}
}

// TestPoisonInABatch: a message that makes the server hang up fails by itself.
func TestPoisonInABatch(t *testing.T) {
	for name, lack := range batchServers() {
		t.Run(name, func(t *testing.T) {
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if !slices.ContainsFunc(cmd.Messages(), isEvil) {
					return false
				}
				c.Reset()
				return true
			}
			s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Hook: hook}))
			for n := 1; n <= 50; n++ {
				s.fill("INBOX", mail(n, map[bool]string{true: "evil"}[n == 30]))
			}
			got := s.mustRun()
			s.wantLeft(got, migration.Failed, migration.ReasonUnconfirmed, "INBOX", 30)
			s.checkCopied(isEvil)
		})
	}
}

// TestFewerConnectionsThanWanted: a destination without LITERAL+ that takes only
// so many connections is filled over those.
func TestFewerConnectionsThanWanted(t *testing.T) {
	for most := 1; most <= 5; most++ {
		for _, lack := range [][]string{{"LITERAL+"}, {"LITERAL+", "MULTIAPPEND"}} {
			t.Run(fmt.Sprintf("%d, without %v", most, lack), func(t *testing.T) {
				var filling atomic.Bool
				hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
					login := cmd.Name == "AUTHENTICATE" || cmd.Name == "LOGIN"
					if !filling.Load() || !login || c.Number < 2+most { // the first two are for the run and its folders
						return false
					}
					c.Reply(cmd.Tag, "NO [LIMIT] Maximum number of connections from user+IP exceeded")
					return true
				}
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Hook: hook}))
				s.hundred()
				filling.Store(true)
				got := s.mustRun()
				filling.Store(false)
				if got.tally.Copied != 100 {
					t.Errorf("told %+v%s", got.tally, got.log())
				}
				if n := got.codes("fewer_connections"); n != map[bool]int{true: 1}[most < 4] {
					t.Errorf("%d entries%s", n, got.log())
				}
				s.checkWhole()
			})
		}
	}
}

// TestALaneThatBreaks: of several connections one dies all the time.
func TestALaneThatBreaks(t *testing.T) {
	for _, lack := range [][]string{{"LITERAL+"}, {"LITERAL+", "MULTIAPPEND"}} {
		for nth := int32(1); nth <= 12; nth += 4 {
			t.Run(fmt.Sprintf("without %v, at command %d", lack, nth), func(t *testing.T) {
				var appends atomic.Int32
				hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
					if cmd.Name != "APPEND" || appends.Add(1)%12 != nth%12 {
						return false
					}
					c.Reset()
					return true
				}
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack, Hook: hook}))
				s.hundred()
				if got := s.mustRun(); got.tally.Copied != 100 {
					t.Errorf("told %+v%s", got.tally, got.log())
				}
				s.checkWhole()
			})
		}
	}
}

// TestManyRunsInLittleMemory: eight runs share one mebibyte and little temp space.
// All of them end, and give back what they held.
func TestManyRunsInLittleMemory(t *testing.T) {
	for _, lack := range [][]string{nil, {"LITERAL+", "MULTIAPPEND"}} {
		t.Run(fmt.Sprint("without ", lack), func(t *testing.T) {
			var stories []*story
			for range 8 {
				s := newStory(t, plus(), several(imaptest.AccountOptions{Without: lack}))
				for n := range 30 {
					s.fill("INBOX", mail(n, strings.Repeat("0123456789\r\n", 1+n*n*8)))
				}
				s.fill("Work", mail(40, strings.Repeat("0123456789\r\n", 2<<20/12)), mail(41, strings.Repeat("0123456789\r\n", 5<<20/12)), mail(42, "small"))
				stories = append(stories, s)
			}
			e := imapsync.New(imapsync.Options{
				TempDir: t.TempDir(), AllowPrivate: true, Memory: 1 << 20, TempSpace: 6 << 20,
				Patience: stories[0].patience, Timeouts: stories[0].timeouts,
			})
			runTogether(t, e, stories)
			if !e.Idle() {
				t.Error("not all was given back")
			}
			for _, s := range stories {
				s.checkCopied(nil)
			}
		})
	}
}

func runTogether(t *testing.T, e *imapsync.Engine, stories []*story) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range stories {
		all.Go(func() {
			if tally, err := e.Sync(ctx, s.job(), s.journal, imapsync.Discard{}); err != nil || tally.Copied != 33 {
				t.Errorf("%+v, %v", tally, err)
			}
		})
	}
	all.Wait()
}
