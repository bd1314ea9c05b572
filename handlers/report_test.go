package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

func TestTheReportSumsUpWhatWasMoved(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	check(t, p.Store.SaveExceptions(t.Context(), p.customer, runs[1].ID, []migration.Outcome{
		{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", Count: 1, UID: 7},
	}))
	for user, wants := range map[*migration.User][]string{
		&p.operator: {
			"Rapporto della migrazione di rossi.example", "9 messaggi su 10 sono a destinazione", "1 risorsa non è riuscita",
			"9 di 10", "imap.old.example", "Laura Bianchi", "lun 23 nov 2026, 14:00", "Non riuscita: il server non accetta login e password.", "1: il",
			"deve ancora finire", "Sul vecchio server non è stato cambiato",
		},
		&p.member: {"Report of the migration of rossi.example", "9 of 10 messages", "1 resource failed", "Nothing was changed or deleted"},
	} {
		b := p.as(*user)
		b.get("/migrations/"+m.Code).want(t, http.StatusOK, `href="/migrations/`+m.Code+`/report"`)
		body := b.get("/migrations/"+m.Code+"/report").want(t, http.StatusOK).body
		wantNoKeys(t, body)
		for _, want := range wants {
			if text := plain(body); !strings.Contains(text, want) {
				t.Errorf("the report lacks %q:\n%s", want, text)
			}
		}
		if strings.Contains(body, "style=") || strings.Contains(body, "pw-anna") {
			t.Error("the report holds what it must not")
		}
	}
}

// The last pass counts: what it made up for is no exception any more.
func TestTheReportGoesByTheLastPassOfEachResource(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	m = p.run(p.reread(m), migration.Tally{Listed: 10, Copied: 1, Present: 9})
	m = p.finishPass(m)
	text := plain(p.as(p.member).get("/migrations/"+m.Code+"/report").want(t, http.StatusOK).body)
	if !strings.Contains(text, "All 20 messages to copy are at the destination.") || strings.Contains(text, "resource failed") || strings.Count(text, "10 of 10") != 2 {
		t.Error(text)
	}
}

func TestThereIsNoReportBeforeAPassHasEnded(t *testing.T) {
	p := newPanel(t)
	for _, m := range []migration.Migration{p.draft("anna"), p.planned("bruno"), p.running("carla")} {
		b := p.as(p.member)
		b.get("/migrations/"+m.Code+"/report").want(t, http.StatusConflict)
		if strings.Contains(b.get("/migrations/"+m.Code).body, "/report") {
			t.Errorf("%s: the page leads to a report that is not there", m.Validity)
		}
	}
}
