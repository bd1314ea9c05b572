package imapsync_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
	"trasloco/store"
)

// BenchmarkJournal copies 5,000 messages between two Dovecots, with the journal
// in the database and with one in memory that has nothing to write. The times of
// the two differ by less than those of one do from round to round, so what the
// calls to the journal took is measured too: at most 5 % of the whole.
func BenchmarkJournal(b *testing.B) {
	src, dst := realserver.Dovecot(b, realserver.Options{Fsync: "optimized"}), realserver.Dovecot(b, realserver.Options{Fsync: "optimized"})
	box := mailgen.New(1, mailgen.Options{Messages: 5000, MedianSize: 12_000, Spread: 1.5, MaxSize: 4 << 20})
	if _, err := src.Load("anna", box.Folders(), box.Messages()); err != nil {
		b.Fatal(err)
	}
	round := 0
	for _, kind := range []string{"memory", "database"} {
		b.Run(kind, func(b *testing.B) {
			var spent time.Duration
			for b.Loop() {
				b.StopTimer()
				round++
				r := migration.Resource{Row: 1, Source: endpoint(src, "anna"), Destination: endpoint(dst, fmt.Sprint("copy", round))}
				journal := &timed{Journal: cleanMemory(), spent: &spent}
				if kind == "database" {
					journal.Journal, r = inDatabase(b, r)
				}
				b.StartTimer()
				copyAll(b, journal, r)
			}
			share := 100 * spent.Seconds() / b.Elapsed().Seconds()
			b.ReportMetric(share, "%journal")
			if share > 5 {
				b.Errorf("the journal takes %.1f %% of a copy", share)
			}
		})
	}
}

// timed measures what the calls that are made for each batch take.
type timed struct {
	imapsync.Journal
	spent *time.Duration // one lane at a time calls
}

func (t *timed) measure() (stop func()) {
	began := time.Now()
	return func() { *t.spent += time.Since(began) }
}

func (t *timed) Begin(ctx context.Context, b *migration.Batch) error {
	defer t.measure()()
	return t.Journal.Begin(ctx, b)
}

func (t *timed) Settle(ctx context.Context, b migration.Batch, states []migration.MessageState, next uint32) error {
	defer t.measure()()
	return t.Journal.Settle(ctx, b, states, next)
}

func (t *timed) SavePair(ctx context.Context, p *migration.FolderPair) error {
	defer t.measure()()
	return t.Journal.SavePair(ctx, p)
}

func copyAll(b *testing.B, journal imapsync.Journal, r migration.Resource) {
	b.Helper()
	e := imapsync.New(imapsync.Options{TempDir: b.TempDir(), AllowPrivate: true})
	tally, err := e.Sync(context.Background(), imapsync.Job{
		Resource: r, Type: migration.Standard, Pass: 1, Rules: imapsync.DefaultRules(migration.Standard), MaxSize: 50 << 20,
	}, journal, imapsync.Discard{})
	if err != nil || tally.Failed > 0 {
		b.Fatalf("copied %+v, %v", tally, err)
	}
}

func inDatabase(b *testing.B, r migration.Resource) (imapsync.Journal, migration.Resource) {
	b.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	id, err := s.EnsureLocal(ctx)
	if err == nil {
		err = s.SaveResource(ctx, store.LocalCustomer, id, &r)
	}
	if err != nil {
		b.Fatal(err)
	}
	return s.Journal(store.LocalCustomer, r.ID, 1), r
}
