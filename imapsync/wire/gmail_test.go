package wire_test

import (
	"math"
	"reflect"
	"testing"
)

// The number of a message in a Gmail account, and its labels: X-GM-EXT-1.
func TestFetchReadsGmailsItems(t *testing.T) {
	tests := []struct {
		name, said string
		id         uint64
		labels     []string
	}{
		{"as sent", `X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\Inbox" "\\Sent" Work "Two words")`, 1278455344230334865, []string{`\Inbox`, `\Sent`, "Work", "Two words"}},
		{"as documented", `X-GM-LABELS (\Inbox Work) X-GM-MSGID 2`, 2, []string{`\Inbox`, "Work"}},
		{"a label as a literal", "X-GM-MSGID 2 X-GM-LABELS ({3}\r\na b)", 2, []string{"a b"}},
		{"the highest number", `X-GM-MSGID 18446744073709551615`, math.MaxUint64, nil},
		{"no number", `X-GM-MSGID NIL X-GM-LABELS ()`, 0, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := answering(t, "* 1 FETCH ("+test.said+" UID 5)\r\n")
			got := fetchOne(t, c)
			if got.GmailID != test.id || !reflect.DeepEqual(got.GmailLabels, test.labels) || got.UID != 5 || got.Bad {
				t.Errorf("got %+v", got)
			}
			inStep(t, c)
		})
	}
}
