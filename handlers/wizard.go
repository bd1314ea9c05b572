package handlers

import (
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// wizardRoutes holds the five steps from nothing to a planned migration. The
// draft lies in the store: reload, back and another device cost nothing.
func wizardRoutes() []route {
	return []route{
		{http.MethodPost, "/migrations", signedIn, light, (*Server).begin},
		{http.MethodGet, "/migrations/samples.zip", signedIn, downloads, (*Server).samples},
		{http.MethodGet, "/migrations/samples/:name", signedIn, light, (*Server).sample},
		{http.MethodGet, "/migrations/:code/edit", changesMigration, light, (*Server).goOn},
		{http.MethodGet, "/migrations/:code/edit/server", changesMigration, light, (*Server).showServer},
		{http.MethodPost, "/migrations/:code/edit/server", changesMigration, light, (*Server).saveServer},
		{http.MethodGet, "/migrations/:code/edit/file", changesMigration, light, (*Server).showFile},
		{http.MethodPost, "/migrations/:code/edit/file", changesMigration, uploads, (*Server).saveFile},
		{http.MethodGet, "/migrations/:code/edit/upload", changesMigration, light, (*Server).showUpload},
		{http.MethodPost, "/migrations/:code/edit/rows", changesMigration, light, (*Server).leaveRows},
		{http.MethodGet, "/migrations/:code/edit/rows", changesMigration, light, (*Server).backToRows},
		{http.MethodGet, "/migrations/:code/edit/rows.csv", changesMigration, downloads, (*Server).exportRows},
		{http.MethodGet, "/migrations/:code/edit/rights.ps1", changesMigration, downloads, (*Server).exportRights},
		{http.MethodPost, "/migrations/:code/edit/encoding", changesMigration, light, (*Server).saveEncoding},
		{http.MethodPost, "/migrations/:code/edit/rows/:line", changesMigration, light, (*Server).saveRow},
		{http.MethodPost, "/migrations/:code/edit/allow", changesMigration, light, (*Server).allow},
		{http.MethodPost, "/migrations/:code/edit/found", changesMigration, light, (*Server).takeFound},
		{http.MethodPost, "/migrations/:code/edit/check", changesMigration, light, (*Server).checkAgain},
		{http.MethodPost, "/migrations/:code/edit/trust", changesMigration, light, (*Server).trust},
		{http.MethodGet, "/migrations/:code/edit/events", changesMigration, streams, (*Server).fileEvents},
		{http.MethodGet, "/migrations/:code/edit/first", changesMigration, light, (*Server).showFirst},
		{http.MethodPost, "/migrations/:code/edit/first", changesMigration, light, (*Server).saveFirst},
		{http.MethodGet, "/migrations/:code/edit/second", changesMigration, light, (*Server).showDraftSecond},
		{http.MethodPost, "/migrations/:code/edit/second", changesMigration, light, (*Server).saveDraftSecond},
		{http.MethodGet, "/migrations/:code/edit/review", changesMigration, light, (*Server).showReview},
		{http.MethodPost, "/migrations/:code/edit/review", changesMigration, light, (*Server).migrate},
	}
}

// begin makes a draft and opens its first step.
func (s *Server) begin(c echo.Context) error {
	user := who(c)
	m := migration.Migration{CustomerID: user.CustomerID, UserID: user.ID}
	if err := s.Store.CreateDraft(c.Request().Context(), &m); err != nil {
		return err
	}
	return goTo(c, stepPath(m, views.StepServer))
}

// backToRows is for whoever goes to the address of a refused form by hand.
func (s *Server) backToRows(c echo.Context) error { return goTo(c, stepPath(asked(c), views.StepFile)) }

func stepPath(m migration.Migration, step views.WizardStep) string {
	return path("migrations", m.Code, "edit", step)
}

// editable reports whether the wizard may work on a migration: it is a draft, or
// has rows to be corrected.
func editable(m migration.Migration) bool {
	return m.Validity == migration.Draft || m.Validity == migration.Invalid
}

// enter lets a step be shown: where the migration is past the wizard its page is
// what one wants, and no step comes before those it builds on.
func (s *Server) enter(c echo.Context, step views.WizardStep) (sent bool, err error) {
	m := asked(c)
	if !editable(m) {
		return true, goTo(c, path("migrations", m.Code))
	}
	if first := unfinished(m); step.After(first) {
		return true, goTo(c, stepPath(m, first))
	}
	return false, nil
}

// unfinished is the first step that has no answer yet.
func unfinished(m migration.Migration) views.WizardStep {
	switch {
	case m.ServerType == "":
		return views.StepServer
	case m.Checks.Rows == 0:
		return views.StepFile
	case m.Plan.First == (migration.FirstStart{}):
		return views.StepFirst
	case m.Plan.Gap == 0 && m.Plan.Second.IsZero():
		return views.StepSecond
	}
	return views.StepReview
}

// goOn opens the step that comes next.
func (s *Server) goOn(c echo.Context) error {
	if sent, err := s.enter(c, views.StepServer); sent || err != nil {
		return err
	}
	return goTo(c, stepPath(asked(c), unfinished(asked(c))))
}

// wizard makes what every step has.
func (s *Server) wizard(c echo.Context, step views.WizardStep, problems []migration.Problem) views.WizardPage {
	m := asked(c)
	page := views.WizardPage{
		Page: s.page(c, "page.wizard."+string(step)+".title"), Step: step, Open: unfinished(m), Migration: m, Problems: problems,
		Policy: s.Policy, Now: s.Now(), SendsMail: s.SendsMail,
	}
	page.Nav, page.Failed = views.NavMigrations, len(problems) > 0
	return page
}

// showServer asks where the mail comes from.
func (s *Server) showServer(c echo.Context) error {
	if sent, err := s.enter(c, views.StepServer); sent || err != nil {
		return err
	}
	source := asked(c).Source
	form := views.ServerForm{
		Type: asked(c).ServerType, TLS: source.TLS, TLSName: source.TLSName, Pin: source.Pin, Master: source.Master.String(),
		Provider: source.Provider,
	}
	if !slices.Contains(views.MasterForms(), form.Master) {
		form.Master, form.Pattern = views.MasterOwn, source.Master.Join("{user}", "{master}")
	}
	return s.serverPage(c, http.StatusOK, form, nil)
}

func (s *Server) serverPage(c echo.Context, code int, form views.ServerForm, problems []migration.Problem) error {
	if form.Type == "" {
		form.Type = migration.Standard
	}
	planned, err := s.Store.PlannedAtOnce(c.Request().Context(), asked(c).CustomerID)
	if err != nil {
		return err
	}
	page := views.ServerPage{WizardPage: s.wizard(c, views.StepServer, problems), Form: form}
	page.TooMany = len(migration.CheckAtOnce(s.Policy, planned, s.Now())) > 0
	return s.render(c, code, views.WizardServer(page))
}

func (s *Server) saveServer(c echo.Context) error {
	if !editable(asked(c)) {
		return migration.ErrConflict
	}
	f := formReader{value: c.Request().PostFormValue}
	form := f.server()
	master := f.masterForm(form)
	provider := f.provider(form)
	if len(f.problems) > 0 {
		return s.serverPage(c, http.StatusUnprocessableEntity, form, f.problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	ctx, m := c.Request().Context(), asked(c)
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	m.Source.TLS, m.Source.TLSName, m.Source.Pin, m.Source.Master = form.TLS, form.TLSName, form.Pin, master
	m.ChooseSource(form.Type, provider)
	if !reflect.DeepEqual(m.Source, asked(c).Source) && file.Text != "" && (file.By != who(c).ID || file.Key.isForeign(who(c))) {
		problems := []migration.Problem{{Code: CodeForeignFile, Field: "tls"}}
		return s.serverPage(c, http.StatusUnprocessableEntity, form, problems)
	}
	if err := s.saveSource(c, m); err != nil {
		return err
	}
	s.Desk.Wake()
	if file.Key != nil && !takesKey(m) {
		return s.goBack(c, stepPath(m, views.StepFile), locale.T(ctx, "page.key.dropped", nil))
	}
	return goTo(c, stepPath(m, views.StepFile))
}

// CodeForeignFile is the fault of who wants to send the passwords of a file that
// somebody else handed in another way: in clear, or to another certificate.
const CodeForeignFile = "source.foreign_file"

// saveSource stores the draft, and reads its file anew: how the sources are
// reached stands in every row. A key that its type of server does not take is
// forgotten.
func (s *Server) saveSource(c echo.Context, m migration.Migration) error {
	ctx := c.Request().Context()
	s.files.Lock()
	defer s.files.Unlock()
	if err := s.Store.SaveDraft(ctx, m.CustomerID, &m); err != nil {
		return err
	}
	file, err := s.file(ctx, m)
	if err != nil || file.Text == "" && file.Key == nil {
		return err
	}
	if !takesKey(m) {
		file.Key = nil
	}
	return s.keepFile(ctx, m, file)
}

// server reads the form of the first step.
func (f *formReader) server() views.ServerForm {
	form := views.ServerForm{
		Type: migration.ServerType(f.text("server")), TLS: migration.TLSMode(f.text("tls")),
		TLSName: f.text("tls_name"), Pin: f.pin(f.text("pin")), Master: f.text("master"), Pattern: f.text("pattern"), Provider: f.text("provider"),
	}
	switch form.Type {
	case migration.Standard, migration.Gmail, migration.Exchange, migration.Office365:
	default:
		f.fault("server", CodeFormChoice, nil)
	}
	switch form.TLS {
	case "", migration.TLSDirect, migration.TLSStartTLS:
	default:
		f.fault("tls", CodeFormChoice, nil)
	}
	return form
}

// clockOf returns a time of the day on the day of at, in the reader's zone.
func clockOf(c echo.Context, at time.Time, days, hour int) time.Time {
	local := at.In(locale.Zone(c.Request().Context()))
	return time.Date(local.Year(), local.Month(), local.Day()+days, hour, 0, 0, 0, local.Location())
}
