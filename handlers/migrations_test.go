package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"trasloco/migration"
)

func TestEmptyListSaysHowToBegin(t *testing.T) {
	p := newPanel(t)
	page := p.as(p.member).get("/migrations").want(t, http.StatusOK,
		"No migrations yet", "/migrations/samples.zip", `method="post" action="/migrations"`, `form="new-migration"`)
	wantNoKeys(t, page.body)
	wantNoKeys(t, p.as(p.operator).get("/migrations").want(t, http.StatusOK, "Nessuna migrazione, per ora").body)
}

func TestNewMigrationLeadsIntoTheWizard(t *testing.T) {
	p := newPanel(t)
	to := p.as(p.member).post("/migrations").want(t, http.StatusSeeOther).location()
	code, found := strings.CutSuffix(strings.TrimPrefix(to, "/migrations/"), "/edit/server")
	if !found || !migration.IsCode(code) {
		t.Fatal(to)
	}
	m, err := p.Store.Migration(t.Context(), p.customer, code)
	if err != nil || m.UserID != p.member.ID || m.CustomerID != p.customer || m.Validity != migration.Draft {
		t.Error(m, err)
	}
	for _, path := range []string{"/migrations", "/migrations/" + code} {
		page := p.as(p.member).get(path).want(t, http.StatusOK, code).body
		wantNoKeys(t, page)
		if strings.Contains(plain(page), "server_type") {
			t.Error("the type that nobody has chosen is named")
		}
	}
}

// S18: every column.
func TestListShowsEveryColumn(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna", "bruno")
	page := p.as(p.operator).get("/migrations").want(t, http.StatusOK, m.Code, `href="/migrations/`+m.Code+`/resources"`)
	for _, want := range []string{
		"Migrazione valida", "Attende il cambio MX", "Laura Bianchi", m.Code, "Standard", "rossi.example",
		"oggi, 14:00", "finita alle 15:00", "oggi, 20:00", "6 ore dopo", "2 risorse di " + m.Code,
	} {
		if text := plain(page.body); !strings.Contains(text, want) {
			t.Errorf("the list lacks %q:\n%s", want, text)
		}
	}
}

func TestListTellsFirstWhatWaitsForAPerson(t *testing.T) {
	p := newPanel(t)
	bad, ready := p.refused("anna"), p.cutOver("bruno")
	text := p.as(p.member).get("/migrations?q=nothing").want(t, http.StatusOK,
		"No migration matches.", "/migrations/"+bad.Code+"/edit/file", "/migrations/"+ready.Code).body
	if !strings.Contains(plain(text), "1 resource out of 1 cannot be migrated as it is.") {
		t.Error(plain(text))
	}
}

func TestListIsSearchedGroupedSortedAndPaged(t *testing.T) {
	p := newPanel(t)
	var drafts []migration.Migration
	for range migrationsPerPage + 1 {
		drafts = append(drafts, p.draft())
	}
	running := p.running("anna")
	b := p.as(p.member)
	tests := []struct {
		query string
		rows  int
		shows string
	}{
		{"", migrationsPerPage, drafts[len(drafts)-1].Code},
		{"?page=2", 2, running.Code},
		{"?page=99", 0, "No migration matches."},
		{"?page=none", migrationsPerPage, ""},
		{"?group=running", 1, running.Code},
		{"?group=ended", 0, "Remove the filters"},
		{"?group=draft&page=2", 1, drafts[0].Code},
		{"?q=" + strings.ToLower(running.Code), 1, running.Code},
		{"?q=rossi", 1, "rossi.example"},
		{"?sort=title", migrationsPerPage, `aria-sort="ascending"`},
		{"?sort=second&group=running", 1, `aria-sort="descending"`},
		{"?q=rossi&group=running", 1, `name="group" value="running"`},
	}
	for _, tt := range tests {
		page := b.get("/migrations"+tt.query).want(t, http.StatusOK, tt.shows).body
		if got := strings.Count(page, `<th role="rowheader"`); got != tt.rows {
			t.Errorf("%s: %d rows, want %d", tt.query, got, tt.rows)
		}
		wantNoKeys(t, page)
	}
	// A page leads to the next with all the rest of its state.
	b.get("/migrations?group=draft&sort=title").want(t, http.StatusOK, "/migrations?group=draft&amp;page=2&amp;sort=title")
}

func TestDraftIsContinuedInTheWizard(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	b, to := p.as(p.member), "/migrations/"+m.Code+"/edit"
	b.get("/migrations").want(t, http.StatusOK, "Draft", "Continue the draft", `href="`+to+`"`)
	b.get("/migrations/"+m.Code).want(t, http.StatusOK, `href="`+to+`"`)
	if step := b.get(to).want(t, http.StatusSeeOther).location(); !strings.HasPrefix(step, to+"/") {
		t.Error("the wizard does not go on:", step)
	}
}

// S20: log 1 and log 2 of every resource.
func TestResourcesLeadToTheirLogs(t *testing.T) {
	p := newPanel(t)
	m := p.cutOver("anna", "bruno")
	page := p.as(p.member).get("/migrations/"+m.Code+"/resources").want(t, http.StatusOK,
		"anna@rossi.example", "anna@old.example", "imap.old.example",
		"/migrations/"+m.Code+"/resources/1/log/1", "/migrations/"+m.Code+"/resources/2/log/1", "Log 2").body
	if strings.Contains(page, "/log/2") {
		t.Error("there is a link to a log that has not begun")
	}
}

func TestResourcesArePaged(t *testing.T) {
	p := newPanel(t)
	names := make([]string, logsPerPage+1)
	for i := range names {
		names[i] = "user" + strconv.Itoa(i)
	}
	m := p.draft(names...)
	b := p.as(p.member)
	b.get("/migrations/"+m.Code+"/resources").want(t, http.StatusOK, "user0@", "page=2")
	b.get("/migrations/"+m.Code+"/resources?page=2").want(t, http.StatusOK, "user100@")
	b.get("/migrations/"+m.Code).want(t, http.StatusOK, "user49@", "/migrations/"+m.Code+"?page=2#resources")
	if page := b.get("/migrations/" + m.Code).body; strings.Contains(page, "user50@") {
		t.Error("more than a page of resources")
	}
}
