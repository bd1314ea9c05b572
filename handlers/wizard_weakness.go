package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// allow bears with the weakness of one server that a check has shown, on the word of
// who handed the passwords in.
func (s *Server) allow(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	stored, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return err
	}
	address, weakness := c.Request().PostFormValue("address"), migration.Weakness(c.Request().PostFormValue("weakness"))
	shown := func(row store.ResourceRow) bool {
		return weakness != "" && row.Check.Weakness() == weakness && row.Source.Address() == address
	}
	if !slices.ContainsFunc(stored.Resources, shown) { // the page was an old one
		return s.goBack(c, stepPath(m, views.StepFile), locale.T(ctx, "flash.choice_over", nil))
	}
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	if file.By != who(c).ID {
		return s.rowsPage(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeForeignFile}})
	}
	m.Source.Allow(address, weakness)
	if err := s.saveSource(c, m); err != nil {
		return err
	}
	s.Logger.WarnContext(ctx, "weak connection allowed", "id", requestID(c), "migration", m.Code, "address", address, "weakness", weakness, "user", who(c).ID)
	return s.goBack(c, stepPath(m, views.StepFile), locale.T(ctx, "flash.allowed", map[string]any{"address": address}))
}
