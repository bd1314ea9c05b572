package migration

import "cmp"

// LabelRule says what becomes of a message that stands under several labels (M-2); "":
// nobody said so, and it is LabelsOnce.
type LabelRule string

// The rules of labels. Whichever holds, a message is in the folder of its first
// label.
const (
	LabelsOnce     LabelRule = "once"     // it is nowhere else
	LabelsKeywords LabelRule = "keywords" // and has the names of the others as keywords
	LabelsCopied   LabelRule = "copies"   // and there is a copy of it in the folder of each
)

// LabelRules returns the rules, the default first.
func LabelRules() []LabelRule { return []LabelRule{LabelsOnce, LabelsKeywords, LabelsCopied} }

// GmailChoice is what was chosen for the Gmail accounts of one migration. The zero
// value: nothing, and all is as the installation has it.
type GmailChoice struct {
	Labels   LabelRule
	DayLimit int64 // octets read of one account in a day (M-5); 0: not chosen
}

// Over returns the choice with what it leaves open taken from the policy of the
// installation.
func (c GmailChoice) Over(p Policy) GmailChoice {
	return GmailChoice{Labels: cmp.Or(c.Labels, p.Folders.Labels, LabelsOnce), DayLimit: cmp.Or(c.DayLimit, p.DayLimit)}
}

// Bounds of a day's limit that people may choose, in octets: less hardly moves a
// mailbox, and more is no limit.
const (
	Million     = 1_000_000
	MinDayLimit = 100 * Million
	MaxDayLimit = 1_000_000 * Million
)
