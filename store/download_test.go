package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

// What was read of an account counts for the account, by the hour (M-5).
func TestDownloadsAreThoseOfTheAccount(t *testing.T) {
	l := newLab(t)
	anna, also, bruno := l.journal(t, "anna", "a"), l.journal(t, "anna", "b"), l.journal(t, "bruno", "c")
	hour := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	add := func(j *Journal, at time.Duration, octets int64) {
		t.Helper()
		check(t, j.AddDownload(t.Context(), hour.Add(at), octets))
	}
	add(anna, 5*time.Minute, 100)
	add(also, 55*time.Minute, 20)
	add(bruno, time.Minute, 7)
	add(anna, 3*time.Hour, 1)
	want := []migration.Download{{Hour: hour, Octets: 120}, {Hour: hour.Add(3 * time.Hour), Octets: 1}}
	for name, j := range map[string]*Journal{"one resource": anna, "the other": also} {
		if got := must(j.Downloads(t.Context(), hour.Add(-time.Minute)))(t); !reflect.DeepEqual(got, want) {
			t.Errorf("%s of the account: got %v, want %v", name, got, want)
		}
	}
	if got := must(anna.Downloads(t.Context(), hour.Add(time.Hour)))(t); !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("since an hour later: got %v, want %v", got, want[1:])
	}
	add(bruno, 60*time.Hour, 3)
	if got := must(anna.Downloads(t.Context(), hour.Add(-time.Hour)))(t); len(got) != 0 {
		t.Errorf("what counts no more is kept: %v", got)
	}
	foreign := l.Journal(LocalCustomer+1, anna.resource, 1)
	wantError(t, foreign.AddDownload(t.Context(), hour, 1), migration.ErrNotFound)
	if got := must(foreign.Downloads(t.Context(), hour))(t); len(got) != 0 {
		t.Errorf("another customer sees %v", got)
	}
}
