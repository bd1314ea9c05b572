package views

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"trasloco/locale"
	"trasloco/migration"
)

// blamed is the field that the failed check speaks of.
func (r RowView) blamed() string {
	switch {
	case r.Check.Side == "destination":
		return migration.FieldDestination
	case slices.Contains([]string{"browser", "imap_off"}, r.Check.Class):
		return migration.FieldLogin
	case slices.Contains([]string{"login", "permission", "app_password"}, r.Check.Class):
		for _, cell := range r.Line.Cells {
			if cell.Secret {
				return cell.Name
			}
		}
	case migration.MicrosoftStage(r.Check.Class) != "":
		return microsoftField(r.Check.Class)
	case migration.GoogleStage(r.Check.Class) != "" && r.Check.Class != "key_host":
		return migration.FieldLogin
	}
	return migration.FieldHost
}

// microsoftField is the field that a failed check of a Microsoft 365 row speaks of.
func microsoftField(class string) string {
	switch class {
	case "token_secret", "token_expired", "token_no_secret":
		return migration.FieldClientSecret
	case "token_scope":
		return migration.FieldHost
	case "tenant", "app_login", "app_permission":
		return migration.FieldLogin
	}
	return migration.FieldClientID
}

// checkFault says on which side a check failed, and why.
func checkFault(ctx context.Context, c migration.Check) string {
	side := locale.T(ctx, "side."+c.Side, nil)
	if stage, all := migration.ProviderStage(c.Class); stage != "" {
		side = locale.T(ctx, "page.wizard.file.stage", map[string]any{
			"side": side, "stage": locale.T(ctx, "cli.stage."+stage, nil), "n": slices.Index(all, stage) + 1, "total": len(all),
		})
	}
	return side + ": " + lowerFirst(locale.T(ctx, "class."+c.Class, nil))
}

// names are written with a capital wherever they stand.
var names = []string{"Exchange", "Gmail", "Google", "Microsoft", "Trasloco"}

// lowerFirst makes a sentence go on after a colon. It may begin with a name, or an
// abbreviation such as IMAP, which stay as they are.
func lowerFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	word := text
	if end := strings.IndexFunc(text, func(c rune) bool { return !unicode.IsLetter(c) }); end >= 0 {
		word = text[:end]
	}
	if slices.Contains(names, word) || size < len(word) && strings.ContainsFunc(word[size:], unicode.IsUpper) {
		return text
	}
	return strings.ToLower(string(first)) + text[size:]
}
