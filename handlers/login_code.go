package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// What the session of somebody holds who gave the right password and owes the
// code. It opens nothing but the page that asks for it.
const (
	keyOwes    = "owes"     // the number of the user
	keyOwesAt  = "owes_at"  // seconds
	keyOwesFor = "owes_for" // his stamp: another one voids it
	keyNext    = "next"     // the page that was asked for

	codeWithin = 10 * time.Minute
)

// askCode goes on to the second step of a login.
func (s *Server) askCode(c echo.Context, user migration.User, next string) error {
	owed := map[any]any{keyOwes: user.ID, keyOwesAt: s.Now().Unix(), keyOwesFor: user.Stamp, keyNext: next}
	if err := s.sessions.renew(c, migration.User{}, owed); err != nil {
		return err
	}
	return goTo(c, "/login/code")
}

// owing returns who owes the code in this browser; the zero User if nobody does.
func (s *Server) owing(c echo.Context) (user migration.User, next string, err error) {
	session, err := s.sessions.of(c)
	if err != nil {
		return user, "", err
	}
	id, _ := session.Values[keyOwes].(int64)
	at, _ := session.Values[keyOwesAt].(int64)
	stamp, _ := session.Values[keyOwesFor].(string)
	next, _ = session.Values[keyNext].(string)
	if id == 0 || s.Now().Sub(time.Unix(at, 0)) > codeWithin {
		return user, "", nil
	}
	user, err = s.Store.User(c.Request().Context(), id)
	if errors.Is(err, migration.ErrNotFound) || err == nil && user.Stamp != stamp {
		return migration.User{}, "", nil
	}
	return user, next, err
}

// showCode asks for the code of the second factor.
func (s *Server) showCode(c echo.Context) error {
	user, _, err := s.owing(c)
	if err != nil {
		return err
	}
	if user.ID == 0 {
		return goTo(c, "/login")
	}
	return s.renderCode(c, http.StatusOK, nil)
}

func (s *Server) renderCode(c echo.Context, code int, problems []migration.Problem) error {
	p := views.CodePage{Page: s.page(c, "page.code.title"), Problems: problems, Support: views.Support(s.Support)}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Code(p))
}

// enterCode is the second step of a login. A recovery code does as well, once.
func (s *Server) enterCode(c echo.Context) error {
	user, next, err := s.owing(c)
	if err != nil {
		return err
	}
	if user.ID == 0 {
		return goTo(c, "/login")
	}
	recovered, wait, err := s.tryCode(c, user, plainCode(c.Request().PostFormValue("code")))
	switch {
	case errors.Is(err, migration.ErrForbidden):
		return s.renderCode(c, http.StatusUnprocessableEntity, []migration.Problem{{Code: CodeFactorWrong, Field: "code"}})
	case err != nil:
		return err
	case wait > 0:
		s.retryAfter(c, wait)
		return s.renderCode(c, http.StatusTooManyRequests, []migration.Problem{
			{Code: CodeLoginWait, Field: "code", Args: migration.Args{"time": saySpan(c, wait)}},
		})
	}
	var said []string
	if recovered {
		left, err := s.Store.RecoveryCodes(c.Request().Context(), user.ID)
		if err != nil {
			return err
		}
		said = []string{locale.N(s.speak(c, user), "page.code.recovered", left, nil)}
	}
	return s.letIn(c, user, localPath(next, "/migrations"), said...)
}

// tryCode uses a code up, or says how long to wait before the next try; what does
// not fit is migration.ErrForbidden. Codes are tried one after the other, so that
// many tries at once gain nothing. Failures count against the account wherever
// they come from: only who has the password can make them.
func (s *Server) tryCode(c echo.Context, user migration.User, code string) (recovered bool, wait time.Duration, err error) {
	ctx, key := c.Request().Context(), "account:code "+strconv.FormatInt(user.ID, 10)
	s.codes.Lock()
	defer s.codes.Unlock()
	if wait, err = s.Store.LoginWait(ctx, key); err != nil || wait > 0 {
		return false, wait, err
	}
	recovered, err = s.useCode(c, user, code)
	switch {
	case errors.Is(err, migration.ErrForbidden):
		s.Logger.WarnContext(ctx, "code of a second factor failed", "id", requestID(c), "user", user.ID, "from", c.RealIP())
		if failed := s.Store.LoginFailed(ctx, key); failed != nil {
			return false, 0, failed
		}
		return false, 0, err
	case err != nil:
		return false, 0, err
	}
	return recovered, 0, s.Store.LoginSucceeded(ctx, key)
}

func (s *Server) useCode(c echo.Context, user migration.User, code string) (recovered bool, err error) {
	ctx := c.Request().Context()
	secret, err := s.Store.Factor(ctx, user.ID)
	if err != nil {
		return false, err
	}
	if step, ok := factorStep(secret, code, s.Now()); ok {
		err = s.Store.UseFactor(ctx, user.ID, step)
		if errors.Is(err, migration.ErrConflict) {
			err = migration.ErrForbidden // it was used already
		}
		return false, err
	}
	err = s.Store.UseRecoveryCode(ctx, user.ID, migration.NewSecret(code))
	if errors.Is(err, migration.ErrNotFound) {
		err = migration.ErrForbidden
	}
	return true, err
}
