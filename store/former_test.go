package store

import (
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
			pair := savePair(t, former, "INBOX", "INBOX")
			states := slices.Concat(copied(1, 1, 2, 3), gone(70, 60), []migration.MessageState{{UID: 89, Kind: migration.Skipped}})
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
			if server, _, _ := strings.Cut(tt.former, "/"); f.Server != server || len(f.Folders) != 1 || f.Folders[0].ID != pair.ID {
				t.Errorf("%+v", f)
			}
			found, copies, err := mine.CountCopies(t.Context(), f, pair.ID, []uint64{11, 12, 12, 99, 70})
			check(t, err)
			if found != 4 || copies != 4 {
				t.Errorf("%d of these messages are known, of %d", found, copies)
			}
			if clean := must(mine.TakeOver(t.Context(), f))(t); clean {
				t.Error("what was left open is taken for settled")
			}
			pairs := must(mine.Pairs(t.Context()))(t)
			if len(pairs) != 1 || pairs[0].UIDValidity != migration.DoubtedNumbers || len(must(former.Pairs(t.Context()))(t)) > 0 {
				t.Fatalf("taken over: %+v", pairs)
			}
			if known := must(mine.Known(t.Context(), pairs[0].ID, 1))(t); known.Present != 3 || known.Copied != 0 {
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

// With another host no UID is believed before it has been compared; with another
// port it is the same server.
func TestAnotherHostDoubtsTheNumbers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*migration.Endpoint)
		want   uint32
	}{
		{"another host", func(e *migration.Endpoint) { e.Host = "other.example" }, migration.DoubtedNumbers},
		{"another port", func(e *migration.Endpoint) { e.Port = 143 }, 7},
		{"the same host in other letters", func(e *migration.Endpoint) { e.Host = strings.ToUpper(e.Host) }, 7},
		{"another password", func(e *migration.Endpoint) { e.Auth.Password = migration.NewSecret("pw") }, 7},
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
			if got := must(j.Pairs(t.Context()))(t)[0].UIDValidity; got != tt.want {
				t.Errorf("UIDVALIDITY %d (host %s)", got, old.Source.Host)
			}
		})
	}
}

// A migration that is deleted leaves what it took over to the one it took it from, or
// one that has the account under another name.
func TestDeletingAMigrationHandsItsJournalToAnotherName(t *testing.T) {
	p := newPanel(t)
	first, second := p.finish(t, p.running(t, "x", "alone"), 1, passDone(1)), p.valid(t, "x")
	row := must(p.Resource(t.Context(), p.customer, second.ID, 1))(t)
	row.Source.Host = "mail.old.example"
	check(t, p.CorrectRow(t.Context(), p.customer, second.ID, Correction{Row: 1, Source: row.Source}))
	a := p.Journal(p.customer, must(p.Resource(t.Context(), p.customer, first.ID, 1))(t).ID, 1)
	pair := savePair(t, a, "INBOX", "INBOX")
	check(t, a.Record(t.Context(), pair.ID, copied(10, 1)))
	check(t, p.Delete(t.Context(), p.customer, &first))
	b := p.Journal(p.customer, row.ID, 1)
	pairs := must(b.Pairs(t.Context()))(t)
	if len(pairs) != 1 || pairs[0].UIDValidity != migration.DoubtedNumbers || len(messages(t, b, pair.ID)) != 1 {
		t.Errorf("the other one knows of %+v", pairs)
	}
}
