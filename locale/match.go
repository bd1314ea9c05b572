package locale

import (
	"strings"

	"golang.org/x/text/language"
)

// Match returns the language that serves the wishes best, the first wish that
// can be met winning; English if none can. A wish is a language tag, the value
// of an Accept-Language header (RFC 9110 §12.5.4), or what POSIX has in LANG and
// LANGUAGE, such as "it_IT.UTF-8" or "it:en". Empty and broken ones are passed
// over.
func Match(prefs ...string) Lang {
	matcher := language.NewMatcher([]language.Tag{language.English, language.Italian})
	for _, pref := range prefs {
		tags, _, err := language.ParseAcceptLanguage(normal(pref))
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence != language.No {
			return Languages()[i]
		}
	}
	return English
}

// normal makes a header of a POSIX locale and leaves headers as they are. The
// locales C and POSIX speak English.
func normal(pref string) string {
	if strings.ContainsAny(pref, ",;") {
		return pref
	}
	var tags []string
	for part := range strings.SplitSeq(pref, ":") {
		name, _, _ := strings.Cut(part, ".")
		name, _, _ = strings.Cut(name, "@")
		if name == "C" || name == "POSIX" {
			name = "en"
		}
		tags = append(tags, strings.ReplaceAll(name, "_", "-"))
	}
	return strings.Join(tags, ",")
}
