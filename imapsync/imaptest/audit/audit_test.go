package audit_test

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/realserver"
)

var noon = time.Date(2020, 3, 3, 12, 0, 0, 0, time.FixedZone("", 3600))

// mail is one line of a mailbox in the tables below.
type mail struct {
	folder, raw string
	flags       string
	date        time.Time
}

func mailbox(folders []string, mails ...mail) audit.Snapshot {
	var s audit.Snapshot
	for _, folder := range folders {
		s.AddFolder(strings.Split(folder, "/"))
	}
	for _, m := range mails {
		s.AddMessage(strings.Split(m.folder, "/"), []byte(m.raw), strings.Fields(m.flags), m.date)
	}
	return s
}

// comparison is a copy and what is to be found wrong with it.
type comparison struct {
	name      string
	want, got audit.Snapshot
	rules     audit.Rules
	found     []string // kind and folder, sorted
}

func (c comparison) check(t *testing.T) {
	var found []string
	for _, difference := range audit.Compare(c.want, c.got, c.rules) {
		found = append(found, string(difference.Kind)+" "+strings.Join(difference.Folder, "/"))
	}
	slices.Sort(found)
	if !slices.Equal(found, c.found) {
		t.Errorf("found %q, want %q", found, c.found)
	}
}

var (
	one  = mail{"INBOX", "one", `\Seen $Forwarded`, noon}
	two  = mail{"Sent", "two\nlines", ``, noon.Add(time.Hour)}
	both = []string{"INBOX", "Sent"}
)

func changed(m mail, change func(*mail)) mail {
	change(&m)
	return m
}

func TestCompareFindsInMessages(t *testing.T) {
	original := mailbox(both, one, two, one)
	for _, test := range []comparison{
		{name: "nothing in an exact copy", want: original, got: mailbox(both, two, one, one)},
		{
			name: "nothing where keywords differ in case and a date in its zone", want: original,
			got: mailbox(both, two, one, changed(one, func(m *mail) { m.flags = `$forwarded \Seen`; m.date = m.date.UTC() })),
		},
		{name: "nothing where only Recent differs", want: original, got: mailbox(both, two, one, changed(one, func(m *mail) { m.flags += ` \Recent` }))},
		{name: "a message that is missing", want: original, got: mailbox(both, one, one), found: []string{"missing Sent"}},
		{name: "one of two equal messages missing", want: original, got: mailbox(both, one, two), found: []string{"missing INBOX"}},
		{name: "a message there too often", want: original, got: mailbox(both, one, one, one, two), found: []string{"doubled INBOX"}},
		{
			name: "a message nobody sent", want: original, got: mailbox(both, one, one, two, mail{"Sent", "new", "", noon}),
			found: []string{"extra Sent"},
		},
		{
			name: "a message in the wrong folder", want: original,
			got:   mailbox(both, one, one, changed(two, func(m *mail) { m.folder = "INBOX" })),
			found: []string{"extra INBOX", "missing Sent"},
		},
		{
			name: "a message with another octet", want: original,
			got:   mailbox(both, one, one, changed(two, func(m *mail) { m.raw += "x" })),
			found: []string{"altered Sent"},
		},
		{
			name: "a flag too many", want: original,
			got:   mailbox(both, one, one, changed(two, func(m *mail) { m.flags = `\Seen` })),
			found: []string{"flags Sent"},
		},
		{
			name: "a flag on the wrong of two equal messages", want: mailbox(nil, mail{"a", "x", `\Seen`, noon}, mail{"a", "x", "", noon.Add(1e9)}),
			got:   mailbox(nil, mail{"a", "x", "", noon}, mail{"a", "x", `\Seen`, noon.Add(1e9)}),
			found: []string{"flags a", "flags a"},
		},
		{
			name: "a keyword that is lost", want: original,
			got:   mailbox(both, one, changed(one, func(m *mail) { m.flags = `\Seen` }), two),
			found: []string{"keywords INBOX"},
		},
		{
			name: "another date", want: original,
			got:   mailbox(both, one, one, changed(two, func(m *mail) { m.date = m.date.Add(time.Second) })),
			found: []string{"date Sent"},
		},
	} {
		t.Run(test.name, test.check)
	}
}

func TestCompareFindsInFolders(t *testing.T) {
	for _, test := range []comparison{
		{
			name: "an empty folder that is missing", want: mailbox([]string{"a", "a/b"}), got: mailbox([]string{"a"}),
			found: []string{"folder missing a/b"},
		},
		{
			name: "an empty folder nobody asked for", want: mailbox([]string{"a"}), got: mailbox([]string{"a", "b"}),
			found: []string{"folder extra b"},
		},
		{name: "nothing in such a folder where the rules allow it", want: mailbox([]string{"a"}), got: mailbox([]string{"a", "b"}), rules: audit.Rules{OwnFolders: true}},
		{
			name: "mail in such a folder all the same", want: mailbox([]string{"a"}), got: mailbox(nil, mail{"b", "x", "", noon}, mail{"a", "x", "", noon}),
			rules: audit.Rules{OwnFolders: true}, found: []string{"extra a", "extra b"},
		},
		{name: "nothing in the parent of a folder", want: mailbox([]string{"a/b"}), got: mailbox([]string{"a", "a/b"})},
	} {
		t.Run(test.name, test.check)
	}
}

func TestCompareGoesByItsRules(t *testing.T) {
	original := mailbox(both, one, two, one)
	for _, test := range []comparison{
		{
			name: "octets that Dovecot would have changed", want: original, got: mailbox(both, one, one, two),
			rules: audit.Rules{Stored: audit.ByDovecot}, found: []string{"altered Sent"},
		},
		{
			name: "nothing in what Dovecot made of it", want: original,
			got:   mailbox(both, one, one, changed(two, func(m *mail) { m.raw = "two\r\nlines" })),
			rules: audit.Rules{Stored: audit.ByDovecot},
		},
		{
			name: "nothing in folders that had to be named otherwise", want: original,
			got: mailbox([]string{"INBOX", "Gesendet/_"}, one, one, changed(two, func(m *mail) { m.folder = "Gesendet/_" })),
			rules: audit.Rules{Name: func(path []string) []string {
				if path[0] == "Sent" {
					return []string{"Gesendet", "_"}
				}
				return path
			}},
		},
		{
			name: "nothing in folders that were merged", want: original,
			got:   mailbox(nil, one, one, changed(two, func(m *mail) { m.folder = "INBOX" })),
			rules: audit.Rules{Name: func([]string) []string { return []string{"INBOX"} }},
		},
		{
			name: "nothing in a folder that was to be left out", want: original, got: mailbox([]string{"INBOX"}, one, one),
			rules: audit.Rules{Left: func(path []string) bool { return path[0] == "Sent" }},
		},
		{
			name: "a folder that was to be left out and is there", want: original, got: mailbox(both, one, one, two),
			rules: audit.Rules{Left: func(path []string) bool { return path[0] == "Sent" }},
			found: []string{"extra Sent", "folder extra Sent"},
		},
	} {
		t.Run(test.name, test.check)
	}
}

func TestDifferencesReadWell(t *testing.T) {
	want := mailbox(nil, mail{"Clienti/Città", "Subject: x\r\n\r\n", `\Seen`, noon})
	got := mailbox(nil, mail{"Clienti/Città", "Subject: x\r\n\r\n", "", noon.Add(time.Hour)})
	var lines []string
	for _, difference := range audit.Compare(want, got, audit.Rules{}) {
		lines = append(lines, difference.String())
	}
	expected := []string{
		`date: Clienti > Città, UID 1: want 2020-03-03T11:00:00Z, got 2020-03-03T12:00:00Z`,
		`flags: Clienti > Città, UID 1: want [\Seen], got []`,
	}
	if !slices.Equal(lines, expected) {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
}

func TestAsDovecot(t *testing.T) {
	for _, test := range []struct{ name, raw, want string }{
		{"CRLF stays", "a\r\nb\r\n", "a\r\nb\r\n"},
		{"a bare LF gets its CR", "a\nb\n\n", "a\r\nb\r\n\r\n"},
		{"a NUL becomes 0x80", "a\x00b", "a\x80b"},
		{"a bare CR stays", "a\rb", "a\rb"},
		{"a CR at the end goes", "a\r", "a"},
		{"one of two CRs at the end goes", "a\r\r", "a\r"},
		{"one of two CRs before LF goes", "a\r\r\nb", "a\r\nb"},
		{"one of three CRs before LF goes", "a\r\r\r\nb", "a\r\r\nb"},
		{"8-bit octets and a missing line end stay", "\xe0\xff", "\xe0\xff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := audit.AsDovecot([]byte(test.raw)); string(got) != test.want {
				t.Errorf("%q became %q, want %q", test.raw, got, test.want)
			}
		})
	}
}

// answer is a server that says the same thing to every command, with TAG for
// the command's tag.
func answer(t *testing.T, lines string) *audit.Client {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = far.Close() }()
		_, _ = fmt.Fprint(far, "* OK hello\r\n")
		for in := bufio.NewScanner(far); in.Scan(); {
			tag, rest, _ := strings.Cut(in.Text(), " ")
			if !strings.HasPrefix(tag, "A") || strings.HasPrefix(rest, "LOGOUT") {
				continue
			}
			_, _ = fmt.Fprint(far, strings.ReplaceAll(lines, "TAG", tag))
		}
	}()
	client, err := audit.New(near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = near.Close()
		<-done
	})
	return client
}

func TestTheClientTakesWhatTheStandardAllows(t *testing.T) {
	client := answer(t, "* LIST () \"/\" nil\r\n"+
		"* LIST (\\HasChildren \\sent) NIL \"a \\\" \\\\ b\"\r\n"+
		"* LIST () \"/\" {10}\r\n&ZeVnLA-{\"\r\n"+
		"* LIST () \"/\" inbox\r\n"+
		"* 3 EXISTS\r\n* OK [ALERT] well\r\nTAG OK done\r\n")
	listed, err := client.List()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range listed {
		names = append(names, strings.Join(l.Path, ""))
	}
	if want := []string{"nil", `a " \ b`, `日本{"`, "INBOX"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestTheClientRefusesWhatIsNotByTheBook(t *testing.T) {
	for _, test := range []struct{ name, lines string }{
		{"a line that ends in a bare LF", "* LIST () \"/\" a\nTAG OK done\r\n"},
		{"two blanks", "* LIST ()  \"/\" a\r\nTAG OK done\r\n"},
		{"a blank before a closing parenthesis", "* LIST (\\A ) \"/\" a\r\nTAG OK done\r\n"},
		{"an octet outside ASCII in a quoted string", "* LIST () \"/\" \"\xe0\"\r\nTAG OK done\r\n"},
		{"a needless escape", "* LIST () \"/\" \"a\\b\"\r\nTAG OK done\r\n"},
		{"a name in no modified UTF-7", "* LIST () \"/\" \"a&b\"\r\nTAG OK done\r\n"},
		{"a name with a needless shift", "* LIST () \"/\" \"&AGE-\"\r\nTAG OK done\r\n"},
		{"a literal of no size", "* LIST () \"/\" {x}\r\nTAG OK done\r\n"},
		{"an item too many", "* LIST () \"/\" a b\r\nTAG OK done\r\n"},
		{"a tag nobody sent", "* LIST () \"/\" a\r\nB7 OK done\r\n"},
		{"a goodbye", "* BYE see you\r\n"},
		{"a refusal", "TAG NO [LIMIT] later\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if listed, err := answer(t, test.lines).List(); err == nil {
				t.Errorf("taken for %q", listed)
			}
		})
	}
}

func TestAMailboxIsReadWholeOrNotAtAll(t *testing.T) {
	const state = "* LIST () \"/\" INBOX\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 8] x\r\n"
	const date = `INTERNALDATE " 3-Mar-2020 12:00:00 +0100" `
	for _, test := range []struct {
		name, fetch string
		good        bool
	}{
		{"a whole message", "* 1 FETCH (UID 7 FLAGS (\\Seen) " + date + "RFC822.SIZE 2 BODY[] {2}\r\nhi)", true},
		{"items in another order", "* 1 FETCH (BODY[] {2}\r\nhi RFC822.SIZE 2 " + date + "FLAGS () UID 7)", true},
		{"news of a flag beside it", "* 1 FETCH (FLAGS ())\r\n* 1 FETCH (BODY[] {2}\r\nhi RFC822.SIZE 2 " + date + "FLAGS () UID 7)", true},
		{"no message", "* 1 FETCH (UID 7 FLAGS ())", false},
		{"another size", "* 1 FETCH (UID 7 FLAGS () " + date + "RFC822.SIZE 3 BODY[] {2}\r\nhi)", false},
		{"a body shorter than it says", "* 1 FETCH (UID 7 FLAGS () " + date + "RFC822.SIZE 3 BODY[] {3}\r\nhi)", false},
		{"no body", "* 1 FETCH (UID 7 FLAGS () " + date + "RFC822.SIZE 2 BODY[] NIL)", false},
		{"no UID", "* 1 FETCH (FLAGS () " + date + "RFC822.SIZE 2 BODY[] {2}\r\nhi)", false},
		{"no date", "* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 2 BODY[] {2}\r\nhi)", false},
		{"one twice", strings.Repeat("* 1 FETCH (UID 7 FLAGS () "+date+"RFC822.SIZE 2 BODY[] {2}\r\nhi)\r\n", 2), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := answer(t, state+strings.TrimSuffix(test.fetch, "\r\n")+"\r\nTAG OK done\r\n")
			snapshot, err := audit.Mailbox(client)
			if (err == nil) != test.good {
				t.Fatalf("got %v, want success: %t", err, test.good)
			}
			want := mailbox(nil, mail{"INBOX", "hi", "", noon})
			if test.good && snapshot.Folder("INBOX").Messages[0].Sum != want.Folder("INBOX").Messages[0].Sum {
				t.Error("the sum is of other octets")
			}
		})
	}
}

func TestUntouchedSeesEveryChange(t *testing.T) {
	server := realserver.Dovecot(t, realserver.Options{})
	client, err := server.Connect("anna")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	inbox, other := []string{"INBOX"}, []string{"Città"}
	message := audit.Mail{Raw: []byte("Subject: x\r\n\r\nx\r\n"), Date: noon}
	uids, err := client.Append(inbox, message, message, message)
	if err != nil || !slices.Equal(uids, []uint32{1, 2, 3}) {
		t.Fatalf("UIDs %d, %v", uids, err)
	}
	if err := client.Create(other); err != nil {
		t.Fatal(err)
	}
	snapshot := func() audit.Snapshot {
		t.Helper()
		s, err := audit.Mailbox(client)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := snapshot()
	for _, step := range []struct {
		name   string
		change func() error
		found  []string
	}{
		{"reading it changes nothing", func() error { return nil }, nil},
		{"opening a folder for writing takes its Recent away", func() error { return second(client.Select(inbox)) }, []string{"touched INBOX"}},
		{"a flag", func() error { return after(client, inbox, func() error { return client.Store(1, "+FLAGS", `\Seen`) }) }, []string{"flags INBOX"}},
		{"a keyword", func() error {
			return after(client, inbox, func() error { return client.Store(1, "+FLAGS", "$Copied") })
		}, []string{"keywords INBOX"}},
		{"a message gone", func() error { return after(client, inbox, func() error { return client.Expunge(2) }) }, []string{"missing INBOX", "touched INBOX"}},
		{"a message moved", func() error { return after(client, inbox, func() error { return client.Move(3, other) }) }, []string{"extra Città", "missing INBOX", "touched Città", "touched INBOX"}},
		{"a new message", func() error { return second(client.Append(inbox, message)) }, []string{"extra INBOX", "touched INBOX"}},
		{"a folder made anew", func() error { return second(other, client.Delete(other)) }, []string{"folder missing Città"}},
		{"a new folder", func() error { return client.Create(other) }, []string{"folder extra Città"}},
	} {
		if err := step.change(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		now := snapshot()
		var found []string
		for _, difference := range audit.Untouched(before, now) {
			found = append(found, string(difference.Kind)+" "+strings.Join(difference.Folder, "/"))
		}
		slices.Sort(found)
		if !slices.Equal(found, step.found) {
			t.Errorf("%s: found %q, want %q", step.name, found, step.found)
		}
		before = now
	}
}

func second[T any](_ T, err error) error { return err }

func after(client *audit.Client, path []string, change func() error) error {
	if _, err := client.Select(path); err != nil {
		return err
	}
	return change()
}
