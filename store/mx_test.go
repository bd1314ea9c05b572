package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestWhatIsKnownOfMXRecordsIsKept(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	read := func() migration.DomainMX {
		all := must(p.CutOver(t.Context(), p.customer, m.ID))(t)
		if len(all) != 1 || all[0].Domain.Name != m.Domains[0] {
			t.Fatalf("%+v", all)
		}
		return all[0]
	}
	d := read()
	if d.State() != migration.MXUnread || !reflect.DeepEqual(d.Wanted, []string{"10 mx1.new.example", "20 mx2.new.example"}) {
		t.Errorf("before the first look: %+v", d)
	}
	old := d.Answered(migration.MXAnswer{TTL: time.Hour, Records: []migration.MXRecord{{Preference: 10, Host: "mx.old.example"}, {Preference: 20, Host: "."}}}, p.at)
	p.pass(time.Minute)
	there := old.Answered(migration.MXAnswer{TTL: time.Minute, Records: []migration.MXRecord{{Preference: 10, Host: "mx1.new.example"}}}, p.at)
	silent := there.Unanswered("unanswered", p.at.Add(time.Minute))
	for _, want := range []migration.DomainMX{old, there, silent} {
		if told := must(p.SaveMX(t.Context(), want))(t); len(told) != 1 || told[0] != m.ID {
			t.Errorf("pages of %v are told", told)
		}
		if got := read(); !reflect.DeepEqual(got, want) {
			t.Errorf("stored %+v\nwant   %+v", got, want)
		}
	}
	if foreign := must(p.CutOver(t.Context(), p.stranger(t).CustomerID, m.ID))(t); len(foreign) > 0 {
		t.Errorf("a stranger reads %+v", foreign)
	}
	gone := silent
	gone.Domain.ID = 99
	if told := must(p.SaveMX(t.Context(), gone))(t); len(told) > 0 {
		t.Errorf("pages of %v are told of a domain that is gone", told)
	}
}

func TestOnlyWhatMattersIsWatched(t *testing.T) {
	p := newPanel(t)
	watched := func() int { return len(must(p.WatchedMX(t.Context(), 72*time.Hour, p.at))(t)) }
	p.draft(t, "x")
	if watched() != 0 {
		t.Error("the domain of a draft is watched")
	}
	m := p.running(t, "x")
	if watched() != 1 {
		t.Error("the domain of a migration that runs is not watched")
	}
	m = p.finish(t, m, 1)
	check(t, p.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.finish(t, m, 2)
	p.pass(72*time.Hour - time.Minute)
	if watched() != 1 {
		t.Error("it is not watched for a while after pass 2")
	}
	p.pass(time.Minute)
	if watched() != 0 {
		t.Error("it is watched for ever")
	}
}

// mxOf is what is known of a domain of the migration after one more answer.
func (p *panel) mxOf(t *testing.T, m migration.Migration, domain int, hosts ...string) migration.DomainMX {
	t.Helper()
	answer := migration.MXAnswer{TTL: time.Hour}
	for _, host := range hosts {
		answer.Records = append(answer.Records, migration.MXRecord{Preference: 10, Host: host})
	}
	return must(p.CutOver(t.Context(), p.customer, m.ID))(t)[domain].Answered(answer, p.at)
}

func (p *panel) saveMX(t *testing.T, d migration.DomainMX) {
	t.Helper()
	p.pass(time.Minute)
	must(p.SaveMX(t.Context(), d))(t)
}

func (p *panel) toldChanged(t *testing.T) (told []int64) {
	t.Helper()
	for _, n := range must(p.PendingNotices(t.Context(), p.at))(t) {
		if n.Kind == migration.NoticeMXChanged {
			told = append(told, n.MigrationID)
		}
	}
	return told
}

func TestThatTheRecordsHaveChangedIsToldOnceForAllDomains(t *testing.T) {
	const old, here = "mx.old.example", "mx1.new.example"
	p := newPanel(t)
	m := p.draft(t)
	rows := p.rows("x", "y")
	rows[1].DomainID = p.domains[1].ID
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows))
	p.checkAll(t)
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	steps := []struct {
		name   string
		domain int
		hosts  []string
		told   int
	}{
		{"the first look", 0, []string{old}, 0},
		{"the first look at the other", 1, []string{old}, 0},
		{"one is changed in part", 0, []string{old, here}, 0},
		{"one is changed", 0, []string{here}, 0},
		{"the other is taken away", 1, nil, 0},
		{"both are changed", 1, []string{here}, 1},
		{"seen again", 1, []string{here}, 1},
		{"one is turned back", 0, []string{old}, 1},
		{"and changed once more", 0, []string{here}, 1},
	}
	for _, step := range steps {
		p.saveMX(t, p.mxOf(t, m, step.domain, step.hosts...))
		if told := p.toldChanged(t); len(told) != step.told {
			t.Errorf("%s: told %d times", step.name, len(told))
		}
	}
	letter := must(p.Letter(t.Context(), must(p.PendingNotices(t.Context(), p.at))(t)[0]))(t)
	if letter.To.ID != p.user.ID || !migration.AllThere(letter.Domains) || len(letter.Domains) != 2 {
		t.Errorf("letter %+v", letter)
	}
}

func TestOnlyAChangeThatMattersIsTold(t *testing.T) {
	p := newPanel(t)
	first := p.running(t, "x")
	p.saveMX(t, p.mxOf(t, first, 0, "mx1.new.example"))
	if told := p.toldChanged(t); told != nil {
		t.Errorf("right from the first look on: told %v", told)
	}
	p.saveMX(t, p.mxOf(t, first, 0, "mx.old.example"))
	first = p.finish(t, first, 1)
	check(t, p.BeginPass(t.Context(), p.customer, &first.Passes[1]))
	first = p.finish(t, first, 2)
	p.pass(migration.MXAfter)
	second := p.running(t, "y") // of the same domain
	p.saveMX(t, p.mxOf(t, second, 0, "mx1.new.example"))
	if told := p.toldChanged(t); len(told) != 1 || told[0] != second.ID {
		t.Errorf("told %v of %d, which is long over, and %d", told, first.ID, second.ID)
	}
}

// Whatever dies between the two: an answer that was stored has told, and one that
// has not is seen anew.
func TestAChangeIsStoredWithItsNoticeOrNotAtAll(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	p.saveMX(t, p.mxOf(t, m, 0, "mx.old.example"))
	changed := p.mxOf(t, m, 0, "mx1.new.example")
	must(p.writer.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE INSERT ON notice BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END`))(t)
	if _, err := p.SaveMX(t.Context(), changed); err == nil {
		t.Fatal("a notice that was not written down is no error")
	}
	if got := must(p.CutOver(t.Context(), p.customer, m.ID))(t)[0]; got.State() != migration.MXOld {
		t.Errorf("the change is stored without its notice: %+v", got)
	}
	must(p.writer.ExecContext(t.Context(), `DROP TRIGGER broken`))(t)
	p.saveMX(t, changed)
	if told := p.toldChanged(t); len(told) != 1 {
		t.Errorf("told %v", told)
	}
}
