package migration

import (
	"testing"
	"time"
)

func TestParseLocal(t *testing.T) {
	const layout = "2006-01-02T15:04 -0700"
	tests := []struct {
		name, zone, text string
		want             string // local time and offset; empty: a problem
		note             string // code of the problem or warning
		low, high        string // its two times
	}{
		{"winter", "Europe/Rome", "2026-11-23T14:00", "2026-11-23T14:00 +0100", "", "", ""},
		{"summer", "Europe/Rome", "2026-07-01T14:00", "2026-07-01T14:00 +0200", "", "", ""},
		{"a zone without changes", "UTC", "2026-03-29T02:30", "2026-03-29T02:30 +0000", "", "", ""},
		{"March, last minute before the jump", "Europe/Rome", "2026-03-29T01:59", "2026-03-29T01:59 +0100", "", "", ""},
		{"March, first skipped minute", "Europe/Rome", "2026-03-29T02:00", "", CodeTimeSkipped, "2026-03-29T01:59 +0100", "2026-03-29T03:00 +0200"},
		{"March, in the middle", "Europe/Rome", "2026-03-29T02:30", "", CodeTimeSkipped, "2026-03-29T01:59 +0100", "2026-03-29T03:00 +0200"},
		{"March, last skipped minute", "Europe/Rome", "2026-03-29T02:59", "", CodeTimeSkipped, "2026-03-29T01:59 +0100", "2026-03-29T03:00 +0200"},
		{"March, first minute after the jump", "Europe/Rome", "2026-03-29T03:00", "2026-03-29T03:00 +0200", "", "", ""},
		{"October, last minute shown once", "Europe/Rome", "2026-10-25T01:59", "2026-10-25T01:59 +0200", "", "", ""},
		{"October, first minute shown twice", "Europe/Rome", "2026-10-25T02:00", "2026-10-25T02:00 +0200", CodeTimeTwice, "2026-10-25T02:00 +0200", "2026-10-25T02:00 +0100"},
		{"October, last minute shown twice", "Europe/Rome", "2026-10-25T02:59", "2026-10-25T02:59 +0200", CodeTimeTwice, "2026-10-25T02:59 +0200", "2026-10-25T02:59 +0100"},
		{"October, first minute shown once again", "Europe/Rome", "2026-10-25T03:00", "2026-10-25T03:00 +0100", "", "", ""},
		{"half an hour skipped at Lord Howe", "Australia/Lord_Howe", "2026-10-04T02:15", "", CodeTimeSkipped, "2026-10-04T01:59 +1030", "2026-10-04T02:30 +1100"},
		{"west of Greenwich, skipped", "America/New_York", "2026-03-08T02:30", "", CodeTimeSkipped, "2026-03-08T01:59 -0500", "2026-03-08T03:00 -0400"},
		{"west of Greenwich, twice", "America/New_York", "2026-11-01T01:30", "2026-11-01T01:30 -0400", CodeTimeTwice, "2026-11-01T01:30 -0400", "2026-11-01T01:30 -0500"},
		{"a whole day skipped in Samoa", "Pacific/Apia", "2011-12-30T12:00", "", CodeTimeSkipped, "2011-12-29T23:59 -1000", "2011-12-31T00:00 +1400"},
		{"midnight skipped in Beirut", "Asia/Beirut", "2026-03-29T00:30", "", CodeTimeSkipped, "2026-03-28T23:59 +0200", "2026-03-29T01:00 +0300"},
		{"empty", "Europe/Rome", "", "", CodeTimeFormat, "", ""},
		{"an hour of one digit is no gap", "Europe/Rome", "2026-11-23T9:00", "", CodeTimeFormat, "", ""},
		{"with seconds", "Europe/Rome", "2026-11-23T14:00:00", "", CodeTimeFormat, "", ""},
		{"with a zone of its own", "Europe/Rome", "2026-11-23T14:00Z", "", CodeTimeFormat, "", ""},
		{"no such day", "Europe/Rome", "2026-02-29T14:00", "", CodeTimeFormat, "", ""},
		{"hour 24", "Europe/Rome", "2026-11-23T24:00", "", CodeTimeFormat, "", ""},
		{"a blank for the T", "Europe/Rome", "2026-11-23 14:00", "", CodeTimeFormat, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems, warnings := ParseLocal("first", tt.text, zone(t, tt.zone))
			if (tt.want == "") != got.IsZero() || tt.want != "" && got.Format(layout) != tt.want {
				t.Errorf("%v, want %q", got, tt.want)
			}
			note := noteOf(t, tt.want == "", problems, warnings)
			if note.Code != tt.note || note.Code != "" && note.Field != "first" {
				t.Fatalf("noted %q at %q, want %q", note.Code, note.Field, tt.note)
			}
			low, high := "before", "after"
			if tt.note == CodeTimeTwice {
				low, high = "first", "second"
			}
			for key, want := range map[string]string{low: tt.low, high: tt.high} {
				if when, _ := note.Args[key].(time.Time); want != "" && when.Format(layout) != want {
					t.Errorf("%s is %v, want %s", key, note.Args[key], want)
				}
			}
		})
	}
}

// noteOf returns the one problem, or the one warning, that is expected at most.
func noteOf(t *testing.T, refused bool, problems, warnings []Problem) Problem {
	t.Helper()
	if refused != (len(problems) == 1) || len(problems)+len(warnings) > 1 {
		t.Fatalf("problems %v, warnings %v", problems, warnings)
	}
	for _, note := range append(problems, warnings...) {
		return note
	}
	return Problem{}
}

// Every minute of the two nights of a year: a time is refused exactly if no
// instant shows it, and what is accepted shows the text again.
func TestParseLocalAgreesWithTheClock(t *testing.T) {
	for _, name := range []string{"Europe/Rome", "Australia/Lord_Howe", "America/New_York", "UTC"} {
		loc := zone(t, name)
		for _, night := range []time.Time{
			time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		} {
			shown := clockOf(loc, night)
			for minute := range 24 * 60 {
				text := night.Add(time.Duration(minute) * time.Minute).Format(localForm)
				got, problems, warnings := ParseLocal("", text, loc)
				if len(shown[text]) == 0 != (len(problems) == 1) || len(shown[text]) == 2 != (len(warnings) == 1) {
					t.Fatalf("%s %s: shown %d times, problems %v, warnings %v", name, text, len(shown[text]), problems, warnings)
				}
				if len(problems) == 0 && !got.Equal(shown[text][0]) {
					t.Fatalf("%s %s: %v, first shown at %v", name, text, got, shown[text][0])
				}
			}
		}
	}
}

// clockOf watches the clock of a zone for three days around a date, and returns
// when it showed what, in order.
func clockOf(loc *time.Location, date time.Time) map[string][]time.Time {
	shown := map[string][]time.Time{}
	for minute := -24 * 60; minute < 48*60; minute++ {
		now := date.Add(time.Duration(minute) * time.Minute).In(loc)
		shown[now.Format(localForm)] = append(shown[now.Format(localForm)], now)
	}
	return shown
}
