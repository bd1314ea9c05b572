package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
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
		{http.MethodGet, "/migrations/:code", seesMigration, light, (*Server).showMigration},
		{http.MethodGet, "/migrations/:code/events", seesMigration, streams, (*Server).migrationEvents},
		{http.MethodGet, "/migrations/:code/resources", seesMigration, light, (*Server).listResources},
		{http.MethodPost, "/migrations/:code/pause", changesMigration, light, (*Server).pause},
		{http.MethodPost, "/migrations/:code/resume", changesMigration, light, (*Server).resume},
		{http.MethodPost, "/migrations/:code/start", changesMigration, light, (*Server).startNow},
		{http.MethodPost, "/migrations/:code/retry", changesMigration, light, (*Server).retry},
		{http.MethodGet, "/migrations/:code/another", addsPass, light, (*Server).showAnother},
		{http.MethodPost, "/migrations/:code/another", addsPass, light, (*Server).addAnother},
		{http.MethodGet, "/migrations/:code/resources/:row/edit", changesMigration, light, (*Server).showCorrect},
		{http.MethodPost, "/migrations/:code/resources/:row/edit", changesMigration, light, (*Server).correct},
		{http.MethodGet, "/migrations/:code/second", changesMigration, light, (*Server).showSecond},
		{http.MethodPost, "/migrations/:code/second", changesMigration, light, (*Server).moveSecond},
		{http.MethodGet, "/migrations/:code/cancel", changesMigration, light, (*Server).askCancel},
		{http.MethodPost, "/migrations/:code/cancel", changesMigration, light, (*Server).cancel},
		{http.MethodGet, "/migrations/:code/delete", changesMigration, light, (*Server).askDelete},
		{http.MethodPost, "/migrations/:code/delete", changesMigration, light, (*Server).deleteMigration},
	}
}

// listMigrations shows the migrations that the user may see, as the address
// says: found, grouped, sorted, page by page.
func (s *Server) listMigrations(c echo.Context) error {
	query := views.ListQuery{
		Search: strings.TrimSpace(c.QueryParam("q")), Group: c.QueryParam("group"),
		Sort: c.QueryParam("sort"), Page: pageNumber(c),
	}
	found, err := s.Store.Migrations(c.Request().Context(), store.MigrationQuery{
		Viewer: who(c), Search: query.Search, Group: query.Group, Sort: query.Sort,
		Page: query.Page, PerPage: migrationsPerPage, Now: s.Now(),
	})
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, views.List(views.ListPage{
		Page: s.page(c, "page.list.title"), Query: query, Migrations: found.Migrations, Total: found.Total,
		PerPage: migrationsPerPage, Tabs: listTabs(found.Groups), MustAct: found.MustAct, Policy: s.Policy, Now: s.Now(),
	}))
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
