package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// SampleRunning notes how far the running passes of all customers have come,
// where that was noted long enough ago (migration.SampleDistance). Of a long pass
// every other sample is forgotten.
func (s *Store) SampleRunning(ctx context.Context) error {
	due, err := s.passesToSample(ctx)
	if err == nil && len(due) > 0 {
		err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, pass := range due {
				if err := s.samplePass(ctx, tx, pass); err != nil {
					return err
				}
				if err := thinSamples(ctx, tx, pass); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("note how far passes are: %w", err)
	}
	return nil
}

func (s *Store) passesToSample(ctx context.Context) (due []int64, err error) {
	now := s.now()
	err = eachRow(ctx, s.readers, func(row scanner) error {
		var id int64
		var started, last sql.NullInt64
		if err := row.Scan(&id, &started, &last); err != nil {
			return err
		}
		distance := migration.SampleDistance(now.Sub(fromMillis(started)))
		if !last.Valid || now.Sub(fromMillis(last)) >= distance {
			due = append(due, id)
		}
		return nil
	}, `
		SELECT p.id, p.started_at, (SELECT max(at) FROM sample WHERE pass_id = p.id)
		FROM pass p JOIN migration m ON m.id = p.migration_id
		WHERE p.status = $1 AND m.code IS NOT NULL`, migration.PassRunning)
	return due, err
}

// samplePass notes how far a pass of the panel is now, and whether it rests.
func (s *Store) samplePass(ctx context.Context, tx *sql.Tx, passID int64) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO sample (pass_id, customer_id, at, messages, bytes, rest)
		SELECT p.id, p.customer_id, $2, coalesce(sum(r.copied + r.present + r.skipped + r.failed), 0), coalesce(sum(r.bytes), 0),
			CASE WHEN p.status = $3 THEN '' ELSE p.status END
		FROM pass p JOIN migration m ON m.id = p.migration_id LEFT JOIN run r ON r.pass_id = p.id
		WHERE p.id = $1 AND m.code IS NOT NULL
		GROUP BY p.id, p.customer_id, p.status
		ON CONFLICT (pass_id, at) DO UPDATE SET messages = excluded.messages, bytes = excluded.bytes, rest = excluded.rest`,
		passID, millis(s.now()), migration.PassRunning)
	return err
}

// thinSamples forgets every other sample of a pass that has too many. The first
// stays, and so do those between which the pass rested.
func thinSamples(ctx context.Context, tx *sql.Tx, passID int64) error {
	_, err := tx.ExecContext(ctx, `
		DELETE FROM sample WHERE pass_id = $1 AND at IN (
			SELECT at FROM (
				SELECT at, rest, lag(rest, 1, '') OVER (ORDER BY at) AS before, row_number() OVER (ORDER BY at) AS turn
				FROM sample WHERE pass_id = $1) AS numbered
			WHERE turn % 2 = 0 AND rest = '' AND before = '')
		AND (SELECT count(*) FROM sample WHERE pass_id = $1) > $2`, passID, migration.MaxSamples)
	return err
}

// mostHindrances is how many lines are read to explain a curve.
const mostHindrances = 5000

// Hindrances returns what held the runs of a pass up between two moments, as their
// logs tell, oldest first; of very many not all.
func (s *Store) Hindrances(ctx context.Context, customer, passID int64, from, to time.Time) (found []migration.Hindrance, err error) {
	err = eachRow(ctx, s.readers, func(row scanner) error {
		entry, err := scanEntry(row)
		if h, tells := migration.HindranceOf(entry); err == nil && tells {
			found = append(found, h)
		}
		return err
	}, `
		SELECT e.at, e.level, e.code, e.args, e.server_text
		FROM pass p JOIN run r ON r.pass_id = p.id JOIN entry e ON e.run_id = r.id
		WHERE $1 IN (0, p.customer_id) AND p.id = $2 AND e.level <> 'info' AND e.code IN ($3, $4) AND e.at BETWEEN $5 AND $6
		ORDER BY e.at LIMIT $7`,
		customer, passID, migration.EntryReconnecting, migration.EntryRunEnded, millis(from), millis(to), mostHindrances)
	if err != nil {
		return nil, fmt.Errorf("what held pass %d up: %w", passID, err)
	}
	return found, nil
}

// Samples returns what was noted of a pass, oldest first.
func (s *Store) Samples(ctx context.Context, customer, passID int64) ([]migration.Sample, error) {
	scan := func(row scanner) (m migration.Sample, err error) {
		var at sql.NullInt64
		err = row.Scan(&at, &m.Messages, &m.Bytes, &m.Rest)
		m.At = fromMillis(at)
		return m, err
	}
	samples, err := queryAll(ctx, s.readers, scan, `
		SELECT at, messages, bytes, rest FROM sample
		WHERE $1 IN (0, customer_id) AND pass_id = $2 ORDER BY at`, customer, passID)
	if err != nil {
		return nil, fmt.Errorf("samples of pass %d: %w", passID, err)
	}
	return samples, nil
}
