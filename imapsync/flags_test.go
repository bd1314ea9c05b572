package imapsync

import (
	"slices"
	"strings"
	"testing"
)

func TestCleanFlags(t *testing.T) {
	anyKeyword := []string{`\Seen`, `\Answered`, `\*`}
	long50, long51 := strings.Repeat("k", 50), strings.Repeat("k", 51)
	tests := []struct {
		name                            string
		flags, permanent, keep, dropped []string
	}{
		{"the five flags of L-1 pass", []string{`\Seen`, `\Answered`, `\Flagged`, `\Draft`, `\Deleted`}, anyKeyword, []string{`\Seen`, `\Answered`, `\Flagged`, `\Draft`, `\Deleted`}, nil},
		{"they pass where PERMANENTFLAGS leaves them out", []string{`\Draft`}, []string{`\Seen`}, []string{`\Draft`}, nil},
		{"they are spelled as RFC 3501 does (L-1)", []string{`\SEEN`, `\flagged`}, anyKeyword, []string{`\Seen`, `\Flagged`}, nil},
		{"a flag comes once", []string{`\Seen`, `\SEEN`, "a", "A"}, anyKeyword, []string{`\Seen`, "a"}, nil},
		{`\Recent is the server's own and nobody misses it (L-1)`, []string{`\Recent`, `\RECENT`, `\Seen`}, anyKeyword, []string{`\Seen`}, nil},
		{
			"other flags with a backslash never pass (L-1)",
			[]string{`\RECEIPTCHECKED`, `\JUNK`, `\Indexed`, `\UNSEEN`, `\ATTACHED`, `\X-EON-HAS-ATTACHMENT`, `\FORWARDED`, `\PRIORITY`, `\*`, `\`, `\\Seen`},
			anyKeyword, nil,
			[]string{`\RECEIPTCHECKED`, `\JUNK`, `\Indexed`, `\UNSEEN`, `\ATTACHED`, `\X-EON-HAS-ATTACHMENT`, `\FORWARDED`, `\PRIORITY`, `\*`, `\`, `\\Seen`},
		},
		{"known keywords pass as they are (L-2)", []string{"$Forwarded", "$MDNSent", "Junk", "NonJunk", "$Label1"}, anyKeyword, []string{"$Forwarded", "$MDNSent", "Junk", "NonJunk", "$Label1"}, nil},
		{`without \* a keyword must be listed (L-2)`, []string{"$MDNSent", "work"}, []string{`\Seen`, "$MDNSent"}, []string{"$MDNSent"}, []string{"work"}},
		{"listed in other letters is listed (L-2)", []string{"$mdnsent"}, []string{"$MDNSent"}, []string{"$mdnsent"}, nil},
		{"without PERMANENTFLAGS nothing is known against keywords", []string{"work"}, nil, []string{"work"}, nil},
		{"50 octets are taken, 51 are not (L-2)", []string{long50, long51}, anyKeyword, []string{long50}, []string{long51}},
		{
			"what is no atom everywhere is dropped (L-2)",
			[]string{"a b", "a(b", "a)b", "a{b", "a%b", "a*b", `a"b`, `a\b`, "a]b", "tàg", "a\x00b", "a\x7fb", "a\tb", ""},
			anyKeyword, nil,
			[]string{"a b", "a(b", "a)b", "a{b", "a%b", "a*b", `a"b`, `a\b`, "a]b", "tàg", "a\x00b", "a\x7fb", "a\tb", ""},
		},
		{"other printable octets are fine", []string{"a[b", "a}b", "a/b", "a:b", "a+b", "~"}, anyKeyword, []string{"a[b", "a}b", "a/b", "a:b", "a+b", "~"}, nil},
		{"no flags", nil, anyKeyword, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keep, dropped := cleanFlags(tt.flags, tt.permanent)
			if !slices.Equal(keep, tt.keep) || !slices.Equal(dropped, tt.dropped) {
				t.Errorf("keeps %q, drops %q", keep, dropped)
			}
		})
	}
}

func TestOnlySystemFlagsAreLeftForAServerThatRefusesOthers(t *testing.T) {
	flags := []string{`\Seen`, "work", `\Draft`}
	if got := onlySystem(flags); !slices.Equal(got, []string{`\Seen`, `\Draft`}) {
		t.Errorf("got %q", got)
	}
	if !slices.Equal(flags, []string{`\Seen`, "work", `\Draft`}) {
		t.Errorf("the flags themselves became %q", flags)
	}
}
