package views

import (
	"context"
	"math"
	"slices"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// maxBuckets is how many points a curve has at most.
const maxBuckets = 48

// bucketWidths are the spans that a point may be the mean of.
var bucketWidths = []time.Duration{
	time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
	20 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// curve is how fast something went: the mean of each bucket, per second of work.
type curve struct {
	track  track
	width  time.Duration
	values []float64
}

// curveOf makes buckets of what was noted of a pass; of tells which number. It is
// empty while there is too little to see.
func curveOf(samples []migration.Sample, of func(migration.Sample) float64) curve {
	c := curve{track: trackOf(samples)}
	c.width = bucketWidth(c.track.span)
	count := int(c.track.span / c.width)
	if count < 2 {
		return curve{}
	}
	c.values = make([]float64, count)
	for i, amount := range c.track.amounts(samples, of) {
		c.pour(c.track.at[i], c.track.at[i+1], amount)
	}
	for i := range c.values {
		c.values[i] /= c.width.Seconds()
	}
	return c
}

func bucketWidth(span time.Duration) time.Duration {
	for _, width := range bucketWidths {
		if span/width <= maxBuckets {
			return width
		}
	}
	return bucketWidths[len(bucketWidths)-1] * (span/bucketWidths[len(bucketWidths)-1]/maxBuckets + 1)
}

// pour spreads what came between two moments of work over the buckets they touch.
func (c *curve) pour(from, to time.Duration, amount float64) {
	if to <= from {
		return
	}
	for i := int(from / c.width); i < len(c.values); i++ {
		begin := time.Duration(i) * c.width
		if begin >= to {
			return
		}
		c.values[i] += amount * float64(min(begin+c.width, to)-max(begin, from)) / float64(to-from)
	}
}

func (c curve) most() float64 { return slices.Max(c.values) }

// dip is a stretch of buckets, from one to before another, in which it went at less
// than half the usual speed.
type dip struct {
	begin, end int
	mean       float64
}

// dips finds those stretches. The usual speed is the median of the buckets in
// which anything came; how a pass begins and ends is no dip.
func (c curve) dips() (found []dip) {
	usual := c.usual()
	for i := 1; i < len(c.values)-1; i++ {
		begin, sum := i, 0.0
		for ; i < len(c.values)-1 && c.values[i] < usual/2; i++ {
			sum += c.values[i]
		}
		if i > begin {
			found = append(found, dip{begin, i, sum / float64(i-begin)})
		}
	}
	return found
}

func (c curve) usual() float64 {
	moving := slices.DeleteFunc(slices.Clone(c.values), func(v float64) bool { return v == 0 })
	if len(moving) == 0 {
		return 0
	}
	slices.Sort(moving)
	return moving[len(moving)/2]
}

// scaleBytes is scale for octets, in the unit in which they are written.
func scaleBytes(most float64) float64 {
	unit := 1.0
	for most >= 1024*unit {
		unit *= 1024
	}
	for _, n := range []float64{1.2, 1.6, 2} { // they are written with a decimal
		if unit > 1 && most <= n*unit {
			return n * unit
		}
	}
	return scale(most/unit) * unit
}

// scale is the end of an axis that a number fits under, and whose quarters are
// whole.
func scale(most float64) float64 {
	for _, n := range []float64{4, 8, 12} {
		if most <= n {
			return n
		}
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, n := range []float64{1.2, 1.6, 2, 4, 6, 8} {
		if most <= n*unit {
			return n * unit
		}
	}
	return 10 * unit
}

// charts are the curves of the shown pass: messages and octets; none while there
// is too little to see.
func (v MigrationView) charts(ctx context.Context) []ui.ChartSpec {
	messages := curveOf(v.Samples, messagesOf)
	if len(messages.values) == 0 || messages.most() == 0 {
		return nil
	}
	octets := curveOf(v.Samples, octetsOf)
	key, per := "page.chart.messages", 1.0
	if messages.most() < 2 {
		key, per = "page.chart.messages_minute", 60
	}
	count := func(n float64) string { return locale.Number(ctx, int(math.Round(n*per))) }
	all := []ui.ChartSpec{v.chart(ctx, messages, axis{"chart-messages", key, scale(messages.most()*per) / per, count})}
	if octets.most() > 0 {
		size := func(n float64) string { return locale.Bytes(ctx, int64(n)) }
		all = append(all, v.chart(ctx, octets, axis{"chart-bytes", "page.chart.bytes", scaleBytes(octets.most()), size}))
	}
	return all
}

func messagesOf(s migration.Sample) float64 { return float64(s.Messages) }
func octetsOf(s migration.Sample) float64   { return float64(s.Bytes) }

// axis is what a curve is drawn on: its id and the key of its title, where it ends,
// and how its values are written.
type axis struct {
	id, key string
	top     float64
	write   func(float64) string
}

// chart draws a curve: the time in which the pass rested is cut out, and marked.
func (v MigrationView) chart(ctx context.Context, c curve, a axis) ui.ChartSpec {
	top, write := a.top, a.write
	spec := ui.ChartSpec{
		ID: a.id, Title: locale.T(ctx, a.key, nil), Note: v.chartNote(ctx, c, write),
		Text: locale.T(ctx, "page.chart.text", map[string]any{
			"from": locale.When(ctx, c.track.begins(0), v.Now), "span": locale.Span(ctx, c.width),
		}),
	}
	for i := 4; i >= 0; i-- {
		spec.Y = append(spec.Y, write(top*float64(i)/4))
	}
	for i := range 4 {
		at := c.span() * time.Duration(i) / 3
		if i == 3 {
			spec.X = append(spec.X, c.label(ctx, c.track.ends(at)))
			continue
		}
		spec.X = append(spec.X, c.label(ctx, c.track.begins(at)))
	}
	for i, value := range c.values {
		spec.Points = append(spec.Points, ui.ChartPoint{X: (float64(i) + 0.5) / float64(len(c.values)), Y: value / top})
	}
	for _, r := range c.track.rests {
		if r.isLong() && r.at <= c.span() {
			spec.Breaks = append(spec.Breaks, float64(r.at)/float64(c.span()))
		}
	}
	return spec
}

// span is how much work the buckets hold.
func (c curve) span() time.Duration { return c.width * time.Duration(len(c.values)) }

// label writes a moment below the curve: its hour, its day in a long pass, and both
// where rests make one of many days.
func (c curve) label(ctx context.Context, at time.Time) string {
	if c.span() > 36*time.Hour {
		return locale.Day(ctx, at, at)
	}
	return c.moment(ctx, at)
}

func (c curve) moment(ctx context.Context, at time.Time) string {
	if c.track.ends(c.track.span).Sub(c.track.begins(0)) > 24*time.Hour {
		return locale.Moment(ctx, at, at.Add(72*time.Hour))
	}
	return locale.Clock(ctx, at)
}
