package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// right is what a route asks of the one who calls it. The middleware of the
// right answers before the handler is asked: a migration, user, domain or customer
// that the caller may not know of is "not found", as if there were none.
type right int

const (
	_                right = iota // a route without a right cannot be added
	anybody                       // also those who are not signed in
	settingUp                     // anybody, as long as there is no user yet
	signedIn                      // every user
	runsInstallation              // User.CanManageInstallation
	managesPeople                 // User.CanManageCustomer of ?customer=, else of his own
	changesUser                   // User.CanChangeUser the user of :user
	rulesUser                     // User.MayChangeRoleOf the user of :user
	managesDomain                 // User.CanManageDomain the domain of :domain
	seesMigration                 // User.CanSee the migration of :code
	changesMigration              // User.CanChange the migration of :code
	addsPass                      // User.CanAddPass to the migration of :code
)

// weight is what a route needs beyond the ordinary.
type weight int

const (
	light     weight = iota
	uploads          // takes a file: a larger body
	streams          // answers for as long as somebody listens
	downloads        // may take long to send
)

type route struct {
	method, path string
	right        right
	weight       weight
	handle       func(s *Server, c echo.Context) error
}

// addRoutes hangs every route behind the middleware of its right.
func (s *Server) addRoutes() {
	for _, r := range s.routes() {
		s.echo.Add(r.method, r.path, s.handler(r), s.require(r.right), s.bear(r.weight))
	}
}

func (s *Server) handler(r route) echo.HandlerFunc {
	return func(c echo.Context) error { return r.handle(s, c) }
}

// routes is the whole of what the panel answers to.
func (s *Server) routes() []route {
	all := ground()
	for _, area := range [][]route{peopleRoutes(), accountRoutes(), wizardRoutes(), folderRoutes(), keyRoutes(), migrationRoutes(), logRoutes(), helpRoutes()} {
		all = append(all, area...)
	}
	if s.Demo != nil {
		all = append(all, demoRoutes()...)
	}
	return all
}

// ground holds the routes that are about no migration.
func ground() []route {
	return []route{
		{http.MethodGet, "/", signedIn, light, (*Server).home},
		{http.MethodGet, "/healthz", anybody, light, (*Server).health},
		{http.MethodPost, "/csp-report", anybody, light, (*Server).reportCSP},
		{http.MethodGet, "/static/:name", anybody, downloads, (*Server).asset},
		{http.MethodPost, "/language", anybody, light, (*Server).chooseLanguage},
		{http.MethodGet, "/setup", settingUp, light, (*Server).showSetUp},
		{http.MethodPost, "/setup", settingUp, light, (*Server).setUp},
		{http.MethodGet, "/login", anybody, light, (*Server).showLogin},
		{http.MethodPost, "/login", anybody, light, (*Server).login},
		{http.MethodPost, "/logout", signedIn, light, (*Server).logout},
		{http.MethodGet, "/profile", signedIn, light, (*Server).showProfile},
		{http.MethodPost, "/profile", signedIn, light, (*Server).saveProfile},
		{http.MethodPost, "/profile/password", signedIn, light, (*Server).changePassword},
		{http.MethodGet, "/destinations", runsInstallation, light, (*Server).listDestinations},
		{http.MethodGet, "/destinations/:id", runsInstallation, light, (*Server).showDestination},
		{http.MethodPost, "/destinations/:id", runsInstallation, light, (*Server).saveDestination},
		{http.MethodPost, "/destinations/:id/test", runsInstallation, light, (*Server).testDestination},
		{http.MethodGet, "/destinations/:id/delete", runsInstallation, light, (*Server).askDeleteDestination},
		{http.MethodPost, "/destinations/:id/delete", runsInstallation, light, (*Server).deleteDestination},
	}
}
