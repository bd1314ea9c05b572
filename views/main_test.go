package views_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/static"
	"trasloco/static/browsertest"
	"trasloco/views"
	"trasloco/views/ui"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }

// policy is the panel's own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// site is a panel without anything behind it: pages by path, the static files,
// the policy.
type site struct {
	*httptest.Server
	mux    *http.ServeMux
	assets *static.Files
}

func newSite(t *testing.T) *site {
	t.Helper()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{mux: http.NewServeMux(), assets: assets}
	s.mux.Handle(static.Prefix, assets)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		s.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// show serves a component at a path, in the language the browser wants.
func (s *site) show(path string, status int, component templ.Component) {
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		ctx := locale.With(r.Context(), locale.Match(r.Header.Get("Accept-Language")))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_ = component.Render(ctx, w)
	})
}

// page is a page of somebody who may see everything.
func (s *site) page(title string) views.Page {
	return views.Page{
		Title: title, Asset: s.assets.Path, Nav: views.NavMigrations,
		User: migration.User{ID: 1, CustomerID: 1, Role: migration.Admin, Operator: true, Name: "Laura Bianchi", Email: "laura@example.net"},
	}
}

// inside puts components into a frame that takes children.
func inside(frame templ.Component, parts ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return frame.Render(templ.WithChildren(ctx, templ.Join(parts...)), w)
	})
}

func (s *site) parts() templ.Component { return inside(views.Shell(s.page("Parts")), ui.Parts()) }
