package main_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	program "trasloco/cmd/trasloco"
	"trasloco/locale"
	"trasloco/static/browsertest"
)

// cells are the texts of the row of a migration in the list, by their columns.
const cells = `(code => {
	const row = [...document.querySelectorAll("main tbody tr")].find(row => row.innerText.includes(code));
	return row && Object.fromEntries([...row.querySelectorAll("[data-th]")].map(cell => [cell.dataset.th, cell.innerText.replace(/\s+/g, " ").trim()]));
})(%q)`

func (s *scene) listed(code string) map[string]string {
	s.t.Helper()
	s.open("/migrations?q=" + code)
	return browsertest.Ask[map[string]string](s.tab, fmt.Sprintf(cells, code))
}

func TestS18_ListOfMigrations(t *testing.T) {
	s := stage(t, theAdmin)
	row := s.listed(s.code)
	for column, want := range map[string]string{
		word("page.list.column.status"): word("validity.valid"), word("page.list.column.user"): "Laura Bianchi",
		word("page.list.column.phase"): word("phase.finished_with_exceptions"), word("page.list.column.resources"): "3",
		word("page.list.column.first"): ":", word("page.list.column.second"): ":",
	} {
		if !strings.Contains(row[column], want) {
			t.Errorf("%s: %q, want %q", column, row[column], want)
		}
	}
	s.says(s.code, "Standard", newDomain)
	if dates := browsertest.Ask[int](s.tab, `document.querySelectorAll("tbody tr time[datetime][title]").length`); dates != 2 {
		t.Errorf("%d instants, want that of each pass", dates)
	}
	// The number of resources is the link to them.
	s.tab.Click(fmt.Sprintf(`tbody a[href="/migrations/%s/resources"]`, s.code))
	s.at("/resources")

	s.open("/migrations?q=no+such+thing")
	s.says(word("page.list.none"))
	s.tab.ClickNamed(word("page.list.show_all"))
	s.at("/migrations")
	// By each of its columns, in both directions of the page's links.
	for _, header := range browsertest.Ask[[]string](s.tab, `[...document.querySelectorAll("thead th a")].map(a => a.getAttribute("href"))`) {
		s.open(header)
		s.tab.Wait(`document.querySelectorAll("thead th[aria-sort]").length === 1 && document.querySelectorAll("tbody tr").length > 0`)
	}
	// The tabs filter by phase, and keep what they count.
	for _, tab := range browsertest.Ask[[]string](s.tab, `[...document.querySelectorAll("main .t-tabs a")].map(a => a.getAttribute("href"))`) {
		s.open(tab)
		s.tab.Wait(`(() => {
			const now = document.querySelector(".t-tabs a[aria-current]"), rows = document.querySelectorAll("main tbody tr").length;
			const count = Number(now.innerText.replace(/\D/g, ""));
			return count === rows || rows > 0 && count > rows && document.querySelector(".t-pager a");
		})()`)
	}
}

func TestS19_Status(t *testing.T) {
	s := stage(t, theAdmin)
	way := newGate(t, s.src.TLSAddress())
	way.close()
	p := s.admin.For(t)
	page := p.Send(p.Form(p.Get("/migrations"), "/migrations"))
	page = p.Send(p.Main(page), "server", "standard")
	page = p.Send(p.Main(page), "rows", row("anna"+fixedDomain, way.address, "anna", s.src.Password))
	for !strings.HasSuffix(page.Path, "/edit/review") { // while it is checked
		page = p.Send(p.Main(page))
	}
	code := s.migrate(page)
	if got := s.listed(code)[word("page.list.column.status")]; got != "In validazione" {
		t.Errorf("while it is checked: %q", got)
	}
	way.lead("127.0.0.1:1")
	way.open()
	eventually(t, "the check has failed", func() bool {
		return s.listed(code)[word("page.list.column.status")] == "Migrazione non valida"
	})
	if got := s.listed(s.code)[word("page.list.column.status")]; got != "Migrazione valida" {
		t.Errorf("one that ran: %q", got)
	}
}

func TestS20_ResourcesAndTheirLogs(t *testing.T) {
	s := stage(t, theAdmin)
	s.open("/migrations?q=" + s.code)
	s.tab.Click(`tbody a[href$="/resources"]`)
	s.at("/resources")
	for _, user := range []string{"anna", "bruno", "elena"} {
		s.says(user + fixedDomain)
	}
	for pass := 1; pass <= 2; pass++ {
		s.tab.Wait(fmt.Sprintf(`document.querySelectorAll("tbody a[href$='/log/%d']").length === 3`, pass))
	}
	s.tab.Click(`tbody a[href$="/resources/3/log/2"]`)
	s.at("/resources/3/log/2")
	got := s.log(t, s.code, 3, 2)
	for what, n := range map[string]int{"copied.now": got.Copied, "present": got.Present, "skipped": got.Skipped, "failed": got.Failed, "listed": got.Listed} {
		s.tab.Wait(fmt.Sprintf(`[...document.querySelectorAll(".t-outcome dl > div")].some(d => d.querySelector("dt").innerText.trim() === %q && d.querySelector("dd").innerText === "%d")`,
			word("ui.outcome."+what), n))
	}
	s.says("Size 52428801", "mittente@vecchio.example")
	s.downloads(got)
}

// downloads: what the page shows can be had as text, CSV and JSON.
func (s *scene) downloads(want runLog) {
	t, base := s.t, fmt.Sprintf("/migrations/%s/resources/3/log/2.", s.code)
	links := browsertest.Ask[[]string](s.tab, `[...document.querySelectorAll("a[download]")].map(a => new URL(a.href).pathname)`)
	for _, form := range []string{"txt", "csv", "json"} {
		if !slices.Contains(links, base+form) {
			t.Errorf("the page has no link to %s: %v", base+form, links)
		}
		body := s.admin.For(t).Get(base + form).Body
		if !strings.Contains(body, "Size 52428801") {
			t.Errorf("%s does not name what was left out: %s", form, clip(body))
		}
		if form != "csv" {
			continue
		}
		reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
		reader.Comma, reader.FieldsPerRecord = ';', 0
		if first, _, _ := strings.Cut(body, "\n"); !strings.Contains(first, ";") {
			reader.Comma = ','
		}
		if records, err := reader.ReadAll(); err != nil || len(records) < len(want.Exceptions) {
			t.Errorf("%d records, %v: %s", len(records), err, clip(body))
		}
	}
}

func TestS21_Delete(t *testing.T) {
	s := stage(t, theAdmin)
	s.tab.Expect("status of 409")
	load(t, s.src, "hugo", oneFolder("hugo"))
	way := newGate(t, s.src.TLSAddress())
	review := draft(t, s.admin.For(t), []string{row("hugo"+fixedDomain, way.address, "hugo", s.src.Password)})
	way.close()
	code := s.migrate(review)
	s.open("/migrations/" + code)
	s.await(word("run_status.connecting"))
	// The bin stands in the list and on the page, and says that it does not work now.
	for _, page := range []string{"/migrations?q=" + code, "/migrations/" + code} {
		s.open(page)
		s.tab.Wait(fmt.Sprintf(`document.querySelector('main a[href="/migrations/%s/delete"]')?.title`, code))
		s.tab.Click(fmt.Sprintf(`main a[href="/migrations/%s/delete"]`, code))
		s.at("/delete")
		s.says(word("page.delete.refused.why"), "Help desk", "help@nuovo.example")
	}
	p := s.admin.For(t)
	form := browsertest.Form{Method: http.MethodPost, Action: "/migrations/" + code + "/delete"}
	if refused := p.Send(form); refused.Code != http.StatusConflict || !strings.Contains(refused.Body, "Help desk") {
		t.Errorf("deleted while running: %d", refused.Code)
	}
	way.open()
	s.letters(t, code, 1)
	s.open("/migrations?q=" + code)
	s.tab.Click(fmt.Sprintf(`main a[href="/migrations/%s/delete"]`, code))
	s.tab.Wait(`document.querySelector("dialog")?.matches(":modal")`)
	s.tab.ClickNamed(word("page.delete.no"))
	s.tab.Wait(`!document.querySelector("dialog")`)
	s.tab.Click(fmt.Sprintf(`main a[href="/migrations/%s/delete"]`, code))
	s.tab.Wait(`document.querySelector("dialog")?.matches(":modal")`)
	s.tab.ClickNamed("Elimina")
	s.await(word("flash.deleted", "code", code))
	if page := p.Get("/migrations/" + code); page.Code != http.StatusNotFound {
		t.Errorf("it is still there: %d", page.Code)
	}
	if got := snapshot(t, s.dst, "hugo"+fixedDomain).Count(); got == 0 {
		t.Error("the mail went too")
	}
}

func TestS22_ThirtyDays(t *testing.T) {
	w, err := world()
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	clock := &hand{}
	load(t, w.src, "karl", oneFolder("karl"))
	p := newInside(t, program.Inside{Now: clock.now}, w.src, w.dst)
	review := draft(t, p.plain, []string{w.row("karl")})
	if keys(t, p.data) == 0 {
		t.Error("the passwords of a draft have no key")
	}
	code := p.migrate(review)
	ended := func(pass int) func() bool {
		return func() bool { return p.log(t, code, 1, pass).Status == "done" }
	}
	eventually(t, "pass 1 has ended", ended(1))
	if keys(t, p.data) == 0 {
		t.Error("the passwords are gone before pass 2")
	}
	clock.pass(7 * time.Hour) // pass 2 comes by itself
	eventually(t, "pass 2 has ended", ended(2))
	// Old migrations are looked for at the start, and every hour.
	again := func(later time.Duration) {
		p.tab.Go("about:blank") // or its live part is waited for
		p.stop()
		clock.pass(later)
		p.start()
		p.signIn()
		p.tab.Go(p.url + "/migrations")
	}
	again(73 * time.Hour) // the longest that passwords are kept
	eventually(t, "the key is destroyed", func() bool { return keys(t, p.data) == 0 })
	again(26 * 24 * time.Hour)
	p.await(code)
	p.says("30") // days, under the list
	again(2 * 24 * time.Hour)
	eventually(t, "it is gone", func() bool { return p.plain.Get("/migrations/"+code).Code == http.StatusNotFound })
	p.tab.Go(p.url + "/migrations")
	p.await(word("page.list.empty.title"))
}

// keys counts the keys of migrations in a data folder, beside the installation's.
func keys(t *testing.T, data string) (count int) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(data, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), "master") && !strings.Contains(entry.Name(), "install") {
			count++
		}
	}
	return count
}

func TestS23_AMailAtTheEndOfEachPass(t *testing.T) {
	s := stage(t, theTeam)
	t.Run("to who asked, in his language", func(t *testing.T) {
		p := s.team.For(t)
		load(t, s.src, "lea", oneFolder("lea"))
		review := draft(t, p, []string{s.row("lea")})
		page := p.Send(p.Main(review))
		code := strings.Split(page.Path, "/")[2]
		first := s.letters(t, code, 1)
		p.Send(p.Form(p.Get("/migrations/"+code), "/start"))
		second := s.letters(t, code, 2)
		for _, letter := range []letter{first, second} {
			if letter.to != teamEmail || !strings.Contains(letter.raw, "Content-Language: en") && !strings.Contains(letter.raw, "lang=\"en\"") && !strings.Contains(letter.raw, "lang=3D\"en\"") {
				t.Errorf("to %s: %s", letter.to, clip(letter.raw))
			}
		}
		s.open("/migrations/" + code)
		s.await(wordIn(locale.English, "page.migration.notice.pass_done.1"))
		s.says(wordIn(locale.English, "page.migration.notice.pass_done.2"))
	})
	t.Run("again until it is taken", func(t *testing.T) {
		clock, box := &hand{}, newSink(t)
		box.refuse(2)
		p := newInside(t, program.Inside{Now: clock.now}, s.src, s.dst, box.flags()...)
		load(t, s.src, "mia", oneFolder("mia"))
		code := p.migrate(draft(t, p.plain, []string{s.row("mia")}))
		eventually(t, "a letter was refused", func() bool { return box.refused() == 1 })
		p.tab.Go(p.url + "/migrations/" + code)
		p.await(strings.Split(word("page.migration.notice.again", "what", "", "at", ""), ";")[0][2:])
		p.tab.Go("about:blank") // a page that is live would outlive its session
		eventually(t, "it is sent again", func() bool {
			clock.pass(time.Minute)
			return len(box.all()) == 1
		})
		if letter := box.all()[0]; letter.to != adminEmail || !strings.Contains(letter.raw, code) || box.refused() != 2 {
			t.Errorf("after %d refusals to %s: %s", box.refused(), letter.to, clip(letter.raw))
		}
	})
}

func TestS24_ItalianAndEnglish(t *testing.T) {
	s := stage(t, theManager)
	for _, lang := range []locale.Lang{locale.English, locale.Italian} {
		s.open("/profile")
		browsertest.Ask[bool](s.tab, fmt.Sprintf(`window.left = true, document.querySelector("#language").value = %q, document.querySelector("#language").form.requestSubmit(), true`, lang))
		s.tab.Wait("!window.left && document.readyState === 'complete'")
		s.says(wordIn(lang, "page.profile.saved"))
		for path, key := range map[string]string{"/profile": "page.profile.title", "/migrations": "page.list.title", "/migrations/" + s.code: "phase.finished_with_exceptions"} {
			s.open(path)
			s.says(wordIn(lang, key))
			s.tab.Wait(fmt.Sprintf(`document.documentElement.lang === %q`, lang))
		}
	}
	// Who has not signed in yet chooses there, whatever his browser speaks.
	stranger := browsertest.NewPlain(t, s.panel.url)
	for _, lang := range []locale.Lang{locale.English, locale.Italian} {
		stranger.Header.Set("Accept-Language", "ja")
		stranger.Send(stranger.Form(stranger.Get("/login"), "/language"), "lang", string(lang))
		if page := stranger.Get("/login"); !strings.Contains(page.Body, wordIn(lang, "page.login.title")) {
			t.Errorf("%s: %s", lang, page.Body)
		}
	}
}

func TestS25_Support(t *testing.T) {
	s := stage(t, theAdmin)
	s.atFile("standard") // neither passwords nor a master user
	s.says("Help desk", "help@nuovo.example")
	s.tab.Wait(`document.querySelector('main a[href="mailto:help@nuovo.example"]') && document.querySelector('main a[href="https://help.nuovo.example"]')`)
	// That a running migration cannot be deleted, and whom to ask, is TestS21_Delete.
}
