package handlers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
	"trasloco/views/ui"
)

// longWait is how long before a dip in the curve its cause is looked for: runs wait
// for a server as long as that.
const longWait = time.Hour

// migrationReload is after how many seconds a migration that is not over fetches
// its page anew where no scripts run.
const migrationReload = 15

// look says what somebody looks at of a migration.
type look struct {
	canChange bool
	canAdd    bool // one more pass
	group     string
	page      int
	// rows are the lines of the resources that are shown, in their order; nil:
	// those of the page.
	rows []int
}

func lookOf(c echo.Context, m migration.Migration) look {
	return look{canChange: who(c).CanChange(m), canAdd: who(c).CanAddPass(m), group: c.QueryParam("group"), page: pageNumber(c), rows: rowsOf(c.QueryParam("rows"))}
}

// rowsOf reads the lines of resources; what is no line is passed over.
func rowsOf(text string) []int {
	var rows []int
	for word := range strings.FieldsSeq(text) {
		if row, err := strconv.Atoi(word); err == nil && row > 0 && len(rows) < resourcesPerPage {
			rows = append(rows, row)
		}
	}
	return rows
}

// key names what is seen: equal keys, equal pictures.
func (l look) key() string {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(l.canChange) + " " + strconv.FormatBool(l.canAdd) + " " + strconv.Itoa(l.page) + " " + strconv.Quote(l.group))
	for _, row := range l.rows {
		b.WriteString(" " + strconv.Itoa(row))
	}
	return b.String()
}

// showMigration shows a migration as it stands now.
func (s *Server) showMigration(c echo.Context) error {
	m := asked(c)
	at := lookOf(c, m)
	at.rows = nil
	view, err := s.migrationView(c.Request().Context(), m, at)
	if err != nil {
		return err
	}
	shown := views.MigrationPage{Page: s.page(c, "page.migration.title"), View: view}
	shown.Title, _ = m.Title()
	if !view.Ended() {
		shown.Reload = migrationReload
	}
	return s.render(c, http.StatusOK, views.Migration(shown))
}

// migrationView reads all that is shown of a migration beside m itself. It knows
// the migration's customer alone: whether the reader may see it was asked before.
func (s *Server) migrationView(ctx context.Context, m migration.Migration, at look) (views.MigrationView, error) {
	view := views.MigrationView{
		Migration: m, CanChange: at.canChange, CanAddPass: at.canAdd, HasSecrets: s.Store.HasSecrets(m.ID), SendsMail: s.SendsMail, Policy: s.Policy, Now: s.Now(),
	}
	pass, _ := views.ShownPass(m)
	var err error
	if pass.Number > 0 {
		if view.Samples, err = s.Store.Samples(ctx, m.CustomerID, pass.ID); err != nil {
			return view, err
		}
		if from, to, dips := views.ChartDips(view.Samples); dips {
			if view.Hindrances, err = s.Store.Hindrances(ctx, m.CustomerID, pass.ID, from.Add(-longWait), to); err != nil {
				return view, err
			}
		}
		view.Pace = s.live.paces.look(pass, view.Samples, view.Now)
	}
	if view.Resources, err = s.resourceList(ctx, m, pass.Number, at); err != nil {
		return view, err
	}
	if view.Reasons, err = s.reasons(ctx, m, pass); err != nil {
		return view, err
	}
	if view.Pauses.Pauses, err = s.Store.PausesOf(ctx, m.CustomerID, m.ID); err != nil {
		return view, err
	}
	view.Pauses.Migration, view.Pauses.CanChange = m, at.canChange
	if view.Full, err = s.Store.FullMailboxes(ctx, m.CustomerID, m.ID); err != nil {
		return view, err
	}
	if view.Notices, err = s.Store.Notices(ctx, m.CustomerID, m.ID); err != nil {
		return view, err
	}
	if m.Validity == migration.Valid {
		if view.MX, err = s.Store.CutOver(ctx, m.CustomerID, m.ID); err != nil {
			return view, err
		}
	}
	if m.Phase(view.Now) == migration.PhaseCutOver {
		view.Records, err = s.recordsToEnter(ctx, m)
	}
	return view, err
}

// reasons are why messages of the pass stayed behind.
func (s *Server) reasons(ctx context.Context, m migration.Migration, pass migration.Pass) ([]migration.ReasonCount, error) {
	if pass.Runs.Tally.Skipped+pass.Runs.Tally.Failed == 0 {
		return nil, nil
	}
	return s.Store.Reasons(ctx, m.CustomerID, pass.ID)
}

func (s *Server) resourceList(ctx context.Context, m migration.Migration, pass int, at look) (views.ResourceList, error) {
	found, err := s.Store.Resources(ctx, store.ResourceQuery{
		Customer: m.CustomerID, MigrationID: m.ID, Pass: pass,
		Group: at.group, Page: at.page, PerPage: resourcesPerPage, Rows: at.rows,
	})
	if err != nil {
		return views.ResourceList{}, err
	}
	rows, moved := resourceRows(found.Resources), false
	if at.rows != nil {
		rows, moved = inOrder(rows, at.rows)
	}
	return views.ResourceList{
		Rows: rows, Tabs: tabsOf(resourceGroups(pass), found.Groups), Group: at.group,
		Page: at.page, PerPage: resourcesPerPage, Total: found.Total, Moved: moved,
	}, nil
}

// resourceGroups are the tabs above the resources: by their runs in a pass, or
// before the first by their checks.
func resourceGroups(pass int) []string {
	if pass == 0 {
		return []string{"", store.GroupBad, store.GroupOK, store.GroupWait, store.GroupLeftOut}
	}
	return []string{
		"", store.GroupWorking, store.GroupParked, store.GroupWaiting,
		store.GroupDone, store.GroupFailed, store.GroupLeftOut,
	}
}

// inOrder puts rows, which are sorted as a fresh page would be, into the order
// in which somebody reads them, and reports whether a fresh page would show them
// in another.
func inOrder(rows []views.ResourceRow, lines []int) (ordered []views.ResourceRow, moved bool) {
	for _, line := range lines {
		i := slices.IndexFunc(rows, func(row views.ResourceRow) bool { return row.Row == line })
		if i < 0 {
			continue
		}
		moved = moved || i != len(ordered)
		ordered = append(ordered, rows[i])
	}
	return ordered, moved
}

// recordsToEnter are the MX records of the destination servers, each set with
// the domains it is for.
func (s *Server) recordsToEnter(ctx context.Context, m migration.Migration) ([]views.DomainRecords, error) {
	domains, err := s.Store.Domains(ctx, m.CustomerID)
	if err != nil {
		return nil, err
	}
	servers, err := s.Store.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	var groups []views.DomainRecords
	for _, server := range servers {
		group := views.DomainRecords{Records: records(server.MX)}
		for _, domain := range domains {
			if domain.DestinationID == server.ID && slices.Contains(m.DomainIDs, domain.ID) {
				group.Domains = append(group.Domains, domain.Name)
			}
		}
		if len(group.Domains) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// records divides lines such as "10 mx1.example.net".
func records(lines []string) []ui.Record {
	var all []ui.Record
	for _, line := range lines {
		priority, host, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			priority, host = "", priority
		}
		all = append(all, ui.Record{Priority: priority, Host: strings.TrimSpace(host)})
	}
	return all
}
