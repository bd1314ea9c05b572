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

// What of the sources in the sample files is another one at a provider: the host, the
// domain, and the row of a server that has no name.
const (
	sampleHost    = "imap.vecchio.example"
	sampleDomain  = "vecchio.example"
	sampleAddress = ";192.0.2.25;bruno;"
)

// sampleOf makes a sample file one of a provider: with its server, if that is known, and
// its form of logins in every row.
func sampleOf(text string, provider migration.Provider) string {
	if provider.Name == "" {
		return text
	}
	text = strings.ReplaceAll(text, sampleAddress, ";"+sampleHost+";bruno@"+sampleDomain+";")
	if provider.Login == migration.LoginLocal {
		text = strings.ReplaceAll(text, "@"+sampleDomain, "")
	}
	if host := provider.HostFor(sampleDomain); host != "" {
		text = strings.ReplaceAll(text, sampleHost, host)
	}
	return text
}
