package views

import (
	"context"
	"strconv"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// DomainsPath leads to the domains of a customer.
func DomainsPath(customer int64) string { return customerPath("/domains", customer) }

// DomainPath leads to the page of a domain, or below it.
func DomainPath(id int64, below ...string) string {
	return "/domains/" + strconv.FormatInt(id, 10) + strings.Join(below, "")
}

// DomainRow is a domain with what depends on it.
type DomainRow struct {
	migration.Domain
	Server                     string // the destination server's name
	Managers, Migrations, Open int    // Open: migrations that are not over
}

// ServerChoice is a destination server by its name.
type ServerChoice struct {
	ID   int64
	Name string
}

// DomainForm is a new domain as it was typed.
type DomainForm struct {
	Name   string
	Server int64
}

// DomainsPage lists the domains of a customer.
type DomainsPage struct {
	Page
	Customer CustomerChoice
	Domains  []DomainRow
	Servers  []ServerChoice
	Form     DomainForm
	Problems Problems
}

// DomainPage shows what can be changed of a domain.
type DomainPage struct {
	Page
	Of       DomainRow
	Servers  []ServerChoice
	Server   int64
	Problems Problems
}

// DomainQuestion asks before a domain is deleted.
type DomainQuestion struct {
	Page
	Of DomainRow
}

func serverOptions(servers []ServerChoice) []ui.Option {
	options := make([]ui.Option, len(servers))
	for i, server := range servers {
		options[i] = ui.Option{Value: strconv.FormatInt(server.ID, 10), Text: server.Name}
	}
	return options
}

func (p DomainsPage) table(ctx context.Context) ui.TableSpec {
	word := func(name string) string { return locale.T(ctx, "page.domains.column."+name, nil) }
	return ui.TableSpec{Label: locale.T(ctx, "page.domains.title", nil), Class: "t-table--bins", Columns: []ui.ColumnSpec{
		{Text: word("name")},
		{Text: word("server")},
		{Text: word("managers"), Number: true},
		{Text: word("migrations"), Number: true},
		{Text: word("actions"), Hidden: true},
	}}
}

func domainCrumbs(ctx context.Context, d DomainRow, last string) []ui.Crumb {
	crumbs := []ui.Crumb{{Text: locale.T(ctx, "page.domains.title", nil), Href: DomainsPath(d.CustomerID)}}
	if last == "" {
		return append(crumbs, ui.Crumb{Text: d.Name})
	}
	return append(crumbs, ui.Crumb{Text: d.Name, Href: DomainPath(d.ID)}, ui.Crumb{Text: last})
}

func (q DomainQuestion) args() map[string]any { return map[string]any{"domain": q.Of.Name} }

func (q DomainQuestion) dialog(ctx context.Context) ui.DialogSpec {
	word := func(name string) string { return locale.T(ctx, "page.domain.delete."+name, q.args()) }
	return ui.DialogSpec{
		ID: "delete", Title: word("title"), Action: DomainPath(q.Of.ID, "/delete"),
		Confirm: ui.ButtonSpec{Text: word("yes"), Icon: ui.IconTrash, Kind: ui.Danger},
		Cancel:  locale.T(ctx, "page.people.no", nil), Back: DomainPath(q.Of.ID),
	}
}

func (q DomainQuestion) items(ctx context.Context) []ui.DialogItem {
	word := func(name string) string { return locale.T(ctx, "page.domain.delete."+name, q.args()) }
	items := []ui.DialogItem{{Tone: ui.OK, Strong: word("stays"), Text: word("stays.text")}, {Tone: ui.Err, Strong: word("goes"), Text: word("goes.text")}}
	if q.Of.Managers > 0 {
		items = append(items, ui.DialogItem{Tone: ui.Wait, Text: locale.N(ctx, "page.domain.delete.managers", q.Of.Managers, nil)})
	}
	return items
}
