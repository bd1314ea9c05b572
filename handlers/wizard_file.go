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
	"slices"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/views"
)

// draftFile is what is kept, sealed, of a file of accounts until the migration
// is valid (docs/decisions/0009).
type draftFile struct {
	Name      string `json:"name,omitempty"` // as it was uploaded; empty: pasted
	Encoding  string `json:"encoding"`
	Separator string `json:"separator"`
	Text      string `json:"text"` // of migration.NormalCSV
	// By is the user who handed it in: nobody else may have its passwords sent
	// anywhere but where they were meant for.
	By int64 `json:"by"`
	// Raw are the octets as they came, where Encoding was a guess: it can be another
	// one. They go when a row is corrected, which reading anew would undo.
	Raw []byte `json:"raw,omitempty"`
	// Out are the lines that cannot be read and that the admin goes on without;
	// those whose check failed are marked in the store.
	Out []int `json:"out,omitempty"`
	// Key opens the rows that have no password; nil: none. It may be there before the
	// rows are.
	Key *draftKey `json:"key,omitempty"`
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
	in.Key = file.Key.account()
	sealed, err := json.Marshal(file)
	if err != nil {
		return err
	}
	sheet := in.Read([]byte(file.Text))
	if err := s.Store.SaveSheet(ctx, m.CustomerID, m.ID, migration.NewSecret(string(sealed)), sheet.Rows, file.Out...); err != nil {
		return err
	}
	if err := s.Store.WantDiscovery(ctx, m.CustomerID, m.ID, sheet.NeedsServer()...); err != nil {
		return err
	}
	s.Desk.Wake()
	return nil
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
	kept, err := s.file(c.Request().Context(), asked(c))
	if err != nil {
		return err
	}
	page := views.UploadPage{
		WizardPage: s.wizard(c, views.StepFile, problems), HasFile: asked(c).Checks.Rows > 0,
		Support: views.Support(s.Support), Demo: s.Demo != nil, Domains: usable(in), Password: slices.ContainsFunc(in.Destinations, migration.Destination.NeedsPassword),
		Account: kept.Key.account(),
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
	kept, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	in.Key = kept.Key.account()
	sheet := in.Read(data)
	if faults := wholeFile(sheet); len(faults) > 0 {
		return s.uploadPage(c, http.StatusUnprocessableEntity, faults)
	}
	if kept.Key.isForeign(who(c)) && opens(sheet, 0) {
		return s.uploadPage(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeForeignKey, Field: "csv"}})
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	file := draftFile{
		By: who(c).ID, Key: kept.Key, Name: name, Encoding: sheet.Encoding, Separator: string(sheet.Separator), Text: string(migration.NormalCSV(data, sheet)),
	}
	if migration.GuessedEncodings(sheet.Encoding) != nil {
		file.Raw = data
	}
	s.files.Lock()
	defer s.files.Unlock()
	if err := s.Store.SearchAgain(ctx, m.CustomerID, m.ID); err != nil {
		return err
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
