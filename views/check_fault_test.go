package views

import (
	"strings"
	"testing"

	"trasloco/locale"
)

// What goes on after a colon begins small, unless it begins with a name.
func TestNamesKeepTheirCapitals(t *testing.T) {
	capitals := map[string]string{}
	for _, name := range []string{"Courier", "Dovecot", "Exchange", "Gmail", "Google", "IMAP", "Microsoft", "OAuth", "Outlook", "TLS", "Trasloco", "Workspace"} {
		capitals[strings.ToLower(name)] = name
	}
	seen := 0
	for _, language := range []locale.Lang{locale.English, locale.Italian} {
		ctx := locale.With(t.Context(), language)
		for _, group := range []string{"class", "reason"} {
			for _, code := range locale.Codes(group) {
				text := locale.T(ctx, group+"."+code, nil)
				got := lowerFirst(text)
				word, _, _ := strings.Cut(got, " ")
				want := strings.ToLower(text[:1]) + text[1:]
				if name, isName := capitals[strings.ToLower(strings.TrimRight(word, ".,:"))]; isName {
					want = name + text[len(name):]
					seen++
				}
				if got != want {
					t.Errorf("%s %s.%s goes on as %q, want %q", language, group, code, got, want)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no text begins with a name")
	}
}
