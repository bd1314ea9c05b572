package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
)

// errNoPublicURL: a link must say where the panel is.
var errNoPublicURL = errors.New("no public address for the link of a mail")

// SendAccount is Send for a letter about the recipient's own account.
func (m *Mailer) SendAccount(ctx context.Context, l migration.AccountLetter) error {
	ctx = m.reader(ctx, l.To)
	said, err := m.accountWords(ctx, l)
	if err != nil {
		return fmt.Errorf("write account notice %d: %w", l.Notice.ID, err)
	}
	message, err := m.mail(ctx, l.To, fmt.Sprintf("account-%d", l.Notice.ID), said)
	if err != nil {
		return fmt.Errorf("write account notice %d: %w", l.Notice.ID, err)
	}
	if err := m.send(ctx, message); err != nil {
		return fmt.Errorf("send account notice %d to %s: %w", l.Notice.ID, m.address(), err)
	}
	return nil
}

func (m *Mailer) accountWords(ctx context.Context, l migration.AccountLetter) (words, error) {
	w := &writer{Mailer: m, ctx: ctx}
	key := "account." + string(l.Notice.Kind)
	said := words{
		Lang: string(locale.From(ctx)), Subject: w.t(key+".subject", nil), Title: w.t(key+".title", nil),
		Lead: []string{w.t(key+".text", map[string]any{"email": l.To.Email})},
		Foot: append([]string{w.t(key+".foot", nil)}, w.support()...),
	}
	if l.Token.IsZero() {
		return said, nil
	}
	if m.PublicURL == "" {
		return words{}, errNoPublicURL
	}
	address := strings.TrimSuffix(m.PublicURL, "/") + "/" + string(l.Notice.Kind) + "/" + l.Token.Reveal()
	said.Sections = []section{{
		Button: link{Label: w.t(key+".button", nil), URL: address},
		Small:  w.t("account.until", map[string]any{"at": locale.When(ctx, l.Until, m.Now())}),
	}}
	return said, nil
}
