package imapsync

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Idle reports whether all memory and temp space has been given back; for the
// stories.
func (e *Engine) Idle() bool {
	memory, disk := e.memory.TryAcquire(e.opts.Memory), e.disk.TryAcquire(e.opts.TempSpace)
	if memory {
		e.memory.Release(e.opts.Memory)
	}
	if disk {
		e.disk.Release(e.opts.TempSpace)
	}
	return memory && disk
}

func TestCostOfAMessage(t *testing.T) {
	b := New(Options{Memory: 5 << 20, TempSpace: 20 << 20}).newBudget()
	tests := []struct {
		name               string
		size, memory, disk int64
	}{
		{"an empty one takes a block", 0, blockSize, 0},
		{"one octet takes a block", 1, blockSize, 0},
		{"a block takes a block", blockSize, blockSize, 0},
		{"an octet more takes two", blockSize + 1, 2 * blockSize, 0},
		{"the largest that stays in memory", inMemory, inMemory, 0},
		{"a larger one takes its head, and a file", inMemory + 1, headSize, inMemory + 1},
		{"one larger than all temp space takes all of it", 1 << 30, headSize, 20 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if memory, disk := b.cost(tt.size); memory != tt.memory || disk != tt.disk {
				t.Errorf("it takes %d and %d, want %d and %d", memory, disk, tt.memory, tt.disk)
			}
		})
	}
	small := New(Options{Memory: 1 << 20, TempSpace: 1 << 20}).newBudget()
	if memory, _ := small.cost(3 << 20); memory != 1<<20 {
		t.Errorf("one larger than all memory takes %d", memory)
	}
}

// TestASpoolFitsItsRoom: what a message takes up in blocks, or as its head beside
// a file, is what was paid for it.
func TestASpoolFitsItsRoom(t *testing.T) {
	b := New(Options{}).newBudget()
	for _, size := range []int64{0, 1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 7, inMemory, inMemory + 1, inMemory + blockSize} {
		s, err := newSpool(t.TempDir(), size, &blocks{})
		if err != nil {
			t.Fatal(err)
		}
		for written := int64(0); written < size; {
			n, err := s.Write(make([]byte, min(size-written, 3000)))
			if err != nil {
				t.Fatal(err)
			}
			written += int64(n)
		}
		memory, _ := b.cost(size)
		if held := int64(len(s.mem))*blockSize + int64(len(s.head)); held > memory {
			t.Errorf("%d octets take up %d, paid were %d", size, held, memory)
		}
		s.close()
	}
}

// TestBudgetsOfManyRuns: whatever they ask for, together they never hold more
// than there is, each gets its turn, and in the end all of it is given back.
func TestBudgetsOfManyRuns(t *testing.T) {
	e := New(Options{Memory: 1 << 20, TempSpace: 9 << 20})
	var all sync.WaitGroup
	var memory, disk atomic.Int64
	for seed := range uint64(8) {
		all.Go(func() {
			r, b := rand.New(rand.NewPCG(seed, 7)), e.newBudget()
			for range 400 {
				holdFor(t, e, b, []int64{100, 40_000, 900_000, 3 << 20, 5 << 20, 30 << 20}[r.IntN(6)], &memory, &disk)
			}
		})
	}
	all.Wait()
	if !e.Idle() || memory.Load() != 0 || disk.Load() != 0 {
		t.Errorf("%d and %d octets were not given back", memory.Load(), disk.Load())
	}
}

func holdFor(t *testing.T, e *Engine, b *budget, size int64, memory, disk *atomic.Int64) {
	space, err := b.acquire(t.Context(), size)
	if err != nil {
		t.Errorf("acquire %d: %v", size, err)
		return
	}
	m, d := space.memory, space.disk
	if sum := memory.Add(m); sum > e.opts.Memory {
		t.Errorf("%d octets of memory are held", sum)
	}
	if sum := disk.Add(d); sum > e.opts.TempSpace {
		t.Errorf("%d octets of temp space are held", sum)
	}
	memory.Add(-m)
	disk.Add(-d)
	space.release()
	space.release() // does nothing
}

// TestWaitingForRoomEndsWithTheRun, and what was had until then is given back.
func TestWaitingForRoomEndsWithTheRun(t *testing.T) {
	for name, first := range map[string]int64{"memory is missing": 900_000, "temp space is missing": 5 << 20} {
		t.Run(name, func(t *testing.T) {
			e := New(Options{Memory: 1 << 20, TempSpace: 6 << 20})
			held, err := e.newBudget().acquire(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := e.newBudget().acquire(ctx, first); err == nil {
				t.Error("there was room")
			}
			held.release()
			if !e.Idle() {
				t.Error("not all was given back")
			}
		})
	}
}
