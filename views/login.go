package views

import (
	"context"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// LoginPage is where one signs in.
type LoginPage struct {
	Page
	Email string // as it was typed
	Next  string // the page that was asked for; "": the first
	// Wrong says that the two do not go together. It is the same for an address
	// that nobody has.
	Wrong bool
	Wait  string // how long to wait before the next try; "": not at all
	Demo  DemoLogin
}

// DemoLogin is the login that the demonstration shows; empty otherwise.
type DemoLogin struct{ Email, Password string }

func (p LoginPage) fault(ctx context.Context) string {
	switch {
	case p.Wait != "":
		return locale.T(ctx, "page.login.wait", map[string]any{"time": p.Wait})
	case p.Wrong:
		return locale.T(ctx, "page.login.wrong", nil)
	}
	return ""
}

func (p LoginPage) faults(ctx context.Context) []ui.Fault {
	if text := p.fault(ctx); text != "" {
		return []ui.Fault{{Text: text, Href: "#email"}}
	}
	return nil
}

// ProfilePage is what a user sets for himself.
type ProfilePage struct {
	Page
	Form     ProfileForm
	Problems Problems     // of either form
	Codes    int          // recovery codes that are left
	Sessions []SessionRow // the browsers he is signed in with, this one among them
	Now      time.Time
	Zones    []string // offered; any other of the IANA data is taken too
	Zone     string   // where none is chosen
}

// ProfileForm is the profile as it was typed.
type ProfileForm struct {
	Name, Language, TimeZone string
	Theme                    migration.Theme
}

func (p ProfilePage) languages(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Text: locale.T(ctx, "page.profile.language.auto", nil)}}
	return append(options, languageNames()...)
}

// languageNames are the languages, each by its own name.
func languageNames() []ui.Option {
	names := map[locale.Lang]string{locale.English: "English", locale.Italian: "Italiano"}
	var options []ui.Option
	for _, lang := range locale.Languages() {
		options = append(options, ui.Option{Value: string(lang), Text: names[lang]})
	}
	return options
}

func themes(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: string(migration.ThemeAuto), Text: locale.T(ctx, "page.profile.theme.auto", nil)},
		{Value: string(migration.ThemeLight), Text: locale.T(ctx, "page.profile.theme.light", nil)},
		{Value: string(migration.ThemeDark), Text: locale.T(ctx, "page.profile.theme.dark", nil)},
	}
}
