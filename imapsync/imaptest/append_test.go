package imaptest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// with returns the default capabilities and more.
func with(names ...string) []string { return append(imaptest.DefaultCaps(), names...) }

// bodies returns what a folder holds.
func bodies(f *imaptest.Folder) (all []string) {
	for _, m := range f.Messages() {
		all = append(all, string(m.Body))
	}
	return all
}

func TestAppendOfManyIsAllOrNothing(t *testing.T) {
	const one, two = "{3+}\r\none", "{3+}\r\ntwo"
	tests := []struct {
		name, sent string
		want       []string
		stored     []string
	}{
		{"three", "APPEND INBOX " + one + " " + two + " {5+}\r\nthree", []string{"OK [APPENDUID 1001 5:7] done"}, []string{"one", "two", "three"}},
		{"one", "APPEND INBOX " + one, []string{"OK [APPENDUID 1001 5] done"}, []string{"one"}},
		{"each asked for", "APPEND INBOX {3}\r\none {3}\r\ntwo", []string{"OK [APPENDUID 1001 5:6] done", "+ go on", "+ go on"}, []string{"one", "two"}},
		{"some asked for", "APPEND INBOX {3}\r\none {3+}\r\ntwo", []string{"OK [APPENDUID 1001 5:6] done", "+ go on"}, []string{"one", "two"}},
		{"to no folder", "APPEND Nowhere " + one + " " + two, []string{"NO [TRYCREATE] no such folder"}, nil},
		{"the second not asked for: its flag", `APPEND INBOX {3}` + "\r\none" + ` (\Recent) {3}`, []string{`BAD invalid flag \Recent`, "+ go on"}, nil},
		{"the second with a bad flag, more to come", `APPEND INBOX ` + one + ` (\Recent) ` + two + " " + one, []string{`BAD invalid flag \Recent`}, nil},
		{"the second with no date at all", `APPEND INBOX ` + one + ` "yesterday" ` + two, []string{"BAD invalid date"}, nil},
		{"the last without octets", "APPEND INBOX " + one + " {0+}\r\n", []string{"NO can't save a zero byte message"}, nil},
		{"the last above the limit", "APPEND INBOX " + one + " {11+}\r\nhello world", []string{"NO [TOOBIG] message too large"}, nil},
		{"together above the quota", "APPEND INBOX " + strings.Repeat(" {8+}\r\n12345678", 3), []string{"NO [OVERQUOTA] quota exceeded"}, nil},
		{"one that the server dislikes", "APPEND INBOX " + one + " {4+}\r\nevil " + two, []string{"NO [CANNOT] invalid header"}, nil},
		{"flags without a message", "APPEND INBOX " + one + ` (\Seen)`, []string{"BAD syntax error"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := imaptest.NewAccount(t, imaptest.AccountOptions{
				Caps: with("MULTIAPPEND"), AppendLimit: 10, Quota: 20, RefuseMessage: refuseEvil,
			})
			a.Folder("INBOX").Renumber(1001, 5)
			c := login(t, a)
			c.wantReply(test.sent, test.want...)
			c.wantReply("NOOP", "OK done")
			if got := bodies(a.Folder("INBOX")); !slices.Equal(got, test.stored) {
				t.Errorf("stored %q, want %q", got, test.stored)
			}
			if got := a.Changes(); len(got) != 1 {
				t.Errorf("recorded %v, want one command", got)
			}
		})
	}
}

func refuseEvil(m imaptest.Message) string {
	if string(m.Body) == "evil" {
		return "NO [CANNOT] invalid header"
	}
	return ""
}

func TestServerWithoutMultiAppendTakesOneAtATime(t *testing.T) {
	a := imaptest.NewAccount(t, imaptest.AccountOptions{RefuseMessage: refuseEvil})
	login(t, a).run(t, []exchange{
		{"two", "APPEND INBOX {3+}\r\none {3+}\r\ntwo", []string{"BAD syntax error"}},
		{"two, the second not asked for", "APPEND INBOX {3}\r\none {3}", []string{"BAD syntax error", "+ go on"}},
		{"one", "APPEND INBOX {3+}\r\none", []string{"OK [APPENDUID 1001 1] done"}},
		{"one it dislikes", "APPEND INBOX {4+}\r\nevil", []string{"NO [CANNOT] invalid header"}},
	})
	if got := bodies(a.Folder("INBOX")); !slices.Equal(got, []string{"one"}) {
		t.Errorf("stored %q", got)
	}
}

func TestManyKeepTheirOwnFlagsAndDates(t *testing.T) {
	later := noon.AddDate(1, 0, 0)
	hooked := make(chan []imaptest.Message, 1)
	a := imaptest.NewAccount(t, imaptest.AccountOptions{
		Caps: with("MULTIAPPEND"), Now: func() time.Time { return later },
		Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
			if cmd.Name == "APPEND" {
				hooked <- cmd.Messages()
			}
			return false
		},
	})
	login(t, a).wantReply(`APPEND "INBOX" (\Seen $x) " 3-Feb-2024 12:00:00 +0100" {3+}`+"\r\none {3+}\r\n"+`two (\Draft) {5+}`+"\r\nthree",
		"OK [APPENDUID 1001 1:3] done")
	tests := []struct {
		name string
		got  []imaptest.Message
		want []string
	}{
		{"in the folder", a.Folder("INBOX").Messages(), []string{
			`[\Seen $x] 2024-02-03T12:00:00+01:00 "one"`, `[] 2025-02-03T12:00:00+01:00 "two"`, `[\Draft] 2025-02-03T12:00:00+01:00 "three"`,
		}},
		{"in the hook", <-hooked, []string{
			`[\Seen $x] 2024-02-03T12:00:00+01:00 "one"`, `[] 0001-01-01T00:00:00Z "two"`, `[\Draft] 0001-01-01T00:00:00Z "three"`,
		}},
		{"in the record, without octets", a.Changes()[0].Messages(), []string{
			`[\Seen $x] 2024-02-03T12:00:00+01:00 ""`, `[] 0001-01-01T00:00:00Z ""`, `[\Draft] 0001-01-01T00:00:00Z ""`,
		}},
		{"in another command", imaptest.Command{Name: "EXAMINE", Args: "INBOX {3+}"}.Messages(), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, m := range test.got {
				got = append(got, fmt.Sprintf("%v %s %q", m.Flags, m.Date.Format(time.RFC3339), m.Body))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestFaultsSeeOneCommand(t *testing.T) {
	const sent = "APPEND INBOX {3+}\r\none {3+}\r\ntwo"
	a := imaptest.NewAccount(t, imaptest.AccountOptions{Caps: with("MULTIAPPEND"), Faults: []imaptest.Fault{
		{Command: "APPEND", Nth: 1, Reply: "NO [LIMIT] wait", BeforeLiteral: true},
		{Command: "APPEND", Nth: 3, Reply: "NO [UNAVAILABLE] later"},
	}})
	c := login(t, a)
	c.wantReply(sent, "NO [LIMIT] wait")
	c.wantReply(sent, "OK [APPENDUID 1001 1:2] done")
	c.wantReply(sent, "NO [UNAVAILABLE] later")
	if got := bodies(a.Folder("INBOX")); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("stored %q", got)
	}
}
