package views

import (
	"context"
	"slices"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// groups are the exceptions by reason, with those of rules left to the table of
// folders: failed ones first.
func (p LogPage) groups(ctx context.Context) []ui.ExceptionsSpec {
	var failed, left []ui.ExceptionsSpec
	for _, reason := range p.reasons() {
		group := p.group(ctx, reason)
		if group.Tone == ui.Err {
			failed = append(failed, group)
		} else {
			left = append(left, group)
		}
	}
	return append(failed, left...)
}

func (p LogPage) group(ctx context.Context, reason migration.Reason) ui.ExceptionsSpec {
	all := slices.DeleteFunc(slices.Clone(p.Exceptions), func(o migration.Outcome) bool { return o.Reason != reason })
	n := p.count(func(o migration.Outcome) bool { return o.Reason == reason })
	group := ui.ExceptionsSpec{Tone: ui.Wait, Pill: locale.T(ctx, "page.log.left_out", nil)}
	if all[0].Kind == migration.Failed {
		group.Tone, group.Pill = ui.Err, locale.T(ctx, "page.log.failed", nil)
	}
	group.Title = locale.N(ctx, "page.log.group."+string(reason), n, map[string]any{"size": locale.Bytes(ctx, p.MaxSize)})
	group.Hint = locale.T(ctx, "page.log.hint."+string(all[0].Kind), nil)
	for i, o := range all {
		if i == exceptionsShown && p.Whole != reason {
			group.More = ui.ButtonSpec{
				Text: locale.N(ctx, "page.log.more", len(all)-i, nil), Small: true, Href: "?all=" + string(reason) + "#exceptions",
			}
			break
		}
		group.Items = append(group.Items, p.exception(ctx, o))
	}
	return group
}

func (p LogPage) exception(ctx context.Context, o migration.Outcome) ui.Exception {
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
	for _, part := range []string{p.day(ctx, o.Date), o.From, folderName(ctx, o.Folder), p.size(ctx, o.Size)} {
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

func (p LogPage) day(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return locale.Day(ctx, t, p.Now)
}

func (p LogPage) size(ctx context.Context, octets int64) string {
	if octets == 0 {
		return ""
	}
	return locale.Bytes(ctx, octets)
}
