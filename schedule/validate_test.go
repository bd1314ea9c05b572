package schedule

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

func TestRowsOfADraftAreCheckedAtOnce(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno"))
	l.start()
	l.until(m, "checked", func(m migration.Migration) bool { return m.Checks.Passed == 2 })
	want := migration.Check{
		Status: migration.CheckPassed, At: l.now(), Folders: 2, Messages: 3, Bytes: 40, Oversize: 1,
		QuotaUsed: 5, QuotaLimit: 50,
	}
	for _, r := range l.resources(m) {
		if r.Check != want {
			t.Errorf("row %d: %+v", r.Row, r.Check)
		}
	}
	if v := l.read(m).Validity; v != migration.Draft {
		t.Errorf("the draft is %s", v)
	}
}

func TestAMigrationBecomesValidAndStarts(t *testing.T) {
	l := newLab(t, &fakeEngine{}, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.pass(time.Hour) // "as soon as possible" means when valid
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	if m.Validity != migration.Valid || !m.Passes[0].PlannedAt.Equal(l.now()) {
		t.Errorf("%s, pass 1 at %v, now %v", m.Validity, m.Passes[0].PlannedAt, l.now())
	}
	if got := m.Passes[0].Runs; got.Runs != 1 || got.Tally.Copied != 1 || !got.Clean() {
		t.Errorf("%+v", got)
	}
}

func TestAFailingRowMakesTheMigrationInvalidWithOneNotice(t *testing.T) {
	refused := &imapsync.CertificateError{Names: []string{"old.example"}, Pin: "AB12", Err: errors.New("unknown authority")}
	engine := &fakeEngine{source: func(_ context.Context, job imapsync.Job) (imapsync.Findings, error) {
		if job.Resource.Row == 2 {
			return imapsync.Findings{}, &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassCertificate, Err: refused}
		}
		return imapsync.Findings{OK: true}, nil
	}}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno")))
	l.start()
	l.untilValidity(m, migration.Invalid)
	bad := l.resources(m)[1].Check
	if bad.Status != migration.CheckFailed || bad.Side != "source" || bad.Class != "certificate" ||
		bad.Certificate != "ab12" || bad.Detail == "" {
		t.Errorf("%+v", bad)
	}
	notices, err := l.store.Notices(t.Context(), l.customer, m.ID)
	check(t, err)
	if len(notices) != 1 || notices[0].Kind != migration.NoticeInvalid {
		t.Errorf("notices %+v", notices)
	}
}

func TestChecksHoldTheLimitOfOneHost(t *testing.T) {
	began, goOn := make(chan string, 20), make(chan struct{})
	engine := &fakeEngine{source: func(_ context.Context, job imapsync.Job) (imapsync.Findings, error) {
		began <- job.Resource.Source.Host
		<-goOn
		return imapsync.Findings{OK: true}, nil
	}}
	l := newLab(t, engine, imaginary())
	var rows []migration.Resource
	for i := range 6 {
		rows = append(rows, l.row(i+1, "slow.example", fmt.Sprint("a", i)))
	}
	rows = append(rows, l.row(7, "other.example", "b"))
	m := l.draft(rows...)
	l.start()
	hosts := map[string]int{}
	for range 5 { // four of the one, and the other is not held up by those that wait
		hosts[receive(t, began)]++
	}
	if hosts["slow.example"] != 4 || hosts["other.example"] != 1 {
		t.Errorf("at once: %v", hosts)
	}
	close(goOn)
	l.until(m, "checked", func(m migration.Migration) bool { return m.Checks.Passed == 7 })
}

// The type of server is changed while a check is under way: the answer is not
// believed, and the row is checked by the new type.
func TestACheckByAFormerTypeIsMadeAgain(t *testing.T) {
	began, goOn := make(chan migration.ServerType, 2), make(chan struct{})
	engine := &fakeEngine{source: func(_ context.Context, job imapsync.Job) (imapsync.Findings, error) {
		began <- job.Type
		if job.Type == migration.Standard {
			<-goOn
			return imapsync.Findings{OK: true, Messages: 1}, nil
		}
		return imapsync.Findings{OK: true, Messages: 2}, nil
	}}
	l := newLab(t, engine, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	l.start()
	receive(t, began)
	m.ServerType = migration.Exchange
	check(t, l.store.SaveDraft(t.Context(), l.customer, &m))
	close(goOn)
	l.until(m, "checked", func(m migration.Migration) bool { return m.Checks.Passed == 1 })
	if got := l.resources(m)[0].Check.Messages; got != 2 {
		t.Errorf("the check of the former type is believed: %d messages", got)
	}
}

// What is no mail at a provider is known to the check, which the folder map goes by, and
// to the run (F-13).
func TestRulesGoByTheProvider(t *testing.T) {
	checked, ran := make(chan migration.Groupware, 9), make(chan migration.Groupware, 1)
	engine := &fakeEngine{
		source: func(_ context.Context, job imapsync.Job) (imapsync.Findings, error) {
			checked <- job.Rules.Groupware
			return imapsync.Findings{OK: true}, nil
		},
		sync: func(_ context.Context, job imapsync.Job, _ imapsync.Reporter) (migration.Tally, error) {
			ran <- job.Rules.Groupware
			return migration.Tally{}, nil
		},
	}
	l := newLab(t, engine, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	m.Source.Provider = "zimbra"
	check(t, l.store.SaveDraft(t.Context(), l.customer, &m))
	l.submit(m)
	l.start()
	if inCheck, inRun := receive(t, checked), receive(t, ran); inCheck != migration.GroupwareZimbra || inRun != migration.GroupwareZimbra {
		t.Errorf("checked by the rules for %q, run by those for %q", inCheck, inRun)
	}
}

func TestACheckThatTheStopBrokeOffWaitsAgain(t *testing.T) {
	began := make(chan struct{}, 1)
	engine := &fakeEngine{source: func(ctx context.Context, _ imapsync.Job) (imapsync.Findings, error) {
		began <- struct{}{}
		<-ctx.Done()
		return imapsync.Findings{}, ctx.Err()
	}}
	l := newLab(t, engine, imaginary())
	m := l.draft(l.row(1, "old.example", "anna"))
	l.start()
	receive(t, began)
	check(t, l.s.Shutdown(t.Context()))
	if got := l.resources(m)[0].Check.Status; got != migration.CheckWaiting {
		t.Errorf("the check is %s", got)
	}
}
