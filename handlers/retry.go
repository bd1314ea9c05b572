package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// retry tries again what failed in the last pass.
func (s *Server) retry(c echo.Context) error {
	return s.ask(c, func(ctx context.Context, customer int64, m *migration.Migration) error {
		return s.Desk.Retry(ctx, customer, m, 0)
	}, "flash.retried")
}

// showAnother shows the form that plans one more pass for stragglers.
func (s *Server) showAnother(c echo.Context) error {
	return s.anotherPage(c, http.StatusOK, "soonest", "", nil)
}

func (s *Server) anotherPage(c echo.Context, code int, when, value string, problems []migration.Problem) error {
	ctx, m := c.Request().Context(), asked(c)
	zone, now := locale.Zone(ctx), s.Now()
	page := views.AnotherPage{
		Page: s.page(c, "page.another.title"), Migration: m, When: when, Value: value, Problems: problems,
		Min: now.In(zone).Format(localField), Zone: zone.String(), Now: now,
	}
	if !m.CanAddPass() {
		return migration.ErrConflict
	}
	if !s.Store.HasSecrets(m.ID) {
		return s.render(c, http.StatusConflict, views.SecretsGone(page))
	}
	page.SecretsEnd, _ = m.SecretsEndAt(s.Policy)
	page.Failed = len(problems) > 0
	return s.render(c, code, views.Another(page))
}

// addAnother plans one more pass, as soon as possible or at a time. Pressed twice
// it plans one.
func (s *Server) addAnother(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !m.CanAddPass() || !s.Store.HasSecrets(m.ID) {
		return s.anotherPage(c, http.StatusOK, "", "", nil)
	}
	when, value := c.FormValue("when"), c.FormValue(migration.FieldStart)
	pass, problems, err := s.readAnother(ctx, m, when, value)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.anotherPage(c, http.StatusUnprocessableEntity, when, value, problems)
	}
	if err := s.Store.AddPass(ctx, m.CustomerID, pass); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "pass added", "id", requestID(c), "migration", m.Code, "pass", pass.Number, "user", who(c).ID)
	s.Desk.Wake()
	flash := locale.T(ctx, "flash.another", map[string]any{"when": locale.When(ctx, pass.PlannedAt, s.Now())})
	if when == "soonest" {
		flash = locale.T(ctx, "flash.another.soonest", nil)
	}
	return s.goBack(c, path("migrations", m.Code), flash)
}

// readAnother plans the pass that a form asks for. It counts against what a
// customer may have planned at once, as any other (S3).
func (s *Server) readAnother(ctx context.Context, m migration.Migration, when, value string) (pass migration.Pass, problems []migration.Problem, err error) {
	start := migration.FirstStart{Soonest: when == "soonest"}
	switch {
	case start.Soonest:
	case when != "at":
		return pass, []migration.Problem{{Code: CodeFormChoice, Field: "when"}}, nil
	case value != "":
		if start.At, problems, _ = migration.ParseLocal(migration.FieldStart, value, locale.Zone(ctx)); len(problems) > 0 {
			return pass, problems, nil
		}
	}
	if pass, problems = migration.PlanStraggler(m.Passes, start, s.Now()); len(problems) > 0 {
		return pass, problems, nil
	}
	if end, _ := m.SecretsEndAt(s.Policy); pass.PlannedAt.After(end) {
		return pass, []migration.Problem{{Code: CodeStartTooLate, Field: migration.FieldStart, Args: migration.Args{"until": end}}}, nil
	}
	planned, err := s.Store.PlannedAtOnce(ctx, m.CustomerID)
	return pass, migration.CheckAtOnce(s.Policy, planned, s.Now()), err
}

// CodeStartTooLate is the fault of a pass for stragglers that is to start when
// the passwords are destroyed already; args: until.
const CodeStartTooLate = "start.too_late"

// showCorrect shows the form that corrects one row of a planned migration.
func (s *Server) showCorrect(c echo.Context) error {
	row, err := s.correctable(c)
	if err != nil {
		return err
	}
	return s.correctPage(c, http.StatusOK, row, migration.CorrectionValues(row.Resource), nil)
}

// correctable returns the row of the address, if it is in a state to be corrected.
func (s *Server) correctable(c echo.Context) (store.ResourceRow, error) {
	m := asked(c)
	row, err := s.resource(c.Request().Context(), m, c.Param("row"))
	if err != nil {
		return row, err
	}
	if m.Validity != migration.Valid || row.LeftOut || !s.Store.HasSecrets(m.ID) {
		return row, fmt.Errorf("row %d of %s cannot be corrected: %w", row.Row, m.Code, migration.ErrConflict)
	}
	return row, nil
}

func (s *Server) correctPage(c echo.Context, code int, row store.ResourceRow, values map[string]string, problems []migration.Problem) error {
	page := views.CorrectPage{
		Page: s.page(c, "page.correct.button"), Migration: asked(c), Resource: row.Resource, Run: lastRun(row),
		Again: s.goesAgain(asked(c), row), Values: values, Problems: problems,
	}
	page.Nav, page.Failed = views.NavMigrations, len(problems) > 0
	return s.render(c, code, views.Correct(page))
}

// lastRun is the run of a row in the pass that has come farthest; the zero Run
// where none has begun.
func lastRun(row store.ResourceRow) (last migration.Run) {
	number := 0
	for n, run := range row.Runs {
		if n > number {
			number, last = n, run
		}
	}
	return last
}

// goesAgain reports whether a row's run failed in the pass that can be tried
// again: then the run itself is the check.
func (s *Server) goesAgain(m migration.Migration, row store.ResourceRow) bool {
	pass, can := m.Retryable(s.Now())
	run := row.Runs[pass.Number]
	return can && (run.Status == migration.RunFailed || run.Status == migration.RunDone && run.Tally.Failed > 0)
}

// correct stores a row as the form has it, and has it tried at once.
func (s *Server) correct(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	row, err := s.correctable(c)
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, name := range migration.CorrectionFields(row.Resource) {
		values[name] = c.FormValue(name)
	}
	in, err := s.intake(ctx, m, who(c))
	if err != nil {
		return err
	}
	fresh, problems := in.Correct(row.Resource, values, copied(row))
	if len(problems) > 0 {
		return s.correctPage(c, http.StatusUnprocessableEntity, row, values, problems)
	}
	err = s.Store.CorrectRow(ctx, m.CustomerID, m.ID, store.Correction{
		Row: row.Row, Source: fresh.Source, DestinationPassword: fresh.Destination.Auth.Password,
	})
	if errors.Is(err, store.ErrTwice) {
		twice := []migration.Problem{{Code: migration.CodeRowDuplicate, Field: migration.FieldLogin}}
		return s.correctPage(c, http.StatusUnprocessableEntity, row, values, twice)
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "row corrected", "id", requestID(c), "migration", m.Code, "row", row.Row, "user", who(c).ID)
	return s.tryCorrected(c, m, row)
}

// copied reports whether messages of a row are at the destination already.
func copied(row store.ResourceRow) bool {
	for _, run := range row.Runs {
		if run.Tally.Copied+run.Tally.Present > 0 {
			return true
		}
	}
	return false
}

// tryCorrected has the run of a corrected row go again, or its check.
func (s *Server) tryCorrected(c echo.Context, m migration.Migration, row store.ResourceRow) error {
	ctx, flash := c.Request().Context(), "flash.corrected.check"
	if s.goesAgain(m, row) {
		err := s.Desk.Retry(ctx, m.CustomerID, &m, row.Row)
		if err != nil && !errors.Is(err, migration.ErrConflict) { // a pass has begun meanwhile: it tries by itself
			return err
		}
		flash = "flash.corrected.again"
	}
	s.Desk.Wake()
	return s.goBack(c, path("migrations", m.Code), locale.T(ctx, flash, nil))
}
