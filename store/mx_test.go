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
