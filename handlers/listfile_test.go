package handlers

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// table reads a CSV answer.
func table(t *testing.T, a answer) [][]string {
	t.Helper()
	text, marked := strings.CutPrefix(a.body, "\uFEFF")
	if !marked {
		t.Error("no byte order mark")
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	check(t, err)
	return rows
}

func cellsOf(rows [][]string, name string) (cells []string) {
	i := slices.Index(rows[0], name)
	for _, row := range rows[1:] {
		cells = append(cells, row[i])
	}
	return cells
}

func TestTheListIsAFileToo(t *testing.T) {
	p := newPanel(t)
	evil := migration.Migration{CustomerID: p.customer, UserID: p.operator.ID, ServerType: migration.Standard, Name: "=cmd|' /C calc'!A0"}
	check(t, p.Store.CreateDraft(t.Context(), &evil))
	m := p.finished(migration.Tally{Listed: 101, Present: 99, Skipped: 1, Failed: 1, Bytes: 7}, "anna", "bruno")
	b := p.as(p.member)
	b.get("/migrations").want(t, http.StatusOK, `href="/migrations.csv"`)
	got := b.get("/migrations.csv").want(t, http.StatusOK)
	if name := got.header.Get("Content-Disposition"); name != `attachment; filename="migrations.csv"` {
		t.Error(name)
	}
	rows := table(t, got)
	if names := cellsOf(rows, "name"); !slices.Equal(names, []string{"'" + evil.Name, ""}) {
		t.Errorf("names %q: a spreadsheet would run one", names)
	}
	if codes := cellsOf(rows, "code"); !slices.Equal(codes, []string{evil.Code, m.Code}) {
		t.Errorf("codes %v", codes)
	}
	if codes := cellsOf(table(t, b.get("/migrations.csv?status=valid&domain=rossi.example")), "code"); !slices.Equal(codes, []string{m.Code}) {
		t.Errorf("filtered: %v", codes)
	}
	var list []map[string]any
	check(t, json.Unmarshal([]byte(b.get("/migrations.json?q="+m.Code).want(t, http.StatusOK).body), &list))
	if len(list) != 1 || list[0]["phase"] != "finished_with_exceptions" || list[0]["resources"] != 2.0 || list[0]["failed"] != 2.0 {
		t.Errorf("%v", list)
	}
	check(t, json.Unmarshal([]byte(p.as(p.stranger).get("/migrations.json").want(t, http.StatusOK).body), &list))
	if len(list) != 0 {
		t.Errorf("a stranger reads %v", list)
	}
}

func TestResourcesAreAFileToo(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	b := p.as(p.member)
	b.get("/migrations/"+m.Code+"/resources").want(t, http.StatusOK, "/migrations/"+m.Code+"/resources.csv")
	rows := table(t, b.get("/migrations/"+m.Code+"/resources.csv").want(t, http.StatusOK))
	if got := cellsOf(rows, "destination"); !slices.Equal(got, []string{"anna@rossi.example", "bruno@rossi.example"}) {
		t.Errorf("destinations %v", got)
	}
	if got := cellsOf(rows, "error_class"); !slices.Equal(got, []string{"login", ""}) {
		t.Errorf("classes %v", got)
	}
	if got := cellsOf(table(t, b.get("/migrations/"+m.Code+"/resources.csv?group=done")), "failed"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("those that are done: %v", got)
	}
	body := b.get("/migrations/"+m.Code+"/resources.json").want(t, http.StatusOK).body
	var list []map[string]any
	check(t, json.Unmarshal([]byte(body), &list))
	if len(list) != 2 || list[1]["copied"] != 9.0 || strings.Contains(body, "pw-anna") {
		t.Errorf("%s", body)
	}
}

func TestTheListIsFilteredAndSortedByEveryColumn(t *testing.T) {
	p := newPanel(t)
	p.draft("anna")
	m := p.running("bruno")
	b := p.as(p.operator)
	page := b.get("/migrations?status=valid&sort=-user&domain=rossi.example").want(t, http.StatusOK, m.Code,
		`<option value="valid" selected`, `<details class="t-more t-mb" id="filters" open`, "sort=title&amp;status=valid").body
	if strings.Count(page, `<th role="rowheader"`) != 1 {
		t.Error("the filter keeps too much or too little")
	}
	wantNoKeys(t, page)
	for _, order := range []string{"title", "validity", "status", "resources", "first", "second", "user"} {
		for _, turned := range []string{"", "-"} {
			page := b.get("/migrations?sort="+turned+order).want(t, http.StatusOK).body
			if got := strings.Count(page, "aria-sort="); got != 1 || strings.Count(page, `<th role="rowheader"`) != 2 {
				t.Errorf("%s%s: %d sorted columns", turned, order, got)
			}
			next := "sort=-" + order
			if turned != "" {
				next = "sort=" + order
			}
			if order != "first" && !strings.Contains(page, next) {
				t.Errorf("%s%s: no way to turn it round", turned, order)
			}
		}
	}
	wantNoKeys(t, b.get("/migrations?group=follow").want(t, http.StatusOK, "Non ti aspetta nulla").body)
}

// The list follows what happens, and its rows stay where they are.
func TestTheListIsLive(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna")
	p.live.repaint = 0
	lines := p.as(p.operator).events("/migrations?sort=first")
	until(t, lines, "Sta per partire")
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	picture := until(t, lines, "Prima in corso")
	if !strings.Contains(picture, `id="`+m.Code+`"`) || !strings.Contains(picture, `hx-target="#list-tabs"`) {
		t.Errorf("the picture lacks a place for its parts:\n%s", picture)
	}
	p.draft("bruno")
	if picture := until(t, lines, "L’elenco è cambiato"); strings.Count(picture, `<th role="rowheader"`) != 1 {
		t.Error("a row that was not there came in")
	}
}
