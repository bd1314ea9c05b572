package imapsync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// What the providers say in the middle of a run, and what comes of it: it waits and all
// is copied, or it is parked, or its log names what was left.
func TestWordsOfProviders(t *testing.T) {
	say := func(command, reply string) imaptest.Fault {
		return imaptest.Fault{Command: command, Nth: 1, Reply: reply}
	}
	always := func(command, reply string) imaptest.Fault { return imaptest.Fault{Command: command, Reply: reply} }
	bye := func(command, text string) imaptest.Fault { return imaptest.Fault{Command: command, Nth: 1, Bye: text} }
	tests := []struct {
		name  string
		side  imapsync.Side
		fault imaptest.Fault
		class imapsync.Class // of the error that parks the run; "" is none: all is copied
		after time.Duration  // that the server asks for
		waits bool           // and the log says so
	}{
		{"Exchange asks for a moment", imapsync.SourceSide, say("UID FETCH", "BAD Request is throttled. Suggested Backoff Time: 2 milliseconds"), "", 0, true},
		{"Exchange asks for 50 minutes", imapsync.SourceSide, say("UID FETCH", "NO Request is throttled. Suggested Backoff Time: 2999961 milliseconds"), imapsync.ClassThrottled, 2999961 * time.Millisecond, false},
		{"Exchange ends the session", imapsync.SourceSide, bye("UID FETCH", "Connection closed. 14"), "", 0, true},
		{"Exchange cannot read a message at once", imapsync.SourceSide, say("UID FETCH", "NO Server Unavailable. 15"), "", 0, false},
		{"Gmail says it in an OK", imapsync.SourceSide, say("UID FETCH", "OK [THROTTLED] done"), "", 0, false},
		{"Gmail within its limits", imapsync.SourceSide, say("UID FETCH", "NO [THROTTLED] slow down"), "", 0, true},
		{"Gmail could not fetch some", imapsync.SourceSide, say("UID FETCH", "NO Some messages could not be FETCHed (Failure)"), "", 0, false},
		{"Gmail ends the session", imapsync.SourceSide, bye("UID FETCH", "Session expired, please login again."), "", 0, true},
		{"Gmail's day is used up", imapsync.SourceSide, always("UID FETCH", "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)"), imapsync.ClassDayLimit, time.Hour, false},
		{"Yahoo", imapsync.SourceSide, say("UID FETCH", "NO [LIMIT] UID FETCH Rate limit hit."), "", 0, true},
		{"Dovecot is in use", imapsync.SourceSide, say("EXAMINE", "NO [INUSE] Mailbox is locked"), "", 0, true},
		{"Dovecot has a fault", imapsync.SourceSide, say("UID FETCH", "NO [SERVERBUG] Internal error occurred. Refer to server log for more information."), "", 0, false},
		{"Dovecot got bored", imapsync.SourceSide, bye("UID FETCH", "Disconnected for inactivity."), "", 0, true},
		{"a server that is busy", imapsync.SourceSide, say("UID FETCH", "NO Server Busy, try again later"), "", 0, true},
		{"the destination throttles", imapsync.DestinationSide, say("APPEND", "NO [LIMIT] Rate limit hit"), "", 0, true},
		{"Exchange is not available for a moment", imapsync.DestinationSide, say("APPEND", "NO Server Unavailable. 15"), "", 0, true},
		{"a destination that has a fault of its own", imapsync.DestinationSide, say("APPEND", "NO Internal server error"), "", 0, true},
		{"the destination is full, on Dovecot", imapsync.DestinationSide, always("APPEND", "NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"), imapsync.ClassOverQuota, 0, false},
		{"on Cyrus", imapsync.DestinationSide, always("APPEND", "NO Over quota"), imapsync.ClassOverQuota, 0, false},
		{"on Courier", imapsync.DestinationSide, always("APPEND", "NO [ALERT] You exceeded your mail quota."), imapsync.ClassOverQuota, 0, false},
		{"and elsewhere", imapsync.DestinationSide, always("APPEND", "NO Quota limit will be exceeded"), imapsync.ClassOverQuota, 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(3, "three"))
			if test.side == imapsync.SourceSide {
				s.src.SetFaults(test.fault)
			} else {
				s.dst.SetFaults(test.fault)
			}
			if test.class == imapsync.ClassThrottled {
				s.patience.GiveUp = 30 * time.Millisecond
			}
			got := s.run(t.Context())
			if (got.codes("reconnecting") > 0) != test.waits || got.tally.Failed+got.tally.Skipped > 0 {
				t.Errorf("it waits %d times: %+v%s", got.codes("reconnecting"), got.tally, got.log())
			}
			if test.class == "" {
				if got.err != nil || got.tally.Copied != 3 {
					t.Errorf("got %v, %+v%s", got.err, got.tally, got.log())
				}
				s.checkWhole()
				return
			}
			e := errorOf(got.err)
			if e == nil || e.Class != test.class || e.Side != test.side || e.RetryAfter != test.after || !e.Parks() {
				t.Errorf("got %v%s", got.err, got.log())
			}
			s.src.SetFaults()
			s.dst.SetFaults()
			s.mustRun() // as the schedule will, later
			s.checkWhole()
		})
	}
}

// A folder that others have locked (Zimbra hangs up at it), or that may be seen and not
// opened: it is named, and everything else is copied.
func TestFoldersThatProvidersDoNotOpen(t *testing.T) {
	for name, answer := range map[string]func(*imaptest.Session, imaptest.Command){
		"Zimbra hangs up": func(c *imaptest.Session, _ imaptest.Command) {
			c.Send("* BYE Zimbra IMAP server terminating connection")
			c.Close()
		},
		"there is no right to it":   func(c *imaptest.Session, cmd imaptest.Command) { c.Reply(cmd.Tag, "NO [NOPERM] Permission denied") },
		"Exchange is not available": func(c *imaptest.Session, cmd imaptest.Command) { c.Reply(cmd.Tag, "NO Server Unavailable. 15") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{Hook: func(cmd imaptest.Command, c *imaptest.Session) bool {
				locked := (cmd.Name == "EXAMINE" || cmd.Name == "SELECT") && strings.Contains(cmd.Args, "Locked")
				if locked {
					answer(c, cmd)
				}
				return locked
			}}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"))
			s.fill("Locked", mail(2, "two"), mail(3, "three"))
			s.fill("Work", mail(4, "four"))
			got := s.mustRun()
			if got.tally.Copied != 2 || got.tally.Failed != 2 || len(got.left) != 1 || got.left[0].Reason != migration.ReasonFolderClosed || got.left[0].Folder != "Locked" {
				t.Errorf("%+v%s", got.tally, got.log())
			}
		})
	}
}

// Older servers tell roles by XLIST alone (F-2, F-10): they are used where LIST tells
// none. One that lists XLIST and refuses it is read by names.
func TestRolesByXLIST(t *testing.T) {
	for _, answers := range []bool{true, false} {
		t.Run(fmt.Sprint("it is answered: ", answers), func(t *testing.T) {
			hook := func(cmd imaptest.Command, c *imaptest.Session) bool {
				if cmd.Name != "XLIST" {
					return false
				}
				if !answers {
					c.Reply(cmd.Tag, "BAD unknown command")
					return true
				}
				c.Send(`* XLIST (\HasNoChildren \Inbox) "/" "Posta in arrivo"`)
				c.Send(`* XLIST (\HasNoChildren \Sent) "/" "Roba spedita"`)
				c.Send(`* XLIST (\HasNoChildren \Spam) "/" "Robaccia"`)
				c.Send(`* XLIST (\HasNoChildren \AllMail) "/" "Tutto"`)
				c.Reply(cmd.Tag, "OK done")
				return true
			}
			src := plus("XLIST")
			src.Hook, src.Without = hook, []string{"SPECIAL-USE"}
			s := newStory(t, src, imaptest.AccountOptions{})
			s.dst.Create("Sent", `\Sent`)
			for i, name := range []string{"INBOX", "Roba spedita", "Robaccia", "Tutto"} {
				s.fill(name, mail(i, name))
			}
			got := s.mustRun()
			sent, named := len(letters(s.dst.Folder("Sent"), nil)), len(letters(s.dst.Folder("Roba spedita"), nil))
			if answers && (got.tally.Copied != 2 || got.tally.Skipped != 2 || sent != 1 || named != 0) {
				t.Errorf("%+v, %d in Sent%s", got.tally, sent, got.log())
			}
			if !answers && (got.tally.Copied != 4 || sent != 0 || named != 1) {
				t.Errorf("%+v, %d in Sent%s", got.tally, sent, got.log())
			}
		})
	}
}
