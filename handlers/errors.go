package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/views"
)

// fail is the only place where an error becomes an answer. Of what went wrong
// inside, a person outside learns the number of the request and nothing else.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	code := statusOf(err)
	if code >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.Logger.ErrorContext(c.Request().Context(), "request failed", "id", requestID(c), "route", c.Path(), "error", err)
	}
	// The handler's time is over by now, and an early error comes before anybody
	// has asked for the language.
	ctx := context.WithoutCancel(c.Request().Context())
	if !known(c) {
		ctx = s.speak(c, migration.User{})
	}
	c.SetRequest(c.Request().WithContext(ctx))
	if err := s.render(c, code, views.Error(s.errorPage(c, code, err))); err != nil {
		s.Logger.ErrorContext(ctx, "error page", "id", requestID(c), "error", err)
		_ = c.NoContent(http.StatusInternalServerError) // the line is dead if this fails too
	}
}

func (s *Server) errorPage(c echo.Context, code int, err error) views.ErrorPage {
	shown := views.ErrorPage{Page: s.quietPage(c, "page.error.title"), Code: code, RequestID: requestID(c), Again: againAt(c, code), Support: views.Support(s.Support)}
	if errors.Is(err, errForeignForm) {
		shown.Case = "foreign_form"
		shown.Args = map[string]any{"origin": c.Request().Header.Get("Origin"), "host": c.Request().Host}
	}
	if errors.Is(err, errDeadLink) {
		shown.Case = "link"
	}
	return shown
}

// againAt is the page that the reader may open once more: the one he asked for,
// or from which he sent a form. Only what passes, or has changed, is worth it.
func againAt(c echo.Context, code int) string {
	switch code {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable:
	default:
		return ""
	}
	if c.Request().Method == http.MethodGet {
		return localPath(c.Request().URL.RequestURI(), "")
	}
	from, err := url.Parse(c.Request().Referer())
	if err != nil || from.Host != c.Request().Host || from.Path == "" {
		return ""
	}
	return localPath(from.RequestURI(), "")
}

func statusOf(err error) int {
	var answer *echo.HTTPError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, migration.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, migration.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, migration.ErrConflict):
		return http.StatusConflict
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &answer):
		return answer.Code
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
