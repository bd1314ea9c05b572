package migration

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe writes one line for each row, problem and warning.
func describe(s Sheet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "form %s, %s, separator %q, header %v\n", s.Form, s.Encoding, s.Separator, s.Header)
	for _, r := range s.Rows {
		fmt.Fprintf(&b, "row %d: %s to %s\n", r.Row, r.SourceKey(), r.DestinationKey())
	}
	for kind, list := range [][]Problem{s.Problems, s.Warnings} {
		for _, p := range list {
			fmt.Fprintf(&b, "%s %d: %s %s %v\n", []string{"problem", "warning"}[kind], p.Row, p.Field, p.Code, p.Args)
		}
	}
	return b.String()
}

func TestEveryFaultOfAFileIsReportedAtOnce(t *testing.T) {
	for name, opts := range faultFiles {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, describe(ParseCSV(readCSV(t, name), opts)))
		})
	}
}

// faultFiles are the files of testdata/csv, and how to read them.
var faultFiles = map[string]CSVOptions{
	"faults": {}, "faults365": {}, "master": {DestinationPassword: true},
}

func readCSV(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "csv", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "csv", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheFaultsFileHasFortyDifferentFaults(t *testing.T) {
	kinds := map[string]bool{}
	for _, p := range ParseCSV(readCSV(t, "faults"), CSVOptions{}).Problems {
		kinds[p.Code+p.Field] = true
	}
	if len(kinds) < 40 {
		t.Errorf("got %d kinds of faults, want 40", len(kinds))
	}
}

// The list of codes is what locale's test goes by, so nothing may be missing.
func TestCSVCodesListsEveryConstant(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "csv_codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, text)
		return true
	})
	listed := CSVCodes()
	slices.Sort(declared)
	slices.Sort(listed)
	if !slices.Equal(declared, listed) {
		t.Errorf("declared %v\nlisted %v", declared, listed)
	}
	if len(slices.Compact(listed)) < 45 {
		t.Errorf("got %d codes, want 45", len(listed))
	}
}

// A code that no file brings about is one that locale explains in vain.
func TestEveryCodeIsGivenByAFile(t *testing.T) {
	given := map[string]bool{}
	note := func(data []byte, opts CSVOptions) {
		sheet := ParseCSV(data, opts)
		for _, p := range slices.Concat(sheet.Problems, sheet.Warnings) {
			given[p.Code] = true
		}
	}
	for name, opts := range faultFiles {
		note(readCSV(t, name), opts)
	}
	for _, file := range []string{ // faults of whole files
		"", ";;;", "PK\x03\x04", "%PDF-1.7", "sep=|\na|b", "Server;Login;Password;Email", plainRow + "\xe0",
		strings.Repeat(plainRow+"\n", 501), strings.Repeat("x", MaxCSVBytes+1),
	} {
		note([]byte(file), CSVOptions{})
	}
	note([]byte(plainRow), CSVOptions{DestinationPassword: true})
	note([]byte(plainRow), CSVOptions{NeedsApp: true})
	for _, login := range []string{"anna", "anna@gmail.com", "anna@old.example"} {
		note([]byte("anna@rossi.example;imap.old.example;"+login+";"), CSVOptions{Key: ServiceAccount{Key: NewSecret("key")}})
	}
	for _, code := range CSVCodes() {
		if !given[code] {
			t.Errorf("%s is never given", code)
		}
		delete(given, code)
	}
	for code := range given {
		t.Errorf("%s is not in the list", code)
	}
}

// Two thirds of a mixed-up file are passwords in the wrong place: whatever the
// fault, no fact of a problem may repeat one.
func TestNoProblemHoldsASecret(t *testing.T) {
	const secret = "Geheim.9x"
	odd := []string{
		secret, `"` + secret, `"` + secret + `"x`, secret + "\x00", " " + secret, secret + `"`, "imap://" + secret,
		"a@" + secret, "imap://a:" + secret + "@b", "[" + secret, secret + ":993", "_" + secret, secret + ":" + secret,
		secret + "://x", secret + "..", secret + ".1", "-" + secret, secret + "�",
	}
	for _, form := range []int{4, 5, 6, 7} {
		for column := range form {
			for _, value := range odd {
				fields := slices.Repeat([]string{"x@y.it"}, form)
				fields[column] = value
				sheet := ParseCSV([]byte(strings.Join(fields, ";")), CSVOptions{})
				for _, p := range slices.Concat(sheet.Problems, sheet.Warnings) {
					if text := fmt.Sprint(p, p.Args); strings.Contains(text, secret) {
						t.Errorf("field %d %q: %s", column, value, text)
					}
				}
			}
		}
	}
}
