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
	err = s.tryAt(ctx, &m, pauses[i])
	if errors.Is(err, migration.ErrConflict) {
		return s.goBack(c, s.pausePage(m), locale.T(ctx, "flash.pause.none", map[string]any{"host": pauses[i].Host}))
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "login at paused host asked for", "id", requestID(c), "migration", m.Code, "host", host, "user", who(c).ID)
	return s.goBack(c, s.pausePage(m), locale.T(ctx, "flash.pause.go_on", map[string]any{"host": pauses[i].Host}))
}

// tryAt lets the next login of a migration through at a paused host. Where none is to
// come what failed is tried again; where that cannot be, it is migration.ErrConflict, and
// who else is on trial there stays so.
func (s *Server) tryAt(ctx context.Context, m *migration.Migration, p migration.PauseView) (err error) {
	switch {
	case p.Comes:
	case !p.CanTry:
		return migration.ErrConflict
	case editable(*m):
		err = s.Store.Recheck(ctx, m.CustomerID, m.ID, m.CreatedAt)
	default:
		err = s.Desk.Retry(ctx, m.CustomerID, m, 0)
	}
	if err != nil {
		return err
	}
	return s.Desk.GoOn(ctx, m.CustomerID, m, p.Key)
}

// pausePage is where a migration's paused hosts are shown.
func (s *Server) pausePage(m migration.Migration) string {
	if m.Validity == migration.Draft {
		return stepPath(m, views.StepFile)
	}
	return path("migrations", m.Code)
}
