package store

import (
	"context"
	"database/sql"
	"fmt"
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
