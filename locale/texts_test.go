package locale

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// texts returns the file of a language: key to plural form to text. A text
// without plural forms has the one form "other". A key that stands twice fails.
func texts(t *testing.T, lang Lang) map[string]map[string]string {
	t.Helper()
	data, err := files.ReadFile(string(lang) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	mustToken(t, decoder)
	for decoder.More() {
		key := mustToken(t, decoder).(string)
		if all[key] != nil {
			t.Errorf("%s: %s stands twice", lang, key)
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		all[key] = forms(t, raw)
	}
	if len(all) == 0 {
		t.Fatalf("%s: no texts", lang)
	}
	return all
}

func mustToken(t *testing.T, decoder *json.Decoder) json.Token {
	t.Helper()
	next, err := decoder.Token()
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func forms(t *testing.T, raw json.RawMessage) map[string]string {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return map[string]string{"other": text}
	}
	plural := map[string]string{}
	if err := json.Unmarshal(raw, &plural); err != nil {
		t.Fatal(err)
	}
	return plural
}

func TestLanguagesHaveTheSameKeysAndPlaces(t *testing.T) {
	english := texts(t, English)
	for _, lang := range Languages() {
		other := texts(t, lang)
		for key := range other {
			if english[key] == nil {
				t.Errorf("%s: %s is not in English", lang, key)
			}
		}
		for key, want := range english {
			if other[key] == nil {
				t.Errorf("%s: %s is missing", lang, key)
				continue
			}
			for form, text := range other[key] {
				if got, want := places(text), places(want["other"]); !slices.Equal(got, want) {
					t.Errorf("%s: %s (%s) has the places %v, English %v", lang, key, form, got, want)
				}
			}
		}
	}
}

func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestNoTextIsEmptyOrUntidy(t *testing.T) {
	for _, lang := range Languages() {
		for key, plural := range texts(t, lang) {
			for form, text := range plural {
				if text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
					t.Errorf("%s: %s (%s) is %q", lang, key, form, text)
				}
				if strings.Count(text, "{") != len(place.FindAllString(text, -1)) {
					t.Errorf("%s: %s (%s) has a brace that is no place: %q", lang, key, form, text)
				}
			}
		}
	}
}

// Every language needs the plural forms that the CLDR has for it, or numbers
// come in English.
func TestPluralFormsAreComplete(t *testing.T) {
	want := map[Lang][]string{English: {"one", "other"}, Italian: {"many", "one", "other"}}
	for lang, names := range want {
		for key, plural := range texts(t, lang) {
			got := []string{}
			for name := range plural {
				got = append(got, name)
			}
			slices.Sort(got)
			if len(got) > 1 && !slices.Equal(got, names) {
				t.Errorf("%s: %s has the forms %v, want %v", lang, key, got, names)
			}
		}
	}
}

// A fault has a sentence and a remedy, both ending as sentences do. A place at
// the end stands for a single character, beside which a full stop would confuse.
func TestFaultsAreSentencesWithARemedy(t *testing.T) {
	for _, lang := range Languages() {
		all := texts(t, lang)
		for key, plural := range all {
			group, _, _ := strings.Cut(key, ".")
			if !slices.Contains([]string{"problem", "reason", "class"}, group) {
				continue
			}
			if text := plural["other"]; !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "{character}") {
				t.Errorf("%s: %s is no sentence: %q", lang, key, text)
			}
			if !strings.HasSuffix(key, ".fix") && all[key+".fix"] == nil {
				t.Errorf("%s: %s has no remedy", lang, key)
			}
		}
	}
}

// locale may not import the domain, so the codes are read from its source.
func TestEveryCodeHasTexts(t *testing.T) {
	tests := []struct {
		file, prefix, key string
		fix               bool
		atLeast           int
	}{
		{"../migration/csv_codes.go", "Code", "problem.", true, 45},
		{"../migration/csv_codes.go", "Field", "field.", false, 10},
		{"../migration/csv.go", "Form", "form.", false, 3},
		{"../migration/outcome.go", "Reason", "reason.", true, 10},
		{"../imapsync/errors.go", "Class", "class.", true, 10},
	}
	for _, lang := range Languages() {
		all := texts(t, lang)
		for _, tt := range tests {
			values := constants(t, tt.file, tt.prefix)
			if len(values) < tt.atLeast {
				t.Errorf("%s: found only %v", tt.file, values)
			}
			for _, value := range values {
				if all[tt.key+value] == nil || (tt.fix && all[tt.key+value+".fix"] == nil) {
					t.Errorf("%s: %s%s lacks its text or its remedy", lang, tt.key, value)
				}
			}
		}
	}
}

// constants returns the text constants of a file whose name begins so.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return true
	})
	return values
}
