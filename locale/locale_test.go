package locale

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func in(lang Lang) context.Context { return With(context.Background(), lang) }

func TestMatch(t *testing.T) {
	tests := []struct {
		name  string
		prefs []string
		want  Lang
	}{
		{"nothing", nil, English},
		{"empty wishes", []string{"", ""}, English},
		{"a tag", []string{"it"}, Italian},
		{"a tag with a country", []string{"it-CH"}, Italian},
		{"POSIX", []string{"it_IT.UTF-8"}, Italian},
		{"POSIX with a modifier", []string{"it_IT@euro"}, Italian},
		{"the POSIX locale", []string{"C.UTF-8", "it"}, English},
		{"LANGUAGE", []string{"fr:it:en"}, Italian},
		{"a header", []string{"it-IT,it;q=0.9,en;q=0.8"}, Italian},
		{"a header by weight", []string{"it;q=0.5, en-GB;q=0.9"}, English},
		{"a header of unknown languages first", []string{"ja,it;q=0.3"}, Italian},
		{"an unknown wish, then a known one", []string{"ja_JP.UTF-8", "it"}, Italian},
		{"only unknown wishes", []string{"ja", "zh"}, English},
		{"a broken wish", []string{"\x00;;q=,", "it"}, Italian},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Match(tt.prefs...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTextComesInTheLanguageOfTheContext(t *testing.T) {
	args := map[string]any{"rows": 1501, "max": 500}
	tests := []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"none set", context.Background(), "The file has 1,501 rows; one migration takes up to 500."},
		{"English", in(English), "The file has 1,501 rows; one migration takes up to 500."},
		{"Italian", in(Italian), "Il file ha 1.501 righe; una migrazione ne accetta al massimo 500."},
		{"one we do not speak", in("fr"), "The file has 1,501 rows; one migration takes up to 500."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := T(tt.ctx, "problem.csv.too_many_rows", args); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextOfAnUnknownKeyIsTheKey(t *testing.T) {
	if got := T(in(Italian), "no.such.key", nil); got != "no.such.key" {
		t.Errorf("got %q", got)
	}
	if got := N(in(Italian), "no.such.key", 3, nil); got != "no.such.key" {
		t.Errorf("got %q", got)
	}
}

func TestPlurals(t *testing.T) {
	tests := []struct {
		lang Lang
		n    int
		want string
	}{
		{English, 0, "0 messages"},
		{English, 1, "1 message"},
		{English, 1_000_000, "1,000,000 messages"},
		{Italian, 0, "0 messaggi"},
		{Italian, 1, "1 messaggio"},
		{Italian, 8412, "8.412 messaggi"},
		{Italian, 1_000_000, "1.000.000 di messaggi"},
	}
	for _, tt := range tests {
		if got := N(in(tt.lang), "count.messages", tt.n, nil); got != tt.want {
			t.Errorf("%s %d: got %q, want %q", tt.lang, tt.n, got, tt.want)
		}
	}
}

func TestArgumentsAreTextAndNothingElse(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"a text", "x", "“x” cannot"},
		{"a place in an argument", "{field}", "“{field}” cannot"},
		{"an escape sequence", "\x1b[2Jx", "“\uFFFD[2Jx” cannot"},
		{"a line end", "a\nb", "“a\uFFFDb” cannot"},
		{"a mark that turns the text around", "a\u202eb", "“a\uFFFDb” cannot"},
		{"a template", "{{.}}", "“{{.}}” cannot"},
		{"an error", errors.New("broken"), "“broken” cannot"},
		{"a duration", 90 * time.Second, "“1\u00a0min 30\u00a0s” cannot"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := T(in(English), "problem.host.idn", map[string]any{"name": tt.value, "field": "other"})
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := T(in(English), "problem.host.idn", nil); !strings.HasPrefix(got, "“{name}”") {
		t.Errorf("a place without an argument: got %q", got)
	}
}

func TestProblemSaysWhereAndWhatToDo(t *testing.T) {
	tests := []struct {
		name        string
		lang        Lang
		code, field string
		row         int
		want        string
	}{
		{
			"a field", Italian, "field.mask", "login", 7,
			"Riga 7, login remoto – Il campo «login remoto» contiene solo asterischi o puntini. " +
				"Copia il valore vero: il programma da cui proviene lo mostrava nascosto.",
		},
		{
			"a row", English, "csv.duplicate", "", 1200,
			"Row 1,200 – Source and destination are the same as in row 3. Remove one of the two rows.",
		},
		{
			"a file", English, "csv.empty", "", 0,
			"The file is empty. Save the list of accounts again and choose the new file.",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := map[string]any{"other": 3}
			got := Problem(in(tt.lang), tt.code, tt.row, tt.field, args)
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if len(args) != 1 {
				t.Errorf("the caller's args were changed: %v", args)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	tests := []struct {
		n           int64
		en, italian string
	}{
		{0, "0 B", "0 B"},
		{1023, "1023 B", "1023 B"},
		{1024, "1 kB", "1 kB"},
		{1536, "1.5 kB", "1,5 kB"},
		{52_428_800, "50 MB", "50 MB"},
		{1<<20 - 1, "1 MB", "1 MB"},
		{4_402_341_478, "4.1 GB", "4,1 GB"},
		{3 << 40, "3 TB", "3 TB"},
		{1 << 62, "4194304 TB", "4194304 TB"},
		{-1536, "-1.5 kB", "-1,5 kB"},
	}
	for _, tt := range tests {
		en, italian := strings.ReplaceAll(tt.en, " ", nbsp), strings.ReplaceAll(tt.italian, " ", nbsp)
		if got := Bytes(in(English), tt.n); got != en {
			t.Errorf("%d: got %q, want %q", tt.n, got, en)
		}
		if got := Bytes(in(Italian), tt.n); got != italian {
			t.Errorf("%d: got %q, want %q", tt.n, got, italian)
		}
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		n           int
		en, italian string
	}{
		{0, "0", "0"},
		{999, "999", "999"},
		{1000, "1,000", "1.000"},
		{1234567, "1,234,567", "1.234.567"},
		{-12345, "-12,345", "-12.345"},
		{-999, "-999", "-999"},
	}
	for _, tt := range tests {
		if en, italian := Number(in(English), tt.n), Number(in(Italian), tt.n); en != tt.en || italian != tt.italian {
			t.Errorf("%d: got %s and %s", tt.n, en, italian)
		}
	}
}

func TestDuration(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{0, "0 ms"},
		{350 * time.Millisecond, "350 ms"},
		{4230 * time.Millisecond, "4,2 s"},
		{9960 * time.Millisecond, "10 s"},
		{42 * time.Second, "42 s"},
		{59600 * time.Millisecond, "1 min"},
		{190 * time.Second, "3 min 10 s"},
		{2*time.Hour + 5*time.Minute + 59*time.Second, "2 h 5 min"},
		{23 * time.Hour, "23 h"},
		{76 * time.Hour, "3 g 4 h"},
		{-90 * time.Second, "-1 min 30 s"},
	}
	for _, tt := range tests {
		got := strings.ReplaceAll(Duration(in(Italian), tt.d), nbsp, " ")
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.d, got, tt.want)
		}
	}
	if got := Duration(in(English), 76*time.Hour); got != "3\u00a0d 4\u00a0h" {
		t.Errorf("English days: got %q", got)
	}
}

// The texts are shared by all requests of a server.
func TestTextsFromManyGoroutines(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, lang := range Languages() {
				want := map[Lang]string{English: "1 row", Italian: "1 riga"}[lang]
				if got := N(in(lang), "count.rows", 1, nil); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	group.Wait()
}
