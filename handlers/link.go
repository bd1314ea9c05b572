package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// errDeadLink: the link of a mail was used, replaced, or is too old.
var errDeadLink = fmt.Errorf("link does not hold: %w", migration.ErrNotFound)

// sendsLinks reports whether mails can bring links: there is a mail server, and we
// know by which address the panel is reached. What a browser says of that is not
// asked: whoever asks for a new password for somebody else could say anything.
func (s *Server) sendsLinks() bool { return s.SendsMail && s.PublicURL != "" }

func (s *Server) newLink() store.Link {
	return store.Link{Token: migration.NewSecret(newToken()), Mail: s.sendsLinks()}
}

// handOver says that a link is on its way by mail, or shows it, this once, to who
// asked for it.
func (s *Server) handOver(c echo.Context, user migration.User, kind migration.LinkKind, link store.Link, back string) error {
	ctx, args := c.Request().Context(), map[string]any{"name": user.Name, "email": user.Email}
	if link.Mail {
		return s.goBack(c, back, locale.T(ctx, "page.link.sent."+string(kind), args))
	}
	p := views.LinkPage{
		Page: s.page(c, "page.link.title", args), Of: user, Kind: kind, Back: back,
		Address: s.ownAddress(c) + "/" + string(kind) + "/" + link.Token.Reveal(),
		Until:   s.Now().Add(kind.Holds()), Now: s.Now(),
	}
	return s.render(c, http.StatusOK, views.Link(p))
}

// ownAddress is how the panel is reached: as the operator says, else as this
// browser came.
func (s *Server) ownAddress(c echo.Context) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	return c.Scheme() + "://" + c.Request().Host
}

// renewLink invites a user once more, or lets one choose another password.
func (s *Server) renewLink(c echo.Context) error {
	ctx, user, link := c.Request().Context(), askedUser(c), s.newLink()
	kind, err := s.Store.RenewLink(ctx, user.CustomerID, user.ID, link)
	if err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "link made", "id", requestID(c), "kind", kind, "for", user.ID, "user", who(c).ID)
	return s.handOver(c, user, kind, link, views.UserPath(user.ID))
}

// showForgot shows the form of who forgot his password.
func (s *Server) showForgot(c echo.Context) error {
	return s.renderForgot(c, http.StatusOK, views.ForgotPage{})
}

func (s *Server) renderForgot(c echo.Context, code int, p views.ForgotPage) error {
	p.Page, p.SendsMail, p.Support = s.page(c, "page.forgot.title"), s.sendsLinks(), views.Support(s.Support)
	p.Failed = code != http.StatusOK
	return s.render(c, code, views.Forgot(p))
}

// forgot sends a link for a new password. Whether there is such a user does not
// show: the answer is the same, and the mail leaves later.
func (s *Server) forgot(c echo.Context) error {
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	email := f.email()
	if len(f.problems) > 0 {
		return s.renderForgot(c, http.StatusUnprocessableEntity, views.ForgotPage{Email: email, Problems: f.problems})
	}
	if !s.sendsLinks() {
		return s.renderForgot(c, http.StatusConflict, views.ForgotPage{Email: email})
	}
	key := resetKey(s.networkOf(c))
	wait, err := s.Store.LoginWait(ctx, key)
	if err != nil {
		return err
	}
	if wait > 0 {
		s.retryAfter(c, wait)
		f.fault("email", CodeLoginWait, migration.Args{"time": saySpan(c, wait)})
		return s.renderForgot(c, http.StatusTooManyRequests, views.ForgotPage{Email: email, Problems: f.problems})
	}
	if err := s.Store.AskReset(ctx, email, s.newLink(), key); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "new password asked for", "id", requestID(c), "from", c.RealIP())
	return s.goBack(c, "/login", locale.T(ctx, "page.forgot.sent", map[string]any{"email": email}))
}

// resetKey is what asking for new passwords is counted under: the network it comes
// from. Where that is none, since everybody comes by a proxy that nobody has named,
// nobody has to wait for long.
func resetKey(address string) string {
	if network := networkAround(address); network != "" {
		return "net:reset from " + network
	}
	return "brief:reset"
}

func (s *Server) showInvitation(c echo.Context) error {
	return s.showChoose(c, migration.LinkInvitation, http.StatusOK, nil)
}

func (s *Server) showReset(c echo.Context) error {
	return s.showChoose(c, migration.LinkReset, http.StatusOK, nil)
}

// showChoose shows the form in which who came by a link chooses a password.
func (s *Server) showChoose(c echo.Context, kind migration.LinkKind, code int, problems []migration.Problem) error {
	user, err := s.Store.UserByLink(c.Request().Context(), kind, migration.NewSecret(c.Param("token")))
	if errors.Is(err, migration.ErrNotFound) {
		return errDeadLink
	}
	if err != nil {
		return err
	}
	p := views.ChoosePage{Page: s.page(c, "page.choose."+string(kind)), Of: user, Kind: kind, Problems: problems}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Choose(p))
}

// acceptInvitation gives a new user the password he chose, and signs him in.
func (s *Server) acceptInvitation(c echo.Context) error {
	user, err := s.redeem(c, migration.LinkInvitation)
	if err != nil || user.ID == 0 {
		return err
	}
	if err := s.sessions.signIn(c, user); err != nil {
		return err
	}
	return s.goBack(c, "/migrations", locale.T(s.speak(c, user), "page.choose.welcome", map[string]any{"name": user.Name}))
}

// resetPassword gives a user another password. He signs in with it, so that the
// second factor is asked for.
func (s *Server) resetPassword(c echo.Context) error {
	user, err := s.redeem(c, migration.LinkReset)
	if err != nil || user.ID == 0 {
		return err
	}
	return s.goBack(c, "/login", locale.T(c.Request().Context(), "page.choose.done", nil))
}

// redeem uses a link up. With the zero User the answer was sent: the password does
// not do.
func (s *Server) redeem(c echo.Context, kind migration.LinkKind) (migration.User, error) {
	ctx, token := c.Request().Context(), migration.NewSecret(c.Param("token"))
	user, err := s.Store.UserByLink(ctx, kind, token)
	if errors.Is(err, migration.ErrNotFound) {
		return user, errDeadLink
	}
	if err != nil {
		return user, err
	}
	f := formReader{value: c.Request().PostFormValue}
	password := f.password("new_password", user.Email)
	if len(f.problems) > 0 {
		return migration.User{}, s.showChoose(c, kind, http.StatusUnprocessableEntity, f.problems)
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return user, err
	}
	user, err = s.Store.RedeemLink(ctx, kind, token, hash, s.sendsLinks())
	if errors.Is(err, migration.ErrNotFound) {
		return user, errDeadLink
	}
	if err == nil {
		s.followers.end(user.ID)
		s.Logger.InfoContext(ctx, "link used", "id", requestID(c), "kind", kind, "user", user.ID, "from", c.RealIP())
	}
	return user, err
}
