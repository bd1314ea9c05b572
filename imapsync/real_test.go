package imapsync_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
}

func (l *listener) Progress(string, migration.Tally) {}

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

func TestDovecotToRealServers(t *testing.T) {
	src := realserver.Dovecot(t, realserver.Options{})
	targets := []struct {
		name   string
		server *realserver.Server
		form   audit.Form
		take   func([]string) bool
	}{
		{"Dovecot with /", realserver.Dovecot(t, realserver.Options{}), audit.ByDovecot, mailgen.ForDovecot},
		{"Dovecot with Maildir++ and INBOX.", realserver.Dovecot(t, realserver.Options{Separator: ".", Prefix: "INBOX."}), audit.ByDovecot, mailgen.ForMaildir},
		{"Cyrus with /", realserver.Cyrus(t, realserver.Options{}), audit.ByCyrus, mailgen.ForCyrus},
		{"Cyrus with INBOX.", realserver.Cyrus(t, realserver.Options{Separator: "."}), audit.ByCyrus, mailgen.ForCyrus},
	}
	for i, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			user := []string{"anna", "bruno", "carla", "dario"}[i]
			box := mailgen.New(7, mailgen.Options{Messages: 300, Hostile: true, Take: target.take})
			if _, err := src.Load(user, box.Folders(), box.Messages()); err != nil {
				t.Fatal(err)
			}
			before, err := src.Snapshot(user)
			if err != nil {
				t.Fatal(err)
			}
			journal := newMemory()
			tally, l := mustSync(t, journal, job(src, target.server, user, 1))
			t.Logf("%+v", tally)
			for _, o := range l.left {
				t.Logf("%+v", o)
			}
			after, err := src.Snapshot(user)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range audit.Untouched(before, after) {
				t.Error(d)
			}
			got, err := target.server.Snapshot(user)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range audit.Compare(before, got, audit.Rules{Stored: target.form, Left: excludedFolder, OwnFolders: true}) {
				t.Log(d)
			}
			again, _ := mustSync(t, journal, job(src, target.server, user, 2))
			if again.Copied != 0 {
				t.Errorf("second pass copied %+v", again)
			}
		})
	}
}
