package migration

import "time"

// What an ordinary old server gives over one connection where nothing was
// measured, and how many messages a second come through whatever their size. Both
// are guesses, and what is made of them is to be called one.
const (
	guessedRate     = 6 << 20 // octets a second
	guessedMessages = 40      // a second
)

// Estimate is about how long the first pass of the row takes, by what its check
// counted and by how fast the source was. It is 0 before a check passed.
func (c Check) Estimate() time.Duration {
	if c.Status != CheckPassed {
		return 0
	}
	rate := c.Rate
	if rate <= 0 {
		rate = guessedRate
	}
	octets := time.Duration(float64(c.Bytes-c.ExcludedBytes) / float64(rate) * float64(time.Second))
	messages := time.Duration(c.Messages-c.Excluded) * time.Second / guessedMessages
	return max(octets, messages, 0)
}

// Estimates sums estimates of rows whose sources are at several servers. The zero
// value is empty.
type Estimates struct {
	byHost  map[string]time.Duration
	longest time.Duration
}

// Add adds the estimate of a row whose source is at a host.
func (e *Estimates) Add(host string, d time.Duration) {
	if e.byHost == nil {
		e.byHost = make(map[string]time.Duration)
	}
	e.byHost[host] += d
	e.longest = max(e.longest, d)
}

// Together is about how long all take if atOnce rows of one host are copied at a
// time: the slowest host, or the longest row.
func (e *Estimates) Together(atOnce int) time.Duration {
	together := e.longest
	for _, sum := range e.byHost {
		together = max(together, sum/time.Duration(max(atOnce, 1)))
	}
	return together
}
