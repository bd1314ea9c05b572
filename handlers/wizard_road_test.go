package handlers

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/store"
)

// wizardUser goes through the wizard by plain forms and keeps all he is shown.
type wizardUser struct {
	*panel
	browser *browser
	code    string
	seen    strings.Builder
}

// inWizard returns a user who has just pressed the button for a new migration.
func (p *panel) inWizard(user migration.User) *wizardUser {
	p.t.Helper()
	w := &wizardUser{panel: p, browser: p.as(user)}
	begun := w.browser.post("/migrations")
	parts := strings.Split(begun.location(), "/")
	if begun.code != http.StatusSeeOther || len(parts) != 5 || parts[4] != "server" {
		p.t.Fatalf("begun with %d to %q", begun.code, begun.location())
	}
	w.code = parts[2]
	return w
}

func (w *wizardUser) path(step string) string { return "/migrations/" + w.code + "/edit/" + step }

// see opens a step.
func (w *wizardUser) see(step string) answer {
	w.t.Helper()
	return w.keep(w.browser.get(w.path(step)))
}

// post sends the form of a step.
func (w *wizardUser) post(step string, fields ...string) answer {
	w.t.Helper()
	return w.keep(w.browser.post(w.path(step), fields...))
}

// upload hands in a file as a browser does.
func (w *wizardUser) upload(data string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("csv", "accounts.csv")
	check(w.t, err)
	_, err = file.Write([]byte(data))
	check(w.t, err)
	check(w.t, form.WriteField("rows", ""))
	check(w.t, form.Close())
	return w.keep(w.browser.do(http.MethodPost, w.path("file"), form.FormDataContentType(), &body))
}

func (w *wizardUser) keep(a answer) answer {
	w.seen.WriteString(a.body)
	return a
}

// untranslated finds keys where a text should stand.
var untranslated = regexp.MustCompile(`\b(page|problem|nav|ui|class|field|count|side|flash|form|phase|pass|server_type|check_status)\.[a-z0-9_]+(\.[a-z0-9_]+)*\b`)

// wantClean fails the test if a page showed a password or the key of a text.
func (w *wizardUser) wantClean(secrets ...string) {
	w.t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(w.seen.String(), secret); at >= 0 {
			w.t.Errorf("a page shows %q: …%s…", secret, w.seen.String()[max(0, at-80):at+len(secret)])
		}
	}
	if key := untranslated.FindString(w.seen.String()); key != "" {
		w.t.Errorf("a page shows the key %s", key)
	}
}

// migration reads the one in the wizard.
func (w *wizardUser) migration() migration.Migration {
	w.t.Helper()
	m, err := w.Store.Migration(w.t.Context(), store.AnyCustomer, w.code)
	check(w.t, err)
	return m
}

// checked ends all checks that wait: those of the logins in failures so, the
// others well.
func (w *wizardUser) checked(failures map[string]migration.Check) {
	w.t.Helper()
	jobs, err := w.Store.ChecksToMake(w.t.Context(), 1000)
	check(w.t, err)
	for _, job := range jobs {
		found, failed := failures[job.Resource.Source.Auth.Login]
		if !failed {
			found = migration.Check{Status: migration.CheckPassed, Folders: 5, Messages: 8412, Bytes: 4 << 30}
		}
		found.At = w.clock.now()
		check(w.t, w.Store.StartCheck(w.t.Context(), job.Customer, job.Resource.ID))
		check(w.t, w.Store.FinishCheck(w.t.Context(), job.Customer, job.Resource.ID, found))
	}
}

func refused(side, class string) migration.Check {
	return migration.Check{Status: migration.CheckFailed, Side: side, Class: class, ServerText: "NO [ALERT] the words of the server"}
}

const goodFile = "anna@rossi.example;192.0.2.25;anna@old.example;SECRET-anna\nbruno@rossi.example;192.0.2.25;bruno;\"SECRET;bruno\"\n"

// toFirst takes the wizard to the third step, with two rows that are right.
func (w *wizardUser) toFirst() *wizardUser {
	w.t.Helper()
	w.post("server", "server", "standard").wantGoTo(w.t, w.path("file"))
	w.upload(goodFile).wantGoTo(w.t, w.path("file"))
	w.checked(nil)
	w.post("rows").wantGoTo(w.t, w.path("first"))
	return w
}

func (w *wizardUser) toReview() *wizardUser {
	w.t.Helper()
	w.toFirst().post("first", "first", "asap").wantGoTo(w.t, w.path("second"))
	w.post("second", "second", "gap").wantGoTo(w.t, w.path("review"))
	return w
}

func TestWholeWizardByPlainForms(t *testing.T) {
	p := newPanel(t)
	users := map[string]migration.User{"Italian": p.operator, "English": p.member}
	for language, user := range users {
		t.Run(language, func(t *testing.T) {
			w := p.inWizard(user)
			w.see("server").want(t, http.StatusOK)
			w.post("server", "server", "standard").wantGoTo(t, w.path("file"))
			w.see("file").want(t, http.StatusOK, `type="file"`, "/migrations/samples.zip")
			w.upload(goodFile).wantGoTo(t, w.path("file"))
			w.see("file").want(t, http.StatusOK, "anna@rossi.example", "192.0.2.25", "bruno", w.path("events"))
			w.checked(nil)
			w.see("file").want(t, http.StatusOK, "GB")
			w.post("rows").wantGoTo(t, w.path("first"))
			w.see("first").want(t, http.StatusOK, "TTL")
			w.post("first", "first", "at", "date", "2026-11-24", "time", "14:00").wantGoTo(t, w.path("second"))
			w.see("second").want(t, http.StatusOK, "mx1.new.example")
			w.post("second", "second", "gap").wantGoTo(t, w.path("review"))
			w.see("review").want(t, http.StatusOK, user.Email, "rossi.example")
			w.post("review", "name", "Uffici").wantGoTo(t, "/migrations/"+w.code)

			m := w.migration()
			first := time.Date(2026, 11, 24, 14, 0, 0, 0, zoneOf(t, user))
			if m.Validity != migration.Validating || m.Name != "Uffici" || m.UserID != user.ID || len(m.Passes) != 2 ||
				!m.Passes[0].PlannedAt.Equal(first) || !m.Passes[1].PlannedAt.Equal(first.Add(6*time.Hour)) {
				t.Errorf("handed in: %+v", m)
			}
			w.wantClean("SECRET", "hunter2-MASTER")
		})
	}
	if calls := p.desk.calls(); len(calls) == 0 || calls[len(calls)-1] != "wake" {
		t.Errorf("nobody was woken: %v", calls)
	}
}

func zoneOf(t *testing.T, user migration.User) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(user.TimeZone)
	check(t, err)
	return zone
}

// Some servers lock an account whose password is wrong too often.
func TestTheTimeIsGuessedOnceAllIsCounted(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.post("rows").wantGoTo(t, w.path("first"))
	if page := w.see("first"); strings.Contains(page.body, "about ") && strings.Contains(page.body, "messages, ") {
		t.Error("a time is guessed though nothing was counted")
	}
	w.checked(nil) // 2 × 4 GB
	w.see("first").want(t, http.StatusOK, "16,824 messages, 8\u00a0GB: about 10 minutes")
}

func TestNothingIsHandedInWithRowsToCorrect(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	check(t, p.Store.Recheck(t.Context(), p.customer, w.migration().ID, p.clock.now().Add(time.Minute)))
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.post("review").want(t, http.StatusUnprocessableEntity, w.path("file"))
	if got := w.migration().Validity; got != migration.Draft {
		t.Errorf("validity %s", got)
	}
	// A password that was wrong at the server and is right now changes no row.
	w.post("check")
	w.checked(nil)
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	w.wantClean("SECRET")
}

func TestOldChecksAreMadeAgainWhenHandedIn(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	p.clock.pass(31 * time.Minute)
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	if got := w.migration().Checks; got.Waiting != 2 {
		t.Errorf("checks %+v, want both to be made again", got)
	}
}

func TestDatesOfThePasses(t *testing.T) {
	first := []string{"first", "at", "date", "2026-11-24", "time", "14:00"}
	tests := []struct {
		name          string
		first, second []string
		code          int // of the last form
		at            [2]string
	}{
		{"a date and six hours", first, []string{"second", "gap"}, 303, [2]string{"2026-11-24T13:00:00Z", "2026-11-24T19:00:00Z"}},
		{"a date and a date", first, []string{"second", "at", "date", "2026-11-25", "time", "13:00"}, 303, [2]string{"2026-11-24T13:00:00Z", "2026-11-25T12:00:00Z"}},
		{"over 23 hours", first, []string{"second", "at", "date", "2026-11-25", "time", "13:01"}, 422, [2]string{}},
		{"before the first", first, []string{"second", "at", "date", "2026-11-24", "time", "13:59"}, 422, [2]string{}},
		{"under four hours is allowed", first, []string{"second", "at", "date", "2026-11-24", "time", "16:00"}, 303, [2]string{"2026-11-24T13:00:00Z", "2026-11-24T15:00:00Z"}},
		{"no answer", first, nil, 422, [2]string{}},
		{"a time that has gone by", []string{"first", "at", "date", "2026-11-22", "time", "14:00"}, nil, 422, [2]string{}},
		{"no date", []string{"first", "at"}, nil, 422, [2]string{}},
		{"a time the clock jumps over", []string{"first", "at", "date", "2027-03-28", "time", "02:30"}, nil, 422, [2]string{}},
		{
			"across the change of the clock",
			[]string{"first", "at", "date", "2027-03-27", "time", "23:00"},
			[]string{"second", "at", "date", "2027-03-28", "time", "23:00"},
			303,
			[2]string{"2027-03-27T22:00:00Z", "2027-03-28T21:00:00Z"},
		},
	}
	p := newPanel(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := p.inWizard(p.operator).toFirst()
			got := w.post("first", tt.first...)
			if got.code == http.StatusSeeOther {
				w.see("second").want(t, http.StatusOK)
				got = w.post("second", tt.second...)
			}
			if got.code != tt.code {
				t.Fatalf("got %d, want %d:\n%s", got.code, tt.code, got.body)
			}
			if tt.code == http.StatusSeeOther {
				m := w.migration()
				at := m.Plan.First.At
				if got := [2]string{utc(at), utc(m.Plan.SecondAt(at))}; got != tt.at {
					t.Errorf("planned %v, want %v", got, tt.at)
				}
				w.see("review").want(t, http.StatusOK)
			}
			w.wantClean("SECRET")
		})
	}
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func TestRefusedDistanceNamesTheLatestTime(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toFirst()
	w.post("first", "first", "at", "date", "2026-11-24", "time", "14:00")
	w.post("second", "second", "at", "date", "2026-11-25", "time", "15:00").
		want(t, http.StatusUnprocessableEntity, "25 nov 2026, 13:00", `value="2026-11-25"`, `value="15:00"`)
}

func TestShortDistanceIsWarnedOfOnTheReview(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member).toFirst()
	w.post("first", "first", "at", "date", "2026-11-24", "time", "14:00")
	w.post("second", "second", "gap")
	calm := w.see("review").body
	w.post("second", "second", "at", "date", "2026-11-24", "time", "16:00").wantGoTo(t, w.path("review"))
	warned := w.see("review").body
	if strings.Count(warned, "t-note--wait") <= strings.Count(calm, "t-note--wait") {
		t.Error("the review does not warn")
	}
}

func TestAsSoonAsPossibleMeansNowWhenHandedIn(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	p.clock.pass(10 * time.Minute)
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	if got := w.migration().Passes; !got[0].PlannedAt.Equal(p.clock.now()) || got[1].PlannedAt.Sub(got[0].PlannedAt) != 6*time.Hour {
		t.Errorf("planned %v and %v", got[0].PlannedAt, got[1].PlannedAt)
	}
}

func TestStepsAreTakenInOrder(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	for _, step := range []string{"first", "second", "review"} {
		w.see(step).wantGoTo(t, w.path("file"))
	}
	w.upload(goodFile)
	w.see("review").wantGoTo(t, w.path("first"))
	w.post("first", "first", "asap")
	w.see("review").wantGoTo(t, w.path("second"))
	w.see("server").want(t, http.StatusOK, `href="`+w.path("file")+`"`) // going back costs nothing
}

func TestDraftIsTheSameInAnotherBrowser(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	p.as(p.operator).get(w.path("review")).want(t, http.StatusOK, "rossi.example")
}

func TestStrangersFindNoDraft(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	stranger := p.as(p.stranger)
	for _, step := range []string{"server", "file", "first", "second", "review", "events"} {
		stranger.get(w.path(step)).want(t, http.StatusNotFound)
	}
	for _, step := range []string{"server", "file", "rows", "rows/1", "check", "trust", "first", "second", "review"} {
		stranger.post(w.path(step)).want(t, http.StatusNotFound)
	}
}

func TestOnlyDraftsAndInvalidOnesAreEdited(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna")
	b := p.as(p.operator)
	b.get("/migrations/"+m.Code+"/edit/file").wantGoTo(t, "/migrations/"+m.Code)
	for _, step := range []string{"server", "file", "rows", "rows/1", "check", "trust", "first", "second", "review"} {
		b.post("/migrations/"+m.Code+"/edit/"+step, "server", "standard", "rows", goodFile).want(t, http.StatusConflict)
	}
}

func TestAnInvalidMigrationIsCorrectedAndHandedInAgain(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	p.clock.pass(31 * time.Minute)
	w.post("review")
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	m := w.migration()
	check(t, p.Store.Settle(t.Context(), p.customer, &m, migration.Invalid, nil))
	w.see("file").want(t, http.StatusOK, "bruno@rossi.example")
	w.post("rows/2", "destination", "bruno@rossi.example", "host", "192.0.2.25", "login", "bruno", "password", "SECRET-new")
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	if got := w.migration(); got.Validity != migration.Validating || len(got.Passes) != 2 {
		t.Errorf("%+v", got)
	}
	w.wantClean("SECRET")
}

func TestOnlySoManyMigrationsAtOnce(t *testing.T) {
	p := newPanel(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		p.planned(name)
	}
	w := p.inWizard(p.operator)
	early := w.see("server").want(t, http.StatusOK)
	if !strings.Contains(early.body, "t-note--wait") {
		t.Error("the first step does not say that there are too many")
	}
	w.toReview().post("review").want(t, http.StatusUnprocessableEntity)
	if got := w.migration().Validity; got != migration.Draft {
		t.Errorf("validity %s", got)
	}
	w.wantClean("SECRET")
}

// The stream is the page's own part: it ends by itself once no row waits.
// The hour that the clock shows twice names two instants: the first is taken.
func TestTheHourThatComesTwice(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toFirst()
	w.post("first", "first", "at", "date", "2027-10-31", "time", "02:30").wantGoTo(t, w.path("second"))
	if got := utc(w.migration().Plan.First.At); got != "2027-10-31T00:30:00Z" {
		t.Errorf("planned for %s", got)
	}
	w.post("second", "second", "gap").wantGoTo(t, w.path("review"))
	w.see("review").want(t, http.StatusOK, "02:30 (CEST)")
}
