package notify

import (
	"trasloco/locale"
	"trasloco/migration"
)

// paused tells that hosts refuse logins, and that nobody logs in there any more (C-2).
func (w *writer) paused() words {
	said := words{
		Subject: w.t("paused.subject", map[string]any{"title": w.title()}),
		Title:   w.t("paused.title", map[string]any{"host": w.letter.Pauses[0].Host}),
		Lead:    []string{w.t("paused.text", nil)},
		Foot:    w.foot("paused"),
	}
	for _, p := range w.letter.Pauses {
		title, args := "page.pause."+p.Kind()+".title", map[string]any{"host": p.Host}
		part := section{
			Title: locale.N(w.ctx, title, p.Accounts(), args), Text: []string{locale.T(w.ctx, "page.pause."+p.Advice()+".text", nil)},
		}
		if p.Cause == migration.PauseMaster { // one for all
			part.Title = locale.T(w.ctx, title, args)
		}
		if p.Held > 0 {
			part.Small = w.n("paused.waiting", p.Held, nil)
		}
		var refused []string
		for _, row := range p.Rows {
			refused = append(refused, locale.T(w.ctx, "page.pause.row", map[string]any{"row": row.Row, "login": row.Login}))
		}
		part.Items = w.list(refused)
		if p.Others > 0 {
			part.Items = append(part.Items, locale.N(w.ctx, "page.pause.others", p.Others, nil))
		}
		said.Sections = append(said.Sections, part)
	}
	said.Sections = append(said.Sections, section{Button: w.link("paused.button", "")})
	return said
}
