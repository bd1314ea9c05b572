package schedule

import (
	"context"
	"fmt"
	"time"
)

// beat does one thing again and again, never twice at the same time. Whatever
// nudges come while it works make it work once more.
type beat struct {
	name   string
	every  time.Duration // how often the clock nudges
	work   func(ctx context.Context)
	nudges chan struct{} // holds one
	ended  chan struct{} // closed when follow has returned
}

func newBeat(name string, every time.Duration, work func(ctx context.Context)) *beat {
	return &beat{name: name, every: every, work: work, nudges: make(chan struct{}, 1), ended: make(chan struct{})}
}

// nudge makes the beat work soon. It does not block.
func (b *beat) nudge() {
	select {
	case b.nudges <- struct{}{}:
	default: // it is to work already
	}
}

// follow works at each nudge until ctx ends. It is called once.
func (b *beat) follow(ctx context.Context) {
	defer close(b.ended)
	for await(ctx, nil, b.nudges) {
		b.work(ctx)
	}
}

// wait waits for the end of follow, as long as ctx lasts.
func (b *beat) wait(ctx context.Context) error {
	if await(ctx, nil, b.ended) {
		return nil
	}
	return fmt.Errorf("wait for %s: %w", b.name, context.Cause(ctx))
}
