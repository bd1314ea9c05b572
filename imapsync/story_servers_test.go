package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// What real servers were measured to do, and few others: each ends with everything
// copied, or with the message named that was not.

// listsInboxWith answers LIST as Mailutils does: INBOX has NIL for its delimiter.
func listsInboxWith(delimiter string) func(cmd imaptest.Command, c *imaptest.Session) bool {
	return func(cmd imaptest.Command, c *imaptest.Session) bool {
		if cmd.Name != "LIST" || !strings.Contains(cmd.Args, "*") {
			return false
		}
		c.Send(`* LIST (\NoInferiors) ` + delimiter + ` INBOX`)
		c.Send(`* LIST (\HasChildren) "/" Work`)
		c.Send(`* LIST (\HasNoChildren) "/" Work/New`)
		c.Reply(cmd.Tag, "OK done")
		return true
	}
}

// Trees that are told in odd ways: folders keep their places, at either end (F-1, F-5).
func TestTreesOfRealServers(t *testing.T) {
	plain := []string{"INBOX", "Work", "Work/New"}
	tests := []struct {
		name         string
		src, dst     imaptest.AccountOptions
		there, want  []string // at the source; and at the destination, afterwards
		alreadyThere []string // at the destination
	}{
		{
			name: "Mailutils as the source: INBOX has no delimiter", there: plain, want: plain,
			src: imaptest.AccountOptions{Hook: listsInboxWith("NIL")},
		},
		{
			name: "and as the destination", there: plain, want: plain, alreadyThere: plain,
			dst: imaptest.AccountOptions{Hook: listsInboxWith("NIL")},
		},
		{name: "gluon as the source: no NAMESPACE", there: plain, want: plain, src: without("NAMESPACE")},
		{name: "and as the destination", there: plain, want: plain, dst: without("NAMESPACE")},
		{
			name: "no NAMESPACE, and a dot", there: []string{"INBOX", "Work.New"}, want: plain,
			src: imaptest.AccountOptions{Without: []string{"NAMESPACE"}, Delimiter: "."},
		},
		{
			name: "no NAMESPACE, and a dot at the destination", there: plain, want: []string{"INBOX", "Work", "Work.New"},
			dst: imaptest.AccountOptions{Without: []string{"NAMESPACE"}, Delimiter: "."},
		},
		{
			name: "NAMESPACE is told and refused", there: plain, want: plain,
			src: imaptest.AccountOptions{Faults: []imaptest.Fault{{Command: "NAMESPACE", Reply: "BAD unknown command"}}},
		},
		{
			name: "GMX and WEB.DE keep all below INBOX", there: []string{"INBOX", "INBOX.Work.New"}, want: plain,
			src: imaptest.AccountOptions{Prefix: "INBOX.", Delimiter: "."},
		},
		{
			name: "and as the destination", there: plain, want: []string{"INBOX", "INBOX.Work", "INBOX.Work.New"},
			dst: imaptest.AccountOptions{Prefix: "INBOX.", Delimiter: "."},
		},
		{
			name: "Domino has a backslash", there: []string{"INBOX", `Work\New`}, want: plain,
			src: imaptest.AccountOptions{Delimiter: `\`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStory(t, test.src, test.dst)
			for _, name := range test.alreadyThere {
				s.dst.Create(name)
			}
			for i, name := range test.there {
				s.fill(name, mail(i, name))
			}
			got := s.mustRun()
			names := s.dst.Folders()
			slices.Sort(names)
			if !slices.Equal(names, test.want) || got.tally.Copied != len(test.there) {
				t.Errorf("%q, %+v%s", names, got.tally, got.log())
			}
			if last := s.dst.Folder(test.want[len(test.want)-1]); last == nil || !sameLetters(letters(last, nil), letters(s.src.Folder(test.there[len(test.there)-1]), nil)) {
				t.Errorf("what lay deepest does not%s", got.log())
			}
			s.checkAgain()
		})
	}
}

// A tree of which a part is put off is waited for and not read in half: the prefix would
// be lost with NAMESPACE, and INBOX, which stands outside of it, with its LIST.
func TestATreeIsNotReadInHalf(t *testing.T) {
	const putOff = "NO [UNAVAILABLE] Temporary failure, try again"
	for _, end := range bothEnds() {
		for _, fault := range []imaptest.Fault{{Command: "NAMESPACE", Nth: 1}, {Command: "LIST", Nth: 1}, {Command: "LIST", Nth: 2}} {
			t.Run(fmt.Sprintf("%s, %s %d", end.name, fault.Command, fault.Nth), func(t *testing.T) {
				old := imaptest.AccountOptions{Prefix: "INBOX.", Delimiter: ".", Without: []string{"LIST-EXTENDED"}}
				s := newStory(t, old, old)
				fault.Reply = putOff
				end.of(s).SetFaults(fault)
				s.fill("INBOX", mail(1, "one"))
				s.fill("INBOX.Work", mail(2, "two"))
				if got := s.mustRun(); got.tally.Copied != 2 || got.codes("reconnecting") != 1 || !slices.Equal(s.dst.Folders(), s.src.Folders()) {
					t.Errorf("%q, %+v%s", s.dst.Folders(), got.tally, got.log())
				}
				s.checkWhole()
			})
		}
	}
}

// The limit of a message that the destination names (RFC 7889): one for all, one for each
// folder, or none. What is over it is not read, and named (T-5).
func TestLimitsThatDestinationsName(t *testing.T) {
	const small, large = 200, 3000
	tests := []struct {
		name, capability string
		ofFolder         int64 // by STATUS
		copied, asked    int   // messages; and STATUS commands
	}{
		{"a number", "APPENDLIMIT=2000", 0, 2, 0},
		{"the largest there is (mox)", "APPENDLIMIT=9223372036854775807", 0, 4, 0},
		{"the largest of 32 bits (Cyrus)", "APPENDLIMIT=4294967295", 0, 4, 0},
		{"more than that", "APPENDLIMIT=99999999999999999999", 0, 4, 0},
		{"no number", "APPENDLIMIT=big", 0, 4, 0},
		{"the word alone, and each folder its own (maddy)", "APPENDLIMIT", 2000, 2, 2},
		{"the word alone, and none for a folder", "APPENDLIMIT", 0, 4, 2},
		{"nothing at all", "IDLE", 2000, 4, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options := plus(test.capability)
			options.Without = []string{"LIST-STATUS"}
			options.Hook = func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "STATUS" || test.ofFolder == 0 {
					return false
				}
				name, _, _ := strings.Cut(cmd.Args, " (")
				c.Send(fmt.Sprintf("* STATUS %s (APPENDLIMIT %d)", name, test.ofFolder))
				c.Reply(cmd.Tag, "OK done")
				return true
			}
			s := newStory(t, imaptest.AccountOptions{}, options)
			for i, folder := range []string{"INBOX", "Work"} {
				s.fill(folder, mail(i, strings.Repeat("x", small)), mail(10+i, strings.Repeat("y", large)))
			}
			got := s.mustRun()
			if got.tally.Copied != test.copied || got.tally.Failed != 4-test.copied || s.count(s.dst, "STATUS") != test.asked {
				t.Errorf("asked %d times: %+v%s", s.count(s.dst, "STATUS"), got.tally, got.log())
			}
			for _, left := range got.left {
				if left.Reason != migration.ReasonTooBig || left.UID != 2 {
					t.Errorf("left out %+v", left)
				}
			}
			for _, cmd := range s.src.Commands() {
				if test.copied < 4 && strings.Contains(cmd.Args, "BODY.PEEK[])") && includes(cmd.Args, 2) {
					t.Errorf("read what is too large: %s", cmd)
				}
			}
			s.checkAgain()
		})
	}
}

// A folder that its user deletes while it is filled is known by the code that must be
// told, wherever it stands, or by words; it is made anew, once (T-6). Where a server says
// nothing the messages fail, in its words, and are copied in the next pass.
func TestAFolderThatIsMissing(t *testing.T) {
	tests := []struct {
		name, reply string
		isKnown     bool
	}{
		{"Dovecot", "NO [TRYCREATE] Mailbox doesn't exist: Work", true},
		{"Mailutils", "NO APPEND [TRYCREATE] failed", true},
		{"Cyrus", "NO Mailbox does not exist", true},
		{"hoodiecrow", "NO Target mailbox does not exist", true},
		{"hoodiecrow, as a fault of ours", "BAD Target mailbox does not exist", true},
		{"a server that says nothing", "BAD", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s *story
			var deleted atomic.Bool
			s = newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{
				Missing: test.reply, Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
					if cmd.Name == "APPEND" && !deleted.Swap(true) {
						s.dst.Delete("Work")
					}
					return false
				},
			})
			s.fill("Work", mail(1, "one"), mail(2, "two"), mail(3, "three"))
			got := s.mustRun()
			if test.isKnown {
				if got.tally.Copied != 3 || s.count(s.dst, "CREATE") != 2 {
					t.Errorf("%d times CREATE, %+v%s", s.count(s.dst, "CREATE"), got.tally, got.log())
				}
				s.checkWhole()
				return
			}
			if got.tally.Failed != 3 || len(got.left) != 3 || got.left[0].Reason != migration.ReasonRefused || got.left[0].ServerText != test.reply {
				t.Errorf("%+v%s", got.tally, got.log())
			}
			s.pass++
			s.next(3, 0, 0)
			s.checkWhole()
		})
	}
}

// A message that was deleted meanwhile is gone, and nothing failed, however the source
// answers who asks for it: with an OK, or a refusal. One that is found when it is looked
// for fails, if all that is asked of it is refused.
func TestWhatAServerSaysOfAMessageThatIsGone(t *testing.T) {
	tests := []struct {
		answer string
		isGone bool
		mute   bool // SEARCH does not say what it found
	}{
		{"OK done", true, false},
		{"NO No matching messages", true, false},
		{"BAD Invalid UID", true, false},
		{"NO [EXPUNGEISSUED] Some of the requested messages no longer exist.", true, false},
		{"NO Server Unavailable. 15", false, false},
		{"BAD Command Argument Error. 11", false, false},
		{"BAD Command Argument Error. 11", false, true},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.answer, test.mute), func(t *testing.T) {
			var s *story
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name == "UID SEARCH" && test.mute {
					c.Reply(cmd.Tag, "OK done")
					return true
				}
				if cmd.Name != "UID FETCH" || !includes(cmd.Args, 2) || strings.Contains(cmd.Args, "HEADER") {
					return false
				}
				if test.isGone {
					s.src.Folder("INBOX").Remove(2)
				}
				alone := strings.HasPrefix(cmd.Args, "2 ")
				if alone {
					c.Reply(cmd.Tag, test.answer)
				}
				return alone
			}
			s = newStory(t, imaptest.AccountOptions{Hook: hook}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"), quirky(2, imaptest.Quirk{Refuse: test.answer}), mail(3, "three"))
			got := s.mustRun()
			if test.isGone {
				s.wantLeft(got, migration.Skipped, migration.ReasonGone, "INBOX", 2)
			} else {
				s.wantLeft(got, migration.Failed, migration.ReasonUnreadable, "INBOX", 2)
				if got.left[0].ServerText != test.answer {
					t.Errorf("told %+v", got.left[0])
				}
			}
			if got.tally.Copied != 2 {
				t.Errorf("%+v%s", got.tally, got.log())
			}
		})
	}
}

// No command is longer than a server takes: Exchange answers more than 10,240 octets with
// `BAD Command Error. 10`, Yahoo takes 1000. Lists of UIDs without two in a row are
// cut at both ends, and nothing of them gets lost.
func TestLongListsOfUIDsAreCut(t *testing.T) {
	const most, messages, first = 1000, 240, 4_000_000_000
	var longest atomic.Int64
	short := func(cmd imaptest.Command, c *imaptest.Session) bool {
		n := len(cmd.Tag) + 1 + len(cmd.String()) + 2
		if n > most {
			c.Reply(cmd.Tag, "BAD Command Error. 10")
			t.Errorf("%d octets of %s", n, cmd.Name)
			return true
		}
		longest.Store(max(longest.Load(), int64(n)))
		return false
	}
	s := newStory(t, imaptest.AccountOptions{Hook: short}, imaptest.AccountOptions{Hook: short})
	s.edits = true
	s.dst.Folder("INBOX").Renumber(77, first)
	for n := range uint32(messages) {
		m := mail(int(n), "text")
		m.UID = first + 2*n
		s.fill("INBOX", m)
	}
	s.mustRun()
	for n := uint32(0); n < messages; n += 2 { // every other one: no two in a row there either
		s.flag(s.src, "INBOX", first+2*n, `\Seen`)
	}
	s.next(0, messages, 0)
	s.checkWhole()
	if longest.Load() < most*8/10 {
		t.Errorf("the longest had %d octets: nothing had to be cut", longest.Load())
	}
}

// An administrator who is let in and may not see a mailbox learns so from the first
// command after the login, whatever that is: it is about a right, no password, and
// nothing is tried again.
func TestAMasterLoginWithoutTheRight(t *testing.T) {
	for _, login := range []string{`login:{master}\{user}`, "separator:*", "authzid"} {
		t.Run(login, func(t *testing.T) {
			user, auth := "anna", migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: `STUDIO\admin`, Password: migration.NewSecret("secret")}
			var err error
			if auth.Form, err = migration.ParseMasterForm(login); err != nil {
				t.Fatal(err)
			}
			options := imaptest.AccountOptions{Master: auth.Master, MasterPassword: "secret", User: user, Password: "own"}
			if auth.Form.Pattern != "" { // the login of a name of its own
				options.User, options.Password = `STUDIO\admin\anna`, "secret"
			}
			options.Hook = func(cmd imaptest.Command, c *imaptest.Session) bool {
				switch cmd.Name {
				case "CAPABILITY", "LOGIN", "AUTHENTICATE", "LOGOUT":
					return false
				}
				c.Reply(cmd.Tag, "BAD User is authenticated but not connected.")
				return true
			}
			s := newStory(t, options, imaptest.AccountOptions{})
			job := s.job()
			job.Resource.Source.Auth = auth
			found, err := s.engine().CheckSource(t.Context(), job)
			if e := errorOf(err); e == nil || e.Class != imapsync.ClassPermission || found.OK {
				t.Errorf("the check: %v, %+v", err, found)
			}
			var heard recorder
			_, err = s.engine().Sync(t.Context(), job, s.journal, &heard)
			if e := errorOf(err); e == nil || e.Class != imapsync.ClassPermission || e.Side != imapsync.SourceSide || e.Parks() {
				t.Errorf("the run: %v%s", err, heard.log())
			}
			if logins := s.count(s.src, "LOGIN") + s.count(s.src, "AUTHENTICATE"); logins != 2 {
				t.Errorf("%d logins", logins)
			}
		})
	}
}
