package handlers

import (
	"errors"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// The states of a migration that its page tells apart, each made by the moves
// that lead to it.

// waiting makes a migration whose rows are being checked.
func (p *panel) waiting(names ...string) migration.Migration {
	p.t.Helper()
	m := p.draft(names...)
	check(p.t, p.Store.Submit(p.t.Context(), p.customer, &m, p.twoPasses()))
	return p.reread(m)
}

func (p *panel) twoPasses() []migration.Pass {
	now := p.clock.now()
	return []migration.Pass{
		{Number: 1, Status: migration.PassPlanned, PlannedAt: now},
		{Number: 2, Status: migration.PassPlanned, PlannedAt: now.Add(6 * time.Hour)},
	}
}

// refused makes a migration that is not valid: the first row's login is wrong.
func (p *panel) refused(names ...string) migration.Migration {
	p.t.Helper()
	ctx, m := p.t.Context(), p.waiting(names...)
	jobs, err := p.Store.ChecksToMake(ctx, 1000)
	check(p.t, err)
	for _, job := range jobs {
		found := migration.Check{Status: migration.CheckPassed, At: p.clock.now(), Messages: 100, Bytes: 1 << 20}
		if job.Resource.Row == 1 {
			found = migration.Check{Status: migration.CheckFailed, At: p.clock.now(), Side: "source", Class: "login"}
		}
		check(p.t, p.Store.StartCheck(ctx, p.customer, job.Resource.ID))
		check(p.t, p.Store.FinishCheck(ctx, p.customer, job.Resource.ID, found))
	}
	notice := migration.Notice{Kind: migration.NoticeInvalid}
	check(p.t, p.Store.Settle(ctx, p.customer, &m, migration.Invalid, nil, notice))
	return p.reread(m)
}

// run brings all runs of the pass under way to an end, with that tally each.
func (p *panel) run(m migration.Migration, tally migration.Tally) migration.Migration {
	p.t.Helper()
	ctx := p.t.Context()
	pass, _ := migration.Current(m.Passes)
	runs, err := p.Store.Runs(ctx, p.customer, pass.ID)
	check(p.t, err)
	for _, run := range runs {
		check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunConnecting))
		check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunCopying))
		run.Tally = tally
		check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunDone))
	}
	return p.reread(m)
}

// copying brings the first run of the pass under way to work.
func (p *panel) copying(m migration.Migration, tally migration.Tally) migration.Run {
	p.t.Helper()
	ctx := p.t.Context()
	pass, _ := migration.Current(m.Passes)
	runs, err := p.Store.Runs(ctx, p.customer, pass.ID)
	check(p.t, err)
	run := runs[0]
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunConnecting))
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunCopying))
	check(p.t, p.Store.SaveProgress(ctx, []migration.RunProgress{{Customer: p.customer, RunID: run.ID, Tally: tally, Folder: "INBOX"}}))
	return run
}

// finishPass ends the pass under way, with its notice.
func (p *panel) finishPass(m migration.Migration) migration.Migration {
	p.t.Helper()
	pass, _ := migration.Current(m.Passes)
	notice := migration.Notice{Kind: migration.NoticePassDone, Pass: pass.Number}
	check(p.t, p.Store.FinishPass(p.t.Context(), p.customer, &pass, notice))
	return p.reread(m)
}

func (p *panel) cutOver(names ...string) migration.Migration {
	p.t.Helper()
	m := p.run(p.running(names...), migration.Tally{Listed: 100, Copied: 100, Bytes: 1 << 20})
	p.clock.pass(time.Hour)
	return p.finishPass(m)
}

func (p *panel) running2(names ...string) migration.Migration {
	p.t.Helper()
	m := p.cutOver(names...)
	p.clock.pass(5 * time.Hour)
	check(p.t, p.Store.BeginPass(p.t.Context(), p.customer, &m.Passes[1]))
	return p.reread(m)
}

func (p *panel) finished(tally migration.Tally, names ...string) migration.Migration {
	p.t.Helper()
	return p.finishPass(p.run(p.running2(names...), tally))
}

// phase is one face of the page, with what it must say in both languages.
type phase struct {
	name             string
	make             func(p *panel) migration.Migration
	english, italian string
	ended            bool
}

// phases are all of them.
func phases() []phase {
	return []phase{
		{"draft", func(p *panel) migration.Migration { return p.draft("anna") }, "is still a draft", "è ancora una bozza", false},
		{"validating", func(p *panel) migration.Migration { return p.waiting("anna", "bruno") }, "0 of 2 resources are checked", "0 risorse su 2 sono verificate", false},
		{"invalid", func(p *panel) migration.Migration { return p.refused("anna", "bruno") }, "1 resource cannot be migrated as it is", "1 risorsa così non si può migrare", false},
		{"due", func(p *panel) migration.Migration { return p.planned("anna") }, "Pass 1 is about to start", "La prima esecuzione sta per partire", false},
		{"running", func(p *panel) migration.Migration { return p.running("anna") }, "Pass 1 has begun", "La prima esecuzione è iniziata", false},
		{"copying", func(p *panel) migration.Migration {
			m := p.running("anna", "bruno")
			p.copying(m, migration.Tally{Listed: 60, Copied: 40, Bytes: 1000})
			return p.reread(m)
		}, "40 of 200 messages are already at the destination", "40 messaggi su 200 sono già a destinazione", false},
		{"paused", func(p *panel) migration.Migration {
			m := p.running("anna")
			check(p.t, p.Store.PausePass(p.t.Context(), p.customer, &m.Passes[0]))
			return p.reread(m)
		}, "it goes on when you say so", "riprende quando lo dici tu", false},
		{"interrupted", func(p *panel) migration.Migration {
			m := p.running("anna")
			check(p.t, p.Store.InterruptPass(p.t.Context(), p.customer, &m.Passes[0]))
			return p.reread(m)
		}, "it goes on by itself", "riprende da sola", false},
		{"awaiting cut-over", func(p *panel) migration.Migration { return p.cutOver("anna") }, "Now change the MX records of rossi.example", "Ora cambia i record MX di rossi.example", false},
		{"pass 2", func(p *panel) migration.Migration { return p.running2("anna") }, "Pass 2 has begun", "La seconda esecuzione è iniziata", false},
		{"finished", func(p *panel) migration.Migration {
			return p.finished(migration.Tally{Listed: 101, Copied: 1, Present: 100}, "anna")
		}, "Everything is at the destination: 101 messages", "È tutto a destinazione: 101 messaggi", true},
		{"with exceptions", func(p *panel) migration.Migration {
			return p.finished(migration.Tally{Listed: 101, Present: 99, Skipped: 1, Failed: 1}, "anna")
		}, "99 of 101 messages are at the destination", "99 messaggi su 101 sono a destinazione", true},
		{"cancelled", func(p *panel) migration.Migration {
			m := p.planned("anna")
			check(p.t, p.Store.Cancel(p.t.Context(), p.customer, &m))
			return p.reread(m)
		}, "The migration was cancelled", "La migrazione è stata annullata", true},
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// plain is what a page says, on one line and without its marks.
func plain(page string) string {
	text := html.UnescapeString(tags.ReplaceAllString(page, ""))
	return strings.Join(strings.Fields(text), " ")
}

// keys finds texts that no language has: their key stands in the page.
var keys = regexp.MustCompile(`\b(page|list|flash|phase|validity|pass|pass_status|run_status|check_status|reason|class|side|ui|nav|count|server_type|problem)\.[a-z_]+[a-z0-9_.]*[a-z0-9]\b`)

func wantNoKeys(t *testing.T, page string) {
	t.Helper()
	if found := keys.FindString(plain(page)); found != "" {
		t.Errorf("the page shows the key %s", found)
	}
}

func TestPageOfEveryPhaseSaysWhatIsTheMatter(t *testing.T) {
	for _, phase := range phases() {
		t.Run(phase.name, func(t *testing.T) {
			t.Parallel()
			p := newPanel(t)
			m := phase.make(p)
			for user, want := range map[*migration.User]string{&p.member: phase.english, &p.operator: phase.italian} {
				page := p.as(*user).get("/migrations/"+m.Code).want(t, http.StatusOK)
				if !strings.Contains(plain(page.body), want) {
					t.Errorf("the page lacks %q:\n%s", want, plain(page.body))
				}
				wantNoKeys(t, page.body)
				wantNoKeys(t, p.as(*user).get("/migrations").want(t, http.StatusOK, m.Code).body)
				wantNoKeys(t, p.as(*user).get("/migrations/"+m.Code+"/resources").want(t, http.StatusOK).body)
				// The stream is for what changes by itself.
				if strings.Contains(page.body, "hx-sse:connect") == phase.ended || strings.Contains(page.body, `http-equiv="refresh"`) == phase.ended {
					t.Errorf("live, though it has ended: %v", phase.ended)
				}
				if strings.Contains(page.body, "style=") || strings.Contains(page.body, "<style") {
					t.Error("the page breaks the content policy")
				}
			}
		})
	}
}

func TestCutOverNamesTheRecordsAndTheNextPass(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna")
	text := plain(p.as(p.operator).get("/migrations/"+m.Code).want(t, http.StatusOK,
		"mx1.new.example", "mx2.new.example", `data-copy="10 mx1.new.example`, "/migrations/"+m.Code+"/second").body)
	for _, want := range []string{"rossi.example", "oggi alle 20:00", "100 messaggi da copiare", "ancora 5 ore", "Avvia ora la seconda"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// "Completed" never hides what was not: a resource that failed is named, and
// the table says why.
func TestCutOverNamesTheResourcesThatFailed(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna", "bruno")
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	failed, parked := runs[0], runs[1]
	for _, run := range []*migration.Run{&failed, &parked} {
		check(t, p.Store.MoveRun(t.Context(), p.customer, run, migration.RunConnecting))
	}
	failed.ErrorClass, parked.ErrorClass = "login", "throttled"
	parked.RetryAt = p.clock.now().Add(time.Hour)
	check(t, p.Store.MoveRun(t.Context(), p.customer, &failed, migration.RunFailed))
	check(t, p.Store.MoveRun(t.Context(), p.customer, &parked, migration.RunParked))
	m = p.finishPass(p.reread(m))
	text := plain(p.as(p.member).get("/migrations/"+m.Code).want(t, http.StatusOK).body)
	for _, want := range []string{
		"1 resource failed.", "1 resource waits for its server and goes on by itself.",
		"The server does not accept login and password.", "The server asks to go slower.", "goes on today at 14:00",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// Without a mail server, what the notice says stands on the page; with one the
// page says what became of it.
func TestPageTellsWhatBecameOfTheNotice(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna")
	if text := plain(p.as(p.member).get("/migrations/" + m.Code).body); !strings.Contains(text, "the panel has no mail server") {
		t.Error(text)
	}
	p.SendsMail = true
	notices, err := p.Store.Notices(t.Context(), p.customer, m.ID)
	check(t, err)
	steps := []struct {
		change func(n migration.Notice)
		want   string
	}{
		{func(migration.Notice) {}, "The mail is on its way"},
		{func(n migration.Notice) {
			n.Tries, n.NextAt = 1, p.clock.now().Add(time.Minute)
			check(t, p.Store.NoticeFailed(t.Context(), n))
		}, "we try again today at 15:01"},
		{func(n migration.Notice) {
			n.Tries, n.GaveUp = 9, true
			check(t, p.Store.NoticeFailed(t.Context(), n))
		}, "could not be sent"},
		{func(n migration.Notice) { check(t, p.Store.NoticeSent(t.Context(), n)) }, "The mail was sent today at 15:00"},
	}
	reader := p.member
	reader.TimeZone = "Europe/Rome"
	check(t, p.Store.SavePreferences(t.Context(), reader))
	for _, step := range steps {
		step.change(notices[0])
		if text := plain(p.as(reader).get("/migrations/" + m.Code).body); !strings.Contains(text, step.want) {
			t.Errorf("the page lacks %q:\n%s", step.want, text)
		}
	}
}

func TestMigrationOfOthersIsNotFound(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	for _, path := range []string{"", "/events", "/resources", "/second", "/cancel", "/delete"} {
		p.as(p.stranger).get("/migrations/"+m.Code+path).want(t, http.StatusNotFound)
	}
	for _, path := range []string{"/pause", "/resume", "/start", "/second", "/cancel", "/delete"} {
		p.as(p.stranger).post("/migrations/"+m.Code+path).want(t, http.StatusNotFound)
	}
	if calls := p.desk.calls(); len(calls) != 0 {
		t.Error("the desk was asked", calls)
	}
}

// The operator sees what all customers do, and leaves it alone.
func TestWhoMayOnlyLookGetsNoButtons(t *testing.T) {
	p := newPanel(t)
	m := migration.Migration{CustomerID: p.stranger.CustomerID, UserID: p.stranger.ID, ServerType: migration.Gmail}
	check(t, p.Store.CreateDraft(t.Context(), &m))
	page := p.as(p.operator).get("/migrations/"+m.Code).want(t, http.StatusOK).body
	if strings.Contains(page, `action="/migrations/`) || strings.Contains(page, "/delete") || strings.Contains(page, "/edit/") {
		t.Error("there are buttons:\n", page)
	}
	list := p.as(p.operator).get("/migrations").want(t, http.StatusOK, m.Code).body
	if strings.Contains(list, "/delete") || strings.Contains(list, "/edit/") {
		t.Error("there are buttons in the list:\n", list)
	}
	p.as(p.operator).post("/migrations/"+m.Code+"/delete").want(t, http.StatusForbidden)
}

func TestButtonsAskTheDesk(t *testing.T) {
	tests := []struct{ path, asked, flash string }{
		{"/pause", "pause", "The pass is paused."},
		{"/resume", "resume", "The pass goes on."},
		{"/start", "run now", "The pass starts now."},
		{"/cancel", "cancel", "The migration is cancelled."},
	}
	for _, tt := range tests {
		p := newPanel(t)
		m := p.running("anna")
		b := p.as(p.member)
		b.post("/migrations/"+m.Code+tt.path).wantGoTo(t, "/migrations/"+m.Code)
		if calls := p.desk.calls(); len(calls) != 1 || calls[0] != tt.asked+" "+m.Code {
			t.Error(tt.path, calls)
		}
		b.get("/migrations/"+m.Code).want(t, http.StatusOK, tt.flash)
	}
}

func TestButtonThatComesTooLateIsAConflict(t *testing.T) {
	for _, path := range []string{"/pause", "/resume", "/start", "/cancel"} {
		p := newPanel(t)
		m := p.running("anna")
		p.desk.err = errors.Join(errors.New("pause"), migration.ErrConflict)
		p.as(p.member).post("/migrations/"+m.Code+path).want(t, http.StatusConflict, "Something has changed in the meantime.")
	}
}

func TestCancelAsksFirst(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	p.as(p.member).get("/migrations/"+m.Code+"/cancel").want(t, http.StatusOK,
		"Cancel migration "+m.Code+"?", "<dialog", `action="/migrations/`+m.Code+`/cancel"`, "What was copied stays")
	if calls := p.desk.calls(); len(calls) != 0 {
		t.Error("a question changed something", calls)
	}
}

func TestSecondPassIsMovedWithin23Hours(t *testing.T) {
	tests := []struct {
		name, value string
		code        int
		want        string
	}{
		{"later", "2026-11-24T10:00", http.StatusSeeOther, ""},
		{"soon", "2026-11-23T15:30", http.StatusSeeOther, ""},
		{"too late", "2026-11-24T11:01", http.StatusUnprocessableEntity, "23"},
		{"gone by", "2026-11-23T12:00", http.StatusUnprocessableEntity, "aria-invalid"},
		{"no time", "tomorrow", http.StatusUnprocessableEntity, "aria-invalid"},
		{"empty", "", http.StatusUnprocessableEntity, "aria-invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			p.clock.pass(-time.Hour)
			m := p.cutOver("anna") // pass 1 was planned for 12:00 UTC, 13:00 is now
			b := p.as(p.member)
			b.get("/migrations/"+m.Code+"/second").want(t, http.StatusOK, `value="2026-11-23T18:00"`, `max="2026-11-24T11:00"`)
			answer := b.post("/migrations/"+m.Code+"/second", "second", tt.value)
			answer.want(t, tt.code, tt.want)
			wantNoKeys(t, answer.body)
			moved := p.reread(m).Passes[1].PlannedAt.UTC().Format(localField)
			if want := map[bool]string{true: tt.value, false: "2026-11-23T18:00"}[tt.code == http.StatusSeeOther]; moved != want {
				t.Errorf("pass 2 at %s, want %s", moved, want)
			}
		})
	}
}

func TestSecondPassThatHasBegunIsNotMoved(t *testing.T) {
	p := newPanel(t)
	m := p.running2("anna")
	p.as(p.member).get("/migrations/"+m.Code+"/second").want(t, http.StatusConflict)
	p.as(p.member).post("/migrations/"+m.Code+"/second", "second", "2026-11-23T22:00").want(t, http.StatusConflict)
}

func TestMigrationIsDeletedAfterAQuestion(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna")
	b := p.as(p.member)
	b.get("/migrations/"+m.Code+"/delete").want(t, http.StatusOK, "<dialog", "The mail stays where it is", `href="/migrations/`+m.Code+`"`)
	b.post("/migrations/"+m.Code+"/delete").wantGoTo(t, "/migrations")
	b.get("/migrations").want(t, http.StatusOK, "The migration "+m.Code+" is deleted.")
	b.get("/migrations/"+m.Code).want(t, http.StatusNotFound)
}

// S21, S25.
func TestRunningMigrationIsNotDeleted(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	b := p.as(p.member)
	b.get("/migrations").want(t, http.StatusOK, `aria-disabled="true"`, "Running: it cannot be deleted")
	for _, answer := range []answer{b.get("/migrations/" + m.Code + "/delete"), b.post("/migrations/" + m.Code + "/delete")} {
		answer.want(t, http.StatusConflict, "A migration cannot be deleted while it runs.", "Help desk", "mailto:help@new.example")
		if strings.Contains(answer.body, "<dialog") {
			t.Error("a refusal would open as a dialog")
		}
	}
	if p.reread(m).ID != m.ID {
		t.Error("it is gone")
	}
}
