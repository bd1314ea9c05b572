package schedule

import (
	"context"
	"errors"
	"testing"

	"trasloco/imapsync"
	"trasloco/migration"
)

func TestAServerIsLookedForWhereNobodyAnswers(t *testing.T) {
	found := migration.Suggestion{Host: "imaps.aruba.it", Port: 993, How: migration.FoundByMX}
	for class, want := range map[imapsync.Class]bool{imapsync.ClassAddress: true, imapsync.ClassConnect: true, imapsync.ClassLogin: false} {
		t.Run(string(class), func(t *testing.T) {
			engine := &fakeEngine{found: found, source: func(context.Context, imapsync.Job) (imapsync.Findings, error) {
				return imapsync.Findings{}, &imapsync.Error{Side: imapsync.SourceSide, Class: class, Err: errors.New("no")}
			}}
			l := newLab(t, engine, imaginary())
			m := l.draft(l.row(1, "old.example", "anna@rossi.example"))
			l.start()
			l.until(m, "searched", func(m migration.Migration) bool {
				all, err := l.store.Discoveries(t.Context(), l.customer, m.ID)
				check(t, err)
				return m.Checks.Failed == 1 && (!want || all["rossi.example"].Done)
			})
			all, err := l.store.Discoveries(t.Context(), l.customer, m.ID)
			check(t, err)
			if d, asked := all["rossi.example"]; asked != want || want && d.Found != found {
				t.Errorf("looked for: %v, found %+v", asked, d)
			}
		})
	}
}
