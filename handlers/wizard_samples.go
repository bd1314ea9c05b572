package handlers

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// The instructions and one file for each form (S9).
//
//go:embed samples
var sampleFiles embed.FS

// samples sends Migrations.zip.
func (s *Server) samples(c echo.Context) error {
	archive, err := zipSamples(s.Now())
	if err != nil {
		return fmt.Errorf("samples: %w", err)
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="Migrations.zip"`)
	return c.Blob(http.StatusOK, "application/zip", archive)
}

// zipSamples returns the archive; its files are dated now.
func zipSamples(now time.Time) ([]byte, error) {
	files, err := sampleFiles.ReadDir("samples")
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, file := range files {
		if err := zipSample(w, file, now); err != nil {
			return nil, err
		}
	}
	err = w.Close() // writes the table of contents
	return archive.Bytes(), err
}

func zipSample(w *zip.Writer, file fs.DirEntry, now time.Time) error {
	text, err := sampleFiles.ReadFile("samples/" + file.Name())
	if err != nil {
		return err
	}
	entry, err := w.CreateHeader(&zip.FileHeader{Name: file.Name(), Method: zip.Deflate, Modified: now})
	if err != nil {
		return err
	}
	_, err = entry.Write([]byte(forWindows(string(text))))
	return err
}

// forWindows writes a text so that Notepad and Excel read its letters and lines
// right; all others do anyway.
func forWindows(text string) string {
	return "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")
}
