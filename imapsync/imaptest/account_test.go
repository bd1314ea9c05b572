package imaptest_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

var (
	noon = time.Date(2024, 2, 3, 12, 0, 0, 0, time.FixedZone("", 3600))
	mail = []byte("Subject: one\r\nMessage-ID: <1@x>\r\nX-Long: a\r\n b\r\n\r\nbody\r\n")
)

// login connects and logs in.
func login(t *testing.T, a *imaptest.Account) *client {
	t.Helper()
	c := dial(t, a.Addr())
	c.want("* OK ready")
	if reply := c.do("LOGIN anna secret"); !strings.HasPrefix(reply[0], "OK [CAPABILITY") {
		t.Fatalf("login: %q", reply)
	}
	return c
}

// do sends a command with a tag and returns the tagged reply's text and after
// it the untagged lines; literals stay in their line.
func (c *client) do(command string) []string {
	c.t.Helper()
	c.send("t " + command + "\r\n")
	return c.reply()
}

func (c *client) reply() []string {
	c.t.Helper()
	var untagged []string
	for {
		line := c.line()
		if text, ok := strings.CutPrefix(line, "t "); ok {
			return append([]string{text}, untagged...)
		}
		untagged = append(untagged, line)
	}
}

func (c *client) wantReply(command string, want ...string) {
	c.t.Helper()
	if got := c.do(command); !slices.Equal(got, want) {
		c.t.Errorf("%s\n got %q\nwant %q", command, got, want)
	}
}

// filled returns an account with two messages and some folders.
func filled(t *testing.T) *imaptest.Account {
	t.Helper()
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Quota: 10 << 10, AppendLimit: 5000})
	inbox := a.Folder("INBOX")
	inbox.Add(imaptest.Message{Flags: []string{`\Seen`, "$Label1"}, Date: noon, Body: mail})
	inbox.Add(imaptest.Message{UID: 7, Date: noon, Body: bytes.Repeat([]byte("y"), 3000)})
	a.Create("Sent", `\Sent`)
	a.Create("A&AOA-/B").Subscribe(true)
	return a
}

// exchange is a command and all that comes back, the tagged reply first.
type exchange struct {
	name, command string
	want          []string
}

func (c *client) run(t *testing.T, exchanges []exchange) {
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			c.t = t
			c.wantReply(e.command, e.want...)
		})
	}
	c.t = t
}

func TestAccountAnswersAboutFolders(t *testing.T) {
	a := filled(t)
	login(t, a).run(t, []exchange{
		{"the delimiter", `LIST "" ""`, []string{"OK done", `* LIST (\Noselect) "/" ""`}},
		{"all folders with their attributes", `LIST "" "*"`, []string{
			"OK done", `* LIST (\HasNoChildren) "/" "INBOX"`, `* LIST (\Sent \HasNoChildren) "/" "Sent"`,
			`* LIST (\Noselect \HasChildren) "/" "A&AOA-"`, `* LIST (\Subscribed \HasNoChildren) "/" "A&AOA-/B"`,
		}},
		{"one level", `LIST "" %`, []string{
			"OK done", `* LIST (\HasNoChildren) "/" "INBOX"`, `* LIST (\Sent \HasNoChildren) "/" "Sent"`, `* LIST (\Noselect \HasChildren) "/" "A&AOA-"`,
		}},
		{"subscribed folders", `LSUB "" *`, []string{"OK done", `* LSUB (\HasNoChildren) "/" "A&AOA-/B"`}},
		{"folders with a special use and their status", `LIST (SPECIAL-USE) "" * RETURN (CHILDREN STATUS (MESSAGES))`, []string{
			"OK done", `* LIST (\Sent \HasNoChildren) "/" "Sent"`, `* STATUS "Sent" (MESSAGES 0)`,
		}},
		{"status", "STATUS inbox (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE)", []string{
			"OK done", `* STATUS "INBOX" (MESSAGES 2 UIDNEXT 8 UIDVALIDITY 1001 UNSEEN 1 SIZE ` + fmt.Sprint(len(mail)+3000) + ")",
		}},
		{"namespace", "NAMESPACE", []string{"OK done", `* NAMESPACE (("" "/")) NIL NIL`}},
		{"quota", "GETQUOTAROOT INBOX", []string{"OK done", `* QUOTAROOT "INBOX" "User quota"`, `* QUOTA "User quota" (STORAGE 3 10)`}},
		{"an unknown folder", "EXAMINE Nowhere", []string{"NO [NONEXISTENT] no such folder"}},
		{"a parent that is no folder", `EXAMINE "A&AOA-"`, []string{"NO [NONEXISTENT] no such folder"}},
		{"an unknown command", "FROBNICATE x", []string{"BAD unknown command"}},
		{"an open quote", `EXAMINE "INBOX`, []string{"BAD syntax error"}},
		{"a fetch too early", "UID FETCH 1 FLAGS", []string{"BAD no folder selected"}},
		{"leaving nothing", "UNSELECT", []string{"BAD no folder selected"}},
		{"a new folder", `CREATE "New" (USE (\Archive))`, []string{"OK done"}},
		{"the new folder", `LIST "" New`, []string{"OK done", `* LIST (\Archive \HasNoChildren) "/" "New"`}},
		{"a folder that exists", `CREATE Sent`, []string{"NO [ALREADYEXISTS] folder exists"}},
		{"a subscription", `SUBSCRIBE New`, []string{"OK done"}},
		{"ID", "ID NIL", []string{"OK done", `* ID ("name" "imaptest")`}},
		{"the end", "LOGOUT", []string{"OK done", "* BYE see you"}},
	})
	if !a.Folder("New").Subscribed() {
		t.Error("New is not subscribed")
	}
	var changes []string
	for _, cmd := range a.Changes() {
		changes = append(changes, cmd.String())
	}
	if want := []string{`CREATE "New" (USE (\Archive))`, "CREATE Sent", "SUBSCRIBE New"}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
}

func TestAccountAnswersAboutMessages(t *testing.T) {
	a := filled(t)
	size := fmt.Sprint(len(mail))
	login(t, a).run(t, []exchange{
		{"examine", "EXAMINE INBOX", []string{
			"OK [READ-ONLY] done", `* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, "* 2 EXISTS", "* 0 RECENT",
			`* OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] these last`,
			"* OK [UIDVALIDITY 1001] valid", "* OK [UIDNEXT 8] next",
		}},
		{"metadata by UID", "UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)", []string{
			"OK done", `* 1 FETCH (UID 1 FLAGS (\Seen $Label1) INTERNALDATE " 3-Feb-2024 12:00:00 +0100" RFC822.SIZE ` + size + ")",
			`* 2 FETCH (UID 7 FLAGS () INTERNALDATE " 3-Feb-2024 12:00:00 +0100" RFC822.SIZE 3000)`,
		}},
		{"by number", "FETCH 2 (UID)", []string{"OK done", "* 2 FETCH (UID 7)"}},
		{"the last one for a range beyond it", "UID FETCH 100:* UID", []string{"OK done", "* 2 FETCH (UID 7)"}},
		{"nothing for a UID that is not there", "UID FETCH 3:5 UID", []string{"OK done"}},
		{"a body", "UID FETCH 1 BODY.PEEK[]", append([]string{"OK done", "* 1 FETCH (UID 1 BODY[] {" + size + "}"}, strings.Split(string(mail)+")", "\r\n")...)},
		{"some header fields", `UID FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (X-LONG "MESSAGE-ID")])`, []string{
			"OK done", `* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X-LONG "MESSAGE-ID")] {36}`, "Message-ID: <1@x>", "X-Long: a", " b", "", ")",
		}},
		{"search for size", "UID SEARCH LARGER 2999", []string{"OK done", "* SEARCH 7"}},
		{"search for flags", "UID SEARCH SEEN UID 1:3", []string{"OK done", "* SEARCH 1"}},
		{"search by number", "SEARCH NOT SEEN", []string{"OK done", "* SEARCH 2"}},
		{"search for a field", "UID SEARCH HEADER Message-ID 1@x", []string{"OK done", "* SEARCH 1"}},
		{"search without result", "UID SEARCH DELETED", []string{"OK done", "* SEARCH"}},
	})
	if m := a.Folder("INBOX").Messages()[1]; len(m.Flags) != 0 {
		t.Errorf("reading has set %v", m.Flags)
	}
	if got := a.Changes(); len(got) != 0 {
		t.Errorf("reading counts as changes: %v", got)
	}
}

func TestAccountLogsIn(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Master: "chief", MasterPassword: "m"})
	tests := []struct {
		name, command string
		ok            bool
	}{
		{"own password", `LOGIN anna "secret"`, true},
		{"wrong password", "LOGIN anna wrong", false},
		{"master user with a separator", "LOGIN anna*chief m", true},
		{"master user with the user's password", "LOGIN anna*chief secret", false},
		{"PLAIN", "AUTHENTICATE PLAIN AGFubmEAc2VjcmV0", true},
		{"PLAIN with the response later", "AUTHENTICATE PLAIN\r\nAGFubmEAc2VjcmV0", true},
		{"PLAIN with authorization identity", "AUTHENTICATE PLAIN YW5uYQBjaGllZgBt", true},
		{"PLAIN for somebody else", "AUTHENTICATE PLAIN Ym9iAGNoaWVmAG0=", false},
		{"an unknown mechanism", "AUTHENTICATE CRAM-MD5", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, a.Addr())
			c.want("* OK ready")
			if got := c.do(test.command); strings.HasPrefix(got[0], "OK") != test.ok {
				t.Errorf("got %q", got)
			}
			if got := c.do("NAMESPACE"); strings.HasPrefix(got[0], "OK") != test.ok {
				t.Errorf("afterwards got %q", got)
			}
		})
	}
}

func TestEndpointNamesTheAccount(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	e := a.Endpoint()
	if e.Address() != a.Addr() || e.TLS != migration.TLSNone || e.Auth.Login != "anna" || e.Auth.Password.IsZero() {
		t.Errorf("got %+v for %s", e, a.Addr())
	}
}

func TestAccountStoresWhatIsAppended(t *testing.T) {
	tests := []struct {
		name, sent, reply string
		flags             []string
		date              time.Time
	}{
		{"with flags and date", `APPEND INBOX (\Seen $x) " 3-Feb-2024 12:00:00 +0100" {5+}` + "\r\nhello", "OK [APPENDUID 1001 1] done", []string{`\Seen`, "$x"}, noon},
		{"without either", "APPEND inbox {5+}\r\nhello", "OK [APPENDUID 1001 1] done", nil, noon.AddDate(1, 0, 0)},
		{"to no folder", "APPEND Nowhere {5+}\r\nhello", "NO [TRYCREATE] no such folder", nil, noon},
		{"with a flag only servers set", `APPEND INBOX (\Recent) {5+}` + "\r\nhello", `BAD invalid flag \Recent`, nil, noon},
		{"without octets", "APPEND INBOX {0+}\r\n", "NO can't save a zero byte message", nil, noon},
		{"above the limit", "APPEND INBOX {11+}\r\nhello world", "NO [TOOBIG] message too large", nil, noon},
		{"with no date at all", `APPEND INBOX "yesterday" {5+}` + "\r\nhello", "BAD invalid date", nil, noon},
		{"above the quota", "APPEND INBOX {9+}\r\nsome more", "NO [OVERQUOTA] quota exceeded", nil, noon},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{
				AppendLimit: 10, Quota: 8, Now: func() time.Time { return noon.AddDate(1, 0, 0) }, Keep: bytes.ToUpper,
			})
			c := login(t, a)
			c.wantReply(test.sent, test.reply)
			c.wantReply("NOOP", "OK done")
			got := a.Folder("INBOX").Messages()
			if !strings.HasPrefix(test.reply, "OK") {
				if len(got) != 0 {
					t.Fatalf("stored %+v", got)
				}
				return
			}
			if len(got) != 1 || string(got[0].Body) != "HELLO" || !slices.Equal(got[0].Flags, test.flags) || !got[0].Date.Equal(test.date) {
				t.Errorf("stored %+v", got)
			}
		})
	}
}

func TestSynchronisingLiteralsAreRefusedBeforeTheyAreSent(t *testing.T) {
	c := login(t, imaptest.NewAccount(t, imaptest.AccountOptions{}))
	c.wantReply("APPEND Nowhere {5}", "NO [TRYCREATE] no such folder")
	c.wantReply("APPEND INBOX {5}\r\nhello", "OK [APPENDUID 1001 1] done", "+ go on")
}

func TestServerWithoutLiteralPlusFailsTheTestThatUsesIt(t *testing.T) {
	r := recorder{t, make(chan string, 1)}
	a := imaptest.NewAccount(r, imaptest.AccountOptions{Without: []string{"LITERAL+"}})
	login(t, a).wantReply("APPEND INBOX {5+}\r\nhello", "BAD non-synchronising literals are not supported")
	if got := <-r.errors; !strings.Contains(got, "literal 5+") {
		t.Errorf("reported %q", got)
	}
}

func TestServerWithoutUIDPlusSaysNoUID(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Without: []string{"UIDPLUS"}})
	login(t, a).wantReply("APPEND INBOX {5+}\r\nhello", "OK done")
}

func TestPrefixedServerKeepsToItsNamespace(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Prefix: "INBOX.", Delimiter: "."})
	c := login(t, a)
	c.wantReply("NAMESPACE", "OK done", `* NAMESPACE (("INBOX." ".")) NIL NIL`)
	c.wantReply("CREATE Work", "NO [CANNOT] outside of the personal namespace")
	c.wantReply("CREATE INBOX.Work.Old", "OK done")
	if got := a.Folders(); !slices.Equal(got, []string{"INBOX", "INBOX.Work", "INBOX.Work.Old"}) {
		t.Errorf("folders %q", got)
	}
}

func TestClientsHearOfChanges(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	inbox := a.Folder("INBOX")
	for range 3 {
		inbox.Add(imaptest.Message{Date: noon, Body: mail})
	}
	c := login(t, a)
	c.do("SELECT INBOX")
	inbox.Remove(2)
	inbox.Add(imaptest.Message{Date: noon, Body: mail})
	c.wantReply("UID FETCH 1:* UID", "OK done", "* 1 FETCH (UID 1)", "* 3 FETCH (UID 3)")
	c.wantReply("NOOP", "OK done", "* 2 EXPUNGE", "* 3 EXISTS")
	c.wantReply("UID FETCH 4 UID", "OK done", "* 3 FETCH (UID 4)")
}

func TestReadingWithoutPeekAndClosingLeaveTheirMarks(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{})
	inbox := a.Folder("INBOX")
	inbox.Add(imaptest.Message{Flags: []string{`\Deleted`}, Body: mail})
	inbox.Add(imaptest.Message{Body: mail})
	c := login(t, a)

	c.do("EXAMINE INBOX")
	c.do("UID FETCH 2 BODY[]")
	c.do("UID FETCH 2 RFC822")
	c.do("CLOSE")
	if got := inbox.Messages(); len(got) != 2 || len(got[1].Flags) != 0 {
		t.Errorf("after EXAMINE: %+v", got)
	}
	c.do("SELECT INBOX")
	whole := fmt.Sprintf("* 1 FETCH (UID 1 RFC822 {%d}\r\n%s)", len(mail), mail)
	c.wantReply("UID FETCH 1 RFC822", append([]string{"OK done"}, strings.Split(whole, "\r\n")...)...)
	c.do("UID FETCH 2 RFC822")
	c.do("CLOSE")
	if got := inbox.Messages(); len(got) != 1 || !slices.Equal(got[0].Flags, []string{`\Seen`}) {
		t.Errorf("after SELECT: %+v", got)
	}
	if got := len(a.Changes()); got != 4 { // BODY[], SELECT, and two reads
		t.Errorf("%d changes: %v", got, a.Changes())
	}
}
