package imapsync_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
)

// A Courier with its tree below "INBOX.": all is copied, and the source stays as
// it was, down to the files of its maildir. A dot is a level there, whatever was meant.
func TestCourierToDovecot(t *testing.T) {
	src := realserver.Courier(t, realserver.Options{})
	dst := realserver.Dovecot(t, realserver.Options{})
	box := mailgen.New(7, mailgen.Options{Messages: 60, Hostile: true, Take: mailgen.ForCourier})
	loaded, err := src.Load("anna", append(box.Folders(), []string{"Versione 1", "2"}), box.Messages())
	if err != nil {
		t.Fatal(err)
	}
	before, files := snapshot(t, src, "anna"), filesOf(t, src, "anna")
	journal := newMemory()
	tally, _ := mustSync(t, journal, job(src, dst, "anna", 1))
	if !tally.Balanced() || tally.Listed != loaded.Sent.Count() || tally.Failed > 0 {
		t.Errorf("pass 1: %+v of %d messages", tally, loaded.Sent.Count())
	}
	for _, d := range audit.Untouched(before, snapshot(t, src, "anna")) {
		t.Error(d)
	}
	if now := filesOf(t, src, "anna"); !slices.Equal(now, files) {
		t.Errorf("the files were\n%q, are\n%q", files, now)
	}
	check := func(want audit.Snapshot) audit.Snapshot {
		got := snapshot(t, dst, "anna")
		left := func(path []string) bool { return path[0] != "Junk" && excludedFolder(path) } // no attribute marks it
		for _, d := range audit.Compare(want, got, audit.Rules{Stored: audit.ByDovecot, Left: left, Name: nfc, OwnFolders: true}) {
			t.Error(d)
		}
		return got
	}
	if got := check(before); got.Folder("Versione 1", "2") == nil {
		t.Error("Versione 1.2 is not below Versione 1")
	}

	later := mailgen.New(7, mailgen.Options{First: 60, Messages: 20, Take: mailgen.ForCourier})
	if _, err := src.Load("anna", nil, later.Messages()); err != nil {
		t.Fatal(err)
	}
	second, _ := mustSync(t, journal, job(src, dst, "anna", 2))
	if excluded := second.Skipped - tally.Skipped; second.Copied != 20-excluded || second.Present != tally.Copied {
		t.Errorf("pass 2 with 20 new messages, %d of them in folders that are left out: %+v", excluded, second)
	}
	check(snapshot(t, src, "anna"))
}

// filesOf are the names of all messages in a maildir, which hold their flags, and those
// of folders.
func filesOf(t *testing.T, server *realserver.Server, user string) []string {
	t.Helper()
	root := filepath.Join(server.MailFolder, user, "Maildir")
	var names []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, root)
		if folder := filepath.Base(filepath.Dir(path)); err == nil && (entry.IsDir() || folder == "cur" || folder == "new") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// The mailbox of somebody who had POP3 alone: Courier numbers it anew at each EXAMINE.
// Its mail is copied once all the same (I-2, I-12).
func TestCourierMailboxOfPOP3(t *testing.T) {
	src := realserver.Courier(t, realserver.Options{})
	dst := realserver.Dovecot(t, realserver.Options{})
	client, err := src.Connect("anna") // which makes the maildir
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	mail := filepath.Join(src.MailFolder, "anna", "Maildir")
	deliver := func(names ...string) {
		for _, name := range names {
			text := fmt.Sprintf("Subject: %s\n\nhello\n", name)
			if err := os.WriteFile(filepath.Join(mail, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	deliver("new/1400000000.M1.host", "new/1400000001.M1.host", "cur/1400000002.M1.host:2,S")
	journal := newMemory()
	if tally, _ := mustSync(t, journal, job(src, dst, "anna", 1)); tally.Copied != 3 || tally.Listed != 3 {
		t.Errorf("pass 1: %+v", tally)
	}
	deliver("new/1400000003.M1.host")
	if tally, _ := mustSync(t, journal, job(src, dst, "anna", 2)); tally.Copied != 1 || tally.Present != 3 {
		t.Errorf("pass 2: %+v", tally)
	}
	seen := map[bool]int{}
	for _, m := range snapshot(t, dst, "anna").Folder("INBOX").Messages {
		seen[slices.Contains(m.Flags, `\Seen`)]++
	}
	if !maps.Equal(seen, map[bool]int{true: 1, false: 3}) {
		t.Errorf("%d messages are seen and %d are not", seen[true], seen[false])
	}
}

// Courier hangs up on a connection too many, whoever's it is (X-6, C-1): who is refused
// waits for its turn, and all is copied.
func TestCourierBearsTwoConnections(t *testing.T) {
	src := realserver.Courier(t, realserver.Options{MaxUserIPConnections: 2})
	dst := realserver.Dovecot(t, realserver.Options{})
	users := []string{"anna", "bruno", "carla", "dario", "elena"}
	for _, user := range users {
		if _, err := src.Load(user, nil, mailgen.New(3, mailgen.Options{Messages: 5, Take: mailgen.ForCourier}).Messages()); err != nil {
			t.Fatal(err)
		}
	}
	e := engine(t)
	t.Run("together", func(t *testing.T) {
		for _, user := range users {
			t.Run(user, func(t *testing.T) {
				t.Parallel()
				l := &listener{t: t}
				j := job(src, dst, user, 1)
				j.Resource.Source.Port, j.Resource.Source.TLS = src.Port, migration.TLSNone
				tally, err := e.Sync(t.Context(), j, newMemory(), l)
				if err != nil || tally.Failed > 0 || tally.Copied+tally.Skipped != 5 {
					t.Errorf("%+v, %v", tally, err)
				}
			})
		}
	})
}

// Courier takes PLAIN with an authorization identity, passes over it and opens the
// mailbox of who logs in, who is nobody's master: all accounts would get his mail.
func TestCourierHasNoMasterUser(t *testing.T) {
	src := realserver.Courier(t, realserver.Options{Accounts: map[string]string{"postmaster": "chef"}})
	for _, text := range []string{"", "authzid"} {
		form, err := migration.ParseMasterForm(text)
		if err != nil && text != "" {
			t.Fatal(err)
		}
		ep := endpoint(src, "anna")
		ep.Auth = migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: "postmaster", Password: migration.NewSecret("chef"), Form: form}
		_, err = engine(t).CheckSource(t.Context(), imapsync.Job{
			Resource: migration.Resource{Source: ep}, Rules: imapsync.DefaultRules(migration.Standard),
		})
		var known *imapsync.Error
		if !errors.As(err, &known) || strings.Contains(known.Dialogue, "AUTHENTICATE") {
			t.Errorf("form %q: %v\n%+v", text, err, known)
		}
	}
}

// Courier cuts off BODY[] and RFC822.SIZE of a mail of many parts alike: it is copied
// whole, and is not seen by that (I-2).
func TestCourierSendsManyPartsWhole(t *testing.T) {
	src := realserver.Courier(t, realserver.Options{})
	dst := realserver.Dovecot(t, realserver.Options{})
	mail := manyParts(400)
	for user, fix := range map[string]bool{"anna": true, "bruno": false} { // bruno had POP3 alone: SELECT comes first
		client, err := src.Connect(user) // which makes the maildir
		if err == nil && fix {
			_, err = client.Select([]string{"INBOX"})
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(src.MailFolder, user, "Maildir", "cur", "1400000000.M1.host:2,")
		if err := os.WriteFile(file, []byte(mail), 0o644); err != nil {
			t.Fatal(err)
		}
		journal := newMemory()
		if tally, _ := mustSync(t, journal, job(src, dst, user, 1)); tally.Copied != 1 || tally.Listed != 1 {
			t.Errorf("%s: %+v", user, tally)
		}
		whole := int64(len(mail) + strings.Count(mail, "\n")) // with CR
		if got := snapshot(t, dst, user).Folder("INBOX").Messages; len(got) != 1 || got[0].Size != whole || len(got[0].Flags) > 0 {
			t.Errorf("%s: of %d octets came %+v", user, whole, got)
		}
		if _, err := os.Stat(file); err != nil { // its name holds the flags
			t.Errorf("%s: %v", user, err)
		}
		if tally, _ := mustSync(t, journal, job(src, dst, user, 2)); tally.Present != 1 || tally.Copied > 0 {
			t.Errorf("%s, pass 2: %+v", user, tally)
		}
	}
}

func manyParts(n int) string {
	var b strings.Builder
	b.WriteString("From: a@example.com\nSubject: digest\nMessage-ID: <digest@example.com>\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/mixed; boundary=b\n\n")
	for i := range n {
		fmt.Fprintf(&b, "--b\nContent-Type: text/plain\n\nThis is part %d of the digest.\n", i)
	}
	return b.String() + "--b--\n"
}
