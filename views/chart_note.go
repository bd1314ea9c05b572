package views

import (
	"context"
	"slices"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

// maxDips is how many dips, and how many rests, are named one by one.
const maxDips = 5

// ChartDips returns from when to when there are dips to be explained in a pass of
// which that was noted. False: there is none.
func ChartDips(samples []migration.Sample) (from, to time.Time, any bool) {
	for _, of := range []func(migration.Sample) float64{messagesOf, octetsOf} {
		c := curveOf(samples, of)
		for _, d := range c.dips() {
			begin, end := c.track.begins(c.edge(d.begin)), c.track.ends(c.edge(d.end))
			if !any || begin.Before(from) {
				from = begin
			}
			if !any || end.After(to) {
				to = end
			}
			any = true
		}
	}
	return from, to, any
}

// edge is the work before a bucket.
func (c curve) edge(bucket int) time.Duration { return time.Duration(bucket) * c.width }

// chartNote says what is to be seen: every visible dip by its hours and its cause,
// and every rest.
func (v MigrationView) chartNote(ctx context.Context, c curve, write func(float64) string) string {
	text := locale.T(ctx, "page.chart.usual", map[string]any{"usual": write(c.usual()), "most": write(c.most())})
	dips := c.dips()
	for _, d := range dips[:min(len(dips), maxDips)] {
		key := "page.chart.slower"
		switch {
		case d.mean == 0:
			key = "page.chart.nothing"
		case write(d.mean) == write(0):
			key = "page.chart.almost"
		}
		from, to := c.track.begins(c.edge(d.begin)), c.track.ends(c.edge(d.end))
		text += " " + locale.T(ctx, key, map[string]any{"from": c.moment(ctx, from), "to": c.moment(ctx, to), "mean": write(d.mean)})
		for _, cause := range v.causes(from.Add(-c.width), to) { // it may have begun in the bucket before
			text += " " + locale.T(ctx, "page.chart.cause."+string(cause), nil)
		}
	}
	if more := len(dips) - maxDips; more > 0 {
		text += " " + locale.N(ctx, "page.chart.more", more, nil)
	}
	return text + c.restsNote(ctx)
}

// restsNote says when the pass rested, and why, each sentence with a blank before it.
func (c curve) restsNote(ctx context.Context) (text string) {
	rests := slices.DeleteFunc(slices.Clone(c.track.rests), func(r rest) bool { return !r.isLong() })
	for _, r := range rests[:min(len(rests), maxDips)] {
		text += " " + locale.T(ctx, "page.chart.rest."+string(r.why), map[string]any{"from": c.moment(ctx, r.from), "to": c.moment(ctx, r.to)})
	}
	if more := len(rests) - maxDips; more > 0 {
		text += " " + locale.N(ctx, "page.chart.rests", more, nil)
	}
	return text
}

// causes are what is known to have held the runs up between two moments, each once,
// in the order of Hindrances.
func (v MigrationView) causes(from, to time.Time) (causes []migration.HindranceCause) {
	for _, cause := range migration.HindranceCauses() {
		within := func(h migration.Hindrance) bool {
			return h.Cause == cause && h.At.Before(to) && !h.Until.Before(from)
		}
		if slices.ContainsFunc(v.Hindrances, within) {
			causes = append(causes, cause)
		}
	}
	return causes
}
