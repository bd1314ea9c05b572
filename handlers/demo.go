package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/views"
)

// demoRoutes holds what only the demonstration answers to.
func demoRoutes() []route {
	return []route{
		{http.MethodGet, "/demo/accounts.csv", signedIn, light, (*Server).demoAccounts},
		{http.MethodGet, "/demo/outbox", signedIn, light, (*Server).demoOutbox},
	}
}

// demoAccounts is the ready file for the wizard.
func (s *Server) demoAccounts(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="accounts.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", s.Demo.CSV)
}

// demoOutbox shows the mails that nobody gets.
func (s *Server) demoOutbox(c echo.Context) error {
	page := views.OutboxPage{Page: s.page(c, "page.outbox.title"), Letters: s.Demo.Letters(), Now: s.Now()}
	return s.render(c, http.StatusOK, views.Outbox(page))
}
