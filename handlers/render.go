package handlers

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
	"trasloco/views/ui"
)

// render answers with a page or a part of one. It is built before a word is
// sent, so that an error becomes a clean 500 and not half a page.
func (s *Server) render(c echo.Context, code int, component templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := component.Render(c.Request().Context(), buffer); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	if told, _ := c.Get(toldKey).(bool); told {
		s.logMessages(c, s.sessions.said(c))
	}
	return c.HTMLBlob(code, buffer.Bytes())
}

// page makes what every page has: who is there, the look he chose, what the last
// action had to say. The title is a text by its key.
func (s *Server) page(c echo.Context, titleKey string, args ...map[string]any) views.Page {
	ctx, user := c.Request().Context(), who(c)
	p := views.Page{
		Title: say(ctx, titleKey, args...), Theme: user.Theme, Asset: s.Static.Path,
		User: user, Nav: navOf(c.Path()), Flash: s.messages(c),
	}
	if s.Demo != nil {
		p.Demo = locale.T(ctx, "page.demo.bar", nil)
	}
	p.ManyCustomers = user.Operator && s.manyCustomers(ctx)
	return p
}

// quietPage is page for one that says nothing of the last action: an error, and a
// question, of which scripts show the dialog alone. The messages wait on.
func (s *Server) quietPage(c echo.Context, titleKey string, args ...map[string]any) views.Page {
	p := s.page(c, titleKey, args...)
	p.Flash = nil
	c.Set(toldKey, false)
	return p
}

// manyCustomers reports whether the panel has more than one: only then their page
// is in the navigation. A page without the entry is better than none.
func (s *Server) manyCustomers(ctx context.Context) bool {
	all, err := s.Store.Customers(ctx)
	if err != nil && ctx.Err() == nil {
		s.Logger.ErrorContext(ctx, "count customers", "error", err)
	}
	return len(all) > 1
}

func say(ctx context.Context, key string, args ...map[string]any) string {
	all := map[string]any{}
	for _, some := range args {
		maps.Copy(all, some)
	}
	return locale.T(ctx, key, all)
}

// navOf returns the entry of the navigation that a route belongs to.
func navOf(route string) views.Nav {
	for _, nav := range []views.Nav{views.NavMigrations, views.NavDomains, views.NavUsers, views.NavDestinations, views.NavCustomers, views.NavProfile, views.NavHelp} {
		if strings.HasPrefix(route, "/"+string(nav)) {
			return nav
		}
	}
	return ""
}

// toldKey says of a request that its page shows what waited to be said.
const toldKey = "told"

// messages returns what waits to be said. It waits on until a page with it is
// built. A page without it is better than none.
func (s *Server) messages(c echo.Context) []ui.Message {
	if !known(c) {
		return nil
	}
	texts, err := s.sessions.waiting(c)
	s.logMessages(c, err)
	c.Set(toldKey, len(texts) > 0)
	var messages []ui.Message
	for _, text := range texts {
		messages = append(messages, ui.Message{Tone: ui.OK, Text: text})
	}
	return messages
}

func (s *Server) logMessages(c echo.Context, err error) {
	if err != nil {
		s.Logger.ErrorContext(c.Request().Context(), "messages of the session", "id", requestID(c), "error", err)
	}
}

// goTo sends the browser on after a form, with the page to be fetched by GET.
func goTo(c echo.Context, path string) error { return c.Redirect(http.StatusSeeOther, path) }

// goBack is goTo with a message on the next page.
func (s *Server) goBack(c echo.Context, path, message string) error {
	if err := s.sessions.flash(c, message); err != nil {
		return err
	}
	return goTo(c, path)
}

type whoKey struct{}

// known reports whether the middleware came so far as to ask who is there.
func known(c echo.Context) bool {
	_, known := c.Request().Context().Value(whoKey{}).(migration.User)
	return known
}

// who returns the user who is signed in; the zero User if nobody is.
func who(c echo.Context) migration.User { return whoIn(c.Request().Context()) }

func whoIn(ctx context.Context) migration.User {
	user, _ := ctx.Value(whoKey{}).(migration.User)
	return user
}

const migrationKey = "migration"

// asked returns the migration of :code, which require has fetched.
func asked(c echo.Context) migration.Migration {
	m, _ := c.Get(migrationKey).(migration.Migration)
	return m
}

// path joins parts into a path of the panel, each part escaped by the router's
// own rules: codes, numbers and fixed words need no escape.
func path(parts ...any) string {
	var b strings.Builder
	for _, part := range parts {
		fmt.Fprintf(&b, "/%v", part)
	}
	return b.String()
}

// localPath returns where a form or a link wants to go on, if that is a page of
// the panel; else the fallback. Browsers take "//host" and "/\\host" for other
// sites.
func localPath(wish, fallback string) string {
	address, err := url.Parse(wish)
	local := err == nil && address.Scheme == "" && address.Host == "" && address.User == nil &&
		strings.HasPrefix(wish, "/") && !strings.HasPrefix(wish, "//") && !strings.Contains(wish, `\`)
	if !local {
		return fallback
	}
	return wish
}
