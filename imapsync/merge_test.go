package imapsync

import (
	"fmt"
	"slices"
	"testing"
)

// TestMergeThreeWays goes through all that can be of one flag: whether it was
// copied, whether the source has it, whether the destination has it (Δ-3).
func TestMergeThreeWays(t *testing.T) {
	flags := []struct {
		name    string
		follows bool // a change of it is carried over
	}{
		{`\Seen`, true},
		{`\Answered`, true},
		{`\Flagged`, true},
		{`\Draft`, true},
		{`$Forwarded`, true},
		{`Lavoro`, true},
		{`\Deleted`, false}, // Δ-4
		{`\DELETED`, false},
		{`\Recent`, false}, // L-1
		{`\Important`, false},
		{`100%`, false}, // L-2
		{`[Gmail]`, false},
	}
	for _, flag := range flags {
		for i := range 8 {
			base, source, destination := i&1 != 0, i&2 != 0, i&4 != 0
			t.Run(fmt.Sprintf("%s copied %t, now at the source %t, at the destination %t", flag.name, base, source, destination), func(t *testing.T) {
				has := func(there bool) []string {
					if there {
						return []string{"$Other", flag.name}
					}
					return []string{"$Other"}
				}
				plus, minus := mergeThreeWays(has(base), has(source), has(destination), nil)
				changed := flag.follows && source != base && destination == base // else its user's will stands
				wantMerge(t, plus, minus, ifSo(changed && source, flag.name), ifSo(changed && !source, flag.name))
			})
		}
	}
}

func ifSo(so bool, flag string) []string {
	if so {
		return []string{flag}
	}
	return nil
}

func wantMerge(t *testing.T, plus, minus, wantPlus, wantMinus []string) {
	t.Helper()
	if !slices.Equal(plus, wantPlus) || !slices.Equal(minus, wantMinus) {
		t.Errorf("set %q, take off %q; want %q, %q", plus, minus, wantPlus, wantMinus)
	}
}

func TestMergeThreeWaysOfSeveralFlags(t *testing.T) {
	list := func(flags ...string) []string { return flags }
	tests := []struct {
		name                                 string
		base, source, destination, permanent []string
		plus, minus                          []string
	}{
		{"nothing has ever been there", nil, nil, nil, nil, nil, nil},
		{"all in order of their names", nil, list(`\Seen`, `$B`, `\Flagged`, `$A`), nil, nil, list(`$A`, `$B`, `\Flagged`, `\Seen`), nil},
		{"one set, one taken off", list(`\Flagged`), list(`\Seen`), list(`\Flagged`), nil, list(`\Seen`), list(`\Flagged`)},
		{"each side changed another one", list(`\Flagged`), list(`\Flagged`, `\Seen`), nil, nil, list(`\Seen`), nil},
		{"both set the same", nil, list(`\Seen`), list(`\Seen`), nil, nil, nil},
		{"both took the same off", list(`\Seen`), nil, nil, nil, nil, nil},
		{"the source read it, its user has taken that back before", list(`\Seen`), list(`\Seen`), nil, nil, nil, nil},
		{"the source took off what its user had set again", list(`\Seen`), nil, list(`\Seen`, `\Flagged`), nil, nil, list(`\Seen`)},
		{"spellings differ by case alone", list(`\SEEN`, `$label1`), list(`\Seen`, `$Label1`), nil, nil, nil, nil},
		{"set in another spelling than the destination has", nil, list(`$label1`), list(`$Label1`), nil, nil, nil},
		{"taken off in another spelling", list(`$label1`), nil, list(`$Label1`), nil, nil, list(`$label1`)},
		{"deleted at the source", list(`\Seen`), list(`\Seen`, `\Deleted`), list(`\Seen`), nil, nil, nil},
		{"deleted at the source, and taken back there", list(`\Deleted`), nil, list(`\Deleted`), nil, nil, nil},
		{"the destination takes any keyword", nil, list(`$A`), nil, list(`\Seen`, `\*`), list(`$A`), nil},
		{"the destination takes this keyword", nil, list(`$A`, `$B`), nil, list(`\Seen`, `$a`), list(`$A`), nil},
		{"the destination takes no keywords", nil, list(`$A`, `\Seen`), nil, list(`\Seen`), list(`\Seen`), nil},
		{"a keyword goes though no new ones are taken", list(`$A`), nil, list(`$A`), list(`\Seen`), nil, list(`$A`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plus, minus := mergeThreeWays(tt.base, tt.source, tt.destination, tt.permanent)
			wantMerge(t, plus, minus, tt.plus, tt.minus)
		})
	}
}
