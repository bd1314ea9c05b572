package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
)

// lookUpAgain has the source of a row looked up anew, on the admin's word alone: the
// name may lead to the new server by now (S7).
func (s *Server) lookUpAgain(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	row, err := s.correctable(c)
	if err != nil {
		return err
	}
	if err := s.Store.Unfreeze(ctx, m.CustomerID, m.ID, row.Row); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "source looked up again", "id", requestID(c), "migration", m.Code, "row", row.Row, "user", who(c).ID)
	s.Desk.Wake()
	return s.goBack(c, path("migrations", m.Code, "resources", c.Param("row")), locale.T(ctx, "flash.looked_up", nil))
}

// acceptCertificate lets the certificate be believed for which a row stopped, if it
// is the one the page has shown (S7); what stopped for it is tried again.
func (s *Server) acceptCertificate(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	row, err := s.correctable(c)
	if err != nil {
		return err
	}
	again := s.goesAgain(m, row)
	rows, err := s.Store.AcceptCertificate(ctx, m.CustomerID, m, row.Row, c.FormValue("pin"))
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "certificate accepted", "id", requestID(c), "migration", m.Code, "row", row.Row, "rows", rows, "user", who(c).ID)
	if again {
		only := row.Row
		if rows > 1 {
			only = 0
		}
		err := s.Desk.Retry(ctx, m.CustomerID, &m, only)
		if err != nil && !errors.Is(err, migration.ErrConflict) { // a pass has begun meanwhile: it tries by itself
			return err
		}
	}
	s.Desk.Wake()
	return s.goBack(c, path("migrations", m.Code, "resources", c.Param("row")), locale.N(ctx, "flash.certificate_accepted", rows, nil))
}
