package handlers

import (
	"slices"
	"sync"
	"time"

	"trasloco/migration"
	"trasloco/views"
)

// What a pace is measured over: at least paceLeast, so that the first messages
// do not promise too much; at most paceMost, so that a pause an hour ago does
// not count.
const (
	paceLeast = 10 * time.Second
	paceMost  = 2 * time.Minute
)

// paceBook measures how fast passes are going, from what each look at them saw.
// It invents nothing: a pass that nobody has looked at for a while has no pace.
type paceBook struct {
	mu      sync.Mutex
	entries map[int64]*pace // by the id of the pass
}

// pace holds what the last looks at one pass saw, oldest first.
type pace struct{ samples []sample }

type sample struct {
	at    time.Time
	tally migration.Tally
}

// look adds what is seen of a pass now and returns its pace. The zero Pace means
// that there is nothing to go by.
func (b *paceBook) look(pass migration.Pass, now time.Time) views.Pace {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, entry := range b.entries {
		if now.Sub(entry.newest()) > paceMost {
			delete(b.entries, id)
		}
	}
	if pass.Status != migration.PassRunning {
		delete(b.entries, pass.ID)
		return views.Pace{}
	}
	entry := b.entries[pass.ID]
	if entry == nil {
		entry = &pace{}
		b.entries[pass.ID] = entry
	}
	entry.add(sample{now, pass.Runs.Tally})
	return entry.measure()
}

func (p *pace) newest() time.Time { return p.samples[len(p.samples)-1].at }

// add takes a sample and drops those that are too old.
func (p *pace) add(s sample) {
	if n := len(p.samples); n > 0 && s.at.Sub(p.samples[n-1].at) < time.Second {
		return // many look at the same moment
	}
	p.samples = slices.DeleteFunc(p.samples, func(old sample) bool { return s.at.Sub(old.at) > paceMost })
	p.samples = append(p.samples, s)
}

func (p *pace) measure() views.Pace {
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	took := last.at.Sub(first.at)
	if took < paceLeast {
		return views.Pace{}
	}
	return views.Pace{
		Messages: float64(settled(last.tally)-settled(first.tally)) / took.Seconds(),
		Bytes:    float64(last.tally.Bytes-first.tally.Bytes) / took.Seconds(),
	}
}

// settled counts the messages whose fate is known.
func settled(t migration.Tally) int { return t.Copied + t.Present + t.Skipped + t.Failed }
