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

// listCustomers shows the customers with what they own.
func (s *Server) listCustomers(c echo.Context) error {
	rows, err := s.Store.CustomerRows(c.Request().Context())
	if err != nil {
		return err
	}
	p := views.CustomersPage{Page: s.page(c, "page.customers.title")}
	for _, row := range rows {
		p.Customers = append(p.Customers, views.CustomerRow(row))
	}
	return s.render(c, http.StatusOK, views.Customers(p))
}

// showNewCustomer shows the form that adds a customer with his first admin.
func (s *Server) showNewCustomer(c echo.Context) error {
	return s.renderNewCustomer(c, http.StatusOK, views.CustomerForm{Language: who(c).Language}, nil)
}

func (s *Server) renderNewCustomer(c echo.Context, code int, form views.CustomerForm, problems []migration.Problem) error {
	p := views.NewCustomerPage{Page: s.page(c, "page.customer.new"), Form: form, Problems: problems, SendsMail: s.sendsLinks()}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.NewCustomer(p))
}

// createCustomer adds a customer and invites his first admin.
func (s *Server) createCustomer(c echo.Context) error {
	ctx, f, link := c.Request().Context(), formReader{value: c.Request().PostFormValue}, s.newLink()
	customer := migration.Customer{Name: f.name("customer")}
	admin := migration.User{Name: f.name("name"), Email: f.email(), Language: f.language("language")}
	form := views.CustomerForm{Customer: customer.Name, Name: admin.Name, Email: admin.Email, Language: admin.Language}
	if len(f.problems) == 0 {
		err := s.Store.CreateCustomer(ctx, &customer, &admin, link)
		switch {
		case errors.Is(err, store.ErrNameTaken):
			f.fault("customer", CodeNameTaken, nil)
		case errors.Is(err, store.ErrEmailTaken):
			f.fault("email", CodeEmailTaken, nil)
		case err != nil:
			return err
		}
	}
	if len(f.problems) > 0 {
		return s.renderNewCustomer(c, http.StatusUnprocessableEntity, form, f.problems)
	}
	s.Logger.InfoContext(ctx, "customer added", "id", requestID(c), "customer", customer.ID, "invited", admin.ID, "user", who(c).ID)
	return s.handOver(c, admin, migration.LinkInvitation, link, "/customers")
}

// showCustomer shows the form that renames a customer.
func (s *Server) showCustomer(c echo.Context) error {
	customer, err := s.customer(c)
	if err != nil {
		return err
	}
	return s.renderCustomer(c, http.StatusOK, customer, customer.Name, nil)
}

// customer reads the customer of :customer.
func (s *Server) customer(c echo.Context) (migration.Customer, error) {
	id, err := number(c.Param("customer"))
	if err != nil {
		return migration.Customer{}, err
	}
	return s.Store.Customer(c.Request().Context(), id)
}

func (s *Server) renderCustomer(c echo.Context, code int, customer migration.Customer, name string, problems []migration.Problem) error {
	p := views.CustomerPage{Page: s.page(c, "page.customer.title", map[string]any{"name": customer.Name}), Of: customer, Name: name, Problems: problems}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Customer(p))
}

// renameCustomer stores another name of a customer.
func (s *Server) renameCustomer(c echo.Context) error {
	customer, err := s.customer(c)
	if err != nil {
		return err
	}
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	name := f.name("customer")
	if len(f.problems) == 0 {
		err = s.Store.RenameCustomer(ctx, migration.Customer{ID: customer.ID, Name: name})
	}
	if errors.Is(err, store.ErrNameTaken) {
		f.fault("customer", CodeNameTaken, nil)
		err = nil
	}
	if err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderCustomer(c, http.StatusUnprocessableEntity, customer, name, f.problems)
	}
	return s.goBack(c, "/customers", locale.T(ctx, "page.customer.saved", map[string]any{"name": name}))
}
