package imapsync

import (
	"context"
	"strings"
	"sync"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// How the commands to an account are slowed down once its server asks for it: what
// Dovecot's imapc does with Gmail (src/lib-storage/index/imapc, throttle settings).
const (
	firstPace  = 50 * time.Millisecond
	slowest    = 16 * time.Second
	easesAfter = 500 * time.Millisecond
)

// pace is how fast an account is asked, by all runs and checks of the process
// together: a server that slows a session down means the account (M-5, X-2).
type pace struct {
	now         func() time.Time
	first, most time.Duration

	mu      sync.Mutex
	delay   time.Duration // before each command
	changed time.Time     // when delay last did
}

var _ wire.Pacer = (*pace)(nil)

// pace returns that of an account at the source.
func (e *Engine) pace(ep migration.Endpoint) *pace {
	account := strings.ToLower(ep.Address()) + " " + ep.Auth.Login
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.paces[account] == nil {
		patience := e.opts.Patience
		e.paces[account] = &pace{now: e.opts.Now, first: min(firstPace, patience.Throttle), most: min(slowest, patience.MaxThrottle)}
	}
	return e.paces[account]
}

// Before lets the time pass that the account needs before the next command.
func (p *pace) Before(ctx context.Context) error {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	if delay == 0 {
		return nil
	}
	return sleep(ctx, delay)
}

// Heard learns from an answer: one that speaks of throttling doubles the delay, and
// each other takes a quarter of it off, though not at once.
func (p *pace) Heard(s wire.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case asksForLess(s):
		p.delay = min(max(2*p.delay, p.first), p.most)
	case p.delay == 0 || now.Sub(p.changed) < easesAfter:
		return
	default:
		if p.delay = p.delay / 4 * 3; p.delay < p.first/2 {
			p.delay = 0
		}
	}
	p.changed = now
}

// asksForLess reports whether an answer, which may be an OK, slows us down: Gmail's
// code, and Exchange's words, whose wait is over before the next command.
func asksForLess(s wire.Status) bool {
	return s.Code == "THROTTLED" || s.Type != "OK" && hint(s.Text) > 0
}
