package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

const resourceColumns = `x.id, x.line, coalesce(x.domain_id, 0), x.left_out, x.source, x.destination_login,
	x.check_status, x.check_at, x.check_side, x.check_class, x.check_detail, x.check_server_text,
	x.check_certificate, x.check_folders, x.check_messages, x.check_bytes, x.check_oversize,
	x.check_quota_used, x.check_quota_limit, x.check_excluded, x.check_excluded_bytes, x.check_rate, x.check_master,
	x.addresses, x.check_shown, x.refused, x.check_hidden`

// resourceFields is where resourceColumns are read to.
type resourceFields struct {
	resource migration.Resource
	source   string
	master   string
	at       sql.NullInt64

	addresses migration.Addresses
}

func (f *resourceFields) into() []any {
	r, c := &f.resource, &f.resource.Check
	return []any{
		&r.ID, &r.Row, &r.DomainID, &r.LeftOut, &f.source, &r.Destination.Auth.Login,
		&c.Status, &f.at, &c.Side, &c.Class, &c.Detail, &c.ServerText,
		&c.Certificate, &c.Folders, &c.Messages, &c.Bytes, &c.Oversize, &c.QuotaUsed, &c.QuotaLimit,
		&c.Excluded, &c.ExcludedBytes, &c.Rate, &f.master,
		&f.addresses, &c.Shown, &r.Refused, &c.Hidden,
	}
}

// value returns the resource. Of its destination it knows the login only; see
// completeAll.
func (f *resourceFields) value() (migration.Resource, error) {
	var err error
	f.resource.Check.At = fromMillis(f.at)
	if f.resource.Source, err = unpackEndpoint(f.source); err == nil {
		f.resource.Check.Master, err = unpackMaster(f.master)
	}
	f.resource.Source.Addresses, f.resource.Check.Addresses = f.addresses, f.addresses
	return f.resource, err
}

// Groups of the resources of a pass, by where their run stands. A row that is
// left out and has no run is in GroupLeftOut.
const (
	GroupWorking = "working" // connecting, copying
	GroupParked  = "parked"
	GroupWaiting = "waiting" // waiting, interrupted, or the pass has not begun
	GroupDone    = "done"
	GroupFailed  = "failed" // failed, cancelled
)

// Groups of resources by their check.
const (
	GroupBad  = "bad"  // failed
	GroupOK   = "ok"   // passed
	GroupWait = "wait" // waiting, running
)

// GroupLeftOut holds, beside either kind of groups, what the admin goes on without.
const GroupLeftOut = "left_out"

// ResourceQuery asks for rows of one migration.
type ResourceQuery struct {
	Customer, MigrationID int64
	// Pass is the number of the pass whose runs make the groups and the order:
	// those at work first. 0: the checks make the groups, the file the order.
	Pass          int
	Group         string // one of the groups; "": all
	Page, PerPage int    // from 1; PerPage 0: all on one page
	// Rows asks for the rows on these lines of the file, in place of a page.
	Rows []int

	atPaused bool // only those that a paused host may have to do with
}

// ResourcePage is the answer to a ResourceQuery.
type ResourcePage struct {
	Resources []ResourceRow
	Total     int            // in the group that was asked for
	Groups    map[string]int // rows by group; "": all
}

// ResourceRow is a resource with its runs. Its endpoints are complete, but hold
// no secret.
type ResourceRow struct {
	migration.Resource
	Runs   map[int]migration.Run // by the number of the pass
	Folder string                // the one at work, if a run is
}

// groupOf computes the group of resource x with run r, which may be missing. A
// query that uses it gives 1 for $3 to ask for the groups of the check.
const groupOf = `CASE
	WHEN $3 = 0 AND x.left_out = 1 THEN 'left_out'
	WHEN $3 = 0 AND x.check_status = 'failed' THEN 'bad'
	WHEN $3 = 0 AND x.check_status = 'passed' THEN 'ok'
	WHEN $3 = 0 THEN 'wait'
	WHEN r.status IN ('connecting', 'copying') THEN 'working'
	WHEN r.status = 'parked' THEN 'parked'
	WHEN r.status IN ('failed', 'cancelled') THEN 'failed'
	WHEN r.status = 'done' THEN 'done'
	WHEN r.status IS NULL AND x.left_out = 1 THEN 'left_out'
	ELSE 'waiting' END`

// resourcesOfPass are the rows of migration $2 of customer $1, with their run
// in pass number $3.
const resourcesOfPass = `resource x
	LEFT JOIN pass p ON p.migration_id = x.migration_id AND p.number = $3
	LEFT JOIN run r ON r.pass_id = p.id AND r.resource_id = x.id
	WHERE $1 IN (0, x.customer_id) AND x.migration_id = $2`

// Resources returns one page of the rows of a migration. Secrets are not among
// what it returns. Of a migration of another customer there are none.
func (s *Store) Resources(ctx context.Context, query ResourceQuery) (page ResourcePage, err error) {
	err = s.read(ctx, func(q querier) error {
		if page.Groups, err = countGroups(ctx, q, query); err != nil {
			return err
		}
		page.Total = page.Groups[query.Group]
		page.Resources, err = readResources(ctx, q, query)
		return err
	})
	if err != nil {
		return ResourcePage{}, fmt.Errorf("resources of migration %d: %w", query.MigrationID, err)
	}
	return page, nil
}

func countGroups(ctx context.Context, q querier, query ResourceQuery) (map[string]int, error) {
	groups := make(map[string]int)
	err := eachRow(ctx, q, func(row scanner) error {
		var group string
		var count int
		err := row.Scan(&group, &count)
		groups[group] += count
		groups[""] += count
		return err
	}, `SELECT `+groupOf+` AS grp, count(*) FROM `+resourcesOfPass+` GROUP BY grp`,
		query.Customer, query.MigrationID, query.Pass)
	return groups, err
}

// atPausedHost holds for every resource x that a paused host refused, or holds
// (migration.HostPause.HoldsRow), and may hold for some others: the caller looks again.
const atPausedHost = ` AND x.left_out = 0 AND EXISTS (
	SELECT 1 FROM host_pause h WHERE h.since IS NOT NULL AND (
		h.side = 'destination'
		OR instr(lower(x.source), h.name) > 0
		OR instr(x.addresses, substr(h.host, length('source ') + 1)) > 0
		OR x.source_key IN (SELECT account FROM host_refusal f WHERE f.host = h.host)))`

func readResources(ctx context.Context, q querier, query ResourceQuery) ([]ResourceRow, error) {
	limit, offset := window(query.Page, query.PerPage)
	onLines, lines := "", []any(nil)
	if query.Rows != nil {
		places, args := placesFor(7, query.Rows)
		query.Group, limit, offset = "", -1, 0
		onLines, lines = ` AND x.line IN (`+places+`)`, args
	}
	if query.atPaused {
		onLines += atPausedHost
	}
	rows, err := queryAll(ctx, q, scanResourceRow, `
		SELECT `+resourceColumns+`
		FROM `+resourcesOfPass+` AND ($4 = '' OR $4 = `+groupOf+`)`+onLines+`
		ORDER BY CASE `+groupOf+` WHEN 'working' THEN 0 WHEN 'parked' THEN 1 WHEN 'failed' THEN 2 WHEN 'done' THEN 3
			WHEN 'waiting' THEN 4 ELSE 5 END, x.line, x.id
		LIMIT $5 OFFSET $6`,
		append([]any{query.Customer, query.MigrationID, query.Pass, query.Group, limit, offset}, lines...)...)
	if err != nil {
		return nil, err
	}
	return rows, fillRows(ctx, q, rows)
}

// window turns a page from 1 up into what SQL wants; without a size all is on
// one page.
func window(page, perPage int) (limit, offset int) {
	if perPage <= 0 {
		return -1, 0
	}
	return perPage, (max(page, 1) - 1) * perPage
}

// Resource returns the row of a migration on that line of its file, or
// migration.ErrNotFound.
func (s *Store) Resource(ctx context.Context, customer, migrationID int64, row int) (ResourceRow, error) {
	var found []ResourceRow
	err := s.read(ctx, func(q querier) (err error) {
		found, err = queryAll(ctx, q, scanResourceRow, `
			SELECT `+resourceColumns+` FROM resource x
			WHERE $1 IN (0, x.customer_id) AND x.migration_id = $2 AND x.line = $3
			LIMIT 1`, customer, migrationID, row)
		if err == nil && len(found) == 0 {
			err = migration.ErrNotFound
		}
		if err != nil {
			return err
		}
		return fillRows(ctx, q, found)
	})
	if err != nil {
		return ResourceRow{}, fmt.Errorf("row %d of migration %d: %w", row, migrationID, err)
	}
	return found[0], nil
}

func scanResourceRow(row scanner) (ResourceRow, error) {
	var f resourceFields
	if err := row.Scan(f.into()...); err != nil {
		return ResourceRow{}, err
	}
	r, err := f.value()
	return ResourceRow{Resource: r, Runs: make(map[int]migration.Run)}, err
}

// fillRows sets the destinations and the runs of rows.
func fillRows(ctx context.Context, q querier, rows []ResourceRow) error {
	err := completeAll(ctx, q, rows, func(row *ResourceRow) *migration.Resource { return &row.Resource })
	if err != nil || len(rows) == 0 {
		return err
	}
	of, ids := make(map[int64]*ResourceRow, len(rows)), make([]int64, len(rows))
	for i := range rows {
		of[rows[i].ID], ids[i] = &rows[i], rows[i].ID
	}
	places, args := placesFor(1, ids)
	return eachRow(ctx, q, func(row scanner) error {
		var number int
		var folder string
		var fields runFields
		if err := row.Scan(append([]any{&number, &folder}, fields.into()...)...); err != nil {
			return err
		}
		run := fields.value()
		r := of[run.ResourceID]
		r.Runs[number] = run
		if run.Status == migration.RunConnecting || run.Status == migration.RunCopying {
			r.Folder = folder
		}
		return nil
	}, `SELECT p.number, r.folder, `+runColumns+`
		FROM run r JOIN pass p ON p.id = r.pass_id
		WHERE r.resource_id IN (`+places+`)`, args...)
}
