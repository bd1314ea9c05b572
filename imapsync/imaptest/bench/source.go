package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/realserver"
)

// source is a set's mail at the source server.
type source struct {
	set    set
	server *realserver.Server
	marker string // a file that says that all of the set is there
	mail   string // folder of the mailboxes

	uidNext map[string]uint32         // of each folder before more mail came
	base    map[string]audit.Snapshot // by user; nil if nothing is compared
	more    map[string]audit.Snapshot // the same after it came
}

// openSource makes sure that a set's mail lies at the source, and is what it
// was at first: a run that was broken off may have left more.
func openSource(s set, r *rig, verify bool, progress func(string, ...any)) (*source, error) {
	mail := filepath.Join(r.folder, "source")
	src := &source{set: s, server: r.source, mail: mail, marker: filepath.Join(mail, "set-"+s.name)}
	stamp, _ := os.ReadFile(src.marker) // a set that is not there is loaded
	held, err := 0, error(nil)
	if string(stamp) == s.stamp() {
		held, err = src.look()
	}
	if err == nil && held != s.total() {
		progress("set %s: %d messages for %d accounts are made", s.name, s.total(), s.accounts)
		err = src.load()
	}
	if err == nil && verify {
		src.base, err = src.snapshots()
	}
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", s.name, err)
	}
	return src, nil
}

// load fills the accounts anew.
func (s *source) load() error {
	if err := os.RemoveAll(s.marker); err != nil {
		return fmt.Errorf("forget the old mail: %w", err)
	}
	if err := removeMail(s.mail, s.set.users()); err != nil {
		return err
	}
	for i, user := range s.set.users() {
		loaded, err := s.server.Load(user, s.set.folders, s.set.base(i))
		if err != nil {
			return fmt.Errorf("load %s: %w", user, err)
		}
		if len(loaded.Refused) > 0 {
			return fmt.Errorf("load %s: %s", user, loaded.Refused[0].Text)
		}
	}
	held, err := s.look()
	if err == nil && held != s.set.total() {
		err = fmt.Errorf("%d messages arrived, want %d", held, s.set.total())
	}
	if err != nil {
		return err
	}
	return os.WriteFile(s.marker, []byte(s.set.stamp()), 0o644)
}

// look counts what is there, and notes where more mail would begin.
func (s *source) look() (int, error) {
	total := 0
	s.uidNext = map[string]uint32{}
	err := s.eachFolder(func(_ *audit.Client, key string, _ []string, state audit.State) error {
		s.uidNext[key] = state.UIDNext
		total += int(state.Exists)
		return nil
	})
	return total, err
}

// eachFolder opens every folder of every user for reading.
func (s *source) eachFolder(do func(client *audit.Client, key string, path []string, state audit.State) error) error {
	for _, user := range s.set.users() {
		client, err := s.server.Connect(user)
		if err != nil {
			return err
		}
		for _, path := range s.set.folders {
			state, err := client.Examine(path)
			if err == nil {
				err = do(client, user+"\x00"+strings.Join(path, "\x00"), path, state)
			}
			if err != nil {
				return errors.Join(fmt.Errorf("folder %q of %s: %w", path, user, err), client.Close())
			}
		}
		if err := client.Close(); err != nil {
			return fmt.Errorf("leave the source: %w", err)
		}
	}
	return nil
}

// snapshots reads all of the set.
func (s *source) snapshots() (map[string]audit.Snapshot, error) {
	all := map[string]audit.Snapshot{}
	for _, user := range s.set.users() {
		var err error
		if all[user], err = s.server.Snapshot(user); err != nil {
			return nil, fmt.Errorf("read the source of %s: %w", user, err)
		}
	}
	return all, nil
}

// grow adds the mail that comes later.
func (s *source) grow() error {
	for i, user := range s.set.users() {
		if err := s.server.Append(user, slices.Collect(s.set.more(i))...); err != nil {
			return fmt.Errorf("more mail for %s: %w", user, err)
		}
	}
	if s.base == nil || s.more != nil {
		return nil
	}
	var err error
	s.more, err = s.snapshots()
	return err
}

// shrink takes the mail that came later away again.
func (s *source) shrink() error {
	err := s.eachFolder(func(client *audit.Client, key string, path []string, state audit.State) error {
		from := s.uidNext[key]
		s.uidNext[key] = state.UIDNext
		if state.UIDNext <= from {
			return nil
		}
		if _, err := client.Select(path); err != nil {
			return err
		}
		var uids []uint32
		for uid := from; uid < state.UIDNext; uid++ {
			uids = append(uids, uid)
		}
		return client.Expunge(uids...)
	})
	if err != nil {
		return fmt.Errorf("take the later mail away: %w", err)
	}
	return nil
}
