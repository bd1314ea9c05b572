package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// goOnAtHost lets one login of the migration through at a host that is paused since it
// refuses logins (C-2). Where none is to come it is one of those that failed.
func (s *Server) goOnAtHost(c echo.Context) error {
	ctx, m, host := c.Request().Context(), asked(c), c.FormValue("host")
	pauses, err := s.Store.PausesOf(ctx, m.CustomerID, m.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(pauses, func(p migration.PauseView) bool { return p.Key == host })
	if i < 0 { // somebody was faster, or a login was let in
		return s.goBack(c, s.pausePage(m), locale.T(ctx, "flash.pause.over", nil))
	}
	if pauses[i].Held == 0 {
		if err := s.retryRefused(ctx, &m); err != nil {
			return err
		}
	}
	if err := s.Desk.GoOn(ctx, m.CustomerID, &m, host); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "login at paused host asked for", "id", requestID(c), "migration", m.Code, "host", host, "user", who(c).ID)
	return s.goBack(c, s.pausePage(m), locale.T(ctx, "flash.pause.go_on", map[string]any{"host": pauses[i].Host}))
}

// retryRefused has what failed of a migration tried again.
func (s *Server) retryRefused(ctx context.Context, m *migration.Migration) error {
	if editable(*m) {
		return s.Store.Recheck(ctx, m.CustomerID, m.ID, m.CreatedAt)
	}
	err := s.Desk.Retry(ctx, m.CustomerID, m, 0)
	if errors.Is(err, migration.ErrConflict) { // a pass is under way, or to come: it tries by itself
		return nil
	}
	return err
}

// pausePage is where a migration's paused hosts are shown.
func (s *Server) pausePage(m migration.Migration) string {
	if m.Validity == migration.Draft {
		return stepPath(m, views.StepFile)
	}
	return path("migrations", m.Code)
}
