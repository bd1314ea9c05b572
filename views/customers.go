package views

import (
	"context"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// CustomerPath leads to the page of a customer.
func CustomerPath(id int64) string { return "/customers/" + strconv.FormatInt(id, 10) }

// CustomerRow is a customer with the number of what he owns.
type CustomerRow struct {
	migration.Customer
	Users, Domains, Migrations int
}

// CustomersPage lists the customers.
type CustomersPage struct {
	Page
	Customers []CustomerRow
}

// CustomerForm is a new customer with his first admin, as they were typed.
type CustomerForm struct{ Customer, Name, Email, Language string }

// NewCustomerPage is the form that adds a customer.
type NewCustomerPage struct {
	Page
	Form      CustomerForm
	Problems  Problems
	SendsMail bool
}

// CustomerPage is the form that renames a customer.
type CustomerPage struct {
	Page
	Of       migration.Customer
	Name     string // as it was typed
	Problems Problems
}

func (p CustomersPage) table(ctx context.Context) ui.TableSpec {
	word := func(name string) string { return locale.T(ctx, "page.customers.column."+name, nil) }
	return ui.TableSpec{Label: locale.T(ctx, "page.customers.title", nil), Columns: []ui.ColumnSpec{
		{Text: word("name")}, {Text: word("users"), Number: true}, {Text: word("domains"), Number: true}, {Text: word("migrations"), Number: true},
	}}
}

func inviteHow(mail bool) string {
	if mail {
		return "page.invite.mail"
	}
	return "page.invite.show"
}
