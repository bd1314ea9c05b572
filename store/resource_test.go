package store

import (
	"maps"
	"slices"
	"testing"

	"trasloco/migration"
)

func lines(rows []ResourceRow) []int {
	var list []int
	for _, row := range rows {
		list = append(list, row.Row)
	}
	return list
}

func TestResourcesAreGroupedByTheirRunThoseAtWorkFirst(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "waiting", "done", "out", "failed", "parked", "copying", "connecting", "interrupted", "cancelled")
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{3}, true))
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	query := func(pass int, group string, page, perPage int) ResourcePage {
		return must(p.Resources(t.Context(), ResourceQuery{
			Customer: p.customer, MigrationID: m.ID, Pass: pass, Group: group, Page: page, PerPage: perPage,
		}))(t)
	}
	if got := query(1, "", 1, 0); !maps.Equal(got.Groups, map[string]int{"": 9, GroupWaiting: 8, GroupLeftOut: 1}) {
		t.Errorf("before the pass: %v", got.Groups)
	}
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	for line, path := range map[int][]migration.RunStatus{
		2: {migration.RunCopying, migration.RunDone}, 4: {migration.RunFailed}, 5: {migration.RunParked},
		6: {migration.RunCopying}, 7: {}, 8: {migration.RunInterrupted}, 9: {migration.RunCancelled},
	} {
		p.move(t, p.move(t, p.run(t, m, line, 1), migration.RunConnecting), path...)
	}
	groups := map[string][]int{
		"":           {6, 7, 5, 4, 9, 2, 1, 8, 3},
		GroupWorking: {6, 7}, GroupParked: {5}, GroupFailed: {4, 9}, GroupDone: {2}, GroupWaiting: {1, 8}, GroupLeftOut: {3},
	}
	counts := make(map[string]int)
	for group, want := range groups {
		counts[group] = len(want)
		page := query(1, group, 1, 0)
		if got := lines(page.Resources); !slices.Equal(got, want) || page.Total != len(want) {
			t.Errorf("group %q: %d of %v, want %v", group, page.Total, got, want)
		}
	}
	if got := query(1, "", 1, 2); !maps.Equal(got.Groups, counts) || !slices.Equal(lines(got.Resources), []int{6, 7}) {
		t.Errorf("groups %v, page 1 %v", got.Groups, lines(got.Resources))
	}
	if got := query(1, "", 5, 2); !slices.Equal(lines(got.Resources), []int{3}) {
		t.Errorf("page 5: %v", lines(got.Resources))
	}
	if got := query(1, "", 6, 2); got.Resources != nil || got.Total != 9 {
		t.Errorf("page 6: %v", lines(got.Resources))
	}
}

func TestResourcesAreGroupedByTheirCheckInTheOrderOfTheFile(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "wait", "bad", "ok", "out", "running", "bad too")
	ids := make(map[int]int64)
	for _, job := range must(p.ChecksToMake(t.Context(), 9))(t) {
		ids[job.Resource.Row] = job.Resource.ID
	}
	for line, status := range map[int]migration.CheckStatus{
		2: migration.CheckFailed, 3: migration.CheckPassed, 4: migration.CheckFailed, 6: migration.CheckFailed,
	} {
		p.finishCheck(t, ids[line], migration.Check{Status: status, At: p.at, Messages: 10 * line, Bytes: int64(line)})
	}
	check(t, p.StartCheck(t.Context(), p.customer, ids[5]))
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{4}, true))
	for group, want := range map[string][]int{
		"": {1, 2, 3, 4, 5, 6}, GroupWait: {1, 5}, GroupBad: {2, 6}, GroupOK: {3}, GroupLeftOut: {4},
	} {
		page := must(p.Resources(t.Context(), ResourceQuery{Customer: p.customer, MigrationID: m.ID, Group: group}))(t)
		if got := lines(page.Resources); !slices.Equal(got, want) || page.Total != len(want) || page.Groups[group] != len(want) {
			t.Errorf("group %q: %d of %v, want %v", group, page.Total, got, want)
		}
	}
	want := migration.CheckSummary{Rows: 5, Waiting: 2, Passed: 1, Failed: 2, LeftOut: 1, Messages: 110, Bytes: 11}
	if got := p.reread(t, m).Checks; got != want {
		t.Errorf("checks %+v, want %+v", got, want)
	}
}

func TestARowComesWithItsRunsOfAllPasses(t *testing.T) {
	p := newPanel(t)
	m := p.finish(t, p.running(t, "x", "y"), 1)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	for _, row := range must(p.Resources(t.Context(), ResourceQuery{Customer: AnyCustomer, MigrationID: m.ID, Pass: 2}))(t).Resources {
		if len(row.Runs) != 2 || row.Runs[1].Status != migration.RunDone || row.Runs[2].Status != migration.RunWaiting ||
			row.Runs[1].PassID != m.Passes[0].ID || row.Runs[1].ResourceID != row.ID || row.Runs[1].Tally.Copied != 3 {
			t.Errorf("row %d has %+v", row.Row, row.Runs)
		}
	}
	_, err := p.Resource(t.Context(), p.customer, m.ID, 3)
	wantError(t, err, migration.ErrNotFound)
}

// What is counted in SQL is what SumRuns counts.
func TestRunsAreSummedAsTheDomainDoes(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "a", "b", "c", "d", "e", "f", "g", "h")
	for line, path := range map[int][]migration.RunStatus{
		2: {}, 3: {migration.RunCopying}, 4: {migration.RunInterrupted}, 5: {migration.RunParked},
		6: {migration.RunCopying, migration.RunDone}, 7: {migration.RunFailed}, 8: {migration.RunCancelled},
	} {
		run := p.run(t, m, line, 1)
		run.Tally = migration.Tally{Listed: line * 100, Copied: line, Present: 2 * line, Skipped: 3, Failed: 4 * line, Bytes: 1 << line}
		p.move(t, p.move(t, run, migration.RunConnecting), path...)
	}
	want := migration.SumRuns(must(p.Runs(t.Context(), p.customer, m.Passes[0].ID))(t))
	if got := p.reread(t, m).Passes[0].Runs; got != want || want.AtWork != 2 || want.Tally.Listed != 3500 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
