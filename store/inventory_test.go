package store

import (
	"fmt"
	"testing"
	"time"

	"trasloco/migration"
)

// found is what a check may find at a source.
func found() migration.FolderInventory {
	return migration.FolderInventory{
		{Path: []string{"INBOX"}, Messages: 10, Bytes: 1000, Oversize: 1},
		{Path: []string{"Trash"}, Messages: 4, Bytes: 400, Oversize: 2, Reason: migration.ReasonFolder, Itself: true},
		{Path: []string{"Posta inviata"}, Role: `\Sent`, Messages: 3, Bytes: 300, To: []string{"Sent"}},
	}
}

// hiddenThere is what Gmail may hide of it.
var hiddenThere = migration.Hide(true, []migration.CutFolder{{Name: "INBOX", Messages: 1000}})

// inspected is a draft with rows of those names, whose checks have found folders.
func (p panel) inspected(t *testing.T, names ...string) migration.Migration {
	t.Helper()
	m := p.draft(t, names...)
	for _, job := range must(p.ChecksToMake(t.Context(), 100))(t) {
		check(t, p.StartCheck(t.Context(), p.customer, job.Resource.ID))
		c := migration.Check{Status: migration.CheckPassed, At: testNow, Folders: 3, Messages: 17, Bytes: 1700, Rate: 5, Hidden: hiddenThere}
		check(t, p.FinishCheck(t.Context(), p.customer, job.Resource.ID, c, found()...))
	}
	return must(p.MigrationByID(t.Context(), p.customer, m.ID))(t)
}

func (p panel) checkOf(t *testing.T, m migration.Migration, row int) migration.Check {
	t.Helper()
	return must(p.Resource(t.Context(), p.customer, m.ID, row))(t).Check
}

func TestFoldersAreKeptWithTheirRow(t *testing.T) {
	p := newPanel(t)
	m := p.inspected(t, "a", "b")
	all := must(p.Inventories(t.Context(), p.customer, m.ID))(t)
	if len(all) != 2 || fmt.Sprint(all[2]) != fmt.Sprint(found()) {
		t.Errorf("folders %+v", all)
	}
	if c := p.checkOf(t, m, 1); c.Excluded != 4 || c.ExcludedBytes != 400 || c.Oversize != 1 || c.Rate != 5 || c.Hidden != hiddenThere {
		t.Errorf("check %+v", c)
	}
	if others := must(p.Inventories(t.Context(), p.customer+1, m.ID))(t); len(others) != 0 {
		t.Errorf("another customer sees %+v", others)
	}
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{2}, true))
	if all := must(p.Inventories(t.Context(), p.customer, m.ID))(t); len(all) != 1 {
		t.Errorf("with the row that is left out: %+v", all)
	}
	m = must(p.MigrationByID(t.Context(), p.customer, m.ID))(t)
	check(t, p.Delete(t.Context(), p.customer, &m))
	if n := must(queryOne(t.Context(), p.readers, scanValue[int], `SELECT count(*) FROM inventory`))(t); n != 0 {
		t.Errorf("%d stay behind when the migration is deleted", n)
	}
}

func TestChoicesCountAnewAndGoWithTheWork(t *testing.T) {
	p := newPanel(t)
	m := p.inspected(t, "a")
	choices := migration.NewFolderChoices(
		migration.FolderChoice{Path: []string{"Trash"}}, migration.FolderChoice{Path: []string{"Posta inviata"}, Out: true},
	)
	check(t, p.ChooseFolders(t.Context(), p.customer, &m, choices))
	if c := p.checkOf(t, m, 1); c.Excluded != 3 || c.Oversize != 3 {
		t.Errorf("check %+v", c)
	}
	if len(m.Folders) != 2 {
		t.Errorf("choices %+v", m.Folders)
	}
	check(t, p.Recheck(t.Context(), p.customer, m.ID, testNow.Add(time.Second)))
	jobs := must(p.ChecksToMake(t.Context(), 10))(t)
	if len(jobs) != 1 || len(jobs[0].Chosen) != 2 {
		t.Errorf("jobs %+v", jobs)
	}
	// A check that ends after the choice counts with it.
	check(t, p.StartCheck(t.Context(), p.customer, jobs[0].Resource.ID))
	check(t, p.FinishCheck(t.Context(), p.customer, jobs[0].Resource.ID, migration.Check{Status: migration.CheckPassed, At: testNow}, found()...))
	if c := p.checkOf(t, m, 1); c.Excluded != 3 || c.Oversize != 3 {
		t.Errorf("check %+v", c)
	}
}

func TestChoicesAreFixedOnceAPassHasBegun(t *testing.T) {
	p := newPanel(t)
	m := p.inspected(t, "a")
	passes := []migration.Pass{{Number: 1, PlannedAt: testNow}, {Number: 2, PlannedAt: testNow.Add(time.Hour)}}
	check(t, p.Submit(t.Context(), p.customer, &m, passes))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	out := migration.NewFolderChoices(migration.FolderChoice{Path: []string{"Vecchi"}, Out: true})
	check(t, p.ChooseFolders(t.Context(), p.customer, &m, out))
	gmail := migration.GmailChoice{Labels: migration.LabelsKeywords, DayLimit: 500_000_000}
	check(t, p.ChooseGmail(t.Context(), p.customer, &m, gmail))
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	jobs := must(p.Claimable(t.Context(), testNow, 10))(t)
	if len(jobs) != 1 || len(jobs[0].Chosen) != 1 || jobs[0].Gmail != gmail {
		t.Errorf("runs %+v", jobs)
	}
	wantError(t, p.ChooseFolders(t.Context(), p.customer, &m, nil), migration.ErrConflict)
	wantError(t, p.ChooseGmail(t.Context(), p.customer, &m, migration.GmailChoice{}), migration.ErrConflict)
	check(t, p.PausePass(t.Context(), p.customer, &m.Passes[0]))
	wantError(t, p.ChooseFolders(t.Context(), p.customer, &m, nil), migration.ErrConflict)
}

func TestOfTwoTabsTheFirstCounts(t *testing.T) {
	p := newPanel(t)
	m := p.inspected(t, "a")
	saw := m.Version
	check(t, p.Claim(t.Context(), p.customer, &m, saw))
	other := m
	wantError(t, p.Claim(t.Context(), p.customer, &other, saw), ErrStale)
	wantError(t, p.Claim(t.Context(), p.customer, &other, saw), migration.ErrConflict)
	for name, change := range map[string]func() error{
		"the draft":   func() error { return p.SaveDraft(t.Context(), p.customer, &m) },
		"its rows":    func() error { return p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, p.rows("b")) },
		"rows out":    func() error { return p.LeaveOut(t.Context(), p.customer, m.ID, []int{1}, true) },
		"its folders": func() error { return p.ChooseFolders(t.Context(), p.customer, &m, nil) },
	} {
		m = must(p.MigrationByID(t.Context(), p.customer, m.ID))(t)
		saw := m.Version
		check(t, change())
		m = must(p.MigrationByID(t.Context(), p.customer, m.ID))(t)
		if m.Version <= saw {
			t.Errorf("%s: version %d after %d", name, m.Version, saw)
		}
	}
	stale := m
	stale.Version--
	wantError(t, p.ChooseFolders(t.Context(), p.customer, &stale, nil), migration.ErrConflict)
}

func TestTheLimitIsCountedWhereItIsUsed(t *testing.T) {
	p := newPanel(t)
	one, other := p.inspected(t, "a"), p.inspected(t, "b")
	fits := func(planned []migration.Migration) bool { return len(planned) < 1 }
	seen := one
	check(t, p.LeaveOut(t.Context(), p.customer, one.ID, []int{1}, false)) // somebody else is at work on it
	wantError(t, p.SubmitWhere(t.Context(), p.customer, &seen, p.twoPasses(), fits), ErrStale)
	one = p.reread(t, one)
	check(t, p.SubmitWhere(t.Context(), p.customer, &one, p.twoPasses(), fits))
	wantError(t, p.SubmitWhere(t.Context(), p.customer, &other, p.twoPasses(), fits), ErrTooMany)
	if m := p.reread(t, other); m.Validity != migration.Draft || len(m.Passes) != 0 {
		t.Errorf("it was handed in all the same: %+v", m)
	}
}
