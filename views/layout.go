// Package views makes the pages. A page is a component that takes one struct,
// declared beside it, with everything the page shows; a handler fills it. What
// is the same on many pages stands in views/ui.
//
// Components read the language and the time zone from the context
// (locale.With, locale.WithZone) and nothing else.
package views

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

//go:generate go tool templ generate -path .

// Nav is the entry of the navigation that a page belongs to.
type Nav string

// The entries of the navigation; the zero value is none of them.
const (
	NavMigrations   Nav = "migrations"
	NavDomains      Nav = "domains"
	NavUsers        Nav = "users"
	NavDestinations Nav = "destinations"
	NavCustomers    Nav = "customers"
	NavProfile      Nav = "profile"
	NavHelp         Nav = "help"
)

// Page is what every page needs, whatever it shows.
type Page struct {
	Title string // of the window; the name of the program is added
	// Failed says that the page is a form that was refused: the window's title
	// begins with "Error:".
	Failed bool
	Theme  migration.Theme
	// Asset returns the address of a file in static, such as "panel.css".
	Asset func(name string) string
	User  migration.User // zero: nobody is signed in
	Nav   Nav
	Flash []ui.Message // shown under the title: hand it to ui.HeadSpec
	Demo  string       // what the bar of the demonstration says; "": no bar
	// ManyCustomers says to the operator that there are several: a reseller with
	// one does not read the word.
	ManyCustomers bool
	// Reload is after how many seconds a page without scripts fetches itself
	// anew, for pages with live parts; 0: never.
	Reload int
}

// WizardFrame is what the wizard has in place of the navigation.
type WizardFrame struct {
	Steps []ui.Step
	Saved string // "Draft saved at 13:42"
	Wide  bool   // for the table of step 2
}

// ErrorPage is what stands where a page could not be made.
type ErrorPage struct {
	Page
	Code      int
	RequestID string
	// Again is the page that may be opened once more with better luck; "": none.
	Again   string
	Support Support
	// Case tells answers with the same code apart, where a text of its own helps
	// more, with its Args; "": the text of the code.
	Case string
	Args map[string]any
}

func (p Page) title(ctx context.Context) string {
	title := p.Title + " – Trasloco"
	if p.Failed {
		title = locale.T(ctx, "ui.error", nil) + " " + title
	}
	return title
}

func (p Page) signedIn() bool { return p.User.ID != 0 }

// html are the attributes of <html>: a theme only if one was chosen, else the
// system's holds.
func (p Page) html(ctx context.Context) templ.Attributes {
	attrs := templ.Attributes{"lang": string(locale.From(ctx))}
	if p.Theme != migration.ThemeAuto {
		attrs["data-bs-theme"] = string(p.Theme)
	}
	if p.Failed {
		attrs["data-failed"] = true
	}
	return attrs
}

// htmxConfig is for the whole panel. What a reader opened stays open when a live
// part is morphed, and a lost stream is looked for every ten seconds at least.
const htmxConfig = `{"morphIgnore":["data-htmx-powered","open"],"sse":{"reconnectMaxDelay":10000}}`

// navItem is a link of the navigation.
type navItem struct {
	nav  Nav
	href string
	icon ui.IconName
}

// text is the key of the item's name.
func (n navItem) text() string { return "nav." + string(n.nav) }

func (p Page) current(n navItem) templ.Attributes {
	if p.Nav != n.nav {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

var (
	migrationsItem = navItem{NavMigrations, "/migrations", ui.IconMigrations}
	helpItem       = navItem{NavHelp, "/help", ui.IconBook}
)

// installation are the pages of who runs the installation.
func (p Page) installation() []navItem {
	if !p.User.CanManageInstallation() {
		return nil
	}
	items := []navItem{{NavDestinations, "/destinations", ui.IconServer}}
	if p.ManyCustomers {
		items = append(items, navItem{NavCustomers, "/customers", ui.IconBuilding})
	}
	return items
}

// people are the pages of who manages users and domains.
func (p Page) people() []navItem {
	if !p.User.CanManageUsers() {
		return nil
	}
	return []navItem{{NavDomains, "/domains", ui.IconWorld}, {NavUsers, "/users", ui.IconUsers}}
}

// roleKey names what the user is; the operator is that before all.
func (p Page) roleKey() string {
	if p.User.Operator {
		return "role.operator"
	}
	return "role." + string(p.User.Role)
}

// name is what the user is called; his address if he told no name.
func (p Page) name() string {
	if p.User.Name == "" {
		return p.User.Email
	}
	return p.User.Name
}

// initials are the first letters of the first and the last name.
func (p Page) initials() string {
	words := strings.Fields(p.name())
	if len(words) > 1 {
		words = []string{words[0], words[len(words)-1]}
	}
	initials := ""
	for _, word := range words {
		first, _ := utf8.DecodeRuneInString(word)
		initials += strings.ToUpper(string(first))
	}
	return initials
}

func (w WizardFrame) class() string {
	if w.Wide {
		return "t-wiz t-wiz--wide"
	}
	return "t-wiz"
}

// key is the text for the status; those without one of their own are said by
// the first of their hundred.
func (e ErrorPage) key() string {
	if e.Case != "" {
		return "page.error." + strconv.Itoa(e.Code) + "." + e.Case
	}
	switch e.Code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable:
		return "page.error." + strconv.Itoa(e.Code)
	}
	if e.Code >= http.StatusBadRequest && e.Code < http.StatusInternalServerError {
		return "page.error.400"
	}
	return "page.error.500"
}

// home is what the way out is called: strangers are sent to the sign-in page.
func (e ErrorPage) home() string {
	if e.signedIn() {
		return "page.error.home"
	}
	return "page.error.home.nobody"
}

// numbered reports whether the page shows the number of the request, by which
// its line is found in the log.
func (e ErrorPage) numbered() bool { return e.RequestID != "" }
