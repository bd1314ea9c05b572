package handlers

import (
	"bufio"
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
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
)

// downloadWithin is how long sending a log may take.
const downloadWithin = 10 * time.Minute

// logForm is one of the files that a log can be had as. None is held in memory.
type logForm struct {
	contentType string
	write       func(s *Server, ctx context.Context, w *bufio.Writer, at logPlace) error
}

func logForms() map[string]logForm {
	const text, table = "text/plain; charset=utf-8", "text/csv; charset=utf-8"
	return map[string]logForm{
		"txt":         {text, (*Server).writeText},
		"csv":         {table, (*Server).writeExceptions},
		"entries.csv": {table, (*Server).writeEntries},
		"json":        {"application/json; charset=utf-8", (*Server).writeJSON},

		"source.dialogue.txt":      {text, writeDialogue("source")},
		"destination.dialogue.txt": {text, writeDialogue("destination")},
	}
}

// sendLog sends a run as a file.
func (s *Server) sendLog(c echo.Context, at logPlace, name string) error {
	form, known := logForms()[name]
	if !known {
		return migration.ErrNotFound
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, form.contentType)
	h.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s-%d-log%d.%s"`, at.m.Code, at.row.Row, at.pass.Number, name))
	// A long log on a slow line takes its time. Deadlines are the system's.
	deadline := time.Now().Add(downloadWithin) //nolint:forbidigo // see above
	if err := http.NewResponseController(c.Response()).SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	w := bufio.NewWriterSize(c.Response(), 32<<10)
	err := form.write(s, c.Request().Context(), w, at)
	if err == nil {
		err = w.Flush()
	}
	if err != nil && !c.Response().Committed {
		h.Del(echo.HeaderContentDisposition) // a page says what is wrong
	}
	if err != nil && c.Response().Committed {
		s.Logger.ErrorContext(c.Request().Context(), "download broke off", "id", requestID(c), "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // the one way to let the browser see that this is not all
	}
	return err
}

// writeText writes what the page says, for people.
func (s *Server) writeText(ctx context.Context, w *bufio.Writer, at logPlace) error {
	say := func(key string, args map[string]any) { fmt.Fprintf(w, "%s\r\n", locale.T(ctx, key, args)) }
	say("download.run", map[string]any{"pass": at.pass.Number, "login": at.row.Destination.Auth.Login})
	say("download.from", map[string]any{"login": at.row.Source.Auth.Login, "host": at.row.Source.Host})
	say("download.counts", counts(at.run.Tally))
	_, _ = w.WriteString("\r\n") // the writer keeps its error for the end
	err := s.eachFolder(ctx, at, func(f migration.FolderTally) error {
		args := counts(f.Tally)
		args["folder"] = f.Name
		say("download.folder", args)
		return nil
	})
	if err != nil {
		return err
	}
	_, _ = w.WriteString("\r\n")
	err = s.Store.EachException(ctx, at.m.CustomerID, at.run.ID, func(o migration.Outcome) error {
		_, err := fmt.Fprintf(w, "%s · %s · %s · %s\r\n  %s\r\n%s", o.Folder, o.Subject, o.From, rfc3339(o.Date),
			locale.T(ctx, "reason."+string(o.Reason), nil), said(o.ServerText))
		return err
	})
	if err != nil {
		return err
	}
	_, _ = w.WriteString("\r\n")
	return s.Store.EachEntry(ctx, at.m.CustomerID, at.run.ID, func(e migration.Entry) error {
		_, err := fmt.Fprintf(w, "%s %s\r\n%s", rfc3339(e.At), locale.Entry(ctx, e.Code, e.Args), said(e.ServerText))
		return err
	})
}

// said is a line with the server's words, if there are any.
func said(text string) string {
	if text == "" {
		return ""
	}
	return "  " + text + "\r\n"
}

// eachFolder hands the folders of a run to do, reading some at a time.
func (s *Server) eachFolder(ctx context.Context, at logPlace, do func(migration.FolderTally) error) error {
	for page := 1; ; page++ {
		found, err := s.Store.Folders(ctx, at.m.CustomerID, at.run.ID, page, foldersPerPage)
		for i := 0; err == nil && i < len(found.Folders); i++ {
			err = do(found.Folders[i])
		}
		if err != nil || page*foldersPerPage >= found.Total {
			return err
		}
	}
}

func counts(t migration.Tally) map[string]any {
	return map[string]any{
		"listed": t.Listed, "copied": t.Copied, "present": t.Present, "skipped": t.Skipped, "failed": t.Failed,
	}
}

// writeExceptions writes a table of what was left out, with the reasons in the
// reader's language.
func (s *Server) writeExceptions(ctx context.Context, w *bufio.Writer, at logPlace) error {
	return writeTable(w, []string{
		"outcome", "reason", "folder", "uid", "count", "date", "from", "subject", "size", "message_id", "server_text", "why", "remedy",
	}, func(row func(...string) error) error {
		return s.Store.EachException(ctx, at.m.CustomerID, at.run.ID, func(o migration.Outcome) error {
			return row(
				string(o.Kind), string(o.Reason), o.Folder, strconv.FormatUint(uint64(o.UID), 10), strconv.Itoa(o.Count),
				rfc3339(o.Date), o.From, o.Subject, strconv.FormatInt(o.Size, 10), o.MessageID, o.ServerText,
				locale.T(ctx, "reason."+string(o.Reason), nil), locale.T(ctx, "reason."+string(o.Reason)+".fix", nil))
		})
	})
}

// writeEntries writes a table of the lines, in the reader's language.
func (s *Server) writeEntries(ctx context.Context, w *bufio.Writer, at logPlace) error {
	return writeTable(w, []string{"at", "level", "code", "folder", "text", "server_text"}, func(row func(...string) error) error {
		return s.Store.EachEntry(ctx, at.m.CustomerID, at.run.ID, func(e migration.Entry) error {
			folder, _ := e.Args["folder"].(string)
			return row(rfc3339(e.At), string(e.Level), e.Code, folder, locale.Entry(ctx, e.Code, e.Args), e.ServerText)
		})
	})
}

// writeTable writes a table as spreadsheets of Europe read it: with a byte order
// mark and semicolons.
func writeTable(w io.Writer, head []string, each func(row func(...string) error) error) error {
	if _, err := io.WriteString(w, "\uFEFF"); err != nil {
		return err
	}
	rows := csv.NewWriter(w)
	rows.Comma, rows.UseCRLF = ';', true
	if err := rows.Write(head); err != nil {
		return err
	}
	if err := each(func(cells ...string) error { return rows.Write(harmless(cells...)) }); err != nil {
		return err
	}
	rows.Flush()
	return rows.Error()
}

// formulas are what spreadsheets take for the beginning of one, the wide forms of
// Asian keyboards among them.
const formulas = "=+-@\t\r\n＝＋－＠"

// harmless puts a quote before what a spreadsheet would run as a formula: a
// subject comes from anybody.
func harmless(cells ...string) []string {
	for i, cell := range cells {
		first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " \u00a0"))
		if cell != "" && strings.ContainsRune(formulas, first) {
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

// writeDialogue writes the last dialogue with one side that ended in an error.
func writeDialogue(side string) func(s *Server, ctx context.Context, w *bufio.Writer, at logPlace) error {
	return func(s *Server, ctx context.Context, w *bufio.Writer, at logPlace) error {
		all, err := s.Store.Transcripts(ctx, at.m.CustomerID, at.run.ID)
		if err != nil {
			return err
		}
		for _, t := range all {
			if t.Side == side {
				head := locale.T(ctx, "page.log.dialogue."+side, map[string]any{"at": rfc3339(t.At)})
				_, err = fmt.Fprintf(w, "%s\r\n\r\n%s", head, strings.ReplaceAll(t.Dialogue, "\n", "\r\n"))
				return err
			}
		}
		return migration.ErrNotFound
	}
}

// logFile is a run for programs: codes and facts, no sentences. Folders,
// exceptions and entries follow in lists of their own.
type logFile struct {
	Migration   string `json:"migration"`
	Row         int    `json:"row"`
	Pass        int    `json:"pass"`
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Status      string `json:"status"`
	ErrorClass  string `json:"error_class,omitempty"`
	ErrorText   string `json:"error_text,omitempty"`
	fileCounts
}

// fileCounts is a tally in a file.
type fileCounts struct {
	Listed  int   `json:"listed"`
	Copied  int   `json:"copied"`
	Present int   `json:"present"`
	Skipped int   `json:"skipped"`
	Failed  int   `json:"failed"`
	Bytes   int64 `json:"bytes"`
}

type logFolder struct {
	Name        string `json:"name"`
	Destination string `json:"destination,omitempty"`
	Role        string `json:"role,omitempty"`
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
	fileCounts
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

// writeJSON writes one object; its lists are written while they are read.
func (s *Server) writeJSON(ctx context.Context, w *bufio.Writer, at logPlace) error {
	head, err := json.Marshal(logFile{
		Migration: at.m.Code, Row: at.row.Row, Pass: at.pass.Number,
		Source: at.row.Source.Auth.Login, Destination: at.row.Destination.Auth.Login,
		Status: string(at.run.Status), ErrorClass: at.run.ErrorClass, ErrorText: at.run.ErrorText, fileCounts: fileCounts(at.run.Tally),
	})
	if err != nil {
		return err
	}
	if _, err := w.Write(head[:len(head)-1]); err != nil { // it goes on
		return err
	}
	lists := []struct {
		name string
		each func(add func(any) error) error
	}{
		{"folders", func(add func(any) error) error {
			return s.eachFolder(ctx, at, func(f migration.FolderTally) error {
				return add(logFolder{f.Name, f.Destination, f.Role, string(f.State), string(f.Reason), fileCounts(f.Tally)})
			})
		}},
		{"exceptions", func(add func(any) error) error {
			return s.Store.EachException(ctx, at.m.CustomerID, at.run.ID, func(o migration.Outcome) error { return add(exceptionFile(o)) })
		}},
		{"entries", func(add func(any) error) error {
			return s.Store.EachEntry(ctx, at.m.CustomerID, at.run.ID, func(e migration.Entry) error {
				return add(logEntry{rfc3339(e.At), string(e.Level), e.Code, e.Args, e.ServerText})
			})
		}},
	}
	for _, list := range lists {
		if err := writeList(w, list.name, list.each); err != nil {
			return err
		}
	}
	_, err = w.WriteString("\n}\n")
	return err
}

func exceptionFile(o migration.Outcome) logException {
	return logException{
		Outcome: string(o.Kind), Reason: string(o.Reason), Folder: o.Folder, UID: o.UID, Count: o.Count, Date: rfc3339(o.Date),
		From: o.From, Subject: o.Subject, Size: o.Size, MessageID: o.MessageID, ServerText: o.ServerText,
	}
}

// writeList writes one more field of an object: a list, an item a line.
func writeList(w *bufio.Writer, name string, each func(add func(any) error) error) error {
	between := "\n"
	if _, err := fmt.Fprintf(w, ",\n%q: [", name); err != nil {
		return err
	}
	err := each(func(item any) error {
		octets, err := json.Marshal(item)
		if err != nil {
			return err
		}
		_, err = w.WriteString(between)
		between = ",\n"
		if err == nil {
			_, err = w.Write(octets)
		}
		return err
	})
	if err == nil {
		_, err = w.WriteString("]")
	}
	return err
}
