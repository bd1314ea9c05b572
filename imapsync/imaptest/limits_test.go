package imaptest_test

import (
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

func TestFetchAnswersAsManyAsTheLimitAllows(t *testing.T) {
	tests := []struct {
		name, command string
		highestFirst  bool
		want          []string
	}{
		{"more by UID", "UID FETCH 1:* (UID)", false, []string{"OK [MESSAGELIMIT 2 12] partial", "* 1 FETCH (UID 11)", "* 2 FETCH (UID 12)"}},
		{"more by number", "FETCH 2:4 (FLAGS)", false, []string{"OK [MESSAGELIMIT 2 13] partial", "* 2 FETCH (FLAGS ())", "* 3 FETCH (FLAGS ())"}},
		{"as many", "UID FETCH 13:99 (UID)", false, []string{"OK done", "* 3 FETCH (UID 13)", "* 4 FETCH (UID 14)"}},
		{"as many have changed", "UID FETCH 1:* (UID) (CHANGEDSINCE 3)", false, []string{"OK done", "* 3 FETCH (UID 13 MODSEQ (4))", "* 4 FETCH (UID 14 MODSEQ (5))"}},
		{"more have changed", "UID FETCH 1:* (UID) (CHANGEDSINCE 2)", false, []string{"OK [MESSAGELIMIT 2 13] partial", "* 2 FETCH (UID 12 MODSEQ (3))", "* 3 FETCH (UID 13 MODSEQ (4))"}},
		{"more, from the top", "UID FETCH 1:* (UID)", true, []string{"OK [MESSAGELIMIT 2 13] partial", "* 4 FETCH (UID 14)", "* 3 FETCH (UID 13)"}},
		{"the rest, from the top", "UID FETCH 1:12 (UID)", true, []string{"OK done", "* 1 FETCH (UID 11)", "* 2 FETCH (UID 12)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{Caps: with("CONDSTORE"), MessageLimit: 2, HighestFirst: test.highestFirst})
			for uid := range uint32(4) {
				a.Folder("INBOX").Add(imaptest.Message{UID: 11 + uid, Date: noon, Body: mail})
			}
			c := login(t, a)
			if got := c.do("CAPABILITY"); !strings.HasSuffix(got[1], " MESSAGELIMIT=2") {
				t.Errorf("capabilities %q", got)
			}
			c.do("EXAMINE INBOX")
			c.wantReply(test.command, test.want...)
		})
	}
}

func TestServerHangsUpOnTooManyErrors(t *testing.T) {
	refusing := func(cmd imaptest.Command, s *imaptest.Session) bool {
		if cmd.Name == "NAMESPACE" {
			s.Reply(cmd.Tag, "NO not here")
		}
		return cmd.Name == "NAMESPACE"
	}
	tests := []struct{ name, third string }{
		{"of its own", "t EXAMINE Nowhere"},
		{"before a literal", "t APPEND Nowhere {5}"},
		{"of a hook", "t NAMESPACE"},
		{"of a fault", "t GETQUOTAROOT INBOX"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{
				MaxErrors: 3, Hook: refusing, Faults: []imaptest.Fault{{Command: "GETQUOTAROOT", Reply: "NO never"}},
			})
			c := login(t, a)
			c.wantReply("EXAMINE Nowhere", "NO [NONEXISTENT] no such folder")
			c.wantReply("FROBNICATE", "BAD unknown command")
			c.wantReply("NOOP", "OK done")
			c.send(test.third + "\r\n")
			got, err := c.rest()
			lines := strings.Split(got, "\r\n")
			if err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], "t NO ") || lines[1] != "* BYE Connection closed" {
				t.Errorf("got %q, %v", got, err)
			}
			_ = c.conn.Close()
			login(t, a).wantReply("EXAMINE Nowhere", "NO [NONEXISTENT] no such folder") // counted anew
		})
	}
}

func TestThrottledServerRefusesEachNthCommand(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Throttle: imaptest.Throttle{Every: 3, Reply: "NO [LIMIT] slow down"}})
	const (
		again     = "CREATE Same"
		carried   = "NO [ALREADYEXISTS] folder exists"
		throttled = "NO [LIMIT] slow down"
	)
	a.Create("Same")
	first, second := login(t, a), login(t, a)
	steps := []struct {
		name, command string
		client        *client
		want          string
	}{
		{"the first", again, first, carried},
		{"one in another connection", again, second, carried},
		{"one that does not count", "NOOP", first, "OK done"},
		{"the third", "CREATE New", first, throttled},
		{"the fourth", again, second, carried},
		{"the fifth", again, first, carried},
		{"the sixth, with a literal", "APPEND INBOX {5+}\r\nhello", second, throttled},
		{"the seventh", again, second, carried},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			step.client.t = t
			step.client.wantReply(step.command, step.want)
		})
	}
	first.t = t
	first.wantReply("LOGOUT", "OK done", "* BYE see you")
	if a.Folder("New") != nil || len(a.Folder("INBOX").Messages()) != 0 {
		t.Error("a throttled command was carried out")
	}
}

func TestThrottledServerHasAReply(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Throttle: imaptest.Throttle{Every: 1}})
	login(t, a).wantReply("NAMESPACE", "NO [THROTTLED] slow down")
}

// TestCommandsSentAheadAreAnsweredInOrder, each about the folder that was open
// when its turn came.
func TestCommandsSentAheadAreAnsweredInOrder(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	a.Create("a").Add(imaptest.Message{UID: 5, Date: noon, Body: []byte("in a")})
	a.Create("b").Add(imaptest.Message{UID: 9, Date: noon, Body: []byte("in b")})
	c := login(t, a)
	c.send("1 EXAMINE a\r\n2 UID FETCH 1:* (BODY.PEEK[])\r\n3 EXAMINE b\r\n4 UID FETCH 1:* (BODY.PEEK[])\r\n5 EXAMINE none\r\n6 UID FETCH 1:* (UID)\r\nt NOOP\r\n")
	got := slices.DeleteFunc(c.reply(), func(line string) bool {
		return strings.HasPrefix(line, "* OK") || strings.HasPrefix(line, "* FLAGS")
	})
	want := []string{
		"OK done",
		"* 1 EXISTS", "* 0 RECENT", "1 OK [READ-ONLY] done", "* 1 FETCH (UID 5 BODY[] {4}", "in a)", "2 OK done",
		"* 1 EXISTS", "* 0 RECENT", "3 OK [READ-ONLY] done", "* 1 FETCH (UID 9 BODY[] {4}", "in b)", "4 OK done",
		"5 NO [NONEXISTENT] no such folder", "6 BAD no folder selected",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
