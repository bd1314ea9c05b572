package store

import (
	"context"
	"fmt"

	"trasloco/migration"
)

// LastReasons counts what was left out of each resource, or failed, in the last
// pass that it has a run in: by the resource's ID, most first.
func (s *Store) LastReasons(ctx context.Context, customer, migrationID int64) (map[int64][]migration.ReasonCount, error) {
	reasons := make(map[int64][]migration.ReasonCount)
	err := eachRow(ctx, s.readers, func(row scanner) error {
		var resource int64
		var c migration.ReasonCount
		err := row.Scan(&resource, &c.Kind, &c.Reason, &c.Count)
		reasons[resource] = append(reasons[resource], c)
		return err
	}, `
		SELECT r.resource_id, e.outcome, e.reason, sum(e.count) AS messages
		FROM pass p JOIN run r ON r.pass_id = p.id JOIN exception e ON e.run_id = r.id
		WHERE $1 IN (0, p.customer_id) AND p.migration_id = $2 AND `+notSuperseded+`
		GROUP BY r.resource_id, e.outcome, e.reason
		ORDER BY r.resource_id, messages DESC, e.reason`, customer, migrationID)
	if err != nil {
		return nil, fmt.Errorf("reasons of the resources of migration %d: %w", migrationID, err)
	}
	return reasons, nil
}
