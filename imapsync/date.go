package imapsync

import (
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The range of dates that servers keep: what lies outside becomes "now" on some
// of them, without a word (D-2). 00:00:00 of the first day does too.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC)
	latest   = time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
)

func keepable(t time.Time) bool { return !t.Before(earliest) && t.Before(latest) }

var months = map[string]time.Month{
	"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
	"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}

var internalDate = regexp.MustCompile(`(?i)^\s*(?:[a-z]{3},\s*)?(\d{1,2})[- ]([a-z]{3})[- ](\d{2,4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([+-])(\d{2}):?(\d{2})|\s*(GMT|UTC?|Z))?\s*$`)

// parseInternalDate reads the INTERNALDATE forms that servers send (D-3, X-8). It is
// false for what is no date at all, such as 31-Feb, and for what no destination
// keeps. A missing zone is read as UTC.
func parseInternalDate(text string) (time.Time, bool) {
	m := internalDate.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	month, ok := months[strings.ToLower(m[2])]
	if !ok {
		return time.Time{}, false
	}
	day, hour, minute, second := atoi(m[1]), atoi(m[4]), atoi(m[5]), atoi(m[6])
	zone, ok := parseZone(m[7], m[8], m[9])
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(fullYear(m[3]), month, day, hour, minute, second, 0, zone)
	if t.Day() != day { // 31-Feb
		return time.Time{}, false
	}
	return t, keepable(t)
}

// fullYear applies the rule of RFC 5322 §4.3 to years of two and three digits.
func fullYear(digits string) int {
	year := atoi(digits)
	switch {
	case len(digits) == 4:
		return year
	case len(digits) == 2 && year < 50:
		return 2000 + year
	default:
		return 1900 + year
	}
}

func parseZone(sign, hours, minutes string) (*time.Location, bool) {
	if sign == "" {
		return time.UTC, true
	}
	h, m := atoi(hours), atoi(minutes)
	if h > 14 || m > 59 {
		return nil, false
	}
	offset := h*3600 + m*60
	if sign == "-" {
		offset = -offset
	}
	return time.FixedZone("", offset), true
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits) // the pattern lets only digits through; none means 0
	return n
}

// headerDate is the date of a message whose INTERNALDATE is useless: that of
// the topmost Received line with a readable one, else of Date (D-2).
func headerDate(h header) (time.Time, bool) {
	for _, received := range h.received {
		if i := strings.LastIndexByte(received, ';'); i >= 0 {
			if t, ok := parseHeaderDate(received[i+1:]); ok {
				return t, true
			}
		}
	}
	return parseHeaderDate(h.date)
}

// namedZones are those of RFC 5322 §4.3 and of the middle of Europe. The
// standard library would take them for UTC, or for what they mean in the zone
// this machine happens to be in.
var namedZones = strings.NewReplacer(
	" EST", " -0500", " EDT", " -0400", " CST", " -0600", " CDT", " -0500", " MST", " -0700", " MDT", " -0600",
	" PST", " -0800", " PDT", " -0700", " CEST", " +0200", " CET", " +0100", " MEST", " +0200", " MET", " +0100",
)

// parseHeaderDate reads a date as it stands in a header, in the form of RFC
// 5322 or in one of those that INTERNALDATE comes in.
func parseHeaderDate(text string) (time.Time, bool) {
	text = namedZones.Replace(strings.TrimSpace(text))
	if t, err := mail.ParseDate(text); err == nil {
		return t, keepable(t)
	}
	return parseInternalDate(text)
}
