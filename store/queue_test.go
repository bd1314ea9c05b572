package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// offered returns what Claimable offers, as "pass 1: x y; pass 2: z" would read,
// one "number:login" each.
func (p panel) offered(t *testing.T, limit int) []string {
	t.Helper()
	var got []string
	for _, job := range must(p.Claimable(t.Context(), p.at, limit))(t) {
		name, _, _ := strings.Cut(job.Resource.Destination.Auth.Login, "@")
		got = append(got, fmt.Sprintf("%d:%s", job.Pass, name))
	}
	return got
}

func (p panel) wantOffered(t *testing.T, want ...string) {
	t.Helper()
	if got := p.offered(t, 100); !slices.Equal(got, want) {
		t.Errorf("offered %v, want %v", got, want)
	}
}

func TestBeginPassMakesARunForEveryRowThatIsNotLeftOut(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "out", "y")
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{2}, true))
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	first := m.Passes[0]
	wantError(t, p.BeginPass(t.Context(), p.customer, &first), migration.ErrConflict) // not valid yet
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	second := m.Passes[1]
	wantError(t, p.BeginPass(t.Context(), p.customer, &second), migration.ErrConflict) // the first comes first
	if first.Status != migration.PassPlanned || second.Status != migration.PassPlanned {
		t.Errorf("refused passes say %s and %s", first.Status, second.Status)
	}
	p.pass(time.Minute)
	late := first
	check(t, p.BeginPass(t.Context(), p.customer, &first))
	wantError(t, p.BeginPass(t.Context(), p.customer, &late), migration.ErrConflict)
	m = p.reread(t, m)
	if !reflect.DeepEqual(m.Passes[0].Runs, migration.RunSummary{Runs: 2, Open: 2}) || !m.Passes[0].StartedAt.Equal(p.at) {
		t.Errorf("pass %+v", m.Passes[0])
	}
	p.wantOffered(t, "1:x", "1:y")
}

func TestAnOfferedRunHasAllThatAJobNeeds(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	job := must(p.Claimable(t.Context(), p.at, 1))(t)[0]
	want := migration.RunJob{
		Customer: p.customer, MigrationID: m.ID, Pass: 1, Type: migration.Standard, Run: p.run(t, m, 1, 1),
		Resource: must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource,
	}
	if !reflect.DeepEqual(job, want) {
		t.Errorf("got  %+v\nwant %+v", job, want)
	}
	if !job.Resource.Source.Auth.Password.IsZero() || !job.Resource.Destination.Auth.Password.IsZero() {
		t.Error("an offer holds secrets")
	}
}

func TestAResumedPassGoesOnWithTheRunsItHas(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y", "z")
	p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunCopying, migration.RunDone)
	p.move(t, p.run(t, m, 2, 1), migration.RunConnecting, migration.RunInterrupted)
	first := m.Passes[0]
	check(t, p.PausePass(t.Context(), p.customer, &first))
	p.wantOffered(t)
	check(t, p.BeginPass(t.Context(), p.customer, &first))
	p.wantOffered(t, "1:y", "1:z")
	check(t, p.InterruptPass(t.Context(), p.customer, &first))
	p.wantOffered(t)
	check(t, p.BeginPass(t.Context(), p.customer, &first))
	p.wantOffered(t, "1:y", "1:z")
	if runs := p.reread(t, m).Passes[0].Runs.Runs; runs != 3 {
		t.Errorf("%d runs", runs)
	}
}

func TestAParkedRunIsOfferedWhenItsTimeHasComeAlsoBesideItsPass(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y")
	parked := p.run(t, m, 1, 1)
	parked = p.move(t, parked, migration.RunConnecting)
	parked.RetryAt = p.at.Add(time.Hour)
	parked = p.move(t, parked, migration.RunParked)
	p.wantOffered(t, "1:y")
	m = p.finish(t, m, 1)
	if active := must(p.Active(t.Context()))(t); len(active) != 1 { // pass 2 is to come
		t.Errorf("%d active", len(active))
	}
	p.wantOffered(t)
	p.pass(time.Hour)
	p.wantOffered(t, "1:x")
	parked = p.move(t, parked, migration.RunConnecting)
	p.wantOffered(t)
	// The program stops while it tries again: the pass is done, the run is not.
	check(t, p.Recover(t.Context()))
	p.wantOffered(t, "1:x")

	second := p.reread(t, m).Passes[1]
	check(t, p.BeginPass(t.Context(), p.customer, &second))
	p.wantOffered(t, "2:x", "2:y") // the second pass copies what the first would have
}

func TestARunThatParksAfterTheNextPassBeganIsNotOfferedAgain(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	run := p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunParked)
	m = p.finish(t, m, 1)
	run = p.move(t, run, migration.RunConnecting)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.wantOffered(t) // the mailbox is at work
	run.RetryAt = p.at
	p.move(t, run, migration.RunParked)
	p.wantOffered(t, "2:x")
	m = p.finish(t, m, 2)
	p.wantOffered(t)
	if active := must(p.Active(t.Context()))(t); len(active) != 0 {
		t.Errorf("still active: %+v", active)
	}
	if !m.Passes[1].Runs.Clean() {
		t.Errorf("pass 2 has %+v", m.Passes[1].Runs)
	}
}

func TestTheRetryOfTheLastPassKeepsItsMigrationActiveWhenItIsDue(t *testing.T) {
	p := newPanel(t)
	m := p.finish(t, p.running(t, "x"), 1)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	run := p.move(t, p.run(t, m, 1, 2), migration.RunConnecting)
	run.RetryAt = p.at.Add(time.Hour)
	run = p.move(t, run, migration.RunParked)
	p.finish(t, m, 2)
	active := func() int { return len(must(p.Active(t.Context()))(t)) }
	if n := active(); n != 0 {
		t.Errorf("%d active before it is due", n)
	}
	p.pass(time.Hour)
	if n := active(); n != 1 {
		t.Errorf("%d active when it is due", n)
	}
	p.move(t, run, migration.RunConnecting)
	if n := active(); n != 1 {
		t.Errorf("%d active while it tries again", n)
	}
}

func TestRunsOfOneMailboxAreNeverOfferedWhileOneIsAtWork(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t)
	rows := p.rows("x", "y", "z")
	rows[1].Destination.Auth.Login = rows[0].Destination.Auth.Login
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows))
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	other := p.running(t, "x") // another migration into the same mailbox
	p.wantOffered(t, "1:x", "1:x", "1:x", "1:z")
	run := p.move(t, p.run(t, other, 1, 1), migration.RunConnecting)
	p.wantOffered(t, "1:z")
	p.move(t, run, migration.RunCopying, migration.RunDone)
	p.wantOffered(t, "1:x", "1:x", "1:z")
}

func TestPassesTakeTurnsAndTheIdleOneGoesFirst(t *testing.T) {
	p := newPanel(t)
	big := p.running(t, "a1", "a2", "a3", "a4", "a5")
	p.running(t, "b1", "b2")
	p.wantOffered(t, "1:a1", "1:b1", "1:a2", "1:b2", "1:a3", "1:a4", "1:a5")
	for line := 1; line <= 2; line++ {
		p.move(t, p.run(t, big, line, 1), migration.RunConnecting)
	}
	p.wantOffered(t, "1:b1", "1:b2", "1:a3", "1:a4", "1:a5")
	if got := p.offered(t, 1); !slices.Equal(got, []string{"1:b1"}) {
		t.Errorf("of one place: %v", got)
	}
	if got := p.offered(t, 0); got != nil {
		t.Errorf("of no place: %v", got)
	}
}

func TestACancelledMigrationOffersNothing(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y")
	p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunParked)
	m = p.finish(t, m, 1)
	check(t, p.Cancel(t.Context(), p.customer, &m))
	p.pass(time.Hour)
	p.wantOffered(t)
	if active := must(p.Active(t.Context()))(t); active != nil {
		t.Errorf("active: %+v", active)
	}
}

func TestProgressIsStoredOfRunsAtWorkOnly(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y", "z")
	p.move(t, p.run(t, m, 1, 1), migration.RunConnecting)
	p.move(t, p.run(t, m, 2, 1), migration.RunConnecting, migration.RunCopying)
	tally := migration.Tally{Listed: 9, Copied: 1, Present: 2, Skipped: 3, Failed: 1, Bytes: 77}
	var all []migration.RunProgress
	for line := 1; line <= 3; line++ {
		all = append(all, migration.RunProgress{
			Customer: p.customer, RunID: p.run(t, m, line, 1).ID, Tally: tally, Folder: "Posta \xff",
		})
	}
	before := p.commits.Load()
	check(t, p.SaveProgress(t.Context(), all))
	if n := p.commits.Load() - before; n != 1 {
		t.Errorf("%d commits", n)
	}
	for line, want := range map[int]migration.Tally{1: tally, 2: tally, 3: {}} {
		row := must(p.Resource(t.Context(), p.customer, m.ID, line))(t)
		if row.Runs[1].Tally != want || (row.Folder == "Posta \uFFFD") != (line < 3) {
			t.Errorf("row %d in %q: %+v", line, row.Folder, row.Runs[1].Tally)
		}
	}
	p.move(t, p.run(t, m, 2, 1), migration.RunDone)
	if row := must(p.Resource(t.Context(), p.customer, m.ID, 2))(t); row.Folder != "" {
		t.Errorf("a run that is done works on %q", row.Folder)
	}
}

func TestAPlannedPassIsMovedUntilItStarts(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	to := p.at.Add(2 * time.Hour)
	wantError(t, p.MovePass(t.Context(), p.customer, &m.Passes[0], to), migration.ErrConflict)
	wantError(t, p.MovePass(t.Context(), p.stranger(t).CustomerID, &m.Passes[1], to), migration.ErrConflict)
	check(t, p.MovePass(t.Context(), p.customer, &m.Passes[1], to))
	if got := p.reread(t, m).Passes[1]; !got.PlannedAt.Equal(to) || got != m.Passes[1] {
		t.Errorf("moved to %+v", got)
	}
}

func TestOneMorePassComesAfterAllHaveEnded(t *testing.T) {
	p := newPanel(t)
	m := p.finish(t, p.running(t, "x"), 1)
	third := migration.Pass{MigrationID: m.ID, Number: 3, PlannedAt: p.at}
	wantError(t, p.AddPass(t.Context(), p.customer, third), migration.ErrConflict)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	m = p.finish(t, m, 2)
	wantError(t, p.AddPass(t.Context(), p.stranger(t).CustomerID, third), migration.ErrConflict)
	check(t, p.AddPass(t.Context(), p.customer, third))
	wantError(t, p.AddPass(t.Context(), p.customer, third), migration.ErrConflict)
	if m = p.reread(t, m); len(m.Passes) != 3 || !m.Passes[2].Due(p.at) {
		t.Errorf("passes %+v", m.Passes)
	}
}

func TestTheReasonsOfAPassAreCountedMostFirst(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y")
	outcome := func(kind migration.OutcomeKind, reason migration.Reason, count int) migration.Outcome {
		return migration.Outcome{Kind: kind, Reason: reason, Count: count}
	}
	save := func(line, pass int, outcomes ...migration.Outcome) {
		check(t, p.SaveExceptions(t.Context(), p.customer, p.run(t, m, line, pass).ID, outcomes))
	}
	save(1, 1, outcome(migration.Failed, migration.ReasonRefused, 2), outcome(migration.Skipped, migration.ReasonFolder, 3))
	save(2, 1, outcome(migration.Skipped, migration.ReasonFolder, 4))
	m = p.finish(t, m, 1)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	save(1, 2, outcome(migration.Failed, migration.ReasonRefused, 50))
	want := []migration.ReasonCount{
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Count: 7},
		{Kind: migration.Failed, Reason: migration.ReasonRefused, Count: 2},
	}
	if got := must(p.Reasons(t.Context(), p.customer, m.Passes[0].ID))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := must(p.Reasons(t.Context(), p.stranger(t).CustomerID, m.Passes[0].ID))(t); got != nil {
		t.Errorf("a stranger reads %+v", got)
	}
}
