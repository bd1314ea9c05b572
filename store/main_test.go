package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trasloco/migration"
)

// TestMain is the program of the crash test too: see crash_test.go.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		os.Exit(writeForEver(dir))
	}
	goleak.VerifyTestMain(m)
}

var testNow = time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// newFolder returns a folder whose schema is up to date: that takes its time, and is
// the same for all.
func newFolder(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	check(t, os.Mkdir(dir, 0o700))
	for name, content := range must(unwritten())(t) {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		check(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir
}

// unwritten holds the files of a store that nothing was written to.
var unwritten = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := Open(background(), dir, Options{Now: func() time.Time { return testNow }})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	return files, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
})

// lab is a store with one local migration and resources a, b, … of it.
type lab struct {
	*Store
	dir       string
	migration int64
}

func newLab(t testing.TB) lab {
	t.Helper()
	dir := newFolder(t)
	s := openStore(t, dir)
	return lab{Store: s, dir: dir, migration: must(s.EnsureLocal(t.Context()))(t)}
}

// resource saves a resource from account source to mailbox dest.
func (l lab) resource(t testing.TB, source, dest string) migration.Resource {
	t.Helper()
	r := migration.Resource{Row: 1}
	r.Source.Host, r.Source.Port, r.Source.Auth.Login = "imap.old.example", 993, source
	r.Destination.Host, r.Destination.Auth.Login = "imap.new.example", dest
	check(t, l.SaveResource(t.Context(), LocalCustomer, l.migration, &r))
	return r
}

// journal returns the journal of a resource in pass 1.
func (l lab) journal(t testing.TB, source, dest string) *Journal {
	t.Helper()
	return l.Journal(LocalCustomer, l.resource(t, source, dest).ID, 1)
}

func savePair(t testing.TB, j *Journal, source, dest string) migration.FolderPair {
	t.Helper()
	p := migration.FolderPair{
		Source: source, UIDValidity: 7,
		Dest: migration.DestFolder{Name: dest, UIDValidity: 100, UIDNext: 10},
	}
	check(t, j.SavePair(t.Context(), &p))
	return p
}

func begin(t testing.TB, j *Journal, p migration.FolderPair, uids ...uint32) migration.Batch {
	t.Helper()
	b := migration.Batch{
		PairID: p.ID, DestID: p.Dest.ID, DestUIDValidity: p.Dest.UIDValidity, DestLow: p.Dest.UIDNext,
	}
	for _, uid := range uids {
		b.Items = append(b.Items, migration.BatchItem{UID: uid, Size: int64(uid) * 10})
	}
	check(t, j.Begin(t.Context(), &b))
	return b
}

// copied returns states of messages stored at destination UIDs from destUID up.
func copied(destUID uint32, uids ...uint32) []migration.MessageState {
	var states []migration.MessageState
	for i, uid := range uids {
		states = append(states, migration.MessageState{UID: uid, Kind: migration.Copied, DestUID: destUID + uint32(i)})
	}
	return states
}

// gone is copied of messages that are no longer at the source.
func gone(destUID uint32, uids ...uint32) []migration.MessageState {
	states := copied(destUID, uids...)
	for i := range states {
		states[i].Gone = true
	}
	return states
}

func messages(t testing.TB, j *Journal, pairID int64) []migration.MessageState {
	t.Helper()
	return must(j.Messages(t.Context(), pairID))(t)
}

func uids(states []migration.MessageState) []uint32 {
	var list []uint32
	for _, s := range states {
		list = append(list, s.UID)
	}
	return list
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// must is for calls that return a value and an error: must(f())(t).
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return value
	}
}

func background() context.Context { return context.Background() }
