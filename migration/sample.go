package migration

import "time"

// Sample is how far a pass had come at a moment.
type Sample struct {
	At       time.Time
	Messages int   // whose fate was known
	Bytes    int64 // copied
	// Rest is the status in which the pass rested from then to the next sample; "":
	// it ran.
	Rest PassStatus
}

// How many samples of a pass are kept, and how close they lie at first.
const (
	MaxSamples  = 240
	SampleEvery = time.Minute
)

// SampleDistance returns how far apart the samples of a pass lie that began so
// long ago: a minute at first, more in a long one, so that MaxSamples is not
// exceeded for long.
func SampleDistance(took time.Duration) time.Duration {
	return max(SampleEvery, took/MaxSamples)
}
