package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
)

// know finds out who is there, and puts user, language and time zone into the
// context of the request.
func (s *Server) know(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Path() == "/static/:name" || c.Path() == "/healthz" {
			return next(c)
		}
		user, err := s.sessions.user(c)
		if err != nil {
			return err
		}
		ctx := s.speak(c, user)
		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, whoKey{}, user)))
		return next(c)
	}
}

// speak sets language and zone: the user's choice, then that of this browser,
// then what the browser asks for, then the default.
func (s *Server) speak(c echo.Context, user migration.User) context.Context {
	wishes := []string{user.Language}
	if cookie, err := c.Cookie(languageCookie); err == nil {
		wishes = append(wishes, cookie.Value)
	}
	wishes = append(wishes, c.Request().Header.Get("Accept-Language"), string(s.Language))
	zone := s.Zone
	if chosen, err := time.LoadLocation(user.TimeZone); err == nil && user.TimeZone != "" {
		zone = chosen
	}
	return locale.WithZone(locale.With(c.Request().Context(), locale.Match(wishes...)), zone)
}

// require lets through who has the right.
func (s *Server) require(r right) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if sent, err := s.check(c, r); sent || err != nil {
				return err
			}
			return next(c)
		}
	}
}

// check reports whether it has sent the browser elsewhere, or why the caller
// has not the right.
func (s *Server) check(c echo.Context, r right) (sent bool, err error) {
	user := who(c)
	switch {
	case r == anybody:
		return false, nil
	case r == settingUp:
		return s.checkSettingUp(c)
	case user.ID == 0:
		return true, s.askToSignIn(c)
	case r == signedIn:
		return false, nil
	case r == runsInstallation:
		return false, allow(user.CanManageInstallation())
	case r == managesPeople:
		return false, s.fetchCustomer(c, user)
	case r == changesUser || r == rulesUser:
		return false, s.fetchUser(c, user, r)
	case r == managesDomain:
		return false, s.fetchDomain(c, user)
	case r == seesMigration || r == changesMigration || r == addsPass:
		return false, s.fetch(c, user, r)
	}
	return false, fmt.Errorf("route %s declares no right: %w", c.Path(), migration.ErrForbidden)
}

func allow(can bool) error {
	if !can {
		return migration.ErrForbidden
	}
	return nil
}

func (s *Server) checkSettingUp(c echo.Context) (sent bool, err error) {
	done, err := s.Store.HasUsers(c.Request().Context())
	if err != nil || !done {
		return false, err
	}
	return true, goTo(c, "/login")
}

// askToSignIn sends a page's reader to the login, which brings him back, or to
// set-up while there is no user; whoever asks for something else gets a plain
// refusal.
func (s *Server) askToSignIn(c echo.Context) error {
	done, err := s.Store.HasUsers(c.Request().Context())
	switch {
	case err != nil:
		return err
	case !done:
		return goTo(c, "/setup")
	case strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream"):
		return echo.NewHTTPError(http.StatusUnauthorized)
	case c.Request().Method == http.MethodGet && c.Path() != "/":
		return goTo(c, "/login?"+url.Values{"next": {c.Request().URL.RequestURI()}}.Encode())
	}
	return goTo(c, "/login")
}

// fetch reads the migration of :code for who may see it. To all others there is
// none; who may see but not change it is told so.
func (s *Server) fetch(c echo.Context, user migration.User, r right) error {
	customer := user.CustomerID
	if user.Operator {
		customer = store.AnyCustomer
	}
	code := c.Param("code")
	if !migration.IsCode(code) {
		return migration.ErrNotFound
	}
	m, err := s.Store.Migration(c.Request().Context(), customer, code)
	if err != nil {
		return err
	}
	if !user.CanSee(m) {
		return migration.ErrNotFound
	}
	c.Set(migrationKey, m)
	if r == addsPass {
		return allow(user.CanAddPass(m))
	}
	return allow(r == seesMigration || user.CanChange(m))
}
