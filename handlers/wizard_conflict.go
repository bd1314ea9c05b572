package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// stale lets a form through that was made of the draft as it is, and takes the
// right to change it. Any other is answered with what happened: two tabs, or two
// people, are at work on one draft, and neither must undo what the other did
// without knowing. A form without a version was made by no page of ours.
func (s *Server) stale(c echo.Context) (sent bool, err error) {
	m := asked(c)
	version, ours := madeOf(c)
	if !ours {
		return false, nil
	}
	err = s.Store.Claim(c.Request().Context(), m.CustomerID, &m, version)
	if errors.Is(err, store.ErrStale) {
		return true, s.conflict(c, views.ConflictPage{Again: form(c), Sent: sentFacts(c)})
	}
	c.Set(migrationKey, m)
	return false, err
}

// madeOf is the version of the draft that a form was made of, if it says one.
func madeOf(c echo.Context) (version int, ours bool) {
	version, err := strconv.Atoi(c.FormValue("version"))
	return version, err == nil
}

// form is what was handed in, to be handed in once more: without secrets, which go
// to no page, and without the version it was made of.
func form(c echo.Context) url.Values {
	again := url.Values{}
	for name, values := range c.Request().PostForm {
		if name != "version" && name != "rows" && !isSecretField(name) {
			again[name] = values
		}
	}
	return again
}

func isSecretField(name string) bool {
	return slices.Contains([]string{
		migration.FieldPassword, migration.FieldMasterPassword, migration.FieldClientSecret, migration.FieldDestinationPassword,
	}, name)
}

// sentFacts are the answers of a form that people can be reminded of.
func sentFacts(c echo.Context) (facts []views.SentFact) {
	sent := c.Request().PostForm
	for _, name := range []string{"server", "tls", "pin", "tls_name", "first", "second", "date", "time", "name"} {
		isTime := name == "date" || name == "time"
		if value := sent.Get(name); value != "" && (!isTime || sent.Get("first") == answerAt || sent.Get("second") == answerAt) {
			facts = append(facts, views.SentFact{Field: name, Value: value})
		}
	}
	return facts
}

// again is the form of a row, made of the row as it stands now.
func again(c echo.Context, line migration.SheetLine) url.Values {
	values := form(c)
	values.Set("was", line.Mark())
	return values
}

// rowFacts are what was written into the fields of a row, beside what stands there
// now. That a secret was among it is said, and that it has to be written again.
func rowFacts(form url.Values, line migration.SheetLine) (facts []views.SentFact) {
	for _, cell := range line.Cells {
		switch {
		case !cell.Secret && form.Get(cell.Name) != cell.Text:
			facts = append(facts, views.SentFact{Field: cell.Name, Value: form.Get(cell.Name), Is: cell.Text})
		case cell.Secret && form.Get(cell.Name) != "":
			facts = append(facts, views.SentFact{Field: cell.Name, IsSecret: true})
		}
	}
	return facts
}

// conflict answers a form that comes too late. What was handed in can be sent once
// more by who still wants it, where that is safe.
func (s *Server) conflict(c echo.Context, page views.ConflictPage) error {
	ctx := c.Request().Context()
	m, err := s.Store.MigrationByID(ctx, asked(c).CustomerID, asked(c).ID)
	if err != nil {
		return err
	}
	page.Page, page.Migration, page.Now = s.page(c, "page.conflict.title"), m, s.Now()
	page.Nav, page.Action = views.NavMigrations, c.Request().URL.RequestURI()
	page.Look = page.Action
	switch {
	case !editable(m):
		page.Look, page.Again = path("migrations", m.Code), nil
	case strings.HasSuffix(c.Path(), "/edit/review"), strings.HasSuffix(c.Path(), "/edit/file"), strings.Contains(c.Path(), "/edit/key"):
		page.Again = nil // one reads it again, or chooses the file again
	case strings.HasSuffix(c.Path(), "/edit/labels"):
		page.Look = stepPath(m, "folders")
	case strings.HasSuffix(c.Path(), "/:line"), strings.HasSuffix(c.Path(), "/encoding"):
		page.Look = stepPath(m, views.StepFile)
	}
	return s.render(c, http.StatusConflict, views.Conflict(page))
}
