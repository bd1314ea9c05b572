package migration

import (
	"errors"
	"testing"
	"time"
)

func TestBringForward(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	pass := func(number int, status PassStatus, in time.Duration) Pass {
		return Pass{Number: number, Status: status, PlannedAt: now.Add(in)}
	}
	tests := []struct {
		name   string
		passes []Pass
		want   []Pass
		err    error
	}{
		{
			"the first pass takes the second along",
			[]Pass{pass(1, PassPlanned, 50*time.Hour), pass(2, PassPlanned, 56*time.Hour)},
			[]Pass{pass(1, PassPlanned, 0), pass(2, PassPlanned, 6*time.Hour)},
			nil,
		},
		{
			"the second pass starts after the first has ended",
			[]Pass{pass(1, PassDone, -time.Hour), pass(2, PassPlanned, 5*time.Hour)},
			[]Pass{pass(2, PassPlanned, 0)},
			nil,
		},
		{
			"a pass for stragglers starts now",
			[]Pass{pass(1, PassDone, -9*time.Hour), pass(2, PassDone, -3*time.Hour), pass(3, PassPlanned, time.Hour)},
			[]Pass{pass(3, PassPlanned, 0)},
			nil,
		},
		{
			"a pass that is due needs no push",
			[]Pass{pass(1, PassPlanned, -time.Second), pass(2, PassPlanned, 6*time.Hour)},
			nil, nil,
		},
		{
			"a running pass is in the way",
			[]Pass{pass(1, PassRunning, -time.Hour), pass(2, PassPlanned, time.Hour)},
			nil, ErrConflict,
		},
		{"all passes have ended", []Pass{pass(1, PassDone, -time.Hour)}, nil, ErrConflict},
		{"there is no pass", nil, nil, ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := BringForward(DefaultPolicy(), tt.passes, now)
			if !errors.Is(err, tt.err) || len(got) != len(tt.want) {
				t.Fatalf("%+v, %v", got, err)
			}
			for i, p := range got {
				if p != tt.want[i] {
					t.Errorf("pass %+v, want %+v", p, tt.want[i])
				}
			}
		})
	}
}
