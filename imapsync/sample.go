package imapsync

import (
	"context"
	"fmt"
	"io"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// What a check reads to see how fast a source is: the newest messages of its
// fullest folder, as many as fit.
const (
	sampleMessages = 50
	sampleMost     = 1 << 20  // octets
	sampleLeast    = 64 << 10 // below it, it is the way to the server that is measured
)

// sample returns how many octets a second the source sends, 0 where there is too
// little to tell. The time of a short question is taken off the answer's.
func (e *Engine) sample(ctx context.Context, conn *wire.Conn, t *tree, inventory migration.FolderInventory) (int64, error) {
	fullest := -1
	for i, f := range inventory {
		if !f.Parent && !f.View && f.Bytes >= sampleLeast && (fullest < 0 || f.Messages > inventory[fullest].Messages) {
			fullest = i
		}
	}
	if fullest < 0 {
		return 0, nil
	}
	box, err := conn.Examine(ctx, t.folders[fullest].Name)
	if err != nil || box.Exists == 0 {
		return 0, ignoreRefusal(err)
	}
	began := e.opts.Now()
	set, octets, err := newest(ctx, conn, box.Exists)
	if err != nil || octets < sampleLeast {
		return 0, ignoreRefusal(err)
	}
	asked := e.opts.Now()
	sink := func(int64) (io.Writer, error) { return io.Discard, nil }
	octets = 0
	status, err := conn.Fetch(ctx, wire.Query{Set: set, Items: "(BODY.PEEK[])"}, sink, func(f wire.Fetched) error {
		octets += f.BodySize
		return nil
	})
	if err != nil || status.Err("FETCH") != nil {
		return 0, ignoreRefusal(err)
	}
	return rateOf(octets, e.opts.Now().Sub(asked), asked.Sub(began)), nil
}

// newest returns the set of the newest messages of the open folder that fit into a
// sample, and their octets.
func newest(ctx context.Context, conn *wire.Conn, exists uint32) (set string, octets int64, err error) {
	low := max(int64(exists)-sampleMessages+1, 1)
	sizes := make([]int64, int64(exists)-low+1)
	q := wire.Query{Set: fmt.Sprintf("%d:%d", low, exists), Items: "(RFC822.SIZE)"}
	status, err := conn.Fetch(ctx, q, nil, func(f wire.Fetched) error {
		if at := int64(f.Seq) - low; at >= 0 && at < int64(len(sizes)) {
			sizes[at] = f.Size
		}
		return nil
	})
	if err == nil {
		err = status.Err("FETCH")
	}
	from := len(sizes)
	for from > 0 && octets+sizes[from-1] <= sampleMost {
		from--
		octets += sizes[from]
	}
	return fmt.Sprintf("%d:%d", low+int64(from), exists), octets, err
}

// rateOf is octets a second. A way that took longer than the octets themselves
// leaves a quarter of the time for them.
func rateOf(octets int64, took, way time.Duration) int64 {
	took = max(took-way, took/4)
	if took <= 0 {
		return 0
	}
	return int64(float64(octets) / took.Seconds())
}
