package store

import (
	"os"
	"path/filepath"
	"testing"

	"trasloco/migration"
)

// TestWhole tells a killed process from a database that was set back, and keeps a
// doubt until no resource is left that it may be about (I-5).
func TestWhole(t *testing.T) {
	if bootID() == "" {
		t.Skip("this machine does not say when it was started")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, databaseName)
	s := must(Open(t.Context(), dir, Options{}))(t)
	id := must(s.EnsureLocal(t.Context()))(t)
	r := migration.Resource{Row: 1, Source: migration.Endpoint{Host: "a"}, Destination: migration.Endpoint{Host: "b"}}
	fatal(t, s.SaveResource(t.Context(), LocalCustomer, id, &r))
	begin := func(s *Store, batches int) {
		j := s.Journal(LocalCustomer, r.ID, 1)
		fatal(t, j.SetClean(t.Context(), false))
		p := migration.FolderPair{Source: "INBOX", Dest: migration.DestFolder{Name: "INBOX"}}
		fatal(t, j.SavePair(t.Context(), &p))
		for range batches {
			fatal(t, j.Begin(t.Context(), &migration.Batch{PairID: p.ID, DestID: p.Dest.ID}))
		}
	}
	whole := func(want bool, what string) *Store {
		t.Helper()
		s := must(Open(t.Context(), dir, Options{}))(t)
		if got := must(s.Journal(LocalCustomer, r.ID, 1).Whole(t.Context()))(t); got != want {
			t.Errorf("%s: whole %t", what, got)
		}
		return s
	}
	begin(s, 70) // more than seven, or 0 and 8 would not tell octal numbers
	fatal(t, s.Close())
	before := must(os.ReadFile(path))(t)
	s = whole(true, "after a stop")
	begin(s, 10)
	fatal(t, s.Close())
	s = whole(true, "after another")
	fatal(t, s.Close())
	fatal(t, os.WriteFile(path, before, fileMode))
	s = whole(false, "set back")
	fatal(t, s.Close())
	s = whole(false, "and opened again")
	fatal(t, s.Journal(LocalCustomer, r.ID, 1).SetClean(t.Context(), true))
	fatal(t, s.Close())
	s = whole(true, "when nothing is in doubt any more")
	begin(s, 1)
	fatal(t, s.Close())
	fatal(t, os.WriteFile(filepath.Join(dir, lockName), []byte("80 another-boot false\n"), fileMode))
	s = whole(false, "after the machine was started anew")
	fatal(t, s.Close())
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
