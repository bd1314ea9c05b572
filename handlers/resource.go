package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// comparedFolders is how many folders the page of a resource shows.
const comparedFolders = 200

// showResource shows what became of one resource, its passes beside each other
// (S20).
func (s *Server) showResource(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	row, err := s.resource(ctx, m, c.Param("row"))
	if err != nil {
		return err
	}
	p := views.ResourcePage{Page: s.page(c, "page.resource.title"), Migration: m, Resource: row.Resource, CanChange: who(c).CanChange(m), HasSecrets: s.Store.HasSecrets(m.ID), Now: s.Now()}
	p.Title = locale.T(ctx, "page.resource.title", map[string]any{"login": row.Destination.Auth.Login})
	p.Nav = views.NavMigrations
	for _, pass := range m.Passes {
		v, err := s.runOutline(c, logPlace{m: m, row: row, pass: pass, run: row.Runs[pass.Number]})
		if err != nil {
			return err
		}
		if p.Runs = append(p.Runs, v); v.Live() {
			p.Reload = migrationReload
		}
	}
	folders, total, err := s.Store.CompareFolders(ctx, m.CustomerID, row.ID, comparedFolders)
	if err != nil {
		return err
	}
	p.FoldersTotal = total
	for _, f := range folders {
		p.Folders = append(p.Folders, views.PassFolder(f))
	}
	return s.render(c, http.StatusOK, views.Resource(p))
}

// runOutline reads how a run ended, without its lines.
func (s *Server) runOutline(c echo.Context, at logPlace) (views.LogView, error) {
	v := views.LogView{
		Migration: at.m, Resource: at.row.Resource, Pass: at.pass, Run: at.run,
		MaxSize: s.Policy.MaxMessageSize, Now: s.Now(),
	}
	if at.run.ID == 0 || at.run.Status == migration.RunWaiting {
		return v, nil
	}
	return v, s.readLeft(c.Request().Context(), at, &v)
}
