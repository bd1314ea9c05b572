package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// rowsPage shows the rows of the file.
func (s *Server) rowsPage(c echo.Context, code int, problems []migration.Problem) error {
	view, err := s.rowsView(c.Request().Context(), asked(c), rowsLookOf(c))
	if err != nil {
		return err
	}
	if line, err := strconv.Atoi(c.QueryParam("row")); err == nil {
		view.TurnTo(line)
	}
	page := views.RowsPage{WizardPage: s.wizard(c, views.StepFile, problems), View: view}
	page.Title = view.Title(c.Request().Context())
	return s.render(c, code, views.WizardRows(page))
}

// rowsLook is which of the rows somebody looks at.
type rowsLook struct {
	group string
	page  int
	user  migration.User // whose domains count
}

func rowsLookOf(c echo.Context) rowsLook {
	return rowsLook{c.QueryParam("rows"), pageNumber(c), who(c)}
}

// rowsView reads the file anew and joins it with the checks of its rows.
func (s *Server) rowsView(ctx context.Context, m migration.Migration, at rowsLook) (views.RowsView, error) {
	file, err := s.file(ctx, m)
	if err != nil {
		return views.RowsView{}, err
	}
	in, err := s.intake(ctx, m, at.user)
	if err != nil {
		return views.RowsView{}, err
	}
	stored, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return views.RowsView{}, err
	}
	in.Key = file.Key.account()
	pauses, err := s.Store.PausesOf(ctx, m.CustomerID, m.ID)
	if err != nil {
		return views.RowsView{}, err
	}
	found, err := s.Store.Discoveries(ctx, m.CustomerID, m.ID)
	if err != nil {
		return views.RowsView{}, err
	}
	sheet := in.Read([]byte(file.Text))
	view := views.RowsView{
		Pauses:    pauses,
		Migration: m, FileName: file.Name, Encoding: file.Encoding, Separator: file.Separator, Form: sheet.Form, CanReread: len(file.Raw) > 0,
		Account: in.Key, Found: found,
		Group: at.group, PageNumber: at.page, Now: s.Now(), MaxSize: s.Policy.MaxMessageSize,
	}
	byLine := checksByLine(stored.Resources)
	view.Fill(sheet, byLine, file.Out)
	view.Grants = grantsOf(stored.Resources)
	return view, nil
}

func checksByLine(rows []store.ResourceRow) map[int]migration.Resource {
	byLine := make(map[int]migration.Resource, len(rows))
	for _, row := range rows {
		byLine[row.Row] = row.Resource
	}
	return byLine
}

// fileEvents keeps the rows up to date until none waits for its check.
func (s *Server) fileEvents(c echo.Context) error {
	m, at := asked(c), rowsLookOf(c)
	if !editable(m) {
		return c.NoContent(http.StatusNoContent)
	}
	key := fmt.Sprintf("file %d %d %q %d", m.ID, who(c).ID, at.group, at.page)
	return s.stream(c, liveSource{
		key: key,
		watch: func(ctx context.Context, changed func() error) error {
			return s.Feed.Watch(ctx, m.ID, func([]migration.Progress) error { return changed() })
		},
		paint: func(ctx context.Context) ([]byte, bool, error) { return s.paintRows(ctx, m, at) },
	})
}

func (s *Server) paintRows(ctx context.Context, m migration.Migration, at rowsLook) (picture []byte, last bool, err error) {
	if m, err = s.Store.MigrationByID(ctx, m.CustomerID, m.ID); err != nil {
		return nil, false, err
	}
	view, err := s.rowsView(ctx, m, at)
	if err != nil {
		return nil, false, err
	}
	picture, err = paint(ctx, views.WizardRowsLive(view))
	return picture, view.Waiting() == 0 && !view.Searching(), err
}

// saveRow corrects one row, or takes one back that was left out. An empty secret
// keeps the one that stands in the file.
func (s *Server) saveRow(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if err := c.Request().ParseForm(); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	s.files.Lock() // the other rows stay as somebody else may just have corrected them
	defer s.files.Unlock()
	line, file, err := s.lineAndFile(c)
	if err != nil {
		return err
	}
	in, err := s.intake(ctx, m, whoIn(ctx))
	if err != nil {
		return err
	}
	in.Key = file.Key.account()
	sheet := in.Read([]byte(file.Text))
	i := slices.IndexFunc(sheet.Lines, func(l migration.SheetLine) bool { return l.Number == line })
	if i < 0 {
		return migration.ErrNotFound
	}
	if form := c.Request().PostForm; !form.Has("back") {
		if form.Has("was") && form.Get("was") != sheet.Lines[i].Mark() {
			return s.conflict(c, views.ConflictPage{Again: again(c, sheet.Lines[i]), Sent: rowFacts(form, sheet.Lines[i])})
		}
		if file.By != who(c).ID && movesAway(sheet.Lines[i], form) {
			file.Text = string(migration.ForgetSecrets([]byte(file.Text), line, columnsOf(sheet.Lines[i])))
		}
		file.Text, file.Raw = edited(file.Text, sheet.Lines[i], form), nil
		if file.Key.isForeign(who(c)) && movesAway(sheet.Lines[i], form) && opens(in.Read([]byte(file.Text)), line) {
			return s.rowsPage(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeForeignKey, Field: "row-" + strconv.Itoa(line)}})
		}
	}
	file.Out = slices.DeleteFunc(file.Out, func(out int) bool { return out == line })
	if err := s.keepFile(ctx, m, file); err != nil {
		return err
	}
	if err := s.leaveOut(ctx, m, []int{line}, false); err != nil {
		return err
	}
	if err := s.checkUnchanged(ctx, m, line); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepFile)+fmt.Sprintf("?rows=%s&page=%d#row-%d", rowsLookOf(c).group, rowsLookOf(c).page, line))
}

// movesAway reports whether a form lets a row go to another server, or to another
// account of it.
func movesAway(line migration.SheetLine, form url.Values) bool {
	return slices.ContainsFunc(line.Cells, func(cell migration.SheetCell) bool {
		names := []string{migration.FieldHost, migration.FieldLogin, migration.FieldMaster, migration.FieldClientID, migration.FieldTenant, migration.FieldDestination}
		return slices.Contains(names, cell.Name) && form.Has(cell.Name) && form.Get(cell.Name) != cell.Text
	})
}

func columnsOf(line migration.SheetLine) (columns []string) {
	for _, cell := range line.Cells {
		columns = append(columns, cell.Name)
	}
	return columns
}

// edited returns the text of a file with one row as a form has it.
func edited(text string, line migration.SheetLine, form url.Values) string {
	columns, values := columnsOf(line), map[string]string{}
	for _, cell := range line.Cells {
		if form.Has(cell.Name) {
			values[cell.Name] = form.Get(cell.Name)
		}
	}
	return string(migration.EditLine([]byte(text), line.Number, columns, values))
}

// checkUnchanged checks a row again that was handed in as it was: what was wrong
// may have been mended at the server. The other rows that failed come along with
// it; where the row did change they are left alone, since some servers lock an
// account whose password is wrong too often.
func (s *Server) checkUnchanged(ctx context.Context, m migration.Migration, line int) error {
	row, err := s.Store.Resource(ctx, m.CustomerID, m.ID, line)
	if errors.Is(err, migration.ErrNotFound) || err == nil && row.Check.Status != migration.CheckFailed {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.Store.Recheck(ctx, m.CustomerID, m.ID, m.CreatedAt); err != nil {
		return err
	}
	s.Desk.Wake()
	return nil
}

func (s *Server) lineAndFile(c echo.Context) (line int, file draftFile, err error) {
	if !editable(asked(c)) {
		return 0, file, migration.ErrConflict
	}
	if line, err = strconv.Atoi(c.Param("line")); err != nil {
		return 0, file, migration.ErrNotFound
	}
	file, err = s.file(c.Request().Context(), asked(c))
	return line, file, err
}

// leaveRows ends the step: with rows to be corrected, only if the admin goes on
// without them.
func (s *Server) leaveRows(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	view, err := s.rowsView(ctx, m, rowsLook{page: 1, user: whoIn(ctx)})
	if err != nil {
		return err
	}
	if view.Usable() == 0 {
		return s.rowsPage(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeRowsNone, Field: "skip"}})
	}
	if bad := view.BadLines(); len(bad) > 0 {
		if c.FormValue("skip") == "" {
			return s.rowsPage(c, http.StatusUnprocessableEntity, []migration.Problem{{
				Code: CodeRowsBad, Field: "skip", Args: migration.Args{"count": len(bad)},
			}})
		}
		if shown, given := shownLines(c); given {
			fresh := slices.DeleteFunc(slices.Clone(bad), func(line int) bool { return slices.Contains(shown, line) })
			if len(fresh) > 0 { // nobody has said that he goes on without those
				return s.rowsPage(c, http.StatusUnprocessableEntity, []migration.Problem{{
					Code: CodeRowsMore, Field: "skip", Args: migration.Args{"count": len(fresh), "rows": joinLines(fresh)},
				}})
			}
		}
		if err := s.goOnWithout(ctx, m, bad); err != nil {
			return err
		}
	}
	return goTo(c, stepPath(m, views.StepFirst))
}

// Faults of the rows as a whole.
const (
	CodeRowsBad  = "rows.bad"  // args: count
	CodeRowsNone = "rows.none" // no row is left
	CodeRowsMore = "rows.more" // others failed since the page was made; args: count, rows
)

func joinLines(lines []int) string {
	const most = 10
	var texts []string
	for _, line := range lines[:min(len(lines), most)] {
		texts = append(texts, strconv.Itoa(line))
	}
	if len(lines) > most {
		texts = append(texts, "…")
	}
	return strings.Join(texts, ", ")
}

func (s *Server) goOnWithout(ctx context.Context, m migration.Migration, bad []int) error {
	s.files.Lock()
	defer s.files.Unlock()
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	file.Out = append(file.Out, bad...)
	slices.Sort(file.Out)
	file.Out = slices.Compact(file.Out)
	return s.keepFile(ctx, m, file)
}

// leaveOut marks those of the lines that became rows of the migration; lines
// that cannot be read have none.
func (s *Server) leaveOut(ctx context.Context, m migration.Migration, lines []int, out bool) error {
	stored, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return err
	}
	byLine := checksByLine(stored.Resources)
	lines = slices.DeleteFunc(slices.Clone(lines), func(line int) bool {
		row, read := byLine[line]
		return !read || row.LeftOut == out
	})
	if len(lines) == 0 {
		return nil
	}
	return s.Store.LeaveOut(ctx, m.CustomerID, m.ID, lines, out)
}

// checkAgain checks all rows anew.
func (s *Server) checkAgain(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	if err := s.Store.Recheck(c.Request().Context(), m.CustomerID, m.ID, s.Now()); err != nil {
		return err
	}
	s.Desk.Wake()
	return goTo(c, stepPath(m, views.StepFile))
}

// trust accepts a certificate that a check has shown, for the one server that
// showed it (S7). Any other would be somebody's word.
func (s *Server) trust(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	stored, err := s.Store.Resources(c.Request().Context(), store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	if err != nil {
		return err
	}
	pin, address := c.Request().PostFormValue("pin"), c.Request().PostFormValue("address")
	shown := func(row store.ResourceRow) bool {
		return row.Check.Certificate == pin && row.Check.Side == "source" && row.Source.Address() == address
	}
	if pin == "" || !slices.ContainsFunc(stored.Resources, shown) {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	m.Source.Accept(address, pin)
	if err := s.saveSource(c, m); err != nil {
		return err
	}
	return s.goBack(c, stepPath(m, views.StepFile), locale.T(c.Request().Context(), "page.wizard.file.trusted", map[string]any{"address": address}))
}
