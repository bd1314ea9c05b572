package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// ask hands a wish about a migration to the desk and leads back to its page. A
// migration that is not in a state for it is a conflict, which has a page.
func (s *Server) ask(
	c echo.Context, wish func(ctx context.Context, customer int64, m *migration.Migration) error, flash string,
) error {
	ctx, m := c.Request().Context(), asked(c)
	if err := wish(ctx, m.CustomerID, &m); err != nil {
		return err
	}
	return s.goBack(c, path("migrations", m.Code), locale.T(ctx, flash, nil))
}

func (s *Server) pause(c echo.Context) error    { return s.ask(c, s.Desk.Pause, "flash.paused") }
func (s *Server) resume(c echo.Context) error   { return s.ask(c, s.Desk.Resume, "flash.resumed") }
func (s *Server) startNow(c echo.Context) error { return s.ask(c, s.Desk.RunNow, "flash.started") }
func (s *Server) readMX(c echo.Context) error   { return s.ask(c, s.Desk.ReadMX, "flash.mx_read") }
func (s *Server) cancel(c echo.Context) error   { return s.ask(c, s.Desk.Cancel, "flash.cancelled") }

func (s *Server) lookAgain(c echo.Context) error {
	return s.ask(c, s.Desk.LookAgain, "flash.full.look_again")
}

// askCancel asks before a migration is cancelled.
func (s *Server) askCancel(c echo.Context) error {
	m := asked(c)
	if m.IsOver() || !m.Validity.CanBecome(migration.Cancelled) {
		return migration.ErrConflict
	}
	page := views.CancelPage{Page: s.quietPage(c, "page.cancel.title", map[string]any{"code": m.Code}), Migration: m}
	return s.render(c, http.StatusOK, views.Cancel(page))
}

// localField is the form of datetime-local fields.
const localField = "2006-01-02T15:04"

// showSecond shows the form that moves pass 2.
func (s *Server) showSecond(c echo.Context) error {
	m := asked(c)
	if !secondWaits(m) {
		return migration.ErrConflict
	}
	zone := locale.Zone(c.Request().Context())
	return s.secondPage(c, http.StatusOK, m.Passes[1].PlannedAt.In(zone).Format(localField), nil)
}

// secondWaits reports whether there is a pass 2 that can still be moved.
func secondWaits(m migration.Migration) bool {
	return m.Validity == migration.Valid && len(m.Passes) > 1 && m.Passes[1].Status == migration.PassPlanned
}

func (s *Server) secondPage(c echo.Context, code int, value string, problems []migration.Problem) error {
	ctx, m := c.Request().Context(), asked(c)
	zone, now := locale.Zone(ctx), s.Now()
	page := views.SecondPage{
		Page: s.page(c, "page.second.title"), Migration: m, Value: value, Problems: problems,
		Min: now.In(zone).Format(localField), Max: s.Policy.LatestSecond(m.Passes[0].PlannedAt).In(zone).Format(localField),
		Zone: zone.String(),
		View: views.MigrationView{Migration: m, SendsMail: s.SendsMail, Policy: s.Policy, Now: now},
	}
	page.Failed = len(problems) > 0
	return s.render(c, code, views.Second(page))
}

// moveSecond plans pass 2 anew, within the 23 hours (S14).
func (s *Server) moveSecond(c echo.Context) error {
	ctx, m, value := c.Request().Context(), asked(c), c.FormValue("second")
	if !secondWaits(m) {
		return migration.ErrConflict
	}
	second, problems, warnings, err := s.readSecond(ctx, m, c.FormValue("offer"), value)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.secondPage(c, http.StatusUnprocessableEntity, value, problems)
	}
	if err := s.Store.MovePass(ctx, m.CustomerID, &m.Passes[1], second.PlannedAt); err != nil {
		return err
	}
	s.Desk.Wake()
	flash := locale.T(ctx, "flash.moved", map[string]any{"when": locale.When(ctx, second.PlannedAt, s.Now())})
	for _, warning := range warnings {
		flash += " " + locale.Problem(ctx, warning.Code, 0, warning.Field, warning.Args).Text
	}
	return s.goBack(c, path("migrations", m.Code), flash)
}

// readSecond reads the new time of pass 2 as the clock of the reader shows it, or
// takes the one that was offered: two TTLs after the change of the MX records.
func (s *Server) readSecond(
	ctx context.Context, m migration.Migration, offer, value string,
) (second migration.Pass, problems, warnings []migration.Problem, err error) {
	var at time.Time
	switch {
	case offer == "two_ttls":
		domains, err := s.Store.CutOver(ctx, m.CustomerID, m.ID)
		if err != nil {
			return second, nil, nil, err
		}
		var ok bool
		if at, ok = m.OfferTwoTTLs(s.Policy, domains, s.Now()); !ok {
			return second, nil, nil, migration.ErrConflict // the records have changed since
		}
	case value != "":
		if at, problems, warnings = migration.ParseLocal(migration.FieldSecond, value, locale.Zone(ctx)); len(problems) > 0 {
			return second, problems, nil, nil
		}
	}
	second, problems, more := migration.MoveSecond(s.Policy, m.Passes, at, s.Now())
	return second, problems, append(warnings, more...), nil
}
