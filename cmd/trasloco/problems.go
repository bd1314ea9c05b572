package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
)

// mostWarnings is how many warnings are shown one by one: a file may give one
// for each row.
const mostWarnings = 20

// problemReport is the answer to a call that was refused.
type problemReport struct {
	Problems []problemLine `json:"problems"`
}

type problemLine struct {
	Row   int    `json:"row"` // of the file; 0: no row in particular
	Field string `json:"field"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// refuse tells all problems at once: as JSON on stdout, or one a line on
// stderr.
func (p *program) refuse(ctx context.Context, asJSON bool, problems []migration.Problem) int {
	if asJSON {
		report := problemReport{Problems: []problemLine{}}
		for _, problem := range problems {
			report.Problems = append(report.Problems, problemLine{problem.Row, problem.Field, problem.Code, faultText(ctx, problem)})
		}
		writeJSON(p, report)
		return exitRefused
	}
	p.tell(ctx, locale.N(ctx, "cli.refused", len(problems), nil), problems)
	return exitRefused
}

// warn tells what was read all the same, and should be looked at.
func (p *program) warn(ctx context.Context, warnings []migration.Problem) {
	if len(warnings) == 0 {
		return
	}
	p.tell(ctx, locale.N(ctx, "cli.warnings", len(warnings), nil), warnings[:min(len(warnings), mostWarnings)])
	if more := len(warnings) - mostWarnings; more > 0 {
		fmt.Fprintln(p.stderr, "  "+locale.N(ctx, "cli.more", more, nil))
	}
}

// tell writes a headline and the problems in columns below it.
func (p *program) tell(ctx context.Context, headline string, problems []migration.Problem) {
	fmt.Fprintln(p.stderr, headline)
	t := table{}
	for _, problem := range problems {
		row := ""
		if problem.Row > 0 {
			row = locale.T(ctx, "cli.row", map[string]any{"row": problem.Row})
		}
		t.add("", row, fieldName(ctx, problem.Field), faultText(ctx, problem))
	}
	t.write(p.stderr)
}

// faultText says what is wrong and what to do about it.
func faultText(ctx context.Context, problem migration.Problem) string {
	fault := locale.Problem(ctx, problem.Code, problem.Row, csvField(problem.Field), problem.Args)
	return fault.Text + " – " + fault.Fix
}

// csvField is the field of a problem unless that is a flag, which is called
// what it is in every language.
func csvField(field string) string {
	if isFlag(field) {
		return ""
	}
	return field
}

func fieldName(ctx context.Context, field string) string {
	if field == "" || isFlag(field) {
		return field
	}
	return locale.T(ctx, "field."+field, nil)
}

func isFlag(field string) bool {
	return strings.HasPrefix(field, "--") || field == "FILE.csv" || field == "EMAIL"
}

// stateProblem says why the state folder cannot be used.
func stateProblem(s settings, err error) migration.Problem {
	code := codeState
	switch {
	case errors.Is(err, store.ErrLocked):
		code = codeStateLocked
	case errors.Is(err, store.ErrForeignFolder):
		code = codeStateForeign
	case errors.Is(err, store.ErrNewerSchema):
		code = codeStateNewer
	}
	return flagProblem(code, "--state", migration.Args{"folder": s.state, "detail": err.Error()})
}

// writeJSON writes the one object that a program reads. A reader that has gone
// away needs no answer.
func writeJSON[T problemReport | passReport | checkReport](p *program, object T) {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object)
}
