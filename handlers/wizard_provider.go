package handlers

import (
	"strings"

	"trasloco/migration"
	"trasloco/views"
)

// provider reads whose servers a standard migration comes from; other types are a
// provider of their own.
func (f *formReader) provider(form views.ServerForm) migration.Provider {
	if form.Provider == "" || form.Type != migration.Standard {
		return migration.Provider{}
	}
	provider := migration.ProviderNamed(form.Provider)
	if provider.Name == "" {
		f.fault("provider", CodeFormChoice, nil)
	}
	return provider
}

// The host and the domain of the sources in the sample files.
const (
	sampleHost   = "imap.vecchio.example"
	sampleDomain = "vecchio.example"
)

// sampleOf writes the server of a provider into a sample file.
func sampleOf(text string, provider migration.Provider) string {
	if host := provider.HostFor(sampleDomain); host != "" {
		return strings.ReplaceAll(text, sampleHost, host)
	}
	return text
}
