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

// TestLostAnswers loses the answer to each append in turn: the message is there,
// and nobody said so (I-6), by all ways in which servers take messages (K-4).
func TestLostAnswers(t *testing.T) {
	servers := []struct {
		name    string
		without []string
	}{
		{"a server with UIDPLUS and LITERAL+", nil},
		{"a server without UIDPLUS", []string{"UIDPLUS"}},
		{"a server without LITERAL+", []string{"LITERAL+"}},
		{"a server that has neither, nor UNSELECT", []string{"LITERAL+", "UIDPLUS", "UNSELECT"}},
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			for n := 1; n <= len(oddMail())+2; n++ {
				s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Without: server.without})
				s.closes = slices.Contains(server.without, "UNSELECT")
				s.fillOdd()
				s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: n, Lost: true, Reset: n%2 == 0})
				s.mustRun()
				s.checkWhole()
			}
		})
	}
}

// TestUnreadableUIDs answers an append with what is no APPENDUID (G-11): the
// message is stored, and has to be found.
func TestUnreadableUIDs(t *testing.T) {
	for _, reply := range []string{
		"OK [APPENDUID 1001 4:5] done", "OK [APPENDUID 1001 5 ] done", "OK [APPENDUID 1001] done", "OK [APPENDUID] done",
		"OK [APPENDUID 1001 0] done", "OK [APPENDUID 1001 99999999999] done", "OK [APPENDUID 7 3] done", "OK done", "OK",
		"OK [THROTTLED] done",
	} {
		t.Run(reply, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fillOdd()
			nth := 0 // each of them
			if strings.Contains(reply, "1001 5 ]") {
				nth = 5 // what it says can be read, so it has to be true
			}
			s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: nth, Reply: reply})
			s.mustRun()
			s.checkMapped()
			s.checkWhole()
		})
	}
}

// checkMapped: the journal knows of each copy where it is.
func (s *story) checkMapped() {
	s.t.Helper()
	pairs, err := s.journal.Pairs(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range pairs {
		known, err := s.journal.Messages(s.t.Context(), p.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		var mapped, there []uint32
		for _, m := range known {
			mapped = append(mapped, m.DestUID)
		}
		for _, m := range s.dst.Folder(p.Dest.Name).Messages() {
			there = append(there, m.UID)
		}
		slices.Sort(mapped)
		if !slices.Equal(mapped, there) {
			s.t.Errorf("folder %s: mapped to %v, there are %v", p.Source, mapped, there)
		}
	}
}

// TestLateCommit breaks off an append and stores its message only some time
// later, as a connection half dead behind a proxy does (I-9).
func TestLateCommit(t *testing.T) {
	for n := 1; n <= 4; n++ {
		var late sync.WaitGroup
		var s *story
		appends := 0
		hook := func(cmd imaptest.Command, conn *imaptest.Session) bool {
			if cmd.Name != "APPEND" {
				return false
			}
			if appends++; appends != n {
				return false
			}
			late.Add(1)
			time.AfterFunc(60*time.Millisecond, func() {
				defer late.Done()
				s.dst.Folder("INBOX").Add(appended(cmd))
			})
			conn.Reset()
			return true
		}
		s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook})
		s.patience.LateCommit = 600 * time.Millisecond
		s.fill("INBOX", oddMail()...)
		s.mustRun()
		late.Wait()
		s.checkWhole()
	}
}

// appended reads the message of an APPEND command as the client sent it.
func appended(cmd imaptest.Command) imaptest.Message {
	m := imaptest.Message{Body: cmd.Literals[len(cmd.Literals)-1]}
	if _, rest, ok := strings.Cut(cmd.Args, "("); ok {
		flags, _, _ := strings.Cut(rest, ")")
		m.Flags = strings.Fields(flags)
	}
	if parts := strings.Split(cmd.Args, `"`); len(parts) >= 3 {
		m.Date, _ = time.Parse("_2-Jan-2006 15:04:05 -0700", parts[len(parts)-2])
	}
	return m
}

// TestLostBeforeItWasStored breaks off before an append took effect: nothing is
// there, and it is sent again.
func TestLostBeforeItWasStored(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fillOdd()
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 3, Bye: "going down"}, imaptest.Fault{Command: "APPEND", Nth: 9, Bye: "again"})
	s.mustRun()
	s.checkWhole()
}

// TestPoisonAtTheDestination hangs up on one message each time: it fails, and
// the others are copied.
func TestPoisonAtTheDestination(t *testing.T) {
	hook := func(cmd imaptest.Command, conn *imaptest.Session) bool {
		if cmd.Name != "APPEND" || !bytes.Contains(cmd.Literals[0], []byte("poison")) {
			return false
		}
		conn.Reset()
		return true
	}
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook})
	s.fillOdd()
	s.fill("INBOX", mail(50, "poison"), mail(51, "after"))
	got := s.mustRun()
	s.wantLeft(got, migration.Failed, migration.ReasonUnconfirmed, "INBOX", uint32(len(oddMail())+1))
	s.checkCopied(func(m imaptest.Message) bool { return bytes.Contains(m.Body, []byte("poison")) })
}

// wantLeft checks that one message was left out, this one, for this reason.
func (s *story) wantLeft(got told, kind migration.OutcomeKind, reason migration.Reason, folder string, uid uint32) {
	s.t.Helper()
	if len(got.left) != 1 {
		s.t.Fatalf("left out %+v%s", got.left, got.log())
	}
	if o := got.left[0]; o.Kind != kind || o.Reason != reason || o.Folder != folder || o.UID != uid || o.Count != 1 {
		s.t.Errorf("left out %+v, want %s %s of %s/%d", o, kind, reason, folder, uid)
	}
}

// strict refuses messages as Cyrus and others do: by what they hold.
func strict(cmd imaptest.Command, conn *imaptest.Session) bool {
	if cmd.Name != "APPEND" {
		return false
	}
	body := cmd.Literals[0]
	switch {
	case bytes.IndexByte(body, 0) >= 0:
		conn.Reply(cmd.Tag, "NO Message contains NUL characters")
	case bytes.Count(body, []byte("\n")) != bytes.Count(body, []byte("\r\n")):
		conn.Reply(cmd.Tag, "NO Message contains bare newlines")
	case strings.Contains(cmd.Args, "$Forwarded"):
		conn.Reply(cmd.Tag, "BAD invalid keyword")
	default:
		return false
	}
	return true
}

// TestStrictDestination repairs what it must, and only that (T-4, T-6).
func TestStrictDestination(t *testing.T) {
	for _, without := range [][]string{nil, {"LITERAL+"}} {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: strict, Without: without})
		s.fillOdd()
		got := s.mustRun()
		if altered, dropped := got.codes("altered"), got.codes("keywords_dropped"); altered != 2 || dropped != 1 {
			t.Errorf("%d altered, %d with keywords dropped%s", altered, dropped, got.log())
		}
		want := letters(s.src.Folder("INBOX"), nil)
		for i, l := range want {
			body := strings.ReplaceAll(strings.ReplaceAll(l.body, "\r\n", "\n"), "\n", "\r\n")
			want[i].body = strings.ReplaceAll(body, "\x00", "\x80")
			want[i].flags = strings.ReplaceAll(l.flags, "$Forwarded ", "")
		}
		if got := letters(s.dst.Folder("INBOX"), nil); !sameLetters(got, want) {
			t.Error(difference(got, want))
		}
		s.checkAgain()
	}
}

// TestRefusals refuses one message for good, before its octets or after them.
func TestRefusals(t *testing.T) {
	tests := []struct {
		reply  string
		reason migration.Reason
	}{
		{"NO [CANNOT] Message contains invalid header", migration.ReasonRefused},
		{"NO message contains a virus", migration.ReasonRefused},
		{"NO header limit reached", migration.ReasonRefused},
		{"NO [TOOBIG] message too large", migration.ReasonTooBig},
		{"NO [LIMIT] Mail size is larger than the maximum size allowed by server configuration", migration.ReasonTooBig},
		{"NO maximum message size exceeded", migration.ReasonTooBig},
		{"NO Maximum size of appendable message has been exceeded.", migration.ReasonTooBig},
		{"BAD Command Argument Error. 11", migration.ReasonRefused},
	}
	for _, test := range tests {
		for _, early := range []bool{false, true} {
			for _, without := range [][]string{nil, {"LITERAL+"}} {
				t.Run(fmt.Sprint(test.reply, " early ", early, " without ", without), func(t *testing.T) {
					s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Without: without})
					s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
					s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 2, Reply: test.reply, BeforeLiteral: early})
					got := s.mustRun()
					s.wantLeft(got, migration.Failed, test.reason, "INBOX", 2)
					if got.left[0].ServerText != test.reply || got.left[0].Subject != "number 2" {
						t.Errorf("told %+v", got.left[0])
					}
					s.checkCopied(func(m imaptest.Message) bool { return m.UID == 2 })
					s.dst.SetFaults()
					s.pass++
					if again := s.mustRun(); again.tally.Copied != 1 {
						t.Errorf("the next pass copied %+v", again.tally)
					}
					s.checkWhole()
				})
			}
		}
	}
}

// TestFolderDeletedWhileItIsFilled makes the folder once more and goes on; what
// its user deleted with it stays away (Δ-8).
func TestFolderDeletedWhileItIsFilled(t *testing.T) {
	for _, without := range [][]string{nil, {"LITERAL+"}, {"UIDPLUS"}} {
		var s *story
		var appends atomic.Int32
		hook := func(cmd imaptest.Command, _ *imaptest.Session) bool {
			if cmd.Name == "APPEND" && appends.Add(1) == 4 {
				s.dst.Delete("Work")
			}
			return false
		}
		s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Hook: hook, Without: without})
		var many []imaptest.Message
		for n := range 250 {
			many = append(many, mail(n, "text"))
		}
		s.fill("Work", many...)
		got := s.mustRun()
		if there := len(s.dst.Folder("Work").Messages()); got.tally.Copied != 250 || there > 247 || there < 100 {
			t.Errorf("copied %+v, %d are there%s", got.tally, there, got.log())
		}
		s.checkAgain()
		s.fill("Work", mail(900, "new"))
		if more := s.mustRun(); more.tally.Copied != 1 || more.tally.Failed != 0 {
			t.Errorf("after one more: %+v%s", more.tally, more.log())
		}
	}
}

// TestMappedInAFolderMadeAnew loses an answer in a folder that its user deleted
// before: the UIDs of the old folder say nothing about the new one.
func TestMappedInAFolderMadeAnew(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("Work", mail(1, "one"), mail(2, "two"), mail(3, "three"))
	s.mustRun()
	s.dst.Delete("Work")
	s.fill("Work", mail(4, "four"), mail(5, "five"))
	s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 1, Lost: true})
	s.pass++
	s.mustRun()
	s.checkCopied(func(m imaptest.Message) bool { return m.UID <= 3 })
	s.checkAgain()
}

// TestFullMailbox parks the run with all that went in recorded; with room again
// it goes on where it stopped.
func TestFullMailbox(t *testing.T) {
	for _, without := range [][]string{nil, {"LITERAL+"}, {"UIDPLUS"}} {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Without: without})
		s.fillOdd()
		s.dst.SetFaults(allFrom("APPEND", 5, "NO [OVERQUOTA] Quota exceeded")...)
		got := s.run(t.Context())
		wantClass(t, got, imapsync.ClassOverQuota, imapsync.DestinationSide, true)
		s.checkMappedSoFar()
		before := 0
		for _, name := range s.dst.Folders() {
			before += len(s.dst.Folder(name).Messages())
		}
		if before != 4 || got.tally.Copied != before {
			t.Errorf("%d are there, told %+v", before, got.tally)
		}
		s.dst.SetFaults()
		s.mustRun()
		s.checkWhole()
	}
}

// checkMappedSoFar: what lies at the destination is mapped, message by message.
func (s *story) checkMappedSoFar() {
	s.t.Helper()
	if flights, err := s.journal.InFlight(s.t.Context()); err != nil || len(flights) > 0 {
		s.t.Errorf("in flight: %v, %v", flights, err)
	}
	s.checkMapped()
}

// allFrom answers every command of a name from the nth on.
func allFrom(command string, nth int, reply string) (faults []imaptest.Fault) {
	for n := nth; n < nth+1000; n++ {
		faults = append(faults, imaptest.Fault{Command: command, Nth: n, Reply: reply})
	}
	return faults
}

func wantClass(t *testing.T, got told, class imapsync.Class, side imapsync.Side, parks bool) {
	t.Helper()
	e := errorOf(got.err)
	if e == nil || e.Class != class || e.Side != side || e.Parks() != parks {
		t.Errorf("run ended with %v, want %s of the %s%s", got.err, class, side, got.log())
	}
}

// TestThrottled: each command that a run has for that end is put off, waited for as long
// as is asked, and said again.
func TestThrottled(t *testing.T) {
	replies := []string{
		"BAD Request is throttled. Suggested Backoff Time: 50 milliseconds", "NO [LIMIT] rate limit hit",
		"NO [THROTTLED] slow down", "NO [INUSE] try again", "NO [UNAVAILABLE] please",
	}
	commands := map[string][]string{
		"source":      {"NAMESPACE", "LIST", "EXAMINE", "FETCH", "UID FETCH"},
		"destination": {"NAMESPACE", "LIST", "CREATE", "EXAMINE", "APPEND"},
	}
	for _, end := range bothEnds() {
		for _, command := range commands[end.name] {
			for _, reply := range replies {
				t.Run(end.name+" "+command+" "+reply, func(t *testing.T) {
					s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
					s.fillOdd()
					end.of(s).SetFaults(imaptest.Fault{Command: command, Nth: 1, Reply: reply}, imaptest.Fault{Command: command, Nth: 3, Reply: reply})
					began := time.Now()
					s.mustRun()
					if said := s.count(end.of(s), command); said < 2 {
						t.Errorf("it was said %d times: what was put off was not said again", said)
					}
					if strings.Contains(reply, "50 mill") && time.Since(began) < 50*time.Millisecond {
						t.Error("did not wait")
					}
					s.checkWhole()
				})
			}
		}
	}
}

// TestThrottledForEver gives up after the time that was set, and parks.
func TestThrottledForEver(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		Faults: []imaptest.Fault{{Command: "APPEND", Reply: "NO [LIMIT] rate limit hit"}},
	})
	s.fillOdd()
	s.patience.GiveUp = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	got := s.run(ctx)
	wantClass(t, got, imapsync.ClassThrottled, imapsync.DestinationSide, true)
	s.dst.SetFaults()
	s.mustRun()
	s.checkWhole()
}

// TestDestinationGoesAwayForGood parks: the run had begun, and can go on when
// the server is back. One that never answered fails (2.10).
func TestDestinationGoesAwayForGood(t *testing.T) {
	var line *imaptest.Proxy
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
		Hook: func(c imaptest.Command, _ *imaptest.Session) bool {
			if c.Name == "APPEND" && line != nil {
				line.Close()
			}
			return false
		},
	})
	s.fillOdd()
	line = s.through(s.dst, imaptest.ProxyOptions{})
	s.patience.GiveUp = 100 * time.Millisecond
	wantClass(t, s.run(t.Context()), imapsync.ClassTransport, imapsync.DestinationSide, true)
	wantClass(t, s.run(t.Context()), imapsync.ClassConnect, imapsync.DestinationSide, false)
	line = nil
	delete(s.proxies, s.dst)
	s.mustRun()
	s.checkWhole()
}
