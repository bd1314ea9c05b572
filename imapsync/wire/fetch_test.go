package wire_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"trasloco/imapsync/wire"
)

// hello is what the tests' message says.
const hello = "hello"

func TestFetchReadsEveryFormOfABody(t *testing.T) {
	tests := []struct {
		name, said string
		body       string
		bad        bool
	}{
		{"a literal", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello)", hello, false},
		{"UID behind the body (G-04)", "* 1 FETCH (BODY[] {5}\r\nhello UID 5)", hello, false},
		{"a literal8", "* 1 FETCH (UID 5 BODY[] ~{5}\r\nhello)", hello, false},
		{"a literal of LITERAL+ form", "* 1 FETCH (UID 5 BODY[] {5+}\r\nhello)", hello, false},
		{"no blank in front of the literal", "* 1 FETCH (UID 5 BODY[]{5}\r\nhello)", hello, false},
		{"a blank behind the announcement", "* 1 FETCH (UID 5 BODY[] {5} \r\nhello)", hello, false},
		{"LF behind the announcement", "* 1 FETCH (UID 5 BODY[] {5}\nhello)", hello, false},
		{"CR CR LF behind the announcement", "* 1 FETCH (UID 5 BODY[] {5}\r\r\nhello)", hello, false},
		{"a part nobody asked for", "* 1 FETCH (UID 5 BODY[]<0.5> {5}\r\nhello)", hello, true},
		{"a part from the start", "* 1 FETCH (UID 5 BODY[]<0> {5}\r\nhello)", hello, true},
		{"a blank in front of the section", "* 1 FETCH (UID 5 BODY [] {5}\r\nhello)", hello, false},
		{"lower case", "* 1 fetch (uid 5 body[] {5}\r\nhello)", hello, false},
		{"RFC822", "* 1 FETCH (UID 5 RFC822 {5}\r\nhello)", hello, false},
		{"BINARY", "* 1 FETCH (UID 5 BINARY[] ~{5}\r\nhello)", hello, false},
		{"quoted", `* 1 FETCH (UID 5 BODY[] "hello")`, hello, false},
		{"quoted with escapes", `* 1 FETCH (UID 5 BODY[] "he\"l\\lo")`, `he"l\lo`, false},
		{"quoted with a quote nobody escaped", `* 1 FETCH (UID 5 BODY[] "he"llo")`, `he"llo`, true},
		{"quoted with a backslash nobody escaped", `* 1 FETCH (UID 5 BODY[] "he\llo")`, `he\llo`, true},
		{"a quoted string never closed", `* 1 FETCH (UID 5 BODY[] "hello)`, "hello)", true},
		{"an atom", `* 1 FETCH (UID 5 BODY[] hello)`, hello, true},
		{"a list", `* 1 FETCH (UID 5 BODY[] (hello))`, "", true},
		{"an empty string", `* 1 FETCH (UID 5 BODY[] "")`, "", false},
		{"an empty literal", "* 1 FETCH (UID 5 BODY[] {0}\r\n)", "", false},
		{"a NUL in the literal", "* 1 FETCH (UID 5 BODY[] {5}\r\nhe\x00lo)", "he\x00lo", false},
		{"line ends in the literal", "* 1 FETCH (UID 5 BODY[] {7}\r\na\r\nb)\r\n)", "a\r\nb)\r\n", false},
		{"answers in the literal", "* 1 FETCH (UID 5 BODY[] {14}\r\nT1 OK no\r\n* 1\n)", "T1 OK no\r\n* 1\n", false},
		{"a blank behind the literal", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello )", hello, false},
		{"two blanks", "*  1  FETCH  (UID 5  BODY[] {5}\r\nhello  FLAGS ())", hello, false},
		{"no brackets around the items", `* 1 FETCH UID 5 BODY[] "hello"`, hello, false},
		{"the bracket closed too early (Xeams)", "* 1 FETCH (UID 5) BODY[] {5}\r\nhello", hello, true},
		{"one bracket too many", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello))", hello, true},
		{"the last bracket missing", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello ", hello, true},
		{"MODSEQ behind", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello MODSEQ (7))", hello, false},
		{"MODSEQ without brackets", "* 1 FETCH (UID 5 MODSEQ 7 BODY[] {5}\r\nhello)", hello, false},
		{"MODSEQ -1", "* 1 FETCH (UID 5 MODSEQ (-1) BODY[] {5}\r\nhello)", hello, false},
		{"Gmail's items", "* 1 FETCH (X-GM-THRID 1 X-GM-MSGID 2 X-GM-LABELS (\"\\\\Inbox\" foo) UID 5 BODY[] {5}\r\nhello)", hello, false},
		{"EMAILID", "* 1 FETCH (EMAILID (M1) UID 5 BODY[] {5}\r\nhello THREADID NIL)", hello, false},
		{"AOL's item behind", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello XAOL.SPAM.REASON \"x\")", hello, false},
		{"an unknown item in front", "* 1 FETCH (FOO (BAR \"x\") UID 5 BODY[] {5}\r\nhello)", hello, false},
		{"an unknown item behind", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello FOO BAR)", hello, true},
		{"a flag with an open bracket", "* 1 FETCH (FLAGS ([foo) UID 5 BODY[] {5}\r\nhello)", hello, false},
		{"a flag with brackets in front of RFC822", "* 1 FETCH (FLAGS ([foo]) UID 5 RFC822 {5}\r\nhello)", hello, false},
		{"a label as a literal behind", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello X-GM-LABELS ({3}\r\na b))", hello, false},
		{"a label as a literal in front", "* 1 FETCH (UID 5 X-GM-LABELS ({3}\r\na b) BODY[] {5}\r\nhello)", hello, false},
		{"header and body", "* 1 FETCH (UID 5 BODY[HEADER] {2}\r\nAB BODY[] {5}\r\nhello)", hello, false},
		{"body and header", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello BODY[HEADER.FIELDS (DATE \"x\")] {2}\r\nAB)", hello, false},
		{"an unclosed quote in front", "* 1 FETCH (UID 5 FOO \"x BODY[] {5}\r\nhello)", hello, true},
		{"two bodies", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello BODY[] {1}\r\n!)", "hello!", true},
		{"two UIDs", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello UID 5 UID 6)", hello, true},
		{"a body that is announced one octet short", "* 1 FETCH (UID 5 BODY[] {4}\r\nhello)", "hell", true},
		{"a body that is announced three octets short, two lines", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello\r\n!)", hello, true},
		{"a body that goes on with a bracket", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello) and more)", hello, true},
		{"a body that goes on with a blank", "* 1 FETCH (UID 5 BODY[] {5}\r\nhello world)", hello, true},
		{"a body that is announced one octet long", "* 1 FETCH (UID 5 BODY[] {6}\r\nhello)", "hello)", true},
		{"a body that is announced two octets long", "* 1 FETCH (UID 5 BODY[] {7}\r\nhello)", "hello)\r", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, test.said+"\r\n")
			got := fetchOne(t, c)
			if got.body != test.body || !got.HasBody || got.Bad != test.bad {
				t.Errorf("got %q (has %v, bad %v), want %q (bad %v)", got.body, got.HasBody, got.Bad, test.body, test.bad)
			}
			if got.said != int64(len(got.body)) {
				t.Errorf("%d octets were announced to the sink, %d came", got.said, len(got.body))
			}
			if !test.bad && (got.UID != 5 || got.BodySize != int64(len(test.body))) {
				t.Errorf("got UID %d, size %d", got.UID, got.BodySize)
			}
			inStep(t, c)
		})
	}
}

func TestFetchTellsNilFromNothing(t *testing.T) {
	for _, said := range []string{"BODY[] NIL", "BODY[] nil", "RFC822 NIL"} {
		t.Run(said, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (UID 5 "+said+")\r\n")
			got := fetchOne(t, c)
			if !got.NilBody || got.HasBody || got.sinks != 0 || got.Bad || got.UID != 5 {
				t.Errorf("got %+v", got)
			}
			inStep(t, c)
		})
	}
}

func TestFetchKeepsFlags(t *testing.T) {
	tests := []struct {
		name, said string
		want       []string
	}{
		{"two", `(\Seen \Answered)`, []string{`\Seen`, `\Answered`}},
		{"none", `()`, []string{}},
		{"a blank behind", `(\Seen )`, []string{`\Seen`}},
		{"a blank in front", `( \Seen)`, []string{`\Seen`}},
		{"two blanks between", `(\Seen  \Draft)`, []string{`\Seen`, `\Draft`}},
		{"NIL", `NIL`, nil},
		{"one without brackets", `\Seen`, []string{`\Seen`}},
		{"a keyword in brackets", `([foo])`, []string{"[foo]"}},
		{"an open bracket", `([foo)`, []string{"[foo"}},
		{"a per cent sign", `(foo%bar)`, []string{"foo%bar"}},
		{"an asterisk", `(foo*)`, []string{"foo*"}},
		{"all keywords", `(\*)`, []string{`\*`}},
		{"quoted", `("foo" "Non Junk")`, []string{"foo", "Non Junk"}},
		{"braces", `(foo{x})`, []string{"foo{x}"}},
		{"what looks like a literal", `(foo{5})`, []string{"foo{5}"}},
		{"a lone backslash", `(\)`, []string{`\`}},
		{"two backslashes", `(\\Seen)`, []string{`\\Seen`}},
		{"Cyrillic octets", "(\xd4\xd5)", []string{"\xd4\xd5"}},
		{"a literal", "({3}\r\na b \\Seen)", []string{"a b", `\Seen`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (FLAGS "+test.said+" UID 5)\r\n")
			got := fetchOne(t, c)
			if !got.HasFlags || !reflect.DeepEqual(got.Flags, test.want) || got.UID != 5 || got.Bad {
				t.Errorf("got %#v, UID %d, bad %v, want %#v", got.Flags, got.UID, got.Bad, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestFetchTakesFlagsTwice(t *testing.T) { // Mailutils
	c := answering(t, "* 1 FETCH (FLAGS (\\Seen) UID 5 FLAGS (\\Seen))\r\n")
	if got := fetchOne(t, c); len(got.Flags) != 1 || got.UID != 5 || got.Bad {
		t.Errorf("got %+v", got)
	}
	inStep(t, c)
}

func TestFetchKeepsDatesAsTheyCome(t *testing.T) {
	dates := []string{
		"17-Jul-1996 02:44:25 -0700", " 7-Jul-1996 02:44:25 -0700", "00-Jan-0000 00:00:00 +0000", "01-Jan-0001 00:00:00 +0000",
		"31-Feb-2020 00:00:00 +0000", "01-Jan-2020 24:00:00 +0000", "01-Jan-2020 00:00:60 +0000", "01-Jan-2020 00:00:00 GMT",
		"01-Jan-2020 00:00:00", "01-Jan-2020 00:00:00 +00:00", "01-Jan-2020 00:00:00 +9999", "01-Jan-20 00:00:00 +0000",
		"01-Jan-12020 00:00:00 +0000", "Wed, 01-Jan-2020 00:00:00 +0000", "01-Gen-2020 00:00:00 +0000",
		"1-Jul-2020 2:44:25 +0560", "",
	}
	said := map[string]string{"NIL": "NIL", "{4}\r\nthen": "then"}
	for _, date := range dates {
		said[`"`+date+`"`] = date
	}
	for text, want := range said {
		t.Run(want, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (INTERNALDATE "+text+" UID 5)\r\n")
			got := fetchOne(t, c)
			if !got.HasDate || got.Date != want || got.UID != 5 {
				t.Errorf("got %q (has %v), UID %d, want %q", got.Date, got.HasDate, got.UID, want)
			}
			inStep(t, c)
		})
	}
}

func TestFetchReadsSizes(t *testing.T) {
	tests := []struct {
		said string
		want int64
		ok   bool
	}{
		{"44", 44, true},
		{"0", 0, true},
		{"5000000000", 5000000000, true},
		{"18446744073709551615", 1 << 62, true},
		{"18446744073709551616", 0, false},
		{"-1", 0, false},
		{"NIL", 0, false},
		{"10.5", 0, false},
		{"9.37e+06", 0, false},
		{`"44"`, 44, true},
	}
	for _, test := range tests {
		t.Run(test.said, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (RFC822.SIZE "+test.said+" UID 5)\r\n")
			got := fetchOne(t, c)
			if got.HasSize != test.ok || got.Size != test.want || got.UID != 5 {
				t.Errorf("got %d (has %v), UID %d, want %d", got.Size, got.HasSize, got.UID, test.want)
			}
			inStep(t, c)
		})
	}
}

func TestFetchReadsHeaders(t *testing.T) {
	const fields = "BODY[HEADER.FIELDS (MESSAGE-ID DATE)]"
	tests := []struct {
		name, said, want string
		bad              bool
	}{
		{"a literal", fields + " {5}\r\nA: b\n)", "A: b\n", false},
		{"quoted names", `BODY[HEADER.FIELDS ("MESSAGE-ID" "DATE")] "A: b")`, "A: b", false},
		{"NIL", fields + " NIL)", "", false},
		{"announced short", fields + " {4}\r\nA: bc)", "A: b", true},
		{"announced long", fields + " {6}\r\nA: b\n)", "A: b\n)", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (UID 5 "+test.said+"\r\n")
			got := fetchOne(t, c)
			if string(got.Header) != test.want || got.Bad != test.bad || got.UID != 5 || got.HasBody || got.sinks != 0 {
				t.Errorf("got %q, bad %v, %d bodies, want %q", got.Header, got.Bad, got.sinks, test.want)
			}
			inStep(t, c)
		})
	}
}

// A header too long to be kept must not be taken for an empty one.
func TestFetchMarksAHeaderItDidNotKeep(t *testing.T) {
	c := answering(t, "* 1 FETCH (UID 5 BODY[HEADER] {2000000}\r\n"+strings.Repeat("x", 2000000)+")\r\n")
	if got := fetchOne(t, c); !got.Bad {
		t.Errorf("got a good header of %d octets", len(got.Header))
	}
	inStep(t, c)
}

// The name in front of a literal decides whether it goes to the sink; what is
// larger than memory allows has to get there.
func TestFetchStreamsALargeBodyBehindOddFlags(t *testing.T) {
	large := strings.Repeat("x", 2_000_000)
	c := answering(t, "* 1 FETCH (FLAGS ([foo]) UID 5 RFC822 {2000000}\r\n"+large+")\r\n")
	if got := fetchOne(t, c); got.body != large || got.Bad || got.UID != 5 {
		t.Errorf("got %d octets, bad %v, UID %d", len(got.body), got.Bad, got.UID)
	}
	inStep(t, c)
}

// Read in time that grows with the square, these would take hours.
func TestFetchReadsNonsenseInNoTime(t *testing.T) {
	for _, piece := range []string{"[", "BODY[", "BODY[ ", "(", ")", `"`, `\`, "<", "a> ", "{", "{} "} {
		t.Run(piece, func(t *testing.T) {
			c := answering(t, "* 1 FETCH (UID 5 "+strings.Repeat(piece, 1<<20/len(piece))+"\r\n")
			fetchOne(t, c)
			inStep(t, c)
		})
	}
}

func TestFetchDeliversEveryAnswer(t *testing.T) {
	c := answering(t, "* 1 FETCH (FLAGS () UID 5)\r\n* 0 FETCH (UID 9)\r\n* 3 EXISTS\r\n* 1 FETCH (UID 5 BODY[] {5}\r\nhello)\r\n"+
		"* 1 FETCH (INTERNALDATE \"x\" UID 5)\r\n* 2 EXPUNGE\r\n* 2 FETCH (BODY[] {2}\r\nhi UID 6)\r\n")
	got, status, err := fetch(c)
	if err != nil || !status.OK() {
		t.Fatal(status, err)
	}
	var seen []string
	for _, m := range got {
		seen = append(seen, fmt.Sprintf("%d:%d:%s", m.Seq, m.UID, m.body))
		if m.Bad {
			t.Errorf("UID %d is bad", m.UID)
		}
	}
	if want := "1:5: 0:9: 1:5:hello 1:5: 2:6:hi"; strings.Join(seen, " ") != want {
		t.Errorf("got %v, want %s", seen, want)
	}
	inStep(t, c)
}

func TestFetchHandsOverTheStatus(t *testing.T) {
	tests := []struct{ said, kind, code string }{
		{"TAG OK [MESSAGELIMIT 1000] partly", "OK", "MESSAGELIMIT"},
		{"TAG NO Some messages could not be FETCHed (Failure)", "NO", ""},
		{"TAG BAD Command Argument Error. 11", "BAD", ""},
	}
	for _, test := range tests {
		c := answering(t, test.said+"\r\n")
		_, status, err := fetch(c)
		if err != nil || status.Type != test.kind || status.Code != test.code {
			t.Errorf("%q: got %+v, error %v", test.said, status, err)
		}
		inStep(t, c)
	}
}

func TestFetchEndsTheConnectionWhenItsCallerFails(t *testing.T) {
	c := answering(t, "* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 6)\r\n")
	mine, calls := errors.New("disk full"), 0
	_, err := c.Fetch(context.Background(), wire.Query{Set: "1:*", Items: "UID"}, nil, func(wire.Fetched) error {
		calls++
		return mine
	})
	if !errors.Is(err, mine) || calls != 1 || !errors.Is(c.Noop(context.Background()), mine) {
		t.Errorf("got %v after %d calls, then %v", err, calls, c.Err())
	}
}

func TestFetchAsksByUIDOrBySequence(t *testing.T) {
	for _, test := range []struct {
		query wire.Query
		want  string
	}{
		{wire.Query{Set: "1:3,7", ByUID: true, Items: "(UID)"}, "UID FETCH 1:3,7 (UID)"},
		{wire.Query{Set: "1:*", Items: "(UID)"}, "FETCH 1:* (UID)"},
	} {
		sent := make(chan string, 1)
		c := dial(t, loggedIn, recordingTo(sent))
		if _, err := c.Fetch(context.Background(), test.query, nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := <-sent; got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestSets(t *testing.T) {
	tests := []struct {
		name string
		uids []uint32
		want string
	}{
		{"none", nil, ""},
		{"one", []uint32{7}, "7"},
		{"a run", []uint32{1, 2, 3}, "1:3"},
		{"two in a row", []uint32{1, 2}, "1:2"},
		{"runs and single ones", []uint32{1, 3, 4, 5, 9}, "1,3:5,9"},
		{"the highest", []uint32{math.MaxUint32 - 1, math.MaxUint32}, "4294967294:4294967295"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(wire.Sets(test.uids), " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Yahoo takes command lines of 1000 octets (G-29); nothing may get lost where a
// set is split.
func TestSetsFitACommandLine(t *testing.T) {
	const items = "T100000 UID FETCH  (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)])\r\n"
	var uids []uint32
	for uid := uint32(4_000_000_000); len(uids) < 5000; uid += 1 + uint32(len(uids)%3) {
		uids = append(uids, uid)
	}
	var got []uint32
	for _, set := range wire.Sets(uids) {
		if len(set)+len(items) > 1000 {
			t.Fatalf("a command of %d octets", len(set)+len(items))
		}
		for _, part := range strings.Split(set, ",") {
			first, last, ok := strings.Cut(part, ":")
			if !ok {
				last = first
			}
			from, err1 := strconv.ParseUint(first, 10, 32)
			to, err2 := strconv.ParseUint(last, 10, 32)
			if err1 != nil || err2 != nil {
				t.Fatalf("part %q", part)
			}
			for uid := from; uid <= to; uid++ {
				got = append(got, uint32(uid))
			}
		}
	}
	if !reflect.DeepEqual(got, uids) {
		t.Errorf("%d UIDs became %d", len(uids), len(got))
	}
}
