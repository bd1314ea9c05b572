package views

import (
	"context"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// LabelForm is what becomes of the labels of Gmail accounts, as people type it.
type LabelForm struct{ Labels, DayLimit string }

func labelText(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.labels."+name, args)
}

func (p FoldersPage) gmail() migration.GmailChoice { return p.Migration.Gmail.Over(p.Policy) }

func (p FoldersPage) labelChoice(ctx context.Context, choice migration.LabelRule) ui.ChoiceSpec {
	spec := ui.ChoiceSpec{
		Name: "labels", Value: string(choice), Checked: p.sent("labels", string(p.gmail().Labels)) == string(choice),
		Title: labelText(ctx, string(choice), nil), Text: labelText(ctx, string(choice)+".text", nil),
	}
	if choice == migration.LabelsOnce {
		spec.ID, spec.Pill = "labels", locale.T(ctx, "page.wizard.second.advised", nil)
	}
	return spec
}

func (p FoldersPage) dayLimit() string {
	return p.sent("day_limit", strconv.FormatInt(p.gmail().DayLimit/migration.Million, 10))
}

// gmailSum says in a sentence what was chosen for the accounts of Gmail.
func gmailSum(ctx context.Context, m migration.Migration, policy migration.Policy) string {
	choice := m.Gmail.Over(policy)
	return labelText(ctx, "sum."+string(choice.Labels), map[string]any{"millions": locale.Number(ctx, int(choice.DayLimit/migration.Million))})
}
