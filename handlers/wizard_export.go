package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// exportRows sends the rows that are to be corrected, or those that are left out,
// as a file of the form they came in, with what is wrong behind each.
func (s *Server) exportRows(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	view, err := s.rowsView(ctx, m, rowsLook{page: 1, user: who(c)})
	if err != nil {
		return err
	}
	group := views.RowsBad
	if c.QueryParam("rows") == views.RowsOut {
		group = views.RowsOut
	}
	lines, comments := view.Export(ctx, group)
	if len(lines) == 0 {
		return migration.ErrNotFound
	}
	written := migration.WriteLines(lines, func(l migration.SheetLine) string { return comments[l.Number] })
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+m.Code+`-rows.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte(forWindows(string(written))))
}

// exportRights sends the script that lets the applications of the rows open their
// mailboxes, also when the wizard is over: passes find out that a right is missing, and
// at the end somebody takes all of them back. Windows PowerShell reads it right with a
// mark at its start.
func (s *Server) exportRights(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	stored, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return err
	}
	script := views.PowerShell(ctx, grantsOf(stored.Resources))
	if script == "" {
		return migration.ErrNotFound
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+m.Code+`-rights.ps1"`)
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(forWindows(script)))
}

// grantsOf is what the applications of rows need, but those that are left out.
func grantsOf(rows []store.ResourceRow) []migration.AppGrant {
	var used []migration.Resource
	for _, row := range rows {
		if !row.LeftOut {
			used = append(used, row.Resource)
		}
	}
	return migration.AppGrants(used)
}

// shownLines are the rows that a page offered to go on without, as its form says.
func shownLines(c echo.Context) (lines []int, given bool) {
	text := c.FormValue("without")
	for part := range strings.SplitSeq(text, ",") {
		if line, err := strconv.Atoi(part); err == nil {
			lines = append(lines, line)
		}
	}
	return lines, text != ""
}

// saveEncoding reads a file anew whose encoding was a guess, and a wrong one.
func (s *Server) saveEncoding(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	encoding := c.FormValue("encoding")
	s.files.Lock()
	defer s.files.Unlock()
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	text, err := migration.Decode(file.Raw, encoding)
	if err != nil || len(file.Raw) == 0 {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	in, err := s.intake(ctx, m, whoIn(ctx))
	if err != nil {
		return err
	}
	sheet := in.Read(text)
	if faults := wholeFile(sheet); len(faults) > 0 {
		return s.uploadPage(c, http.StatusUnprocessableEntity, faults)
	}
	file.Encoding, file.Separator, file.Text = encoding, string(sheet.Separator), string(migration.NormalCSV(text, sheet))
	if err := s.keepFile(ctx, m, file); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepFile))
}

// sample sends one of the files of Migrations.zip; of a provider that was chosen
// with its server in it.
func (s *Server) sample(c echo.Context) error {
	name := c.Param("name")
	text, err := sampleFiles.ReadFile("samples/" + name)
	if err != nil || !strings.HasSuffix(name, ".csv") {
		return errors.Join(migration.ErrNotFound, err)
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", []byte(forWindows(sampleOf(string(text), migration.ProviderNamed(c.QueryParam("provider"))))))
}
