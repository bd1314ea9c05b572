package migration

import "cmp"

// LabelChoice is what an admin answered of the further labels of a message; "":
// nothing.
type LabelChoice string

// The answers; see LabelRule.
const (
	ChoiceOnce     LabelChoice = "once"
	ChoiceKeywords LabelChoice = "keywords"
	ChoiceCopies   LabelChoice = "copies"
)

// LabelChoices returns the answers, the default first.
func LabelChoices() []LabelChoice { return []LabelChoice{ChoiceOnce, ChoiceKeywords, ChoiceCopies} }

// GmailChoice is what was chosen for the Gmail accounts of one migration. The zero
// value: nothing, and all is as the installation has it.
type GmailChoice struct {
	Labels   LabelChoice
	DayLimit int64 // octets read of one account in a day (M-5); 0: not chosen
}

// Over returns the choice with what it leaves open taken from the policy of the
// installation.
func (c GmailChoice) Over(p Policy) GmailChoice {
	usual := LabelChoice(cmp.Or(string(p.Folders.Labels), string(ChoiceOnce)))
	return GmailChoice{Labels: cmp.Or(c.Labels, usual), DayLimit: cmp.Or(c.DayLimit, p.DayLimit)}
}

// Rule is the choice as the engine knows it (M-2).
func (c LabelChoice) Rule() LabelRule {
	if c == ChoiceOnce {
		return LabelsOnce
	}
	return LabelRule(c)
}

// Bounds of a day's limit that people may choose, in octets: less hardly moves a
// mailbox, and more is no limit.
const (
	Million     = 1_000_000
	MinDayLimit = 100 * Million
	MaxDayLimit = 1_000_000 * Million
)
