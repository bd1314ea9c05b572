package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// askDelete asks before a migration is deleted. Of one that runs it says why it
// cannot be (S21).
func (s *Server) askDelete(c echo.Context) error {
	m := asked(c)
	if !m.CanDelete() {
		return s.refuseDelete(c, m)
	}
	return s.render(c, http.StatusOK, views.Delete(s.deletePage(c, m)))
}

// deleteMigration deletes a migration with all its logs. The mail stays.
func (s *Server) deleteMigration(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	err := s.Store.Delete(ctx, m.CustomerID, &m)
	switch {
	case errors.Is(err, migration.ErrConflict):
		return s.refuseDelete(c, m)
	case err != nil:
		return err
	}
	return s.goBack(c, "/migrations", locale.T(ctx, "flash.deleted", map[string]any{"code": m.Code}))
}

func (s *Server) refuseDelete(c echo.Context, m migration.Migration) error {
	return s.render(c, http.StatusConflict, views.DeleteRefused(s.deletePage(c, m)))
}

func (s *Server) deletePage(c echo.Context, m migration.Migration) views.DeletePage {
	return views.DeletePage{
		Page:      s.quietPage(c, "page.delete.title", map[string]any{"code": m.Code}),
		Migration: m, Support: views.Support(s.Support),
	}
}
