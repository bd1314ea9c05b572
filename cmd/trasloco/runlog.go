package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"trasloco/migration"
)

// runLog is the log of a run as a file of JSON lines, for people with grep and
// for programs (O-1). A run that goes on adds to it.
type runLog struct{ file *os.File }

func logName(row, pass int) string { return fmt.Sprintf("%d-%d.jsonl", row, pass) }

func openRunLog(name string) (*runLog, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("folder of logs: %w", err)
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of the run: %w", err)
	}
	return &runLog{file}, nil
}

// logLine is a line of the file. Codes and facts, no sentences: the sentences
// depend on who reads them.
type logLine struct {
	At         string         `json:"at"`
	Level      string         `json:"level"`
	Code       string         `json:"code"`
	Args       migration.Args `json:"args,omitempty"`
	ServerText string         `json:"server_text,omitempty"`
}

// write adds entries, and a line for each exception, in one go.
func (l *runLog) write(entries []migration.Entry, outcomes []migration.Outcome, now time.Time) error {
	for _, o := range outcomes {
		entries = append(entries, exceptionEntry(o, now))
	}
	if len(entries) == 0 {
		return nil
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, e := range entries {
		line := logLine{e.At.UTC().Format(time.RFC3339Nano), string(e.Level), e.Code, e.Args, e.ServerText}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("log entry %s: %w", e.Code, err)
		}
	}
	if _, err := l.file.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("log of the run: %w", err)
	}
	return nil
}

func (l *runLog) close() error { return l.file.Close() }

// exceptionEntry says all that lets a person know the message again.
func exceptionEntry(o migration.Outcome, at time.Time) migration.Entry {
	e := migration.Entry{At: at, Level: migration.Info, Code: "exception", ServerText: o.ServerText, Args: migration.Args{
		"outcome": string(o.Kind), "reason": string(o.Reason), "folder": o.Folder, "uid": o.UID, "count": o.Count,
	}}
	if o.Kind == migration.Failed {
		e.Level = migration.Failure
	}
	if o.UID != 0 {
		e.Args["message_id"], e.Args["from"], e.Args["subject"] = o.MessageID, o.From, o.Subject
		e.Args["date"], e.Args["size"] = rfc3339(o.Date), o.Size
	}
	return e
}

// rfc3339 writes an instant; a zero one is empty.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
