package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestEntriesComeBackInOrder(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	first := []migration.Entry{
		{At: testNow, Level: migration.Info, Code: "run.started"},
		{
			At: testNow.Add(time.Second), Level: migration.Failure, Code: "message.refused", ServerText: "NO \x00caff\xe8",
			Args: migration.Args{
				"folder": "Posta inviata", "uid": uint32(7), "size": int64(1) << 40, "share": 0.5, "ok": true,
				"password": migration.NewSecret("hunter2"),
			},
		},
	}
	check(t, l.AppendEntries(t.Context(), LocalCustomer, run.ID, first))
	check(t, l.AppendEntries(t.Context(), LocalCustomer, run.ID, []migration.Entry{{At: testNow, Level: migration.Warning, Code: "run.slow"}}))
	want := []migration.Entry{first[0], first[1], {At: testNow, Level: migration.Warning, Code: "run.slow"}}
	want[1].ServerText = "NO \uFFFDcaff\uFFFD"
	want[1].Args = migration.Args{
		"folder": "Posta inviata", "uid": 7, "size": 1 << 40, "share": 0.5, "ok": true, "password": "•••",
	}
	if got := must(l.Entries(t.Context(), LocalCustomer, run.ID))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestEntriesAreWrittenAllOrNone(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	entries := []migration.Entry{{Code: "good"}, {Code: "bad", Args: migration.Args{"f": func() {}}}}
	if err := l.AppendEntries(t.Context(), LocalCustomer, run.ID, entries); err == nil {
		t.Error("args that are no JSON were taken")
	}
	if got := must(l.Entries(t.Context(), LocalCustomer, run.ID))(t); len(got) != 0 {
		t.Errorf("part of it is there: %+v", got)
	}
}

func TestExceptionsComeBackUntilCleared(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	outcomes := []migration.Outcome{
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Cestino", Count: 1200},
		{
			Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: 4294967295, Count: 1,
			MessageID: "<1@x.example>", From: "Ada <ada@x.example>", Subject: "Perché no",
			Date: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), Size: 52_428_801, ServerText: "NO [CANNOT] header",
		},
	}
	check(t, l.SaveExceptions(t.Context(), LocalCustomer, run.ID, outcomes))
	if got := must(l.Exceptions(t.Context(), LocalCustomer, run.ID))(t); !reflect.DeepEqual(got, outcomes) {
		t.Errorf("got\n%+v\nwant\n%+v", got, outcomes)
	}
	check(t, l.ClearExceptions(t.Context(), LocalCustomer, run.ID))
	if got := must(l.Exceptions(t.Context(), LocalCustomer, run.ID))(t); len(got) != 0 {
		t.Errorf("after clearing there are %+v", got)
	}
}

func TestTheLogOfAnotherCustomersRunIsOutOfReach(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	entries, outcomes := []migration.Entry{{Code: "x"}}, []migration.Outcome{{Kind: migration.Failed}}
	check(t, l.AppendEntries(t.Context(), LocalCustomer, run.ID, entries))
	check(t, l.SaveExceptions(t.Context(), LocalCustomer, run.ID, outcomes))
	const stranger = LocalCustomer + 1
	wantError(t, l.AppendEntries(t.Context(), stranger, run.ID, entries), migration.ErrNotFound)
	wantError(t, l.SaveExceptions(t.Context(), stranger, run.ID, outcomes), migration.ErrNotFound)
	wantError(t, l.ClearExceptions(t.Context(), stranger, run.ID), migration.ErrNotFound)
	seen := len(must(l.Entries(t.Context(), stranger, run.ID))(t)) + len(must(l.Exceptions(t.Context(), stranger, run.ID))(t)) +
		len(must(l.Runs(t.Context(), stranger, run.PassID))(t))
	if seen != 0 {
		t.Errorf("a stranger sees %d things", seen)
	}
	if got := must(l.Exceptions(t.Context(), LocalCustomer, run.ID))(t); len(got) != 1 {
		t.Errorf("exceptions are %+v", got)
	}
}
