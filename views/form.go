package views

import (
	"context"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// Problems are the faults of a form that was handed in. Their Field is the name
// of the field, which is its id in the page too.
type Problems []migration.Problem

// of returns what is wrong with a field, as the text above it; "" if nothing is.
func (p Problems) of(ctx context.Context, field string) string {
	for _, problem := range p {
		if problem.Field == field {
			return sentence(ctx, problem)
		}
	}
	return ""
}

// faults are the lines of the error summary.
func (p Problems) faults(ctx context.Context) []ui.Fault {
	faults := make([]ui.Fault, 0, len(p))
	for _, problem := range p {
		fault := ui.Fault{Text: sentence(ctx, problem)}
		if problem.Field != "" {
			fault.Href = "#" + problem.Field
		}
		faults = append(faults, fault)
	}
	return faults
}

func sentence(ctx context.Context, p migration.Problem) string {
	fault := locale.Problem(ctx, p.Code, p.Row, p.Field, p.Args)
	return fault.Text + " " + fault.Fix
}

// field is a field of a form under its name, with label, hint and fault. The
// hint is left out where the language has none for it.
func field(ctx context.Context, page, name string, problems Problems, spec ui.FieldSpec) ui.FieldSpec {
	key := "page." + page + "." + name
	spec.Name, spec.Label, spec.Error = name, locale.T(ctx, key, nil), problems.of(ctx, name)
	if hint := locale.T(ctx, key+".hint", nil); hint != key+".hint" {
		spec.Hint = hint
	}
	return spec
}
