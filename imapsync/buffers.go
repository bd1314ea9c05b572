package imapsync

import (
	"io"
	"sync"
)

// blockSize is small enough to waste little on small messages, and large enough
// to hold most headers.
const blockSize = 8 << 10

// blocks lends octets to the messages of one run and takes them back, in pieces
// of one size: so each can be used for any message. The collector would need
// about twice the memory for the same work, since messages come and go faster
// than it runs.
type blocks struct {
	mu   sync.Mutex
	free [][]byte
}

// get returns an empty block.
func (b *blocks) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		block := b.free[n-1]
		b.free = b.free[:n-1]
		return block
	}
	return make([]byte, 0, blockSize)
}

// put takes back what get returned. Nobody may look at it any more.
func (b *blocks) put(list [][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, block := range list {
		b.free = append(b.free, block[:0])
	}
}

// inBlocks returns what a message of size octets takes up in blocks.
func inBlocks(size int64) int64 {
	return max((size+blockSize-1)/blockSize, 1) * blockSize
}

// blockReader reads a message that lies in blocks. It changes none of them.
type blockReader struct {
	list [][]byte
	at   int // in the first of them
}

func (r *blockReader) Read(p []byte) (int, error) {
	for len(r.list) > 0 && r.at == len(r.list[0]) {
		r.list, r.at = r.list[1:], 0
	}
	if len(r.list) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.list[0][r.at:])
	r.at += n
	return n, nil
}
