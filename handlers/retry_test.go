package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// withFailed is a migration after pass 1, in which the run of the first row
// failed at its login.
func (p *panel) withFailed(names ...string) migration.Migration {
	p.t.Helper()
	m := p.running(names...)
	runs, err := p.Store.Runs(p.t.Context(), p.customer, m.Passes[0].ID)
	check(p.t, err)
	for i, run := range runs {
		check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &run, migration.RunConnecting))
		if i == 0 {
			run.ErrorClass = "login"
			check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &run, migration.RunFailed))
			continue
		}
		check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &run, migration.RunCopying))
		run.Tally = migration.Tally{Listed: 10, Copied: 9, Failed: 1, Bytes: 1000}
		check(p.t, p.Store.MoveRun(p.t.Context(), p.customer, &run, migration.RunDone))
	}
	return p.finishPass(p.reread(m))
}

func TestWhatFailedCanBeTriedAgainFromThePage(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	b := p.as(p.operator)
	text := plain(b.get("/migrations/"+m.Code).want(t, http.StatusOK, `action="/migrations/`+m.Code+`/retry"`).body)
	for _, want := range []string{"1 risorsa non è riuscita.", "1 messaggio non si è potuto copiare.", "La seconda esecuzione li riprova comunque, oggi alle 20:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	b.post("/migrations/"+m.Code+"/retry").wantGoTo(t, "/migrations/"+m.Code)
	if calls := p.desk.calls(); len(calls) != 1 || calls[0] != "retry 0 of "+m.Code {
		t.Errorf("the desk heard %v", calls)
	}
	wantNoKeys(t, b.get("/migrations/"+m.Code).want(t, http.StatusOK, "Riproviamo quello che non è riuscito").body)
	p.desk.err = migration.ErrConflict
	b.post("/migrations/"+m.Code+"/retry").want(t, http.StatusConflict)
	check(t, p.Store.Shred(t.Context(), p.customer, m.ID))
	gone := b.get("/migrations/"+m.Code).want(t, http.StatusOK, "sono state distrutte", "carica di nuovo il file CSV").body
	if strings.Contains(gone, "/retry") {
		t.Error("the page offers what cannot be done")
	}
}

// A retry the next day makes the pass no longer than it was.
func TestAPassThatIsTriedAgainKeepsItsEnd(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	p.clock.pass(time.Hour)
	check(t, p.Store.RetryFailed(t.Context(), p.customer, &m.Passes[0], 0))
	b, address := p.as(p.operator), "/migrations/"+m.Code
	b.get(address).want(t, http.StatusOK, "Finita: oggi, 14:00. Si riprova quello che non era riuscito: da oggi, 15:00.")
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	for _, run := range runs {
		check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
		check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunCopying))
		p.clock.pass(4 * time.Minute)
		check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
	}
	p.finishPass(p.reread(m))
	page := plain(b.get(address).want(t, http.StatusOK, "Si è riprovato quello che non era riuscito: oggi, 15:00 → 15:08.", "oggi, 14:00 → 14:00").body)
	if strings.Contains(page, "14:00 → 15:08") {
		t.Error("the pause is time of the pass")
	}
	b.get(address+"/resources/1/log/1").want(t, http.StatusOK, "oggi, 14:00 → 15:04", "4 min")
	b.get(address+"/report").want(t, http.StatusOK, "Si è riprovato quello che non era riuscito")
}

func TestTheCurveIsToldWithItsCauses(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	run := runs[0]
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunCopying))
	copied := 0
	for minute, n := range []int{600, 600, 600, 0, 0, 600, 600} {
		if minute == 3 {
			check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{
				At: p.clock.now(), Level: migration.Warning, Code: "reconnecting", Args: migration.Args{"side": "source", "class": "throttled", "wait": "2m0s"},
			}}))
		}
		copied += n
		p.clock.pass(time.Minute)
		check(t, p.Store.SaveProgress(t.Context(), []migration.RunProgress{{Customer: p.customer, RunID: run.ID, Tally: migration.Tally{Listed: 9000, Copied: copied, Bytes: 1000 * int64(copied)}}}))
		check(t, p.Store.SampleRunning(t.Context()))
	}
	check(t, p.Store.PausePass(t.Context(), p.customer, &m.Passes[0]))
	p.clock.pass(time.Hour)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	p.as(p.operator).get("/migrations/"+m.Code).want(t, http.StatusOK,
		"Dalle 14:03 alle 14:05 non si è copiato nulla. Il server ha chiesto di rallentare.", "Dalle 14:07 alle 15:07 l’esecuzione era in pausa.", "t-ch-break")
}

func TestOneMorePassIsPlannedByAnAdmin(t *testing.T) {
	p := newPanel(t)
	m := p.finished(migration.Tally{Listed: 10, Copied: 10}, "anna")
	page := "/migrations/" + m.Code + "/another"
	for _, user := range []migration.User{p.member, p.manager} {
		p.as(user).get(page).want(t, http.StatusForbidden)
		p.as(user).post(page, "when", "soonest").want(t, http.StatusForbidden)
		if body := p.as(user).get("/migrations/"+m.Code).want(t, http.StatusOK).body; strings.Contains(body, page) {
			t.Errorf("%s is offered what he may not", user.Email)
		}
	}
	b := p.as(p.operator)
	b.get("/migrations/"+m.Code).want(t, http.StatusOK, page)
	wantNoKeys(t, b.get(page).want(t, http.StatusOK, "Europe/Rome").body)
	tests := []struct{ name, when, start, want string }{
		{"no answer", "", "", "Scegli"},
		{"no time", "at", "", "Errore"},
		{"the past", "at", "2026-11-20T10:00", "Errore"},
		{"after the passwords", "at", "2026-12-20T10:00", "vengono distrutte prima"},
		{"no time at all", "at", "x", "Errore"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantNoKeys(t, b.post(page, "when", tt.when, "start", tt.start).want(t, http.StatusUnprocessableEntity, `id="errors"`).body)
		})
	}
	b.post(page, "when", "at", "start", "2026-11-24T10:00").wantGoTo(t, "/migrations/"+m.Code)
	m = p.reread(m)
	if want := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC); len(m.Passes) != 3 || !m.Passes[2].PlannedAt.Equal(want) || m.Passes[2].Status != migration.PassPlanned {
		t.Errorf("passes %+v", m.Passes)
	}
	if calls := p.desk.calls(); len(calls) != 1 || calls[0] != "wake" {
		t.Errorf("the desk heard %v", calls)
	}
	wantNoKeys(t, b.get("/migrations/"+m.Code).want(t, http.StatusOK, "Un’altra esecuzione parte domani alle 10:00").body)
	b.get(page).want(t, http.StatusConflict)
	b.post(page, "when", "soonest").want(t, http.StatusConflict) // pressed twice
	if got := p.reread(m); len(got.Passes) != 3 {
		t.Errorf("%d passes", len(got.Passes))
	}
}

func TestWithoutPasswordsThereIsNoMorePass(t *testing.T) {
	p := newPanel(t)
	m := p.finished(migration.Tally{Listed: 10, Copied: 10}, "anna")
	check(t, p.Store.Shred(t.Context(), p.customer, m.ID))
	b := p.as(p.operator)
	wantNoKeys(t, b.get("/migrations/"+m.Code+"/another").want(t, http.StatusConflict, "carica di nuovo il file CSV").body)
	b.post("/migrations/"+m.Code+"/another", "when", "soonest").want(t, http.StatusConflict)
	b.get("/migrations/"+m.Code+"/resources/1/edit").want(t, http.StatusConflict)
	if got := p.reread(m); len(got.Passes) != 2 {
		t.Errorf("%d passes", len(got.Passes))
	}
}

func TestARowIsCorrectedAndItsRunGoesAgain(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	b, page := p.as(p.operator), "/migrations/"+m.Code+"/resources/1/edit"
	b.get("/migrations/"+m.Code).want(t, http.StatusOK, page)
	form := b.get(page).want(t, http.StatusOK, `value="imap.old.example"`, `value="anna@old.example"`, "Correggi e riprova", "Il server non accetta login e password.").body
	wantNoKeys(t, form)
	if strings.Contains(form, "pw-anna") {
		t.Error("the page holds the password")
	}
	wantNoKeys(t, b.post(page, "host", "mail.old.example", "login", "anna@old.example").
		want(t, http.StatusUnprocessableEntity, "Riscrivi la password", `id="errors"`, `value="mail.old.example"`).body)
	b.post(page, "host", "127.0.0.1", "login", "anna@old.example", "password", "new-SECRET").want(t, http.StatusUnprocessableEntity)
	twice := b.post(page, "host", "imap.old.example", "login", "anna@old.example", "password", "new-SECRET")
	twice.wantGoTo(t, "/migrations/"+m.Code)
	if calls := p.desk.calls(); calls[0] != "retry 1 of "+m.Code {
		t.Errorf("the desk heard %v", calls)
	}
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
	check(t, err)
	check(t, p.Store.OpenResource(t.Context(), p.customer, &row.Resource))
	if !row.Source.Auth.Password.Equal(migration.NewSecret("new-SECRET")) || row.Check.Status != migration.CheckPassed {
		t.Errorf("the row is %+v", row.Resource)
	}
	if strings.Contains(p.log.String(), "new-SECRET") {
		t.Error("the log holds the password")
	}
	wantNoKeys(t, b.get("/migrations/"+m.Code).want(t, http.StatusOK, "La riga è corretta. Riproviamo").body)
	// The one that has copied may have another password, and no other login.
	b.post("/migrations/"+m.Code+"/resources/2/edit", "host", "imap.old.example", "login", "other", "password", "x").
		want(t, http.StatusUnprocessableEntity, "sono già stati copiati")
	p.as(p.stranger).get(page).want(t, http.StatusNotFound)
}

func TestARowOfAPlannedMigrationIsCorrectedAndCheckedAgain(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna", "bruno")
	b, page := p.as(p.operator), "/migrations/"+m.Code+"/resources/1/edit"
	wantNoKeys(t, b.get(page).want(t, http.StatusOK, "Correggi e verifica").body)
	b.post(page, "host", "imap.old.example", "login", "bruno@old.example", "password", "x").wantGoTo(t, "/migrations/"+m.Code)
	jobs, err := p.Store.ChecksToMake(t.Context(), 10)
	check(t, err)
	if len(jobs) != 1 || jobs[0].Resource.Row != 1 || jobs[0].Resource.Source.Auth.Login != "bruno@old.example" {
		t.Errorf("checks to make: %+v", jobs)
	}
	if m = p.reread(m); m.Validity != migration.Valid {
		t.Errorf("the migration is %s", m.Validity)
	}
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	check(t, p.Store.MoveRun(t.Context(), p.customer, &runs[0], migration.RunConnecting))
	b.post(page, "host", "imap.old.example", "login", "carla", "password", "x").want(t, http.StatusConflict) // it is at work
	p.as(p.operator).get("/migrations/"+m.Code+"/resources/9/edit").want(t, http.StatusNotFound)
}
