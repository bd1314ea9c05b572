package main_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	lostTime = time.Second // what a power cut takes of the database
	between  = 150 * time.Millisecond
)

// TestPowerCutAtAnyMoment is kill -9 as in TestKilledAtAnyMoment, and then the
// database is what it was a second before (I-5).
func TestPowerCutAtAnyMoment(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("only Linux tells when a process stands still")
	}
	strikeAtAnyMoment(t, killSeed(t)+1000, (*killed).cutPower)
}

// copied is the database as it was at one time.
type copied struct {
	folder string
	at     time.Time
}

const comesBack = 3 * time.Second

// cutPower starts the copy, kills it after a while, and sets its database back.
func (k *killed) cutPower(after time.Duration) {
	k.t.Helper()
	var copies []copied
	p, end := k.start(), time.After(after)
	for over := false; !over; {
		select {
		case <-end:
			over = true
		case <-time.After(between):
			copies = append(copies, k.copyWhileStill(p)...)
		}
	}
	k.end(p)
	now := time.Now()
	c := k.choose(copies, now.Add(-lostTime))
	if c == nil { // nothing was appended yet
		return
	}
	if err := copyDatabase(c.folder, k.state()); err != nil {
		k.t.Fatal(err)
	}
	k.back = now.Sub(c.at)
	select { // a machine takes longer to come back than the lines to deliver what they hold
	case <-time.After(comesBack):
	case <-k.t.Context().Done():
	}
}

// copyWhileStill stops the process, as nothing but a copy of all files at one
// moment is what a disk may hold, and lets it go on. After the end of the process
// there is no copy any more.
func (k *killed) copyWhileStill(p *process) []copied {
	k.t.Helper()
	p.signal(syscall.SIGSTOP)
	defer p.signal(syscall.SIGCONT)
	if !standsStill(p.cmd.Process.Pid) {
		return nil
	}
	c := copied{k.t.TempDir(), time.Now()}
	if err := copyDatabase(k.state(), c.folder); err != nil {
		k.t.Fatal(err)
	}
	return []copied{c}
}

// standsStill waits until all threads of a process are stopped. It reports false
// if the process ends instead.
func standsStill(pid int) bool {
	for {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		still := 0
		for _, stat := range stats {
			switch content, err := os.ReadFile(stat); {
			case err == nil && strings.Contains(string(content), ") T "):
				still++
			case err == nil && strings.Contains(string(content), ") Z "):
				return false
			}
		}
		if still == len(stats) {
			return still > 0
		}
		time.Sleep(time.Millisecond)
	}
}

// database is the file; beside it lies its log. The third file is nothing to
// those who open it after a crash.
func database(folder string) string { return filepath.Join(folder, "trasloco.db") }

// copyDatabase puts a database, as its files are, in the place of another one.
func copyDatabase(from, to string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(database(to) + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, end := range []string{"", "-wal"} {
		content, err := os.ReadFile(database(from) + end)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(database(to)+end, content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// choose returns the newest copy of before that a disk may hold, else the next
// one: the program waits for the disk when it takes away the mark of a clean
// stop, and appends nothing before.
func (k *killed) choose(copies []copied, before time.Time) *copied {
	k.t.Helper()
	at := slices.IndexFunc(copies, func(c copied) bool { return c.at.After(before) })
	if at < 0 {
		at = len(copies)
	}
	for i := max(at-1, 0); i < len(copies); i++ {
		clean, err := isClean(k.t.Context(), copies[i], k.t.TempDir())
		if err != nil {
			k.t.Fatal(err)
		}
		if !clean {
			return &copies[i]
		}
	}
	return nil
}

// isClean looks for the mark in a copy of the copy, in a folder for it, since to
// open it changes it.
func isClean(ctx context.Context, c copied, folder string) (bool, error) {
	if err := copyDatabase(c.folder, folder); err != nil {
		return false, err
	}
	db, err := sql.Open("sqlite", database(folder))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var tables, unclean int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'resource'`).Scan(&tables)
	if err != nil || tables == 0 {
		return true, err
	}
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM resource WHERE NOT clean`).Scan(&unclean)
	return unclean == 0, err
}
