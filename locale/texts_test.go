package locale

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// texts returns the texts of a language from all its files: key to plural form
// to text. A text without plural forms has the one form "other". A key that
// stands twice fails, in one file or in two.
func texts(t *testing.T, lang Lang) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, file := range textFiles(lang) {
		for key, plural := range textsIn(t, file) {
			if all[key] != nil {
				t.Errorf("%s stands in %s and in another file of the language", key, file)
			}
			all[key] = plural
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s: no texts", lang)
	}
	return all
}

func textsIn(t *testing.T, file string) map[string]map[string]string {
	t.Helper()
	data, err := files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	mustToken(t, decoder)
	for decoder.More() {
		key := mustToken(t, decoder).(string)
		if all[key] != nil {
			t.Errorf("%s: %s stands twice", file, key)
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			t.Fatalf("%s: %s: %v", file, key, err)
		}
		all[key] = forms(t, raw)
	}
	mustToken(t, decoder)
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

// A text that moves from one area to another moves in every language.
func TestFilesOfAnAreaHaveTheSameKeys(t *testing.T) {
	english := textFiles(English)
	for _, lang := range Languages() {
		for i, file := range textFiles(lang) {
			if strings.Replace(file, string(lang)+".json", "en.json", 1) != english[i] {
				t.Fatalf("%s stands where English has %s", file, english[i])
			}
			if got, want := slices.Sorted(maps.Keys(textsIn(t, file))), slices.Sorted(maps.Keys(textsIn(t, english[i]))); !slices.Equal(got, want) {
				t.Errorf("%s and %s have different keys: %v", file, english[i], difference(got, want))
			}
		}
	}
}

// difference returns what stands in one of two lists only.
func difference(a, b []string) []string {
	in := func(list []string) func(string) bool {
		return func(s string) bool { return slices.Contains(list, s) }
	}
	return append(slices.DeleteFunc(slices.Clone(a), in(b)), slices.DeleteFunc(slices.Clone(b), in(a))...)
}

// Every file is read, or a whole area would speak in keys.
func TestEveryFileHasALanguage(t *testing.T) {
	found, err := fs.Glob(files, "text/*")
	if err != nil || len(found) == 0 {
		t.Fatal("no files of an area", err)
	}
	for _, lang := range Languages() {
		for _, file := range textFiles(lang) {
			found = slices.DeleteFunc(found, func(f string) bool { return f == file })
		}
	}
	if len(found) > 0 {
		t.Errorf("not read: %v", found)
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
		{"../migration/sheet.go", "CodeRow", "problem.", true, 4},
		{"../migration/google.go", "CodeKey", "problem.", true, 13},
		{"../migration/correct.go", "Code", "problem.", true, 3},
		{"../migration/csv_codes.go", "Field", "field.", false, 10},
		{"../migration/csv.go", "Form", "form.", false, 3},
		{"../migration/pass.go", "CodePlan", "problem.", true, 9},
		{"../migration/local.go", "CodeTime", "problem.", true, 3},
		{"../migration/pass.go", "Field", "field.", false, 3},
		{"../migration/outcome.go", "Reason", "reason.", true, 10},
		{"../imapsync/errors.go", "Class", "class.", true, 10},
		{"../handlers/problem.go", "Code", "problem.", true, 11},
		{"../handlers/password.go", "Code", "problem.", true, 3},
		{"../migration/migration.go", "Phase", "phase.", false, 11},
		{"../migration/pass.go", "Pass", "pass_status.", false, 6},
		{"../migration/run.go", "Run", "run_status.", false, 8},
		{"../migration/check.go", "Check", "check_status.", false, 4},
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

// These have names that nothing but their type tells apart.
func TestEveryNamedStateHasAWord(t *testing.T) {
	groups := map[string][]string{
		"validity.":    constants(t, "../migration/migration.go", "Draft", "Validating", "Valid", "Invalid", "Cancelled"),
		"outcome.":     constants(t, "../migration/outcome.go", "Copied", "Present", "Skipped", "Failed"),
		"server_type.": constants(t, "../migration/resource.go", "Standard", "Gmail", "Exchange", "Office365"),
		"role.":        append(constants(t, "../migration/people.go", "Admin", "TeamMember", "Manager"), "operator"),
		"side.":        constants(t, "../imapsync/errors.go", "SourceSide", "DestinationSide"),
	}
	for _, lang := range Languages() {
		all := texts(t, lang)
		for group, values := range groups {
			if len(values) < 2 {
				t.Errorf("%s: found only %v", group, values)
			}
			for _, value := range values {
				if all[group+value] == nil {
					t.Errorf("%s: %s%s lacks its word", lang, group, value)
				}
			}
		}
	}
}

// Mails speak of messages with a reason in the plural, but for those in folders
// that are left out as a whole.
func TestMailsHaveTextsForEveryReason(t *testing.T) {
	for _, lang := range Languages() {
		all := texts(t, lang)
		for _, reason := range constants(t, "../migration/outcome.go", "Reason") {
			if reason == "folder_excluded" || reason == "not_mail" || reason == "public_folder" {
				continue
			}
			if len(all["mail.reason."+reason]) < 2 || all["mail.fix."+reason] == nil {
				t.Errorf("%s: mails have no words for %s", lang, reason)
			}
		}
	}
}

// constants returns the text constants of a file whose name begins so.
func constants(t *testing.T, file string, prefixes ...string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		named := func(prefix string) bool { return strings.HasPrefix(spec.Names[0].Name, prefix) }
		if !ok || len(spec.Values) != 1 || !slices.ContainsFunc(prefixes, named) {
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
