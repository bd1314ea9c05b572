package imapsync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
)

// listener keeps what a run reports.
type listener struct {
	t *testing.T
	sync.Mutex
	left    []migration.Outcome
	entries []migration.Entry
	folders []migration.FolderTally
}

func (l *listener) Progress(string, migration.Tally) {}

func (l *listener) Folder(f migration.FolderTally) {
	l.Lock()
	defer l.Unlock()
	l.folders = append(l.folders, f)
}

func (l *listener) Message(o migration.Outcome) {
	l.Lock()
	defer l.Unlock()
	l.left = append(l.left, o)
}

func (l *listener) Entry(e migration.Entry) {
	l.Lock()
	defer l.Unlock()
	l.entries = append(l.entries, e)
	if e.Level != migration.Info {
		l.t.Logf("%s %v %s", e.Code, e.Args, e.ServerText)
	}
}

func (l *listener) failed() []migration.Outcome {
	l.Lock()
	defer l.Unlock()
	return slices.DeleteFunc(slices.Clone(l.left), func(o migration.Outcome) bool { return o.Kind != migration.Failed })
}

func endpoint(s *realserver.Server, user string) migration.Endpoint {
	return migration.Endpoint{
		Host: s.Host, Port: s.TLSPort, TLS: migration.TLSDirect, CA: s.CA, TLSName: s.TLSName,
		Auth: migration.Auth{Kind: migration.AuthPassword, Login: user, Password: migration.NewSecret(s.PasswordOf(user))},
	}
}

func engine(t *testing.T) *imapsync.Engine {
	patience := imapsync.DefaultPatience()
	patience.Backoff, patience.LateCommit = 10*time.Millisecond, 300*time.Millisecond
	return imapsync.New(imapsync.Options{TempDir: t.TempDir(), AllowPrivate: true, Patience: patience})
}

func job(src, dst *realserver.Server, user string, pass int) imapsync.Job {
	return imapsync.Job{
		Resource: migration.Resource{Row: 1, Source: endpoint(src, user), Destination: endpoint(dst, user)},
		Type:     migration.Standard, Pass: pass, Rules: imapsync.DefaultRules(migration.Standard), MaxSize: 50 << 20,
	}
}

func excludedFolder(path []string) bool {
	return slices.ContainsFunc([]string{"Trash", "Cestino", "Spam", "Posta indesiderata", "Junk Email", "Junk"}, func(n string) bool {
		return strings.EqualFold(path[0], n)
	})
}

func mustSync(t *testing.T, journal imapsync.Journal, j imapsync.Job) (migration.Tally, *listener) {
	t.Helper()
	l := &listener{t: t}
	tally, err := engine(t).Sync(context.Background(), j, journal, l)
	if err != nil {
		t.Fatalf("sync: %v (%+v)", err, tally)
	}
	return tally, l
}

func nfc(path []string) []string {
	mapped := make([]string, len(path))
	for i, part := range path {
		mapped[i] = norm.NFC.String(part) // F-6
	}
	return mapped
}

func snapshot(t *testing.T, s *realserver.Server, user string) audit.Snapshot {
	t.Helper()
	got, err := s.Snapshot(user)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// checkCopy compares mailboxes. What is missing must be among the failures, and
// the other way round.
func checkCopy(t *testing.T, want, got audit.Snapshot, form audit.Form, failed []migration.Outcome) {
	t.Helper()
	named := map[string]bool{}
	for _, o := range failed {
		if o.ServerText == "" {
			t.Errorf("failed without the server's words: %+v", o)
		}
		named[fmt.Sprintf("%s/%d", o.Folder, o.UID)] = true
	}
	missing := 0
	rules := audit.Rules{Stored: form, Left: excludedFolder, Name: nfc, OwnFolders: true}
	for _, d := range audit.Compare(want, got, rules) {
		if d.Kind == audit.Missing && named[fmt.Sprintf("%s/%d", strings.Join(d.Folder, "/"), d.UID)] {
			missing++
			continue
		}
		t.Error(d)
	}
	if missing != len(failed) {
		t.Errorf("%d messages are missing and %d were reported", missing, len(failed))
	}
}

func TestDovecotToRealServers(t *testing.T) {
	src := realserver.Dovecot(t, realserver.Options{})
	targets := []struct {
		name, user string
		server     *realserver.Server
		form       audit.Form
		take       func([]string) bool
		refuses    bool
	}{
		{"Dovecot with /", "anna", realserver.Dovecot(t, realserver.Options{}), audit.ByDovecot, mailgen.ForDovecot, false},
		{"Dovecot with INBOX.", "bruno", realserver.Dovecot(t, realserver.Options{Separator: ".", Prefix: "INBOX."}), audit.ByDovecot, mailgen.ForMaildir, false},
		{"Cyrus with /", "carla", realserver.Cyrus(t, realserver.Options{}), audit.ByCyrus, mailgen.ForCyrus, true},
		{"Cyrus with INBOX.", "dario", realserver.Cyrus(t, realserver.Options{Separator: "."}), audit.ByCyrus, mailgen.ForCyrus, true},
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			box := mailgen.New(7, mailgen.Options{Messages: 120, Hostile: true, Take: target.take})
			if _, err := src.Load(target.user, box.Folders(), box.Messages()); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, src, target.user)
			journal := newMemory()
			tally, l := mustSync(t, journal, job(src, target.server, target.user, 1))
			if !tally.Balanced() || tally.Listed != box.Count() || (tally.Failed > 0) != target.refuses {
				t.Errorf("pass 1: %+v of %d messages", tally, box.Count())
			}
			for _, d := range audit.Untouched(before, snapshot(t, src, target.user)) {
				t.Error(d)
			}
			checkCopy(t, before, snapshot(t, target.server, target.user), target.form, l.failed())

			second, _ := mustSync(t, journal, job(src, target.server, target.user, 2))
			if second.Copied != 0 || second.Present != tally.Copied || second.Failed != tally.Failed {
				t.Errorf("pass 2: %+v after %+v", second, tally)
			}
			later := mailgen.New(7, mailgen.Options{First: 120, Messages: 20, Take: target.take})
			if _, err := src.Load(target.user, nil, later.Messages()); err != nil {
				t.Fatal(err)
			}
			third, l := mustSync(t, journal, job(src, target.server, target.user, 3))
			if excluded := third.Skipped - tally.Skipped; third.Copied != 20-excluded {
				t.Errorf("pass 3 with 20 new messages, %d of them in folders that are left out: %+v", excluded, third)
			}
			checkCopy(t, snapshot(t, src, target.user), snapshot(t, target.server, target.user), target.form, l.failed())
		})
	}
}

// A Cyrus as the source, by both delimiters: all is copied, and nothing there changes.
func TestCyrusToDovecot(t *testing.T) {
	dst := realserver.Dovecot(t, realserver.Options{})
	for user, options := range map[string]realserver.Options{"anna": {}, "bruno": {Separator: "."}} {
		src := realserver.Cyrus(t, options)
		box := mailgen.New(7, mailgen.Options{Messages: 60, Hostile: true, Take: mailgen.ForCyrus})
		loaded, err := src.Load(user, append(box.Folders(), []string{"Lavoro", "2026"}), box.Messages())
		if err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, src, user)
		journal := newMemory()
		tally, l := mustSync(t, journal, job(src, dst, user, 1))
		if !tally.Balanced() || tally.Listed != loaded.Sent.Count() || tally.Failed > 0 {
			t.Errorf("%s, pass 1: %+v of %d messages", user, tally, loaded.Sent.Count())
		}
		for _, d := range audit.Untouched(before, snapshot(t, src, user)) {
			t.Error(d)
		}
		got := snapshot(t, dst, user)
		checkCopy(t, before, got, audit.ByDovecot, l.failed())
		if got.Folder("Lavoro", "2026") == nil {
			t.Errorf("%s: Lavoro/2026 is not below Lavoro", user)
		}
		if second, _ := mustSync(t, journal, job(src, dst, user, 2)); second.Copied != 0 || second.Present != tally.Copied {
			t.Errorf("%s, pass 2: %+v after %+v", user, second, tally)
		}
	}
}
