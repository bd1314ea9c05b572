package locale

import (
	"context"
	"testing"
	"time"
	_ "time/tzdata" // the zones of these tests, wherever they run
)

// inRome is a reader of that language in Rome.
func inRome(t *testing.T, lang Lang) context.Context {
	t.Helper()
	return WithZone(in(lang), zone(t, "Europe/Rome"))
}

// utc reads an instant: Rome is one hour ahead in winter, two in summer.
func utc(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestMoments(t *testing.T) {
	tests := []struct {
		name, at, now string
		en, italian   string
		enWhen, when  string // in the middle of a sentence
	}{
		{"today", "2026-11-23 13:00", "2026-11-23 09:00", "today, 14:00", "oggi, 14:00", "today at 14:00", "oggi alle 14:00"},
		{"earlier today", "2026-11-23 08:05", "2026-11-23 09:00", "today, 09:05", "oggi, 09:05", "today at 09:05", "oggi alle 09:05"},
		{"tomorrow here, today in UTC", "2026-11-23 23:30", "2026-11-23 20:00", "tomorrow, 00:30", "domani, 00:30", "tomorrow at 00:30", "domani alle 00:30"},
		{"yesterday", "2026-11-22 22:59", "2026-11-22 23:00", "yesterday, 23:59", "ieri, 23:59", "yesterday at 23:59", "ieri alle 23:59"},
		{"two days ahead", "2026-11-25 21:00", "2026-11-23 09:00", "Wed 25 Nov, 22:00", "mer 25 nov, 22:00", "Wednesday 25 November at 22:00", "mercoledì 25 novembre alle 22:00"},
		{"two days ago", "2026-11-21 21:00", "2026-11-23 09:00", "Sat 21 Nov, 22:00", "sab 21 nov, 22:00", "Saturday 21 November at 22:00", "sabato 21 novembre alle 22:00"},
		{"another year", "2019-03-12 07:00", "2026-11-23 09:00", "Tue 12 Mar 2019, 08:00", "mar 12 mar 2019, 08:00", "Tuesday 12 March 2019 at 08:00", "martedì 12 marzo 2019 alle 08:00"},
		{"tomorrow is next year", "2026-12-31 23:00", "2026-12-31 22:59", "tomorrow, 00:00", "domani, 00:00", "tomorrow at 00:00", "domani alle 00:00"},
		{"yesterday was last year", "2026-12-31 22:59", "2026-12-31 23:00", "yesterday, 23:59", "ieri, 23:59", "yesterday at 23:59", "ieri alle 23:59"},
		{"next year, by the calendar of the reader", "2027-01-01 23:00", "2026-12-31 22:30", "Sat 2 Jan 2027, 00:00", "sab 2 gen 2027, 00:00", "Saturday 2 January 2027 at 00:00", "sabato 2 gennaio 2027 alle 00:00"},
		// The night to 29 March has 23 hours in Rome, the one to 25 October 25.
		{"a day of 23 hours later", "2026-03-29 21:30", "2026-03-28 23:30", "today, 23:30", "oggi, 23:30", "today at 23:30", "oggi alle 23:30"},
		{"the day after a short one", "2026-03-29 22:00", "2026-03-28 23:00", "tomorrow, 00:00", "domani, 00:00", "tomorrow at 00:00", "domani alle 00:00"},
		{"25 hours later the same day", "2026-10-25 22:59", "2026-10-24 22:00", "today, 23:59", "oggi, 23:59", "today at 23:59", "oggi alle 23:59"},
		{"an hour that comes twice, first", "2026-10-25 00:30", "2026-10-24 09:00", "tomorrow, 02:30 (CEST)", "domani, 02:30 (CEST)", "tomorrow at 02:30 (CEST)", "domani alle 02:30 (CEST)"},
		{"an hour that comes twice, second", "2026-10-25 01:30", "2026-10-24 09:00", "tomorrow, 02:30 (CET)", "domani, 02:30 (CET)", "tomorrow at 02:30 (CET)", "domani alle 02:30 (CET)"},
		{"just before it", "2026-10-24 23:59", "2026-10-24 09:00", "tomorrow, 01:59", "domani, 01:59", "tomorrow at 01:59", "domani alle 01:59"},
		{"just after it", "2026-10-25 02:00", "2026-10-24 09:00", "tomorrow, 03:00", "domani, 03:00", "tomorrow at 03:00", "domani alle 03:00"},
		{"its first minute", "2026-10-25 00:00", "2026-10-24 09:00", "tomorrow, 02:00 (CEST)", "domani, 02:00 (CEST)", "tomorrow at 02:00 (CEST)", "domani alle 02:00 (CEST)"},
		{"its first minute again", "2026-10-25 01:00", "2026-10-24 09:00", "tomorrow, 02:00 (CET)", "domani, 02:00 (CET)", "tomorrow at 02:00 (CET)", "domani alle 02:00 (CET)"},
		{"the hour before a jump", "2026-03-29 00:30", "2026-03-28 09:00", "tomorrow, 01:30", "domani, 01:30", "tomorrow at 01:30", "domani alle 01:30"},
		{"the hour after a jump", "2026-03-29 01:30", "2026-03-28 09:00", "tomorrow, 03:30", "domani, 03:30", "tomorrow at 03:30", "domani alle 03:30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, now := utc(t, tt.at), utc(t, tt.now)
			if got := Moment(inRome(t, English), at, now); got != tt.en {
				t.Errorf("English: got %q, want %q", got, tt.en)
			}
			if got := Moment(inRome(t, Italian), at, now); got != tt.italian {
				t.Errorf("Italian: got %q, want %q", got, tt.italian)
			}
			if got := When(inRome(t, English), at, now); got != tt.enWhen {
				t.Errorf("English, in a sentence: got %q, want %q", got, tt.enWhen)
			}
			if got := When(inRome(t, Italian), at, now); got != tt.when {
				t.Errorf("Italian, in a sentence: got %q, want %q", got, tt.when)
			}
		})
	}
}

func TestExactTimesNameTheirZone(t *testing.T) {
	tests := []struct {
		zone, at    string
		en, italian string
	}{
		{"Europe/Rome", "2026-11-23 13:00", "Monday 23 November 2026, 14:00 (CET)", "lunedì 23 novembre 2026, 14:00 (CET)"},
		{"Europe/Rome", "2026-07-01 13:00", "Wednesday 1 July 2026, 15:00 (CEST)", "mercoledì 1 luglio 2026, 15:00 (CEST)"},
		{"UTC", "2026-08-16 13:00", "Sunday 16 August 2026, 13:00 (UTC)", "domenica 16 agosto 2026, 13:00 (UTC)"},
		{"America/Sao_Paulo", "2026-11-24 01:00", "Monday 23 November 2026, 22:00 (UTC-03:00)", "lunedì 23 novembre 2026, 22:00 (UTC-03:00)"},
		{"Asia/Kathmandu", "2026-12-31 19:00", "Friday 1 January 2027, 00:45 (UTC+05:45)", "venerdì 1 gennaio 2027, 00:45 (UTC+05:45)"},
	}
	for _, tt := range tests {
		for lang, want := range map[Lang]string{English: tt.en, Italian: tt.italian} {
			if got := Exact(WithZone(in(lang), zone(t, tt.zone)), utc(t, tt.at)); got != want {
				t.Errorf("%s %s: got %q, want %q", lang, tt.zone, got, want)
			}
		}
	}
}

func TestDaysAndClocks(t *testing.T) {
	at := utc(t, "2026-05-09 22:30").Add(5 * time.Second)
	ctx := inRome(t, Italian)
	tests := []struct{ name, got, want string }{
		{"day", Day(ctx, at, utc(t, "2026-11-23 09:00")), "10 mag"},
		{"day of another year", Day(ctx, at, utc(t, "2027-01-01 09:00")), "10 mag 2026"},
		{"English day", Day(inRome(t, English), at, utc(t, "2025-12-31 09:00")), "10 May 2026"},
		{"clock", Clock(ctx, at), "00:30"},
		{"seconds", ClockSeconds(ctx, at), "00:30:05"},
		{"for programs", ISO(at), "2026-05-09T22:30:05Z"},
		{"without a zone", Clock(in(Italian), at), "22:30"},
		{"a nil zone", Clock(WithZone(in(Italian), nil), at), "22:30"},
		{"for another time", Dated(ctx, at), "dom 10 mag 2026, 00:30"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestTimesThatAreNotKnown(t *testing.T) {
	ctx, now := inRome(t, Italian), utc(t, "2026-11-23 09:00")
	for name, got := range map[string]string{
		"moment": Moment(ctx, time.Time{}, now), "when": When(ctx, time.Time{}, now), "exact": Exact(ctx, time.Time{}),
		"clock": Clock(ctx, time.Time{}), "seconds": ClockSeconds(ctx, time.Time{}), "day": Day(ctx, time.Time{}, now),
	} {
		if got != "–" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := ISO(time.Time{}); got != "" {
		t.Errorf("for programs: %q", got)
	}
}

func TestInstantsAmongTheArguments(t *testing.T) {
	at := utc(t, "2026-11-23 13:00")
	want := map[Lang]string{
		English: "The time chosen for pass 1 has passed: Mon 23 Nov 2026, 14:00.",
		Italian: "L’ora scelta per la prima esecuzione è già passata: lun 23 nov 2026, 14:00.",
	}
	for _, lang := range Languages() {
		if got := Problem(inRome(t, lang), "plan.past", 0, "first", map[string]any{"at": at}); got.Text != want[lang] {
			t.Errorf("%s: got %q, want %q", lang, got.Text, want[lang])
		}
	}
	got := Problem(inRome(t, Italian), "plan.gap", 0, "second", map[string]any{"hours": 23.0, "latest": at}).String()
	if got != "La seconda esecuzione parte più di 23 ore dopo la prima. Scegli un’ora entro lun 23 nov 2026, 14:00." {
		t.Errorf("got %q", got)
	}
	got = Problem(inRome(t, English), "plan.gap_short", 0, "second", map[string]any{"hours": 4.5}).Text
	if got != "Less than 4.5 hours between the passes leave little time for changing the MX records." {
		t.Errorf("got %q", got)
	}
	// Two instants that the clock shows alike must not read alike.
	twice := map[string]any{"first": utc(t, "2026-10-25 00:30"), "second": utc(t, "2026-10-25 01:30")}
	got = Problem(inRome(t, Italian), "time.twice", 0, "first", twice).Text
	if got != "Quella notte l’orologio mostra due volte l’ora scelta: dom 25 ott 2026, 02:30 (CEST) e dom 25 ott 2026, 02:30 (CET)." {
		t.Errorf("got %q", got)
	}
}

func TestAbout(t *testing.T) {
	tests := []struct {
		d           time.Duration
		en, italian string
	}{
		{-time.Hour, "less than a minute", "meno di un minuto"},
		{59 * time.Second, "less than a minute", "meno di un minuto"},
		{time.Minute, "about 1 minute", "circa 1 minuto"},
		{9*time.Minute + 29*time.Second, "about 9 minutes", "circa 9 minuti"},
		{9*time.Minute + 59*time.Second, "about 10 minutes", "circa 10 minuti"},
		{38 * time.Minute, "about 40 minutes", "circa 40 minuti"},
		{57 * time.Minute, "about 55 minutes", "circa 55 minuti"},
		{58 * time.Minute, "about 1 hour", "circa 1 ora"},
		{74 * time.Minute, "about 1 hour", "circa 1 ora"},
		{75 * time.Minute, "about 1 and a half hours", "circa 1 ora e mezza"},
		{135 * time.Minute, "about 2 and a half hours", "circa 2 ore e mezza"},
		{179 * time.Minute, "about 3 hours", "circa 3 ore"},
		{14*time.Hour + 31*time.Minute, "about 15 hours", "circa 15 ore"},
		{36 * time.Hour, "about 2 days", "circa 2 giorni"},
		{29 * 24 * time.Hour, "about 29 days", "circa 29 giorni"},
	}
	for _, tt := range tests {
		if en, italian := About(in(English), tt.d), About(in(Italian), tt.d); en != tt.en || italian != tt.italian {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.d, en, italian, tt.en, tt.italian)
		}
	}
	now := utc(t, "2026-11-23 09:00")
	if got := Ago(in(Italian), now.Add(-38*time.Minute), now); got != "circa 40 minuti fa" {
		t.Errorf("got %q", got)
	}
	if got := Ago(in(English), now.Add(time.Second), now); got != "less than a minute ago" {
		t.Errorf("got %q", got)
	}
}

func TestSpan(t *testing.T) {
	tests := []struct {
		d           time.Duration
		en, italian string
	}{
		{0, "less than a minute", "meno di un minuto"},
		{29 * time.Second, "less than a minute", "meno di un minuto"},
		{61 * time.Second, "1 minute", "1 minuto"},
		{11 * time.Minute, "11 minutes", "11 minuti"},
		{6 * time.Hour, "6 hours", "6 ore"},
		{59*time.Minute + 40*time.Second, "1 hour", "1 ora"},
		{3*time.Hour + 12*time.Minute, "3 hours and 12 minutes", "3 ore e 12 minuti"},
		{26 * time.Hour, "26 hours", "26 ore"},
	}
	for _, tt := range tests {
		if en, italian := Span(in(English), tt.d), Span(in(Italian), tt.d); en != tt.en || italian != tt.italian {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.d, en, italian, tt.en, tt.italian)
		}
	}
}
