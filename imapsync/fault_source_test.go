package imapsync_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// quirky is a plain message that the source speaks badly about.
func quirky(number int, q imaptest.Quirk) imaptest.Message {
	m := mail(number, strings.Repeat("some text ", 20))
	m.Quirk = q
	return m
}

// TestOddAnswersAreRead: however the source puts it, the message is copied whole.
func TestOddAnswersAreRead(t *testing.T) {
	tests := []struct {
		name  string
		quirk imaptest.Quirk
	}{
		{"the UID behind the body", imaptest.Quirk{UIDAfterBody: true}},
		{"two FETCH lines for a message", imaptest.Quirk{Split: true}},
		{"flags that nobody asked for come first", imaptest.Quirk{FlagsFirst: true}},
		{"flags first, then two lines with the UID last", imaptest.Quirk{FlagsFirst: true, Split: true, UIDAfterBody: true}},
		{"a size below zero", imaptest.Quirk{RawSize: "-1"}},
		{"a size that is NIL", imaptest.Quirk{RawSize: "NIL"}},
		{"a size that is far off", imaptest.Quirk{RawSize: "99999"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "before"), quirky(2, test.quirk), quirky(2, test.quirk), mail(3, "after"))
			s.mustRun()
			s.checkWhole()
		})
	}
}

// TestMessagesThatCannotBeCopied: each fails by itself, with its reason, and the
// others are copied.
func TestMessagesThatCannotBeCopied(t *testing.T) {
	stub := mail(2, "Retrieval using the IMAP4 protocol failed for the following message:")
	stub.Quirk.RawSize = "50000"
	tests := []struct {
		name    string
		message imaptest.Message
		reason  migration.Reason
		said    string
	}{
		{"the body is NIL", quirky(2, imaptest.Quirk{NilBody: true}), migration.ReasonEmpty, ""},
		{"the body is empty", imaptest.Message{Date: noon, Quirk: imaptest.Quirk{RawSize: "700"}}, migration.ReasonEmpty, ""},
		{"a stub of the server", stub, migration.ReasonUnreadable, ""},
		{"the server refuses it", quirky(2, imaptest.Quirk{Refuse: "NO [SERVERBUG] Server Unavailable. 15"}), migration.ReasonUnreadable, "NO [SERVERBUG] Server Unavailable. 15"},
		{"the server finds fault with the command", quirky(2, imaptest.Quirk{Refuse: "BAD Command Argument Error. 11"}), migration.ReasonUnreadable, "BAD Command Argument Error. 11"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "before"), test.message, mail(3, "after"))
			got := s.mustRun()
			s.wantLeft(got, migration.Failed, test.reason, "INBOX", 2)
			if got.left[0].ServerText != test.said {
				t.Errorf("told %q", got.left[0].ServerText)
			}
			s.checkCopied(func(m imaptest.Message) bool { return m.UID == 2 })
			s.checkAgain()
			s.src.Folder("INBOX").Update(2, func(m *imaptest.Message) { *m = quirky(2, imaptest.Quirk{}); m.UID = 2 })
			s.pass++
			if again := s.mustRun(); again.tally.Copied != 1 { // Δ-2
				t.Errorf("once it can be read: %+v", again.tally)
			}
			s.checkWhole()
		})
	}
}

// TestDamagedLiterals: what was announced wrongly is read again, alone, and only
// a clean answer or two that are alike are believed.
func TestDamagedLiterals(t *testing.T) {
	for _, off := range []int{-1, -2, -50, 1, 2, 3} {
		t.Run(fmt.Sprintf("once off by %d, then right", off), func(t *testing.T) {
			var s *story
			var asked atomic.Int32
			hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
				if cmd.Name == "UID FETCH" && strings.Contains(cmd.Args, "BODY.PEEK[])") && asked.Add(1) == 2 {
					s.src.Folder("INBOX").Update(2, func(m *imaptest.Message) { m.Quirk = imaptest.Quirk{} })
				}
				return false
			}
			s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "before"), quirky(2, imaptest.Quirk{LiteralOff: off}), mail(3, "after"))
			s.mustRun()
			s.checkWhole()
			if asked.Load() < 2 {
				t.Error("was not read again")
			}
		})
	}
}

// TestMessageGoneMeanwhile: deleted at the source between listing and reading.
func TestMessageGoneMeanwhile(t *testing.T) {
	var s *story
	hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
		if cmd.Name == "UID FETCH" {
			s.src.Folder("INBOX").Remove(2)
		}
		return false
	}
	s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
	got := s.mustRun()
	s.wantLeft(got, migration.Skipped, migration.ReasonGone, "INBOX", 2)
	if got.tally.Listed != 3 || got.tally.Copied != 2 {
		t.Errorf("told %+v", got.tally)
	}
	s.checkWhole()
}

// TestPoisonAtTheSource hangs up on one message each time: it fails after three
// tries, and the others are copied.
func TestPoisonAtTheSource(t *testing.T) {
	endings := map[string]func(*imaptest.Session){
		"by a reset": func(c *imaptest.Session) { c.Reset() },
		"by a FIN":   func(c *imaptest.Session) { c.Close() },
		"in a literal": func(c *imaptest.Session) {
			c.SendRaw([]byte("* 3 FETCH (UID 3 BODY[] {500}\r\nSubject: half\r\n"))
			c.Reset()
		},
		"with a BYE":  func(c *imaptest.Session) { c.Send("* BYE so long"); c.Close() },
		"by silence":  func(c *imaptest.Session) { c.Stall(t.Context()) },
		"by nonsense": func(c *imaptest.Session) { c.SendRaw(bytes.Repeat([]byte{0, 255, ' '}, 3000)); c.Close() },
	}
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "UID FETCH" || !strings.Contains(cmd.Args, "BODY.PEEK[])") || !includes(cmd.Args, 3) {
					return false
				}
				tries.Add(1)
				ending(c)
				return true
			}
			s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			s.timeouts.Reply = 200 * time.Millisecond
			s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"), mail(4, "four"))
			s.fill("Work", mail(5, "five"))
			got := s.mustRun()
			s.wantLeft(got, migration.Failed, migration.ReasonUnreadable, "INBOX", 3)
			s.checkCopied(func(m imaptest.Message) bool { return m.UID == 3 })
			// The whole set breaks before anything is sent, so its first message is
			// suspected first, then the second, then the right one.
			if n := tries.Load(); n > 5 {
				t.Errorf("tried %d times", n)
			}
		})
	}
}

// includes reports whether the UID set in front of args holds uid.
func includes(args string, uid int) bool {
	set, _, _ := strings.Cut(args, " ")
	for part := range strings.SplitSeq(set, ",") {
		first, last := 0, 0
		if n, _ := fmt.Sscanf(part, "%d:%d", &first, &last); n == 1 {
			last = first
		}
		if first <= uid && uid <= last {
			return true
		}
	}
	return false
}

// TestBreaksOfTheDestinationAreNoFaultOfTheSource: many connections are lost at
// one end; no message of the other is taken for a poison.
func TestBreaksOfTheDestinationAreNoFaultOfTheSource(t *testing.T) {
	var appends atomic.Int32
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name == "APPEND" && appends.Add(1)%2 == 1 {
			c.Reset()
			return true
		}
		return false
	}
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook, Without: []string{"LITERAL+"}})
	for n := range 30 {
		s.fill("INBOX", mail(n, "text"))
	}
	if got := s.mustRun(); got.tally.Copied != 30 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	s.checkWhole()
}

// TestSilentServers: the connection stays open and nothing comes.
func TestSilentServers(t *testing.T) {
	for _, end := range bothEnds() {
		for _, command := range []string{"LOGIN", "NAMESPACE", "LIST", "EXAMINE", "FETCH", "UID FETCH", "CREATE", "SUBSCRIBE", "APPEND"} {
			t.Run(end.name+" "+command, func(t *testing.T) {
				t.Parallel()
				s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
				s.timeouts.Reply, s.timeouts.Slow, s.timeouts.Login = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
				s.fillOdd()
				end.of(s).SetFaults(imaptest.Fault{Command: command, Nth: 1, Silent: true})
				s.mustRun()
				s.checkWhole()
			})
		}
	}
}

// TestByeInTheMiddle sends us away at each command once.
func TestByeInTheMiddle(t *testing.T) {
	for _, end := range bothEnds() {
		for _, command := range []string{"LOGIN", "NAMESPACE", "LIST", "EXAMINE", "FETCH", "UID FETCH", "CREATE", "SUBSCRIBE", "APPEND", "UNSELECT", "LOGOUT"} {
			for _, text := range []string{"Too many connections", "Session expired, please login again", "Autologout"} {
				t.Run(end.name+" "+command+" "+text, func(t *testing.T) {
					s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
					s.fillOdd()
					end.of(s).SetFaults(imaptest.Fault{Command: command, Nth: 1, Bye: text}, imaptest.Fault{Command: command, Nth: 2, Bye: text})
					s.mustRun()
					s.checkWhole()
					for _, name := range []string{"INBOX", "Work/New"} {
						if !s.dst.Folder(name).Subscribed() {
							t.Errorf("%s is not subscribed (F-14)", name)
						}
					}
				})
			}
		}
	}
}

// TestDatesThatAreNone are repaired from the header, else from the neighbour.
func TestDatesThatAreNone(t *testing.T) {
	for _, raw := range []string{`NIL`, `""`, `"31-Feb-2021 10:00:00 +0000"`, `"00-Jan-0000 00:00:00 +0000"`, `"01-Jan-2107 00:00:00 +0000"`, `"rubbish"`} {
		t.Run(raw, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			received := imaptest.Message{
				Body:  []byte("Received: from a by b; Fri, 5 Mar 2021 08:00:00 +0000\r\nDate: Thu, 4 Mar 2021 12:00:00 +0100\r\n\r\nx\r\n"),
				Quirk: imaptest.Quirk{RawDate: raw},
			}
			dated, bare := mail(2, "dated"), imaptest.Message{Body: []byte("Subject: bare\r\n\r\nx\r\n")}
			dated.Quirk, bare.Quirk = received.Quirk, received.Quirk
			s.fill("INBOX", received, dated, bare)
			got := s.mustRun()
			want := []string{"2021-03-05T08:00:00Z", "2021-03-04T11:00:00Z", "2021-03-04T11:00:00Z"}
			for i, m := range s.dst.Folder("INBOX").Messages() {
				if date := m.Date.UTC().Format(time.RFC3339); date != want[i] {
					t.Errorf("message %d got the date %s, want %s", i+1, date, want[i])
				}
			}
			if n := got.codes("date_repaired"); n != 3 {
				t.Errorf("%d log entries", n)
			}
			s.checkAgain()
		})
	}
}

// TestAnswerThenRefusal: the body came whole, alone, and then the server says
// NO: the message is on its way and must not be sent twice.
func TestAnswerThenRefusal(t *testing.T) {
	text := mail(2, "two").Body
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "UID FETCH" || !includes(cmd.Args, 2) || !strings.Contains(cmd.Args, "BODY.PEEK[])") {
			return false
		}
		if !strings.HasPrefix(cmd.Args, "2 ") {
			c.Reply(cmd.Tag, "NO Some messages could not be FETCHed (Failure)")
			return true
		}
		c.Send(fmt.Sprintf("* 2 FETCH (UID 2 BODY[] {%d}", len(text)))
		c.SendRaw(append(text, ")\r\n"...))
		c.Reply(cmd.Tag, "NO Some messages could not be FETCHed (Failure)")
		return true
	}
	s := newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
	s.mustRun()
	s.checkWhole()
}

// TestLargeMessages: over the limit by its size it is not read; over it by its
// octets alone it is not sent (T-5).
func TestLargeMessages(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		AppendLimit: 6000, Caps: append(imaptest.DefaultCaps(), "APPENDLIMIT=6000"),
	})
	s.maxSize = 8000
	big, liar := mail(2, strings.Repeat("x", 9000)), mail(3, strings.Repeat("y", 9000))
	liar.Quirk.RawSize = "100"
	s.fill("INBOX", mail(1, "one"), big, liar, mail(4, strings.Repeat("z", 7000)), mail(5, "five"))
	got := s.mustRun()
	want := migration.Tally{Listed: 5, Copied: 2, Skipped: 2, Failed: 1, Bytes: got.tally.Bytes}
	if got.tally != want {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	for _, o := range got.left {
		if o.Subject != fmt.Sprintf("number %d", o.UID) || o.Date.IsZero() || o.Size < 7000 {
			t.Errorf("named %+v", o)
		}
	}
	s.checkAgain()
	for _, cmd := range s.src.Commands() {
		if strings.Contains(cmd.Args, "BODY.PEEK[])") && includes(cmd.Args, 2) {
			t.Errorf("read what is too large: %s", cmd)
		}
	}
}

// TestRenumberedInTheMiddle: the source counts anew while it is read, and the
// destination breaks off. What was noted of a UID is another message's now.
func TestRenumberedInTheMiddle(t *testing.T) {
	var s *story
	var appends atomic.Int32
	hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "APPEND" || appends.Add(1) != 101 {
			return false
		}
		s.src.Folder("INBOX").Renumber(77, 100)
		c.Reset()
		return true
	}
	s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook})
	for n := 1; n <= 105; n++ {
		q := imaptest.Quirk{NilBody: n == 103} // soon noted as failed; the first five are read last
		s.fill("INBOX", quirky(n, q))
	}
	got := s.mustRun()
	if got.tally.Copied != 104 || got.tally.Failed != 1 {
		t.Errorf("told %+v%s", got.tally, got.log())
	}
	s.checkCopied(func(m imaptest.Message) bool { return m.Quirk.NilBody })
	s.checkAgain()
}
