package handlers

import (
	"fmt"
	"strconv"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// takeFound writes the server that was found for a domain into the row on a line of
// the file, or into all rows of the domain whose own server is missing or wrong. The
// page says which server it showed: another one may have been found since.
func (s *Server) takeFound(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	s.files.Lock()
	defer s.files.Unlock()
	view, err := s.rowsView(ctx, m, rowsLookOf(c))
	if err != nil {
		return err
	}
	line, _ := strconv.Atoi(c.FormValue("line")) // 0: all
	rows := view.ToTake(c.FormValue("domain"), c.FormValue("host"), line)
	at := rowsLookOf(c)
	back := stepPath(m, views.StepFile) + fmt.Sprintf("?rows=%s&page=%d", at.group, at.page)
	if len(rows) == 0 { // the page was an old one
		return s.goBack(c, back, locale.T(ctx, "flash.choice_over", nil))
	}
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if file.By != who(c).ID { // a colleague's passwords do not go along
			file.Text = string(migration.ForgetSecrets([]byte(file.Text), row.Number, columnsOf(row)))
		}
		host := map[string]string{migration.FieldHost: c.FormValue("host")}
		file.Text = string(migration.EditLine([]byte(file.Text), row.Number, columnsOf(row), host))
	}
	file.Raw = nil
	if err := s.keepFile(ctx, m, file); err != nil {
		return err
	}
	return s.goBack(c, back, locale.N(ctx, "flash.found_taken", len(rows), map[string]any{"host": c.FormValue("host")}))
}
