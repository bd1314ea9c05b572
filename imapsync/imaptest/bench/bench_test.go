package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// digest is one sum of all that a set holds.
func digest(s set) (sum string, messages int) {
	all := sha256.New()
	for account := range s.accounts {
		for message := range s.base(account) {
			fmt.Fprintln(all, account, message.Folder, message.Flags, message.Date, len(message.Raw))
			_, _ = all.Write(message.Raw)
			messages++
		}
		for message := range s.more(account) {
			fmt.Fprintln(all, account, message.Folder, message.Flags, message.Date, len(message.Raw))
			_, _ = all.Write(message.Raw)
		}
	}
	return fmt.Sprintf("%x", all.Sum(nil)[:8]), messages
}

// TestSetsAreAlwaysTheSame holds the mail to what it was when figures were
// taken. If it has to change, so has the number in stamp.
func TestSetsAreAlwaysTheSame(t *testing.T) {
	for name, want := range map[string]string{"T": "930e0ae8d69e9354", "SA": "776db85925e4060a", "SB": "039c47f8f73825f5"} {
		t.Run(name, func(t *testing.T) {
			s, err := setNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			got, messages := digest(s)
			if got != want {
				t.Errorf("the mail's sum is %s, want %s", got, want)
			}
			if messages != s.total() {
				t.Errorf("%d messages, want %d", messages, s.total())
			}
		})
	}
}

func TestSetsHoldWhatTheyShow(t *testing.T) {
	s, err := setNamed("SA")
	if err != nil {
		t.Fatal(err)
	}
	folders, anonymous, doubles := map[string]bool{}, 0, 0
	seen := map[[32]byte]bool{}
	for message := range s.base(0) {
		folders[strings.Join(message.Folder, "/")] = true
		if !bytes.Contains(message.Raw, []byte("\r\nMessage-ID: ")) {
			anonymous++
		}
		sum := sha256.Sum256(message.Raw)
		if seen[sum] {
			doubles++
		}
		seen[sum] = true
	}
	if len(folders) != 25 {
		t.Errorf("mail in %d folders, want 25", len(folders))
	}
	for what, n := range map[string]int{"without Message-ID": anonymous, "doubles": doubles} {
		if n < 2 || n > 25 {
			t.Errorf("%d of 500 messages are %s, want about 10", n, what)
		}
	}
}

// TestLargeMailIsJustBelowTheLimit looks at one account of the set for memory.
func TestLargeMailIsJustBelowTheLimit(t *testing.T) {
	s, err := setNamed("N")
	if err != nil {
		t.Fatal(err)
	}
	large := 0
	for message := range s.base(31) {
		if len(message.Raw) > 50_000_000 {
			large++
		}
		if len(message.Raw) > limit {
			t.Errorf("a message of %d octets is above the limit", len(message.Raw))
		}
	}
	if large != 1 {
		t.Errorf("%d large messages in the last account, want 1", large)
	}
}

func TestTable(t *testing.T) {
	var results []result
	for i, wall := range []time.Duration{3, 1, 2} {
		for _, peer := range []string{"product", "mbsync"} {
			for _, phase := range []string{"full", "plus"} {
				r := result{set: "A", phase: phase, peer: peer, copied: 5000, verdict: exact}
				r.Wall, r.CPU, r.RSS = wall*time.Second, time.Duration(i+1)*time.Second, 20_000_000
				if peer == "mbsync" {
					r.Wall, r.verdict = 4*r.Wall, fmt.Sprintf("keywords %d", 7+i/2)
				}
				results = append(results, r)
			}
		}
	}
	want := `  set  RTT ms  phase     peer  wall s    ×  CPU s    ×  RSS MB    ×  messages  comparison
    A       0   full  product    2.00  1.0   2.00  1.0    20.0  1.0      5000  exact
    A       0   full   mbsync    8.00  4.0   2.00  1.0    20.0  1.0      5000  keywords 7 | keywords 8
    A       0   plus  product    2.00  1.0   2.00  1.0    20.0  1.0      5000  exact
    A       0   plus   mbsync    8.00  4.0   2.00  1.0    20.0  1.0      5000  keywords 7 | keywords 8

Medians of 3. ×: how many times what the product takes. RSS: peak of the largest process, 8 MB at least.

A, RTT 0 ms: full 2.00 s, mbsync 4.0×; plus 2.00 s, mbsync 4.0×
`
	var out strings.Builder
	if err := printTable(&out, results); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", out.String(), want)
	}
}

func TestFilterEdits(t *testing.T) {
	tests := []struct {
		name                  string
		edit                  edit
		line, literal         string
		wantLine, wantLiteral string
	}{
		{
			"a greeting loses the extensions", withoutExtensions,
			"* OK [CAPABILITY IMAP4rev1 LITERAL+ MULTIAPPEND IDLE] ready\r\n", "",
			"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n", "",
		},
		{
			"a list of capabilities does", withoutExtensions,
			"* CAPABILITY IMAP4rev1 LITERAL- UIDPLUS\r\n", "", "* CAPABILITY IMAP4rev1 UIDPLUS\r\n", "",
		},
		{"no other line does", withoutExtensions, "* OK about LITERAL+\r\n", "", "* OK about LITERAL+\r\n", ""},
		{
			"a copy of mbsync's loses its mark", withoutTUID,
			"* 1 FETCH (RFC822.SIZE 24 BODY[] {24}\r\n", "A: b\r\nX-TUID: c\r\n\r\nbody\r\n"[:24],
			"* 1 FETCH (RFC822.SIZE 13 BODY[] {13}\r\n", "A: b\r\n\r\nbody\r\n"[:13],
		},
		{
			"a mark in the text stays", withoutTUID,
			"* 1 FETCH (RFC822.SIZE 19 BODY[] {19}\r\n", "A: b\r\n\r\nX-TUID: c\r\n",
			"* 1 FETCH (RFC822.SIZE 19 BODY[] {19}\r\n", "A: b\r\n\r\nX-TUID: c\r\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			line, literal := test.edit([]byte(test.line), []byte(test.literal))
			if string(line) != test.wantLine || string(literal) != test.wantLiteral {
				t.Errorf("%q %q, want %q %q", line, literal, test.wantLine, test.wantLiteral)
			}
		})
	}
}

func TestPlanNamesWhatFails(t *testing.T) {
	log := t.TempDir() + "/log"
	input, err := json.Marshal(plan{Parallel: 2, Jobs: []job{{[]string{"true"}, log}, {[]string{"false"}, log}}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runPlan(bytes.NewReader(input), &out); err != nil {
		t.Fatal(err)
	}
	var got cost
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Failed) != 1 || !strings.HasPrefix(got.Failed[0], "false: ") || got.RSS == 0 || got.Wall == 0 {
		t.Errorf("the cost is %+v, want one failure, of false", got)
	}
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		ok   bool
	}{
		{"none", nil, true},
		{"all", []string{"-sets", "A,N", "-rtt", "0,40", "-peers", "product", "-phases", "plus", "-no-literal+", "-verify=false"}, true},
		{"a set that is not there", []string{"-sets", "Z"}, false},
		{"a phase that is not there", []string{"-phases", "half"}, false},
		{"a distance in words", []string{"-rtt", "far"}, false},
		{"a word", []string{"A"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parse(test.args, &strings.Builder{}); (err == nil) != test.ok {
				t.Errorf("error %v, want ok %v", err, test.ok)
			}
		})
	}
}

func TestEveryFolderMayBeCopied(t *testing.T) {
	leftOut := []string{"trash", "cestino", "spam", "posta indesiderata", "junk email", "junk"}
	for _, s := range allSets() {
		for _, path := range s.folders {
			if slices.Contains(leftOut, strings.ToLower(path[0])) {
				t.Errorf("set %s has the folder %q, which is left out", s.name, path)
			}
		}
	}
}

// TestServersBehindFilters looks at a real server through both filters.
func TestServersBehindFilters(t *testing.T) {
	server := realserver.Dovecot(t, realserver.Options{})
	mail := mailgen.Message{Folder: []string{"INBOX"}, Raw: []byte("A: b\r\nX-TUID: c\r\n\r\nbody\r\n"), Date: time.Unix(1e9, 0)}
	if err := server.Append("anna", mail); err != nil {
		t.Fatal(err)
	}
	r := rig{destination: server}
	var err error
	if r.plainMail, err = startFilter(server.Address(), withoutTUID); err != nil {
		t.Fatal(err)
	}
	defer r.plainMail.Close()
	got, err := r.copyOf("anna", true)
	if err != nil {
		t.Fatal(err)
	}
	var want audit.Snapshot
	want.AddMessage(mail.Folder, []byte("A: b\r\n\r\nbody\r\n"), nil, mail.Date)
	for _, difference := range audit.Compare(want, got, audit.Rules{Stored: audit.ByDovecot}) {
		t.Error(difference)
	}
	bare, err := startFilter(server.Address(), withoutExtensions)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	if said := session(t, bare.address()); strings.Contains(said, "LITERAL") || strings.Contains(said, "MULTIAPPEND") || !strings.Contains(said, "UIDPLUS") {
		t.Errorf("the filtered server offers %s", said)
	}
}

// session returns all that a server says to a login, CAPABILITY and LOGOUT.
func session(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "a LOGIN anna geheim\r\nb CAPABILITY\r\nc LOGOUT\r\n"); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}
