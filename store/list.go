package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trasloco/migration"
)

// Groups of migrations in a list, by what is asked of who reads it.
const (
	GroupFollow    = "follow"    // a person must act: not valid, or the MX may be changed
	GroupRunning   = "running"   // being checked, or a pass is due or under way
	GroupScheduled = "scheduled" // waits for its time
	GroupEnded     = "ended"     // finished or cancelled
	GroupDraft     = "draft"
)

// Orders of a list of migrations.
const (
	SortFirst  = "first"  // the default: newest first pass on top, drafts above all
	SortSecond = "second" // newest second pass on top
	SortTitle  = "title"  // by name, A to Z
	SortStatus = "status" // by group, in the order above, drafts before the ended

	SortValidity  = "validity"  // what waits for a correction first
	SortResources = "resources" // most first
	SortUser      = "user"      // by who asked, A to Z
)

// maxMustAct bounds how many migrations are told of above a list.
const maxMustAct = 5

// MigrationQuery asks for migrations that Viewer may see.
type MigrationQuery struct {
	Viewer        migration.User
	Search        string // in name, code, domains and user name, without case; "": all
	Group         string // one of the groups; "": all
	Sort          string // one of the orders, "-" before it turns it round; anything else is the default
	Page, PerPage int    // from 1; PerPage 0: all on one page
	// Codes asks for these migrations in this order, in place of a page.
	Codes  []string
	Filter MigrationFilter
	Now    time.Time
}

// MigrationFilter leaves out of a list what it does not name. Its zero values
// leave out nothing.
type MigrationFilter struct {
	Validity     migration.Validity
	Customer     int64
	Domain, User string // names
}

// MigrationFilters are the values that a list can be filtered by: those of the
// migrations that its reader may see, each sorted.
type MigrationFilters struct {
	Validities     []migration.Validity
	Customers      []migration.Customer
	Domains, Users []string
}

// MigrationPage is the answer to a MigrationQuery. Its migrations are whole.
type MigrationPage struct {
	Migrations []migration.Migration
	Total      int            // in the group that was asked for
	Groups     map[string]int // migrations found by the search, by group; "": all
	// Codes are those of a fresh page, whatever MigrationQuery.Codes asked for.
	Codes   []string
	Filters MigrationFilters
	// MustAct are those of GroupFollow, whatever was searched for: the oldest
	// first passes first, five at most.
	MustAct []migration.Migration
}

// Migrations returns one page of the migrations that a user may see.
//
// It reads the outline of all of them, since their phase is computed and not
// stored, and counts runs and checks for those it returns only.
func (s *Store) Migrations(ctx context.Context, query MigrationQuery) (page MigrationPage, err error) {
	err = s.read(ctx, func(q querier) error {
		all, err := readOutlines(ctx, q, visibleTo(query.Viewer))
		if err != nil {
			return err
		}
		if strings.TrimPrefix(query.Sort, "-") == SortResources {
			if err := countRows(ctx, q, visibleTo(query.Viewer), all); err != nil {
				return err
			}
		}
		page = query.page(all)
		if page.Filters.Customers, err = customersOf(ctx, q, query.Viewer, all); err != nil {
			return err
		}
		for i := range page.Migrations {
			page.Migrations[i].Checks = migration.CheckSummary{}
		}
		for i := range page.MustAct {
			page.MustAct[i].Checks = migration.CheckSummary{}
		}
		if err := readCounts(ctx, q, page.Migrations); err != nil {
			return err
		}
		return readCounts(ctx, q, page.MustAct)
	})
	if err != nil {
		return MigrationPage{}, fmt.Errorf("migrations of user %d: %w", query.Viewer.ID, err)
	}
	return page, nil
}

// visibleTo selects the migrations that User.CanSee says yes to.
func visibleTo(u migration.User) selection {
	switch {
	case u.Operator:
		return selection{`1 = 1`, nil}
	case u.Role == migration.Admin || u.Role == migration.TeamMember:
		return selection{`m.customer_id = $1`, []any{u.CustomerID}}
	case u.Role == migration.Manager:
		return managedBy(u)
	}
	return selection{`1 = 0`, nil}
}

// managedBy selects the migrations all of whose domains are the manager's, and
// those without domains that he began.
func managedBy(u migration.User) selection {
	places, args := placesFor(3, u.DomainIDs)
	covered := `EXISTS (SELECT 1 FROM migration_domain b WHERE b.migration_id = m.id AND b.domain_id IN (` + places + `))`
	foreign := `EXISTS (SELECT 1 FROM migration_domain b WHERE b.migration_id = m.id
		AND coalesce(b.domain_id NOT IN (` + places + `), 1 = 1))`
	none := `NOT EXISTS (SELECT 1 FROM migration_domain b WHERE b.migration_id = m.id)`
	return selection{
		`m.customer_id = $1 AND (` + none + ` AND m.user_id = $2 OR ` + covered + ` AND NOT ` + foreign + `)`,
		append([]any{u.CustomerID, u.ID}, args...),
	}
}

// page picks from all that the viewer may see.
func (query MigrationQuery) page(all []migration.Migration) MigrationPage {
	page := MigrationPage{Groups: make(map[string]int), Filters: filtersOf(all)}
	var found []migration.Migration
	for _, m := range all {
		group := groupOfPhase(m.Phase(query.Now))
		if group == GroupFollow {
			page.MustAct = append(page.MustAct, m)
		}
		if !matches(m, query.Search) || !query.Filter.keeps(m) {
			continue
		}
		page.Groups[group]++
		page.Groups[""]++
		if query.Group == "" || query.Group == group {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(page.MustAct, func(a, b migration.Migration) int { return startOf(a, 1).Compare(startOf(b, 1)) })
	page.MustAct = page.MustAct[:min(len(page.MustAct), maxMustAct)]
	slices.SortStableFunc(found, query.order())
	page.Total, page.Migrations = len(found), cut(found, query.Page, query.PerPage)
	for _, m := range page.Migrations {
		page.Codes = append(page.Codes, m.Code)
	}
	if query.Codes != nil {
		page.Migrations = ofCodes(all, query.Codes)
	}
	return page
}

// ofCodes picks migrations by their codes, in that order.
func ofCodes(all []migration.Migration, codes []string) (picked []migration.Migration) {
	for _, code := range codes {
		i := slices.IndexFunc(all, func(m migration.Migration) bool { return m.Code == code })
		if i >= 0 {
			picked = append(picked, all[i])
		}
	}
	return picked
}

func (f MigrationFilter) keeps(m migration.Migration) bool {
	return (f.Validity == "" || m.Validity == f.Validity) && (f.Customer == 0 || m.CustomerID == f.Customer) &&
		(f.Domain == "" || slices.Contains(m.Domains, f.Domain)) && (f.User == "" || m.UserName == f.User)
}

// filtersOf lists what migrations can be told apart by.
func filtersOf(all []migration.Migration) (f MigrationFilters) {
	validities, domains, users := map[migration.Validity]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range all {
		validities[m.Validity] = true
		if m.UserName != "" {
			users[m.UserName] = true
		}
		for _, domain := range m.Domains {
			domains[domain] = true
		}
	}
	f.Validities = slices.DeleteFunc(migration.Validities(), func(v migration.Validity) bool { return !validities[v] })
	f.Domains, f.Users = slices.Sorted(maps.Keys(domains)), slices.Sorted(maps.Keys(users))
	return f
}

// customersOf names the customers of migrations; only the operator sees several.
func customersOf(ctx context.Context, q querier, viewer migration.User, all []migration.Migration) ([]migration.Customer, error) {
	ids := make([]int64, 0, len(all))
	for _, m := range all {
		ids = append(ids, m.CustomerID)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) < 2 || !viewer.Operator {
		return nil, nil
	}
	scan := func(row scanner) (c migration.Customer, err error) {
		err = row.Scan(&c.ID, &c.Name)
		return c, err
	}
	places, args := placesFor(1, ids)
	return queryAll(ctx, q, scan, `SELECT id, name FROM customer WHERE id IN (`+places+`) ORDER BY name, id`, args...)
}

// countRows counts the rows of all migrations of a selection into their Checks,
// for the order by them alone.
func countRows(ctx context.Context, q querier, sel selection, all []migration.Migration) error {
	of := indexMigrations(all)
	return eachRow(ctx, q, func(row scanner) error {
		var id int64
		var rows int
		err := row.Scan(&id, &rows)
		if m := of[id]; m != nil {
			m.Checks.Rows = rows
		}
		return err
	}, `
		SELECT migration_id, count(*) FROM resource
		WHERE migration_id IN (SELECT m.id FROM migration m WHERE m.code IS NOT NULL AND `+sel.where+`)
		GROUP BY migration_id`, sel.args...)
}

func groupOfPhase(phase migration.Phase) string {
	switch phase {
	case migration.PhaseInvalid, migration.PhaseCutOver:
		return GroupFollow
	case migration.PhaseValidating, migration.PhaseRunning1, migration.PhaseRunning2, migration.PhaseRunningMore:
		return GroupRunning
	case migration.PhaseScheduled:
		return GroupScheduled
	case migration.PhaseFinished, migration.PhaseExceptions, migration.PhaseCancelled:
		return GroupEnded
	}
	return GroupDraft
}

func matches(m migration.Migration, search string) bool {
	search = strings.ToLower(strings.TrimSpace(search))
	return slices.ContainsFunc(append([]string{m.Name, m.Code, m.UserName}, m.Domains...), func(text string) bool {
		return strings.Contains(strings.ToLower(text), search)
	})
}

// order returns how the list is sorted. What is equal comes newest first, also
// where the order is turned round.
func (query MigrationQuery) order() func(a, b migration.Migration) int {
	newest := func(a, b migration.Migration) int {
		return cmp.Or(startOf(b, 1).Compare(startOf(a, 1)), cmp.Compare(b.ID, a.ID))
	}
	name, turned := strings.CutPrefix(query.Sort, "-")
	main := query.orders()[name]
	if main == nil {
		main = newest
	}
	return func(a, b migration.Migration) int {
		if turned {
			return cmp.Or(main(b, a), newest(a, b))
		}
		return cmp.Or(main(a, b), newest(a, b))
	}
}

func (query MigrationQuery) orders() map[string]func(a, b migration.Migration) int {
	return map[string]func(a, b migration.Migration) int{
		SortSecond:    func(a, b migration.Migration) int { return startOf(b, 2).Compare(startOf(a, 2)) },
		SortTitle:     func(a, b migration.Migration) int { return cmp.Compare(titleOf(a), titleOf(b)) },
		SortStatus:    func(a, b migration.Migration) int { return cmp.Compare(query.rank(a), query.rank(b)) },
		SortValidity:  func(a, b migration.Migration) int { return cmp.Compare(rankOfValidity(a), rankOfValidity(b)) },
		SortResources: func(a, b migration.Migration) int { return cmp.Compare(b.Checks.Rows, a.Checks.Rows) },
		SortUser: func(a, b migration.Migration) int {
			return cmp.Compare(strings.ToLower(a.UserName), strings.ToLower(b.UserName))
		},
	}
}

func rankOfValidity(m migration.Migration) int {
	order := []migration.Validity{migration.Invalid, migration.Validating, migration.Draft, migration.Valid, migration.Cancelled}
	return slices.Index(order, m.Validity)
}

func (query MigrationQuery) rank(m migration.Migration) int {
	order := []string{GroupFollow, GroupRunning, GroupScheduled, GroupDraft, GroupEnded}
	return slices.Index(order, groupOfPhase(m.Phase(query.Now)))
}

func titleOf(m migration.Migration) string {
	title, _ := m.Title()
	return strings.ToLower(title)
}

// startOf returns when a pass of m starts or was to start. One that is not
// planned yet lies after all others.
func startOf(m migration.Migration, number int) time.Time {
	for _, pass := range m.Passes {
		if pass.Number == number {
			return pass.PlannedAt
		}
	}
	return time.Unix(1<<40, 0)
}

// cut returns one page of a list.
func cut(all []migration.Migration, page, perPage int) []migration.Migration {
	limit, offset := window(page, perPage)
	if limit < 0 {
		return all
	}
	offset = min(offset, len(all))
	return all[offset:min(offset+limit, len(all))]
}

// PlannedAtOnce returns the migrations of a customer that may count against
// what he may have planned at once (S3), for migration.CheckAtOnce: those that
// are validating or valid. Their runs and checks are not counted.
func (s *Store) PlannedAtOnce(ctx context.Context, customer int64) (all []migration.Migration, err error) {
	err = s.read(ctx, func(q querier) error {
		all, err = readOutlines(ctx, q, plannedOf(customer))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("planned migrations of customer %d: %w", customer, err)
	}
	return all, nil
}

func plannedOf(customer int64) selection {
	return selection{`m.customer_id = $1 AND m.validity IN ($2, $3)`, []any{customer, migration.Validating, migration.Valid}}
}
