package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"trasloco/migration"
)

// settleSome begins and settles a batch of n messages such as there are: from a
// few hundred octets to 200 kB, some with keywords.
func settleSome(t testing.TB, j *Journal, pair migration.FolderPair, mail *rand.Rand, from, n uint32) {
	t.Helper()
	b := migration.Batch{PairID: pair.ID, DestID: pair.Dest.ID, DestUIDValidity: 100, DestLow: from}
	states := make([]migration.MessageState, n)
	for i := range states {
		s := migration.MessageState{
			UID: from + uint32(i), Kind: migration.Copied, DestUID: from + uint32(i),
			Size: 500 + int64(200_000*math.Pow(mail.Float64(), 4)), Fingerprint: mail.Uint64(), Flags: []string{`\Seen`},
		}
		if mail.IntN(4) == 0 {
			s.Flags = append(s.Flags, fmt.Sprint("$Label", mail.IntN(6)), "NonJunk")
		}
		states[i] = s
		b.Items = append(b.Items, migration.BatchItem{
			UID: s.UID, Fingerprint: s.Fingerprint, Size: s.Size, Digest: [32]byte{byte(i)}, Date: testNow, Flags: s.Flags,
		})
	}
	check(t, j.Begin(t.Context(), &b))
	check(t, j.Settle(t.Context(), b, states, from+n))
}

// One operation is a batch of 100 messages: Begin and Settle.
func BenchmarkJournal(b *testing.B) {
	j := newLab(b).journal(b, "a", "a")
	pair := savePair(b, j, "INBOX", "INBOX")
	mail := rand.New(rand.NewPCG(1, 2))
	next := uint32(1)
	for b.Loop() {
		settleSome(b, j, pair, mail, next, 100)
		next += 100
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(next-1), "ns/message")
}

// One operation reads a folder of 20 000 messages.
func BenchmarkMessages(b *testing.B) {
	j := newLab(b).journal(b, "a", "a")
	pair := fillPair(b, j, "INBOX", 20_000)
	b.ReportAllocs()
	for b.Loop() {
		if got := messages(b, j, pair.ID); len(got) != 20_000 {
			b.Fatalf("%d messages", len(got))
		}
	}
}

// fillPair settles n messages in batches of 100, under the same numbers at the
// source and at the destination.
func fillPair(t testing.TB, j *Journal, source string, n uint32) migration.FolderPair {
	t.Helper()
	pair := savePair(t, j, source, source)
	mail := rand.New(rand.NewPCG(uint64(pair.ID), 2))
	for from := uint32(1); from <= n; from += 100 {
		settleSome(t, j, pair, mail, from, 100)
	}
	return pair
}

// One operation sums up 50 folders of 3 000 messages, or one that has them all.
func BenchmarkKnown(b *testing.B) {
	for _, pairs := range []uint32{50, 1} {
		b.Run(fmt.Sprint(pairs, " folders"), func(b *testing.B) {
			j := newLab(b).journal(b, "a", "a")
			var ids []int64
			for i := range pairs {
				ids = append(ids, fillPair(b, j, fmt.Sprint("folder", i), 150_000/pairs).ID)
			}
			for b.Loop() {
				total := 0
				for _, id := range ids {
					total += must(j.Known(b.Context(), id, 1))(b).Copied
				}
				if total != 150_000 {
					b.Fatalf("%d messages", total)
				}
			}
		})
	}
}

// crowd is 20 migrations of 500 resources and two passes: a quarter is planned,
// the first pass of another quarter runs, the rest are over.
func crowd(b *testing.B) panel {
	b.Helper()
	p := newPanel(b)
	names := make([]string, 500)
	for i := range names {
		names[i] = fmt.Sprintf("account%d", i)
	}
	for i := range 20 {
		m := p.valid(b, names...)
		p.fillPasses(b, m, i%4)
	}
	return p
}

// fillPasses brings so many passes to their end, or begins the first for 3.
func (p panel) fillPasses(b *testing.B, m migration.Migration, ended int) {
	b.Helper()
	for i := range min(ended, 2) {
		check(b, p.BeginPass(b.Context(), p.customer, &m.Passes[i]))
		if ended == 3 {
			return
		}
		check(b, p.write(b.Context(), func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `
				UPDATE run SET status = 'done', listed = 3, copied = 3, bytes = 30, started_at = 1, ended_at = 2
				WHERE pass_id = $1`, m.Passes[i].ID)
			return err
		}))
		check(b, p.FinishPass(b.Context(), p.customer, &m.Passes[i]))
	}
}

// One operation is the list of all 20.
func BenchmarkMigrations(b *testing.B) {
	p := crowd(b)
	for b.Loop() {
		page := must(p.Migrations(b.Context(), MigrationQuery{Viewer: p.user, Now: p.at, PerPage: 25}))(b)
		if len(page.Migrations) != 20 {
			b.Fatalf("%d migrations", len(page.Migrations))
		}
	}
}

// One operation is one migration, whole.
func BenchmarkMigration(b *testing.B) {
	p := crowd(b)
	for b.Loop() {
		m := must(p.MigrationByID(b.Context(), p.customer, 3))(b)
		if m.Passes[1].Runs.Runs != 500 {
			b.Fatalf("%+v", m)
		}
	}
}

// One operation is a page of 25 of 500, or all of them.
func BenchmarkResources(b *testing.B) {
	p := crowd(b)
	for _, size := range []int{25, 500} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			query := ResourceQuery{Customer: p.customer, MigrationID: 3, Pass: 2, PerPage: size}
			for b.Loop() {
				if page := must(p.Resources(b.Context(), query))(b); len(page.Resources) != size {
					b.Fatalf("%d rows", len(page.Resources))
				}
			}
		})
	}
}

// One operation looks for 8 of the 2500 runs that wait, as each tick does.
func BenchmarkClaimable(b *testing.B) {
	p := crowd(b)
	for b.Loop() {
		if jobs := must(p.Claimable(b.Context(), p.at, 8))(b); len(jobs) != 8 {
			b.Fatalf("%d jobs", len(jobs))
		}
	}
}

// One operation reads what a tick needs to know of the migrations.
func BenchmarkActive(b *testing.B) {
	p := crowd(b)
	for b.Loop() {
		if active := must(p.Active(b.Context()))(b); len(active) != 15 {
			b.Fatalf("%d active", len(active))
		}
	}
}

// One operation looks for 8 of 500 checks to make.
func BenchmarkChecksToMake(b *testing.B) {
	p := crowd(b)
	names := make([]string, 500)
	for i := range names {
		names[i] = fmt.Sprintf("account%d", i)
	}
	p.draft(b, names...)
	for b.Loop() {
		if jobs := must(p.ChecksToMake(b.Context(), 8))(b); len(jobs) != 8 {
			b.Fatalf("%d jobs", len(jobs))
		}
	}
}

// One operation reads a log of 200 lines among 20 000.
func BenchmarkEntries(b *testing.B) {
	p := crowd(b)
	lines := make([]migration.Entry, 200)
	for i := range lines {
		lines[i] = migration.Entry{At: p.at, Level: migration.Info, Code: "folder.done", Args: migration.Args{"folder": "INBOX", "count": i}}
	}
	for run := range 100 {
		check(b, p.AppendEntries(b.Context(), p.customer, int64(run+1), lines))
	}
	for b.Loop() {
		if got := must(p.Entries(b.Context(), p.customer, 50))(b); len(got) != 200 {
			b.Fatalf("%d lines", len(got))
		}
	}
}

// One operation stores a file of 500 rows in which one password was corrected.
func BenchmarkSaveSheet(b *testing.B) {
	p := newPanel(b)
	names := make([]string, 500)
	for i := range names {
		names[i] = fmt.Sprintf("account%d", i)
	}
	m, rows := p.draft(b, names...), p.rows(names...)
	for i := 0; b.Loop(); i++ {
		rows[7].Source.Auth.Password = migration.NewSecret(fmt.Sprint("corrected", i))
		check(b, p.SaveSheet(b.Context(), p.customer, m.ID, migration.NewSecret("text"), rows))
	}
}
