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

func folderTally(name string, copied int) migration.FolderTally {
	return migration.FolderTally{
		Name: name, Destination: name, State: migration.FolderDone,
		Tally: migration.Tally{Listed: copied + 1, Copied: copied, Failed: 1, Bytes: int64(copied) * 10},
	}
}

func TestFoldersComeBackInOrderByPagesWithTheSumOfAll(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	first := []migration.FolderTally{folderTally("INBOX", 3), {
		Name: "Cestino", Role: `\Trash`, State: migration.FolderLeftOut, Reason: migration.ReasonFolder, Tally: migration.Tally{Listed: 5, Skipped: 5},
	}}
	check(t, l.SaveFolders(t.Context(), LocalCustomer, run.ID, first))
	check(t, l.SaveFolders(t.Context(), LocalCustomer, run.ID, []migration.FolderTally{folderTally("Archivio", 4)}))
	all := must(l.Folders(t.Context(), LocalCustomer, run.ID, 1, 0))(t)
	want := append(slices.Clone(first), folderTally("Archivio", 4))
	if !reflect.DeepEqual(all.Folders, want) {
		t.Errorf("got\n%+v\nwant\n%+v", all.Folders, want)
	}
	sum := migration.Tally{Listed: 14, Copied: 7, Skipped: 5, Failed: 2, Bytes: 70}
	second := must(l.Folders(t.Context(), LocalCustomer, run.ID, 2, 2))(t)
	if len(second.Folders) != 1 || second.Folders[0].Name != "Archivio" || second.Total != 3 || second.Sum != sum {
		t.Errorf("the second page is %+v", second)
	}
	wantError(t, l.SaveFolders(t.Context(), LocalCustomer+1, run.ID, first), migration.ErrNotFound)
	if foreign := must(l.Folders(t.Context(), LocalCustomer+1, run.ID, 1, 0))(t); foreign.Total != 0 {
		t.Errorf("a stranger sees %+v", foreign)
	}
	check(t, l.ClearExceptions(t.Context(), LocalCustomer, run.ID))
	if left := must(l.Folders(t.Context(), LocalCustomer, run.ID, 1, 0))(t); left.Total != 0 {
		t.Errorf("after an interruption there are %+v", left)
	}
}

func TestFoldersOfSeveralPassesStandBesideEachOther(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	first := must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t)
	l.move(t, &run, migration.RunConnecting, migration.RunCopying, migration.RunDone)
	check(t, l.FinishPass(t.Context(), LocalCustomer, &first))
	pass := must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t)
	again := must(l.StartRun(t.Context(), LocalCustomer, pass.ID, run.ResourceID))(t)
	check(t, l.SaveFolders(t.Context(), LocalCustomer, run.ID, []migration.FolderTally{folderTally("Old", 1), folderTally("INBOX", 3)}))
	check(t, l.SaveFolders(t.Context(), LocalCustomer, again.ID, []migration.FolderTally{folderTally("INBOX", 1), folderTally("New", 2)}))
	all, total, err := l.CompareFolders(t.Context(), LocalCustomer, run.ResourceID, 10)
	check(t, err)
	var got []string
	for _, f := range all {
		got = append(got, fmt.Sprintf("%s %d %d", f.Name, f.Passes[1].Tally.Copied, f.Passes[2].Tally.Copied))
	}
	if want := []string{"INBOX 3 1", "New 0 2", "Old 1 0"}; !slices.Equal(got, want) || total != 3 {
		t.Errorf("%d: %v, want %v", total, got, want)
	}
	if some, total, err := l.CompareFolders(t.Context(), LocalCustomer, run.ResourceID, 1); err != nil || len(some) != 1 || total != 3 || some[0].Passes[1].Tally.Copied != 3 {
		t.Errorf("the first one is %+v of %d, %v", some, total, err)
	}
	if foreign, total, err := l.CompareFolders(t.Context(), LocalCustomer+1, run.ResourceID, 10); err != nil || len(foreign)+total != 0 {
		t.Errorf("a stranger sees %+v, %v", foreign, err)
	}
}

// A run that is tried for days must not fill the disk with dialogues.
func TestOfEachSideTheLastDialogueIsKept(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	transcript := func(side, dialogue string, at time.Time) migration.Entry {
		return migration.Entry{
			At: at, Level: migration.Failure, Code: migration.EntryTranscript, Args: migration.Args{"side": side, "dialogue": dialogue},
		}
	}
	check(t, l.AppendEntries(t.Context(), LocalCustomer, run.ID, []migration.Entry{
		transcript("source", "first", testNow), transcript("destination", "other", testNow.Add(time.Second)),
		transcript("source", "second", testNow.Add(time.Minute)),
	}))
	want := []migration.Transcript{
		{Side: "source", At: testNow.Add(time.Minute), Dialogue: "second"},
		{Side: "destination", At: testNow.Add(time.Second), Dialogue: "other"},
	}
	if got := must(l.Transcripts(t.Context(), LocalCustomer, run.ID))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, e := range must(l.Entries(t.Context(), LocalCustomer, run.ID))(t) {
		if e.Args["dialogue"] != nil || e.Args["side"] == nil {
			t.Errorf("the entry has %v", e.Args)
		}
	}
	if foreign := must(l.Transcripts(t.Context(), LocalCustomer+1, run.ID))(t); len(foreign) != 0 {
		t.Errorf("a stranger sees %+v", foreign)
	}
}

func TestEntriesByLevelFolderAndPage(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	var entries []migration.Entry
	for i := range 60 { // every third warns, every sixth fails; half of them about INBOX
		e := migration.Entry{At: testNow, Level: migration.Info, Code: fmt.Sprint(i), Args: migration.Args{"folder": "INBOX"}}
		switch {
		case i%6 == 5:
			e.Level = migration.Failure
		case i%3 == 2:
			e.Level = migration.Warning
		}
		if i%2 == 1 {
			e.Args = nil
		}
		entries = append(entries, e)
	}
	check(t, l.AppendEntries(t.Context(), LocalCustomer, run.ID, entries))
	tests := []struct {
		name   string
		query  EntryQuery
		want   string
		total  int
		page   int
		levels string
	}{
		{"the first page", EntryQuery{Page: 1, PerPage: 4}, "0 1 2 3", 60, 1, "40 10 10"},
		{"the last lines", EntryQuery{PerPage: 8}, "52 53 54 55 56 57 58 59", 60, 8, "40 10 10"},
		{"a page after the last", EntryQuery{Page: 9, PerPage: 50}, "50 51 52 53 54 55 56 57 58 59", 60, 2, "40 10 10"},
		{"warnings and errors", EntryQuery{Level: migration.Warning, Page: 2, PerPage: 6}, "20 23 26 29 32 35", 20, 2, "40 10 10"},
		{"errors", EntryQuery{Level: migration.Failure, Page: 1, PerPage: 3}, "5 11 17", 10, 1, "40 10 10"},
		{"a folder", EntryQuery{Folder: "INBOX", Page: 1, PerPage: 3}, "0 2 4", 30, 1, "20 10 0"},
		{"errors of a folder that has none", EntryQuery{Folder: "INBOX", Level: migration.Failure, PerPage: 3}, "", 0, 1, "20 10 0"},
		{"warnings of a folder", EntryQuery{Folder: "INBOX", Level: migration.Warning, Page: 2, PerPage: 4}, "26 32 38 44", 10, 2, "20 10 0"},
		{"a folder that is none", EntryQuery{Folder: "' OR 1=1", Page: 1, PerPage: 3}, "", 0, 1, "0 0 0"},
		{"another customer", EntryQuery{Customer: LocalCustomer + 1, Page: 1, PerPage: 3}, "", 0, 1, "0 0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.query.RunID = run.ID; tt.query.Customer == 0 {
				tt.query.Customer = LocalCustomer
			}
			page := must(l.EntryPage(t.Context(), tt.query))(t)
			var codes []string
			for _, e := range page.Entries {
				codes = append(codes, e.Code)
			}
			levels := fmt.Sprint(page.Levels[migration.Info], page.Levels[migration.Warning], page.Levels[migration.Failure])
			if got := strings.Join(codes, " "); got != tt.want || page.Total != tt.total || page.Page != tt.page || levels != tt.levels {
				t.Errorf("got %q of %d, page %d, levels %s", got, page.Total, page.Page, levels)
			}
		})
	}
}

func TestExceptionsByReasonAndPage(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	var left []migration.Outcome
	for i := range 7 {
		left = append(left, migration.Outcome{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: uint32(i + 1), Count: 1})
	}
	left = append(left, migration.Outcome{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Spam", Count: 40})
	check(t, l.SaveExceptions(t.Context(), LocalCustomer, run.ID, left))
	want := []ExceptionGroup{
		{migration.ReasonCount{Kind: migration.Skipped, Reason: migration.ReasonFolder, Count: 40}, 1},
		{migration.ReasonCount{Kind: migration.Failed, Reason: migration.ReasonRefused, Count: 7}, 7},
	}
	if got := must(l.ExceptionGroups(t.Context(), LocalCustomer, run.ID))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	page := must(l.ExceptionsOf(t.Context(), LocalCustomer, run.ID, migration.ReasonRefused, 2, 5))(t)
	if len(page) != 2 || page[0].UID != 6 {
		t.Errorf("the second page is %+v", page)
	}
	foreign := len(must(l.ExceptionGroups(t.Context(), LocalCustomer+1, run.ID))(t)) +
		len(must(l.ExceptionsOf(t.Context(), LocalCustomer+1, run.ID, migration.ReasonRefused, 1, 5))(t))
	if foreign != 0 {
		t.Errorf("a stranger sees %d things", foreign)
	}
}
