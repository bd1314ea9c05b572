// Package static serves what the browser fetches beside pages: style sheets,
// scripts, fonts, pictures. All of it is in the program; nothing comes from
// another site.
//
// Every file is served under a name that changes with its content, such as
// /static/panel.3f9c0a1b2c4d.css, so that a browser may keep it for ever and
// still has the new one after an upgrade.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed panel.css panel.js favicon.svg logo.svg vendor/*.js vendor/*.css vendor/*.woff2
var embedded embed.FS

// Prefix is where files are served.
const Prefix = "/static/"

// contentTypes holds every kind of file there may be here. What compresses well
// is text.
var contentTypes = map[string]struct {
	name string
	text bool
}{
	".css":   {"text/css; charset=utf-8", true},
	".js":    {"text/javascript; charset=utf-8", true},
	".svg":   {"image/svg+xml", true},
	".woff2": {"font/woff2", false},
}

// Files is an http.Handler for everything under Prefix. It does not change after
// New and may be used by many goroutines.
type Files struct {
	names  map[string]string // "panel.css" to the name it is served by
	served map[string]file   // by that name
}

type file struct {
	contentType string
	plain       []byte
	gzipped     []byte // nil: not worth it
}

// New reads the embedded files, names them by their content and compresses the
// texts, once: a few tens of milliseconds.
func New() (*Files, error) { return read(embedded) }

func read(from fs.FS) (*Files, error) {
	f := &Files{names: map[string]string{}, served: map[string]file{}}
	// Style sheets name other files, so they come last.
	for _, sheets := range []bool{false, true} {
		err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || (path.Ext(name) == ".css") != sheets {
				return err
			}
			return f.add(from, name)
		})
		if err != nil {
			return nil, fmt.Errorf("read static files: %w", err)
		}
	}
	return f, nil
}

func (f *Files) add(from fs.FS, name string) error {
	content, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	base, ext := path.Base(name), path.Ext(name)
	kind, ok := contentTypes[ext]
	if !ok {
		return fmt.Errorf("%s: no content type for %q", name, ext)
	}
	if f.names[base] != "" {
		return fmt.Errorf("%s: another file has that name", name)
	}
	if ext == ".css" {
		if content, err = f.pointToServed(content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	added := file{contentType: kind.name, plain: content}
	if kind.text {
		if added.gzipped, err = compress(content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	f.names[base] = hashedName(base, content)
	f.served[f.names[base]] = added
	return nil
}

// hashedName makes "panel.<hash>.css" of "panel.css".
func hashedName(base string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(base)
	return strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:6]) + ext
}

// fileURL finds url(…) in a style sheet; what begins with data: or # is no file.
var fileURL = regexp.MustCompile(`url\(\s*"?([^")]+?)"?\s*\)`)

// pointToServed puts the names that files are served by into the url()s of a
// style sheet.
func (f *Files) pointToServed(sheet []byte) ([]byte, error) {
	var missing error
	pointed := fileURL.ReplaceAllFunc(sheet, func(match []byte) []byte {
		address := string(fileURL.FindSubmatch(match)[1])
		if strings.HasPrefix(address, "data:") || strings.HasPrefix(address, "#") {
			return match
		}
		served := f.names[path.Base(address)]
		if served == "" {
			missing = fmt.Errorf("url %q names no file", address)
		}
		return []byte(`url("` + served + `")`)
	})
	return pointed, missing
}

// compress returns nil where less than a tenth would be saved.
func compress(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if packed.Len()*10 > len(content)*9 {
		return nil, nil
	}
	return packed.Bytes(), nil
}

// Path returns the address of a file by its plain name, such as "panel.css". A
// name that no file has comes back under Prefix as it is, where nothing is
// found.
func (f *Files) Path(name string) string {
	if served := f.names[name]; served != "" {
		return Prefix + served
	}
	return Prefix + name
}

// ServeHTTP answers with a file. The answers are compressed already where the
// browser takes that, so nothing behind this should compress them again.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	found, ok := f.served[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		// Not "immutable": after an upgrade the name may exist.
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	}
	found.send(w, r)
}

func (f file) send(w http.ResponseWriter, r *http.Request) {
	header, body := w.Header(), f.plain
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("X-Content-Type-Options", "nosniff")
	if f.gzipped != nil {
		header.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			header.Set("Content-Encoding", "gzip")
			body = f.gzipped
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a browser that went away
	}
}

// takesGzip reports whether the browser wants gzip (RFC 9110 §12.5.3).
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") {
			return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
		}
	}
	return false
}
