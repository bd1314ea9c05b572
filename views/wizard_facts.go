package views

import (
	"context"

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

// tight reports whether the destination mailbox is smaller than what comes.
func (r RowView) tight() bool {
	return isTight(r.Check)
}
