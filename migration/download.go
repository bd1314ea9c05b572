package migration

import (
	"slices"
	"time"
)

// DownloadSpan is how long a provider counts what was read of an account (M-5).
const DownloadSpan = 24 * time.Hour

// Download is what was read of a source account in one hour.
type Download struct {
	Hour   time.Time // its beginning
	Octets int64
}

// FreeAgain returns when half of what may be read of an account in a day may be
// read again: to go on as soon as there is room for one message would be to stop at
// the next. Of an hour all counts until a day after its end.
func FreeAgain(past []Download, limit int64, now time.Time) time.Time {
	past = slices.Clone(past)
	slices.SortFunc(past, func(a, b Download) int { return a.Hour.Compare(b.Hour) })
	var used int64
	for _, d := range past {
		used += d.Octets
	}
	for _, d := range past {
		if used <= limit/2 {
			break
		}
		used -= d.Octets
		now = latest(now, d.Hour.Add(time.Hour+DownloadSpan))
	}
	return now
}
