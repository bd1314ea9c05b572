package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// showSetUp shows the first page of a new panel.
func (s *Server) showSetUp(c echo.Context) error {
	form := views.SetUpForm{Destination: s.formOf(migration.Destination{})}
	return s.renderSetUp(c, http.StatusOK, views.SetUpPage{Form: form})
}

func (s *Server) renderSetUp(c echo.Context, code int, p views.SetUpPage) error {
	p.Page = s.page(c, "page.setup.title")
	p.Failed = len(p.Problems) > 0
	return s.render(c, code, views.SetUp(p))
}

// setUp makes the operator, his customer with its domains, and the destination
// server, and signs him in; or tests the server that stands in the form.
func (s *Server) setUp(c echo.Context) error {
	f := formReader{value: c.Request().PostFormValue}
	if c.FormValue("action") == "test" || c.FormValue("trust") != "" {
		return s.testSetUp(c, &f)
	}
	first, password, form := s.readSetUp(c, &f)
	if len(f.problems) > 0 {
		return s.renderSetUp(c, http.StatusUnprocessableEntity, views.SetUpPage{Form: form, Problems: f.problems})
	}
	ctx := c.Request().Context()
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	first.PasswordHash = hash
	err = s.Store.SetUp(ctx, first)
	if errors.Is(err, migration.ErrConflict) {
		return goTo(c, "/login") // somebody else was faster
	}
	if err != nil {
		return err
	}
	user, _, err := s.Store.UserByEmail(ctx, first.Operator.Email)
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "set up", "id", requestID(c), "user", user.ID, "from", c.RealIP())
	if err := s.sessions.signIn(c, user); err != nil {
		return err
	}
	return goTo(c, "/migrations")
}

// testSetUp looks at nothing but the server: the rest may not be typed yet.
func (s *Server) testSetUp(c echo.Context, f *formReader) error {
	d, server := s.readDestination(f, migration.Destination{})
	result, err := s.test(c, f, d)
	if err != nil {
		return err
	}
	code := http.StatusOK
	if len(f.problems) > 0 {
		code = http.StatusUnprocessableEntity
	}
	form := views.SetUpForm{Name: f.text("name"), Email: f.text("email"), Customer: f.text("customer"), Domains: f.value("domains"), Destination: server}
	return s.renderSetUp(c, code, views.SetUpPage{Form: form, Problems: f.problems, Test: result})
}

// readSetUp returns the set-up that stands in the form, the operator's password,
// and the form as it was typed.
func (s *Server) readSetUp(c echo.Context, f *formReader) (store.SetUp, string, views.SetUpForm) {
	form := views.SetUpForm{Name: f.name("name"), Email: f.email()}
	password := f.password("password", form.Email)
	form.Customer, form.Domains = f.name("customer"), f.value("domains")
	first := store.SetUp{
		Customer: form.Customer,
		Operator: migration.User{Name: form.Name, Email: form.Email, Language: string(locale.From(c.Request().Context()))},
		Domains:  f.domains("domains"),
	}
	first.Destination, form.Destination = s.readDestination(f, migration.Destination{})
	return first, password, form
}
