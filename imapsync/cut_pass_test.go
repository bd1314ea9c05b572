package imapsync_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// pass is one case of many thousands: it fails its test under its own name, and
// cleans up at its own end. As subtests they would fill the log.
type pass struct {
	testing.TB
	name  string
	after []func()
}

func (p *pass) Cleanup(f func()) { p.after = append(p.after, f) }

func (p *pass) TempDir() string {
	dir, err := os.MkdirTemp("", "pass")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *pass) Error(args ...any) {
	p.Helper()
	p.TB.Errorf("%s\n%s", p.name, fmt.Sprint(args...))
}

func (p *pass) Errorf(format string, args ...any) {
	p.Helper()
	p.Error(fmt.Sprintf(format, args...))
}

func (p *pass) Fatal(args ...any) {
	p.Helper()
	p.Error(args...)
	runtime.Goexit()
}

func (p *pass) Fatalf(format string, args ...any) {
	p.Helper()
	p.Fatal(fmt.Sprintf(format, args...))
}

// run returns when the story has ended and everything of it is cleaned up.
func (p *pass) run(story func(testing.TB)) {
	var ended sync.WaitGroup
	ended.Go(func() {
		defer func() {
			for len(p.after) > 0 {
				last := len(p.after) - 1
				clean := p.after[last]
				p.after = p.after[:last]
				clean()
			}
		}()
		story(p)
	})
	ended.Wait()
}

// passesAtOnce is how many run side by side: much of their time they wait.
const passesAtOnce = 4

func runPasses[C fmt.Stringer](t *testing.T, cases []C, run func(C, testing.TB)) {
	queue := make(chan C)
	var workers sync.WaitGroup
	for range passesAtOnce {
		workers.Go(func() {
			for c := range queue {
				p := pass{TB: t, name: c.String()}
				p.run(func(t testing.TB) { run(c, t) })
			}
		})
	}
	for _, c := range cases {
		queue <- c
	}
	close(queue)
	workers.Wait()
}

// seed chooses another sample.
const seed = "1"

// lot draws a number for a case: the same one whichever others there are.
func lot(c fmt.Stringer) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(seed + c.String())) // never fails
	return h.Sum64()
}

// sample is 2 % of all cases, or all in the long test; under the race detector, which
// takes several times as long over each, a fifth of that.
func sample[C fmt.Stringer](all []C) (some []C) {
	for _, c := range all {
		if long || lot(c)%oneIn == 0 {
			some = append(some, c)
		}
	}
	return some
}

// draw returns as many of all cases as are asked for.
func draw[C fmt.Stringer](all []C, number int) (some []C) {
	byLot := map[uint64]C{}
	for _, c := range all {
		byLot[lot(c)] = c
	}
	for _, lot := range slices.Sorted(maps.Keys(byLot))[:number] {
		some = append(some, byLot[lot])
	}
	return some
}
