package store

import (
	"slices"
	"testing"
	"time"

	"trasloco/migration"
)

// C-1: a restart remembers what servers have taught, the last lesson of each.
func TestWhatServersTaughtIsRemembered(t *testing.T) {
	l := newLab(t)
	a := migration.ServerLimit{Server: "source imap.a.example:993 192.0.2.1", Most: 4, Until: testNow}
	b := migration.ServerLimit{Server: "destination imap.b.example:993", Most: 9, Until: testNow.Add(time.Hour)}
	for _, limit := range []migration.ServerLimit{a, b} {
		check(t, l.SaveServerLimit(t.Context(), limit))
	}
	a.Most, a.Until = 3, testNow.Add(time.Minute)
	check(t, l.SaveServerLimit(t.Context(), a))
	check(t, l.Close())
	got := must(openStore(t, l.dir).ServerLimits(t.Context()))(t)
	if !slices.EqualFunc(got, []migration.ServerLimit{b, a}, func(x, y migration.ServerLimit) bool {
		return x.Server == y.Server && x.Most == y.Most && x.Until.Equal(y.Until)
	}) {
		t.Errorf("got %+v", got)
	}
}
