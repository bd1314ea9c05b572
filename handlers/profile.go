package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// showProfile shows what a user sets for himself.
func (s *Server) showProfile(c echo.Context) error {
	return s.renderProfile(c, http.StatusOK, profileOf(who(c)), nil)
}

func profileOf(u migration.User) views.ProfileForm {
	return views.ProfileForm{Name: u.Name, Language: u.Language, TimeZone: u.TimeZone, Theme: u.Theme}
}

func (s *Server) renderProfile(c echo.Context, code int, form views.ProfileForm, problems []migration.Problem) error {
	p := views.ProfilePage{Page: s.page(c, "page.profile.title"), Form: form, Problems: problems, Zones: commonZones(), Zone: s.Zone.String(), Now: s.Now()}
	p.Failed = len(problems) > 0
	var err error
	if p.Codes, err = s.Store.RecoveryCodes(c.Request().Context(), p.User.ID); err != nil {
		return err
	}
	if p.Sessions, err = s.sessionRows(c); err != nil {
		return err
	}
	return s.render(c, code, views.Profile(p))
}

// saveProfile stores name, language, time zone and theme.
func (s *Server) saveProfile(c echo.Context) error {
	f := formReader{value: c.Request().PostFormValue}
	user := who(c)
	user.Name, user.TimeZone = f.name("name"), f.zone("time_zone")
	user.Language, user.Theme = f.language("language"), f.theme("theme")
	if len(f.problems) > 0 {
		return s.renderProfile(c, http.StatusUnprocessableEntity, profileOf(user), f.problems)
	}
	if err := s.Store.SavePreferences(c.Request().Context(), user); err != nil {
		return err
	}
	ctx := s.speak(c, user) // in the new language already
	return s.goBack(c, "/profile", locale.T(ctx, "page.profile.saved", nil))
}

// language returns a language of the panel, or "" for that of the browser.
func (f *formReader) language(field string) string {
	wish := f.text(field)
	for _, lang := range locale.Languages() {
		if wish == string(lang) || wish == "" {
			return wish
		}
	}
	f.fault(field, CodeFormChoice, nil)
	return ""
}

func (f *formReader) theme(field string) migration.Theme {
	switch theme := migration.Theme(f.text(field)); theme {
	case migration.ThemeAuto, migration.ThemeLight, migration.ThemeDark:
		return theme
	}
	f.fault(field, CodeFormChoice, nil)
	return migration.ThemeAuto
}

// changePassword gives the user another password. All his sessions end; this
// browser gets a new one.
func (s *Server) changePassword(c echo.Context) error {
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	password := f.password("new_password", who(c).Email)
	user, code, err := s.ownPassword(c, &f, "old_password")
	if err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderProfile(c, code, profileOf(who(c)), f.problems)
	}
	if err := s.setPassword(c, user, password); err != nil {
		return err
	}
	return s.goBack(c, "/profile", locale.T(ctx, "page.profile.password.saved", nil))
}

// ownPassword compares a field with the password of who is signed in, and returns
// him as he is then. What is wrong becomes a fault of the form, to be answered with
// code.
func (s *Server) ownPassword(c echo.Context, f *formReader, field string) (user migration.User, code int, err error) {
	user, wait, err := s.tryLogin(c, who(c).Email, f.value(field))
	switch {
	case errors.Is(err, migration.ErrForbidden):
		f.fault(field, CodePasswordWrong, nil)
	case err != nil:
		return user, 0, err
	case wait > 0:
		f.problems = []migration.Problem{{Code: CodeLoginWait, Field: field, Args: migration.Args{"time": saySpan(c, wait)}}}
		return user, http.StatusTooManyRequests, nil
	}
	return user, http.StatusUnprocessableEntity, nil
}

func (s *Server) setPassword(c echo.Context, user migration.User, password string) error {
	hash, err := s.hash(c.Request().Context(), password)
	if err != nil {
		return err
	}
	if user, err = s.Store.SetPassword(c.Request().Context(), user, hash, s.sendsLinks()); err != nil {
		return err
	}
	return s.signInAlone(c, user)
}

// commonZones are offered while one types; any other of the IANA data is taken.
func commonZones() []string {
	return []string{
		"Europe/Rome", "Europe/Zurich", "Europe/Vienna", "Europe/Berlin", "Europe/Paris", "Europe/Madrid",
		"Europe/Lisbon", "Europe/London", "Europe/Dublin", "Europe/Brussels", "Europe/Amsterdam", "Europe/Luxembourg",
		"Europe/Copenhagen", "Europe/Oslo", "Europe/Stockholm", "Europe/Helsinki", "Europe/Tallinn", "Europe/Riga",
		"Europe/Vilnius", "Europe/Warsaw", "Europe/Prague", "Europe/Bratislava", "Europe/Budapest", "Europe/Ljubljana",
		"Europe/Zagreb", "Europe/Belgrade", "Europe/Tirane", "Europe/Athens", "Europe/Sofia", "Europe/Bucharest",
		"Europe/Kyiv", "Europe/Istanbul", "Europe/Malta", "Atlantic/Canary", "Atlantic/Azores", "Atlantic/Reykjavik",
		"Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "Africa/Tunis",
		"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto",
		"America/Mexico_City", "America/Bogota", "America/Lima", "America/Santiago", "America/Sao_Paulo",
		"America/Argentina/Buenos_Aires", "Asia/Jerusalem", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka",
		"Asia/Bangkok", "Asia/Jakarta", "Asia/Manila", "Asia/Singapore", "Asia/Hong_Kong", "Asia/Shanghai", "Asia/Taipei",
		"Asia/Seoul", "Asia/Tokyo", "Australia/Perth", "Australia/Sydney", "Pacific/Auckland", "UTC",
	}
}
