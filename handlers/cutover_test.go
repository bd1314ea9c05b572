package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// answers tells the panel what the DNS said of rossi.example at this moment.
func (p *panel) answers(m migration.Migration, ttl time.Duration, records ...string) {
	p.t.Helper()
	domains, err := p.Store.CutOver(p.t.Context(), p.customer, m.ID)
	check(p.t, err)
	answer := migration.MXAnswer{TTL: ttl}
	for _, text := range records {
		answer.Records = append(answer.Records, migration.ParseMX(text))
	}
	_, err = p.Store.SaveMX(p.t.Context(), domains[0].Answered(answer, p.clock.now()))
	check(p.t, err)
}

func TestTheCutOverSaysWhereTheMailGoes(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna")
	b, page := p.as(p.operator), "/migrations/"+m.Code
	say := func(step string, wants ...string) string {
		t.Helper()
		body := b.get(page).want(t, http.StatusOK).body
		wantNoKeys(t, body)
		for _, want := range wants {
			if text := plain(body); !strings.Contains(text, want) {
				t.Errorf("%s: the page lacks %q:\n%s", step, want, text)
			}
		}
		return body
	}
	domains, err := p.Store.CutOver(t.Context(), p.customer, m.ID)
	check(t, err)
	_, err = p.Store.SaveMX(t.Context(), domains[0].Unanswered("unanswered", p.clock.now()))
	check(t, err)
	if body := say("without DNS", "Da qui non si riesce a leggere il DNS", "Ora cambia i record MX di rossi.example", "mx1.new.example"); !strings.Contains(body, page+"/mx") {
		t.Error("nobody can ask to look again")
	}
	p.answers(m, time.Hour, "10 mx.old.example")
	say("before", "Da cambiare", "La posta va ancora a mx.old.example", "1 ora (3600)", "mx1.new.example", "Controlliamo i record ogni 5 minuti")
	p.answers(m, time.Hour, "10 mx1.new.example", "50 mx.old.example")
	say("in part", "Cambiato in parte", "Togli anche i record vecchi")
	p.answers(m, time.Hour)
	say("none", "Nessun record MX")
	b.post(page+"/second", "offer", "two_ttls").want(t, http.StatusConflict)
	p.answers(m, 5*time.Minute, "10 mx1.new.example", "20 mx2.new.example")
	body := say("changed", "i record MX puntano alla destinazione", "Cambiato, attende il TTL", "Non devi fare nulla.", "Fino a oggi alle 16:00", "ancora 1 ora", "Seconda oggi alle 17:01", "Cambiati oggi alle 15:00.")
	if !strings.Contains(body, `name="offer" value="two_ttls"`) {
		t.Error("two TTLs after the change are not offered")
	}
	b.post(page+"/second", "offer", "two_ttls").wantGoTo(t, page)
	if got := p.reread(m).Passes[1].PlannedAt; !got.Equal(p.clock.now().Add(2*time.Hour + time.Minute)) {
		t.Errorf("pass 2 is planned for %v, it is %v", got, p.clock.now())
	}
	p.clock.pass(time.Hour)
	say("settled", "A posto", "Tutto fatto.")
	b.post(page+"/mx").wantGoTo(t, page)
	if calls := p.desk.calls(); calls[len(calls)-1] != "read MX "+m.Code {
		t.Errorf("the desk heard %v", calls)
	}
	p.clock.pass(2 * time.Hour)
	m = p.reread(m)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	p.answers(m, time.Hour, "10 mx.old.example")
	say("after it", "rossi.example punta ancora a mx.old.example")
}

func TestALongTTLIsNamedBeforeTheChange(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	p.answers(m, 24*time.Hour, "10 mx.old.example")
	b := p.as(p.member)
	text := plain(b.get("/migrations/"+m.Code).want(t, http.StatusOK).body)
	if !strings.Contains(text, "rossi.example: the TTL of its MX records is 24 hours (86400). Lower it to 300 now") {
		t.Error(text)
	}
	p.answers(m, 5*time.Minute, "10 mx.old.example")
	if text := plain(b.get("/migrations/" + m.Code).body); strings.Contains(text, "Lower it") {
		t.Error("a short TTL is to be lowered")
	}
}

// One moves pass 2 from a page that is older than what somebody else did.
func TestASecondPassThatWasMovedMeanwhileIsAConflict(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna")
	seen := m.Passes[1]
	b, page := p.as(p.operator), "/migrations/"+m.Code+"/second"
	b.post(page, "second", "2026-11-23T21:00").wantGoTo(t, "/migrations/"+m.Code)
	if err := p.Store.MovePass(t.Context(), p.customer, &seen, p.clock.now()); statusOf(err) != http.StatusConflict {
		t.Errorf("the one who was later by a hair: %v", err)
	}
}
