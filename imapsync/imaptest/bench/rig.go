package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/realserver"
)

// rig is the two servers, and what stands before them.
type rig struct {
	folder              string
	source, destination *realserver.Server
	bare                *filter // the destination without LITERAL+; nil with it
	plainMail           *filter // the destination without mbsync's header line
}

// startRig starts two Dovecots with their mail in folder. The destination makes
// sure of what it stores as real servers do; the source, which is only read
// while the time is taken, does not, so that it is filled quickly.
func startRig(folder string, bare bool) (*rig, error) {
	r := &rig{folder: folder}
	var err error
	r.source, err = realserver.StartDovecot(realserver.Options{Mail: filepath.Join(folder, "source")})
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	r.destination, err = realserver.StartDovecot(realserver.Options{Mail: r.destinationMail(), Fsync: "optimized"})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("destination: %w", err), r.stop())
	}
	if r.plainMail, err = startFilter(r.destination.Address(), withoutTUID); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	if bare {
		if r.bare, err = startFilter(r.destination.Address(), withoutExtensions); err != nil {
			return nil, errors.Join(err, r.stop())
		}
	}
	return r, nil
}

func (r *rig) stop() error {
	for _, f := range []*filter{r.bare, r.plainMail} {
		if f != nil {
			f.Close()
		}
	}
	err := r.source.Stop()
	if r.destination != nil {
		err = errors.Join(err, r.destination.Stop())
	}
	return err
}

func (r *rig) destinationMail() string { return filepath.Join(r.folder, "destination") }

// route is where a peer finds the servers.
type route struct {
	source, destination string // host:port
	close               func()
}

// route puts half a round trip before each direction of both servers.
func (r *rig) route(ctx context.Context, rtt time.Duration) (route, error) {
	way := route{source: r.source.Address(), destination: r.destination.Address(), close: func() {}}
	if r.bare != nil {
		way.destination = r.bare.address()
	}
	if rtt == 0 {
		return way, nil
	}
	delay := imaptest.ProxyOptions{Delay: rtt / 2}
	source, err := imaptest.StartProxy(ctx, way.source, delay)
	if err != nil {
		return route{}, fmt.Errorf("delay the source: %w", err)
	}
	destination, err := imaptest.StartProxy(ctx, way.destination, delay)
	if err != nil {
		source.Close()
		return route{}, fmt.Errorf("delay the destination: %w", err)
	}
	return route{source.Addr(), destination.Addr(), func() { source.Close(); destination.Close() }}, nil
}

// empty removes the mailboxes of some users from the destination.
func (r *rig) empty(users []string) error { return removeMail(r.destinationMail(), users) }

// removeMail tries for a while: a server process that just lost its client may
// still write.
func removeMail(folder string, users []string) error {
	for _, user := range users {
		var err error
		for range 50 {
			if err = os.RemoveAll(filepath.Join(folder, user)); err == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil {
			return fmt.Errorf("empty the mailbox of %s: %w", user, err)
		}
	}
	return nil
}

// count returns how many messages the destination holds for some users: its
// files, whatever any server says of them.
func (r *rig) count(users []string) (int, error) {
	total := 0
	for _, user := range users {
		err := filepath.WalkDir(filepath.Join(r.destinationMail(), user), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if in := filepath.Base(filepath.Dir(path)); in == "cur" || in == "new" {
				total++
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("count the mail of %s: %w", user, err)
		}
	}
	return total, nil
}

// settle waits until what was written lies on the disk, so that no peer pays
// for the one before it.
func settle() {
	time.Sleep(200 * time.Millisecond) // the servers' processes end after their clients
	syscall.Sync()
}

// copyOf reads a user's mailbox at the destination. With strip it is without
// what mbsync adds to it.
func (r *rig) copyOf(user string, strip bool) (audit.Snapshot, error) {
	if !strip {
		return r.destination.Snapshot(user)
	}
	client, err := audit.Dial(r.plainMail.address())
	if err != nil {
		return audit.Snapshot{}, fmt.Errorf("connect to the destination: %w", err)
	}
	defer func() { _ = client.Close() }()
	if err := client.Login(user, r.destination.Password); err != nil {
		return audit.Snapshot{}, err
	}
	return audit.Mailbox(client)
}

// verdict compares the copies of some users and says how many differences of
// which kind there are, or "exact".
func (r *rig) verdict(users []string, want map[string]audit.Snapshot, strip bool) (string, error) {
	counts := map[audit.Kind]int{}
	for _, user := range users {
		got, err := r.copyOf(user, strip)
		if err != nil {
			return "", fmt.Errorf("read the copy of %s: %w", user, err)
		}
		for _, difference := range audit.Compare(want[user], got, audit.Rules{Stored: audit.ByDovecot}) {
			counts[difference.Kind]++
		}
	}
	var found []string
	for _, kind := range []audit.Kind{
		audit.Missing, audit.Doubled, audit.Extra, audit.Altered, audit.FlagsDiffer, audit.KeywordDiffer,
		audit.DateDiffers, audit.FolderMissing, audit.FolderExtra,
	} {
		if counts[kind] > 0 {
			found = append(found, fmt.Sprintf("%s %d", kind, counts[kind]))
		}
	}
	if found == nil {
		return exact, nil
	}
	return strings.Join(found, ", "), nil
}

// exact is the verdict on a copy without a fault.
const exact = "exact"
