package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// An account is known again by its login, the letters of which may be written
// otherwise, at another host or port, and only where both fill one mailbox (I-16).
func TestFormers(t *testing.T) {
	const mailbox = "new.example/anna@new.example"
	for _, tt := range []struct {
		name, former, formerMailbox string
		want                        bool
	}{
		{"another host", "imap.old.example:993/anna@old.example", mailbox, true},
		{"another port", "mail.old.example:143/anna@old.example", mailbox, true},
		{"other letters", "imap.old.example:993/Anna@Old.Example", mailbox, true},
		{"without its domain", "imap.old.example:993/anna", mailbox, true},
		{"in another domain", "imap.old.example:993/anna@other.example", mailbox, false},
		{"a longer name", "imap.old.example:993/annabel", mailbox, false},
		{"a shorter name", "imap.old.example:993/ann", mailbox, false},
		{"of another mailbox", "imap.old.example:993/anna@old.example", "new.example/bert@new.example", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			first, second := p.finish(t, p.running(t, "x", "alone"), 1, passDone(1)), p.valid(t, "x")
			id := func(m migration.Migration, sourceKey, mailbox string) int64 {
				row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).ID
				_, err := p.writer.ExecContext(t.Context(), `UPDATE resource SET source_key = $1, mailbox = $2 WHERE id = $3`, sourceKey, mailbox, row)
				check(t, err)
				return row
			}
			former := p.Journal(p.customer, id(first, tt.former, tt.formerMailbox), 1)
			mine := p.Journal(p.customer, id(second, "mail.old.example:993/anna@old.example", mailbox), 1)
			if list := must(mine.Formers(t.Context()))(t); len(list) > 0 {
				t.Fatalf("one of which nothing is known: %+v", list)
			}
			savePair(t, former, "Sent", "Sent")
			if list := must(mine.Formers(t.Context()))(t); len(list) > 0 {
				t.Fatalf("one that nothing was copied from: %+v", list)
			}
			pair := savePair(t, former, "INBOX", "INBOX")
			savePair(t, mine, "INBOX", "INBOX") // of a pass that had nothing to copy
			states := slices.Concat(copied(1, 1, 2, 3), gone(70, 60), []migration.MessageState{
				{UID: 89, Kind: migration.Skipped}, {UID: 90, Kind: migration.Copied, Pass: migration.ElsewherePass},
			})
			for i := range states {
				states[i].Fingerprint = uint64(states[i].UID) + 10
			}
			check(t, former.Record(t.Context(), pair.ID, states))
			check(t, former.SetClean(t.Context(), false))
			list := must(mine.Formers(t.Context()))(t)
			if len(list) == 1 != tt.want {
				t.Fatalf("formers: %+v", list)
			}
			f := migration.Former{ResourceID: former.resource}
			if !tt.want {
				_, err := mine.TakeOver(t.Context(), f)
				wantError(t, err, migration.ErrNotFound)
				return
			}
			f = list[0]
			if server, _, _ := strings.Cut(tt.former, "/"); f.Server != server || len(f.Folders) != 2 || f.Folders[1].ID != pair.ID || f.Folders[0].Copies != 0 {
				t.Errorf("%+v", f)
			}
			found, err := mine.CountCopies(t.Context(), f, pair.ID, []uint64{11, 12, 12, 99, 70, 100})
			check(t, err)
			if found != 4 || f.Folders[1].Copies != 4 {
				t.Errorf("%d of these messages are known, of %d", found, f.Folders[1].Copies)
			}
			if clean := must(mine.TakeOver(t.Context(), f))(t); clean {
				t.Error("what was left open is taken for settled")
			}
			pairs := must(mine.Pairs(t.Context()))(t)
			if len(pairs) != 2 || !pairs[1].Doubted || len(must(former.Pairs(t.Context()))(t)) > 0 {
				t.Fatalf("taken over: %+v", pairs)
			}
			if known := must(mine.Known(t.Context(), pair.ID, 1))(t); known.Present != 4 || known.Copied != 0 {
				t.Errorf("%+v", known)
			}
			if list := must(mine.Formers(t.Context()))(t); len(list) > 0 {
				t.Errorf("asked again: %+v", list)
			}
			// The other way round it is the same.
			if back := must(former.Formers(t.Context()))(t); len(back) != 1 || back[0].ResourceID != mine.resource {
				t.Errorf("back: %+v", back)
			}
		})
	}
}

// With another host or port no UID is believed before it has been compared.
func TestAnotherHostDoubtsTheNumbers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*migration.Endpoint)
		want   bool
	}{
		{"another host", func(e *migration.Endpoint) { e.Host = "other.example" }, true},
		{"another port", func(e *migration.Endpoint) { e.Port = 1143 }, true},
		{"the same host in other letters", func(e *migration.Endpoint) { e.Host = strings.ToUpper(e.Host) }, false},
		{"another password", func(e *migration.Endpoint) { e.Auth.Password = migration.NewSecret("pw") }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			m := p.running(t, "x")
			p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunFailed)
			old := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t)
			j := p.Journal(p.customer, old.ID, 1)
			pair := savePair(t, j, "INBOX", "INBOX")
			check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
			fresh := old.Source
			tt.change(&fresh)
			check(t, p.CorrectRow(t.Context(), p.customer, m.ID, Correction{Row: 1, Source: fresh}))
			if p := must(j.Pairs(t.Context()))(t)[0]; p.Doubted != tt.want || p.UIDValidity != pair.UIDValidity {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A migration that is deleted leaves what it took over to the one it took it from, or
// one that has the account under another name, if nothing was copied from there: the two
// were told apart then.
func TestDeletingAMigrationHandsItsJournalToAnotherName(t *testing.T) {
	for name, heir := range map[string]struct {
		has  []migration.MessageState
		want int
	}{"one that had nothing to copy": {nil, 1}, "one that copied": {copied(20, 5), 0}} {
		t.Run(name, func(t *testing.T) {
			p := newPanel(t)
			first, second := p.finish(t, p.running(t, "x", "alone"), 1, passDone(1)), p.valid(t, "x")
			row := must(p.Resource(t.Context(), p.customer, second.ID, 1))(t)
			row.Source.Host = "mail.old.example"
			check(t, p.CorrectRow(t.Context(), p.customer, second.ID, Correction{Row: 1, Source: row.Source}))
			a, b := p.Journal(p.customer, must(p.Resource(t.Context(), p.customer, first.ID, 1))(t).ID, 1), p.Journal(p.customer, row.ID, 1)
			check(t, b.Record(t.Context(), savePair(t, b, "INBOX", "INBOX").ID, heir.has))
			for _, folder := range []string{"INBOX", "Sent"} {
				check(t, a.Record(t.Context(), savePair(t, a, folder, folder).ID, copied(10, 1)))
			}
			check(t, p.Delete(t.Context(), p.customer, &first))
			got := 0
			for _, pair := range must(b.Pairs(t.Context()))(t) {
				if states := messages(t, b, pair.ID); pair.Doubted && len(states) == 1 && states[0].DestUID == 10 {
					got++
				}
			}
			if got != 2*heir.want || count(t, p.Store, "pair") != 1+heir.want {
				t.Errorf("the other one was given %d folders, there are %d", got, count(t, p.Store, "pair"))
			}
		})
	}
}

// Two rows of one pass are two sources, however alike they are: who lists both means
// both (S1).
func TestRowsOfOnePassAreNoFormers(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "y")
	var journals [2]*Journal
	for i := range journals {
		row := must(p.Resource(t.Context(), p.customer, m.ID, i+1))(t).ID
		_, err := p.writer.ExecContext(t.Context(), `UPDATE resource SET source_key = $1, mailbox = 'one' WHERE id = $2`, fmt.Sprintf("host%d:993/anna", i), row)
		check(t, err)
		journals[i] = p.Journal(p.customer, row, 1)
	}
	check(t, journals[0].Record(t.Context(), savePair(t, journals[0], "INBOX", "INBOX").ID, copied(10, 1)))
	formers := func() int { return len(must(journals[1].Formers(t.Context()))(t)) }
	if formers() != 0 {
		t.Error("one row is taken for the other")
	}
	_, err := journals[1].TakeOver(t.Context(), migration.Former{ResourceID: journals[0].resource})
	wantError(t, err, migration.ErrNotFound)
	_, err = p.writer.ExecContext(t.Context(), `DELETE FROM run WHERE resource_id = $1`, journals[0].resource)
	check(t, err)
	if formers() != 1 {
		t.Error("one that is in the pass no more is not asked about")
	}
}
