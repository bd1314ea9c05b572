package imapsync

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"trasloco/migration"
)

const (
	queueLength = 2 * batchMessages // items between the reader and the lanes; their octets are bounded by the budget
	keepAlive   = 2 * time.Minute   // C-3
	appendTries = 3
)

// copyMessages moves messages from the source to their folders at the
// destination: one goroutine reads, one or a few append. When the reader fails,
// what it has read is still appended; when a lane does, the reader is stopped.
func (r *run) copyMessages(ctx context.Context) error {
	folders, count := r.toCopy()
	if len(folders) == 0 {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan *item, queueLength)
	var unread error
	go func() {
		defer close(queue)
		unread = fenced(SourceSide, func() error { return r.read(reading, folders, queue) })
	}()
	err := fenced(DestinationSide, func() error { return r.appendFrom(ctx, queue, count) })
	stop()
	for it := range queue { // what nobody took, until the reader has ended
		it.release()
	}
	return cmp.Or(r.failFailing(folders), err, unread)
}

// toCopy returns the folders that messages are to be copied from, and how many.
func (r *run) toCopy() (folders []*folderRun, count int) {
	for _, f := range r.folders {
		if !f.finished && len(f.plan.copy) > 0 {
			folders = append(folders, f)
			count += len(f.plan.copy)
		}
	}
	return folders, count
}

// failFailing ends the folders that failed while they were copied, when nothing
// of them is under way any more.
func (r *run) failFailing(folders []*folderRun) error {
	for _, f := range folders {
		if f.failing != nil && !f.finished {
			if err := r.failFolder(f, f.failing); err != nil {
				return err
			}
		}
	}
	return nil
}

// A destination that makes every message wait for its leave is given several
// connections, which wait side by side (C-1, K-4). Elsewhere a second one gains nothing:
// what they store contends for the same disk.
const (
	mostLanes       = 4
	messagesPerLane = 8
)

// appendFrom appends what comes out of the queue.
func (r *run) appendFrom(ctx context.Context, queue <-chan *item, count int) error {
	lanes := r.openLanes(ctx, count)
	if len(lanes) == 1 {
		return lanes[0].work(ctx, queue)
	}
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	failed := make([]error, len(lanes))
	var all sync.WaitGroup
	for i, l := range lanes {
		all.Go(func() {
			failed[i] = fenced(DestinationSide, func() error { return l.work(feeding, queue) })
			if failed[i] != nil {
				stop() // the others end in order
			}
			if l.conn.Err() != nil {
				l.doWithLess()
			}
			if i > 0 {
				leaving(DestinationSide, func() { l.conn.Logout(r.hard) })()
			}
		})
	}
	all.Wait()
	var other error
	for _, err := range failed {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		other = cmp.Or(other, err)
	}
	return other
}

// doWithLess notes that the destination does not bear several connections: the
// rest of the run has one.
func (r *run) doWithLess() {
	r.books.Lock()
	defer r.books.Unlock()
	r.fewer = true
}

// openLanes returns the lanes to append through. One that cannot be connected is
// done without.
func (r *run) openLanes(ctx context.Context, count int) []*lane {
	lanes := []*lane{r.newLane(r.dst)}
	if r.dst.Pipelines(inMemory) || !r.dst.Has("UIDPLUS") || r.fewer {
		return lanes
	}
	more := make([]*lane, min(mostLanes, count/messagesPerLane+1)-1)
	var all sync.WaitGroup
	for i := range more {
		all.Go(leaving(DestinationSide, func() {
			conn, err := r.engine.further(ctx, r.job)
			if err == nil {
				more[i] = r.newLane(conn)
			}
		}))
	}
	all.Wait()
	for _, l := range more {
		if l == nil {
			r.fewer = true
			continue
		}
		lanes = append(lanes, l)
	}
	for _, l := range lanes {
		l.lanes = len(lanes)
	}
	if r.fewer {
		r.entry(migration.Info, "fewer_connections", migration.Args{"connections": len(lanes)}, "")
	}
	return lanes
}
