package migration

import "time"

// localForm is what a browser's datetime-local field sends.
const localForm = "2006-01-02T15:04"

// Faults of a wall-clock time.
const (
	CodeTimeFormat  = "time.format"  // args: text
	CodeTimeSkipped = "time.skipped" // the clock jumps over it; args: before, after
	CodeTimeTwice   = "time.twice"   // a warning; args: first, second
)

// ParseLocal reads a wall-clock time such as "2026-03-29T02:30" in a zone. A
// time that the clock jumps over is a problem that names the nearest minutes
// before and after it; of a time that the clock shows twice the first is taken,
// with a warning that names both.
func ParseLocal(field, text string, zone *time.Location) (at time.Time, problems, warnings []Problem) {
	wall, err := time.Parse(localForm, text)
	if err != nil || wall.Format(localForm) != text {
		return time.Time{}, []Problem{{Code: CodeTimeFormat, Field: field, Args: Args{"text": text}}}, nil
	}
	early, late := candidates(wall, zone)
	switch {
	case !shows(early, wall) && !shows(late, wall):
		return time.Time{}, []Problem{{Code: CodeTimeSkipped, Field: field, Args: around(early)}}, nil
	case !shows(early, wall):
		return late, nil, nil
	case shows(late, wall) && !late.Equal(early):
		warnings = []Problem{{Code: CodeTimeTwice, Field: field, Args: Args{"first": early, "second": late}}}
	}
	return early, nil, warnings
}

// candidates returns the two instants that may show the wall time: by the
// zone's offset the day before and the day after. No zone is more than 14 hours
// from UTC, so a change of the clock that matters lies between the two.
func candidates(wall time.Time, zone *time.Location) (early, late time.Time) {
	early, late = byOffsetAt(wall.AddDate(0, 0, -1), wall, zone), byOffsetAt(wall.AddDate(0, 0, 1), wall, zone)
	if late.Before(early) {
		return late, early
	}
	return early, late
}

func byOffsetAt(instant, wall time.Time, zone *time.Location) time.Time {
	_, offset := instant.In(zone).Zone()
	return wall.Add(-time.Duration(offset) * time.Second).In(zone)
}

func shows(at, wall time.Time) bool { return at.Format(localForm) == wall.Format(localForm) }

// around returns the last minute before the next change of the clock and the
// first after it.
func around(before time.Time) Args {
	_, change := before.ZoneBounds()
	return Args{"before": change.Add(-time.Minute), "after": change}
}
