package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
	"trasloco/store"
)

const (
	sourcePassword = "s0urce-pa55"
	destPassword   = "dest-pa55"
)

func sourceAccount(t *testing.T, count int) *imaptest.Account {
	t.Helper()
	a := imaptest.NewAccount(t, imaptest.AccountOptions{User: "old", Password: sourcePassword})
	fill(a, "INBOX", count)
	return a
}

func fill(a *imaptest.Account, folder string, count int) {
	f := a.Create(folder)
	for i := range count {
		f.Add(imaptest.Message{Date: time.Date(2024, 5, 1+i, 8, 0, 0, 0, time.UTC), Body: message(i)})
	}
}

func message(i int) []byte {
	return fmt.Appendf(nil, "From: Bruno <bruno@example.org>\r\nSubject: Number %d\r\nMessage-ID: <%d@example.org>\r\n\r\nText %d\r\n", i, i, i)
}

func destAccount(t *testing.T, o imaptest.AccountOptions) *imaptest.Account {
	t.Helper()
	o.User, o.Password = "new@x.it", destPassword
	return imaptest.NewAccount(t, o)
}

// moving is a file of accounts that are moved to one server, again and again.
type moving struct {
	t        *testing.T
	file     string
	dest     string
	patience imapsync.Patience
}

// newMoving makes a row for each source; all go to one mailbox.
func newMoving(t *testing.T, dest *imaptest.Account, sources ...*imaptest.Account) *moving {
	t.Helper()
	var rows strings.Builder
	for _, source := range sources {
		fmt.Fprintf(&rows, "new@x.it;%s;old;%s;%s\n", source.Addr(), sourcePassword, destPassword)
	}
	return &moving{t: t, file: write(t, "move.csv", rows.String()), dest: dest.Addr(), patience: impatient()}
}

func (m *moving) call(ctx context.Context, verb string, more ...string) answer {
	args := append([]string{verb, m.file, "--dest", m.dest, "--dest-tls", "none", "--source-tls", "none", "--allow-private"}, more...)
	return callWith(ctx, m.patience, args...)
}

// run calls run --json and wants that exit code.
func (m *moving) run(ctx context.Context, code int) passReport {
	m.t.Helper()
	a := m.call(ctx, "run", "--json")
	if a.code != code {
		m.t.Fatalf("exit %d, want %d\n%s\n%s", a.code, code, a.out, a.errors)
	}
	return decode[passReport](m.t, a)
}

// sumsOf leaves out the seconds, which nobody can foretell.
func sumsOf(s sums) string {
	return fmt.Sprintf("listed %d copied %d present %d skipped %d failed %d", s.Listed, s.Copied, s.Present, s.Skipped, s.Failed)
}

// holds checks that a folder holds each of the first count messages so often.
func holds(t *testing.T, a *imaptest.Account, count, each int) {
	t.Helper()
	got := a.Folder("INBOX").Messages()
	if len(got) != count*each {
		t.Errorf("%d messages at the destination, want %d", len(got), count*each)
	}
	for i := range count {
		copies := 0
		for _, m := range got {
			if bytes.Equal(m.Body, message(i)) {
				copies++
			}
		}
		if copies != each {
			t.Errorf("message %d is there %d times, want %d", i, copies, each)
		}
	}
}

func TestRunMovesAndTheSecondCallCopiesWhatIsNew(t *testing.T) {
	source, dest := sourceAccount(t, 3), destAccount(t, imaptest.AccountOptions{})
	fill(source, "Spam", 2)
	m := newMoving(t, dest, source)
	steps := []struct{ name, want string }{
		{"first pass", "listed 5 copied 3 present 0 skipped 2 failed 0"},
		{"nothing new", "listed 5 copied 0 present 3 skipped 2 failed 0"},
		{"one new message", "listed 6 copied 1 present 3 skipped 2 failed 0"},
	}
	for i, step := range steps {
		if i == 2 {
			source.Folder("INBOX").Add(imaptest.Message{Body: message(3)})
		}
		report := m.run(t.Context(), exitDone)
		r := report.Resources[0]
		if got := sumsOf(r.sums); got != step.want || r.Status != "done" || sumsOf(report.Totals.sums) != got || report.Totals.Resources != 1 {
			t.Errorf("%s: %s, want %s; %+v", step.name, got, step.want, report)
		}
		want := exception{Folder: "Spam", Outcome: "skipped", Reason: "folder_excluded", Count: 2}
		if len(r.Exceptions) != 1 || r.Exceptions[0] != want {
			t.Errorf("%s: exceptions %+v", step.name, r.Exceptions)
		}
	}
	holds(t, dest, 4, 1)
	if changes := source.Changes(); len(changes) > 0 {
		t.Errorf("the source was changed: %v", changes)
	}
}

// The same account under another name of its server is not copied once more (I-16).
func TestASourceUnderAnotherNameGoesOn(t *testing.T) {
	source, dest := sourceAccount(t, 3), destAccount(t, imaptest.AccountOptions{})
	m := newMoving(t, dest, source)
	m.run(t.Context(), exitDone)
	source.Folder("INBOX").Add(imaptest.Message{Body: message(3)})
	_, port, _ := net.SplitHostPort(source.Addr())
	m.file = write(t, "again.csv", fmt.Sprintf("new@x.it;localhost:%s;old;%s;%s\n", port, sourcePassword, destPassword))
	report := m.run(t.Context(), exitDone)
	if got := sumsOf(report.Totals.sums); got != "listed 4 copied 1 present 3 skipped 0 failed 0" {
		t.Errorf("under another name: %s", got)
	}
	holds(t, dest, 4, 1)
}

func TestAWrongPasswordFailsItsRowAlone(t *testing.T) {
	good, bad := sourceAccount(t, 2), sourceAccount(t, 2)
	dest := destAccount(t, imaptest.AccountOptions{})
	m := newMoving(t, dest, good, bad)
	data, err := os.ReadFile(m.file)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(data), bad.Addr()+";old;"+sourcePassword, bad.Addr()+";old;wr0ng-pa55", 1)
	if err := os.WriteFile(m.file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	a := m.call(t.Context(), "run", "--json")
	report := decode[passReport](t, a)
	if a.code != exitFailed || report.Resources[0].Status != "done" || report.Resources[1].Status != "failed" {
		t.Fatalf("exit %d, %s", a.code, a.out)
	}
	e := report.Resources[1].Error
	if e == nil || e.Class != "login" || !strings.Contains(e.Text, "source: LOGIN") {
		t.Errorf("error %+v", e)
	}
	if strings.Contains(a.out+a.errors, "wr0ng") {
		t.Errorf("the password is in the answer: %s %s", a.out, a.errors)
	}
	// Corrected, the next call is the next pass; rows are known by their
	// accounts, so they may change places.
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if err := os.WriteFile(m.file, []byte(lines[1]+"\n"+lines[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	report = m.run(t.Context(), exitDone)
	if got := sumsOf(report.Totals.sums); got != "listed 4 copied 2 present 2 skipped 0 failed 0" {
		t.Errorf("second pass: %s", got)
	}
	holds(t, dest, 2, 2)
}

func TestAStopIsObeyedAndTheNextCallGoesOn(t *testing.T) {
	const count = 6
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var seen int
	var began time.Time
	dest := destAccount(t, imaptest.AccountOptions{
		Without: []string{"LITERAL+"},
		Faults:  []imaptest.Fault{{Command: "APPEND", Nth: 3, Silent: true}},
		Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
			if cmd.Name == "APPEND" {
				seen++
			}
			if seen == 3 && began.IsZero() { // the server goes silent now
				began = time.Now()
				stop()
			}
			return false
		},
	})
	source, waits := sourceAccount(t, count), sourceAccount(t, count)
	fill(source, "Spam", 1)
	m := newMoving(t, dest, source, waits)
	m.patience = imapsync.DefaultPatience()
	report := m.run(ctx, exitResumable)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	for _, r := range report.Resources {
		if r.Status != "interrupted" || r.RetryAt != nil || r.Error != nil {
			t.Errorf("got %+v", r)
		}
	}
	if len(waits.Commands()) > 0 {
		t.Error("a row that waited was begun after the stop")
	}
	dest.SetFaults()
	m.patience = impatient()
	report = m.run(t.Context(), exitDone)
	if got := sumsOf(report.Totals.sums); got != fmt.Sprintf("listed %d copied %d present 0 skipped 1 failed 0", 2*count+1, 2*count) {
		t.Errorf("resumed: %s", got)
	}
	if n := len(report.Resources[0].Exceptions); n != 1 {
		t.Errorf("%d exceptions, want the one of Spam", n)
	}
	holds(t, dest, count, 2)
	report = m.run(t.Context(), exitDone)
	if got := sumsOf(report.Totals.sums); got != fmt.Sprintf("listed %d copied 0 present %d skipped 1 failed 0", 2*count+1, 2*count) {
		t.Errorf("next pass: %s", got)
	}
}

// Runs with one destination mailbox never overlap (P-3).
func TestRowsWithOneDestinationWaitForEachOther(t *testing.T) {
	var mu sync.Mutex
	var order []string
	watched := func(name string) *imaptest.Account {
		a := imaptest.NewAccount(t, imaptest.AccountOptions{
			User: "old", Password: sourcePassword,
			Hook: func(imaptest.Command, *imaptest.Session) bool {
				mu.Lock()
				defer mu.Unlock()
				if len(order) == 0 || order[len(order)-1] != name {
					order = append(order, name)
				}
				return false
			},
		})
		fill(a, "INBOX", 3)
		return a
	}
	dest := destAccount(t, imaptest.AccountOptions{})
	m := newMoving(t, dest, watched("first"), watched("second"), watched("third"))
	m.run(t.Context(), exitDone)
	if got := strings.Join(order, " "); got != "first second third" {
		t.Errorf("the sources were talked to in turns: %s", got)
	}
	holds(t, dest, 3, 3)
}

func TestSameMailInTwoRowsWithAReplyLost(t *testing.T) {
	for _, nth := range []int{1, 3, 4, 6} {
		t.Run(fmt.Sprintf("append %d", nth), func(t *testing.T) {
			dest := destAccount(t, imaptest.AccountOptions{
				Faults: []imaptest.Fault{{Command: "APPEND", Nth: nth, Lost: true, Reset: nth%2 == 0}},
			})
			m := newMoving(t, dest, sourceAccount(t, 3), sourceAccount(t, 3))
			report := m.run(t.Context(), exitDone)
			if got := sumsOf(report.Totals.sums); got != "listed 6 copied 6 present 0 skipped 0 failed 0" {
				t.Errorf("got %s", got)
			}
			holds(t, dest, 3, 2)
		})
	}
}

// One process owns the folder (P-3).
func TestALockedStateIsRefused(t *testing.T) {
	dest := destAccount(t, imaptest.AccountOptions{})
	m := newMoving(t, dest, sourceAccount(t, 1))
	other, err := store.Open(t.Context(), m.file+".state", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := m.call(t.Context(), "run", "--json")
	report := decode[problemReport](t, a)
	if a.code != exitRefused || len(report.Problems) != 1 || report.Problems[0].Code != codeStateLocked {
		t.Errorf("exit %d, %s", a.code, a.out)
	}
	if len(dest.Commands()) > 0 {
		t.Errorf("the destination was contacted: %v", dest.Commands())
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	m.run(t.Context(), exitDone)
}

func TestAForeignFolderIsLeftAlone(t *testing.T) {
	folder := filepath.Dir(write(t, "letter.txt", "dear"))
	m := newMoving(t, destAccount(t, imaptest.AccountOptions{}), sourceAccount(t, 1))
	a := m.call(t.Context(), "run", "--json", "--state", folder)
	if report := decode[problemReport](t, a); a.code != exitRefused || report.Problems[0].Code != codeStateForeign {
		t.Errorf("exit %d, %s", a.code, a.out)
	}
}

func TestTooBigForTheDestinationIsFailedAndOversizeIsSkipped(t *testing.T) {
	source := sourceAccount(t, 1)
	source.Folder("INBOX").Add(imaptest.Message{Body: append(message(1), bytes.Repeat([]byte("x\r\n"), 200)...)})
	source.Folder("INBOX").Add(imaptest.Message{Body: append(message(2), bytes.Repeat([]byte("x\r\n"), 800)...)})
	m := newMoving(t, destAccount(t, imaptest.AccountOptions{AppendLimit: 500}), source)
	a := m.call(t.Context(), "run", "--json", "--max-size", "2000")
	r := decode[passReport](t, a).Resources[0]
	if a.code != exitFailed || sumsOf(r.sums) != "listed 3 copied 1 present 0 skipped 1 failed 1" {
		t.Fatalf("exit %d, %s", a.code, a.out)
	}
	reasons := map[string]string{}
	for _, e := range r.Exceptions {
		reasons[e.Reason] = fmt.Sprint(e.Outcome, " ", e.UID)
	}
	if reasons["oversize"] != "skipped 3" || !strings.HasPrefix(reasons["too_big_for_destination"]+reasons["refused"], "failed 2") {
		t.Errorf("got %v", reasons)
	}
}

func TestANameThatLeadsHomeFailsItsRow(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip", name)
	if err != nil || slices.ContainsFunc(addresses, func(a netip.Addr) bool { return migration.InternalAddress(a) == "" }) {
		t.Skipf("%s leads to %v, %v", name, addresses, err)
	}
	file := write(t, "a.csv", "new@x.it;"+name+":1;old;pw;dp\n")
	a := call(t.Context(), "run", file, "--dest", name+":2", "--json")
	r := decode[passReport](t, a).Resources[0]
	if a.code != exitFailed || r.Error == nil || r.Error.Class != "private_address" {
		t.Errorf("exit %d, %s", a.code, a.out)
	}
}
