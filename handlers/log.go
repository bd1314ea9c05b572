package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// logReload is after how many seconds the log of a run under way fetches itself
// anew where no scripts run.
const logReload = 10

// logRoutes holds what is said of one resource.
func logRoutes() []route {
	return []route{
		{http.MethodGet, "/migrations/:code/resources/:row", seesMigration, light, (*Server).lastLog},
		{http.MethodGet, "/migrations/:code/resources/:row/log/:pass", seesMigration, downloads, (*Server).showLog},
	}
}

// lastLog leads to the log of the pass that has come farthest.
func (s *Server) lastLog(c echo.Context) error {
	m := asked(c)
	row, err := s.resource(c, m)
	if err != nil {
		return err
	}
	pass := 1
	for number := range row.Runs {
		pass = max(pass, number)
	}
	return goTo(c, views.LogPath(m.Code, row.Row, pass))
}

// showLog shows log 1, log 2 … as a page, or as a file where the address ends
// in .txt, .csv or .json.
func (s *Server) showLog(c echo.Context) error {
	number, form, _ := strings.Cut(c.Param("pass"), ".")
	page, err := s.logPage(c, number)
	if err != nil {
		return err
	}
	switch form {
	case "":
		return s.render(c, http.StatusOK, views.Log(page))
	case "txt", "csv", "json":
		return sendLog(c, page, form)
	}
	return migration.ErrNotFound
}

func (s *Server) resource(c echo.Context, m migration.Migration) (row store.ResourceRow, err error) {
	line, err := strconv.Atoi(c.Param("row"))
	if err != nil {
		return row, migration.ErrNotFound
	}
	return s.Store.Resource(c.Request().Context(), m.CustomerID, m.ID, line)
}

// logPage reads a run with all that it left behind.
func (s *Server) logPage(c echo.Context, number string) (views.LogPage, error) {
	ctx, m := c.Request().Context(), asked(c)
	row, err := s.resource(c, m)
	if err != nil {
		return views.LogPage{}, err
	}
	pass, err := passOf(m, number)
	if err != nil {
		return views.LogPage{}, err
	}
	p := views.LogPage{
		Migration: m, Resource: row.Resource, Pass: pass, Run: row.Runs[pass.Number],
		Notable: c.QueryParam("entries") == "notable", Whole: migration.Reason(c.QueryParam("all")),
		MaxSize: s.Policy.MaxMessageSize, Now: s.Now(), Support: views.Support(s.Support),
	}
	p.Page = s.page(c, "page.log.title")
	p.Title = locale.T(ctx, "page.log.title", map[string]any{"pass": pass.Number, "login": row.Destination.Auth.Login})
	p.Nav = views.NavMigrations
	if p.Run.ID == 0 {
		return p, nil
	}
	if p.Entries, err = s.Store.Entries(ctx, m.CustomerID, p.Run.ID); err != nil {
		return p, err
	}
	p.Exceptions, err = s.Store.Exceptions(ctx, m.CustomerID, p.Run.ID)
	if !p.Run.Status.Ended() {
		p.Reload = logReload
	}
	return p, err
}

func passOf(m migration.Migration, number string) (migration.Pass, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return migration.Pass{}, migration.ErrNotFound
	}
	for _, pass := range m.Passes {
		if pass.Number == n {
			return pass, nil
		}
	}
	return migration.Pass{}, migration.ErrNotFound
}
