package store

import (
	"testing"

	"trasloco/migration"
)

// Two migrations of one account, the first of which is deleted: the second goes on
// with what the first knew, or mail that was deleted at the destination would be
// copied once more.
func TestDeletingAMigrationHandsItsJournalToTheNext(t *testing.T) {
	p := newPanel(t)
	first, second := p.finish(t, p.running(t, "x", "alone"), 1, passDone(1)), p.valid(t, "x")
	row := func(m migration.Migration, line int) int64 {
		return must(p.Resource(t.Context(), p.customer, m.ID, line))(t).ID
	}
	for line := 1; line <= 2; line++ {
		j := p.Journal(p.customer, row(first, line), 1)
		pair := savePair(t, j, "INBOX", "INBOX")
		check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
		check(t, j.SetClean(t.Context(), false))
	}
	check(t, p.Delete(t.Context(), p.customer, &first))
	heir := p.Journal(p.customer, row(second, 1), 1)
	pairs := must(heir.Pairs(t.Context()))(t)
	if len(pairs) != 1 || pairs[0].Source != "INBOX" || count(t, p.Store, "pair") != 1 {
		t.Fatalf("the next knows of %+v", pairs)
	}
	// What is noted of a message later, such as its number at Gmail, makes it no copy
	// of the pass that notes it.
	check(t, heir.Record(t.Context(), pairs[0].ID, messages(t, heir, pairs[0].ID)))
	if known := must(heir.Known(t.Context(), pairs[0].ID, 1))(t); known.Present != 1 || known.Copied != 0 {
		t.Errorf("%+v", known)
	}
	if must(heir.Clean(t.Context()))(t) {
		t.Error("what was left open is taken for settled")
	}
}

// Another login is other mail. Folders of two accounts may be numbered alike: what
// is remembered of the former must stand for nothing of the new one.
func TestAnotherLoginForgetsTheFormerAccount(t *testing.T) {
	state := func(kind migration.OutcomeKind, gone bool) func(t *testing.T, j *Journal, pair migration.FolderPair) {
		return func(t *testing.T, j *Journal, pair migration.FolderPair) {
			s := migration.MessageState{UID: 5, Kind: kind, Gone: gone, Pass: 1, Size: 10}
			if kind == migration.Copied {
				s.DestUID = 7
			}
			check(t, j.Record(t.Context(), pair.ID, []migration.MessageState{s}))
		}
	}
	for _, tt := range []struct {
		name  string
		knows func(t *testing.T, j *Journal, pair migration.FolderPair)
		want  error
	}{
		{"an empty folder", func(*testing.T, *Journal, migration.FolderPair) {}, nil},
		{"a message that is too large", state(migration.Skipped, false), nil},
		{"a message that was copied", state(migration.Copied, false), migration.ErrConflict},
		{"one that is gone from the source since", state(migration.Copied, true), migration.ErrConflict},
		{"one that may have been copied", func(t *testing.T, j *Journal, pair migration.FolderPair) { begin(t, j, pair, 2) }, migration.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			m := p.running(t, "x")
			p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunFailed)
			old := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t)
			j := p.Journal(p.customer, old.ID, 1)
			tt.knows(t, j, savePair(t, j, "INBOX", "INBOX"))
			fresh := old.Source
			fresh.Auth.Login, fresh.Auth.Password = "other", migration.NewSecret("pw")
			err := p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: fresh})
			pairs := must(j.Pairs(t.Context()))(t)
			if tt.want != nil {
				wantError(t, err, tt.want)
			} else if check(t, err); len(pairs) > 0 {
				t.Errorf("the journal knows %+v", pairs)
			}
			if tt.want != nil && len(pairs) != 1 {
				t.Errorf("the journal forgot %+v", pairs)
			}
		})
	}
}
