package handlers

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// downloadWithin is how long sending a log may take.
const downloadWithin = 10 * time.Minute

var downloadTypes = map[string]string{
	"txt": "text/plain; charset=utf-8", "csv": "text/csv; charset=utf-8", "json": "application/json",
}

// sendLog sends a run as a file.
func sendLog(c echo.Context, p views.LogPage, form string) error {
	name := fmt.Sprintf("%s-%d-log%d.%s", p.Migration.Code, p.Resource.Row, p.Pass.Number, form)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, downloadTypes[form])
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	// A long log on a slow line takes its time. Deadlines are the system's.
	deadline := time.Now().Add(downloadWithin) //nolint:forbidigo // see above
	if err := http.NewResponseController(c.Response()).SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	c.Response().WriteHeader(http.StatusOK)
	switch form {
	case "csv":
		return writeCSV(c.Response(), p)
	case "json":
		return writeJSON(c.Response(), p)
	}
	return writeText(c.Request().Context(), c.Response(), p)
}

// writeText writes what the page says, for people.
func writeText(ctx context.Context, w io.Writer, p views.LogPage) error {
	var b strings.Builder
	t := p.Run.Tally
	say := func(key string, args map[string]any) { b.WriteString(locale.T(ctx, key, args) + "\r\n") }
	say("download.run", map[string]any{"pass": p.Pass.Number, "login": p.Resource.Destination.Auth.Login})
	say("download.from", map[string]any{"login": p.Resource.Source.Auth.Login, "host": p.Resource.Source.Host})
	say("download.counts", counts(t))
	b.WriteString("\r\n")
	for _, f := range p.Folders() {
		args := counts(f.Tally)
		args["folder"] = f.Name
		say("download.folder", args)
	}
	b.WriteString("\r\n")
	for _, o := range p.Exceptions {
		fmt.Fprintf(&b, "%s · %s · %s · %s\r\n  %s\r\n", o.Folder, o.Subject, o.From, rfc3339(o.Date), locale.T(ctx, "reason."+string(o.Reason), nil))
		if o.ServerText != "" {
			fmt.Fprintf(&b, "  %s\r\n", o.ServerText)
		}
	}
	b.WriteString("\r\n")
	for _, e := range p.Entries {
		fmt.Fprintf(&b, "%s %s\r\n", rfc3339(e.At), locale.Entry(ctx, e.Code, e.Args))
		if e.ServerText != "" {
			fmt.Fprintf(&b, "  %s\r\n", e.ServerText)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func counts(t migration.Tally) map[string]any {
	return map[string]any{
		"listed": t.Listed, "copied": t.Copied, "present": t.Present, "skipped": t.Skipped, "failed": t.Failed,
	}
}

// writeCSV writes the exceptions, one a row, as spreadsheets of Europe read
// them: with a byte order mark and semicolons.
func writeCSV(w io.Writer, p views.LogPage) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	rows := csv.NewWriter(w)
	rows.Comma, rows.UseCRLF = ';', true
	err := rows.Write([]string{
		"outcome", "reason", "folder", "uid", "count", "date", "from", "subject", "size", "message_id", "server_text",
	})
	for _, o := range p.Exceptions {
		if err == nil {
			err = rows.Write(harmless(
				string(o.Kind), string(o.Reason), o.Folder, strconv.FormatUint(uint64(o.UID), 10), strconv.Itoa(o.Count),
				rfc3339(o.Date), o.From, o.Subject, strconv.FormatInt(o.Size, 10), o.MessageID, o.ServerText))
		}
	}
	rows.Flush()
	if err == nil {
		err = rows.Error()
	}
	return err
}

// harmless puts a quote before what a spreadsheet would run as a formula: a
// subject comes from anybody.
func harmless(cells ...string) []string {
	for i, cell := range cells {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			cells[i] = "'" + cell
		}
	}
	return cells
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// logFile is a run for programs: codes and facts, no sentences.
type logFile struct {
	Migration   string         `json:"migration"`
	Row         int            `json:"row"`
	Pass        int            `json:"pass"`
	Source      string         `json:"source"`
	Destination string         `json:"destination"`
	Status      string         `json:"status"`
	ErrorClass  string         `json:"error_class,omitempty"`
	ErrorText   string         `json:"error_text,omitempty"`
	Listed      int            `json:"listed"`
	Copied      int            `json:"copied"`
	Present     int            `json:"present"`
	Skipped     int            `json:"skipped"`
	Failed      int            `json:"failed"`
	Bytes       int64          `json:"bytes"`
	Exceptions  []logException `json:"exceptions"`
	Entries     []logEntry     `json:"entries"`
}

type logException struct {
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason"`
	Folder     string `json:"folder"`
	UID        uint32 `json:"uid,omitempty"`
	Count      int    `json:"count"`
	Date       string `json:"date,omitempty"`
	From       string `json:"from,omitempty"`
	Subject    string `json:"subject,omitempty"`
	Size       int64  `json:"size,omitempty"`
	MessageID  string `json:"message_id,omitempty"`
	ServerText string `json:"server_text,omitempty"`
}

type logEntry struct {
	At         string         `json:"at"`
	Level      string         `json:"level"`
	Code       string         `json:"code"`
	Args       migration.Args `json:"args,omitempty"`
	ServerText string         `json:"server_text,omitempty"`
}

func writeJSON(w io.Writer, p views.LogPage) error {
	t := p.Run.Tally
	file := logFile{
		Migration: p.Migration.Code, Row: p.Resource.Row, Pass: p.Pass.Number,
		Source: p.Resource.Source.Auth.Login, Destination: p.Resource.Destination.Auth.Login,
		Status: string(p.Run.Status), ErrorClass: p.Run.ErrorClass, ErrorText: p.Run.ErrorText,
		Listed: t.Listed, Copied: t.Copied, Present: t.Present, Skipped: t.Skipped, Failed: t.Failed, Bytes: t.Bytes,
		Exceptions: []logException{}, Entries: []logEntry{},
	}
	for _, o := range p.Exceptions {
		file.Exceptions = append(file.Exceptions, logException{
			Outcome: string(o.Kind), Reason: string(o.Reason), Folder: o.Folder, UID: o.UID, Count: o.Count, Date: rfc3339(o.Date),
			From: o.From, Subject: o.Subject, Size: o.Size, MessageID: o.MessageID, ServerText: o.ServerText,
		})
	}
	for _, e := range p.Entries {
		file.Entries = append(file.Entries, logEntry{rfc3339(e.At), string(e.Level), e.Code, e.Args, e.ServerText})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(file)
}
