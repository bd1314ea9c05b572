package views

import (
	"context"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// KeyPage is a part of step 2: the key of a service account in place of passwords.
type KeyPage struct {
	WizardPage
	// Account is the key there is, without what is secret of it; zero: none.
	Account migration.ServiceAccount
}

func (p KeyPage) hasKey() bool { return p.Account.ClientID != "" }

func keyText(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.key."+name, args)
}

// keySteps are things to do, as many as the language files have of a kind.
func keySteps(ctx context.Context, kind string) (steps []string) {
	for n := '1'; ; n++ {
		key := "page.key." + kind + string(n)
		step := locale.T(ctx, key, nil)
		if step == key {
			return steps
		}
		steps = append(steps, step)
	}
}

// keyNote says of the accounts in a file how they are opened.
func keyNote(ctx context.Context, account migration.ServiceAccount, address string) ui.NoteSpec {
	note := ui.NoteSpec{Icon: ui.IconShield, Strong: keyText(ctx, "offer", nil), Text: keyText(ctx, "offer.text", nil)}
	note.Action = ui.ButtonSpec{Text: keyText(ctx, "offer.look", nil), Href: address, Small: true}
	if account.ClientID != "" {
		note.Strong = keyText(ctx, "there", nil)
		note.Text = keyText(ctx, "there.text", map[string]any{"account": account.Email, "client": account.ClientID})
		note.Action.Text = keyText(ctx, "there.look", nil)
	}
	return note
}
