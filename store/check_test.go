package store

import (
	"testing"
	"time"

	"trasloco/migration"
)

func TestACheckIsTakenByOneAndItsResultComesBack(t *testing.T) {
	p := newPanel(t)
	p.draft(t, "x")
	jobs := must(p.ChecksToMake(t.Context(), 9))(t)
	if len(jobs) != 1 || jobs[0].Resource.Source.Auth.Login != "x@a.example" || jobs[0].Resource.Destination.Host != "imap.new.example" ||
		jobs[0].Customer != p.customer || jobs[0].Type != migration.Standard {
		t.Fatalf("jobs %+v", jobs)
	}
	id, m := jobs[0].Resource.ID, jobs[0].MigrationID
	want := migration.Check{
		Status: migration.CheckFailed, At: p.at.Add(time.Second), Side: "source", Class: "tls", Detail: "x509", ServerText: "NO \uFFFD",
		Certificate: "cafe", Folders: 1, Messages: 2, Bytes: 1 << 40, Oversize: 3, QuotaUsed: 4, QuotaLimit: 5,
	}
	wantError(t, p.FinishCheck(t.Context(), p.customer, id, want), migration.ErrConflict)
	check(t, p.StartCheck(t.Context(), p.customer, id))
	wantError(t, p.StartCheck(t.Context(), p.customer, id), migration.ErrConflict)
	if again := must(p.ChecksToMake(t.Context(), 9))(t); again != nil {
		t.Errorf("offered while it runs: %+v", again)
	}
	told := want
	told.ServerText = "NO \xff"
	check(t, p.FinishCheck(t.Context(), p.customer, id, told))
	wantError(t, p.FinishCheck(t.Context(), p.customer, id, want), migration.ErrConflict)
	if got := must(p.Resource(t.Context(), p.customer, m, 1))(t).Check; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The row that is corrected while its check is under way is another one: the
// answer is about the password that is not there any more.
func TestACorrectedRowIsNotOverwrittenByItsFormerCheck(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	old := must(p.ChecksToMake(t.Context(), 9))(t)[0].Resource.ID
	check(t, p.StartCheck(t.Context(), p.customer, old))
	row := p.row(1, "x")
	row.Source.Auth.Password = migration.NewSecret("corrected")
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, []migration.Resource{row}))
	fresh := must(p.ChecksToMake(t.Context(), 9))(t)[0].Resource.ID
	check(t, p.StartCheck(t.Context(), p.customer, fresh))
	failed := migration.Check{Status: migration.CheckFailed, At: p.at}
	wantError(t, p.FinishCheck(t.Context(), p.customer, old, failed), migration.ErrConflict)
	if got := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Check.Status; got != migration.CheckRunning {
		t.Errorf("the check is %s", got)
	}
}

// What was found out, or is being found out, by other settings is not believed: not
// even of rows that are left out, which may come back.
func TestOtherSettingsMakeEveryCheckWaitAgain(t *testing.T) {
	for name, change := range map[string]func(p panel, m *migration.Migration) error{
		"the type of server": func(p panel, m *migration.Migration) error {
			m.ServerType = migration.Exchange
			return p.SaveDraft(t.Context(), p.customer, m)
		},
		"the provider": func(p panel, m *migration.Migration) error {
			m.Source.Provider = "zimbra"
			return p.SaveDraft(t.Context(), p.customer, m)
		},
		"the destination": func(p panel, _ *migration.Migration) error {
			server := must(p.Destinations(t.Context()))(t)[0]
			server.Endpoint.Host = "other.new.example"
			return p.SaveDestination(t.Context(), &server)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPanel(t)
			m := p.draft(t, "passed", "running", "out")
			jobs := must(p.ChecksToMake(t.Context(), 9))(t)
			for i, job := range jobs {
				check(t, p.StartCheck(t.Context(), p.customer, job.Resource.ID))
				if i != 1 {
					check(t, p.FinishCheck(t.Context(), p.customer, job.Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.at}))
				}
			}
			check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{3}, true))
			m = must(p.MigrationByID(t.Context(), p.customer, m.ID))(t)
			check(t, p.SaveDraft(t.Context(), p.customer, &m)) // nothing that counts has changed
			if got := must(p.MigrationByID(t.Context(), p.customer, m.ID))(t).Checks; got.Passed != 1 {
				t.Fatalf("%+v", got)
			}
			check(t, change(p, &m))
			wantError(t, p.FinishCheck(t.Context(), p.customer, jobs[1].Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.at}), migration.ErrConflict)
			check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{3}, false))
			if again := must(p.ChecksToMake(t.Context(), 9))(t); len(again) != 3 {
				t.Errorf("%d rows wait for their check", len(again))
			}
		})
	}
}

// A row that was read before it was corrected is opened as it is now: the new
// password is for the new server.
func TestACorrectedRowIsOpenedWhole(t *testing.T) {
	p := newPanel(t)
	m := p.valid(t, "x")
	read := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	fresh := read.Source
	fresh.Host, fresh.Auth.Password = "moved.old.example", migration.NewSecret("for the new one")
	check(t, p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: fresh}))
	check(t, p.OpenResource(t.Context(), p.customer, &read))
	if read.Source.Host != fresh.Host || !read.Source.Auth.Password.Equal(fresh.Auth.Password) {
		t.Errorf("the new password goes to %s", read.Source.Host)
	}
}

// A login that nobody was let in with yet is no known one, even if the row is not
// checked again (C-2).
func TestACorrectedLoginIsNotKnown(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t)
	if !row.Check.LetIn() {
		t.Fatalf("check %+v", row.Check)
	}
	p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunFailed)
	fresh := row.Source
	fresh.Auth.Password = migration.NewSecret("typed wrong")
	check(t, p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: fresh}))
	if got := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Check; got.Status != migration.CheckPassed || got.LetIn() {
		t.Errorf("check %+v", got)
	}
}

func TestABrokenOffCheckIsMadeAgain(t *testing.T) {
	p := newPanel(t)
	p.draft(t, "x")
	id := must(p.ChecksToMake(t.Context(), 9))(t)[0].Resource.ID
	check(t, p.StartCheck(t.Context(), p.customer, id))
	check(t, p.FinishCheck(t.Context(), p.customer, id, migration.Check{Status: migration.CheckWaiting}))
	check(t, p.StartCheck(t.Context(), p.customer, id)) // and now the process dies
	check(t, p.Recover(t.Context()))
	if jobs := must(p.ChecksToMake(t.Context(), 9))(t); len(jobs) != 1 {
		t.Errorf("jobs %+v", jobs)
	}
}

func TestMigrationsTakeTurnsAtChecks(t *testing.T) {
	p := newPanel(t)
	a := p.draft(t, "a1", "a2", "a3")
	b := p.draft(t, "b1", "b2")
	check(t, p.LeaveOut(t.Context(), p.customer, a.ID, []int{2}, true))
	cancelled := p.draft(t, "c1")
	check(t, p.Cancel(t.Context(), p.customer, &cancelled))
	var got []int64
	for _, job := range must(p.ChecksToMake(t.Context(), 3))(t) {
		got = append(got, job.MigrationID, int64(job.Resource.Row))
	}
	want := []int64{a.ID, 1, b.ID, 1, a.ID, 3}
	if len(got) != len(want) {
		t.Fatalf("jobs %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("jobs %v, want %v", got, want)
		}
	}
}

func TestRecheckLetsFailedAndOldChecksWait(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "old", "failed", "out", "running", "fresh")
	ids := make(map[int]int64)
	for _, job := range must(p.ChecksToMake(t.Context(), 9))(t) {
		ids[job.Resource.Row] = job.Resource.ID
	}
	finish := func(line int, status migration.CheckStatus) {
		t.Helper()
		p.finishCheck(t, ids[line], migration.Check{Status: status, At: p.at})
	}
	finish(1, migration.CheckPassed)
	p.pass(31 * time.Minute)
	finish(2, migration.CheckFailed)
	finish(3, migration.CheckFailed)
	finish(5, migration.CheckPassed)
	check(t, p.StartCheck(t.Context(), p.customer, ids[4]))
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{3}, true))
	check(t, p.Recheck(t.Context(), p.customer, m.ID, p.at.Add(-30*time.Minute)))
	want := map[int]migration.CheckStatus{
		1: migration.CheckWaiting, 2: migration.CheckWaiting, 3: migration.CheckFailed,
		4: migration.CheckRunning, 5: migration.CheckPassed,
	}
	for line, status := range want {
		if got := must(p.Resource(t.Context(), p.customer, m.ID, line))(t).Check.Status; got != status {
			t.Errorf("row %d is %s, want %s", line, got, status)
		}
	}
	valid := p.valid(t, "v")
	wantError(t, p.Recheck(t.Context(), p.customer, valid.ID, p.at), migration.ErrConflict)
}
