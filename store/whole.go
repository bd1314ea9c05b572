package store

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// The lock file says which batch was begun last, in which boot of the machine,
// and whether an earlier one is in doubt. It is written beside the database and
// without waiting for the disk: a killed process leaves both as they were, and
// after a power cut, or with a database that was set back, the two differ (I-5).
const lastWords = "%-20d %-40s %-5t\n"

type lastBatch struct {
	begun int64
	boot  string
	doubt bool
}

func (s *Store) readLastBatch() (last lastBatch) {
	var octets [80]byte
	n, _ := s.lock.ReadAt(octets[:], 0) // a file that was never written says nothing
	if _, err := fmt.Sscanf(string(octets[:n]), "%d %s %t", &last.begun, &last.boot, &last.doubt); err != nil {
		return lastBatch{doubt: n > 0}
	}
	return last
}

func (s *Store) writeLastBatch() error {
	_, err := fmt.Fprintf(writerAt{s.lock}, lastWords, s.last.begun, s.last.boot, s.last.doubt)
	return err
}

// writerAt writes from the beginning of a file.
type writerAt struct{ *os.File }

func (w writerAt) Write(p []byte) (int, error) { return w.WriteAt(p, 0) }

// learnWhole finds out whether the database holds every batch that was ever
// begun. A doubt stays until no resource is left that it may be about.
func (s *Store) learnWhole(ctx context.Context) error {
	begun, err := queryOne(ctx, s.readers, scanValue[int64], `SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'inflight'`)
	if err != nil {
		return fmt.Errorf("last batch: %w", err)
	}
	unclean, err := queryOne(ctx, s.readers, scanValue[int64], `SELECT COUNT(*) FROM resource WHERE clean = 0`)
	if err != nil {
		return fmt.Errorf("resources that did not stop in order: %w", err)
	}
	last, boot := s.readLastBatch(), bootID()
	lost := last.doubt || boot == "" || last.boot != boot || last.begun > begun
	s.last = lastBatch{begun: begun, boot: boot, doubt: lost && unclean > 0}
	if s.last.boot == "" {
		s.last.boot = "-"
	}
	return s.writeLastBatch()
}

// noteBegun notes that a batch was begun.
func (s *Store) noteBegun(id int64) error {
	s.lastMu.Lock()
	defer s.lastMu.Unlock()
	if id <= s.last.begun {
		return nil
	}
	s.last.begun = id
	return s.writeLastBatch()
}

// bootID names the time since the machine was started; empty: it has no name.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// Whole reports whether everything is there that was begun before the last stop:
// neither has the machine gone down since, nor was the database set back. Where
// nobody can tell it is not.
func (j *Journal) Whole(context.Context) (bool, error) {
	j.store.lastMu.Lock()
	defer j.store.lastMu.Unlock()
	return !j.store.last.doubt, nil
}
