package handlers

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// listFile sends all migrations of a list as a file: what is looked for, and the
// order, are those of the page.
func (s *Server) listFile(form string) func(c echo.Context) error {
	return func(c echo.Context) error {
		query := listQuery(c)
		found, err := s.Store.Migrations(c.Request().Context(), s.storeQuery(c, query, 0))
		if err != nil {
			return err
		}
		rows := make([]migrationFile, len(found.Migrations))
		for i, m := range found.Migrations {
			rows[i] = s.fileOf(m)
		}
		return sendTable(c, "migrations", form, rows)
	}
}

func (s *Server) listCSV(c echo.Context) error  { return s.listFile("csv")(c) }
func (s *Server) listJSON(c echo.Context) error { return s.listFile("json")(c) }

// tableRow is a row of a table for programs: its JSON is its own, its CSV these
// cells.
type tableRow interface {
	heads() []string
	cells() []string
}

// sendTable sends rows as a file of that form, "csv" or "json".
func sendTable[R tableRow](c echo.Context, name, form string, rows []R) error {
	contentType := "application/json; charset=utf-8"
	if form == "csv" {
		contentType = "text/csv; charset=utf-8"
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+"."+form+`"`)
	c.Response().WriteHeader(http.StatusOK)
	if form == "json" {
		encoder := json.NewEncoder(c.Response())
		encoder.SetIndent("", "  ")
		if rows == nil {
			rows = []R{}
		}
		return encoder.Encode(rows)
	}
	var head R
	return writeTable(c.Response(), head.heads(), func(row func(...string) error) error {
		for _, r := range rows {
			if err := row(r.cells()...); err != nil {
				return err
			}
		}
		return nil
	})
}

// migrationFile is a migration for programs: codes and facts, no sentences.
type migrationFile struct {
	Code      string   `json:"code"`
	Name      string   `json:"name,omitempty"`
	Type      string   `json:"type,omitempty"`
	Status    string   `json:"status"`
	Phase     string   `json:"phase"`
	User      string   `json:"user"`
	Domains   []string `json:"domains"`
	Resources int      `json:"resources"`
	LeftOut   int      `json:"left_out"`
	First     string   `json:"first,omitempty"`
	Second    string   `json:"second,omitempty"`
	fileCounts
}

func (t fileCounts) cells() []string {
	return []string{
		strconv.Itoa(t.Listed), strconv.Itoa(t.Copied), strconv.Itoa(t.Present), strconv.Itoa(t.Skipped),
		strconv.Itoa(t.Failed), strconv.FormatInt(t.Bytes, 10),
	}
}

var tallyHeads = []string{"listed", "copied", "present", "skipped", "failed", "bytes"}

func (s *Server) fileOf(m migration.Migration) migrationFile {
	pass, _ := views.ShownPass(m)
	file := migrationFile{
		Code: m.Code, Name: m.Name, Type: string(m.ServerType), Status: string(m.Validity), Phase: string(m.Phase(s.Now())),
		User: m.UserName, Domains: append([]string{}, m.Domains...), Resources: m.Checks.Rows + m.Checks.LeftOut,
		LeftOut: m.Checks.LeftOut + len(m.LinesOut), fileCounts: fileCounts(pass.Runs.Tally),
	}
	for _, pass := range m.Passes {
		switch pass.Number {
		case 1:
			file.First = rfc3339(pass.PlannedAt)
		case 2:
			file.Second = rfc3339(pass.PlannedAt)
		}
	}
	return file
}

func (migrationFile) heads() []string {
	return append([]string{
		"code", "name", "type", "status", "phase", "user", "domains", "resources", "left_out", "first", "second",
	}, tallyHeads...)
}

func (f migrationFile) cells() []string {
	return append([]string{
		f.Code, f.Name, f.Type, f.Status, f.Phase, f.User, strings.Join(f.Domains, " "), strconv.Itoa(f.Resources),
		strconv.Itoa(f.LeftOut), f.First, f.Second,
	}, f.fileCounts.cells()...)
}

// resourceFile is a resource in one pass, for programs; Pass 0: none has begun.
type resourceFile struct {
	Row         int    `json:"row"`
	Destination string `json:"destination"`
	Source      string `json:"source"`
	Host        string `json:"host"`
	LeftOut     bool   `json:"left_out"`
	Check       string `json:"check,omitempty"`
	CheckClass  string `json:"check_class,omitempty"`
	Pass        int    `json:"pass"`
	Status      string `json:"status,omitempty"`
	ErrorClass  string `json:"error_class,omitempty"`
	Started     string `json:"started,omitempty"`
	Ended       string `json:"ended,omitempty"`
	fileCounts
}

func (s *Server) resourcesCSV(c echo.Context) error  { return s.resourcesFile(c, "csv") }
func (s *Server) resourcesJSON(c echo.Context) error { return s.resourcesFile(c, "json") }

// resourcesFile sends the resources of a migration with all their runs. A group is
// that of the tabs on the migration's page.
func (s *Server) resourcesFile(c echo.Context, form string) error {
	m := asked(c)
	pass, _ := views.ShownPass(m)
	found, err := s.Store.Resources(c.Request().Context(), store.ResourceQuery{
		Customer: m.CustomerID, MigrationID: m.ID, Pass: pass.Number, Group: c.QueryParam("group"),
	})
	if err != nil {
		return err
	}
	var rows []resourceFile
	for _, row := range found.Resources {
		rows = append(rows, filesOf(m, row)...)
	}
	return sendTable(c, m.Code+"-resources", form, rows)
}

// filesOf are a resource's runs, pass by pass; without one, the resource alone.
func filesOf(m migration.Migration, row store.ResourceRow) (files []resourceFile) {
	base := resourceFile{
		Row: row.Row, Destination: row.Destination.Auth.Login, Source: row.Source.Auth.Login, Host: row.Source.Host,
		LeftOut: row.LeftOut, Check: string(row.Check.Status), CheckClass: row.Check.Class,
	}
	for _, pass := range m.Passes {
		run, begun := row.Runs[pass.Number]
		if !begun {
			continue
		}
		file := base
		file.Pass, file.Status, file.ErrorClass = pass.Number, string(run.Status), run.ErrorClass
		file.Started, file.Ended, file.fileCounts = rfc3339(run.StartedAt), rfc3339(run.EndedAt), fileCounts(run.Tally)
		files = append(files, file)
	}
	if len(files) == 0 {
		files = append(files, base)
	}
	return files
}

func (resourceFile) heads() []string {
	return append([]string{
		"row", "destination", "source", "host", "left_out", "check", "check_class", "pass", "status", "error_class", "started", "ended",
	}, tallyHeads...)
}

func (f resourceFile) cells() []string {
	return append([]string{
		strconv.Itoa(f.Row), f.Destination, f.Source, f.Host, strconv.FormatBool(f.LeftOut), f.Check, f.CheckClass,
		strconv.Itoa(f.Pass), f.Status, f.ErrorClass, f.Started, f.Ended,
	}, f.fileCounts.cells()...)
}
