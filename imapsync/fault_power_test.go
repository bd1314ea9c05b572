package imapsync_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// tape is a journal on a disk that may forget: what was written last is lost by
// a power cut, in the order it was written. The clean mark is taken away on the
// disk before anything else happens, as the real one is.
type tape struct {
	*memory
	mu      sync.Mutex // lanes write side by side
	written []func(*memory)
}

// note keeps a write on the tape. Until the returned function is called no other
// write begins: on the tape they stand in the order in which they were made.
func (j *tape) note(write func(*memory)) (made func()) {
	j.mu.Lock()
	j.written = append(j.written, write)
	return j.mu.Unlock
}

func newTape() *tape { return &tape{memory: cleanMemory()} }

// cut forgets the last n writes.
func (j *tape) cut(n int) {
	kept := j.written[:max(len(j.written)-n, 0)]
	fresh := newMemory()
	for _, write := range kept {
		write(fresh)
	}
	j.memory, j.written = fresh, slices.Clone(kept)
}

func (j *tape) SavePair(ctx context.Context, p *migration.FolderPair) error {
	saved := *p
	defer j.note(func(m *memory) { again := saved; _ = m.SavePair(ctx, &again) })()
	return j.memory.SavePair(ctx, p)
}

func (j *tape) Begin(ctx context.Context, b *migration.Batch) error {
	begun := *b
	defer j.note(func(m *memory) { again := begun; _ = m.Begin(ctx, &again) })()
	return j.memory.Begin(ctx, b)
}

func (j *tape) Settle(ctx context.Context, b migration.Batch, states []migration.MessageState, next uint32) error {
	states = slices.Clone(states)
	defer j.note(func(m *memory) { _ = m.Settle(ctx, b, states, next) })()
	return j.memory.Settle(ctx, b, states, next)
}

func (j *tape) Record(ctx context.Context, id int64, states []migration.MessageState) error {
	states = slices.Clone(states)
	defer j.note(func(m *memory) { _ = m.Record(ctx, id, states) })()
	return j.memory.Record(ctx, id, states)
}

func (j *tape) Rekey(ctx context.Context, id int64, states []migration.MessageState) error {
	states = slices.Clone(states)
	defer j.note(func(m *memory) { _ = m.Rekey(ctx, id, states) })()
	return j.memory.Rekey(ctx, id, states)
}

func (j *tape) RenamePair(ctx context.Context, id int64, source string) error {
	defer j.note(func(m *memory) { _ = m.RenamePair(ctx, id, source) })()
	return j.memory.RenamePair(ctx, id, source)
}

func (j *tape) MoveMessage(ctx context.Context, from int64, uid uint32, to int64, state migration.MessageState) error {
	defer j.note(func(m *memory) { _ = m.MoveMessage(ctx, from, uid, to, state) })()
	return j.memory.MoveMessage(ctx, from, uid, to, state)
}

// asDovecot keeps what Dovecot keeps (I-8).
func asDovecot(octets []byte) []byte {
	octets = bytes.ReplaceAll(bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	return bytes.ReplaceAll(octets, []byte{0}, []byte{0x80})
}

// TestPowerCut loses the last writes of a run, any number of them, however the
// run ended: nothing is doubled and nothing lost (I-5).
func TestPowerCut(t *testing.T) {
	stores := map[string]func([]byte) []byte{"octets as they are": nil, "as Dovecot does": asDovecot}
	endings := map[string][]imaptest.Fault{
		"after the end":              nil,
		"in the middle":              {{Command: "APPEND", Nth: 6, Lost: true}},
		"before the first is stored": {{Command: "APPEND", Nth: 1, Bye: "gone"}},
	}
	for stored, keep := range stores {
		for ending, faults := range endings {
			t.Run("stored "+stored+", cut "+ending, func(t *testing.T) {
				for n := 0; ; n++ {
					s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Keep: keep})
					s.stores = keep
					disk := newTape()
					s.journal = disk
					s.fillOdd()
					s.dst.SetFaults(faults...)
					s.patience.GiveUp = -1
					s.run(t.Context())
					writes := len(disk.written)
					disk.cut(n)
					s.dst.SetFaults()
					s.mustRun()
					s.checkWhole()
					if t.Failed() {
						t.Fatalf("%d of %d writes lost", n, writes)
					}
					if n > writes {
						return
					}
				}
			})
		}
	}
}

// TestPowerCutBetweenTwins: two messages of one header and size, and only the
// second is at the destination. Taking it for the first would lose one.
func TestPowerCutBetweenTwins(t *testing.T) {
	for n := 0; n < 12; n++ {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		disk := newTape()
		s.journal = disk
		s.fill("INBOX", mail(5, "same head"))
		for i := range 110 { // the newest hundred go first
			s.fill("INBOX", mail(100+i, "text"))
		}
		s.fill("INBOX", mail(5, "SAME HEAD"))
		s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: 101, Bye: "gone"})
		s.patience.GiveUp = -1
		s.run(t.Context())
		disk.cut(n)
		s.dst.SetFaults()
		s.mustRun()
		s.checkWhole()
		if t.Failed() {
			t.Fatalf("%d writes lost", n)
		}
	}
}

// TestPowerCutAndThenAFolderThatFails: the run after the cut cannot look at the
// folder, the one after it can.
func TestPowerCutAndThenAFolderThatFails(t *testing.T) {
	for n := range 8 {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		disk := newTape()
		s.journal = disk
		s.fill("INBOX", oddMail()...)
		s.mustRun()
		disk.cut(n)
		s.src.SetFaults(imaptest.Fault{Command: "EXAMINE", Reply: "NO not at this hour"})
		if got := s.mustRun(); got.tally.Listed != len(oddMail()) || len(got.left) != 1 || got.left[0].Kind != migration.Failed {
			t.Fatalf("told %+v%s", got.tally, got.log())
		}
		s.src.SetFaults()
		s.mustRun()
		s.checkWhole()
		if t.Failed() {
			t.Fatalf("%d writes lost", n)
		}
	}
}

// TestTwoSourcesOneDestination: the mail of one is not taken for that of the
// other, whatever was lost.
func TestTwoSourcesOneDestination(t *testing.T) {
	for n := 1; n <= 6; n++ {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.fill("INBOX", oddMail()...)
		other := *s
		other.src = imaptest.NewAccount(t, imaptest.AccountOptions{})
		other.fill("INBOX", oddMail()...)
		first := cleanMemory()
		s.journal, other.journal = first, first.mailbox.journal()
		other.journal.(*memory).clean = true

		s.patience.GiveUp, other.patience.GiveUp = -1, -1
		s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: n, Lost: true})
		s.run(t.Context())
		s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: n, Lost: true})
		other.run(t.Context())
		s.dst.SetFaults()
		s.mustRun()
		other.mustRun()
		want := append(letters(s.src.Folder("INBOX"), nil), letters(other.src.Folder("INBOX"), nil)...)
		if got := letters(s.dst.Folder("INBOX"), nil); !sameLetters(got, want) {
			t.Errorf("answer %d lost: %s", n, difference(got, want))
		}
		s.checkAgain()
		other.checkAgain()
	}
}
