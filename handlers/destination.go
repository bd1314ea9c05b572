package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// listDestinations shows the destination servers.
func (s *Server) listDestinations(c echo.Context) error {
	ctx := c.Request().Context()
	servers, err := s.Store.Destinations(ctx)
	if err != nil {
		return err
	}
	domains, err := s.Store.Domains(ctx, store.AnyCustomer)
	if err != nil {
		return err
	}
	p := views.DestinationsPage{Page: s.page(c, "page.destinations.title")}
	for _, server := range servers {
		row := views.DestinationRow{Destination: server, Domains: len(domainsAt(domains, server.ID))}
		p.Destinations = append(p.Destinations, row)
	}
	return s.render(c, http.StatusOK, views.Destinations(p))
}

// domainsAt returns the names of the domains whose mailboxes a server holds.
func domainsAt(domains []migration.Domain, server int64) []string {
	var names []string
	for _, domain := range domains {
		if domain.DestinationID == server {
			names = append(names, domain.Name)
		}
	}
	return names
}

// showDestination shows the form of one server, or an empty one.
func (s *Server) showDestination(c echo.Context) error {
	stored, err := s.destination(c)
	if err != nil {
		return err
	}
	return s.renderDestination(c, http.StatusOK, stored, views.DestinationPage{Form: s.formOf(stored)})
}

// destination returns the server of :id; one that is still to be made for "new".
func (s *Server) destination(c echo.Context) (migration.Destination, error) {
	if c.Param("id") == "new" {
		return migration.Destination{}, nil
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return migration.Destination{}, migration.ErrNotFound
	}
	return s.Store.Destination(c.Request().Context(), id)
}

func (s *Server) renderDestination(c echo.Context, code int, stored migration.Destination, p views.DestinationPage) error {
	domains, err := s.Store.Domains(c.Request().Context(), store.AnyCustomer)
	if err != nil {
		return err
	}
	if stored.ID != 0 {
		if err := s.readUse(c, stored.ID, &p); err != nil {
			return err
		}
	}
	p.Page, p.ID, p.Domains = s.page(c, "page.destination.new"), stored.ID, domainsAt(domains, stored.ID)
	if stored.ID != 0 {
		p.Title = stored.Name
	}
	p.Failed = len(p.Problems) > 0
	return s.render(c, code, views.Destination(p))
}

// saveDestination stores a server. The button beside a refused certificate
// belongs to the same form and asks for one more test.
func (s *Server) saveDestination(c echo.Context) error {
	if c.FormValue("trust") != "" {
		return s.testDestination(c)
	}
	stored, err := s.destination(c)
	if err != nil {
		return err
	}
	f := formReader{value: c.Request().PostFormValue}
	d, form := s.readDestination(&f, stored)
	if err := s.warnOfUse(c, &f, stored, d); err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderDestination(c, http.StatusUnprocessableEntity, stored, views.DestinationPage{Form: form, Problems: f.problems})
	}
	ctx := c.Request().Context()
	if err := s.Store.SaveDestination(ctx, &d); err != nil {
		return err
	}
	s.Desk.Wake() // rows may wait for a new check
	s.Logger.InfoContext(ctx, "destination saved", "id", requestID(c), "destination", d.ID, "user", who(c).ID)
	return s.goBack(c, views.DestinationPath(d.ID), locale.T(ctx, "page.destination.saved", map[string]any{"name": d.Name}))
}

// readUse reads which migrations go to a server.
func (s *Server) readUse(c echo.Context, id int64, p *views.DestinationPage) error {
	use, err := s.Store.DestinationUse(c.Request().Context(), id)
	p.UnderWay, p.Waiting = use.UnderWay, use.Waiting
	return err
}

// warnOfUse makes the operator say that he means it, where he changes how a
// server is reached or opened to which mail is on its way.
func (s *Server) warnOfUse(c echo.Context, f *formReader, stored, d migration.Destination) error {
	same := stored.ID == 0 || sameServer(stored.Endpoint, d.Endpoint) && sameLogin(stored.Endpoint.Auth, d.Endpoint.Auth)
	if same || f.value("sure") != "" {
		return nil
	}
	use, err := s.Store.DestinationUse(c.Request().Context(), stored.ID)
	if err == nil && len(use.UnderWay) > 0 {
		f.fault("sure", CodeServerInUse, migration.Args{"count": len(use.UnderWay)})
	}
	return err
}

// sameLogin compares how a mailbox is opened, but for the password: a new one of
// the same master user disturbs nobody.
func sameLogin(a, b migration.Auth) bool {
	return a.Kind == b.Kind && a.Master == b.Master && a.Form == b.Form
}

// askDeleteDestination asks before a server is deleted; of one that domains name
// it says why it cannot be.
func (s *Server) askDeleteDestination(c echo.Context) error {
	return s.deletionPage(c, http.StatusOK)
}

func (s *Server) deletionPage(c echo.Context, code int) error {
	stored, err := s.destination(c)
	if err == nil && stored.ID == 0 {
		err = migration.ErrNotFound
	}
	if err != nil {
		return err
	}
	domains, err := s.Store.Domains(c.Request().Context(), store.AnyCustomer)
	if err != nil {
		return err
	}
	return s.render(c, code, views.DeleteDestination(views.DeleteDestinationPage{
		Page:        s.quietPage(c, "page.destination.delete.title", map[string]any{"name": stored.Name}),
		Destination: stored, Domains: domainsAt(domains, stored.ID),
	}))
}

// deleteDestination deletes a server that no domain names.
func (s *Server) deleteDestination(c echo.Context) error {
	stored, err := s.destination(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	err = s.Store.DeleteDestination(ctx, stored.ID)
	if errors.Is(err, migration.ErrConflict) {
		return s.deletionPage(c, http.StatusConflict)
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "destination deleted", "id", requestID(c), "destination", stored.ID, "user", who(c).ID)
	return s.goBack(c, "/destinations", locale.T(ctx, "page.destination.deleted", map[string]any{"name": stored.Name}))
}

// testDestination tests what stands in the form, and stores nothing.
func (s *Server) testDestination(c echo.Context) error {
	stored, err := s.destination(c)
	if err != nil {
		return err
	}
	f := formReader{value: c.Request().PostFormValue}
	d, form := s.readDestination(&f, stored)
	result, err := s.test(c, &f, d)
	if err != nil {
		return err
	}
	code := http.StatusOK
	if len(f.problems) > 0 {
		code = http.StatusUnprocessableEntity
	}
	return s.renderDestination(c, code, stored, views.DestinationPage{Form: form, Problems: f.problems, Test: result})
}

// test logs in to the mailbox that the form names, unless the form has faults.
func (s *Server) test(c echo.Context, f *formReader, d migration.Destination) (views.TestResult, error) {
	result := views.TestResult{Asked: true, Mailbox: f.needed("mailbox")}
	if d.NeedsPassword() {
		d.Endpoint.Auth.Password = migration.NewSecret(f.value("mailbox_password"))
		if d.Endpoint.Auth.Password.IsZero() {
			f.fault("mailbox_password", CodeFormEmpty, nil)
		}
	}
	if result.Faults = len(f.problems); result.Faults > 0 {
		return result, nil
	}
	var err error
	result.Test, err = s.Desk.TestDestination(c.Request().Context(), d, result.Mailbox)
	return result, err
}
