package migration

import (
	"slices"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

func TestAFileIsReadInAnotherEncoding(t *testing.T) {
	want := "perché;città;pässword;ł"
	for encoding, table := range map[string]*charmap.Charmap{
		"Macintosh": charmap.Macintosh, "IBM850": charmap.CodePage850, "Windows-1250": charmap.Windows1250, "ISO-8859-15": charmap.ISO8859_15,
	} {
		text := want
		if encoding != "Windows-1250" {
			text = text[:len(text)-len(";ł")] // not among their letters
		} else {
			text = "perché;pässword;ł"
		}
		octets, err := table.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(encoding, err)
		}
		sheet := ParseCSV(octets, CSVOptions{})
		if sheet.Encoding != "Windows-1252" || !slices.Contains(GuessedEncodings(sheet.Encoding), encoding) {
			t.Fatalf("%s is taken for %s", encoding, sheet.Encoding)
		}
		if got, err := Decode(octets, encoding); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v, want %q", encoding, got, err, text)
		}
	}
}

func TestWhatIsNoGuessIsNotReadAnew(t *testing.T) {
	for _, encoding := range []string{"UTF-8", "UTF-16LE", "UTF-16BE", ""} {
		if list := GuessedEncodings(encoding); list != nil {
			t.Errorf("%q: %v", encoding, list)
		}
	}
	if _, err := Decode([]byte("x"), "UTF-8"); err == nil {
		t.Error("UTF-8 was read as something else")
	}
}
