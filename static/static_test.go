package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func files(t *testing.T) *Files {
	t.Helper()
	f, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func get(f *Files, method, path, encoding string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, answer *http.Response) []byte {
	t.Helper()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestFilesAreServedForEverUnderAHashedName(t *testing.T) {
	f := files(t)
	tests := []struct{ name, pattern, contentType string }{
		{"panel.css", `^/static/panel\.[0-9a-f]{12}\.css$`, "text/css; charset=utf-8"},
		{"panel.js", `^/static/panel\.[0-9a-f]{12}\.js$`, "text/javascript; charset=utf-8"},
		{"tabler.min.css", `^/static/tabler\.min\.[0-9a-f]{12}\.css$`, "text/css; charset=utf-8"},
		{"htmx.min.js", `^/static/htmx\.min\.[0-9a-f]{12}\.js$`, "text/javascript; charset=utf-8"},
		{"favicon.svg", `^/static/favicon\.[0-9a-f]{12}\.svg$`, "image/svg+xml"},
		{"atkinson-hyperlegible-next-latin-wght-normal.woff2", `\.[0-9a-f]{12}\.woff2$`, "font/woff2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := f.Path(tt.name)
			if !regexp.MustCompile(tt.pattern).MatchString(address) {
				t.Errorf("address %s", address)
			}
			answer := get(f, http.MethodGet, address, "")
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("%s, %s", answer.Status, answer.Header.Get("Content-Type"))
			}
			if !strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("Cache-Control %q", answer.Header.Get("Cache-Control"))
			}
		})
	}
}

func TestCompressedAnswersHoldTheSame(t *testing.T) {
	f := files(t)
	plain := body(t, get(f, http.MethodGet, f.Path("tabler.min.css"), "br"))
	answer := get(f, http.MethodGet, f.Path("tabler.min.css"), "deflate, gzip;q=0.8")
	if answer.Header.Get("Content-Encoding") != "gzip" || answer.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v", answer.Header)
	}
	packed := body(t, answer)
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(unpacked, plain) || len(packed)*4 > len(plain) {
		t.Errorf("%d octets of %d packed, %d unpacked", len(packed), len(plain), len(unpacked))
	}
}

func TestGzipOnlyForThoseWhoTakeIt(t *testing.T) {
	tests := []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"gzip", true},
		{"br, GZIP", true},
		{"gzip; q=0", false},
		{"gzip;q=0.0", false},
		{"gzip;q=0.5", true},
		{"identity", false},
		{"xgzip", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		if got := takesGzip(r); got != tt.want {
			t.Errorf("%q: %v", tt.accept, got)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	f := files(t)
	for _, path := range []string{"/static/", "/static/panel.css", "/static/vendor/", "/static/../static.go", "/static/nothing.js"} {
		answer := get(f, http.MethodGet, path, "")
		if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, Cache-Control %q", path, answer.Status, answer.Header.Get("Cache-Control"))
		}
	}
	if answer := get(f, http.MethodPost, f.Path("panel.css"), ""); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", answer.Status)
	}
	if answer := get(f, http.MethodHead, f.Path("panel.css"), ""); answer.StatusCode != http.StatusOK || len(body(t, answer)) != 0 {
		t.Errorf("HEAD: %s", answer.Status)
	}
}

// Whatever a style sheet of ours names is served.
func TestStyleSheetsNameServedFiles(t *testing.T) {
	f := files(t)
	sheet := string(body(t, get(f, http.MethodGet, f.Path("panel.css"), "")))
	fonts := regexp.MustCompile(`url\("([^":]+\.woff2)"\)`).FindAllStringSubmatch(sheet, -1)
	if len(fonts) != 2 {
		t.Fatalf("fonts %v", fonts)
	}
	for _, font := range fonts {
		if answer := get(f, http.MethodGet, Prefix+font[1], ""); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", font[1], answer.Status)
		}
	}
}

func TestNamesFollowTheContent(t *testing.T) {
	before, err := read(fstest.MapFS{
		"a.css":       {Data: []byte(`b { background: url(pic.svg) } c { fill: url("#x") } d { content: url(data:,) }`)},
		"sub/pic.svg": {Data: []byte("<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	after, err := read(fstest.MapFS{
		"a.css":       {Data: []byte(`b { background: url(pic.svg) } c { fill: url("#x") } d { content: url(data:,) }`)},
		"sub/pic.svg": {Data: []byte("<svg />")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if before.Path("a.css") == after.Path("a.css") {
		t.Error("a sheet keeps its name although the picture in it has another")
	}
	sheet := string(body(t, get(before, http.MethodGet, before.Path("a.css"), "")))
	picture := strings.TrimPrefix(before.Path("pic.svg"), Prefix)
	if !strings.Contains(sheet, `url("`+picture+`")`) || !strings.Contains(sheet, `url("#x")`) || !strings.Contains(sheet, `url(data:,)`) {
		t.Errorf("sheet %s", sheet)
	}
}

func TestFaultyFilesAreRefused(t *testing.T) {
	tests := []struct {
		name string
		tree fstest.MapFS
	}{
		{"a sheet that names a file that is not there", fstest.MapFS{"a.css": {Data: []byte(`b { src: url("no.woff2") }`)}}},
		{"a kind of file without a content type", fstest.MapFS{"a.exe": {}}},
		{"two files of one name", fstest.MapFS{"a.js": {}, "sub/a.js": {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := read(tt.tree); err == nil {
				t.Error("taken")
			}
		})
	}
}

// The vendored files are those of their packages: VENDOR.md has their sums.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	table, err := os.ReadFile("vendor/VENDOR.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("vendor")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, entry := range entries {
		if _, ok := contentTypes[strings.ToLower(entry.Name()[strings.LastIndex(entry.Name(), "."):])]; !ok {
			continue
		}
		content, err := os.ReadFile("vendor/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha512.Sum384(content)
		line := "`" + base64.StdEncoding.EncodeToString(sum[:]) + "`"
		if !strings.Contains(string(table), "| `"+entry.Name()+"` |") || !strings.Contains(string(table), line) {
			t.Errorf("%s: VENDOR.md lacks it or its sum %s", entry.Name(), line)
		}
		checked++
	}
	if checked != 5 {
		t.Errorf("%d files checked, want 5", checked)
	}
}
