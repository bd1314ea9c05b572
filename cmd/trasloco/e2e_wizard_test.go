package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	program "trasloco/cmd/trasloco"
	"trasloco/static/browsertest"
)

func TestS10_TypesOfServer(t *testing.T) {
	s := stage(t, theAdmin)
	s.open("/migrations")
	s.tab.Wait(`[...document.querySelectorAll("nav a[aria-current=page]")].some(a => a.innerText.trim() === "Migrazioni")`)
	// The button reads "+ Migrazione": the sign is a picture.
	s.tab.Wait(`[...document.querySelectorAll("main button")].some(b => b.innerText.trim() === "Migrazione" && b.querySelector("svg"))`)
	types := map[string]string{"standard": "Standard", "gmail": "Gmail", "exchange": "Exchange", "office365": "Office 365"}
	for kind, name := range types {
		s.atFile(kind)
		code := strings.Split(s.tab.Location(), "/")[4]
		// With Gmail and Office 365 the server is known.
		fields := map[bool]string{true: "anna%s;;anna@vecchio.example;;%s;s3cret", false: "anna%s;;anna;geheim%s"}[kind == "office365"]
		s.paste(fmt.Sprintf(fields, fixedDomain, map[bool]string{true: applicationID}[kind == "office365"]))
		known := kind == "gmail" || kind == "office365"
		s.tab.Wait(`document.querySelector("#row-1")`)
		if missing := strings.Contains(s.text(), word("problem.host.empty")); missing == known {
			t.Errorf("%s: without a server the row is faulty: %v", name, missing)
		}
		s.open("/migrations?q=" + code)
		s.await(code)
		s.says(name)
	}
	s.open("/migrations")
	s.tab.ClickNamed("Migrazione")
	s.at("/edit/server")
	for _, name := range types {
		s.says(name)
	}
}

// drop lets a file fall into the field, as a mouse does.
const drop = `(() => {
	const data = new DataTransfer();
	data.items.add(new File([%q], "caselle.csv", {type: "text/csv"}));
	for (const type of ["dragenter", "dragover", "drop"])
		document.querySelector(".t-drop").dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: data}));
	return document.querySelector("#csv").files.length === 1;
})()`

func TestS11_TheFile(t *testing.T) {
	s := stage(t, theAdmin)
	faulty := []string{
		s.row("anna"),
		row("bruno@stranger.example", s.src.TLSAddress(), "bruno", "geheim"),
		row("carla"+fixedDomain, "https://imap.example", "carla", "geheim"),
		row("dora"+fixedDomain, s.src.TLSAddress(), "", "geheim"),
	}
	for name, hand := range map[string]func(){
		"chosen": func() { s.tab.Upload("#csv", write(t, "caselle.csv", strings.Join(faulty, "\r\n"))); s.next() },
		"dropped": func() {
			if !browsertest.Ask[bool](s.tab, fmt.Sprintf(drop, strings.Join(faulty, "\n"))) {
				t.Error("the field did not take what was dropped")
			}
			s.next()
		},
		"pasted": func() { s.paste(faulty...) },
	} {
		s.atFile("standard")
		hand()
		s.await(number("page.wizard.file.to_correct", 3))
		s.says(
			word("problem.row.foreign_domain", "domain", "stranger.example"), word("problem.host.scheme.fix"),
			word("problem.login.empty"), word("problem.login.empty.fix"),
		)
		if name != "pasted" {
			s.says("caselle.csv")
		}
		for number := 2; number <= 4; number++ { // each problem leads to its field
			s.tab.Wait(fmt.Sprintf(`document.querySelector("#row-%d-edit [aria-invalid=true]")`, number))
		}
	}
	// In place: the first correction leaves the other two as they are.
	s.tab.Fill("#destination-2", "bruno"+fixedDomain)
	s.tab.Click("#row-2-edit button")
	s.ready(2)
	s.tab.Wait(`document.querySelector("#row-3-edit") && document.querySelector("#row-4-edit") && !document.querySelector("#row-2-edit")`)
	s.tab.Fill("#host-3", s.src.TLSAddress())
	s.tab.Click("#row-3-edit button")
	s.ready(3)
	s.tab.Fill("#login-4", "dora")
	s.tab.Click("#row-4-edit button")
	s.ready(4)
	s.next()
	s.at("/edit/first")
}

// whenStep fills the fields of a moment of one's own and goes on.
func (s *scene) chooseTime(step string, at time.Time) {
	s.t.Helper()
	s.tab.Click(`input[name=` + step + `][value=at]`)
	s.tab.Fill("#date", at.Format("2006-01-02"))
	s.tab.Fill("#time", at.Format("15:04"))
	s.next()
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	found, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// toFirst brings a draft to the step of the first pass, in the browser.
func (s *scene) toFirst(user string) (code string) {
	s.t.Helper()
	s.atFile("standard")
	s.paste(s.row(user))
	s.ready(1)
	s.next()
	s.toStep("first")
	return strings.Split(s.tab.Location(), "/")[4]
}

// toStep presses on until the page of a step.
func (s *scene) toStep(step string) {
	s.t.Helper()
	for range 4 {
		if strings.HasSuffix(s.tab.Location(), "/edit/"+step) {
			return
		}
		s.next()
	}
	s.t.Fatalf("%s is not %s", s.tab.Location(), step)
}

func TestS12_TheFirstPass(t *testing.T) {
	s := stage(t, theAdmin)
	code := s.toFirst("anna")
	if !browsertest.Ask[bool](s.tab, `[...document.querySelectorAll("label")].some(l => l.innerText.includes("Esegui prima migrazione appena possibile") && l.querySelector("input:checked"))`) {
		t.Error("as soon as possible is not what is offered first")
	}
	s.says("Europe/Rome")
	// The field offers no day that has gone by; who sends one all the same is told.
	browsertest.Ask[any](s.tab, `document.querySelectorAll("form").forEach(form => form.noValidate = true)`)
	yesterday := time.Now().In(zone(t, "Europe/Rome")).AddDate(0, 0, -1)
	s.chooseTime("first", yesterday)
	s.says(word("problem.plan.past.fix"))
	local := time.Now().In(zone(t, "Europe/Rome")).AddDate(0, 0, 2).Truncate(time.Hour).Add(17 * time.Minute)
	s.chooseTime("first", local)
	s.toStep("second")
	s.next()
	s.toStep("review")
	s.next()
	s.tab.Wait(`!location.pathname.includes("/edit")`)
	// An instant: who lives elsewhere sees his own hour of it.
	team := s.signIn(t, teamEmail)
	profile := team.Get("/profile")
	team.Send(team.Form(profile, "/profile"), "time_zone", "America/New_York", "language", "en")
	for who, hour := range map[*browsertest.Plain]string{s.admin.For(t): local.Format("15:04"), team: local.In(zone(t, "America/New_York")).Format("15:04")} {
		page := who.Get("/migrations?q=" + code)
		want := fmt.Sprintf(`datetime="%s"`, local.UTC().Format("2006-01-02T15:04:05Z"))
		if !strings.Contains(page.Body, want) || !strings.Contains(page.Body, hour) {
			t.Errorf("the list lacks %s or %s:\n%s", want, hour, page.Body)
		}
	}
}

func TestS13_TheMailAfterTheFirstPass(t *testing.T) {
	s := stage(t, theAdmin)
	s.toFirst("anna")
	s.next()
	s.toStep("second")
	s.says("mx1.nuovo.example", "mx2.nuovo.example", newDomain, word("page.wizard.second.between.2.text"))
	letter := s.letters(t, s.code, 1)
	for _, part := range []string{"mx1.nuovo.example", "mx2.nuovo.example", newDomain, s.panel.url + "/migrations/" + s.code} {
		if !strings.Contains(letter.raw, part) {
			t.Errorf("the mail lacks %s: %s", part, clip(letter.raw))
		}
	}
	if letter.to != adminEmail || !strings.Contains(letter.subject, "MX") {
		t.Errorf("to %s, subject %s", letter.to, letter.subject)
	}
}

func TestS14_TheSecondPass(t *testing.T) {
	s := stage(t, theAdmin)
	first := time.Now().In(zone(t, "Europe/Rome")).AddDate(0, 0, 2).Truncate(time.Hour)
	s.toFirst("anna")
	s.chooseTime("first", first)
	s.toStep("second")
	if !browsertest.Ask[bool](s.tab, `document.querySelector("input[name=second]:checked").value === "gap"`) {
		t.Error("nothing is offered")
	}
	s.says("6 ore", first.Add(6*time.Hour).Format("15:04")) // what is offered
	s.chooseTime("second", first.Add(23*time.Hour+time.Minute))
	s.says(word("problem.plan.gap", "hours", 23))
	s.chooseTime("second", first.Add(3*time.Hour))
	s.toStep("review")
	s.says(word("problem.plan.gap_short", "hours", 4))
	s.open(strings.TrimPrefix(strings.TrimSuffix(s.tab.Location(), "review"), s.panel.url) + "second")
	s.chooseTime("second", first.Add(23*time.Hour))
	s.toStep("review")
	if strings.Contains(s.text(), word("problem.plan.gap_short", "hours", 4)) {
		t.Error("23 hours are called short")
	}
	s.stillRunning()
}

// stillRunning: a second pass whose time comes while the first runs starts when
// that ends, and cannot be put off any more.
func (s *scene) stillRunning() {
	t, clock := s.t, &hand{}
	p := newInside(t, program.Inside{Now: clock.now}, s.src, s.dst)
	way := newGate(t, s.src.TLSAddress())
	review := draft(t, p.plain, []string{row("ivo"+fixedDomain, way.address, "ivo", s.src.Password)})
	way.close()
	code := p.migrate(review)
	p.tab.Go(p.url + "/migrations/" + code)
	p.await(word("run_status.connecting"))
	clock.pass(7 * time.Hour)
	page := p.plain.Get("/migrations/" + code + "/second")
	local := clock.now().In(zone(t, "Europe/Rome")).Add(2 * time.Hour)
	page = p.plain.Send(p.plain.Form(page, "/second"), "second", local.Format("2006-01-02T15:04"))
	if page.Code != http.StatusUnprocessableEntity || !strings.Contains(page.Body, word("problem.plan.only_forward.fix")) {
		t.Errorf("put off: %d\n%s", page.Code, page.Body)
	}
	way.open()
	eventually(t, "both passes have ended", func() bool {
		return p.log(t, code, 1, 2).Status == "done"
	})
}

func TestS16_Migra(t *testing.T) {
	s := stage(t, theAdmin)
	review := draft(t, s.admin.For(t), []string{s.row("anna")})
	code := strings.Split(review.Path, "/")[2]
	s.open("/migrations?q=" + code)
	s.await(word("page.list.continue"))
	s.open(review.Path)
	s.tab.ClickNamed("Migra")
	s.at("/migrations/" + code)
	s.await(word("flash.planned", "code", code)[:len(code)+3])
	s.open("/migrations?q=" + code)
	s.tab.Wait(fmt.Sprintf(`document.querySelectorAll("tbody tr").length === 1 && document.querySelector("tbody").innerText.includes(%q)`, code))
	if strings.Contains(s.text(), word("page.list.continue")) {
		t.Error("it is still a draft")
	}
}

func TestS17_TheCheck(t *testing.T) {
	s := stage(t, theAdmin)
	web := httptest.NewServer(http.NotFoundHandler()) // answers, and is no mail server
	t.Cleanup(web.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	way := newGate(t, s.src.TLSAddress())
	way.close()
	s.atFile("standard")
	s.paste(
		s.row("anna"),
		row("bruno"+fixedDomain, s.src.TLSAddress(), "bruno", "wrong"),
		row("carla"+fixedDomain, strings.TrimPrefix(web.URL, "http://"), "carla", "geheim"),
		row("dora"+fixedDomain, strings.TrimPrefix(closed.URL, "http://"), "dora", "geheim"),
		row("elio"+fixedDomain, way.address, "elio", s.src.Password),
	)
	// Live: nobody reloads the page.
	s.ready(1)
	s.says(number("count.messages", s.before["anna"].Count()))
	for number, class := range map[int]string{2: "class.login", 4: "class.connect"} {
		s.tab.Wait(fmt.Sprintf(`document.querySelector("#row-%d")?.innerText.toLowerCase().includes(%q)`, number, strings.ToLower(word(class))))
	}
	s.tab.Wait(`document.querySelector("#row-3.t-bad")`)
	said := map[string]bool{}
	for number := 2; number <= 4; number++ {
		said[s.tab.Text(fmt.Sprintf("#row-%d .t-check strong", number))] = true
	}
	if len(said) != 3 {
		t.Errorf("a wrong login, a server without IMAP and a wrong address are not told apart: %v", said)
	}
	s.tab.Wait(`!document.querySelector("#row-5.t-bad, #row-5 .t-ic-ok")`)
	way.open()
	s.ready(5)
	// Neither corrected nor left out: it does not go on.
	s.next()
	s.tab.Wait(`document.activeElement?.id === "errors"`)
	s.tab.Click("#skip")
	s.next()
	s.toStep("first")
	s.next()
	s.toStep("second")
	s.next()
	s.toStep("review")
	s.says(number("page.wizard.review.rows_out", 3))
	s.next()
	s.tab.Wait(`!location.pathname.includes("/edit")`)
	code := strings.Split(s.tab.Location(), "/")[4]
	s.letters(t, code, 1)
	for row, want := range map[int]string{1: "done", 5: "done"} {
		if got := s.log(t, code, row, 1); got.Status != want {
			t.Errorf("row %d: %s", row, got.Status)
		}
	}
	for row := 2; row <= 4; row++ {
		if got := s.log(t, code, row, 1); got.Status != "" || len(got.Entries) > 0 {
			t.Errorf("row %d was left out and has a log: %+v", row, got)
		}
	}
	s.checkedAgain()
}

// checkedAgain: what was checked long ago is checked again at Migra, and nothing
// starts where it fails.
func (s *scene) checkedAgain() {
	clock := &hand{}
	p := newInside(s.t, program.Inside{Now: clock.now}, s.src, s.dst)
	way := newGate(s.t, s.src.TLSAddress())
	review := draft(s.t, p.plain, []string{row("ivo"+fixedDomain, way.address, "ivo", s.src.Password)})
	clock.pass(31 * time.Minute)
	way.close()
	way.lead("127.0.0.1:1")
	code := p.migrate(review)
	p.tab.Go(p.url + "/migrations/" + code)
	p.await(word("phase.validating"))
	way.open()
	// Its lead, not its rows: they say so before the verdict is there.
	p.await(number("page.migration.lead.invalid", 1)[len("**1** "):])
}
