package store

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"trasloco/migration"
)

func passDone(number int) migration.Notice {
	return migration.Notice{Kind: migration.NoticePassDone, Pass: number}
}

func TestANoticeIsWrittenDownOnceWithTheEndOfItsPass(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	first := m.Passes[0]
	late := first
	check(t, p.FinishPass(t.Context(), p.customer, &first, passDone(1), passDone(1)))
	wantError(t, p.FinishPass(t.Context(), p.customer, &late, passDone(1)), migration.ErrConflict)
	want := []migration.Notice{{
		ID: 1, CustomerID: p.customer, MigrationID: m.ID, UserID: p.user.ID, Kind: migration.NoticePassDone, Pass: 1,
		CreatedAt: p.at, NextAt: p.at,
	}}
	if got := must(p.PendingNotices(t.Context(), p.at))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := must(p.Notices(t.Context(), p.stranger(t).CustomerID, m.ID))(t); got != nil {
		t.Errorf("a stranger reads %+v", got)
	}
}

func TestANoticeIsTriedUntilItIsSentOrGivenUp(t *testing.T) {
	p := newPanel(t)
	m := p.finish(t, p.running(t, "x"), 1, passDone(1))
	pending := func() []migration.Notice { return must(p.PendingNotices(t.Context(), p.at))(t) }
	n := pending()[0]
	n.Tries, n.NextAt, n.Error = 1, p.at.Add(time.Minute), "421 later \xff"
	check(t, p.NoticeFailed(t.Context(), n))
	if got := pending(); got != nil {
		t.Errorf("tried again at once: %+v", got)
	}
	p.pass(time.Minute)
	if got := pending(); len(got) != 1 || got[0].Tries != 1 || got[0].Error != "421 later \uFFFD" {
		t.Fatalf("pending %+v", got)
	}
	check(t, p.NoticeSent(t.Context(), n))
	wantError(t, p.NoticeSent(t.Context(), n), migration.ErrConflict)
	wantError(t, p.NoticeFailed(t.Context(), n), migration.ErrConflict)
	if got := must(p.Notices(t.Context(), p.customer, m.ID))(t); !got[0].SentAt.Equal(p.at) || got[0].Error != "" || pending() != nil {
		t.Errorf("sent: %+v", got)
	}
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.finish(t, m, 2, passDone(2))
	n = pending()[0]
	n.GaveUp, n.NextAt = true, time.Time{}
	check(t, p.NoticeFailed(t.Context(), n))
	if got := must(p.Notices(t.Context(), p.customer, m.ID))(t); pending() != nil || !got[1].GaveUp {
		t.Errorf("given up: %+v", got)
	}
}

func TestALetterTellsAllOfItsPass(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "done", "parked", "failed", "out")
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{4}, true))
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	p.move(t, p.run(t, m, 2, 1), migration.RunConnecting, migration.RunParked)
	p.move(t, p.run(t, m, 3, 1), migration.RunConnecting, migration.RunFailed)
	check(t, p.SaveExceptions(t.Context(), p.customer, p.run(t, m, 1, 1).ID, []migration.Outcome{
		{Kind: migration.Skipped, Reason: migration.ReasonOversize, Count: 1},
	}))
	m = p.finish(t, m, 1, passDone(1))
	n := must(p.PendingNotices(t.Context(), p.at))(t)[0]
	want := migration.Letter{
		Notice: n, To: p.user, Migration: m, Resources: 3,
		Exceptions: []migration.ReasonCount{{Kind: migration.Skipped, Reason: migration.ReasonOversize, Count: 1}},
		Parked:     []string{"parked@a.example"}, Failed: []string{"failed@a.example"},
		Records: []string{"10 mx1.new.example", "20 mx2.new.example"},
		Domains: must(p.CutOver(t.Context(), p.customer, m.ID))(t),
	}
	if got := must(p.Letter(t.Context(), n))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestALetterOfAnInvalidMigrationNamesTheFailingRows(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "ok", "bad", "out")
	for i, job := range must(p.ChecksToMake(t.Context(), 9))(t) {
		status := []migration.CheckStatus{migration.CheckPassed, migration.CheckFailed, migration.CheckFailed}[i]
		p.finishCheck(t, job.Resource.ID, migration.Check{Status: status, At: p.at})
	}
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{3}, true))
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, m.Checks.Verdict(), nil, migration.Notice{Kind: migration.NoticeInvalid}))
	letter := must(p.Letter(t.Context(), must(p.PendingNotices(t.Context(), p.at))(t)[0]))(t)
	if !slices.Equal(letter.Failed, []string{"bad@a.example"}) || letter.Resources != 2 || letter.Migration.Validity != migration.Invalid {
		t.Errorf("letter %+v", letter)
	}
}

func TestRecordsStandBehindTheirDomainWhereTheServersDiffer(t *testing.T) {
	p := newPanel(t)
	other := masterDestination()
	other.Name, other.MX = "Other", []string{"5 mx.other.example"}
	check(t, p.SaveDestination(t.Context(), &other))
	p.insert(t, `UPDATE domain SET destination_id = $1 WHERE id = $2 RETURNING id`, other.ID, p.domains[1].ID)
	m := p.draft(t)
	rows := p.rows("x", "y")
	rows[1].DomainID = p.domains[1].ID
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows))
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Invalid, nil, migration.Notice{Kind: migration.NoticeInvalid}))
	letter := must(p.Letter(t.Context(), must(p.PendingNotices(t.Context(), p.at))(t)[0]))(t)
	want := []string{"a.example: 10 mx1.new.example", "a.example: 20 mx2.new.example", "b.example: 5 mx.other.example"}
	if !slices.Equal(letter.Records, want) {
		t.Errorf("records %v", letter.Records)
	}
}
