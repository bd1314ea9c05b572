package imapsync_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

var errDisk = errors.New("no space left on device")

// failing is a journal whose writes fail from the nth on, as on a full disk.
type failing struct {
	imapsync.Journal
	left atomic.Int32
}

func (j *failing) fail() error {
	if j.left.Add(-1) < 0 {
		return errDisk
	}
	return nil
}

func (j *failing) SavePair(ctx context.Context, p *migration.FolderPair) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.SavePair(ctx, p)
}

func (j *failing) Begin(ctx context.Context, b *migration.Batch) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.Begin(ctx, b)
}

func (j *failing) Settle(ctx context.Context, b migration.Batch, states []migration.MessageState, next uint32) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.Settle(ctx, b, states, next)
}

func (j *failing) Record(ctx context.Context, id int64, states []migration.MessageState) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.Record(ctx, id, states)
}

func (j *failing) Rekey(ctx context.Context, id int64, states []migration.MessageState) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.Rekey(ctx, id, states)
}

func (j *failing) RenamePair(ctx context.Context, id int64, source string) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.RenamePair(ctx, id, source)
}

func (j *failing) MoveMessage(ctx context.Context, from int64, uid uint32, to int64, state migration.MessageState) error {
	if err := j.fail(); err != nil {
		return err
	}
	return j.Journal.MoveMessage(ctx, from, uid, to, state)
}

// TestFullDisk ends a first run at each write to the journal.
func TestFullDisk(t *testing.T) {
	for n := int32(0); ; n++ {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fillOdd()
		s.fill("INBOX", quirky(20, imaptest.Quirk{NilBody: true}))
		broken := &failing{Journal: s.journal}
		broken.left.Store(n)
		s.journal = broken
		got := s.run(t.Context())
		if got.err == nil {
			return
		}
		if e := errorOf(got.err); e == nil || e.Class != imapsync.ClassInternal || !errors.Is(got.err, errDisk) {
			t.Fatalf("write %d: ended with %v", n, got.err)
		}
		s.journal = broken.Journal
		s.mustRun()
		leave := func(m imaptest.Message) bool { return m.Quirk.NilBody }
		s.checkCopied(leave)
		s.checkAgain()
		if t.Failed() {
			t.Fatalf("write %d", n)
		}
	}
}
