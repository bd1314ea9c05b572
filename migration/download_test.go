package migration_test

import (
	"testing"
	"time"

	"trasloco/migration"
)

// When a day's download is used up (M-5).
func TestFreeAgainWhenHalfIs(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	at := func(hour int, octets int64) migration.Download {
		return migration.Download{Hour: noon.Add(time.Duration(hour) * time.Hour), Octets: octets}
	}
	tests := []struct {
		name string
		past []migration.Download
		want int // hours after noon
	}{
		{"nothing was read", nil, 0},
		{"less than half", []migration.Download{at(-1, 50)}, 0},
		{"all in one hour", []migration.Download{at(-1, 100)}, 24},
		{"the oldest hours are enough", []migration.Download{at(-3, 30), at(-2, 30), at(-1, 40)}, 23},
		{"in any order", []migration.Download{at(-1, 40), at(-2, 30), at(-3, 30)}, 23},
		{"one message was larger than all", []migration.Download{at(0, 500)}, 25},
		{"what counts no more", []migration.Download{at(-30, 100)}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := noon.Add(time.Duration(tt.want) * time.Hour)
			if got := migration.FreeAgain(tt.past, 100, noon); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
