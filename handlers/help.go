package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/views"
)

// helpRoutes hold the guide, which every user may read.
func helpRoutes() []route {
	return []route{
		{http.MethodGet, "/help", signedIn, light, (*Server).showHelp},
		{http.MethodGet, "/help/:topic", signedIn, light, (*Server).showTopic},
	}
}

// showHelp shows the contents of the guide.
func (s *Server) showHelp(c echo.Context) error {
	return s.render(c, http.StatusOK, views.Help(views.HelpPage{Page: s.page(c, "guide.title"), Support: views.Support(s.Support)}))
}

// showTopic shows one topic of the guide.
func (s *Server) showTopic(c echo.Context) error {
	topic := c.Param("topic")
	if !views.IsHelpTopic(topic) {
		return migration.ErrNotFound
	}
	p := views.HelpTopicPage{Page: s.page(c, "guide.title"), Topic: topic, Support: views.Support(s.Support)}
	p.Title = views.HelpTitle(c.Request().Context(), topic)
	return s.render(c, http.StatusOK, views.HelpOn(p))
}
