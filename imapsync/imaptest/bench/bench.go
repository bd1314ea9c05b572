package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The phases in their order: each goes on from where the one before it ended.
const (
	phaseFull  = "full"
	phaseEmpty = "empty"
	phasePlus  = "plus"
)

func allPhases() []string { return []string{phaseFull, phaseEmpty, phasePlus} }

func phaseNumber(name string) int { return slices.Index(allPhases(), name) }

// result is what a peer took for one phase, once.
type result struct {
	set, phase, peer string
	rtt              time.Duration
	cost
	copied  int
	verdict string // "" if nobody looked
}

// bench is a run of this program.
type bench struct {
	options
	peers   []peer
	rig     *rig
	work    string // folder of the peers' states
	log     io.Writer
	results []result
}

func (b *bench) progress(format string, arguments ...any) {
	fmt.Fprintf(b.log, "bench: "+format+"\n", arguments...)
}

// leg is a set at a distance, with those who take part.
type leg struct {
	rtt   time.Duration
	peers []peer
}

// defaultRTT is for the sets that show what a distance costs; at full size a
// peer that waits for each message takes too long.
const defaultRTT = 40 * time.Millisecond

// legs are the distances of a set: those asked for, or its own.
func (b *bench) legs(s set) []leg {
	var all []leg
	for _, rtt := range b.rtts {
		all = append(all, leg{rtt, b.peers})
	}
	switch {
	case b.rtts != nil:
		return all
	case s.name == "SA" || s.name == "SB":
		return []leg{{defaultRTT, b.peers}}
	case s.name == "A" && b.peers[0].name == productName:
		return []leg{{0, b.peers}, {defaultRTT, b.peers[:1]}}
	}
	return []leg{{0, b.peers}}
}

// all runs every set.
func (b *bench) all(ctx context.Context) error {
	for _, name := range b.sets {
		s, err := setNamed(name)
		if err != nil {
			return err
		}
		mail, err := openSource(s, b.rig, b.verify, b.progress)
		if err != nil {
			return err
		}
		for _, l := range b.legs(s) {
			if err := b.leg(ctx, l, mail); err != nil {
				return fmt.Errorf("set %s: %w", name, err)
			}
		}
		if err := errors.Join(mail.shrink(), b.rig.empty(s.users())); err != nil {
			return err
		}
	}
	return nil
}

// leg runs the peers in turn, and again, so that what changes on the machine
// meets all of them.
func (b *bench) leg(ctx context.Context, l leg, mail *source) error {
	way, err := b.rig.route(ctx, l.rtt)
	if err != nil {
		return err
	}
	defer way.close()
	for i := range b.repeat {
		for _, p := range l.peers {
			t := task{set: mail.set, route: way, password: b.rig.source.Password, state: filepath.Join(b.work, p.name)}
			b.progress("set %s, RTT %d ms, %d of %d: %s", mail.set.name, l.rtt.Milliseconds(), i+1, b.repeat, p.name)
			if err := b.round(ctx, p, t, l.rtt, mail); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// round runs the phases of one peer, from an empty destination on, up to the
// last one that is asked for.
func (b *bench) round(ctx context.Context, p peer, t task, rtt time.Duration, mail *source) error {
	if err := errors.Join(mail.shrink(), b.rig.empty(t.set.users()), os.RemoveAll(t.state), os.MkdirAll(t.state, 0o755)); err != nil {
		return err
	}
	jobs, err := p.jobs(t)
	if err != nil {
		return err
	}
	last := phaseNumber(slices.MaxFunc(b.phases, func(x, y string) int { return phaseNumber(x) - phaseNumber(y) }))
	for _, phase := range allPhases()[:last+1] {
		r := result{set: t.set.name, rtt: rtt, phase: phase, peer: p.name}
		if err := b.phase(ctx, p, plan{Parallel: t.set.parallel, Jobs: jobs}, mail, &r); err != nil {
			return fmt.Errorf("%s: %w", phase, err)
		}
		b.progress("  %-5s %8.2f s %7d messages  %s", phase, r.Wall.Seconds(), r.copied, r.verdict)
		if slices.Contains(b.phases, phase) {
			b.results = append(b.results, r)
		}
	}
	return nil
}

// phase measures one phase and fills the rest of r in. What a peer gets wrong
// stands in its verdict; an error is this program's own.
func (b *bench) phase(ctx context.Context, p peer, work plan, mail *source, r *result) error {
	want := mail.base
	if r.phase == phasePlus {
		if err := mail.grow(); err != nil {
			return err
		}
		want = mail.more
	}
	users := mail.set.users()
	settle()
	before, err := b.rig.count(users)
	if err != nil {
		return err
	}
	if r.cost, err = measure(ctx, work); err != nil {
		return err
	}
	settle()
	after, err := b.rig.count(users)
	if err != nil {
		return err
	}
	r.copied = after - before
	if b.verify && r.phase != phaseEmpty && slices.Contains(b.phases, r.phase) {
		r.verdict, err = b.rig.verdict(users, want, p.strip)
	}
	if len(r.Failed) > 0 {
		r.verdict = strings.TrimSuffix("failed, "+r.verdict, ", ")
		b.progress("%d of %d jobs failed, the first: %s", len(r.Failed), len(work.Jobs), r.Failed[0])
	}
	return err
}

// fault is an error if the product itself failed, or copied anything wrong.
func (b *bench) fault() error {
	for _, r := range b.results {
		if r.peer == productName && r.verdict != "" && r.verdict != exact {
			return fmt.Errorf("the product, set %s, %s: %s", r.set, r.phase, r.verdict)
		}
	}
	return nil
}
