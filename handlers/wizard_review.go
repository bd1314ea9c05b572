package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// inventory sums what the checks found at the sources.
func (s *Server) inventory(ctx context.Context, m migration.Migration) (views.Inventory, error) {
	page, err := s.Store.Resources(ctx, store.ResourceQuery{Customer: m.CustomerID, MigrationID: m.ID})
	var sum views.Inventory
	for _, row := range page.Resources {
		if row.LeftOut {
			sum.LeftOut++
			continue
		}
		sum.Rows++
		sum.AddSource(row.Source)
		sum.Add(row.Source.Host, row.Check)
	}
	return sum, err
}

// showReview shows the whole plan once more.
func (s *Server) showReview(c echo.Context) error {
	if sent, err := s.enter(c, views.StepReview); sent || err != nil {
		return err
	}
	return s.reviewPage(c, http.StatusOK, asked(c).Name, nil)
}

func (s *Server) reviewPage(c echo.Context, code int, name string, problems []migration.Problem) error {
	ctx, m := c.Request().Context(), asked(c)
	inventory, err := s.inventory(ctx, m)
	if err != nil {
		return err
	}
	view, err := s.rowsView(ctx, m, rowsLook{page: 1, user: who(c)})
	if err != nil {
		return err
	}
	inventory.LeftOut = view.LeftOut() // with the lines that cannot be read
	page := views.ReviewPage{WizardPage: s.wizard(c, views.StepReview, problems), Inventory: inventory, Name: name, First: s.firstAt(m)}
	found, err := s.Store.Inventories(ctx, m.CustomerID, m.ID)
	if err != nil {
		return err
	}
	page.Map = migration.MapFolders(found, m.Folders)
	page.Second = m.Plan.SecondAt(page.First)
	_, _, page.Warnings = s.plan(m)
	return s.render(c, code, views.WizardReview(page))
}

// CodeReviewRows is the fault of a migration that still has rows to correct;
// args: count.
const CodeReviewRows = "review.rows"

// migrate hands the migration in: its rows are checked where that is too long
// ago, then it starts at its time.
func (s *Server) migrate(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	if first := unfinished(m); first != views.StepReview {
		return goTo(c, stepPath(m, first))
	}
	name := strings.TrimSpace(c.FormValue("name"))
	passes, problems, err := s.readyToMigrate(ctx, &m, name)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.reviewPage(c, http.StatusUnprocessableEntity, name, problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	m.Version = asked(c).Version // that was claimed
	if err := s.Store.SaveDraft(ctx, m.CustomerID, &m); err != nil {
		return err
	}
	if err := s.Store.Recheck(ctx, m.CustomerID, m.ID, s.Now().Add(-s.Policy.CheckFor)); err != nil {
		return err
	}
	fits := func(planned []migration.Migration) bool {
		return len(migration.CheckAtOnce(s.Policy, planned, s.Now())) == 0
	}
	if err := s.Store.SubmitWhere(ctx, m.CustomerID, &m, passes, fits); errors.Is(err, store.ErrTooMany) {
		return s.reviewPage(c, http.StatusUnprocessableEntity, name, []migration.Problem{{
			Code: migration.CodePlanAtOnce, Args: migration.Args{"count": s.Policy.MaxAtOnce, "max": s.Policy.MaxAtOnce},
		}})
	} else if errors.Is(err, store.ErrStale) {
		return s.conflict(c, views.ConflictPage{Sent: sentFacts(c)})
	} else if err != nil {
		return err
	}
	s.Desk.Wake()
	return s.goBack(c, path("migrations", m.Code), locale.T(ctx, "flash.planned", map[string]any{"code": m.Code}))
}

// readyToMigrate plans the passes, or says everything that stands in the way. It
// gives m its name and the lines of the file that are forgotten with the file.
func (s *Server) readyToMigrate(ctx context.Context, m *migration.Migration, name string) ([]migration.Pass, []migration.Problem, error) {
	passes, problems, _ := s.plan(*m)
	if len([]rune(name)) > maxText {
		problems = append(problems, migration.Problem{Code: CodeFormLong, Field: "name", Args: migration.Args{"max": maxText}})
	}
	view, err := s.rowsView(ctx, *m, rowsLook{page: 1, user: whoIn(ctx)})
	if err != nil {
		return nil, nil, err
	}
	m.Name, m.LinesOut = name, view.LinesOut()
	if bad := len(view.BadLines()); bad > 0 {
		problems = append(problems, migration.Problem{Code: CodeReviewRows, Field: "rows", Args: migration.Args{"count": bad}})
	}
	planned, err := s.Store.PlannedAtOnce(ctx, m.CustomerID)
	if err != nil {
		return nil, nil, err
	}
	return passes, append(problems, migration.CheckAtOnce(s.Policy, planned, s.Now())...), nil
}
