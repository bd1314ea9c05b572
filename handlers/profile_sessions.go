package handlers

import (
	"encoding/hex"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// sessionName is how a page calls a session: a piece of the hash of its token,
// from which nobody gets back to the token.
func sessionName(s store.Session) string { return hex.EncodeToString(s.TokenHash[:8]) }

// sessionRows are the browsers in which the user is signed in.
func (s *Server) sessionRows(c echo.Context) ([]views.SessionRow, error) {
	current, err := s.sessions.current(c)
	if err != nil {
		return nil, err
	}
	all, err := s.sessions.holding(c.Request().Context(), who(c).ID)
	rows := make([]views.SessionRow, len(all))
	for i, one := range all {
		rows[i] = views.SessionRow{
			Name: sessionName(one), Agent: one.Agent, Address: one.Address, CreatedAt: one.CreatedAt, SeenAt: one.SeenAt,
			Current: one.TokenHash == current,
		}
	}
	return rows, err
}

// endSession signs the user out of one browser. Sessions of others are not there.
func (s *Server) endSession(c echo.Context) error {
	ctx := c.Request().Context()
	current, err := s.sessions.current(c)
	if err != nil {
		return err
	}
	all, err := s.sessions.holding(ctx, who(c).ID)
	if err != nil {
		return err
	}
	for _, one := range all {
		if sessionName(one) != c.Param("session") {
			continue
		}
		if one.TokenHash == current {
			return s.logout(c)
		}
		if err := s.Store.DeleteSession(ctx, one.TokenHash); err != nil {
			return err
		}
		s.followers.end(who(c).ID)
		return s.goBack(c, "/profile#sessions", locale.T(ctx, "page.sessions.ended", nil))
	}
	return migration.ErrNotFound
}

// endOtherSessions signs the user out everywhere but here.
func (s *Server) endOtherSessions(c echo.Context) error {
	ctx := c.Request().Context()
	current, err := s.sessions.current(c)
	if err != nil {
		return err
	}
	if err := s.Store.DeleteOtherSessions(ctx, who(c).ID, current); err != nil {
		return err
	}
	s.followers.end(who(c).ID)
	return s.goBack(c, "/profile#sessions", locale.T(ctx, "page.sessions.others.ended", nil))
}

// signInAlone gives this browser a new session after all of the user's were ended.
func (s *Server) signInAlone(c echo.Context, user migration.User) error {
	s.followers.end(user.ID)
	return s.sessions.signIn(c, user)
}
