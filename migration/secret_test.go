package migration

import (
	"bytes"
	"encoding/csv"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

const clear = "hunter2 swordfish"

// holder has a secret wherever a struct can have one. fmt calls no method on
// fields that are not exported, so they are the hard case.
type holder struct {
	Public  Secret
	Pointer *Secret
	List    []Secret
	ByName  map[string]Secret
	Any     any
	private Secret
	deep    struct{ secret Secret }
	list    []Secret
	byName  map[string]Secret
	pointer *Secret
}

func newHolder() holder {
	s := NewSecret(clear)
	h := holder{
		Public: s, Pointer: &s, List: []Secret{s}, ByName: map[string]Secret{"a": s}, Any: s,
		private: s, list: []Secret{s}, byName: map[string]Secret{"a": s}, pointer: &s,
	}
	h.deep.secret = s
	return h
}

// checkHidden fails if text gives the secret away, as it is or as %x, %q and
// %d would write its octets.
func checkHidden(t *testing.T, how, text string) {
	t.Helper()
	octets := strings.Trim(fmt.Sprint([]byte(clear)), "[]")
	for _, form := range []string{
		clear, "hunter2", "swordfish", octets,
		fmt.Sprintf("%x", clear), fmt.Sprintf("%X", clear), fmt.Sprintf("% x", clear), fmt.Sprintf("%#v", []byte(clear)),
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows %q", how, text)
		}
	}
}

func TestSecretPrintsTheMaskWithEveryVerb(t *testing.T) {
	secret := NewSecret(clear)
	for _, verb := range "vsqxXdtbcoOeEfFgGU" {
		for _, flags := range []string{"", "+", "#", "-30", "30", ".2", " ", "0", "+#", "[1]"} {
			format := "%" + flags + string(verb)
			for _, value := range []any{secret, &secret} {
				if got := fmt.Sprintf(format, value); got != "•••" {
					t.Errorf("%s of a %T: %q", format, value, got)
				}
			}
		}
	}
	for how, got := range map[string]string{
		"Sprint": fmt.Sprint(secret), "Sprintln": strings.TrimSpace(fmt.Sprintln(secret)),
		"String": secret.String(), "GoString": secret.GoString(),
	} {
		if got != "•••" {
			t.Errorf("%s: %q", how, got)
		}
	}
}

func TestSecretStaysHiddenInsideOtherValues(t *testing.T) {
	h := newHolder()
	for _, value := range []any{h, &h, []holder{h}, map[string]holder{"k": h}, struct{ h holder }{h}, [1]Secret{h.Public}, map[Secret]int{h.Public: 1}} {
		for _, verb := range "vsqxXdtbcoOeEfFgGUpTw" {
			for _, flags := range []string{"", "+", "#"} {
				format := "%" + flags + string(verb)
				checkHidden(t, format, fmt.Sprintf(format, value))
			}
		}
	}
	secret := h.Public
	for _, mistake := range []string{"%p", "%w", "%+w", "%#w", "%!", "", "%*d", "%[3]d", "%.*f"} {
		checkHidden(t, mistake, fmt.Sprintf(mistake, secret, secret))
	}
}

func TestSecretStaysHiddenInErrors(t *testing.T) {
	h := newHolder()
	err := fmt.Errorf("log in as %v: %w", h, fmt.Errorf("with %s and %v: %w", h.Public, h.Pointer, errors.ErrUnsupported))
	checkHidden(t, "error", err.Error())
	checkHidden(t, "joined error", fmt.Sprintf("%+v", errors.Join(err, Problem{Code: "x", Args: Args{"p": h.Public}})))
	checkHidden(t, "problem", fmt.Sprintf("%#v", Problem{Code: "x", Args: Args{"p": h.Public, "h": h}}))
}

func TestSecretStaysHiddenInLogs(t *testing.T) {
	h := newHolder()
	for _, opts := range []*slog.HandlerOptions{nil, {Level: slog.LevelDebug, AddSource: true}} {
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, opts), slog.NewJSONHandler(&out, opts)} {
			log := slog.New(handler).With("with", h.Public, "pointer", h.Pointer)
			log.Info("a login", "secret", h.Public, "holder", h, "address", &h, "list", h.List, "map", h.ByName)
			log.WithGroup("g").Error("refused", slog.Any("any", h), slog.Group("g", "secret", h.Public))
		}
		checkHidden(t, "slog", out.String())
		if got := strings.Count(out.String(), "secret=•••") + strings.Count(out.String(), `"secret":"•••"`); got != 4 {
			t.Errorf("%d masks under the key secret, want 4: %s", got, out.String())
		}
	}
}

func TestSecretStaysHiddenInEncodings(t *testing.T) {
	h := newHolder()
	type document struct {
		Element   Secret `xml:"element"`
		Attribute Secret `xml:"attribute,attr"`
		Text      Secret `xml:",chardata"`
	}
	tests := []struct {
		name   string
		encode func() ([]byte, error)
		masks  int
	}{
		{"json", func() ([]byte, error) { return json.Marshal(h) }, 5},
		{"json of one", func() ([]byte, error) { return json.Marshal(h.Public) }, 1},
		{"json key", func() ([]byte, error) { return json.Marshal(map[Secret]string{h.Public: ""}) }, 1},
		{"xml", func() ([]byte, error) { return xml.Marshal(document{h.Public, h.Public, h.Public}) }, 3},
		{"text", h.Public.MarshalText, 1},
		{"html template", func() ([]byte, error) {
			var out bytes.Buffer
			err := template.Must(template.New("").Parse(`<p title="{{.Public}}">{{.Public}}<script>x={{.Public}}</script>`)).Execute(&out, h)
			return out.Bytes(), err
		}, 3},
		{"csv by way of Sprint", func() ([]byte, error) {
			var out bytes.Buffer
			w := csv.NewWriter(&out)
			err := w.Write([]string{fmt.Sprint(h.Public)})
			w.Flush()
			return out.Bytes(), err
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.encode()
			if err != nil {
				t.Fatal(err)
			}
			checkHidden(t, tt.name, string(got))
			if n := strings.Count(string(got), "•••"); n != tt.masks {
				t.Errorf("%d masks in %q, want %d", n, got, tt.masks)
			}
		})
	}
}

// gob knows only exported fields, so it refuses a lone secret; inside a struct
// it must not find the text either.
func TestSecretStaysHiddenInGob(t *testing.T) {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(NewSecret(clear)); err == nil {
		t.Error("gob takes a secret")
	}
	checkHidden(t, "gob", out.String())
	out.Reset()
	if err := gob.NewEncoder(&out).Encode(struct {
		Login    string
		Password Secret
	}{"a", NewSecret(clear)}); err == nil && out.Len() == 0 {
		t.Error("nothing was tried")
	}
	checkHidden(t, "gob of a struct", out.String())
}

func TestSecretKeepsItsTextExactly(t *testing.T) {
	for _, text := range []string{"x", " leading", "trailing ", "\ttab\n", "•••", "pà\u00a0ss", "\x00\xff", strings.Repeat("l", 1<<16)} {
		if s := NewSecret(text); s.Reveal() != text || s.IsZero() {
			t.Errorf("%q became %q", text, s.Reveal())
		}
	}
	if (Secret{}).Reveal() != "" || !(Secret{}).IsZero() || !NewSecret("").IsZero() {
		t.Error("the empty secret is not zero")
	}
	if (Secret{}).String() != "•••" {
		t.Error("the mask tells whether there is a secret")
	}
}

func TestSecretsCompareByTheirText(t *testing.T) {
	tests := []struct {
		name string
		a, b Secret
		want bool
	}{
		{"same text", NewSecret("a"), NewSecret("a"), true},
		{"other text", NewSecret("a"), NewSecret("b"), false},
		{"a prefix", NewSecret("a"), NewSecret("ab"), false},
		{"both empty", Secret{}, NewSecret(""), true},
		{"one empty", NewSecret("a"), Secret{}, false},
		{"the other empty", Secret{}, NewSecret("a"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a == tt.b; got != tt.want {
				t.Errorf("== is %v", got)
			}
			if got := tt.a.Equal(tt.b); got != tt.want {
				t.Errorf("equal is %v", got)
			}
			if got := reflect.DeepEqual(tt.a, tt.b); got != tt.want {
				t.Errorf("deeply equal is %v", got)
			}
		})
	}
}

func TestSecretInputIsNotReadFromEncodings(t *testing.T) {
	var into struct{ Password Secret }
	if err := json.Unmarshal([]byte(`{"Password":"`+clear+`"}`), &into); err == nil {
		t.Error("JSON filled a secret past NewSecret")
	}
}
