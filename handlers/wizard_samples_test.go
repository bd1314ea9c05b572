package handlers

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// sampleArchive downloads Migrations.zip and returns its files by name.
func sampleArchive(t *testing.T, p *panel) map[string][]byte {
	t.Helper()
	got := p.as(p.manager).get("/migrations/samples.zip").want(t, http.StatusOK)
	if want := `attachment; filename="Migrations.zip"`; got.header.Get("Content-Disposition") != want {
		t.Errorf("it is sent as %q", got.header.Get("Content-Disposition"))
	}
	archive, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	check(t, err)
	files := map[string][]byte{}
	for _, file := range archive.File {
		reader, err := file.Open()
		check(t, err)
		files[file.Name], err = io.ReadAll(reader)
		check(t, err)
		check(t, reader.Close())
	}
	return files
}

func TestSamplesHaveInstructionsInBothLanguages(t *testing.T) {
	files := sampleArchive(t, newPanel(t))
	for _, name := range []string{"0-ITA-LEGGIMI-MIGRAZIONI.txt", "0-ENG-README-MIGRATIONS.txt"} {
		text := files[name]
		if !bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) || !bytes.Contains(text, []byte("\r\n")) {
			t.Errorf("%s is missing, or Notepad cannot read it", name)
		}
		for other := range files {
			if strings.HasSuffix(other, ".csv") && !bytes.Contains(text, []byte(other)) {
				t.Errorf("%s does not name %s", name, other)
			}
		}
	}
}

func TestEachSampleIsAFileOfItsForm(t *testing.T) {
	files := sampleArchive(t, newPanel(t))
	forms := map[string]migration.Form{
		"1-standard.csv": migration.FormStandard, "2-master-user.csv": migration.FormMaster,
		"3-microsoft-365.csv": migration.FormMicrosoft365, "4-password-di-destinazione.csv": migration.FormStandard,
	}
	for name, form := range forms {
		sheet := migration.ParseCSV(files[name], migration.CSVOptions{DestinationPassword: strings.HasPrefix(name, "4-")})
		if sheet.Form != form || len(sheet.Rows) != 2 || len(sheet.Problems) > 0 || !sheet.Header {
			t.Errorf("%s: form %q, %d rows, header %t, problems %v", name, sheet.Form, len(sheet.Rows), sheet.Header, sheet.Problems)
		}
	}
	names := []string{}
	for name := range files {
		if strings.HasSuffix(name, ".csv") && forms[name] == "" {
			names = append(names, name)
		}
	}
	if slices.Sort(names); len(names) > 0 {
		t.Errorf("nobody looks at %v", names)
	}
}

func TestSamplesAreForThoseWhoAreSignedIn(t *testing.T) {
	newPanel(t).anonymous().get("/migrations/samples.zip").wantGoTo(t, "/login?next=%2Fmigrations%2Fsamples.zip")
}
