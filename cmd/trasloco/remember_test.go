package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// What is remembered is for its owner alone and holds no password, whatever
// happened; neither does anything that is shown.
func TestNoSecretIsRememberedOrShown(t *testing.T) {
	dest := destAccount(t, imaptest.AccountOptions{})
	m := newMoving(t, dest, sourceAccount(t, 3), sourceAccount(t, 3))
	shown := ""
	for _, fault := range []imaptest.Fault{
		{Command: "APPEND", Nth: 2, Reset: true, Lost: true},
		{Command: "LOGIN", Reply: "NO [AUTHENTICATIONFAILED] no"},
		{Command: "LOGIN", Bye: "go away"},
		{},
	} {
		dest.SetFaults(fault)
		a := m.call(t.Context(), "run")
		shown += a.out + a.errors
	}
	state := m.file + ".state"
	files := 0
	err := filepath.WalkDir(state, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", path, info.Mode())
		}
		if entry.IsDir() {
			return nil
		}
		files++
		content, err := os.ReadFile(path)
		shown += string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{sourcePassword, destPassword} {
		if strings.Contains(shown, word) {
			t.Errorf("%q is shown or remembered", word)
		}
	}
	if files < 5 || !strings.Contains(shown, "AUTHENTICATIONFAILED") {
		t.Errorf("looked at %d files only: the test looks in the wrong place", files)
	}
}

// The log says what O-1 asks for, by codes.
func TestLogOfARunIsLinesOfJSON(t *testing.T) {
	source := sourceAccount(t, 2)
	fill(source, "Spam", 1)
	source.Folder("INBOX").Add(imaptest.Message{Body: append(message(7), bytes.Repeat([]byte("x\r\n"), 100)...)})
	m := newMoving(t, destAccount(t, imaptest.AccountOptions{}), source)
	m.call(t.Context(), "run", "--max-size", "300")
	content, err := os.ReadFile(filepath.Join(m.file+".state", "log", "1-1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for line := range strings.Lines(string(content)) {
		var entry logLine
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339Nano, entry.At); err != nil || entry.Level == "" {
			t.Errorf("%q has no time or level", line)
		}
		codes[entry.Code]++
		if entry.Code == "exception" && entry.Args["reason"] == "oversize" && entry.Args["message_id"] != "<7@example.org>" {
			t.Errorf("the message cannot be known again: %q", line)
		}
	}
	for code, want := range map[string]int{"run_started": 1, "connected": 2, "exception": 2, "run_ended": 1} {
		if codes[code] != want {
			t.Errorf("%d entries %s, want %d: %v", codes[code], code, want, codes)
		}
	}
}

func TestSummarySaysWhatIsNotThereAndWhy(t *testing.T) {
	source := sourceAccount(t, 1)
	fill(source, "Spam", 2)
	for i := range 25 {
		source.Folder("INBOX").Add(imaptest.Message{Date: time.Date(2023, 1, 1+i, 0, 0, 0, 0, time.UTC), Body: append(message(i), bytes.Repeat([]byte("x\r\n"), 100)...)})
	}
	m := newMoving(t, destAccount(t, imaptest.AccountOptions{}), source)
	a := m.call(t.Context(), "run", "--max-size", "300")
	for _, want := range []string{
		"INBOX: 25 messages left out. The message is larger", "2023-01-01  Bruno <bruno@example.org>", "Number 19",
		"… and 5 more messages, see " + m.file + ".state/log/1-1.jsonl", "Spam: 2 messages left out. The folder is one of those",
		"Everything is there (1 message) but 27 messages left out by rule",
	} {
		if !strings.Contains(a.out, want) {
			t.Errorf("%q is missing in\n%s", want, a.out)
		}
	}
	if strings.Contains(a.out, "Number 20") || a.code != exitDone {
		t.Errorf("exit %d\n%s", a.code, a.out)
	}
	if !strings.Contains(a.errors, "row 1 new@x.it: done; listed 28, copied 1") {
		t.Errorf("stderr %q", a.errors)
	}
	if quiet := m.call(t.Context(), "run", "--quiet"); quiet.errors != "" {
		t.Errorf("quiet says %q", quiet.errors)
	}
}
