package ui

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"trasloco/locale"
)

func written(t *testing.T, lang locale.Lang, component templ.Component) string {
	t.Helper()
	var html bytes.Buffer
	if err := component.Render(locale.With(t.Context(), lang), &html); err != nil {
		t.Fatal(err)
	}
	return html.String()
}

// What the policy forbids never gets into a page, and no key without its text.
func TestPartsObeyThePolicyInEveryLanguage(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\sstyle=|<style|<script|\son\w+=|hx-on|javascript:|\bui\.[a-z_.]+\b`)
	for _, lang := range locale.Languages() {
		html := written(t, lang, Parts())
		if found := forbidden.FindAllString(html, -1); found != nil {
			t.Errorf("%s: %q", lang, found)
		}
	}
	if !forbidden.MatchString(`<p style="width:1px">`) || !forbidden.MatchString(`>ui.faults<`) {
		t.Error("the rule finds nothing")
	}
}

func TestIdsStandOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, match := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(written(t, locale.English, Parts()), -1) {
		if seen[match[1]] {
			t.Errorf("id %q stands twice", match[1])
		}
		seen[match[1]] = true
	}
	if len(seen) < 20 {
		t.Errorf("only %d ids", len(seen))
	}
}

func TestEveryIconIsDrawn(t *testing.T) {
	absolute := regexp.MustCompile(`^M[\d.-]`)
	for name, path := range iconPaths {
		if !absolute.MatchString(path) || strings.Contains(path, `"`) {
			t.Errorf("%s: %s", name, path)
		}
	}
	for _, name := range []IconName{Plain.icon(), OK.icon(), Run.icon(), Wait.icon(), Err.icon()} {
		if iconPaths[name] == "" {
			t.Errorf("%s has no path", name)
		}
	}
	if html := written(t, locale.English, Icon("no such icon")); html != "" {
		t.Errorf("an unknown icon is drawn: %s", html)
	}
}

func TestOutcomeBar(t *testing.T) {
	tests := []struct {
		name    string
		outcome OutcomeSpec
		want    string
	}{
		{"nothing listed", OutcomeSpec{}, ""},
		{"nothing done yet", OutcomeSpec{Listed: 100, Running: true}, ""},
		{"all copied", OutcomeSpec{Copied: 10, Listed: 10}, "copied 0.0+1000.0"},
		{"half way", OutcomeSpec{Copied: 50, Listed: 100, Running: true}, "copied 0.0+500.0"},
		{"one of a million is seen", OutcomeSpec{Copied: 1, Listed: 1_000_000, Running: true}, "copied 0.0+4.0"},
		{"the largest gives way", OutcomeSpec{Copied: 999_998, Skipped: 1, Failed: 1, Listed: 1_000_000}, "copied 0.0+989.0, skipped 990.5+4.0, failed 996.0+4.0"},
		{"more done than listed", OutcomeSpec{Copied: 6, Present: 6, Listed: 10}, "copied 0.0+498.5, present 500.0+500.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var parts []string
			end := 0.0
			for _, s := range tt.outcome.segments() {
				parts = append(parts, fmt.Sprintf("%s %s+%s", strings.TrimPrefix(s.class, "t-oc-"), s.x(), s.width()))
				end = s.to
			}
			if got := strings.Join(parts, ", "); got != tt.want {
				t.Errorf("got %s", got)
			}
			if math.Round(end*10) > 10*barUnits {
				t.Errorf("the bar ends at %f", end)
			}
		})
	}
}

func TestOutcomeSaysEveryCountInWords(t *testing.T) {
	o := OutcomeSpec{Copied: 60211, Skipped: 15, Listed: 98131}
	if got := o.words(locale.With(context.Background(), locale.Italian)); got != "Copiati 60.211, Lasciati fuori 15, Totale alla partenza 98.131" {
		t.Errorf("words %q", got)
	}
	html := written(t, locale.Italian, Outcome(o))
	if !strings.Contains(html, "Non riusciti</dt><dd>0</dd>") || strings.Contains(html, "Ancora da fare") {
		t.Errorf("list %s", html)
	}
	o.Running = true
	if html := written(t, locale.Italian, Outcome(o)); !strings.Contains(html, "Ancora da fare</dt><dd>37.905</dd>") {
		t.Errorf("list while it runs %s", html)
	}
}

func TestFieldsTellWhatIsWrong(t *testing.T) {
	tests := []struct {
		name       string
		field      FieldSpec
		has, lacks []string
	}{
		{
			"plain",
			FieldSpec{Name: "name", Label: "Name", Value: `a"b`},
			[]string{`<label class="form-label" for="name">Name</label>`, `id="name" name="name" type="text"`, `value="a&#34;b"`},
			[]string{"aria-invalid", "aria-describedby", "required"},
		},
		{
			"with hint and error",
			FieldSpec{ID: "n7", Name: "name", Hint: "As on the door.", Error: "It is missing.", Required: true},
			[]string{`for="n7"`, `aria-describedby="n7-err n7-hint"`, `aria-invalid="true"`, `id="n7-err"`, `id="n7-hint"`, "Error:", " required"},
			nil,
		},
		{
			"a password is never sent back",
			FieldSpec{Name: "password", Type: "password", Value: "secret"},
			[]string{`type="password"`},
			[]string{"secret", "value="},
		},
		{
			"a long text",
			FieldSpec{Name: "rows", Rows: 5, Value: "a;b\nc;d"},
			[]string{`<textarea`, `rows="5"`, ">a;b\nc;d</textarea>"},
			[]string{"<input"},
		},
		{
			"a choice",
			FieldSpec{Name: "zone", Options: []Option{{Value: "a", Text: "A"}, {Value: "b", Text: "B"}}, Value: "b"},
			[]string{`<option value="a">A`, `<option value="b" selected>B`},
			[]string{"<input"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			html := written(t, locale.English, Field(tt.field))
			for _, part := range tt.has {
				if !strings.Contains(html, part) {
					t.Errorf("lacks %s: %s", part, html)
				}
			}
			for _, part := range tt.lacks {
				if strings.Contains(html, part) {
					t.Errorf("has %s: %s", part, html)
				}
			}
		})
	}
}

func TestNothingIsShownWhereThereIsNothing(t *testing.T) {
	for name, part := range map[string]templ.Component{"errors": ErrorSummary(nil), "path": Crumbs(nil)} {
		if html := written(t, locale.English, part); html != "" {
			t.Errorf("%s: %s", name, html)
		}
	}
	if html := written(t, locale.English, Flash(nil)); html != `<div class="t-flash" id="flash" role="status"></div>` {
		t.Errorf("the empty flash must be :empty for its style: %s", html)
	}
}

// A link from outside does not run.
func TestAddressesAreMadeSafe(t *testing.T) {
	if html := written(t, locale.English, Button(ButtonSpec{Text: "x", Href: "javascript:alert(1)"})); strings.Contains(html, "javascript:") {
		t.Error(html)
	}
}
