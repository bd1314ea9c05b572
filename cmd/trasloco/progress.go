package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"trasloco/locale"
)

const (
	drawEvery  = 250 * time.Millisecond
	rateWindow = 10 * time.Second
)

// board shows how a call gets on: on a terminal a line for each running
// resource, drawn again and again; elsewhere a line for each that is finished.
type board struct {
	out   io.Writer
	size  func() (columns, lines int)
	now   func() time.Time
	quiet bool
	total int

	mu      sync.Mutex
	done    int
	running []*lane
	drawn   int // lines that stand on the terminal

	stop, ended chan struct{}
}

// lane is the line of a running resource.
type lane struct {
	rec   *recorder
	rates []sample // of the last seconds
}

type sample struct {
	at    time.Time
	bytes int64
}

// newBoard draws until close, and tells when ctx ends.
func (p *program) newBoard(ctx context.Context, quiet bool, total int) *board {
	b := &board{
		out: p.stderr, size: p.size, now: p.now, quiet: quiet, total: total,
		stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go b.watch(ctx)
	return b
}

func (b *board) close() {
	close(b.stop)
	<-b.ended
}

func (b *board) watch(ctx context.Context) {
	defer close(b.ended)
	rhythm := time.NewTicker(drawEvery)
	defer rhythm.Stop()
	interrupted := ctx.Done()
	for {
		select {
		case <-rhythm.C:
			b.draw(ctx)
		case <-interrupted:
			interrupted = nil
			b.say(locale.T(ctx, "cli.stopping", nil))
		case <-b.stop:
			b.mu.Lock()
			b.erase()
			b.mu.Unlock()
			return
		}
	}
}

func (b *board) started(rec *recorder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = append(b.running, &lane{rec: rec})
	slices.SortFunc(b.running, func(x, y *lane) int { return x.rec.resource.Row - y.rec.resource.Row })
}

// stopped takes the line of a resource away.
func (b *board) stopped(rec *recorder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = slices.DeleteFunc(b.running, func(l *lane) bool { return l.rec == rec })
}

// finished counts a resource; where there is no terminal its line is written.
func (b *board) finished(line string) {
	b.mu.Lock()
	b.done++
	b.mu.Unlock()
	if columns, _ := b.size(); columns == 0 {
		b.say(line)
	}
}

// say writes a line that stays, above those that are drawn.
func (b *board) say(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quiet {
		return
	}
	b.erase()
	fmt.Fprintln(b.out, line)
}

// erase takes away what was drawn; the lock is held.
func (b *board) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.out, "\x1b[%dA\r\x1b[J", b.drawn)
	}
	b.drawn = 0
}

// draw writes the lines anew, as many as the terminal has room for.
func (b *board) draw(ctx context.Context) {
	columns, lines := b.size()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quiet || columns == 0 {
		return
	}
	text := b.lines(ctx)
	text = text[:min(len(text), max(lines-1, 1))]
	var frame strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", b.drawn)
	}
	for _, line := range text {
		frame.WriteString("\r\x1b[2K" + cut(line, columns-1) + "\n")
	}
	frame.WriteString("\x1b[J")
	b.drawn = len(text)
	_, _ = io.WriteString(b.out, frame.String())
}

// lines are the running resources in columns, and how far the call has come.
func (b *board) lines(ctx context.Context) []string {
	t := table{right: map[int]bool{1: true, 4: true, 5: true}}
	for _, l := range b.running {
		t.add(l.columns(ctx, b.now())...)
	}
	count := locale.T(ctx, "cli.progress", map[string]any{"done": b.done, "total": b.total})
	return strings.Split(t.String()+count, "\n")
}

func (l *lane) columns(ctx context.Context, now time.Time) []string {
	folder, t, begun := l.rec.Latest()
	name := plain(l.rec.resource.Destination.Auth.Login)
	if !begun {
		return []string{"", fmt.Sprint(l.rec.resource.Row), cut(name, 32), locale.T(ctx, "cli.connecting", nil)}
	}
	return []string{
		"", fmt.Sprint(l.rec.resource.Row), cut(name, 32), cut(plain(folder), 28),
		locale.Number(ctx, t.Copied+t.Present) + "/" + locale.Number(ctx, t.Listed),
		locale.Bytes(ctx, t.Bytes), l.rate(ctx, t.Bytes, now),
	}
}

// rate is the speed of the last seconds.
func (l *lane) rate(ctx context.Context, bytes int64, now time.Time) string {
	l.rates = append(l.rates, sample{now, bytes})
	for len(l.rates) > 2 && now.Sub(l.rates[0].at) > rateWindow {
		l.rates = l.rates[1:]
	}
	first := l.rates[0]
	elapsed := now.Sub(first.at).Seconds()
	if elapsed < 1 {
		return ""
	}
	return locale.Bytes(ctx, int64(float64(bytes-first.bytes)/elapsed)) + "/s"
}
