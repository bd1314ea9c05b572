package migration

import (
	"strings"
	"testing"
)

func TestRowsToCorrectComeBackInTheirForm(t *testing.T) {
	for name, tt := range map[string]struct {
		file    string
		opts    CSVOptions
		columns string
	}{
		"standard": {"a@new.example;imap.old.example;a@old.example;SECRET\nb@new.example;imap.old.example;b;\"SECRET;2\"\n", CSVOptions{}, "destination;host;login;password"},
		"master":   {"a@new.example;imap.old.example;a@old.example;SECRET;boss\n", CSVOptions{}, "destination;host;login;master_password;master"},
		"with the password of the destination": {
			"a@new.example;imap.old.example;a@old.example;SECRET;SECRET2\n", CSVOptions{DestinationPassword: true}, "destination;host;login;password;destination_password",
		},
		"Microsoft 365, one row with a tenant": {
			"a@new.example;h.example;a@old.example;;id;SECRET\nb@new.example;h.example;b@old.example;;id;SECRET;old.example\n", CSVOptions{}, "destination;host;login;password;client_id;client_secret;tenant",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sheet := ParseCSV([]byte(tt.file), tt.opts)
			written := WriteLines(sheet.Lines, func(l SheetLine) string { return "wrong: " + l.Text(FieldLogin) + "; do\nthis" })
			text := string(written)
			if strings.Contains(text, "SECRET") {
				t.Errorf("a secret is in it:\n%s", text)
			}
			if header, _, _ := strings.Cut(text, "\n"); header != tt.columns+";comment" {
				t.Errorf("header %q", header)
			}
			again := ParseCSV(written, tt.opts)
			if again.Form != sheet.Form || len(again.Lines) != len(sheet.Lines) || !again.Header {
				t.Fatalf("read again: form %q, %d rows of\n%s", again.Form, len(again.Lines), text)
			}
			for i, line := range again.Lines {
				for _, cell := range sheet.Lines[i].Cells {
					if line.Text(cell.Name) != cell.Text {
						t.Errorf("row %d: %s is %q, want %q", i, cell.Name, line.Text(cell.Name), cell.Text)
					}
				}
			}
		})
	}
}

func TestTheCommentColumnIsNoPartOfTheForm(t *testing.T) {
	file := "email;server;login;password;Nota\na@new.example;imap.old.example;a@old.example;x;da chiedere\nb@new.example;imap.old.example;b@old.example;y\n"
	sheet := ParseCSV([]byte(file), CSVOptions{})
	if sheet.Form != FormStandard || len(sheet.Rows) != 2 || len(sheet.Problems) > 0 {
		t.Errorf("form %q, rows %d, problems %v", sheet.Form, len(sheet.Rows), sheet.Problems)
	}
	kept := string(NormalCSV([]byte(file), sheet))
	if strings.Contains(kept, "chiedere") || strings.Contains(kept, "Nota") {
		t.Errorf("kept:\n%s", kept)
	}
	if edited := string(EditLine([]byte(kept), 2, []string{FieldDestination, FieldHost, FieldLogin, FieldPassword}, map[string]string{FieldLogin: "c"})); !strings.Contains(edited, ";c;x") {
		t.Errorf("a correction loses the password:\n%s", edited)
	}
	// The last field of four is a password, whatever it is called.
	if sheet := ParseCSV([]byte("email;server;login;note\na@new.example;imap.old.example;a@old.example;x\n"), CSVOptions{}); len(sheet.Rows) != 1 {
		t.Errorf("problems %v", sheet.Problems)
	}
}
