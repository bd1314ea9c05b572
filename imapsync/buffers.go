package imapsync

import (
	"math/bits"
	"sync"
)

const (
	smallestBuffer = 1 << 10
	bufferClasses  = 12 * perDoubling // up to inMemory
	perDoubling    = 4                // so that a buffer is at most a quarter too large
	keptOctets     = 4 << 20
)

// buffers lends octets to the messages of one run and takes them back, by size.
// The collector would need about twice the memory for the same work: messages
// come and go faster than it runs.
type buffers struct {
	mu   sync.Mutex
	free [bufferClasses + 1][][]byte
	kept int
}

// get returns an empty buffer with room for size octets, at most inMemory.
func (b *buffers) get(size int64) []byte {
	class := classOf(size)
	b.mu.Lock()
	defer b.mu.Unlock()
	if list := b.free[class]; len(list) > 0 {
		buf := list[len(list)-1]
		b.free[class] = list[:len(list)-1]
		b.kept -= cap(buf)
		return buf
	}
	return make([]byte, 0, classSize(class))
}

// put takes back what get returned. Nobody may look at it any more.
func (b *buffers) put(buf []byte) {
	if cap(buf) < smallestBuffer {
		return
	}
	class := classOf(int64(cap(buf)))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept+cap(buf) <= keptOctets && classSize(class) == cap(buf) {
		b.free[class] = append(b.free[class], buf[:0])
		b.kept += cap(buf)
	}
}

// classOf returns the smallest class with room for size octets.
func classOf(size int64) int {
	if size <= smallestBuffer {
		return 0
	}
	doublings := bits.Len64(uint64(size-1)/smallestBuffer) - 1
	base := int64(smallestBuffer) << doublings
	step := base / perDoubling
	return doublings*perDoubling + int((size-base+step-1)/step)
}

func classSize(class int) int {
	base := smallestBuffer << (class / perDoubling)
	return base + base/perDoubling*(class%perDoubling)
}
