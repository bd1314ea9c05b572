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
