package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"trasloco/migration"
)

// Validating returns the migrations of all customers that wait for their
// verdict, oldest first, whole.
func (s *Store) Validating(ctx context.Context) ([]migration.Migration, error) {
	all, err := s.wholeMigrations(ctx, selection{`m.validity = $1`, []any{migration.Validating}})
	if err != nil {
		return nil, fmt.Errorf("validating migrations: %w", err)
	}
	return all, nil
}

// Active returns the valid migrations of all customers that have a pass which
// has not ended, or a run that tries again beside its pass: at work,
// interrupted, or parked and due. Oldest first, whole.
func (s *Store) Active(ctx context.Context) ([]migration.Migration, error) {
	all, err := s.wholeMigrations(ctx, selection{
		`m.validity = 'valid' AND m.id IN (
			SELECT migration_id FROM pass WHERE status NOT IN ('done', 'cancelled')
			UNION
			SELECT p.migration_id FROM run r JOIN pass p ON p.id = r.pass_id
			WHERE r.status IN ('connecting', 'copying', 'interrupted', 'parked')
				AND (r.status <> 'parked' OR r.retry_at <= $1) AND ` + notSuperseded + `)`,
		[]any{millis(s.now())},
	})
	if err != nil {
		return nil, fmt.Errorf("active migrations: %w", err)
	}
	return all, nil
}

// notSuperseded holds for run r of pass p while no later pass has a run for the
// same resource: that one copies what r would have copied.
const notSuperseded = `NOT EXISTS (
	SELECT 1 FROM run o JOIN pass l ON l.id = o.pass_id
	WHERE o.resource_id = r.resource_id AND l.number > p.number)`

// notOver holds for migration m while it is checked, a pass of it has not ended, or a run
// goes on alone.
const notOver = `(m.validity = 'validating' OR m.validity = 'valid' AND EXISTS (
	SELECT 1 FROM pass p LEFT JOIN run r ON r.pass_id = p.id
	WHERE p.migration_id = m.id AND (p.status NOT IN ('done', 'cancelled')
		OR r.status NOT IN ('done', 'failed', 'cancelled') AND ` + notSuperseded + `)))`

// claimable are the runs r, of pass p and resource x, that may be taken at $1:
// waiting and interrupted ones of running passes, and those that try again
// beside a pass that is done. A run whose destination mailbox another one is at
// work on waits (P-3).
const claimable = `m.code IS NOT NULL AND m.validity = 'valid'
	AND (r.status = 'waiting' AND p.status = 'running'
		OR p.status IN ('running', 'done') AND ` + notSuperseded + `
			AND (r.status = 'interrupted' OR r.status = 'parked' AND r.retry_at <= $1))
	AND x.mailbox NOT IN (
		SELECT y.mailbox FROM run w JOIN resource y ON y.id = w.resource_id
		WHERE w.status IN ('connecting', 'copying'))`

// Claimable returns up to limit runs of all customers that may be taken at now.
// The passes take turns, and one that has runs at work lets others go first, so
// that a large migration starves no small one; within a pass come first the
// interrupted runs, then the parked, then the waiting, in the order of the file.
//
// A run of an earlier pass is offered only while no later pass has a run for its
// resource. Two of the runs that are offered may have one destination mailbox.
func (s *Store) Claimable(ctx context.Context, now time.Time, limit int) (jobs []migration.RunJob, err error) {
	err = s.read(ctx, func(q querier) error {
		jobs, err = queryAll(ctx, q, scanRunJob, `
			SELECT m.customer_id, m.id, m.server_type, m.source_provider, m.folder_choices, m.gmail_labels, m.gmail_day_limit, p.number, `+runColumns+`, `+resourceColumns+`
			FROM (
				SELECT r.id, p.id AS pass_id, row_number() OVER (PARTITION BY p.id ORDER BY
					CASE r.status WHEN 'interrupted' THEN 0 WHEN 'parked' THEN 1 ELSE 2 END, x.line) AS turn
				FROM run r JOIN pass p ON p.id = r.pass_id
					JOIN migration m ON m.id = p.migration_id JOIN resource x ON x.id = r.resource_id
				WHERE r.status IN ('waiting', 'interrupted', 'parked') AND `+claimable+`
			) c
			LEFT JOIN (
				SELECT pass_id, count(*) AS runs FROM run
				WHERE status IN ('connecting', 'copying') GROUP BY pass_id
			) busy ON busy.pass_id = c.pass_id
			JOIN run r ON r.id = c.id JOIN pass p ON p.id = r.pass_id
			JOIN migration m ON m.id = p.migration_id JOIN resource x ON x.id = r.resource_id
			ORDER BY c.turn + coalesce(busy.runs, 0), m.id, c.turn
			LIMIT $2`, millis(now), limit)
		if err != nil {
			return err
		}
		return completeAll(ctx, q, jobs, func(j *migration.RunJob) *migration.Resource { return &j.Resource })
	})
	if err != nil {
		return nil, fmt.Errorf("runs to take: %w", err)
	}
	return jobs, nil
}

func scanRunJob(row scanner) (migration.RunJob, error) {
	var job migration.RunJob
	var run runFields
	var resource resourceFields
	var choices string
	whose := []any{&job.Customer, &job.MigrationID, &job.Type, &job.Provider, &choices, &job.Gmail.Labels, &job.Gmail.DayLimit, &job.Pass}
	err := row.Scan(slices.Concat(whose, run.into(), resource.into())...)
	if err == nil {
		job.Chosen, err = unpackChoices(choices)
	}
	if err != nil {
		return job, err
	}
	job.Run = run.value()
	job.Resource, err = resource.value()
	return job, err
}
