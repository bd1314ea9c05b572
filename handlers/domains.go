package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// listDomains shows the domains of a customer, with the form that adds one.
func (s *Server) listDomains(c echo.Context) error {
	return s.renderDomains(c, http.StatusOK, views.DomainForm{}, nil)
}

func (s *Server) renderDomains(c echo.Context, code int, form views.DomainForm, problems []migration.Problem) error {
	ctx, customer := c.Request().Context(), askedCustomer(c)
	rows, err := s.Store.DomainRows(ctx, customer.ID)
	if err != nil {
		return err
	}
	servers, err := s.servers(c)
	if err != nil {
		return err
	}
	choice, err := s.customerChoice(c, customer)
	if err != nil {
		return err
	}
	p := views.DomainsPage{Page: s.page(c, "page.domains.title"), Customer: choice, Servers: servers, Form: form, Problems: problems}
	for _, row := range rows {
		p.Domains = append(p.Domains, domainView(row))
	}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Domains(p))
}

func domainView(row store.DomainRow) views.DomainRow {
	return views.DomainRow{Domain: row.Domain, Server: row.Server, Managers: row.Managers, Migrations: row.Migrations, Open: row.Open}
}

// servers are the destination servers to choose from, by their names alone.
func (s *Server) servers(c echo.Context) ([]views.ServerChoice, error) {
	all, err := s.Store.Destinations(c.Request().Context())
	servers := make([]views.ServerChoice, len(all))
	for i, server := range all {
		servers[i] = views.ServerChoice{ID: server.ID, Name: server.Name}
	}
	return servers, err
}

// addDomain adds a domain to a customer. That another customer has it is said,
// and not who.
func (s *Server) addDomain(c echo.Context) error {
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	d := migration.Domain{CustomerID: askedCustomer(c).ID, Name: f.domain("domain"), DestinationID: f.destination("server")}
	form := views.DomainForm{Name: f.text("domain"), Server: d.DestinationID}
	if len(f.problems) == 0 {
		fault, err := s.createDomain(c, &d)
		if err != nil {
			return err
		}
		if fault != "" {
			f.fault("domain", fault, nil)
		}
	}
	if len(f.problems) > 0 {
		return s.renderDomains(c, http.StatusUnprocessableEntity, form, f.problems)
	}
	s.Logger.InfoContext(ctx, "domain added", "id", requestID(c), "domain", d.ID, "user", who(c).ID)
	return s.goBack(c, views.DomainsPath(d.CustomerID), locale.T(ctx, "page.domains.added", map[string]any{"domain": d.Name}))
}

// createDomain returns what keeps a domain from being added; "" if it was.
func (s *Server) createDomain(c echo.Context, d *migration.Domain) (fault string, err error) {
	ctx := c.Request().Context()
	err = s.Store.CreateDomain(ctx, d)
	if !errors.Is(err, migration.ErrConflict) {
		return "", err
	}
	own, err := s.Store.Domains(ctx, d.CustomerID)
	for _, domain := range own {
		if domain.Name == d.Name {
			return CodeDomainOwn, err
		}
	}
	return CodeDomainTaken, err
}

// domain returns a mail domain in lower-case ASCII form.
func (f *formReader) domain(field string) string {
	text := f.needed(field)
	name, ok := hostName(strings.TrimPrefix(text, "@"))
	if text != "" && !ok {
		f.fault(field, CodeDomainName, nil)
	}
	return name
}

// server returns the number of a destination server.
func (f *formReader) destination(field string) int64 {
	id, err := strconv.ParseInt(f.text(field), 10, 64)
	if err != nil || id <= 0 {
		f.fault(field, CodeFormChoice, nil)
		return 0
	}
	return id
}

// showDomain shows what can be changed of a domain.
func (s *Server) showDomain(c echo.Context) error {
	return s.renderDomain(c, http.StatusOK, askedDomain(c).DestinationID, nil)
}

func (s *Server) renderDomain(c echo.Context, code int, server int64, problems []migration.Problem) error {
	row := askedDomain(c)
	servers, err := s.servers(c)
	if err != nil {
		return err
	}
	p := views.DomainPage{
		Page: s.page(c, "page.domain.title", map[string]any{"domain": row.Name}), Of: domainView(row),
		Servers: servers, Server: server, Problems: problems,
	}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Domain(p))
}

// saveDomain stores the destination server of a domain.
func (s *Server) saveDomain(c echo.Context) error {
	ctx, f, row := c.Request().Context(), formReader{value: c.Request().PostFormValue}, askedDomain(c)
	moved := row.Domain
	moved.DestinationID = f.destination("server")
	if len(f.problems) > 0 {
		return s.renderDomain(c, http.StatusUnprocessableEntity, row.DestinationID, f.problems)
	}
	err := s.Store.MoveDomain(ctx, row.CustomerID, moved)
	if errors.Is(err, migration.ErrConflict) {
		f.fault("server", CodeDomainOpen, nil)
		return s.renderDomain(c, http.StatusConflict, row.DestinationID, f.problems)
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "domain moved", "id", requestID(c), "domain", row.ID, "destination", moved.DestinationID, "user", who(c).ID)
	return s.goBack(c, views.DomainsPath(row.CustomerID), locale.T(ctx, "page.domain.saved", map[string]any{"domain": row.Name}))
}

// askDeleteDomain asks before a domain is deleted. Of one that a migration uses
// it says why it cannot be.
func (s *Server) askDeleteDomain(c echo.Context) error {
	row := askedDomain(c)
	if row.Migrations > 0 {
		return s.refuseDeleteDomain(c)
	}
	p := views.DomainQuestion{Page: s.quietPage(c, "page.domain.delete.title", map[string]any{"domain": row.Name}), Of: domainView(row)}
	return s.render(c, http.StatusOK, views.DeleteDomain(p))
}

func (s *Server) refuseDeleteDomain(c echo.Context) error {
	return s.renderDomain(c, http.StatusConflict, askedDomain(c).DestinationID, []migration.Problem{{Code: CodeDomainUsed}})
}

// deleteDomain deletes a domain that no migration uses.
func (s *Server) deleteDomain(c echo.Context) error {
	ctx, row := c.Request().Context(), askedDomain(c)
	err := s.Store.DeleteDomain(ctx, row.CustomerID, row.ID)
	if errors.Is(err, migration.ErrConflict) {
		return s.refuseDeleteDomain(c)
	}
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "domain deleted", "id", requestID(c), "domain", row.ID, "user", who(c).ID)
	return s.goBack(c, views.DomainsPath(row.CustomerID), locale.T(ctx, "page.domain.deleted", map[string]any{"domain": row.Name}))
}
