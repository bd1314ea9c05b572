package schedule

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"trasloco/imapsync"
	"trasloco/migration"
)

// C-1: a check that had no turn at its server says nothing: it is made again.
func TestACheckWithoutATurnIsMadeAgain(t *testing.T) {
	var asked atomic.Int64
	engine := &fakeEngine{source: func(context.Context, imapsync.Job) (imapsync.Findings, error) {
		if asked.Add(1) == 1 {
			return imapsync.Findings{}, fmt.Errorf("wait: %w", imapsync.ErrNoTurn)
		}
		return imapsync.Findings{OK: true, Messages: 3}, nil
	}}
	l := newLab(t, engine, imaginary())
	m := l.submit(l.draft(l.row(1, "old.example", "anna")))
	l.start()
	l.untilValidity(m, migration.Valid)
	if got := l.resources(m)[0].Check; asked.Load() != 2 || got.Status != migration.CheckPassed || got.Messages != 3 {
		t.Errorf("asked %d times: %+v", asked.Load(), got)
	}
}

// C-1: who would only wait at a server takes nobody's place.
func TestOnlySoManyRunsAsAServerHasTaught(t *testing.T) {
	engine := &fakeEngine{places: 1}
	l := newLab(t, engine, imaginary())
	first := l.submit(l.draft(l.row(1, "old.example", "anna"), l.row(2, "old.example", "bruno"), l.row(3, "old.example", "carla")))
	second := l.submit(l.draft(l.row(1, "old.example", "dora")))
	l.start()
	l.untilPass(first, 1, migration.PassDone)
	l.untilPass(second, 1, migration.PassDone)
	engine.mu.Lock()
	defer engine.mu.Unlock()
	if engine.mostHost != 1 {
		t.Errorf("%d at once", engine.mostHost)
	}
	if engine.began[len(engine.began)-1] == "dora" {
		t.Errorf("the small migration came last: %v", engine.began)
	}
}
