package views

import (
	"context"
	"strings"

	"trasloco/locale"
)

// RowFact is one thing that the check of a row found out.
type RowFact struct{ Name, Text string }

// facts are what the check found out, in order: both ends, what is there, what is
// left out, the room at the destination, and the time.
func (r RowView) facts(ctx context.Context, maxSize int64) []RowFact {
	say := func(name string, args map[string]any) string {
		return locale.T(ctx, "page.wizard.file.fact."+name, args)
	}
	c := r.Check
	facts := []RowFact{
		{Name: say("source", nil), Text: say("reached", map[string]any{"address": r.Address})},
	}
	if c.Addresses != "" {
		facts = append(facts, RowFact{Name: say("address", nil), Text: frozenText(ctx, c.Addresses)})
	}
	if login := r.masterLogin(ctx); login != "" {
		facts = append(facts, RowFact{Name: say("master", nil), Text: login})
	}
	facts = append(
		facts,
		RowFact{Name: say("destination", nil), Text: say("opens", nil)},
		RowFact{Name: say("found", nil), Text: locale.N(ctx, "page.wizard.review.folders", c.Folders, nil) + ", " + r.inventory(ctx)},
		RowFact{Name: say("excluded", nil), Text: locale.N(ctx, "count.messages", c.Excluded, nil) + ", " + locale.Bytes(ctx, c.ExcludedBytes)},
		RowFact{Name: say("oversize", map[string]any{"size": locale.Bytes(ctx, maxSize)}), Text: locale.N(ctx, "count.messages", c.Oversize, nil)},
	)
	if c.QuotaLimit > 0 {
		facts = append(facts, RowFact{Name: say("quota", nil), Text: say("quota.of", map[string]any{
			"used": locale.Bytes(ctx, c.QuotaUsed), "limit": locale.Bytes(ctx, c.QuotaLimit),
		})})
	} else {
		facts = append(facts, RowFact{Name: say("quota", nil), Text: say("quota.none", nil)})
	}
	return append(facts, RowFact{Name: say("time", nil), Text: locale.About(ctx, c.Estimate())}, RowFact{Name: say("at", nil), Text: locale.Clock(ctx, c.At)})
}

// warns reports whether something about a row that can be used should be seen before
// the first pass.
func (r RowView) warns() bool {
	return r.Check.Oversize > 0 || r.tight() || r.Check.Hidden != "" || len(r.Warnings) > 0
}

// hidden says what Gmail may keep from the copy, and where that is switched off (M-4).
func (r RowView) hidden(ctx context.Context) (says []string) {
	if r.Check.Hidden.AllMail() {
		says = append(says, locale.T(ctx, "page.wizard.file.hidden.all_mail", nil))
	}
	const most = 5 // the setting is one for all folders
	var folders []string
	for _, f := range r.Check.Hidden.Cut() {
		if len(folders) == most {
			folders = append(folders, "…")
			break
		}
		folders = append(folders, locale.Printable(f.Name)+" ("+locale.N(ctx, "count.messages", f.Messages, nil)+")")
	}
	if len(folders) > 0 {
		says = append(says, locale.T(ctx, "page.wizard.file.hidden.cut", map[string]any{"folders": strings.Join(folders, ", ")}))
	}
	return says
}

// tight reports whether the destination mailbox is smaller than what comes.
func (r RowView) tight() bool {
	return isTight(r.Check)
}
