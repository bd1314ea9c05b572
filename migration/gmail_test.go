package migration

import "testing"

// What nobody chose is as the installation has it (M-2, M-5).
func TestGmailChoiceOverPolicy(t *testing.T) {
	usual, own := DefaultPolicy(), DefaultPolicy()
	own.Folders.Labels, own.DayLimit = LabelsCopied, 7*Million
	tests := []struct {
		name   string
		choice GmailChoice
		policy Policy
		rule   LabelRule
		limit  int64
	}{
		{"nothing", GmailChoice{}, usual, LabelsOnce, 2500 * Million},
		{"nothing, and the installation has others", GmailChoice{}, own, LabelsCopied, 7 * Million},
		{"once, where the installation copies", GmailChoice{Labels: LabelsOnce}, own, LabelsOnce, 7 * Million},
		{"both", GmailChoice{Labels: LabelsKeywords, DayLimit: 9 * Million}, own, LabelsKeywords, 9 * Million},
	}
	for _, tt := range tests {
		if got := tt.choice.Over(tt.policy); got.Labels != tt.rule || got.DayLimit != tt.limit {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
