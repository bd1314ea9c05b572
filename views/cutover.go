package views

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// readAnyMX reports whether the DNS has answered for any of the domains.
func (v MigrationView) readAnyMX() bool {
	return slices.ContainsFunc(v.MX, func(d migration.DomainMX) bool { return d.State() != migration.MXUnread })
}

// allChanged reports whether all domains point to the destination.
func (v MigrationView) allChanged() bool { return migration.AllThere(v.MX) }

// changedAt is when the last of the domains was changed, once all are.
func (v MigrationView) changedAt() (at time.Time, ok bool) {
	for _, d := range v.MX {
		if d.ChangedAt.After(at) {
			at = d.ChangedAt
		}
	}
	return at, v.allChanged()
}

// toChange counts the domains whose records do not all lead to the destination.
func (v MigrationView) toChange() int {
	n := 0
	for _, d := range v.MX {
		if mxToChange(d) {
			n++
		}
	}
	return n
}

func mxToChange(d migration.DomainMX) bool {
	switch d.State() {
	case migration.MXOld, migration.MXMixed, migration.MXNone:
		return true
	}
	return false
}

// mxSorted are the domains, those to act on first.
func (v MigrationView) mxSorted() []migration.DomainMX {
	rank := func(d migration.DomainMX) int {
		switch {
		case mxToChange(d):
			return 0
		case d.State() != migration.MXThere:
			return 1
		case !d.Settled(v.Now):
			return 2
		}
		return 3
	}
	return slices.SortedStableFunc(slices.Values(v.MX), func(a, b migration.DomainMX) int { return rank(a) - rank(b) })
}

func mxID(d migration.DomainMX) string { return "mx-" + strconv.FormatInt(d.Domain.ID, 10) }

// twoTTLs is a good time for pass 2, if there is one that can be offered.
func (v MigrationView) twoTTLs() (time.Time, bool) {
	return v.Migration.OfferTwoTTLs(v.Policy, v.MX, v.Now)
}

func (v MigrationView) nextIcon() ui.IconName {
	if v.allChanged() {
		return ui.IconCheck
	}
	return ui.IconArrowRight
}

func (v MigrationView) cutOverTitle(ctx context.Context) string {
	if v.allChanged() {
		return locale.T(ctx, "page.mx.changed.title", nil)
	}
	return locale.T(ctx, "page.migration.cut_over.title", nil)
}

// cutOverText says what to do with the records, and what pass 2 does then.
func (v MigrationView) cutOverText(ctx context.Context) string {
	second, _ := passOf(v.Migration, 2)
	key := "page.migration.cut_over.unknown"
	if slices.ContainsFunc(v.Records, func(group DomainRecords) bool { return len(group.Records) > 0 }) {
		key = "page.migration.cut_over.text"
	}
	if v.allChanged() {
		key = "page.mx.changed.text"
	}
	then := locale.T(ctx, "page.migration.cut_over.then", map[string]any{"when": locale.When(ctx, second.PlannedAt, v.Now)})
	return locale.T(ctx, key, nil) + " " + then
}

// mxWatch says how the records are watched; nothing before the first look.
func (v MigrationView) mxWatch(ctx context.Context) string {
	var tried time.Time
	failed := 0
	for _, d := range v.MX {
		if d.TriedAt.After(tried) {
			tried = d.TriedAt
		}
		if d.Failure != "" {
			failed++
		}
	}
	switch {
	case tried.IsZero():
		return ""
	case !v.readAnyMX():
		return locale.T(ctx, "page.mx.unreadable", nil)
	case failed > 0:
		return locale.N(ctx, "page.mx.failed", failed, map[string]any{"at": locale.When(ctx, tried, v.Now)})
	}
	return locale.T(ctx, "page.mx.watched", map[string]any{
		"span": locale.Span(ctx, migration.MXEvery), "at": locale.When(ctx, tried, v.Now),
	})
}

func mxState(ctx context.Context, d migration.DomainMX, now time.Time) state {
	word := func(name string) string { return locale.T(ctx, "mx."+name, nil) }
	switch d.State() {
	case migration.MXOld:
		return state{ui.Wait, ui.IconExchange, word("old")}
	case migration.MXMixed:
		return state{ui.Wait, ui.IconExchange, word("mixed")}
	case migration.MXNone:
		return state{ui.Err, "", word("none")}
	case migration.MXThere:
		if d.Settled(now) {
			return state{ui.OK, "", word("settled")}
		}
		return state{ui.Run, ui.IconClock, word("there")}
	case migration.MXUnjudged:
		return state{ui.Plain, ui.IconInfo, word("unjudged")}
	}
	return state{ui.Plain, ui.IconPlug, word("unread")}
}

// mxHead is the sentence that says whether there is something to do.
func mxHead(ctx context.Context, d migration.DomainMX, now time.Time) string {
	switch {
	case d.State() == migration.MXMixed:
		return locale.T(ctx, "page.mx.head.mixed", nil)
	case mxToChange(d):
		return locale.T(ctx, "page.mx.head.change", nil)
	case d.State() != migration.MXThere:
		return locale.T(ctx, "page.mx.head.unknown", nil)
	case d.Settled(now):
		return locale.T(ctx, "page.mx.head.done", nil)
	}
	return locale.T(ctx, "page.mx.head.wait", nil)
}

// mxText says the rest: the records as they are, until when, what then.
func (v MigrationView) mxText(ctx context.Context, d migration.DomainMX) string {
	args := map[string]any{
		"records": mxList(d), "ttl": ttlText(ctx, d.TTL), "since": locale.When(ctx, d.ChangedAt, v.Now),
	}
	until, known := d.OldUntil()
	args["until"] = locale.When(ctx, until, v.Now)
	switch d.State() {
	case migration.MXOld:
		return locale.T(ctx, "page.mx.text.old", args)
	case migration.MXMixed:
		return locale.T(ctx, "page.mx.text.mixed", args)
	case migration.MXNone:
		return locale.T(ctx, "page.mx.text.none", nil)
	case migration.MXUnjudged:
		return locale.T(ctx, "page.mx.text.unjudged", args)
	case migration.MXUnread:
		return locale.T(ctx, "page.mx.text.unread", nil)
	}
	switch {
	case !known:
		return locale.T(ctx, "page.mx.text.always", args)
	case d.Settled(v.Now):
		return locale.T(ctx, "page.mx.text.settled", args)
	}
	return locale.T(ctx, "page.mx.text.there", args)
}

func mxList(d migration.DomainMX) string {
	text := ""
	for i, r := range d.Records {
		if i > 0 {
			text += ", "
		}
		text += r.Host
	}
	return text
}

// ttlText is a TTL as people say it, and as it stands in the record.
func ttlText(ctx context.Context, ttl time.Duration) string {
	return fmt.Sprintf("%s (%d)", locale.Span(ctx, ttl), int(ttl.Seconds()))
}

func mxRecords(ctx context.Context, d migration.DomainMX) ui.RecordsSpec {
	spec := ui.RecordsSpec{
		Domain: d.Domain.Name, NewHint: locale.T(ctx, "page.migration.cut_over.ttl", nil),
		OldHint: locale.T(ctx, "page.mx.ttl", map[string]any{"ttl": ttlText(ctx, max(d.TTL, d.OldTTL))}),
	}
	for _, r := range d.Records {
		spec.Old = append(spec.Old, ui.Record{Priority: strconv.Itoa(r.Preference), Host: r.Host})
	}
	for _, text := range d.Wanted {
		r := migration.ParseMX(text)
		spec.New = append(spec.New, ui.Record{Priority: strconv.Itoa(r.Preference), Host: r.Host})
	}
	return spec
}

// longTTL is a TTL that is worth to be lowered before the change.
const longTTL = time.Hour

// mxOutlook is what the records say outside of the cut-over: before it, a TTL to
// be lowered, or a change that came too early; after it, a domain that still
// points to the old server.
func (v MigrationView) mxOutlook(ctx context.Context) (lines []string) {
	if v.phase() == migration.PhaseCutOver {
		return nil
	}
	first, _ := passOf(v.Migration, 1)
	before := first.Status != migration.PassDone
	for _, d := range v.MX {
		args := map[string]any{"domain": d.Domain.Name, "records": mxList(d), "ttl": ttlText(ctx, d.TTL)}
		switch {
		case before && d.State() == migration.MXOld && d.TTL > longTTL:
			lines = append(lines, locale.T(ctx, "page.mx.outlook.lower", args))
		case !before && mxToChange(d):
			lines = append(lines, locale.T(ctx, "page.mx.outlook.still_old", args))
		case !before && d.State() == migration.MXThere && !d.Settled(v.Now):
			until, _ := d.OldUntil()
			args["until"] = locale.When(ctx, until, v.Now)
			lines = append(lines, locale.T(ctx, "page.mx.outlook.waiting", args))
		}
	}
	return lines
}

func (v MigrationView) mxOutlookTone() ui.Tone {
	if first, _ := passOf(v.Migration, 1); first.Status == migration.PassDone && v.toChange() > 0 {
		return ui.Wait
	}
	return ui.Plain
}
