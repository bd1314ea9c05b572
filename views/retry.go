package views

import (
	"context"
	"strconv"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// AnotherPage plans one more pass after those of the wizard. When is "soonest" or
// "at", Value the time in the reader's zone, as the field has it.
type AnotherPage struct {
	Page
	Migration   migration.Migration
	When, Value string
	Min, Zone   string
	Problems    Problems
	// SecretsEnd is when the passwords are destroyed.
	SecretsEnd, Now time.Time
}

// CorrectPage corrects one row of a migration that is planned already. Values are
// what stands in the fields; secrets are never among them.
type CorrectPage struct {
	Page
	Migration migration.Migration
	Resource  migration.Resource
	Run       migration.Run // the last one; zero: none has begun
	Again     bool          // its run is tried again at once
	Values    map[string]string
	Problems  Problems
}

// CorrectPath returns the address of the form that corrects a row.
func CorrectPath(m migration.Migration, row int) string {
	return migrationPath(m, "/resources/", strconv.Itoa(row), "/edit")
}

// failedText counts what failed in a pass, as a sentence.
func (v MigrationView) failedText(ctx context.Context, pass migration.Pass) string {
	text := ""
	if failed := pass.Runs.Failed; failed > 0 {
		text = locale.N(ctx, "page.retry.resources", failed, nil)
	}
	if failed := pass.Runs.Tally.Failed; failed > 0 {
		if text != "" {
			text += " "
		}
		text += locale.N(ctx, "page.retry.messages", failed, nil)
	}
	return text
}

// retryText says what trying again does, or why it cannot be done.
func (v MigrationView) retryText(ctx context.Context) string {
	if !v.HasSecrets {
		return locale.T(ctx, "page.secrets_gone.why", nil) + " " + locale.T(ctx, "page.secrets_gone.instead", nil)
	}
	text := locale.T(ctx, "page.retry.text", nil)
	if next, open := migration.Current(v.Migration.Passes); open {
		return text + " " + locale.T(ctx, "page.retry.by_itself", map[string]any{
			"pass": thePass(ctx, next.Number), "when": locale.When(ctx, next.PlannedAt, v.Now),
		})
	}
	if end, known := v.Migration.SecretsEndAt(v.Policy); known {
		text += " " + locale.T(ctx, "page.retry.until", map[string]any{"until": locale.When(ctx, end, v.Now)})
	}
	return text
}

// canCorrect reports whether a row may be corrected: what failed, what waits for
// its server, and before the first pass any row.
func (v MigrationView) canCorrect(row ResourceRow) bool {
	if !v.CanChange || !v.HasSecrets || row.LeftOut || v.Migration.Validity != migration.Valid {
		return false
	}
	pass, ran := ShownPass(v.Migration)
	if !ran {
		return true
	}
	status := row.Runs[pass.Number].Status
	return status == migration.RunFailed || status == migration.RunParked
}

func (p AnotherPage) field(ctx context.Context) ui.FieldSpec {
	return field(ctx, "another", migration.FieldStart, p.Problems, ui.FieldSpec{
		Type: "datetime-local", Value: p.Value, Min: p.Min, Width: ui.Medium,
		Hint: locale.T(ctx, "page.another.zone", map[string]any{"zone": p.Zone}),
	})
}

func (p AnotherPage) secretsText(ctx context.Context) string {
	return locale.T(ctx, "page.another.secrets", map[string]any{"until": locale.When(ctx, p.SecretsEnd, p.Now)})
}

func (p CorrectPage) field(ctx context.Context, name string) ui.FieldSpec {
	spec := ui.FieldSpec{
		Name: name, Label: locale.T(ctx, "page.correct.field."+name, nil), Error: p.Problems.of(ctx, name),
		Value: p.Values[name], Width: ui.Medium, Autocomplete: "off",
	}
	if migration.IsSecretField(name) {
		spec.Type, spec.Value, spec.Autocomplete = "password", "", "new-password"
		spec.Hint = locale.T(ctx, "page.correct.keep", nil)
	}
	return spec
}

// fault is what went wrong with the row.
func (p CorrectPage) fault(ctx context.Context) string {
	switch {
	case p.Run.ErrorClass != "":
		return locale.T(ctx, "class."+p.Run.ErrorClass, nil)
	case p.Run.ID == 0 && p.Resource.Check.Status == migration.CheckFailed:
		return checkFault(ctx, p.Resource.Check)
	}
	return ""
}

func (p CorrectPage) then(ctx context.Context) string {
	if p.Again {
		return locale.T(ctx, "page.correct.then.again", nil)
	}
	return locale.T(ctx, "page.correct.then.check", nil)
}

func (p CorrectPage) button(ctx context.Context) string {
	if p.Again {
		return locale.T(ctx, "page.correct.again", nil)
	}
	return locale.T(ctx, "page.correct.check", nil)
}
