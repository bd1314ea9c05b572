package handlers

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

func keyRoutes() []route {
	return []route{
		{http.MethodGet, "/migrations/:code/edit/key", changesMigration, light, (*Server).showKey},
		{http.MethodPost, "/migrations/:code/edit/key", changesMigration, uploads, (*Server).saveKey},
		{http.MethodPost, "/migrations/:code/edit/key/remove", changesMigration, light, (*Server).removeKey},
	}
}

// draftKey is the key of a service account as it is kept with the file, sealed.
type draftKey struct {
	Email    string `json:"email"`
	ClientID string `json:"client_id"`
	KeyID    string `json:"key_id,omitempty"`
	Key      string `json:"key"`
	// By is the user who handed it in: it opens what he says, and no other account.
	By int64 `json:"by"`
}

// takesKey reports whether the sources of a migration are opened by a key: no page of
// another type of server offers to look at it, or to take it away.
func takesKey(m migration.Migration) bool { return m.ServerType == migration.Gmail }

// account is the key for those who read rows; the zero value of none.
func (k *draftKey) account() migration.ServiceAccount {
	if k == nil {
		return migration.ServiceAccount{}
	}
	return migration.ServiceAccount{Email: k.Email, ClientID: k.ClientID, KeyID: k.KeyID, Key: migration.NewSecret(k.Key)}
}

// isForeign reports whether somebody else handed the key in.
func (k *draftKey) isForeign(user migration.User) bool { return k != nil && k.By != user.ID }

// opens reports whether a row of the sheet is opened by the key; line 0: any row.
func opens(sheet migration.Sheet, line int) bool {
	for _, row := range sheet.Rows {
		if row.Source.Auth.Kind == migration.AuthServiceAccount && (line == 0 || row.Row == line) {
			return true
		}
	}
	return false
}

// CodeForeignKey is the fault of who wants to open an account with the key that
// somebody else handed in for others.
const CodeForeignKey = "source.foreign_key"

// showKey asks for the key of a service account, or says what to do with it.
func (s *Server) showKey(c echo.Context) error {
	if sent, err := s.enter(c, views.StepFile); sent || err != nil {
		return err
	}
	if !takesKey(asked(c)) {
		return goTo(c, stepPath(asked(c), views.StepFile))
	}
	return s.keyPage(c, http.StatusOK, nil)
}

func (s *Server) keyPage(c echo.Context, code int, problems []migration.Problem) error {
	file, err := s.file(c.Request().Context(), asked(c))
	if err != nil {
		return err
	}
	page := views.KeyPage{WizardPage: s.wizard(c, views.StepFile, problems), Account: file.Key.account()}
	page.Title = locale.T(c.Request().Context(), "page.key.title", nil)
	return s.render(c, code, views.WizardKey(page))
}

// saveKey takes an uploaded or pasted key. One that is there already is replaced.
func (s *Server) saveKey(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !editable(m) || !takesKey(m) {
		return migration.ErrConflict
	}
	data, err := sentKey(c)
	if err != nil {
		return err
	}
	account, problems := migration.ParseServiceAccount(data)
	if len(problems) > 0 {
		return s.keyPage(c, http.StatusUnprocessableEntity, problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	key := &draftKey{Email: account.Email, ClientID: account.ClientID, KeyID: account.KeyID, Key: account.Key.Reveal(), By: who(c).ID}
	if err := s.setKey(c, key); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "key of a service account handed in", "id", requestID(c), "migration", m.Code, "client", key.ClientID, "key", key.KeyID, "user", key.By)
	return s.goBack(c, stepPath(m, "key"), locale.T(ctx, "page.key.saved", nil))
}

// removeKey forgets the key: rows without a password need one again.
func (s *Server) removeKey(c echo.Context) error {
	m := asked(c)
	if !editable(m) {
		return migration.ErrConflict
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	if err := s.setKey(c, nil); err != nil {
		return err
	}
	return s.goBack(c, stepPath(m, "key"), locale.T(c.Request().Context(), "page.key.removed", nil))
}

// setKey keeps a key with the file, whose rows are read anew.
func (s *Server) setKey(c echo.Context, key *draftKey) error {
	ctx, m := c.Request().Context(), asked(c)
	s.files.Lock()
	defer s.files.Unlock()
	file, err := s.file(ctx, m)
	if err != nil {
		return err
	}
	file.Key = key
	return s.keepFile(ctx, m, file)
}

// sentKey returns the uploaded key, or the pasted one.
func sentKey(c echo.Context) ([]byte, error) {
	header, err := c.FormFile(migration.FieldServiceKey)
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart):
		return []byte(c.FormValue("key_text")), nil
	case err != nil:
		return nil, err
	case header.Size == 0:
		return []byte(c.FormValue("key_text")), nil
	}
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, migration.MaxKeyBytes+1))
}
