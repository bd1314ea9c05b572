package imaptest_test

import (
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

func TestQuirksOfMessages(t *testing.T) {
	body := []byte("0123456789")
	tests := []struct {
		name    string
		quirk   imaptest.Quirk
		command string
		want    []string
	}{
		{"left out of the listing", imaptest.Quirk{Hidden: true}, "FLAGS", []string{"OK done"}},
		{"a date nobody can read", imaptest.Quirk{RawDate: "NIL"}, "INTERNALDATE", []string{"OK done", "* 1 FETCH (UID 1 INTERNALDATE NIL)"}},
		{"a size below zero", imaptest.Quirk{RawSize: "-1"}, "RFC822.SIZE", []string{"OK done", "* 1 FETCH (UID 1 RFC822.SIZE -1)"}},
		{"odd flags", imaptest.Quirk{RawFlags: "NIL"}, "FLAGS", []string{"OK done", "* 1 FETCH (UID 1 FLAGS NIL)"}},
		{"a literal announced short", imaptest.Quirk{LiteralOff: -1}, "BODY.PEEK[]", []string{"OK done", "* 1 FETCH (UID 1 BODY[] {9}", "0123456789)"}},
		{"a literal announced long", imaptest.Quirk{LiteralOff: 2}, "BODY.PEEK[]", []string{"OK done", "* 1 FETCH (UID 1 BODY[] {12}", "0123456789)"}},
		{"no body", imaptest.Quirk{NilBody: true}, "BODY.PEEK[]", []string{"OK done", "* 1 FETCH (UID 1 BODY[] NIL)"}},
		{"the UID last", imaptest.Quirk{UIDAfterBody: true}, "BODY.PEEK[]", []string{"OK done", "* 1 FETCH (BODY[] {10}", "0123456789 UID 1)"}},
		{"two answers", imaptest.Quirk{Split: true}, "(FLAGS BODY.PEEK[])", []string{"OK done", "* 1 FETCH (UID 1 FLAGS ())", "* 1 FETCH (UID 1 BODY[] {10}", "0123456789)"}},
		{"flags nobody asked for", imaptest.Quirk{FlagsFirst: true}, "BODY.PEEK[]", []string{"OK done", "* 1 FETCH (UID 1 FLAGS ())", "* 1 FETCH (UID 1 BODY[] {10}", "0123456789)"}},
		{"refused", imaptest.Quirk{Refuse: "NO [SERVERBUG] sorry"}, "BODY.PEEK[]", []string{"NO [SERVERBUG] sorry"}},
		{"refused, but listed", imaptest.Quirk{Refuse: "NO [SERVERBUG] sorry"}, "FLAGS", []string{"OK done", "* 1 FETCH (UID 1 FLAGS ())"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{})
			a.Folder("INBOX").Add(imaptest.Message{Date: noon, Body: body, Quirk: test.quirk})
			c := login(t, a)
			c.do("EXAMINE INBOX")
			c.wantReply("UID FETCH 1 "+test.command, test.want...)
		})
	}
}

func TestFaults(t *testing.T) {
	const sent = "APPEND INBOX {5+}\r\nhello"
	tests := []struct {
		name   string
		fault  imaptest.Fault
		want   string // what comes back for the second APPEND; pattern
		err    error
		stored int // of three, one of them in a second connection if need be
	}{
		{"refused after the literal", imaptest.Fault{Nth: 2, Reply: "NO [OVERQUOTA] full"}, `^t NO \[OVERQUOTA\] full\r\n$`, nil, 2},
		{"refused before the literal", imaptest.Fault{Nth: 2, Reply: "NO [LIMIT] wait", BeforeLiteral: true}, `^t NO \[LIMIT\] wait\r\n$`, nil, 2},
		{"stored, the UID garbled", imaptest.Fault{Nth: 2, Reply: "OK [APPENDUID 1 4:5] done"}, `^t OK \[APPENDUID 1 4:5\] done\r\n$`, nil, 3},
		{"stored, the reply lost", imaptest.Fault{Nth: 2, Lost: true}, `^$`, nil, 3},
		{"stored, the reply lost by a reset", imaptest.Fault{Nth: 2, Lost: true, Reset: true}, `^$`, syscall.ECONNRESET, 3},
		{"sent away", imaptest.Fault{Nth: 2, Bye: "Too many connections"}, `^\* BYE Too many connections\r\n$`, nil, 2},
		{"every one refused", imaptest.Fault{Reply: "NO never"}, `^t NO never\r\n$`, nil, 0},
		{"another command is none of its business", imaptest.Fault{Nth: 0}, `^t OK .*\r\n$`, nil, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{})
			test.fault.Command = "APPEND"
			a.SetFaults(imaptest.Fault{Command: "NOOP", Nth: 9, Bye: "never"}, test.fault)
			c := login(t, a)
			c.do(sent)
			c.send("t " + sent + "\r\n")
			_ = c.conn.CloseWrite()
			got, err := c.rest()
			if !regexp.MustCompile(test.want).MatchString(got) || !errors.Is(err, test.err) {
				t.Errorf("got %q, %v", got, err)
			}
			login(t, a).do(sent)
			if n := len(a.Folder("INBOX").Messages()); n != test.stored {
				t.Errorf("stored %d messages, want %d", n, test.stored)
			}
		})
	}
}

func TestThrottledOKStillAnswers(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Faults: []imaptest.Fault{{Command: "UID FETCH", Reply: "OK [THROTTLED] done"}}})
	a.Folder("INBOX").Add(imaptest.Message{Body: mail})
	c := login(t, a)
	c.do("EXAMINE INBOX")
	c.wantReply("UID FETCH 1 UID", "OK [THROTTLED] done", "* 1 FETCH (UID 1)")
}

func TestSilentServerAnswersNothingAndKeepsTheConnection(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Faults: []imaptest.Fault{{Command: "NAMESPACE", Silent: true}}})
	c := login(t, a)
	c.send("t NAMESPACE\r\n")
	if err := c.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got, err := c.rest(); got != "" || err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %q, %v; want a timeout", got, err)
	}
}

func TestHookComesFirst(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Hook: func(cmd imaptest.Command, s *imaptest.Session) bool {
		if cmd.Name != "NAMESPACE" {
			return false
		}
		s.Send("* NAMESPACE rubbish")
		s.Reply(cmd.Tag, "OK hooked")
		return true
	}})
	c := login(t, a)
	c.wantReply("NAMESPACE", "OK hooked", "* NAMESPACE rubbish")
	c.wantReply("NOOP", "OK done")
}

func TestByeGreetingClosesTheConnection(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Greeting: "* BYE Too many connections"})
	if got, err := dial(t, a.Addr()).rest(); got != "* BYE Too many connections\r\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRenumberedAndRenamedFolders(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	f := a.Create("Work")
	f.Add(imaptest.Message{Body: mail})
	f.Renumber(99, 40)
	f.Rename("Job")
	if got := f.Messages(); f.UIDValidity() != 99 || got[0].UID != 40 || f.Add(imaptest.Message{}) != 41 {
		t.Errorf("UIDVALIDITY %d, messages %+v", f.UIDValidity(), got)
	}
	if a.Folder("Work") != nil || a.Folder("Job") != f {
		t.Errorf("folders %q", a.Folders())
	}
	if !f.Update(40, func(m *imaptest.Message) { m.Flags = []string{`\Seen`} }) || f.Update(1, func(*imaptest.Message) {}) {
		t.Error("update finds the wrong messages")
	}
	a.Delete("Job")
	if got := a.Folders(); !slices.Equal(got, []string{"INBOX"}) {
		t.Errorf("folders %q", got)
	}
}

// TestCutAtEveryOctet drives one APPEND against a server that breaks off after
// each possible number of octets: a message is there only if it has arrived
// whole, and the client never sees more than it should.
func TestCutAtEveryOctet(t *testing.T) {
	const command = "t LOGIN anna secret\r\nt APPEND INBOX {5+}\r\nhello\r\n"
	answer := len("* OK ready\r\nt OK [CAPABILITY ") + len(strings.Join(imaptest.DefaultCaps(), " ")) +
		len("] logged in\r\nt OK [APPENDUID 1001 1] done\r\n")
	for _, reset := range []bool{false, true} {
		for direction, total := range map[imaptest.Direction]int{imaptest.FromClient: len(command), imaptest.ToClient: answer} {
			for after := range total + 1 {
				cutOnce(t, command, imaptest.Cut{Direction: direction, After: int64(after), Reset: reset})
			}
		}
	}
}

func cutOnce(t *testing.T, command string, cut imaptest.Cut) {
	t.Helper()
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Cut: cut})
	got, err := tryDial(t, a.Addr(), command)
	if reset := errors.Is(err, syscall.ECONNRESET); reset != cut.Reset {
		t.Errorf("%+v: connection ended with %v", cut, err)
	}
	// A reset may overtake octets that the client has not read.
	if n := int64(len(got)); cut.Direction == imaptest.ToClient && (n > cut.After || n < cut.After && !cut.Reset) {
		t.Errorf("%+v: got %d octets: %q", cut, len(got), got)
	}
	stored := len(a.Folder("INBOX").Messages())
	if whole := int(cut.After) == len(command); cut.Direction == imaptest.FromClient && (stored == 1) != whole {
		t.Errorf("%+v: stored %d messages", cut, stored)
	}
	if strings.Contains(got, "APPENDUID") && stored != 1 {
		t.Errorf("%+v: answered, but not stored", cut)
	}
}

// tryDial connects, sends text and reads to the end. A reset may come as early
// as that, so connecting may fail.
func tryDial(t *testing.T, addr, text string) (got string, err error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, sendErr := io.WriteString(conn, text)
	data, err := io.ReadAll(conn)
	return string(data), errors.Join(sendErr, err) // a reset is reported once, to either
}
