package handlers

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"trasloco/migration"
)

// Bounds of a request.
const (
	bodyLimit   = 1 << 20
	uploadLimit = migration.MaxCSVBytes + 1<<20 // the file, and the form around it
	answerIn    = 30 * time.Second
)

func (s *Server) useMiddleware() {
	s.echo.Use(
		s.numberRequest,
		middleware.RequestLoggerWithConfig(s.requestLog()),
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: s.logPanic}),
		s.secure,
		s.refuseForeignForms,
		s.know,
	)
}

// bear sets the bounds that go with the weight of a route.
func (s *Server) bear(w weight) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		next = limitBody(w, next)
		if w == streams {
			next = s.follow(next)
		}
		if w == streams || w == downloads {
			return next
		}
		timed := middleware.ContextTimeout(answerIn)(next)
		return middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1024})(timed)
	}
}

// limitBody bounds what a request may bring along. The fields of a plain form
// are read here: echo's FormValue would hide that one is too large or broken,
// and the handler would see an empty form. A form with a file is left to the
// handler that takes it.
func limitBody(w weight, next echo.HandlerFunc) echo.HandlerFunc {
	limit := int64(bodyLimit)
	if w == uploads {
		limit = uploadLimit
	}
	return func(c echo.Context) error {
		r := c.Request()
		r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
		var tooLarge *http.MaxBytesError
		switch err := r.ParseForm(); {
		case errors.As(err, &tooLarge):
			return err
		case err != nil:
			return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
		}
		return next(c)
	}
}

const requestKey = "request"

var foreignNumber = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// numberRequest gives a request the number that stands in the log and on error
// pages. Only a trusted proxy may bring one along.
func (s *Server) numberRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		number := c.Request().Header.Get(echo.HeaderXRequestID)
		if !foreignNumber.MatchString(number) || !trusted(s.TrustedProxies, c.Request().RemoteAddr) {
			number = rand.Text()[:16]
		}
		c.Set(requestKey, number)
		c.Response().Header().Set(echo.HeaderXRequestID, number)
		return next(c)
	}
}

func requestID(c echo.Context) string {
	number, _ := c.Get(requestKey).(string)
	return number
}

// requestLog logs the route and not the address: a query may hold names.
func (s *Server) requestLog() middleware.RequestLoggerConfig {
	return middleware.RequestLoggerConfig{
		HandleError: true, LogMethod: true, LogRoutePath: true, LogStatus: true, LogLatency: true, LogRemoteIP: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			s.Logger.LogAttrs(c.Request().Context(), slog.LevelInfo, "request",
				slog.String("id", requestID(c)), slog.String("method", v.Method), slog.String("route", v.RoutePath),
				slog.Int("status", v.Status), slog.Duration("took", v.Latency), slog.String("from", v.RemoteIP))
			return nil
		},
	}
}

func (s *Server) logPanic(c echo.Context, err error, stack []byte) error {
	s.Logger.ErrorContext(c.Request().Context(), "panic", "id", requestID(c), "error", err, "stack", string(stack))
	return err
}
