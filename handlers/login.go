package handlers

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// showLogin shows the login to those who are not signed in.
func (s *Server) showLogin(c echo.Context) error {
	if who(c).ID != 0 {
		return goTo(c, "/migrations")
	}
	done, err := s.Store.HasUsers(c.Request().Context())
	if err != nil {
		return err
	}
	if !done {
		return goTo(c, "/setup")
	}
	return s.renderLogin(c, http.StatusOK, views.LoginPage{})
}

func (s *Server) renderLogin(c echo.Context, code int, p views.LoginPage) error {
	p.Page = s.page(c, "page.login.title")
	p.Failed = code != http.StatusOK
	p.Next = localPath(c.FormValue("next"), "")
	if s.Demo != nil {
		p.Demo = views.DemoLogin{Email: s.Demo.Email, Password: s.Demo.Password}
	}
	return s.render(c, code, views.Login(p))
}

// login signs in. Whether there is such a user does not show, neither by the
// answer nor by the time it takes.
func (s *Server) login(c echo.Context) error {
	email := strings.TrimSpace(c.FormValue("email")) // telephones put a blank behind what they complete
	user, wait, err := s.tryLogin(c, email, c.Request().PostFormValue("password"))
	switch {
	case errors.Is(err, migration.ErrForbidden):
		return s.renderLogin(c, http.StatusUnprocessableEntity, views.LoginPage{Email: email, Wrong: true})
	case err != nil:
		return err
	case wait > 0:
		return s.renderLogin(c, http.StatusTooManyRequests, views.LoginPage{Email: email, Wait: saySpan(c, wait)})
	}
	next := localPath(c.FormValue("next"), "/migrations")
	if user.SecondFactor {
		return s.askCode(c, user, next)
	}
	return s.letIn(c, user, next)
}

// letIn signs a user in who has shown all that is asked of him; if that was changed
// in this moment, he begins anew. The next page says the messages.
func (s *Server) letIn(c echo.Context, user migration.User, next string, messages ...string) error {
	err := s.sessions.signIn(c, user)
	if errors.Is(err, migration.ErrConflict) {
		return goTo(c, "/login")
	}
	if err != nil {
		return err
	}
	for _, message := range messages {
		if err := s.sessions.flash(c, message); err != nil {
			return err
		}
	}
	s.Logger.InfoContext(c.Request().Context(), "signed in", "id", requestID(c), "user", user.ID, "from", c.RealIP())
	return goTo(c, next)
}

// tryLogin returns the user of an address and a password, or how long to wait
// before the next try, or migration.ErrForbidden. It computes at most
// hashesAtOnce hashes at a time, and asks for the wait when its turn has come:
// many tries at once gain nothing.
func (s *Server) tryLogin(c echo.Context, email, password string) (user migration.User, wait time.Duration, err error) {
	ctx := c.Request().Context()
	leave, err := s.queue(ctx)
	if err != nil {
		return user, 0, err
	}
	defer leave()
	keys := throttleKeys(email, s.networkOf(c))
	if wait, err = s.Store.LoginWait(ctx, keys...); err != nil {
		return user, 0, err
	}
	if wait > 0 {
		s.retryAfter(c, wait)
		return user, wait, nil
	}
	user, hash, err := s.Store.UserByEmail(ctx, email)
	switch {
	case errors.Is(err, migration.ErrNotFound):
		hash = nobodysHash
	case err != nil:
		return user, 0, err
	case user.State() != migration.UserActive:
		hash = nobodysHash // blocked, or without a password: like one who does not exist
	}
	if !matches(hash, password) {
		if err := s.Store.LoginFailed(ctx, keys...); err != nil {
			return user, 0, err
		}
		s.Logger.WarnContext(ctx, "login failed", "id", requestID(c), "from", c.RealIP())
		return migration.User{}, 0, fmt.Errorf("login: %w", migration.ErrForbidden)
	}
	return user, 0, s.Store.LoginSucceeded(ctx, keys...)
}

func (s *Server) retryAfter(c echo.Context, wait time.Duration) {
	c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// saySpan says how long to wait, to the second: people stand before the door.
func saySpan(c echo.Context, wait time.Duration) string {
	ctx := c.Request().Context()
	if wait < time.Minute {
		return locale.N(ctx, "page.login.seconds", int(math.Ceil(wait.Seconds())), nil)
	}
	return locale.Span(ctx, wait)
}

// networkOf returns the address that failures count against. That of a proxy which
// nobody named stands for everybody behind it and is none: the operator is told
// how to name it.
func (s *Server) networkOf(c echo.Context) string {
	peer, err := netip.ParseAddrPort(c.Request().RemoteAddr)
	forwarded := c.Request().Header.Get(echo.HeaderXForwardedFor) != ""
	if err != nil || !forwarded || trusted(s.TrustedProxies, c.Request().RemoteAddr) || migration.InternalAddress(peer.Addr().Unmap()) == "" {
		return c.RealIP()
	}
	s.Logger.WarnContext(c.Request().Context(), "a proxy forwards logins and is not trusted; name it in TRASLOCO_TRUSTED_PROXIES", "proxy", peer.Addr())
	return ""
}

// throttleKeys are what failures are counted under: the account as seen from the
// network that the browser is in, that network, since one who tries has many
// addresses of it, and for a moment the account alone, since he may have many
// networks.
func throttleKeys(email, address string) []string {
	keys, network := []string{"brief:" + email}, networkAround(address)
	if network == "" {
		return append(keys, "account:"+email)
	}
	return append(keys, "account:"+email+" from "+network, "net:"+network)
}

// networkAround returns the network that an address is in; "" of what is none.
func networkAround(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 64
	if ip = ip.Unmap(); ip.Is4() {
		bits = 24
	}
	network, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// logout ends the session.
func (s *Server) logout(c echo.Context) error {
	if err := s.sessions.signOut(c); err != nil {
		return err
	}
	s.followers.end(who(c).ID)
	return goTo(c, "/login")
}
