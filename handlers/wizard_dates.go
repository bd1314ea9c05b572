package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// The offers of the wizard: hours of the night in the reader's zone.
const (
	eveningHour = 22 // the old server is less busy
	nightHour   = 3  // nobody is at work
	// leastNotice is how long before its time an offer is still made.
	leastNotice = 30 * time.Minute
)

// Answers to the questions when a pass starts; any other answer is a time as a
// datetime-local field has it.
const (
	answerSoonest = "asap"
	answerGap     = "gap" // the advised distance after the first
	answerAt      = "at"  // the fields date and time beside it
)

// showFirst asks when the first pass starts.
func (s *Server) showFirst(c echo.Context) error {
	if sent, err := s.enter(c, views.StepFirst); sent || err != nil {
		return err
	}
	plan := asked(c).Plan.First
	form := views.TimeForm{Answer: answerSoonest, At: s.evening(c)}
	if !plan.Soonest && !plan.At.IsZero() {
		form = views.TimeForm{Answer: answerAt, At: plan.At}
	}
	return s.firstPage(c, http.StatusOK, form, nil)
}

// evening is the next evening that leaves some notice.
func (s *Server) evening(c echo.Context) time.Time {
	now := s.Now()
	if tonight := clockOf(c, now, 0, eveningHour); tonight.Sub(now) > leastNotice {
		return tonight
	}
	return clockOf(c, now, 1, eveningHour)
}

func (s *Server) firstPage(c echo.Context, code int, form views.TimeForm, problems []migration.Problem) error {
	records, err := s.recordsToEnter(c.Request().Context(), asked(c))
	if err != nil {
		return err
	}
	form.Earliest = s.Now()
	page := views.FirstPage{WizardPage: s.wizard(c, views.StepFirst, problems), Form: form, Evening: s.evening(c), Records: records}
	if page.Inventory, err = s.inventory(c.Request().Context(), asked(c)); err != nil {
		return err
	}
	return s.render(c, code, views.WizardFirst(page))
}

func (s *Server) saveFirst(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	form, problems := readTime(c, migration.FieldFirst)
	first := migration.FirstStart{Soonest: form.Answer == answerSoonest, At: form.At}
	if first.Soonest {
		first.At, problems = time.Time{}, nil
	}
	if len(problems) == 0 {
		problems = s.firstProblems(first)
	}
	if len(problems) > 0 {
		return s.firstPage(c, http.StatusUnprocessableEntity, form, problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	m = asked(c)
	m.Plan.First = first
	if err := s.Store.SaveDraft(c.Request().Context(), m.CustomerID, &m); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepSecond))
}

// firstProblems are those of the first time alone; the second is not asked yet.
func (s *Server) firstProblems(first migration.FirstStart) []migration.Problem {
	now := s.Now()
	at := first.At
	if first.Soonest {
		at = now
	}
	_, problems, _ := migration.PlanPasses(s.Policy, now, first, s.Policy.OfferedSecond(at))
	return problems
}

// readTime reads the answer when a pass starts. An answer that is a time itself
// is one of the offers.
func readTime(c echo.Context, field string) (form views.TimeForm, problems []migration.Problem) {
	form = views.TimeForm{Answer: c.FormValue(field), Date: c.FormValue("date"), Time: c.FormValue("time")}
	text := form.Answer
	switch form.Answer {
	case answerSoonest, answerGap:
		return form, nil
	case answerAt:
		text = form.Date + "T" + form.Time
		if form.Date == "" && form.Time == "" {
			return form, []migration.Problem{{Code: migration.CodePlanMissing, Field: field}}
		}
	case "":
		return form, []migration.Problem{{Code: migration.CodePlanMissing, Field: field}}
	}
	form.At, problems, form.Warnings = migration.ParseLocal(field, text, locale.Zone(c.Request().Context()))
	return form, problems
}

// showDraftSecond asks when the second pass starts.
func (s *Server) showDraftSecond(c echo.Context) error {
	if sent, err := s.enter(c, views.StepSecond); sent || err != nil {
		return err
	}
	form := views.TimeForm{Answer: answerGap}
	if plan := asked(c).Plan; plan.Gap == 0 && !plan.Second.IsZero() {
		form = views.TimeForm{Answer: answerAt, At: plan.Second}
	}
	return s.draftSecondPage(c, http.StatusOK, form, nil)
}

// firstAt is when the first pass of a draft starts, as far as one can know.
func (s *Server) firstAt(m migration.Migration) time.Time {
	if m.Plan.First.Soonest || m.Plan.First.At.Before(s.Now()) {
		return s.Now()
	}
	return m.Plan.First.At
}

func (s *Server) draftSecondPage(c echo.Context, code int, form views.TimeForm, problems []migration.Problem) error {
	ctx, m := c.Request().Context(), asked(c)
	first := s.firstAt(m)
	records, err := s.recordsToEnter(ctx, m)
	if err != nil {
		return err
	}
	form.Earliest, form.Latest = first, s.Policy.LatestSecond(first)
	page := views.DraftSecondPage{
		WizardPage: s.wizard(c, views.StepSecond, problems), Form: form, First: first, Offered: s.Policy.OfferedSecond(first),
		Latest: s.Policy.LatestSecond(first), Night: s.night(c, first), Records: records,
	}
	if page.Inventory, err = s.inventory(ctx, m); err != nil {
		return err
	}
	return s.render(c, code, views.WizardSecond(page))
}

// night is the first night after the advised gap, zero if none lies within what
// is allowed.
func (s *Server) night(c echo.Context, first time.Time) time.Time {
	for days := range 3 {
		night := clockOf(c, first, days, nightHour)
		if gap := night.Sub(first); gap >= s.Policy.AdvisedGap && gap <= s.Policy.MaxGap && gap != s.Policy.DefaultGap {
			return night
		}
	}
	return time.Time{}
}

func (s *Server) saveDraftSecond(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	form, problems := readTime(c, migration.FieldSecond)
	m.Plan.Gap, m.Plan.Second = 0, form.At
	if form.Answer == answerGap {
		m.Plan.Gap = s.Policy.DefaultGap
	}
	if len(problems) == 0 {
		_, problems, _ = s.plan(m)
	}
	if len(problems) > 0 {
		return s.draftSecondPage(c, http.StatusUnprocessableEntity, form, problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	if err := s.Store.SaveDraft(c.Request().Context(), m.CustomerID, &m); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepReview))
}

// plan plans the passes of a draft as if it were handed in now.
func (s *Server) plan(m migration.Migration) (passes []migration.Pass, problems, warnings []migration.Problem) {
	first := m.Plan.First
	at := first.At
	if first.Soonest {
		at = s.Now()
	}
	return migration.PlanPasses(s.Policy, s.Now(), first, m.Plan.SecondAt(at))
}
