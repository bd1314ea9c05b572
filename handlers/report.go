package handlers

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// showReport sums a migration up for those whose mail was moved. There is none
// before a pass has ended.
func (s *Server) showReport(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !views.HasReport(m) {
		return fmt.Errorf("no pass of %s has ended: %w", m.Code, migration.ErrConflict)
	}
	view := views.MigrationView{Migration: m, Policy: s.Policy, Now: s.Now()}
	pass, _ := views.ShownPass(m)
	var err error
	if view.Reasons, err = s.reasons(ctx, m, pass); err != nil {
		return err
	}
	if view.MX, err = s.Store.CutOver(ctx, m.CustomerID, m.ID); err != nil {
		return err
	}
	found, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return err
	}
	page := views.ReportPage{Page: s.page(c, "page.report.link"), View: view, Rows: resourceRows(found.Resources)}
	if page.Reasons, err = s.Store.LastReasons(ctx, m.CustomerID, m.ID); err != nil {
		return err
	}
	title, _ := m.Title()
	page.Title = locale.T(ctx, "page.report.title", map[string]any{"title": title})
	return s.render(c, http.StatusOK, views.Report(page))
}
