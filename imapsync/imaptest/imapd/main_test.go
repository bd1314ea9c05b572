package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/memory"
)

// start runs the server until the test's cleanup, which wants it to end well,
// and logs in.
func start(t *testing.T, o options) *session {
	t.Helper()
	o.Listen = "127.0.0.1:0"
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, o, w)
		_ = w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	first, err := bufio.NewReader(r).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(first), "ready on ")
	if err != nil || !ok {
		t.Fatalf("first line %q, %v", first, err)
	}
	return dial(t, addr)
}

// session is a raw connection to the server.
type session struct {
	t    *testing.T
	addr string
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, addr string) *session {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, addr: addr, conn: conn, r: bufio.NewReader(conn)}
	s.until("* ")
	return s
}

func (s *session) until(prefix string) string {
	s.t.Helper()
	var all strings.Builder
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			s.t.Fatalf("after %q: %v", all.String(), err)
		}
		all.WriteString(line)
		if strings.HasPrefix(line, prefix) {
			return all.String()
		}
	}
}

// do sends a command and returns all that comes back, to the tagged reply.
func (s *session) do(command string) string {
	s.t.Helper()
	if _, err := io.WriteString(s.conn, "t "+command+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	return s.until("t ")
}

func anna() options { return options{User: []string{"anna"}, Password: []string{"secret"}} }

// TestMeasured holds down the manners that the package comment tells of.
func TestMeasured(t *testing.T) {
	message := func(text string) string { return fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(text), text) }
	tests := []struct {
		name, command string
		want          string // pattern
	}{
		{"a wrong password", "LOGIN anna wrong", `^t NO \[AUTHENTICATIONFAILED\]`},
		{"the right one", "LOGIN anna secret", `^t OK \[CAPABILITY IMAP4rev1 .*\bNAMESPACE UIDPLUS .*\bLITERAL\+\]`},
		{"no special use is advertised", "CAPABILITY", `^\* CAPABILITY [^\n]*STATUS=SIZE LITERAL\+\r\nt OK`},
		{"namespace", "NAMESPACE", `^\* NAMESPACE \(\("" "/"\)\) NIL NIL\r\nt OK`},
		{"a special use is forgotten", `CREATE Sent (USE (\Sent))`, `^t OK`},
		{"and not listed", `LIST "" Sent RETURN (SPECIAL-USE)`, `^\* LIST \(\) "/" "Sent"\r\nt OK`},
		{"CREATE of an existing folder", "CREATE Sent", `^t NO \[ALREADYEXISTS\]`},
		{"SUBSCRIBE", "SUBSCRIBE Sent", `^t OK`},
		{"SUBSCRIBE again", "SUBSCRIBE Sent", `^t OK`},
		{"SUBSCRIBE of nothing", "SUBSCRIBE Nowhere", `^t NO \[NONEXISTENT\]`},
		{"subscriptions are listed unasked", `LIST "" Sent`, `^\* LIST \(\\Subscribed\) "/" "Sent"\r\nt OK`},
		{"LSUB", `LSUB "" *`, `^\* LSUB \(\\Subscribed\) "/" "Sent"\r\nt OK`},
		{"CREATE of a child", "CREATE a/b", `^t OK`},
		{"makes no parent", `LIST "" a*`, `^\* LIST \(\) "/" "a/b"\r\nt OK`},
		{"INBOX in small letters", `LIST "" inbox`, `^t OK`},
		{"an accented name", `CREATE "Citt&AOA-"`, `^t OK`},
		{"comes back as it was", `LIST "" "Citt&AOA-"`, `^\* LIST \(\) "/" "Citt&AOA-"\r\nt OK`},
		{"a name that is not mUTF-7", `CREATE "a&b"`, `^t NO \[SERVERBUG\]`},
		{"LIST-STATUS", `LIST "" Sent RETURN (STATUS (MESSAGES SIZE))`, `\* STATUS "Sent" \(MESSAGES 0 SIZE 0\)\r\nt OK`},
		{"APPEND to nothing", "APPEND Nowhere {5+}\r\nhello", `^t NO \[TRYCREATE\]`},
		{"APPEND with flags and date", `APPEND INBOX (\Recent $Fwd) " 3-Feb-2024 12:00:00 +0130" {8+}` + "\r\nA: b\r\n\r\n", `^t OK \[APPENDUID \d+ 1\]`},
		{"a well-formed message", message("B: b\r\n c\r\nA: \xe8\r\n\r\nx\ny\x00"), `^t OK \[APPENDUID \d+ 2\]`},
		{"a message with bare LF in the header", message("A: b\n\nx"), `^t OK \[APPENDUID \d+ 3\]`},
		{"a message with a line that is no field", message("From me\r\n\r\nx"), `^t OK \[APPENDUID \d+ 4\]`},
		{"an empty message", message(""), `^t OK \[APPENDUID \d+ 5\]`},
		{"EXAMINE", "EXAMINE INBOX", `^\* 5 EXISTS\r\n(?s:.*)PERMANENTFLAGS \(\$fwd \\recent \\\*\)`},
		{
			"flags in lower case, the zone kept", "UID FETCH 1 (FLAGS INTERNALDATE)",
			`^\* 1 FETCH \(UID 1 FLAGS \((\$fwd \\recent|\\recent \$fwd)\) INTERNALDATE " 3-Feb-2024 12:00:00 \+0130"\)`,
		},
		{"every octet of the well-formed one", "UID FETCH 2 BODY.PEEK[]", "\\{22\\}\r\nB: b\r\n c\r\nA: .\r\n\r\nx\ny\x00\\)\r\n"},
		{"bare LF mended", "UID FETCH 3 (RFC822.SIZE BODY.PEEK[])", `RFC822\.SIZE 7 BODY\[\] \{9\}`},
		{"nothing of the bad one", "UID FETCH 4 (RFC822.SIZE BODY.PEEK[])", `RFC822\.SIZE 12 BODY\[\] \{0\}`},
		{
			"header fields in the message's order", "UID FETCH 2 (BODY.PEEK[HEADER.FIELDS (A B)])",
			`BODY\[HEADER\.FIELDS \("A" "B"\)\] \{18\}` + "\r\nB: b\r\n c\r\nA: .\r\n\r\n\\)",
		},
		{"an unknown command", "GETQUOTAROOT INBOX", `^t BAD`},
		{"and the connection goes on", "NOOP", `^t OK`},
		{"a day there is not", `APPEND INBOX "31-Feb-2024 12:00:00 +0000" {5+}` + "\r\nhello", `^t NO \[SERVERBUG\]`},
	}
	s := start(t, anna())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			if got := s.do(test.command); !regexp.MustCompile(test.want).MatchString(got) {
				t.Errorf("%q answered %q", test.command, got)
			}
		})
	}
}

func TestSampleHoldsWhatItPromises(t *testing.T) {
	s := start(t, options{User: anna().User, Password: anna().Password, Sample: true, Oversize: true})
	s.do("LOGIN anna secret")
	list := s.do(`LIST "" * RETURN (STATUS (MESSAGES))`)
	counts := regexp.MustCompile(`STATUS "?(.*?)"? \(MESSAGES (\d+)\)`).FindAllStringSubmatch(list, -1)
	total, got := 0, map[string]int{}
	for _, m := range counts {
		var n int
		if _, err := fmt.Sscan(m[2], &n); err != nil {
			t.Fatal(err)
		}
		got[m[1]] = n
		total += n
	}
	for name, want := range map[string]int{"Spam": 2, "Da leggere": 0, "Clienti/Caff&AOg- Per&APk-": 3, "Archivio/2009": 3} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s holds %d messages (listed: %v), want %d", name, n, ok, want)
		}
	}
	if total != 41 {
		t.Errorf("%d messages, want 41", total)
	}
	s.do("EXAMINE INBOX")
	for search, want := range map[string]string{
		"LARGER 52428800": "13", "FLAGGED": "4 9", "UNSEEN": "3 8 13", "KEYWORD $Forwarded": "5 10", "SINCE 1-Apr-2024": "11 12 13",
		"HEADER Content-Type multipart/mixed": "7 13",
	} {
		if got := s.do("UID SEARCH " + search); !strings.HasPrefix(got, "* SEARCH "+want+"\r\n") {
			t.Errorf("%s: %q, want %s", search, got, want)
		}
	}
	if got := s.do("UID FETCH 1:12 (RFC822.SIZE BODY.PEEK[])"); !sizesAgree(got) {
		t.Errorf("sizes and octets differ: the sample is not well formed")
	}
}

// sizesAgree compares each RFC822.SIZE with the literal after it.
func sizesAgree(answer string) bool {
	all := regexp.MustCompile(`RFC822\.SIZE (\d+) BODY\[\] \{(\d+)\}`).FindAllStringSubmatch(answer, -1)
	for _, m := range all {
		if m[1] != m[2] {
			return false
		}
	}
	return len(all) == 12
}

func TestUsersAreApart(t *testing.T) {
	s := start(t, options{User: []string{"anna", "bruno"}, Password: []string{"one", "two"}, Sample: true})
	s.do("LOGIN anna one")
	s.do("CREATE Mine")
	other := dial(t, s.addr)
	if got := other.do("LOGIN bruno one"); !strings.HasPrefix(got, "t NO") {
		t.Errorf("with anna's password: %q", got)
	}
	if got := other.do("LOGIN bruno two"); !strings.HasPrefix(got, "t OK") {
		t.Fatalf("login: %q", got)
	}
	if got := other.do(`LIST "" *`); strings.Contains(got, "Mine") || !strings.Contains(got, "Spam") {
		t.Errorf("bruno sees %q", got)
	}
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    options
		want error
	}{
		{"every address", options{Listen: "0.0.0.0:1143"}, errNotLoopback},
		{"no address", options{Listen: ":1143"}, errNotLoopback},
		{"an address of the network", options{Listen: "192.0.2.1:1143"}, errNotLoopback},
		{"two passwords for three users", options{Listen: "[::1]:0", User: []string{"a", "b", "c"}, Password: []string{"x", "y"}}, errPasswords},
		{"one user twice", options{Listen: "localhost:0", User: []string{"a", "a"}, Password: []string{"x"}}, memory.ErrTwice},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t.Context(), test.o, io.Discard); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
