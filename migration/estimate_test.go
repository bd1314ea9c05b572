package migration

import (
	"testing"
	"time"
)

func TestEstimates(t *testing.T) {
	for name, tt := range map[string]struct {
		check Check
		want  time.Duration
	}{
		"before the check":           {Check{Status: CheckWaiting, Messages: 1000, Bytes: 1 << 30}, 0},
		"by what was measured":       {Check{Status: CheckPassed, Messages: 10, Bytes: 60 << 20, Rate: 1 << 20}, time.Minute},
		"by a guess":                 {Check{Status: CheckPassed, Messages: 10, Bytes: 360 << 20}, time.Minute},
		"many small messages":        {Check{Status: CheckPassed, Messages: 2400, Bytes: 1000, Rate: 1 << 30}, time.Minute},
		"what is left out costs nil": {Check{Status: CheckPassed, Messages: 10, Bytes: 60 << 20, Excluded: 10, ExcludedBytes: 60 << 20, Rate: 1}, 0},
	} {
		if got := tt.check.Estimate(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	var all Estimates
	if got := all.Together(4); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	for range 8 {
		all.Add("a", time.Minute)
	}
	all.Add("b", 90*time.Second)
	if got := all.Together(4); got != 2*time.Minute {
		t.Errorf("%v, want the slowest host", got)
	}
	all.Add("c", time.Hour)
	if got := all.Together(4); got != time.Hour {
		t.Errorf("%v, want the longest row", got)
	}
}
