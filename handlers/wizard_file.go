package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// draftFile is what is kept, sealed, of a file of accounts until the migration
// is valid (docs/decisions/0009).
type draftFile struct {
	Name      string `json:"name,omitempty"` // as it was uploaded; empty: pasted
	Encoding  string `json:"encoding"`
	Separator string `json:"separator"`
	Text      string `json:"text"` // of migration.NormalCSV
	// Out are the lines that cannot be read and that the admin goes on without;
	// those whose check failed are marked in the store.
	Out []int `json:"out,omitempty"`
}

// file opens the kept file of a draft; the zero value if there is none.
func (s *Server) file(ctx context.Context, m migration.Migration) (draftFile, error) {
	var file draftFile
	sealed, err := s.Store.Sheet(ctx, m.CustomerID, m.ID)
	if err != nil || sealed.IsZero() {
		return file, err
	}
	if err := json.Unmarshal([]byte(sealed.Reveal()), &file); err != nil {
		return file, fmt.Errorf("kept file of %s: %w", m.Code, errKeptFile) // not err, which may quote a password
	}
	return file, nil
}

var errKeptFile = errors.New("cannot be read")

// intake is what a file of the user's is read with.
func (s *Server) intake(ctx context.Context, m migration.Migration, user migration.User) (migration.Intake, error) {
	domains, err := s.Store.Domains(ctx, m.CustomerID)
	if err != nil {
		return migration.Intake{}, err
	}
	servers, err := s.Store.Destinations(ctx)
	return migration.Intake{
		Policy: s.Policy, Type: m.ServerType, Source: m.Source, User: user,
		Domains: domains, Destinations: servers, AllowPrivate: s.AllowPrivate,
	}, err
}

// keepFile stores a file and the rows of it that can be read; those that are new
// or changed wait for their check.
func (s *Server) keepFile(ctx context.Context, m migration.Migration, file draftFile) error {
	in, err := s.intake(ctx, m, whoIn(ctx))
	if err != nil {
		return err
	}
	sealed, err := json.Marshal(file)
	if err != nil {
		return err
	}
	rows := in.Read([]byte(file.Text)).Rows
	if err := s.Store.SaveSheet(ctx, m.CustomerID, m.ID, migration.NewSecret(string(sealed)), rows); err != nil {
		return err
	}
	s.Desk.Wake()
	return s.leaveOut(ctx, m, file.Out, true) // rows that are new under an old number
}

// showFile shows the rows of the file, or asks for one.
func (s *Server) showFile(c echo.Context) error {
	if sent, err := s.enter(c, views.StepFile); sent || err != nil {
		return err
	}
	file, err := s.file(c.Request().Context(), asked(c))
	if err != nil {
		return err
	}
	if file.Text == "" {
		return s.uploadPage(c, http.StatusOK, nil)
	}
	return s.rowsPage(c, http.StatusOK, nil)
}

// showUpload asks for a file in the place of the one there is.
func (s *Server) showUpload(c echo.Context) error {
	if sent, err := s.enter(c, views.StepFile); sent || err != nil {
		return err
	}
	return s.uploadPage(c, http.StatusOK, nil)
}

func (s *Server) uploadPage(c echo.Context, code int, problems []migration.Problem) error {
	in, err := s.intake(c.Request().Context(), asked(c), who(c))
	if err != nil {
		return err
	}
	page := views.UploadPage{
		WizardPage: s.wizard(c, views.StepFile, problems), HasFile: asked(c).Checks.Rows > 0,
		Demo: s.Demo != nil, Domains: usable(in), Password: slices.ContainsFunc(in.Destinations, migration.Destination.NeedsPassword),
	}
	return s.render(c, code, views.WizardUpload(page))
}

// usable names the domains that the user may use.
func usable(in migration.Intake) (names []string) {
	for _, domain := range in.Domains {
		if in.User.CanUseDomain(domain) {
			names = append(names, domain.Name)
		}
	}
	return names
}

// CodeFileMissing is the fault of a form without a file and without rows.
const CodeFileMissing = "file.missing"

// saveFile takes an uploaded file, or pasted rows. What cannot be read as a file
// of accounts at all is refused, and what was there stays.
func (s *Server) saveFile(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	name, data, err := sentFile(c)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 && name == "" {
		return s.uploadPage(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeFileMissing, Field: "csv"}})
	}
	in, err := s.intake(ctx, m, whoIn(ctx))
	if err != nil {
		return err
	}
	sheet := in.Read(data)
	if faults := wholeFile(sheet); len(faults) > 0 {
		return s.uploadPage(c, http.StatusUnprocessableEntity, faults)
	}
	file := draftFile{
		Name: name, Encoding: sheet.Encoding, Separator: string(sheet.Separator), Text: string(migration.NormalCSV(data, sheet)),
	}
	if err := s.keepFile(ctx, m, file); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepFile))
}

// wholeFile are the problems of a file whose rows could not be read at all, as
// problems of the field.
func wholeFile(sheet migration.Sheet) (faults []migration.Problem) {
	if sheet.IsUsable() {
		return nil
	}
	for _, problem := range sheet.Problems {
		if problem.Row == 0 || problem.Code == migration.CodeFileSepLine || problem.Code == migration.CodeFileColumnOrder {
			problem.Field = "csv"
			faults = append(faults, problem)
		}
	}
	return faults
}

// sentFile returns the uploaded file, or the pasted rows if there is none.
func sentFile(c echo.Context) (name string, data []byte, err error) {
	header, err := c.FormFile("csv")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart):
		return "", []byte(c.FormValue("rows")), nil
	case err != nil:
		return "", nil, err
	case header.Size == 0 && header.Filename == "":
		return "", []byte(c.FormValue("rows")), nil
	}
	data, err = readUpload(header)
	if len(data) == 0 && err == nil && c.FormValue("rows") != "" {
		return "", []byte(c.FormValue("rows")), nil
	}
	return header.Filename, data, err
}

func readUpload(header *multipart.FileHeader) ([]byte, error) {
	file, err := header.Open()
	if err != nil {
		return nil, fmt.Errorf("uploaded file: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, migration.MaxCSVBytes+1))
}

// rowsPage shows the rows of the file.
func (s *Server) rowsPage(c echo.Context, code int, problems []migration.Problem) error {
	view, err := s.rowsView(c.Request().Context(), asked(c), rowsLookOf(c))
	if err != nil {
		return err
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
	sheet := in.Read([]byte(file.Text))
	view := views.RowsView{
		Migration: m, FileName: file.Name, Encoding: file.Encoding, Separator: file.Separator, Form: sheet.Form,
		Group: at.group, PageNumber: at.page, Now: s.Now(), MaxSize: s.Policy.MaxMessageSize,
	}
	view.Fill(sheet, checksByLine(stored.Resources), file.Out)
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
	return picture, view.Waiting() == 0, err
}

// saveRow corrects one row, or takes one back that was left out. An empty secret
// keeps the one that stands in the file.
func (s *Server) saveRow(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	line, file, err := s.lineAndFile(c)
	if err != nil {
		return err
	}
	in, err := s.intake(ctx, m, whoIn(ctx))
	if err != nil {
		return err
	}
	sheet := in.Read([]byte(file.Text))
	i := slices.IndexFunc(sheet.Lines, func(l migration.SheetLine) bool { return l.Number == line })
	if i < 0 {
		return migration.ErrNotFound
	}
	if form := c.Request().PostForm; !form.Has("back") {
		file.Text = edited(file.Text, sheet.Lines[i], form)
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

// edited returns the text of a file with one row as a form has it.
func edited(text string, line migration.SheetLine, form url.Values) string {
	columns, values := []string{}, map[string]string{}
	for _, cell := range line.Cells {
		columns = append(columns, cell.Name)
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
	if err := c.Request().ParseForm(); err != nil {
		return 0, file, echo.NewHTTPError(http.StatusBadRequest)
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
)

func (s *Server) goOnWithout(ctx context.Context, m migration.Migration, bad []int) error {
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

// trust accepts a certificate that was shown, for all sources of the migration.
func (s *Server) trust(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	f := formReader{value: c.Request().PostFormValue}
	m.Source.Pin = f.pin(f.text("pin"))
	if len(f.problems) > 0 || m.Source.Pin == "" {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	if err := s.saveSource(c, m); err != nil {
		return err
	}
	return s.goBack(c, stepPath(m, views.StepFile), locale.T(c.Request().Context(), "page.wizard.file.trusted", nil))
}
