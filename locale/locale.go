// Package locale says things in the viewer's language. Texts stand by key in
// files of one language: en.json and it.json for what all parts of the program
// say, text/<area>.<language>.json for one area of the panel. The rest of the
// program deals in codes and facts.
//
// Keys: problem.<code> and problem.<code>.fix for faults of what was handed in,
// reason.<reason> and class.<class> with .fix for what happens in a run,
// field.<name>, status.<status>, outcome.<kind>, form.<form> for single words.
package locale

import (
	"context"
	"embed"
	"io/fs"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Lang is one of the languages the program speaks.
type Lang string

// The languages. English is complete by definition: it stands in where another
// has no text.
const (
	English Lang = "en"
	Italian Lang = "it"
)

// Languages returns every language, English first.
func Languages() []Lang { return []Lang{English, Italian} }

//go:embed en.json it.json text/*.json
var files embed.FS

// textFiles returns the files of a language, the common one first.
func textFiles(lang Lang) []string {
	// A pattern that is well formed gives no error.
	areas, _ := fs.Glob(files, "text/*."+string(lang)+".json")
	return append([]string{string(lang) + ".json"}, areas...)
}

type langKey struct{}

// With returns a context in which texts are in that language.
func With(ctx context.Context, lang Lang) context.Context {
	return context.WithValue(ctx, langKey{}, lang)
}

// From returns the language of the context; English if none was set.
func From(ctx context.Context) Lang {
	if lang, ok := ctx.Value(langKey{}).(Lang); ok {
		return lang
	}
	return English
}

// catalog holds the texts of all languages. It is read at first use; a test sees
// to it that the files can be read.
var catalog = sync.OnceValue(func() map[Lang]*i18n.Localizer {
	bundle := i18n.NewBundle(language.English)
	localizers := map[Lang]*i18n.Localizer{}
	for _, lang := range Languages() {
		for _, file := range textFiles(lang) {
			// A file that cannot be read leaves the keys standing: still better for
			// a person in the middle of a migration than a program that stops.
			_, _ = bundle.LoadMessageFileFS(files, file)
		}
		localizers[lang] = i18n.NewLocalizer(bundle, string(lang))
	}
	return localizers
})

// T returns the text of a key with its {places} filled from args. A text that
// the language lacks comes in English; a key that no language has comes as it is.
// Numbers are written as the language does, durations too, instants in the zone
// of the context; control characters in args are replaced, since args may come
// from files and servers.
func T(ctx context.Context, key string, args map[string]any) string {
	return localize(ctx, &i18n.LocalizeConfig{MessageID: key, TemplateData: written(ctx, args)})
}

// N returns the text of a key in the form that goes with n, which fills {n}.
func N(ctx context.Context, key string, n int, args map[string]any) string {
	data := written(ctx, args)
	data["n"] = Number(ctx, n)
	return localize(ctx, &i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n})
}

func localize(ctx context.Context, config *i18n.LocalizeConfig) string {
	localizer, ok := catalog()[From(ctx)]
	if !ok {
		localizer = catalog()[English]
	}
	config.TemplateParser = braces{}
	// The error says that the text came in English, or that there is none.
	text, _ := localizer.Localize(config)
	if text == "" {
		return config.MessageID
	}
	return bracket(ctx, text)
}

// Fault is a problem in words. Text and Fix are whole sentences.
type Fault struct {
	Place string // "Row 7, source login"; empty if it is about no place
	Text  string // what is wrong
	Fix   string // what to do
}

// String returns the three as one line.
func (f Fault) String() string {
	line := f.Text + " " + f.Fix
	if f.Place != "" {
		line = f.Place + " – " + line
	}
	return line
}

// Problem returns the words for the parts of a problem: its code, row (0: none),
// field (empty: none) and args. In the texts {row} and {field} may be used too,
// the field by its name in the language.
func Problem(ctx context.Context, code string, row int, field string, args map[string]any) Fault {
	all := map[string]any{"row": row, "field": ""}
	for name, value := range args {
		all[name] = value
	}
	if field != "" {
		all["field"] = T(ctx, "field."+field, nil)
	}
	fault := Fault{Text: T(ctx, "problem."+code, all), Fix: T(ctx, "problem."+code+".fix", all)}
	switch {
	case row > 0 && field != "":
		fault.Place = T(ctx, "place.row_field", all)
	case row > 0:
		fault.Place = T(ctx, "place.row", all)
	}
	return fault
}
