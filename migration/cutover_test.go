package migration

import (
	"testing"
	"time"
)

func mxAnswer(ttl time.Duration, records ...string) MXAnswer {
	answer := MXAnswer{TTL: ttl}
	for _, text := range records {
		answer.Records = append(answer.Records, ParseMX(text))
	}
	return answer
}

func TestWhatHasChangedWasKnownToBeOtherwise(t *testing.T) {
	const here, old = "10 mx1.new.example", "10 mx.old.example"
	now := at(t, "2026-11-23 12:00:00")
	after := func(answers ...[]string) DomainMX {
		d := DomainMX{Wanted: []string{here}}
		for _, records := range answers {
			d = d.Answered(mxAnswer(time.Hour, records...), now)
		}
		return d
	}
	tests := []struct {
		name   string
		before [][]string
		now    []string
		want   bool
	}{
		{"from old", [][]string{{old}}, []string{here}, true},
		{"from both", [][]string{{old, here}}, []string{here}, true},
		{"from none", [][]string{nil}, []string{here}, true},
		{"from the first look on", nil, []string{here}, false},
		{"as before", [][]string{{old}, {here}}, []string{here}, false},
		{"in part", [][]string{{old}}, []string{old, here}, false},
		{"back", [][]string{{here}}, []string{old}, false},
	}
	for _, tt := range tests {
		before := after(tt.before...)
		if got := before.Answered(mxAnswer(time.Hour, tt.now...), now).Turned(before); got != tt.want {
			t.Errorf("%s: turned is %v", tt.name, got)
		}
	}
	there, back := after([]string{here}), after([]string{here}, []string{old})
	if AllThere(nil) || !AllThere([]DomainMX{there, there}) || AllThere([]DomainMX{there, back}) {
		t.Error("all are there: of none, of two that are, of one that is")
	}
}

func TestTheRecordsAreJudgedByTheDestinationsOwn(t *testing.T) {
	wanted := []string{"10 mx1.new.example", "20 MX2.new.example."}
	tests := []struct {
		name    string
		wanted  []string
		records []string
		want    MXState
	}{
		{"old ones", wanted, []string{"10 mx.old.example"}, MXOld},
		{"old and new", wanted, []string{"10 mx1.new.example", "50 mx.old.example"}, MXMixed},
		{"all new", wanted, []string{"10 mx1.new.example", "20 mx2.new.example"}, MXThere},
		{"one of the new is enough", wanted, []string{"5 MX1.New.Example."}, MXThere},
		{"a name that begins alike", wanted, []string{"10 mx1.new.example.net"}, MXOld},
		{"none", wanted, nil, MXNone},
		{"a domain that takes no mail", wanted, []string{"0 ."}, MXOld},
		{"nobody named any", nil, []string{"10 mx.old.example"}, MXUnjudged},
	}
	for _, tt := range tests {
		d := DomainMX{Wanted: tt.wanted}
		if d.State() != MXUnread {
			t.Errorf("before the first answer: %s", d.State())
		}
		if got := d.Answered(mxAnswer(time.Hour, tt.records...), at(t, "2026-11-23 12:00:00")).State(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestUntilWhenCachesMayLeadToTheOldServer(t *testing.T) {
	start := at(t, "2026-11-23 12:00:00")
	type answer struct {
		after time.Duration
		ttl   time.Duration
		host  string
	}
	tests := []struct {
		name    string
		answers []answer
		changed time.Duration // after start; below 0: not
		until   time.Duration // 0: unknown
	}{
		{"a resolver counts down", []answer{{0, time.Hour, "old"}, {50 * time.Minute, 10 * time.Minute, "old"}, {55 * time.Minute, 300 * time.Second, "mx1"}}, 55 * time.Minute, 115 * time.Minute},
		{"the TTL was lowered in time", []answer{{0, time.Hour, "old"}, {10 * time.Minute, 5 * time.Minute, "old"}, {61 * time.Minute, 5 * time.Minute, "old"}, {70 * time.Minute, 5 * time.Minute, "mx1"}}, 70 * time.Minute, 75 * time.Minute},
		{"the TTL was lowered too late to help", []answer{{0, time.Hour, "old"}, {10 * time.Minute, 5 * time.Minute, "old"}, {20 * time.Minute, 5 * time.Minute, "mx1"}}, 20 * time.Minute, 80 * time.Minute},
		{"it was there from the first look", []answer{{0, time.Hour, "mx1"}}, 0, 0},
		{"changed and changed back", []answer{{0, time.Hour, "old"}, {time.Minute, time.Hour, "mx1"}, {2 * time.Minute, time.Hour, "old"}}, -1, 0},
		{"changed once and looked at often", []answer{{0, time.Hour, "old"}, {time.Minute, 5 * time.Minute, "mx1"}, {9 * time.Minute, 5 * time.Minute, "mx1"}}, time.Minute, 61 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := DomainMX{Wanted: []string{"10 mx1"}}
			for _, a := range tt.answers {
				d = d.Answered(mxAnswer(a.ttl, "10 "+a.host), start.Add(a.after))
			}
			until, known := d.OldUntil()
			if known != (tt.until > 0) || known && !until.Equal(start.Add(tt.until)) {
				t.Errorf("until %v, %v", until.Sub(start), known)
			}
			if tt.changed < 0 != d.ChangedAt.IsZero() || tt.changed >= 0 && !d.ChangedAt.Equal(start.Add(tt.changed)) {
				t.Errorf("changed at %v", d.ChangedAt.Sub(start))
			}
			if known && (d.Settled(until.Add(-time.Second)) || !d.Settled(until)) {
				t.Error("it is not settled at that moment")
			}
		})
	}
}

func TestAQuestionWithoutAnswerForgetsNothing(t *testing.T) {
	now := at(t, "2026-11-23 12:00:00")
	d := DomainMX{Wanted: []string{"10 mx1"}}.Answered(mxAnswer(time.Hour, "10 mx1"), now)
	after := d.Unanswered("timeout", now.Add(time.Hour))
	if after.State() != MXThere || after.Failure != "timeout" || !after.ReadAt.Equal(now) || !after.TriedAt.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v", after)
	}
	if d.DueMX(now.Add(MXEvery-time.Second)) || !d.DueMX(now.Add(MXEvery)) {
		t.Error("it is read too often, or too seldom")
	}
}

func TestTwoTTLsAfterTheLastChange(t *testing.T) {
	start := at(t, "2026-11-23 12:00:00")
	domain := func(changed, ttl time.Duration) DomainMX {
		d := DomainMX{Wanted: []string{"10 mx1"}}.Answered(mxAnswer(ttl, "10 old"), start)
		if changed > 0 {
			d = d.Answered(mxAnswer(ttl, "10 mx1"), start.Add(changed))
		}
		return d
	}
	m := Migration{Validity: Valid, Passes: withStatuses(start.Add(-2*time.Hour), PassDone, PassPlanned)}
	m.Passes[0].Number, m.Passes[1].Number = 1, 2
	m.Passes[1].PlannedAt = start.Add(10 * time.Hour)
	now := start.Add(90 * time.Minute)
	tests := []struct {
		name    string
		domains []DomainMX
		want    time.Duration // after start; 0: none is offered
	}{
		{"one domain", []DomainMX{domain(time.Hour, time.Hour)}, 3*time.Hour + time.Minute},
		{"the one that takes longest", []DomainMX{domain(time.Hour, time.Hour), domain(80*time.Minute, time.Hour)}, 200*time.Minute + time.Minute},
		{"one is not changed", []DomainMX{domain(time.Hour, time.Hour), domain(0, time.Hour)}, 0},
		{"they have gone by", []DomainMX{domain(time.Minute, time.Minute)}, 0},
		{"after the 23 hours", []DomainMX{domain(time.Hour, 24*time.Hour)}, 0},
		{"no domain", nil, 0},
	}
	for _, tt := range tests {
		got, ok := m.OfferTwoTTLs(DefaultPolicy(), tt.domains, now)
		if ok != (tt.want > 0) || ok && !got.Equal(start.Add(tt.want)) {
			t.Errorf("%s: %v, %v", tt.name, got.Sub(start), ok)
		}
	}
}
