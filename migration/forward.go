package migration

import (
	"fmt"
	"time"
)

// BringForward lets the next planned pass start now and returns the passes whose
// PlannedAt that changes; none if its time has come already. Pass 1 takes pass 2
// along, so that their distance stays what somebody chose (S14).
//
// The error is ErrConflict where no pass waits for its time.
func BringForward(policy Policy, passes []Pass, now time.Time) ([]Pass, error) {
	next, open := Current(passes)
	switch {
	case !open || next.Status != PassPlanned:
		return nil, fmt.Errorf("no pass waits for its time: %w", ErrConflict)
	case next.Due(now):
		return nil, nil
	case next.Number == 1:
		return bringBoth(passes, now), nil
	case next.Number == 2:
		second, problems, _ := MoveSecond(policy, passes, now, now)
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s: %w", problems[0].Code, ErrConflict)
		}
		return []Pass{second}, nil
	}
	next.PlannedAt = now
	return []Pass{next}, nil
}

func bringBoth(passes []Pass, now time.Time) []Pass {
	first := passes[0]
	early := first.PlannedAt.Sub(now)
	first.PlannedAt = now
	moved := []Pass{first}
	if len(passes) > 1 && passes[1].Status == PassPlanned {
		second := passes[1]
		second.PlannedAt = second.PlannedAt.Add(-early)
		moved = append(moved, second)
	}
	return moved
}
