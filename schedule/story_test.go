package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// sourceRow is a row from the one account of a real source to the destination's.
func (l *lab) sourceRow(line int, source *imaptest.Account) migration.Resource {
	r := migration.Resource{Row: line, DomainID: l.domain, Source: source.Endpoint()}
	r.Destination.Auth.Login = "anna"
	return r
}

func mail(name string) imaptest.Message {
	return imaptest.Message{Body: []byte("Message-ID: <" + name + "@old.example>\r\nSubject: " + name + "\r\n\r\nbody\r\n")}
}

// subjects are the messages of a folder by what stands in them, sorted.
func subjects(a *imaptest.Account, folder string) []string {
	var list []string
	for _, m := range a.Folder(folder).Messages() {
		list = append(list, string(m.Body))
	}
	slices.Sort(list)
	return list
}

// newRealLab is a lab whose engine moves mail to an account that its master user "mover"
// opens.
func newRealLab(t *testing.T, destination *imaptest.Account) *lab {
	t.Helper()
	server := destination.Endpoint()
	server.Auth = migration.Auth{
		Kind: migration.AuthMaster, Master: "mover", Password: migration.NewSecret("pw"),
		Form: migration.MasterForm{Separator: "*"},
	}
	engine := imapsync.New(imapsync.Options{TempDir: t.TempDir(), AllowPrivate: true, Patience: imapsync.Patience{
		FirstTries: 1, Backoff: time.Millisecond, MaxBackoff: time.Millisecond, GiveUp: time.Second, Grace: time.Second,
	}})
	return newLab(t, engine, server)
}

func TestTwoPassesWithTheRealEngineMoveEverythingOnce(t *testing.T) {
	// Two sources feed one mailbox: their runs must wait for each other.
	one, two := imaptest.NewAccount(t, imaptest.AccountOptions{}), imaptest.NewAccount(t, imaptest.AccountOptions{})
	destination := imaptest.NewAccount(t, imaptest.AccountOptions{Master: "mover", MasterPassword: "pw"})
	for i := range 30 {
		one.Folder("INBOX").Add(mail(fmt.Sprint("one", i)))
		two.Folder("INBOX").Add(mail(fmt.Sprint("two", i)))
	}
	one.Create("Trash").Add(mail("trash"))
	l := newRealLab(t, destination)
	m := l.submit(l.draft(l.sourceRow(1, one), l.sourceRow(2, two)))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if got := m.Passes[0].Runs.Tally; got.Copied != 60 || got.Skipped != 1 || got.Failed != 0 || !got.Balanced() {
		t.Errorf("pass 1: %+v, runs %+v", got, l.runs(m, 1))
	}
	for _, run := range l.runs(m, 1) {
		found, err := l.store.Folders(t.Context(), l.customer, run.ID, 1, 0)
		check(t, err)
		if found.Sum != run.Tally || found.Total < 1 {
			t.Errorf("%d folders add up to %+v, the run to %+v", found.Total, found.Sum, run.Tally)
		}
	}
	if rows := l.resources(m); rows[0].Check.Messages != 31 || rows[0].Check.Status != migration.CheckPassed {
		t.Errorf("check %+v", rows[0].Check)
	}
	one.Folder("INBOX").Add(mail("late"))
	l.pass(6 * time.Hour)
	l.s.Wake()
	m = l.untilPass(m, 2, migration.PassDone)
	if got := m.Passes[1].Runs.Tally; got.Copied != 1 || got.Present != 60 || !got.Balanced() {
		t.Errorf("pass 2: %+v", got)
	}
	want := slices.Sorted(slices.Values(slices.Concat(subjects(one, "INBOX"), subjects(two, "INBOX"))))
	if got := subjects(destination, "INBOX"); !slices.Equal(got, want) {
		t.Errorf("%d messages at the destination, want %d, each once", len(got), len(want))
	}
	if m.Phase(l.now()) != migration.PhaseExceptions { // one lies in the trash
		t.Errorf("in the end it is %s", m.Phase(l.now()))
	}
}
