package views

import (
	"time"

	"trasloco/migration"
)

// track is the work of a pass, with the time cut out in which it rested: paused by a
// person, without the program, or done until somebody had it tried again.
type track struct {
	at        []time.Duration // of each sample, in work since the first
	stretches []stretch
	rests     []rest
	span      time.Duration // all the work
}

// stretch is work without a rest.
type stretch struct {
	begin    time.Duration // the work before
	from, to time.Time
}

// rest lies between two stretches.
type rest struct {
	at       time.Duration // the work before
	from, to time.Time
	why      migration.PassStatus
}

// isLong reports whether a rest is worth a word.
func (r rest) isLong() bool { return r.to.Sub(r.from) >= time.Minute }

func trackOf(samples []migration.Sample) (t track) {
	for i, s := range samples {
		switch {
		case i == 0:
			t.stretches = append(t.stretches, stretch{0, s.At, s.At})
		case samples[i-1].Rest != "":
			t.rests = append(t.rests, rest{t.span, samples[i-1].At, s.At, samples[i-1].Rest})
			t.stretches = append(t.stretches, stretch{t.span, s.At, s.At})
		default:
			t.span += s.At.Sub(samples[i-1].At)
			t.stretches[len(t.stretches)-1].to = s.At
		}
		t.at = append(t.at, t.span)
	}
	return t
}

// begins is the moment at which the work after at began, ends that at which the
// work before it ended: they differ where a rest lies between.
func (t track) begins(at time.Duration) time.Time {
	var moment time.Time
	for _, s := range t.stretches {
		if s.begin <= at {
			moment = s.from.Add(at - s.begin)
		}
	}
	return moment
}

func (t track) ends(at time.Duration) time.Time {
	for _, s := range t.stretches {
		if at <= s.begin+s.to.Sub(s.from) && (at > s.begin || at == 0) {
			return s.from.Add(at - s.begin)
		}
	}
	return t.begins(at)
}

// amounts returns what came from each sample to the next. What an attempt counts
// anew was there before, so only what is more than ever counts. What came after the
// last sample before a rest was still work; once a pass is done it is none of it.
func (t track) amounts(samples []migration.Sample, of func(migration.Sample) float64) []float64 {
	amounts := make([]float64, max(len(samples)-1, 0))
	highest, before := 0.0, -1
	for i, s := range samples {
		more := max(of(s)-highest, 0)
		highest += more
		switch {
		case i == 0:
		case samples[i-1].Rest == "":
			amounts[i-1] += more
			before = i - 1
		case samples[i-1].Rest != migration.PassDone && before >= 0:
			amounts[before] += more
		}
	}
	return amounts
}
