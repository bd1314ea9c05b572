package store

import (
	"testing"

	"trasloco/migration"
)

func benchStates(from, n uint32) []migration.MessageState {
	states := make([]migration.MessageState, n)
	for i := range states {
		uid := from + uint32(i)
		states[i] = migration.MessageState{
			UID: uid, Kind: migration.Copied, DestUID: uid, Size: 8000 + int64(uid%1000),
			Fingerprint: uint64(uid) * 0x9E3779B97F4A7C15, Flags: []string{`\Seen`, "$Label1"},
		}
	}
	return states
}

// One operation is a batch of 100: Begin and Settle.
func BenchmarkSettle(b *testing.B) {
	j := newLab(b).journal(b, "a", "a")
	pair := savePair(b, j, "INBOX", "INBOX")
	items := make([]migration.BatchItem, 100)
	next := uint32(1)
	for b.Loop() {
		batch := migration.Batch{
			PairID: pair.ID, DestID: pair.Dest.ID, DestUIDValidity: 100, DestLow: next, Items: items,
		}
		check(b, j.Begin(b.Context(), &batch))
		check(b, j.Settle(b.Context(), batch, benchStates(next, 100), next+100))
		next += 100
	}
	b.ReportMetric(float64(next-1)/b.Elapsed().Seconds(), "msg/s")
}

// One operation reads a folder of 20 000 messages.
func BenchmarkMessages(b *testing.B) {
	j := newLab(b).journal(b, "a", "a")
	pair := savePair(b, j, "INBOX", "INBOX")
	check(b, j.Record(b.Context(), pair.ID, benchStates(1, 20_000)))
	b.ReportAllocs()
	for b.Loop() {
		if got := messages(b, j, pair.ID); len(got) != 20_000 {
			b.Fatalf("%d messages", len(got))
		}
	}
}
