package views

import (
	"context"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// ProviderName is how people call a provider.
func ProviderName(ctx context.Context, name string) string {
	return locale.T(ctx, "provider."+name, nil)
}

// providerOptions are the providers to choose from, none of them first.
func providerOptions(ctx context.Context) []ui.Option {
	options := []ui.Option{{Text: locale.T(ctx, "provider.none", nil)}}
	for _, p := range migration.Providers() {
		options = append(options, ui.Option{Value: p.Name, Text: ProviderName(ctx, p.Name)})
	}
	return options
}

// providerFacts say what the rows of a file for a provider need: the server, the
// login, the password, and then what is to be done there. master is the form that its
// master user logs in by.
func providerFacts(ctx context.Context, p migration.Provider, master migration.MasterForm) []string {
	server := locale.T(ctx, "provider.server.ask", nil)
	switch {
	case p.Host != "":
		server = locale.T(ctx, "provider.server.host", map[string]any{"host": p.Host})
	case p.Prefix != "":
		server = locale.T(ctx, "provider.server.prefix", map[string]any{"prefix": p.Prefix})
	}
	facts := []string{
		server, locale.T(ctx, "provider.login."+string(p.Login), nil), locale.T(ctx, "provider.password."+string(p.Password), nil),
	}
	for n := 1; ; n++ {
		key := "provider." + p.Name + ".step" + strconv.Itoa(n)
		text := locale.T(ctx, key, nil)
		if text == key {
			break
		}
		facts = append(facts, text)
	}
	if master := masterFact(ctx, master); master != "" {
		facts = append(facts, master)
	}
	if p.Most > 0 {
		facts = append(facts, locale.T(ctx, "provider.most", map[string]any{"most": p.Most}))
	}
	return facts
}

// provider is the one that was chosen.
func (p UploadPage) provider() migration.Provider {
	return migration.ProviderNamed(p.Migration.Source.Provider)
}

// providerSample is the sample file with the server of a provider in it.
func providerSample(p migration.Provider) string {
	return "/migrations/samples/1-standard.csv?provider=" + p.Name
}
