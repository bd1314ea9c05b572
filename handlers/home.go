package handlers

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
)

// home leads to what everybody comes for.
func (s *Server) home(c echo.Context) error { return goTo(c, "/migrations") }

// health tells who watches the panel whether its store answers.
func (s *Server) health(c echo.Context) error {
	if _, err := s.Store.HasUsers(c.Request().Context()); err != nil {
		return echo.NewHTTPError(http.StatusServiceUnavailable).SetInternal(err)
	}
	return c.String(http.StatusOK, "ok\n")
}

// asset serves a file that pages need.
func (s *Server) asset(c echo.Context) error {
	s.Static.ServeHTTP(c.Response(), c.Request())
	return nil
}

// chooseLanguage keeps a choice of language: with the user, or with the browser
// of those who are not signed in.
func (s *Server) chooseLanguage(c echo.Context) error {
	lang := locale.Match(c.FormValue("lang"))
	user := who(c)
	if user.ID != 0 {
		user.Language = string(lang)
		if err := s.Store.SavePreferences(c.Request().Context(), user); err != nil {
			return err
		}
	}
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure where the browser came by https: on a plain-http LAN it would be dropped
		Name: languageCookie, Value: string(lang), Path: "/", MaxAge: int(365 * 24 * time.Hour / time.Second),
		Secure: s.isHTTPS(c), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return goTo(c, localPath(c.FormValue("back"), "/"))
}

// Bounds of the reports on the content policy: anybody can send them.
const (
	reportOctets = 8 << 10
	reportPart   = 200 // octets of an address that are logged
	reportsAtMax = 20  // in reportsIn
	reportsIn    = time.Minute
)

// reportBound counts reports, so that nobody fills the log with them.
type reportBound struct {
	mu    sync.Mutex
	since time.Time
	count int
}

// take reports whether one more may be logged.
func (b *reportBound) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.since) >= reportsIn {
		b.since, b.count = now, 0
	}
	b.count++
	return b.count <= reportsAtMax
}

// policyReport is what browsers say of a page that broke the content policy
// (CSP level 3 §5.3, the form that report-uri gets).
type policyReport struct {
	Report struct {
		Page      string `json:"document-uri"`
		Blocked   string `json:"blocked-uri"`
		Directive string `json:"effective-directive"`
		Violated  string `json:"violated-directive"`
		Source    string `json:"source-file"`
		Line      int    `json:"line-number"`
	} `json:"csp-report"`
}

// reportCSP logs that a page broke the content policy: a mistake of ours, or of
// something in the browser that changes pages.
func (s *Server) reportCSP(c echo.Context) error {
	if !s.reports.take(s.Now()) {
		return c.NoContent(http.StatusTooManyRequests)
	}
	body, err := io.ReadAll(io.LimitReader(c.Request().Body, reportOctets))
	if err != nil {
		return err
	}
	var sent policyReport
	if err := json.Unmarshal(body, &sent); err != nil {
		return errors.Join(echo.NewHTTPError(http.StatusBadRequest), err)
	}
	r := sent.Report
	directive := r.Directive
	if directive == "" {
		directive = r.Violated
	}
	s.Logger.LogAttrs(c.Request().Context(), slog.LevelWarn, "content policy broken",
		slog.String("id", requestID(c)), slog.String("directive", bounded(directive)), slog.String("blocked", bounded(r.Blocked)),
		slog.String("page", bounded(r.Page)), slog.String("source", bounded(r.Source)), slog.Int("line", r.Line))
	return c.NoContent(http.StatusNoContent)
}

// bounded cuts an address before its query, which may hold names, before what is
// secret of a link that came by mail, and at a length for a log.
func bounded(address string) string {
	address, _, _ = strings.Cut(address, "?")
	for _, kind := range []migration.LinkKind{migration.LinkInvitation, migration.LinkReset} {
		address, _, _ = strings.Cut(address, "/"+string(kind)+"/")
	}
	return strings.ToValidUTF8(address[:min(len(address), reportPart)], "")
}
