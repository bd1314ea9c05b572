package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// customerChoice is what a page about people says of whose they are. A reseller
// with one customer does not read the word.
func (s *Server) customerChoice(c echo.Context, current migration.Customer) (views.CustomerChoice, error) {
	choice := views.CustomerChoice{Current: current}
	if !who(c).CanManageInstallation() {
		return choice, nil
	}
	all, err := s.Store.Customers(c.Request().Context())
	if len(all) > 1 {
		choice.All = all
	}
	return choice, err
}

// listUsers shows the users of a customer.
func (s *Server) listUsers(c echo.Context) error {
	ctx, customer := c.Request().Context(), askedCustomer(c)
	users, err := s.Store.Users(ctx, customer.ID)
	if err != nil {
		return err
	}
	domains, err := s.Store.Domains(ctx, customer.ID)
	if err != nil {
		return err
	}
	choice, err := s.customerChoice(c, customer)
	if err != nil {
		return err
	}
	p := views.UsersPage{Page: s.page(c, "page.users.title"), Customer: choice, Users: users, Domains: domains, Now: s.Now()}
	return s.render(c, http.StatusOK, views.Users(p))
}

// showInvite shows the form that invites a user.
func (s *Server) showInvite(c echo.Context) error {
	form := views.UserForm{Role: migration.TeamMember, Language: who(c).Language}
	return s.renderInvite(c, http.StatusOK, form, nil)
}

func (s *Server) renderInvite(c echo.Context, code int, form views.UserForm, problems []migration.Problem) error {
	customer := askedCustomer(c)
	domains, err := s.Store.Domains(c.Request().Context(), customer.ID)
	if err != nil {
		return err
	}
	choice, err := s.customerChoice(c, customer)
	if err != nil {
		return err
	}
	p := views.InvitePage{
		Page: s.page(c, "page.invite.title"), Customer: choice, Form: form, Problems: problems, Domains: domains, SendsMail: s.sendsLinks(),
	}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.Invite(p))
}

// invite adds a user and sends him a link to choose a password, or shows it to
// who invited him.
func (s *Server) invite(c echo.Context) error {
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	user := migration.User{CustomerID: askedCustomer(c).ID, Name: f.name("name"), Email: f.email(), Language: f.language("language")}
	domains, err := s.readRole(c, &f, &user)
	if err != nil {
		return err
	}
	form := views.UserForm{Name: user.Name, Email: user.Email, Language: user.Language, Role: user.Role, DomainIDs: domains}
	link := s.newLink()
	if len(f.problems) == 0 {
		err = s.Store.Invite(ctx, &user, link)
	}
	if errors.Is(err, store.ErrEmailTaken) {
		f.fault("email", CodeEmailTaken, nil)
		err = nil
	}
	if err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderInvite(c, http.StatusUnprocessableEntity, form, f.problems)
	}
	s.Logger.InfoContext(ctx, "user invited", "id", requestID(c), "invited", user.ID, "user", who(c).ID)
	return s.handOver(c, user, migration.LinkInvitation, link, views.UsersPath(user.CustomerID))
}

// readRole reads a role, and the domains of a manager: a manager without any could
// do nothing. It returns the domains that were ticked, whatever the role. Domains
// of another customer are none of the answers that were offered.
func (s *Server) readRole(c echo.Context, f *formReader, u *migration.User) (ticked []int64, err error) {
	u.Role = migration.Role(f.text("role"))
	if u.Role != migration.Admin && u.Role != migration.TeamMember && u.Role != migration.Manager {
		f.fault("role", CodeFormChoice, nil)
	}
	domains, err := s.Store.Domains(c.Request().Context(), u.CustomerID)
	if err != nil {
		return nil, err
	}
	for _, text := range c.Request().PostForm["domains"] {
		id, _ := strconv.ParseInt(text, 10, 64)
		if !slices.ContainsFunc(domains, func(d migration.Domain) bool { return d.ID == id }) {
			f.fault("domains", CodeFormChoice, nil)
			continue
		}
		ticked = append(ticked, id)
	}
	u.DomainIDs = nil
	if u.Role == migration.Manager {
		u.DomainIDs = ticked
		if len(ticked) == 0 && len(f.problems) == 0 {
			f.fault("domains", CodeDomainsNone, nil)
		}
	}
	return ticked, nil
}

// showUser shows what can be changed of a user.
func (s *Server) showUser(c echo.Context) error {
	return s.renderUser(c, http.StatusOK, formOfUser(askedUser(c)), nil)
}

func formOfUser(u migration.User) views.UserForm {
	return views.UserForm{Name: u.Name, Email: u.Email, Language: u.Language, Role: u.Role, Operator: u.Operator, DomainIDs: u.DomainIDs}
}

func (s *Server) renderUser(c echo.Context, code int, form views.UserForm, problems []migration.Problem) error {
	ctx, user := c.Request().Context(), askedUser(c)
	domains, err := s.Store.Domains(ctx, user.CustomerID)
	if err != nil {
		return err
	}
	notice, err := s.Store.LastAccountNotice(ctx, user.CustomerID, user.ID)
	if err != nil && !errors.Is(err, migration.ErrNotFound) {
		return err
	}
	p := views.UserPage{
		Page: s.page(c, "page.user.title", map[string]any{"name": user.Name}), Of: user, Form: form, Problems: problems,
		Domains: domains, Notice: notice, SendsMail: s.sendsLinks(), Now: s.Now(),
	}
	p.Failed = len(problems) > 0
	return s.render(c, code, views.User(p))
}

// saveUser stores the name of a user and, unless it is the caller himself, his
// role and domains; an operator makes and unmakes operators.
func (s *Server) saveUser(c echo.Context) error {
	f := formReader{value: c.Request().PostFormValue}
	user := askedUser(c)
	user.Name = f.name("name")
	form := formOfUser(user)
	if who(c).MayChangeRoleOf(user) {
		domains, err := s.readRole(c, &f, &user)
		if err != nil {
			return err
		}
		if who(c).CanManageInstallation() {
			user.Operator = f.text("operator") != ""
		}
		form = formOfUser(user)
		form.DomainIDs = domains
	}
	if len(f.problems) > 0 {
		return s.renderUser(c, http.StatusUnprocessableEntity, form, f.problems)
	}
	return s.keepUser(c, user, form, "page.user.saved")
}

// keepUser stores a user, unless the last who can do something would be gone.
func (s *Server) keepUser(c echo.Context, user migration.User, form views.UserForm, said string) error {
	ctx := c.Request().Context()
	err := s.Store.SaveUser(ctx, user.CustomerID, user)
	if problem, ok := lastOne(err); ok {
		return s.renderUser(c, http.StatusConflict, form, []migration.Problem{problem})
	}
	if err != nil {
		return err
	}
	s.followers.end(user.ID)
	s.Logger.InfoContext(ctx, "user changed", "id", requestID(c), "changed", user.ID, "user", who(c).ID, "role", user.Role,
		"operator", user.Operator, "state", user.State())
	return s.goBack(c, views.UserPath(user.ID), locale.T(ctx, said, map[string]any{"name": user.Name}))
}

// lastOne puts into words that somebody must be left.
func lastOne(err error) (migration.Problem, bool) {
	switch {
	case errors.Is(err, migration.ErrLastOperator):
		return migration.Problem{Code: CodeLastOperator}, true
	case errors.Is(err, migration.ErrLastAdmin):
		return migration.Problem{Code: CodeLastAdmin}, true
	}
	return migration.Problem{}, false
}

// blockUser keeps a user out; his sessions end at once.
func (s *Server) blockUser(c echo.Context) error {
	user := askedUser(c)
	form := formOfUser(user)
	if user.BlockedAt.IsZero() {
		user.BlockedAt = s.Now()
	}
	return s.keepUser(c, user, form, "page.user.blocked")
}

func (s *Server) unblockUser(c echo.Context) error {
	user := askedUser(c)
	user.BlockedAt = time.Time{}
	return s.keepUser(c, user, formOfUser(user), "page.user.unblocked")
}

// askDeleteUser asks before a user is deleted.
func (s *Server) askDeleteUser(c echo.Context) error {
	user := askedUser(c)
	p := views.UserQuestion{Page: s.quietPage(c, "page.user.delete.title", map[string]any{"name": user.Name}), Of: user}
	return s.render(c, http.StatusOK, views.DeleteUser(p))
}

// deleteUser deletes a user. His migrations stay, and keep his name.
func (s *Server) deleteUser(c echo.Context) error {
	ctx, user := c.Request().Context(), askedUser(c)
	err := s.Store.DeleteUser(ctx, user.CustomerID, user.ID)
	if problem, ok := lastOne(err); ok {
		return s.renderUser(c, http.StatusConflict, formOfUser(user), []migration.Problem{problem})
	}
	if err != nil {
		return err
	}
	s.followers.end(user.ID)
	s.Logger.InfoContext(ctx, "user deleted", "id", requestID(c), "deleted", user.ID, "user", who(c).ID)
	return s.goBack(c, views.UsersPath(user.CustomerID), locale.T(ctx, "page.user.deleted", map[string]any{"name": user.Name}))
}

// askResetFactor asks before a user's second factor is taken away.
func (s *Server) askResetFactor(c echo.Context) error {
	user := askedUser(c)
	p := views.UserQuestion{Page: s.quietPage(c, "page.user.factor.title", map[string]any{"name": user.Name}), Of: user}
	return s.render(c, http.StatusOK, views.ResetFactor(p))
}

// resetFactor takes the second factor of a user away who lost it.
func (s *Server) resetFactor(c echo.Context) error {
	ctx, user := c.Request().Context(), askedUser(c)
	if _, err := s.Store.RemoveFactor(ctx, user.CustomerID, user, s.sendsLinks()); err != nil {
		return err
	}
	s.followers.end(user.ID)
	s.Logger.WarnContext(ctx, "second factor reset", "id", requestID(c), "of", user.ID, "user", who(c).ID)
	return s.goBack(c, views.UserPath(user.ID), locale.T(ctx, "page.user.factor.done", map[string]any{"name": user.Name}))
}
