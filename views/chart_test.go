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

func messagesOf(s migration.Sample) float64 { return float64(s.Messages) }

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
