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
	// paceNoted is how old a sample of the store may be: in a long pass they lie
	// some minutes apart.
	paceNoted = 10 * time.Minute
)

// paceBook measures how fast passes are going, from what each look at them saw,
// and from what was noted of them: so a pass has a pace for the first who looks,
// and after a restart. It invents nothing.
type paceBook struct {
	mu      sync.Mutex
	entries map[int64]*pace // by the id of the pass
}

// pace holds what the last looks at one pass saw, oldest first.
type pace struct{ samples []migration.Sample }

// look adds what is seen of a pass now and returns its pace; noted is what the
// store knows of it, oldest first. The zero Pace means that there is nothing to
// go by.
func (b *paceBook) look(pass migration.Pass, noted []migration.Sample, now time.Time) views.Pace {
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
	entry.add(migration.Sample{At: now, Messages: settled(pass.Runs.Tally), Bytes: pass.Runs.Tally.Bytes})
	return entry.measure(noted)
}

func (p *pace) newest() time.Time { return p.samples[len(p.samples)-1].At }

// add takes a sample and drops those that are too old.
func (p *pace) add(s migration.Sample) {
	if n := len(p.samples); n > 0 && s.At.Sub(p.samples[n-1].At) < time.Second {
		return // many look at the same moment
	}
	p.samples = slices.DeleteFunc(p.samples, func(old migration.Sample) bool { return s.At.Sub(old.At) > paceMost })
	p.samples = append(p.samples, s)
}

// measure returns the pace since the oldest look, or since what was noted before
// it, as long as that is not too long ago.
func (p *pace) measure(noted []migration.Sample) views.Pace {
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	for _, s := range slices.Backward(noted) {
		if last.At.Sub(first.At) >= paceMost || last.At.Sub(s.At) > paceNoted {
			break
		}
		if s.At.Before(first.At) {
			first = s
		}
	}
	took := last.At.Sub(first.At)
	if took < paceLeast || last.Messages < first.Messages {
		return views.Pace{}
	}
	return views.Pace{
		Messages: float64(last.Messages-first.Messages) / took.Seconds(),
		Bytes:    float64(max(last.Bytes-first.Bytes, 0)) / took.Seconds(),
	}
}

// settled counts the messages whose fate is known.
func settled(t migration.Tally) int { return t.Copied + t.Present + t.Skipped + t.Failed }
