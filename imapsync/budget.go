package imapsync

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// runMemory bounds the octets of messages of one run that are between their
// reading and the answer of the destination.
const runMemory = 10 << 20

// budget is what one run may hold, within what all runs may hold together (K-5). Who
// waits for room is served in turn, so that no run starves another.
type budget struct {
	engine *Engine
	own    *semaphore.Weighted
}

func (e *Engine) newBudget() *budget { return &budget{e, semaphore.NewWeighted(runMemory)} }

// room is what a message takes up until it is released.
type room struct {
	of           *budget
	memory, disk int64
}

// acquire waits for room for a message of size octets.
func (b *budget) acquire(ctx context.Context, size int64) (room, error) {
	r := room{of: b}
	r.memory, r.disk = b.cost(size)
	if err := b.own.Acquire(ctx, r.memory); err != nil {
		return room{}, err
	}
	if err := b.engine.memory.Acquire(ctx, r.memory); err != nil {
		b.own.Release(r.memory)
		return room{}, err
	}
	if err := b.engine.disk.Acquire(ctx, r.disk); err != nil {
		b.own.Release(r.memory)
		b.engine.memory.Release(r.memory)
		return room{}, err
	}
	return r, nil
}

// cost is what a message of size octets takes up. One that is larger than all
// there is takes all: it gets its turn alone.
func (b *budget) cost(size int64) (memory, disk int64) {
	memory = inBlocks(size)
	if size > inMemory {
		memory, disk = headSize, min(size, b.engine.opts.TempSpace)
	}
	return min(memory, b.engine.opts.Memory), disk
}

// release gives the room back. A second call does nothing.
func (r *room) release() {
	if r.of == nil {
		return
	}
	r.of.own.Release(r.memory)
	r.of.engine.memory.Release(r.memory)
	r.of.engine.disk.Release(r.disk)
	*r = room{}
}
