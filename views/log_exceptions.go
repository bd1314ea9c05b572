package views

import (
	"context"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// groups are the exceptions by reason, with those of rules left to the table of
// folders: failed ones first.
func (v LogView) groups(ctx context.Context) []ui.ExceptionsSpec {
	var failed, left []ui.ExceptionsSpec
	for _, g := range v.Left {
		switch {
		case g.Reason.ByRule() || len(g.Items) == 0:
		case g.Kind == migration.Failed:
			failed = append(failed, v.group(ctx, g))
		default:
			left = append(left, v.group(ctx, g))
		}
	}
	return append(failed, left...)
}

func (v LogView) group(ctx context.Context, g LeftGroup) ui.ExceptionsSpec {
	group := ui.ExceptionsSpec{ID: leftID(g.Reason), Tone: ui.Wait, Pill: locale.T(ctx, "page.log.left_out", nil)}
	if g.Kind == migration.Failed {
		group.Tone, group.Pill = ui.Err, locale.T(ctx, "page.log.failed", nil)
	}
	group.Title = locale.N(ctx, "page.log.group."+string(g.Reason), g.Count, map[string]any{"size": locale.Bytes(ctx, v.MaxSize)})
	group.Hint = locale.T(ctx, "page.log.hint."+string(g.Kind), nil)
	group.Help = ui.Fault{Text: locale.T(ctx, "help.more", nil), Href: HelpRemedy("reason", string(g.Reason))}
	for _, o := range g.Items {
		group.Items = append(group.Items, v.exception(ctx, o))
	}
	switch more := g.Rows - len(g.Items); {
	case g.Page > 0:
		pager := v.leftPager(g)
		group.Pager = &pager
	case more > 0:
		q := v.Query
		q.Reason, q.ReasonPage = g.Reason, 1
		group.More = ui.ButtonSpec{Text: locale.N(ctx, "page.log.more", more, nil), Small: true, Href: v.href(q, leftID(g.Reason))}
	}
	return group
}

func (v LogView) exception(ctx context.Context, o migration.Outcome) ui.Exception {
	shown := ui.Exception{
		Subject: o.Subject,
		Reason:  locale.T(ctx, "reason."+string(o.Reason), nil), Remedy: locale.T(ctx, "reason."+string(o.Reason)+".fix", nil),
		Said: o.ServerText,
	}
	if o.UID == 0 {
		shown.Subject = folderName(ctx, o.Folder)
		shown.Meta = locale.N(ctx, "count.messages", o.Count, nil)
		return shown
	}
	if shown.Subject == "" {
		shown.Subject = locale.T(ctx, "page.log.no_subject", nil)
	}
	for _, part := range []string{v.day(ctx, o.Date), o.From, folderName(ctx, o.Folder), size(ctx, o.Size)} {
		if part == "" {
			continue
		}
		if shown.Meta != "" {
			shown.Meta += " · "
		}
		shown.Meta += part
	}
	return shown
}

func (v LogView) day(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return locale.Day(ctx, t, v.Now)
}

func size(ctx context.Context, octets int64) string {
	if octets == 0 {
		return ""
	}
	return locale.Bytes(ctx, octets)
}
