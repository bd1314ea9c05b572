package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestALocalFolderHasOneMigration(t *testing.T) {
	l := newLab(t)
	if again := must(l.EnsureLocal(t.Context()))(t); again != l.migration {
		t.Errorf("migration %d, then %d", l.migration, again)
	}
}

func TestAResourceIsKnownAgainByItsTwoAccounts(t *testing.T) {
	l := newLab(t)
	first := l.resource(t, "a", "a")
	tests := []struct {
		name   string
		change func(r *migration.Resource)
		same   bool
	}{
		{"another line of the file", func(r *migration.Resource) { r.Row = 9 }, true},
		{"another password", func(r *migration.Resource) { r.Source.Auth.Password = migration.NewSecret("x") }, true},
		{"another source port", func(r *migration.Resource) { r.Source.Port = 143 }, false},
		{"another source login", func(r *migration.Resource) { r.Source.Auth.Login = "b" }, false},
		{"another destination", func(r *migration.Resource) { r.Destination.Auth.Login = "b" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := first
			r.ID = 0
			tt.change(&r)
			check(t, l.SaveResource(t.Context(), LocalCustomer, l.migration, &r))
			if (r.ID == first.ID) != tt.same {
				t.Errorf("id %d, the first has %d", r.ID, first.ID)
			}
		})
	}
	wantError(t, l.SaveResource(t.Context(), LocalCustomer+1, l.migration, &first), migration.ErrNotFound)
}

func TestPassesFollowEachOther(t *testing.T) {
	l := newLab(t)
	open := func() migration.Pass { return must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t) }
	first := open()
	want := migration.Pass{ID: first.ID, MigrationID: l.migration, Number: 1, Status: migration.PassRunning, StartedAt: testNow}
	if first != want {
		t.Errorf("first pass is %+v, want %+v", first, want)
	}
	if again := open(); again != first {
		t.Errorf("a running pass opened again is %+v", again)
	}
	interrupted := first
	check(t, l.InterruptPass(t.Context(), LocalCustomer, &interrupted))
	if again := open(); again != first {
		t.Errorf("an interrupted pass goes on as %+v", again)
	}
	check(t, l.FinishPass(t.Context(), LocalCustomer, &first))
	if first.Status != migration.PassDone || !first.EndedAt.Equal(testNow) {
		t.Errorf("finished pass is %+v", first)
	}
	if second := open(); second.Number != 2 || second.ID == first.ID {
		t.Errorf("second pass is %+v", second)
	}
}

func TestAPassIsMovedByOneOnly(t *testing.T) {
	l := newLab(t)
	mine := must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t)
	late := mine
	foreign := mine
	wantError(t, l.FinishPass(t.Context(), LocalCustomer+1, &foreign), migration.ErrConflict)
	check(t, l.FinishPass(t.Context(), LocalCustomer, &mine))
	wantError(t, l.InterruptPass(t.Context(), LocalCustomer, &late), migration.ErrConflict)
	wantError(t, l.InterruptPass(t.Context(), LocalCustomer, &mine), migration.ErrConflict)
	if late.Status != migration.PassRunning || mine.Status != migration.PassDone {
		t.Errorf("passes say %s and %s", late.Status, mine.Status)
	}
	_, err := l.OpenPass(t.Context(), LocalCustomer+1, l.migration)
	wantError(t, err, migration.ErrNotFound)
}

// startRun opens a pass with one resource and starts its run.
func (l lab) startRun(t *testing.T) migration.Run {
	t.Helper()
	pass := must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t)
	return must(l.StartRun(t.Context(), LocalCustomer, pass.ID, l.resource(t, "a", "a").ID))(t)
}

func (l lab) move(t *testing.T, run *migration.Run, to ...migration.RunStatus) {
	t.Helper()
	for _, status := range to {
		check(t, l.MoveRun(t.Context(), LocalCustomer, run, status))
	}
}

func TestARunFromStartToEnd(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	if again := l.startRun(t); again != run || run.Status != migration.RunWaiting || !run.StartedAt.IsZero() {
		t.Fatalf("run %+v, then %+v", run, again)
	}
	l.move(t, &run, migration.RunConnecting)
	run.RetryAt, run.ErrorClass, run.ErrorText = testNow.Add(time.Hour), "throttle", "NO [LIMIT] \xff"
	l.move(t, &run, migration.RunParked)
	if got := l.startRun(t); !got.RetryAt.Equal(run.RetryAt) || got.ErrorClass != "throttle" || got.ErrorText != "NO [LIMIT] \uFFFD" {
		t.Errorf("parked run is %+v", got)
	}
	l.move(t, &run, migration.RunConnecting, migration.RunCopying)
	run.Tally = migration.Tally{Listed: 21, Copied: 6, Present: 5, Skipped: 7, Failed: 3, Bytes: 1 << 40}
	l.move(t, &run, migration.RunDone)
	want := migration.Run{
		ID: run.ID, PassID: run.PassID, ResourceID: run.ResourceID, Status: migration.RunDone,
		Tally: run.Tally, StartedAt: testNow, EndedAt: testNow,
	}
	if got := must(l.Runs(t.Context(), LocalCustomer, run.PassID))(t); !reflect.DeepEqual(got, []migration.Run{want}) || run != want {
		t.Errorf("stored %+v\ntold %+v\nwant %+v", got, run, want)
	}
}

func TestARunIsMovedByOneOnlyAndAlongItsArrows(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	late, foreign := run, run
	wantError(t, l.MoveRun(t.Context(), LocalCustomer+1, &foreign, migration.RunConnecting), migration.ErrConflict)
	wantError(t, l.MoveRun(t.Context(), LocalCustomer, &run, migration.RunDone), migration.ErrConflict)
	l.move(t, &run, migration.RunConnecting)
	wantError(t, l.MoveRun(t.Context(), LocalCustomer, &late, migration.RunConnecting), migration.ErrConflict)
	if late.Status != migration.RunWaiting || !late.StartedAt.IsZero() {
		t.Errorf("the loser's run says %+v", late)
	}
}

func TestARunNeedsAPassAndAResourceOfOneMigration(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	for name, ids := range map[string][3]int64{
		"another customer": {LocalCustomer + 1, run.PassID, run.ResourceID},
		"no such pass":     {LocalCustomer, 99, run.ResourceID},
		"no such resource": {LocalCustomer, run.PassID, 99},
	} {
		_, err := l.StartRun(t.Context(), ids[0], ids[1], ids[2])
		if wantError(t, err, migration.ErrNotFound); t.Failed() {
			t.Log(name)
		}
	}
}

func TestRunsStandInTheOrderOfTheFile(t *testing.T) {
	l := newLab(t)
	pass := must(l.OpenPass(t.Context(), LocalCustomer, l.migration))(t)
	var want []int64
	for i, login := range []string{"c", "b", "a"} {
		r := l.resource(t, login, login)
		r.Row = 3 - i
		check(t, l.SaveResource(t.Context(), LocalCustomer, l.migration, &r))
		want = append([]int64{r.ID}, want...)
		must(l.StartRun(t.Context(), LocalCustomer, pass.ID, r.ID))(t)
	}
	var got []int64
	for _, run := range must(l.Runs(t.Context(), LocalCustomer, pass.ID))(t) {
		got = append(got, run.ResourceID)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("resources %v, want %v", got, want)
	}
}

func TestRecoverInterruptsWhatADeadProcessLeftRunning(t *testing.T) {
	tests := []struct {
		name string
		path []migration.RunStatus
		want migration.RunStatus
	}{
		{"waiting waits on", nil, migration.RunWaiting},
		{"connecting", []migration.RunStatus{migration.RunConnecting}, migration.RunInterrupted},
		{"copying", []migration.RunStatus{migration.RunConnecting, migration.RunCopying}, migration.RunInterrupted},
		{"parked stays so", []migration.RunStatus{migration.RunConnecting, migration.RunParked}, migration.RunParked},
		{"done stays so", []migration.RunStatus{migration.RunConnecting, migration.RunCopying, migration.RunDone}, migration.RunDone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			run := l.startRun(t)
			l.move(t, &run, tt.path...)
			check(t, l.Close())
			s := openStore(t, l.dir)
			before := must(s.Runs(t.Context(), LocalCustomer, run.PassID))(t)[0]
			if before != run {
				t.Errorf("opening changed the run from %+v to %+v", run, before)
			}
			check(t, s.Recover(t.Context()))
			if got := must(s.Runs(t.Context(), LocalCustomer, run.PassID))(t)[0].Status; got != tt.want {
				t.Errorf("run is %s, want %s", got, tt.want)
			}
			pass := migration.Pass{ID: run.PassID, Status: migration.PassRunning}
			wantError(t, s.FinishPass(t.Context(), LocalCustomer, &pass), migration.ErrConflict)
			if got := must(s.OpenPass(t.Context(), LocalCustomer, l.migration))(t); got.ID != run.PassID {
				t.Errorf("pass %d goes on as %+v", run.PassID, got)
			}
		})
	}
}

func TestOnlyAFailedRunIsStartedAnew(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	l.move(t, &run, migration.RunConnecting)
	_, err := l.RestartRun(t.Context(), LocalCustomer, run)
	wantError(t, err, migration.ErrConflict)
	run.ErrorClass = "login"
	l.move(t, &run, migration.RunFailed)
	_, err = l.RestartRun(t.Context(), LocalCustomer+1, run)
	wantError(t, err, migration.ErrConflict)
	fresh := must(l.RestartRun(t.Context(), LocalCustomer, run))(t)
	if fresh.ID == run.ID || fresh.Status != migration.RunWaiting || fresh.ErrorClass != "" || fresh.ResourceID != run.ResourceID {
		t.Errorf("the new run is %+v", fresh)
	}
	if got := must(l.Runs(t.Context(), LocalCustomer, run.PassID))(t); len(got) != 1 {
		t.Errorf("runs %+v", got)
	}
}
