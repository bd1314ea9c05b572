package notify

import (
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// domainMX is a domain of which the DNS gave these answers, one a minute, the last
// a minute ago or so; "": there was no record.
func domainMX(name string, answers ...string) migration.DomainMX {
	d := migration.DomainMX{Domain: migration.Domain{Name: name}, Wanted: []string{"10 mx01.posta.example.net"}}
	for i, text := range answers {
		answer := migration.MXAnswer{TTL: time.Hour}
		if text != "" {
			answer.Records = []migration.MXRecord{migration.ParseMX(text)}
		}
		d = d.Answered(answer, noon.Add(time.Duration(i-2)*time.Minute))
	}
	return d
}

// The mail says the same of the MX records as the page of the migration.
func TestTheMailSaysHowTheRecordsStand(t *testing.T) {
	there := domainMX("d.it", "10 mx.old.it", "10 mx01.posta.example.net")
	l := firstLetter("it")
	l.Migration.Domains = []string{"a.it", "b.it", "c.it", "d.it"}
	l.Domains = []migration.DomainMX{
		domainMX("a.it", "10 mx.old.it"), domainMX("b.it", ""), domainMX("c.it"), there,
		domainMX("e.it", "10 mx01.posta.example.net"),
	}
	_, text, page := bodies(t, testMailer(t), l)
	for _, want := range []string{
		"a.it: oggi mx.old.it, con un TTL di 1 ora", "b.it: oggi nessun record MX", "d.it: cambiato; fino a oggi", "e.it: punta alla destinazione",
		"mx01.posta.example.net",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) || !strings.Contains(page, want) {
			t.Errorf("the mail lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "c.it:") {
		t.Error("it speaks of what nobody has read")
	}
	l = firstLetter("en")
	l.Domains = []migration.DomainMX{there}
	_, text, _ = bodies(t, testMailer(t), l)
	if !strings.Contains(text, "You need not do anything more in the DNS.") || strings.Contains(text, "replace the MX records") {
		t.Errorf("all is changed:\n%s", text)
	}
}

// What the change means depends on how far the passes have come.
func TestTheMailAfterTheChangeSaysWhatComes(t *testing.T) {
	tests := []struct {
		name   string
		change func(*migration.Letter)
		want   []string
	}{
		{"pass 2 before two TTLs have gone by", func(*migration.Letter) {}, []string{"Pass 2 starts today at 16:00", "Two TTLs after the change, today at 13:50"}},
		{"pass 2 at that moment", func(l *migration.Letter) {
			l.Migration.Passes[1].PlannedAt = noon.Add(2 * time.Hour)
		}, []string{"Pass 2 starts today at 13:50"}},
		{"pass 2 under way", func(l *migration.Letter) { l.Migration.Passes[1].Status = migration.PassRunning }, []string{"Pass 2 starts now"}},
		{"pass 2 over", func(l *migration.Letter) { l.Migration.Passes[1].Status = migration.PassDone }, []string{"Keep it running for some days"}},
		{"too early", func(l *migration.Letter) { l.Migration.Passes[0].Status = migration.PassRunning }, []string{"Pass 1 has not ended yet"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := changedLetter("en")
			tt.change(&l)
			_, text, _ := bodies(t, testMailer(t), l)
			plain := strings.Join(strings.Fields(text), " ")
			for _, want := range append(tt.want, "martelli-ricambi.it: changed; until today at 12:49 some servers may still deliver") {
				if !strings.Contains(plain, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}
