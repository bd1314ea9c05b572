package locale

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// place is where an argument goes. Translators need to know nothing else.
var place = regexp.MustCompile(`\{[a-z_]+\}`)

// braces fills {name} from a map of texts; a place without an argument stays.
type braces struct{}

var _ template.Parser = braces{}

func (braces) Cacheable() bool { return true }

func (braces) Parse(text, _, _ string) (template.ParsedTemplate, error) {
	return bracesText(text), nil
}

type bracesText string

// Execute fills each place once: what an argument holds is never a place.
func (t bracesText) Execute(data any) (string, error) {
	args, _ := data.(map[string]string)
	return place.ReplaceAllStringFunc(string(t), func(name string) string {
		if value, ok := args[strings.Trim(name, "{}")]; ok {
			return value
		}
		return name
	}), nil
}

// written returns the arguments as the language of the context writes them.
func written(ctx context.Context, args map[string]any) map[string]string {
	texts := make(map[string]string, len(args)+1)
	for name, value := range args {
		switch v := value.(type) {
		case int:
			texts[name] = Number(ctx, v)
		case float64:
			texts[name] = decimal(ctx, v)
		case time.Duration:
			texts[name] = Duration(ctx, v)
		case time.Time:
			texts[name] = Dated(ctx, v)
		default:
			texts[name] = Printable(fmt.Sprint(v))
		}
	}
	return texts
}

// Printable keeps escape sequences away from terminals and logs, and marks that
// turn the direction of the text around.
func Printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}
