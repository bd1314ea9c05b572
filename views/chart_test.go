package views

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

// noted are samples a minute apart, in which that many messages came.
func noted(from time.Time, perMinute ...int) []migration.Sample {
	all := []migration.Sample{{At: from}}
	sum := 0
	for i, n := range perMinute {
		sum += n
		all = append(all, migration.Sample{At: from.Add(time.Duration(i+1) * time.Minute), Messages: sum, Bytes: int64(sum) * 1000})
	}
	return all
}

func TestACurveIsTheMeanOfItsBuckets(t *testing.T) {
	from := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	got := curveOf(noted(from, 60, 120, 0, 180), messagesOf)
	if got.width != time.Minute || !slices.Equal(got.values, []float64{1, 2, 0, 3}) {
		t.Errorf("%+v", got)
	}
	// Samples that lie farther apart are spread over the buckets between them.
	sparse := []migration.Sample{{At: from}, {At: from.Add(4 * time.Minute), Messages: 480}}
	if got := curveOf(sparse, messagesOf); !slices.Equal(got.values, []float64{2, 2, 2, 2}) {
		t.Errorf("spread: %+v", got)
	}
	// A second attempt counts its messages anew: that is no speed below zero.
	again := append(noted(from, 60, 60), migration.Sample{At: from.Add(3 * time.Minute), Messages: 90})
	if got := curveOf(again, messagesOf); !slices.Equal(got.values, []float64{1, 1, 0}) {
		t.Errorf("counted anew: %+v", got)
	}
	for _, few := range [][]migration.Sample{nil, noted(from), noted(from, 60)} {
		if got := curveOf(few, messagesOf); len(got.values) > 0 {
			t.Errorf("of %d samples: %+v", len(few), got)
		}
	}
	week := make([]int, 7*24*60)
	if got := curveOf(noted(from, week...), messagesOf); len(got.values) > maxBuckets {
		t.Errorf("%d points of a week", len(got.values))
	}
}

func TestEveryVisibleDipIsNamed(t *testing.T) {
	from := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	steady := []int{0, 600, 600, 600, 600, 600, 600, 600, 600, 20}
	dented := []int{0, 600, 600, 120, 180, 600, 0, 0, 600, 20}
	view := MigrationView{Now: from.Add(time.Hour), Samples: noted(from, steady...)}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	ctx := locale.WithZone(locale.With(t.Context(), locale.English), rome)
	charts := view.charts(ctx)
	if len(charts) != 2 || charts[0].Note != "Usually 10, at most 10." {
		t.Fatalf("steady: %+v", charts)
	}
	view.Samples = noted(from, dented...)
	charts = view.charts(ctx)
	want := "Usually 10, at most 10. From 14:03 to 14:05 it went slower: 3. From 14:06 to 14:08 nothing was copied."
	if charts[0].Note != want {
		t.Errorf("%q, want %q", charts[0].Note, want)
	}
	if got := fmt.Sprint(charts[0].Y, charts[0].X); got != "[12 9 6 3 0] [14:00 14:03 14:06 14:10]" {
		t.Errorf("labels %s", got)
	}
	if !strings.Contains(charts[1].Note, "kB") {
		t.Errorf("octets: %q", charts[1].Note)
	}
	for _, p := range charts[0].Points {
		if p.X < 0 || p.X > 1 || p.Y < 0 || p.Y > 1 {
			t.Errorf("a point outside of the picture: %+v", p)
		}
	}
	many := []int{600}
	for range 8 {
		many = append(many, 600, 600, 0)
	}
	view.Samples = noted(from, append(many, 600, 600)...)
	if note := view.charts(ctx)[0].Note; strings.Count(note, "nothing was copied") != maxDips || !strings.Contains(note, "3 more times") {
		t.Errorf("many dips: %q", note)
	}
	view.Samples = noted(from, 6, 6, 6, 6)
	if got := view.charts(ctx)[0]; got.Title != "Messages per minute" || got.Note != "Usually 6, at most 6." {
		t.Errorf("slow: %+v", got)
	}
}

// rested are samples of a pass that worked twice: five minutes, then a rest, then
// five minutes, in which the second attempt counts its messages anew.
func rested(from time.Time, why migration.PassStatus, gap time.Duration) []migration.Sample {
	all := noted(from, 600, 600, 600, 600, 600)
	all[5].Rest = why
	from = all[5].At.Add(gap)
	for i, messages := range []int{3000, 1500, 3000, 3600, 4200, 4800} {
		all = append(all, migration.Sample{At: from.Add(time.Duration(i) * time.Minute), Messages: messages, Bytes: int64(messages) * 1000})
	}
	return all
}

func TestTheTimeOfARestIsCutOut(t *testing.T) {
	from := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	got := curveOf(rested(from, migration.PassDone, 20*time.Hour), messagesOf)
	if want := []float64{10, 10, 10, 10, 10, 0, 0, 10, 10, 10}; got.width != time.Minute || !slices.Equal(got.values, want) {
		t.Errorf("%v: %v, want %v", got.width, got.values, want)
	}
	ctx := locale.With(t.Context(), locale.English)
	for _, tt := range []struct {
		name string
		why  migration.PassStatus
		gap  time.Duration
		note string
		axis string
	}{
		{"paused", migration.PassPaused, time.Hour, "From 13:05 to 14:05 the pass was paused.", "[13:00 13:03 14:06 14:10]"},
		{"stopped", migration.PassInterrupted, time.Hour, "From 13:05 to 14:05 the program did not run; then it went on by itself.", "[13:00 13:03 14:06 14:10]"},
		{"tried again", migration.PassDone, 2 * time.Hour, "The pass ended at 13:05; at 15:05 what had failed was tried again.", "[13:00 13:03 15:06 15:10]"},
		{"a moment is no rest", migration.PassPaused, 10 * time.Second, "", "[13:00 13:03 13:06 13:10]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			chart := MigrationView{Now: from.Add(24 * time.Hour), Samples: rested(from, tt.why, tt.gap)}.charts(ctx)[0]
			if !strings.HasSuffix(chart.Note, strings.TrimSpace("nothing was copied. "+tt.note)) || fmt.Sprint(chart.X) != tt.axis {
				t.Errorf("%q below %v", chart.Note, chart.X)
			}
			if marked := len(chart.Breaks) == 1 && chart.Breaks[0] == 0.5; marked != (tt.note != "") {
				t.Errorf("marked at %v", chart.Breaks)
			}
		})
	}
	// What came between the last sample and a crash was work before it.
	crashed := noted(from, 600, 600)
	crashed[2].Rest = migration.PassInterrupted
	crashed = append(crashed, migration.Sample{At: from.Add(time.Hour), Messages: 1500}, migration.Sample{At: from.Add(time.Hour + time.Minute), Messages: 2100})
	if got := curveOf(crashed, messagesOf); !slices.Equal(got.values, []float64{10, 15, 10}) {
		t.Errorf("after a crash: %v", got.values)
	}
}

func TestADipIsToldWithItsCause(t *testing.T) {
	from := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	samples := noted(from, 0, 600, 600, 120, 180, 600, 0, 0, 600, 20)
	first, last, dips := ChartDips(samples)
	if !dips || !first.Equal(from.Add(3*time.Minute)) || !last.Equal(from.Add(8*time.Minute)) {
		t.Errorf("dips from %v to %v, %t", first, last, dips)
	}
	if _, _, dips := ChartDips(noted(from, 0, 600, 600, 600)); dips {
		t.Error("a steady pass has dips")
	}
	at := func(minute float64, wait time.Duration, cause migration.HindranceCause) migration.Hindrance {
		begin := from.Add(time.Duration(minute * float64(time.Minute)))
		return migration.Hindrance{At: begin, Until: begin.Add(wait), Cause: cause}
	}
	view := MigrationView{Now: from.Add(time.Hour), Samples: samples, Hindrances: []migration.Hindrance{
		at(1, time.Second, migration.CauseParked), at(2.5, time.Minute, migration.CauseThrottled), at(4, 0, migration.CauseThrottled),
		at(6.5, 0, migration.CauseLost), at(7, 0, migration.CauseUnreachable), at(9, 0, migration.CauseParked),
	}}
	got := view.charts(locale.With(t.Context(), locale.English))[0].Note
	want := "Usually 10, at most 10. From 13:03 to 13:05 it went slower: 3. The server asked to go slower. " +
		"From 13:06 to 13:08 nothing was copied. Connections broke and were made again. A server did not answer."
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
