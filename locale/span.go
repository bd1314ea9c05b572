package locale

import (
	"context"
	"time"
)

// About writes a time span as people estimate it: "circa 40 minuti", "circa 2
// ore e mezza", "meno di un minuto". The more of it there is, the coarser.
func About(ctx context.Context, d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return T(ctx, "about.moment", nil)
	case d < 10*time.Minute:
		return N(ctx, "about.minutes", int(d.Round(time.Minute)/time.Minute), nil)
	case d < 57*time.Minute+30*time.Second:
		return N(ctx, "about.minutes", int(d.Round(5*time.Minute)/time.Minute), nil)
	case d < 3*time.Hour:
		return aboutHalfHours(ctx, int(d.Round(30*time.Minute)/(30*time.Minute)))
	case d < 36*time.Hour:
		return N(ctx, "about.hours", int(d.Round(time.Hour)/time.Hour), nil)
	default:
		return N(ctx, "about.days", int(d.Round(day)/day), nil)
	}
}

func aboutHalfHours(ctx context.Context, halves int) string {
	if halves%2 == 1 {
		return N(ctx, "about.hours_and_a_half", halves/2, nil)
	}
	return N(ctx, "about.hours", halves/2, nil)
}

// Ago writes how long before now an instant was: "circa 40 minuti fa". What lies
// ahead, by clocks that disagree, was just now.
func Ago(ctx context.Context, t, now time.Time) string {
	return T(ctx, "about.ago", map[string]any{"time": About(ctx, now.Sub(t))})
}

// Span writes a time span in words, to the minute: "6 ore", "3 ore e 12 minuti".
// Under a minute it is "meno di un minuto".
func Span(ctx context.Context, d time.Duration) string {
	total := int(d.Round(time.Minute) / time.Minute)
	if total < 1 {
		return T(ctx, "about.moment", nil)
	}
	hours, minutes := N(ctx, "count.hours", total/60, nil), N(ctx, "count.minutes", total%60, nil)
	switch {
	case total < 60:
		return minutes
	case total%60 == 0:
		return hours
	}
	return T(ctx, "time.and", map[string]any{"large": hours, "small": minutes})
}
