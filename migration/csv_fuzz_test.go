package migration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParseCSV holds what is true of every file: each row with data is read or
// has a problem, never both and never neither.
func FuzzParseCSV(f *testing.F) {
	for _, name := range []string{"faults.csv", "faults365.csv", "master.csv"} {
		data, err := os.ReadFile("testdata/csv/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, false)
	}
	f.Add([]byte("sep=,\r\na@x.it,[2001:db8::1]:993,a@old.it,\"p,\"\"w\",d"), true)
	f.Add([]byte("\xff\xfea\x00;\x00b\x00;\x00c\x00;\x00d\x00"), false)
	f.Add([]byte("a\tb\tc\td\r\re;f"), false)
	f.Fuzz(func(t *testing.T, data []byte, destinationPassword bool) {
		checkAccounts(t, data, ParseCSV(data, CSVOptions{DestinationPassword: destinationPassword}))
	})
}

func checkAccounts(t *testing.T, data []byte, sheet Sheet) {
	t.Helper()
	fate := map[int]string{}
	for _, p := range sheet.Problems {
		if p.Row == 0 || p.Code == CodeFileSepLine || p.Code == CodeFileColumnOrder {
			if len(sheet.Rows) != 0 || len(sheet.Problems) != 1 {
				t.Fatalf("rows or problems beside a fault of the file: %v", sheet.Problems)
			}
			return
		}
		fate[p.Row] = "problem"
	}
	for _, r := range sheet.Rows {
		if fate[r.Row] != "" {
			t.Fatalf("row %d was read and has a %s or was read twice", r.Row, fate[r.Row])
		}
		if r.Source.Host == "" || r.Source.Auth.Login == "" || r.Destination.Auth.Login == "" || r.Source.Port == 0 {
			t.Fatalf("row %d is not complete: %+v", r.Row, r)
		}
		fate[r.Row] = "read"
	}
	body, _ := decodeText(data)
	lines, _ := textLines(body, len(data))
	left := 0
	for _, line := range lines {
		if fate[line.number] == "" {
			left++
		}
	}
	if allowed := len(lines) - len(fate); left != allowed || left > 2 || (left > 0 && !sheet.Header && left > 1) {
		t.Fatalf("%d lines, %d with a fate, header %v", len(lines), len(fate), sheet.Header)
	}
}

// FuzzPassword writes any password as the rule of S4 says, and wants it back.
func FuzzPassword(f *testing.F) {
	for _, password := range []string{"pw", ` p"w `, `""`, `;`, "p\u00a0w", "'=+@", `"begin`, "end\\"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		if !utf8.ValidString(password) || strings.ContainsAny(password, "\r\n\x00\uFFFD") {
			t.Skip("no text of one line")
		}
		quoted := `"` + strings.ReplaceAll(password, `"`, `""`) + `"`
		// A row on either side shows that the password stays in its own.
		csv := fmt.Sprintf("%s\nb@x.it;h.it;b@old.it;%s\nc@x.it;h.it;c@old.it;pw\n", plainRow, quoted)
		sheet := ParseCSV([]byte(csv), CSVOptions{})
		if len(sheet.Problems) == 1 && sheet.Problems[0].Field == FieldPassword && len(sheet.Rows) == 2 {
			return // empty, or a value that nobody means
		}
		if len(sheet.Rows) != 3 || sheet.Rows[1].Source.Auth.Password.Reveal() != password {
			t.Fatalf("%q: got %+v", password, sheet)
		}
	})
}
