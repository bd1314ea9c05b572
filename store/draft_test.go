package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestADraftComesBackAsItWasSaved(t *testing.T) {
	p := newPanel(t)
	m := migration.Migration{CustomerID: p.customer, UserID: p.user.ID, ServerType: migration.Gmail}
	check(t, p.CreateDraft(t.Context(), &m))
	if !migration.IsCode(m.Code) || m.Validity != migration.Draft || !m.CreatedAt.Equal(testNow) {
		t.Errorf("new draft is %+v", m)
	}
	p.pass(time.Minute)
	m.Name, m.ServerType = "Ufficio \xff", migration.Exchange
	m.Source = migration.SourceOptions{TLS: migration.TLSStartTLS, TLSName: "mail.old.example", Pin: "f00d"}
	m.Source.Accept("imap.old.example:993", "beef")
	m.Plan = migration.DraftPlan{
		First:  migration.FirstStart{At: testNow.Add(time.Hour), Soonest: true},
		Second: testNow.Add(5 * time.Hour), Gap: 6 * time.Hour,
	}
	check(t, p.SaveDraft(t.Context(), p.customer, &m))
	if !m.ChangedAt.Equal(p.at) {
		t.Errorf("changed at %v", m.ChangedAt)
	}
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, p.rows("x")))
	want := m
	want.Name, want.UserName = "Ufficio \uFFFD", "Laura Bianchi"
	want.DomainIDs, want.Domains = []int64{p.domains[0].ID}, []string{"a.example"}
	want.Checks, want.Version = migration.CheckSummary{Rows: 1, Waiting: 1}, 3 // made, saved, with rows
	if got := must(p.Migration(t.Context(), p.customer, m.Code))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAMigrationOfAnotherCustomerIsNotFound(t *testing.T) {
	p := newPanel(t)
	m, stranger := p.draft(t, "x"), p.stranger(t).CustomerID
	_, err := p.Migration(t.Context(), stranger, m.Code)
	wantError(t, err, migration.ErrNotFound)
	_, err = p.MigrationByID(t.Context(), stranger, m.ID)
	wantError(t, err, migration.ErrNotFound)
	_, err = p.Resource(t.Context(), stranger, m.ID, 1)
	wantError(t, err, migration.ErrNotFound)
	if page := must(p.Resources(t.Context(), ResourceQuery{Customer: stranger, MigrationID: m.ID}))(t); page.Total != 0 || page.Resources != nil {
		t.Errorf("a stranger sees %+v", page)
	}
	if text := must(p.Sheet(t.Context(), stranger, m.ID))(t); !text.IsZero() {
		t.Error("a stranger reads the file")
	}
	wantError(t, p.SaveDraft(t.Context(), stranger, &m), migration.ErrConflict)
	wantError(t, p.SaveSheet(t.Context(), stranger, m.ID, migration.Secret{}, nil), migration.ErrNotFound)
	wantError(t, p.LeaveOut(t.Context(), stranger, m.ID, []int{1}, true), migration.ErrNotFound)
	wantError(t, p.Recheck(t.Context(), stranger, m.ID, testNow), migration.ErrNotFound)
	wantError(t, p.Submit(t.Context(), stranger, &m, p.twoPasses()), migration.ErrConflict)
	wantError(t, p.Cancel(t.Context(), stranger, &m), migration.ErrConflict)
	wantError(t, p.Delete(t.Context(), stranger, &m), migration.ErrNotFound)
	if got := p.reread(t, m); !reflect.DeepEqual(got, m) {
		t.Errorf("a stranger changed %+v\nto %+v", m, got)
	}
}

func TestTheMigrationOfTheCommandLineIsInNoList(t *testing.T) {
	p := newPanel(t)
	id := must(p.EnsureLocal(t.Context()))(t)
	r := migration.Resource{Row: 1}
	check(t, p.SaveResource(t.Context(), LocalCustomer, id, &r))
	pass := must(p.OpenPass(t.Context(), LocalCustomer, id))(t)
	must(p.StartRun(t.Context(), LocalCustomer, pass.ID, r.ID))(t)
	_, err := p.MigrationByID(t.Context(), AnyCustomer, id)
	wantError(t, err, migration.ErrNotFound)
	if page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at}))(t); page.Groups[""] != 0 {
		t.Errorf("listed: %+v", page.Migrations)
	}
	if jobs := must(p.Claimable(t.Context(), p.at, 9))(t); jobs != nil {
		t.Errorf("the scheduler is offered %+v", jobs)
	}
	if jobs := must(p.ChecksToMake(t.Context(), 9))(t); jobs != nil {
		t.Errorf("checks to make: %+v", jobs)
	}
	if old := must(p.Expired(t.Context(), migration.DefaultPolicy(), p.at.AddDate(1, 0, 0)))(t); old != nil {
		t.Errorf("expired: %+v", old)
	}
}

func TestSubmitPlansThePassesAnew(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	late := m
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	if m.Validity != migration.Validating || len(m.Passes) != 2 || m.Passes[0].ID == 0 || !m.Passes[1].PlannedAt.Equal(p.at.Add(6*time.Hour)) {
		t.Errorf("submitted: %+v", m)
	}
	wantError(t, p.Submit(t.Context(), p.customer, &late, p.twoPasses()), migration.ErrConflict)
	wantError(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()), migration.ErrConflict)
	wantError(t, p.SaveDraft(t.Context(), p.customer, &m), migration.ErrConflict)
	wantError(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, nil), migration.ErrConflict)
	wantError(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{1}, true), migration.ErrConflict)

	check(t, p.Settle(t.Context(), p.customer, &m, migration.Invalid, nil, migration.Notice{Kind: migration.NoticeInvalid}))
	p.pass(time.Hour)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	if len(m.Passes) != 2 || !m.Passes[0].PlannedAt.Equal(p.at) {
		t.Errorf("passes %+v", m.Passes)
	}
}

func TestSettleGivesTheVerdictOnce(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	late := m
	p.pass(time.Hour)
	invalid := migration.Notice{Kind: migration.NoticeInvalid}
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Invalid, nil, invalid))
	wantError(t, p.Settle(t.Context(), p.customer, &late, migration.Invalid, nil, invalid), migration.ErrConflict)
	if n := len(must(p.Notices(t.Context(), p.customer, m.ID))(t)); n != 1 {
		t.Errorf("%d notices of one verdict", n)
	}
	if must(p.Sheet(t.Context(), p.customer, m.ID))(t).IsZero() {
		t.Error("the file of an invalid migration is gone")
	}
	p.pass(time.Hour)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Invalid, nil, invalid))
	if n := len(must(p.Notices(t.Context(), p.customer, m.ID))(t)); n != 2 {
		t.Errorf("%d notices of two verdicts", n)
	}
	p.pass(time.Hour)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	wantError(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil), migration.ErrConflict) // the row waits
	row := must(p.ChecksToMake(t.Context(), 1))(t)[0].Resource.ID
	p.finishCheck(t, row, migration.Check{Status: migration.CheckFailed, At: p.at})
	wantError(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil), migration.ErrConflict) // it failed
	check(t, p.Recheck(t.Context(), p.customer, m.ID, p.at))
	p.checkAll(t)
	moved := append([]migration.Pass(nil), m.Passes...)
	moved[0].PlannedAt = p.at.Add(time.Minute)
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, moved))
	if m.Validity != migration.Valid || !m.Passes[0].PlannedAt.Equal(moved[0].PlannedAt) || !m.ChangedAt.Equal(p.at) {
		t.Errorf("settled: %+v", m)
	}
	if !must(p.Sheet(t.Context(), p.customer, m.ID))(t).IsZero() {
		t.Error("a valid migration keeps the text of its file")
	}
}

func TestCancelEndsWhatIsOpenUnlessItRuns(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "done", "waiting", "parked", "interrupted")
	done := p.move(t, p.run(t, m, 1, 1), migration.RunConnecting)
	p.move(t, p.run(t, m, 3, 1), migration.RunConnecting, migration.RunParked)
	p.move(t, p.run(t, m, 4, 1), migration.RunConnecting, migration.RunInterrupted)
	wantError(t, p.Cancel(t.Context(), p.customer, &m), migration.ErrConflict)
	check(t, p.PausePass(t.Context(), p.customer, &m.Passes[0]))
	wantError(t, p.Cancel(t.Context(), p.customer, &m), migration.ErrConflict) // one run is still at work
	p.move(t, done, migration.RunCopying, migration.RunDone)
	p.pass(time.Hour)
	check(t, p.Cancel(t.Context(), p.customer, &m))
	if m.Validity != migration.Cancelled || !m.ChangedAt.Equal(p.at) {
		t.Errorf("cancelled: %+v", m)
	}
	for _, pass := range m.Passes {
		if pass.Status != migration.PassCancelled || !pass.EndedAt.Equal(p.at) {
			t.Errorf("pass %+v", pass)
		}
	}
	for line, want := range []migration.RunStatus{migration.RunDone, migration.RunCancelled, migration.RunCancelled, migration.RunCancelled} {
		if run := p.run(t, m, line+1, 1); run.Status != want || run.EndedAt.IsZero() || !run.RetryAt.IsZero() {
			t.Errorf("row %d: %+v", line+1, run)
		}
	}
	wantError(t, p.Cancel(t.Context(), p.customer, &m), migration.ErrConflict)
}
