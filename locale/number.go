package locale

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A no-break space stands between a number and its unit.
const nbsp = "\u00a0"

// Number writes a whole number with thousands separated: 1,234 or 1.234.
func Number(ctx context.Context, n int) string {
	digits, sign := strconv.Itoa(n), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	separator := ","
	if From(ctx) == Italian {
		separator = "."
	}
	groups := []string{}
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), separator)
}

// Bytes writes a size in the unit that fits, with one decimal where there is
// one. 1 kB is 1024 octets, as in the limit of S15.
func Bytes(ctx context.Context, n int64) string {
	if n > -1024 && n < 1024 {
		return strconv.FormatInt(n, 10) + nbsp + "B"
	}
	size := float64(n) / 1024
	units := []string{"kB", "MB", "GB", "TB"}
	// 1023.95 and more would be rounded to 1024.0 of the unit.
	for len(units) > 1 && (size >= 1023.95 || size <= -1023.95) {
		size /= 1024
		units = units[1:]
	}
	return decimal(ctx, size) + nbsp + units[0]
}

// decimal writes one decimal, none if it is 0.
func decimal(ctx context.Context, value float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
	if From(ctx) == Italian {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// Duration writes a time span by its two largest units: "2 h 5 min". Under ten
// seconds there is a decimal, under one second there are milliseconds.
func Duration(ctx context.Context, d time.Duration) string {
	const day = 24 * time.Hour
	switch seconds := d.Round(time.Second); {
	case d < 0:
		return "-" + Duration(ctx, max(-d, 0))
	case d < time.Second:
		return fmt.Sprintf("%d%sms", d.Milliseconds(), nbsp)
	case d < 9950*time.Millisecond:
		return decimal(ctx, d.Seconds()) + nbsp + "s"
	case seconds < time.Minute:
		return fmt.Sprintf("%d%ss", seconds/time.Second, nbsp)
	case seconds < time.Hour:
		return twoUnits(int64(seconds/time.Second), 60, "min", "s")
	case seconds < day:
		return twoUnits(int64(seconds/time.Minute), 60, "h", "min")
	default:
		return twoUnits(int64(seconds/time.Hour), 24, T(ctx, "unit.day", nil), "h")
	}
}

// twoUnits divides a count of the small unit; a small part of 0 is left out.
func twoUnits(count, per int64, large, small string) string {
	text := fmt.Sprintf("%d%s%s", count/per, nbsp, large)
	if rest := count % per; rest != 0 {
		text += fmt.Sprintf(" %d%s%s", rest, nbsp, small)
	}
	return text
}
