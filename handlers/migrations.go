package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// Rows of one page of a list.
const (
	migrationsPerPage = 25
	resourcesPerPage  = 50
	logsPerPage       = 100
)

func migrationRoutes() []route {
	return []route{
		{http.MethodGet, "/migrations", signedIn, light, (*Server).listMigrations},
		{http.MethodGet, "/migrations.csv", signedIn, downloads, (*Server).listCSV},
		{http.MethodGet, "/migrations.json", signedIn, downloads, (*Server).listJSON},
		{http.MethodGet, "/migrations/events", signedIn, streams, (*Server).listEvents},
		{http.MethodGet, "/migrations/:code", seesMigration, light, (*Server).showMigration},
		{http.MethodGet, "/migrations/:code/events", seesMigration, streams, (*Server).migrationEvents},
		{http.MethodGet, "/migrations/:code/resources", seesMigration, light, (*Server).listResources},
		{http.MethodGet, "/migrations/:code/resources.csv", seesMigration, downloads, (*Server).resourcesCSV},
		{http.MethodGet, "/migrations/:code/resources.json", seesMigration, downloads, (*Server).resourcesJSON},
		{http.MethodPost, "/migrations/:code/pause", changesMigration, light, (*Server).pause},
		{http.MethodPost, "/migrations/:code/resume", changesMigration, light, (*Server).resume},
		{http.MethodPost, "/migrations/:code/start", changesMigration, light, (*Server).startNow},
		{http.MethodGet, "/migrations/:code/report", seesMigration, light, (*Server).showReport},
		{http.MethodPost, "/migrations/:code/mx", changesMigration, light, (*Server).readMX},
		{http.MethodPost, "/migrations/:code/retry", changesMigration, light, (*Server).retry},
		{http.MethodPost, "/migrations/:code/look-again", changesMigration, light, (*Server).lookAgain},
		{http.MethodPost, "/migrations/:code/go-on", changesMigration, light, (*Server).goOnAtHost},
		{http.MethodGet, "/migrations/:code/another", addsPass, light, (*Server).showAnother},
		{http.MethodPost, "/migrations/:code/another", addsPass, light, (*Server).addAnother},
		{http.MethodGet, "/migrations/:code/resources/:row/edit", changesMigration, light, (*Server).showCorrect},
		{http.MethodPost, "/migrations/:code/resources/:row/edit", changesMigration, light, (*Server).correct},
		{http.MethodPost, "/migrations/:code/resources/:row/address", changesMigration, light, (*Server).lookUpAgain},
		{http.MethodPost, "/migrations/:code/resources/:row/certificate", changesMigration, light, (*Server).acceptCertificate},
		{http.MethodGet, "/migrations/:code/second", changesMigration, light, (*Server).showSecond},
		{http.MethodPost, "/migrations/:code/second", changesMigration, light, (*Server).moveSecond},
		{http.MethodGet, "/migrations/:code/cancel", changesMigration, light, (*Server).askCancel},
		{http.MethodPost, "/migrations/:code/cancel", changesMigration, light, (*Server).cancel},
		{http.MethodGet, "/migrations/:code/delete", changesMigration, light, (*Server).askDelete},
		{http.MethodPost, "/migrations/:code/delete", changesMigration, light, (*Server).deleteMigration},
	}
}

// listQuery reads what the address asks for.
func listQuery(c echo.Context) views.ListQuery {
	customer, _ := strconv.ParseInt(c.QueryParam("customer"), 10, 64) // what is no number is no customer
	return views.ListQuery{
		Search: strings.TrimSpace(c.QueryParam("q")), Group: c.QueryParam("group"), Sort: c.QueryParam("sort"),
		Status: migration.Validity(c.QueryParam("status")), Customer: max(customer, 0),
		Domain: c.QueryParam("domain"), User: c.QueryParam("user"), Page: pageNumber(c),
	}
}

func (s *Server) storeQuery(c echo.Context, query views.ListQuery, perPage int) store.MigrationQuery {
	return store.MigrationQuery{
		Viewer: who(c), Search: query.Search, Group: query.Group, Sort: query.Sort,
		Filter: store.MigrationFilter{Validity: query.Status, Customer: query.Customer, Domain: query.Domain, User: query.User},
		Page:   query.Page, PerPage: perPage, Now: s.Now(),
	}
}

// listMigrations shows the migrations that the user may see, as the address
// says: found, grouped, sorted, page by page.
func (s *Server) listMigrations(c echo.Context) error {
	query := listQuery(c)
	page, err := s.listPage(c.Request().Context(), query, s.storeQuery(c, query, migrationsPerPage))
	if err != nil {
		return err
	}
	page.Page = s.page(c, "page.list.title")
	return s.render(c, http.StatusOK, views.List(page))
}

func (s *Server) listPage(ctx context.Context, query views.ListQuery, ask store.MigrationQuery) (views.ListPage, error) {
	found, err := s.Store.Migrations(ctx, ask)
	page := views.ListPage{
		Query: query, Migrations: found.Migrations, Total: found.Total, Filters: views.ListFilters(found.Filters),
		PerPage: migrationsPerPage, Tabs: listTabs(found.Groups), MustAct: found.MustAct, Policy: s.Policy, Now: ask.Now,
		Moved: ask.Codes != nil && !slices.Equal(found.Codes, ask.Codes),
	}
	page.User = ask.Viewer
	return page, err
}

// listEvery is how often an open list looks whether something has changed.
const listEvery = 5 * time.Second

// listEvents keeps a list up to date: the rows that are shown stay where they are.
func (s *Server) listEvents(c echo.Context) error {
	query := listQuery(c)
	ask := s.storeQuery(c, query, migrationsPerPage)
	ask.Codes = c.QueryParams()["row"]
	if len(ask.Codes) > migrationsPerPage {
		ask.Codes = ask.Codes[:migrationsPerPage]
	}
	if ask.Codes == nil {
		ask.Codes = []string{}
	}
	return s.stream(c, liveSource{
		// Who gets other rights while somebody looks at his list gets another list.
		key: fmt.Sprintf("list %d %s %v %q %q", ask.Viewer.ID, ask.Viewer.Stamp, ask.Viewer.DomainIDs, query.Href(), ask.Codes),
		watch: func(ctx context.Context, changed func() error) error {
			return every(ctx, listEvery, changed)
		},
		paint: func(ctx context.Context) ([]byte, bool, error) {
			ask.Now = s.Now()
			page, err := s.listPage(ctx, query, ask)
			if err != nil {
				return nil, false, err
			}
			picture, err := paint(ctx, views.ListLive(page))
			return picture, false, err
		},
	})
}

// every calls do at once and then again and again, until ctx ends or do fails.
func every(ctx context.Context, rhythm time.Duration, do func() error) error {
	ticks := time.NewTicker(rhythm)
	defer ticks.Stop()
	for {
		if err := do(); err != nil {
			return err
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pageNumber is the page that the address asks for; what is none means the first.
func pageNumber(c echo.Context) int {
	number, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil {
		return 1
	}
	return min(max(number, 1), 1_000_000)
}

// listTabs are the groups above the list. That of the drafts is shown where
// there are any.
func listTabs(counts map[string]int) []views.Tab {
	groups := []string{"", store.GroupFollow, store.GroupRunning, store.GroupScheduled, store.GroupEnded}
	if counts[store.GroupDraft] > 0 {
		groups = append(groups, store.GroupDraft)
	}
	return tabsOf(groups, counts)
}

func tabsOf(groups []string, counts map[string]int) []views.Tab {
	tabs := make([]views.Tab, len(groups))
	for i, group := range groups {
		tabs[i] = views.Tab{Group: group, Count: counts[group]}
	}
	return tabs
}

// listResources shows the resources of a migration with their logs (S20).
func (s *Server) listResources(c echo.Context) error {
	ctx, m, page := c.Request().Context(), asked(c), pageNumber(c)
	found, err := s.Store.Resources(ctx, store.ResourceQuery{
		Customer: m.CustomerID, MigrationID: m.ID, Page: page, PerPage: logsPerPage,
	})
	if err != nil {
		return err
	}
	shown := views.ResourcesPage{Page: s.page(c, "page.resources.title"), Migration: m}
	title, _ := m.Title()
	shown.Title = locale.T(ctx, "page.resources.of", map[string]any{"title": title})
	shown.List = views.ResourceList{
		Rows: resourceRows(found.Resources), Page: page, PerPage: logsPerPage, Total: found.Total,
	}
	return s.render(c, http.StatusOK, views.Resources(shown))
}

func resourceRows(found []store.ResourceRow) []views.ResourceRow {
	rows := make([]views.ResourceRow, len(found))
	for i, row := range found {
		rows[i] = views.ResourceRow{Resource: row.Resource, Runs: row.Runs, Folder: row.Folder}
	}
	return rows
}
