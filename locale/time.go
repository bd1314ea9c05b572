package locale

import (
	"context"
	"strconv"
	"time"
)

// An instant has no day and no hour until a zone is chosen: the viewer's, which
// travels in the context beside the language.

type zoneKey struct{}

// WithZone returns a context in which instants are written in that zone.
func WithZone(ctx context.Context, zone *time.Location) context.Context {
	return context.WithValue(ctx, zoneKey{}, zone)
}

// Zone returns the zone of the context; UTC if none was set.
func Zone(ctx context.Context) *time.Location {
	if zone, ok := ctx.Value(zoneKey{}).(*time.Location); ok && zone != nil {
		return zone
	}
	return time.UTC
}

// noTime stands where an instant is not known (the zero time).
const noTime = "–"

// Moment writes an instant as short as it can be understood at now: "oggi,
// 14:00", "lun 23 nov, 14:00", with the year only if it is another. In the hour
// that the clock shows twice the zone is added.
func Moment(ctx context.Context, t, now time.Time) string {
	if t.IsZero() {
		return noTime
	}
	local := t.In(Zone(ctx))
	if word := nearDay(ctx, t, now); word != "" {
		return word + ", " + clockOnce(local)
	}
	return weekday(ctx, "short", local) + " " + Day(ctx, t, now) + ", " + clockOnce(local)
}

// When writes an instant as it stands in the middle of a sentence: "oggi alle
// 16:00", "lunedì 23 novembre alle 16:00", with the year only if it is another.
func When(ctx context.Context, t, now time.Time) string {
	if t.IsZero() {
		return noTime
	}
	local, day := t.In(Zone(ctx)), nearDay(ctx, t, now)
	if day == "" {
		day = weekday(ctx, "long", local) + " " + date(ctx, "long", local, now)
	}
	return T(ctx, "time.day_at_hour", map[string]any{"day": day, "hour": clockOnce(local)})
}

// Dated writes an instant for those who read it at another time: "lun 23 nov
// 2026, 14:00". Instants among the arguments of a text are written so.
func Dated(ctx context.Context, t time.Time) string { return Moment(ctx, t, time.Time{}) }

// Exact writes an instant with nothing left out: "lunedì 23 novembre 2026,
// 14:00 (CET)".
func Exact(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return noTime
	}
	local := t.In(Zone(ctx))
	return weekday(ctx, "long", local) + " " + date(ctx, "long", local, time.Time{}) + ", " + local.Format("15:04") + zoneName(local)
}

// Clock writes the time of the day: "14:00".
func Clock(ctx context.Context, t time.Time) string { return clock(ctx, t, "15:04") }

// ClockSeconds writes the time of the day to the second: "14:00:05".
func ClockSeconds(ctx context.Context, t time.Time) string { return clock(ctx, t, "15:04:05") }

func clock(ctx context.Context, t time.Time, form string) string {
	if t.IsZero() {
		return noTime
	}
	return t.In(Zone(ctx)).Format(form)
}

// Day writes a date: "23 nov", or "12 mar 2019" if it is in another year than
// now.
func Day(ctx context.Context, t, now time.Time) string {
	if t.IsZero() {
		return noTime
	}
	return date(ctx, "short", t.In(Zone(ctx)), now)
}

// ISO writes an instant for programs, as the datetime attribute of HTML wants
// it (RFC 3339); a zero one is empty.
func ISO(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// date writes day and month, and the year if it is not the one of now.
func date(ctx context.Context, form string, local, now time.Time) string {
	month := T(ctx, "month."+form+"."+strconv.Itoa(int(local.Month())), nil)
	text := strconv.Itoa(local.Day()) + " " + month
	if now.IsZero() || local.Year() != now.In(local.Location()).Year() {
		text += " " + strconv.Itoa(local.Year())
	}
	return text
}

// weekday returns the name of the day, long or short.
func weekday(ctx context.Context, form string, local time.Time) string {
	return T(ctx, "weekday."+form+"."+strconv.Itoa(int(local.Weekday())), nil)
}

// nearDay returns the word for the day of t if it is today or next to it. Days
// are counted by the calendar: a day may have 23 hours.
func nearDay(ctx context.Context, t, now time.Time) string {
	if now.IsZero() {
		return ""
	}
	switch zone := Zone(ctx); dayNumber(t.In(zone)) - dayNumber(now.In(zone)) {
	case -1:
		return T(ctx, "time.yesterday", nil)
	case 0:
		return T(ctx, "time.today", nil)
	case 1:
		return T(ctx, "time.tomorrow", nil)
	}
	return ""
}

// dayNumber counts the days of the calendar.
func dayNumber(local time.Time) int64 {
	year, month, day := local.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// clockOnce writes the time of the day so that it names one instant: where the
// clock is put back, the same hour comes twice, and the zone tells them apart.
func clockOnce(local time.Time) string {
	text := local.Format("15:04")
	if shownTwice(local) {
		text += zoneName(local)
	}
	return text
}

// shownTwice reports whether the clock shows the hour of local once more, before
// or after it.
func shownTwice(local time.Time) bool {
	start, end := local.ZoneBounds()
	_, offset := local.Zone()
	if !start.IsZero() {
		_, before := start.Add(-time.Nanosecond).Zone()
		if local.Sub(start) < time.Duration(before-offset)*time.Second {
			return true
		}
	}
	if !end.IsZero() {
		_, after := end.Zone()
		return end.Sub(local) <= time.Duration(offset-after)*time.Second
	}
	return false
}

// zoneName returns " (CET)". A zone that has only a number gets the word that
// explains it.
func zoneName(local time.Time) string {
	name, _ := local.Zone()
	if name == "" || name[0] == '+' || name[0] == '-' {
		name = "UTC" + local.Format("-07:00")
	}
	return " (" + name + ")"
}
