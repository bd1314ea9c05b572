package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// One process owns the folder, and a start right after its end succeeds (P-3).
func TestASecondOpenOfAFolderIsRefused(t *testing.T) {
	l := newLab(t)
	before := filepath.Join(l.TempDir(), "in-use")
	check(t, os.WriteFile(before, []byte("x"), fileMode))
	_, err := Open(t.Context(), l.dir, Options{})
	wantError(t, err, ErrLocked)
	if _, err := os.Stat(before); err != nil {
		t.Errorf("the refused open touched the folder: %v", err)
	}
	check(t, l.Close())
	check(t, must(Open(t.Context(), l.dir, Options{}))(t).Close())
}

func TestEverythingInTheFolderIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	check(t, os.Mkdir(dir, 0o755)) //nolint:gosec // the wide rights are the test
	l := openStore(t, dir)
	must(l.EnsureLocal(t.Context()))(t)
	seen := 0
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has rights %v", path, info.Mode().Perm())
		}
		seen++
		return nil
	}))
	if want := 8; seen != want { // the folder, lock, database, -wal, -shm, tmp, keys, the key
		t.Errorf("%d things in the folder, want %d", seen, want)
	}
}

func TestAFolderOfSomebodyElseIsLeftAlone(t *testing.T) {
	tests := []struct{ name, file string }{
		{"a file of another program", "letter.txt"},
		{"a tmp folder that no store made", "tmp/letter.txt"},
		{"a lock among other things", "lock/letter.txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			check(t, os.MkdirAll(filepath.Dir(path), folderMode))
			check(t, os.WriteFile(path, []byte("dear"), fileMode))
			if _, err := Open(t.Context(), dir, Options{}); err == nil {
				t.Error("the folder was taken")
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != "dear" {
				t.Errorf("file is %q, %v", got, err)
			}
		})
	}
}

func TestTemporaryFilesOfADeadProcessAreRemoved(t *testing.T) {
	l := newLab(t)
	left := filepath.Join(l.TempDir(), "spool", "message")
	check(t, os.Mkdir(filepath.Dir(left), folderMode))
	check(t, os.WriteFile(left, []byte("x"), fileMode))
	check(t, l.Close())
	s := openStore(t, l.dir)
	entries, err := os.ReadDir(s.TempDir())
	if err != nil || len(entries) != 0 {
		t.Errorf("tmp holds %v, %v", entries, err)
	}
}

func TestALinkInPlaceOfTmpIsRefused(t *testing.T) {
	l := newLab(t)
	check(t, l.Close())
	elsewhere := t.TempDir()
	check(t, os.WriteFile(filepath.Join(elsewhere, "letter"), []byte("dear"), fileMode))
	check(t, os.Remove(l.TempDir()))
	check(t, os.Symlink(elsewhere, l.TempDir()))
	_, err := Open(t.Context(), l.dir, Options{})
	wantError(t, err, ErrForeignFolder)
	if _, err := os.Stat(filepath.Join(elsewhere, "letter")); err != nil {
		t.Error(err)
	}
}

func TestTheNameOfTheFolderMayBeAnything(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `Posta d'Ufficio? 50% #1 & co.csv.state`)
	s := openStore(t, dir)
	must(s.EnsureLocal(t.Context()))(t)
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		t.Error(err)
	}
}

func TestBothPoolsHaveTheirPragmas(t *testing.T) {
	s := newLab(t)
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "secure_delete": "1",
		"busy_timeout": "5000", "temp_store": "2", "cache_size": "-16000",
	}
	for pragma, value := range want {
		for name, db := range map[string]querier{"writer": s.writer, "reader": s.readers} {
			got := must(queryOne(t.Context(), db, scanValue[string], "PRAGMA "+pragma))(t)
			if got != value {
				t.Errorf("%s: %s is %s, want %s", name, pragma, got, value)
			}
		}
	}
	if _, err := s.readers.ExecContext(t.Context(), `INSERT INTO kwset (list) VALUES ('x')`); err == nil {
		t.Error("a reader can write")
	}
}
