package handlers

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/views"
)

// ran is a run of pass 1 that came to an end and left something behind.
func (p *panel) ran(m migration.Migration, status migration.RunStatus, tally migration.Tally, left ...migration.Outcome) migration.Run {
	p.t.Helper()
	ctx := p.t.Context()
	jobs, err := p.Store.Claimable(ctx, p.clock.now(), 10)
	check(p.t, err)
	if len(jobs) == 0 {
		p.t.Fatal("no run to take")
	}
	run := jobs[0].Run
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunConnecting))
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunCopying))
	entry := func(level migration.Level, code, said string, args migration.Args) migration.Entry {
		return migration.Entry{At: p.clock.now(), Level: level, Code: code, ServerText: said, Args: args}
	}
	check(p.t, p.Store.AppendEntries(ctx, p.customer, run.ID, []migration.Entry{
		entry(migration.Info, "connected", "", migration.Args{"side": "source", "address": "192.0.2.25:993", "tls": "TLS 1.3"}),
		entry(migration.Warning, "reconnecting", "* BYE Idle timeout", migration.Args{"side": "source", "class": "transport", "wait": "1s"}),
		entry(migration.Info, "folder_done", "", migration.Args{
			"folder": "INBOX", "destination": "INBOX", "role": "", "listed": 10, "copied": 7, "present": 0, "skipped": 1, "failed": 2, "bytes": 4096,
		}),
		entry(migration.Info, "folder_left_out", "", migration.Args{
			"folder": "Cestino", "role": `\Trash`, "reason": "folder_excluded", "listed": 5, "skipped": 5, "bytes": 0, "copied": 0, "present": 0, "failed": 0,
		}),
	}))
	check(p.t, p.Store.SaveFolders(ctx, p.customer, run.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 10, Copied: 7, Skipped: 1, Failed: 2, Bytes: 4096}},
		{Name: "Cestino", Role: `\Trash`, State: migration.FolderLeftOut, Reason: migration.ReasonFolder, Tally: migration.Tally{Listed: 5, Skipped: 5}},
	}))
	check(p.t, p.Store.SaveExceptions(ctx, p.customer, run.ID, left))
	p.clock.pass(11 * time.Minute)
	run.Tally = tally
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, status))
	return run
}

// someLeft are exceptions of every sort: a rule's, a limit's, a refusal.
func someLeft() []migration.Outcome {
	return []migration.Outcome{
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Cestino", Count: 5},
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Spam", Count: 0}, // empty
		{
			Kind: migration.Skipped, Reason: migration.ReasonOversize, Folder: "INBOX", UID: 9, Count: 1, Size: 71 << 20,
			Subject: "Tavole <finali>", From: "M. Ferri <m@rossi.example>", Date: testNow.AddDate(-3, 0, 0),
		},
		{
			Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: 12, Count: 1, Size: 2000,
			Subject: "=cmd|' /C calc'!A0", MessageID: "<a@b>", ServerText: "NO [CANNOT] Message contains a virus",
		},
		{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: 13, Count: 1, Size: 2000},
	}
}

func TestLogSaysWhatIsThereWhatIsNotAndWhy(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	tests := []struct {
		name string
		user migration.User
		want []string
	}{
		{"in Italian", p.operator, []string{
			"Log 1 di anna@rossi.example", "sono a destinazione.", "3 sono rimasti fuori:", "2 rifiutati dal server, 1 oltre 50", "Cestino",
			"Altri 5, in Cestino, non si copiano per regola della migrazione.", "Fatta con eccezioni", "11 minuti", "non si copia", "stesso nome",
			"Rifiutati dalla destinazione: 2", "NO [CANNOT] Message contains a virus", "Tavole &lt;finali&gt;", "(senza oggetto)",
			"* BYE Idle timeout", "Posta in arrivo",
		}},
		{"in English", p.member, []string{
			"Log 1 of anna@rossi.example", "messages are at the destination.", "3 were left out:", "2 refused by the server, 1 over 50",
			"5 more, in Cestino, are not copied by rule of the migration.", "Done with exceptions", "11 minutes", "not copied", "same name", "Inbox",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := p.as(tt.user).get(address).want(t, http.StatusOK, tt.want...)
			checkComplete(t, page.body)
			if n := strings.Count(page.body, `<th role="rowheader"`); n != 3 { // two folders and the total
				t.Errorf("%d rows in the table of folders", n)
			}
		})
	}
}

// checkComplete looks for keys that no language has a text for, and for places
// nobody filled.
func checkComplete(t *testing.T, body string) {
	t.Helper()
	if missing := unsaid.FindString(body); missing != "" {
		t.Errorf("a text is missing, or a place is not filled: %q", missing)
	}
}

var unsaid = regexp.MustCompile(`>(page|ui|nav|entry|reason|class|run_status|phase|guide|help|folder_role)\.[a-z_.]+|\{[a-z_]+\}`)

func TestLogOfARunThatBroughtEverything(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	p.ran(m, migration.RunDone, migration.Tally{Listed: 1, Copied: 1, Bytes: 10})
	page := p.as(p.operator).get(path("migrations", m.Code, "resources", 1, "log", 1))
	page.want(t, http.StatusOK, "messaggio è a destinazione. Non è rimasto fuori nulla.", "Fatta")
	checkComplete(t, page.body)
	if strings.Contains(page.body, "Rimasti fuori") {
		t.Error("something is said to be left out")
	}
}

func TestLogOfARunThatFailedSaysWhatToDo(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	run := p.ran(m, migration.RunInterrupted, migration.Tally{})
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	run.ErrorClass, run.ErrorText = "login", "source: NO [AUTHENTICATIONFAILED] wrong"
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunFailed))
	p.as(p.member).get(path("migrations", m.Code, "resources", 1, "log", 1)).want(t, http.StatusOK,
		"Failed", "The server does not accept login and password.", "source: NO [AUTHENTICATIONFAILED] wrong")
}

func TestLogOfARunThatHasNotBegunSaysWhatItWaitsFor(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna")
	see := func(name string, pass int, wants ...string) {
		t.Helper()
		page := p.as(p.operator).get(path("migrations", m.Code, "resources", 1, "log", pass)).want(t, http.StatusOK)
		checkComplete(t, page.body)
		for _, want := range wants {
			if !strings.Contains(plain(page.body), want) {
				t.Errorf("%s: log %d lacks %q", name, pass, want)
			}
		}
		if status := p.reread(m).Passes[pass-1].Status; status != migration.PassPlanned && strings.Contains(plain(page.body), "Parte ") {
			t.Errorf("%s: log %d says that it starts", name, pass)
		}
		p.as(p.operator).get(path("migrations", m.Code, "resources", 1)).want(t, http.StatusOK, wants...)
	}
	see("due", 1, "Questa esecuzione non è ancora cominciata.", "Parte fra un momento.")
	see("planned", 2, "Questa esecuzione non è ancora cominciata.", "Parte oggi alle 20:00.")
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	see("running", 1, "Questa risorsa non è ancora cominciata.", "la risorsa aspetta il suo turno")
	check(t, p.Store.PausePass(t.Context(), p.customer, &m.Passes[0]))
	see("paused", 1, "Aspetta perché la prima esecuzione è in pausa.")
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	check(t, p.Store.InterruptPass(t.Context(), p.customer, &m.Passes[0]))
	see("interrupted", 1, "Aspetta perché la prima esecuzione è stata interrotta.")
	p.clock.pass(7 * time.Hour)
	see("due after another", 2, "Parte appena finisce la prima esecuzione.")
	fresh := p.reread(m)
	check(t, p.Store.Cancel(t.Context(), p.customer, &fresh))
	see("cancelled", 2, "Non parte più: la seconda esecuzione è stata annullata.")
}

// Whoever asked for another attempt sees the log of the first one until it begins.
func TestLogOfARunThatWaitsForAnotherAttempt(t *testing.T) {
	p := newPanel(t)
	m := p.withFailed("anna", "bruno")
	check(t, p.Store.RetryFailed(t.Context(), p.customer, &m.Passes[0], 0))
	page := p.as(p.operator).get(path("migrations", m.Code, "resources", 1, "log", 1)).want(t, http.StatusOK, "la risorsa aspetta il suo turno", "log/1.txt")
	if strings.Contains(page.body, "non è ancora cominciata") {
		t.Error("the first attempt is denied")
	}
	p.as(p.operator).get(path("migrations", m.Code)).want(t, http.StatusOK, path("migrations", m.Code, "resources", 1, "log", 1))
}

// A run that waits for its server is not tried again once the next pass copies in
// its place.
func TestLogOfARunThatTheNextPassOvertakes(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	jobs, err := p.Store.Claimable(t.Context(), p.clock.now(), 10)
	check(t, err)
	run := jobs[0].Run
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	run.ErrorClass, run.RetryAt = "throttled", p.clock.now().Add(8*time.Hour)
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunParked))
	m = p.finishPass(m)
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	p.as(p.operator).get(address).want(t, http.StatusOK, "22:00", "/events")
	p.clock.pass(6 * time.Hour)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	page := p.as(p.operator).get(address).want(t, http.StatusOK, "Questo log non prosegue più: è cominciata la seconda esecuzione")
	if strings.Contains(page.body, "22:00") || strings.Contains(page.body, "/events") {
		t.Error("the page waits for what does not come")
	}
}

func TestLogThatIsNotThereIsNotFound(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	for _, rest := range []string{"2/log/1", "x/log/1", "1/log/3", "1/log/x", "1/log/1.exe", "0/log/1", "-1/log/1"} {
		p.as(p.operator).get(path("migrations", m.Code, "resources")+"/"+rest).want(t, http.StatusNotFound)
	}
	p.as(p.stranger).get(path("migrations", m.Code, "resources", 1, "log", 1)).want(t, http.StatusNotFound)
}

func TestLogShowsTheFirstOfManyAndThenPages(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	var left []migration.Outcome
	for i := range 70 {
		left = append(left, migration.Outcome{
			Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: uint32(i + 1), Count: 1, Subject: fmt.Sprintf("subject %02d", i),
		})
	}
	p.ran(m, migration.RunDone, migration.Tally{Listed: 70, Failed: 70}, left...)
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	first := p.as(p.member).get(address).want(t, http.StatusOK, "subject 09", "Show 60 more", address+"?reason=refused#left-refused")
	if strings.Contains(first.body, "subject 10") {
		t.Error("more than the first ten are shown")
	}
	p.as(p.member).get(address+"?reason=refused").want(t, http.StatusOK, "subject 49", "1–50", address+"?reason=refused&amp;reason_page=2#left-refused")
	second := p.as(p.member).get(address+"?reason=refused&reason_page=2").want(t, http.StatusOK, "subject 50", "subject 69")
	if strings.Contains(second.body, "subject 49") {
		t.Error("the second page shows what the first does")
	}
}

// Both filters stand in the address, and keep each other.
func TestLogByLevelAndFolder(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	run := p.ran(m, migration.RunDone, migration.Tally{Listed: 1, Copied: 1})
	var more []migration.Entry
	for i := range 250 {
		e := migration.Entry{At: testNow, Level: migration.Info, Code: "keywords_dropped", Args: migration.Args{"folder": "Clienti/Caffè", "keywords": fmt.Sprintf("label%03d.", i)}}
		if i%10 == 0 {
			e.Level = migration.Failure
		}
		more = append(more, e)
	}
	check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, more))
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	b := p.as(p.member)
	tests := []struct {
		name, query string
		want, not   []string
	}{
		{"everything, the first page", "", []string{"192.0.2.25:993", "label000.", "1–100", "page=2#entries"}, []string{"label150."}},
		{"everything, the last page", "?page=3", []string{"label249.", "201–254"}, []string{"label000.", "192.0.2.25:993"}},
		{"warnings and errors", "?level=warning", []string{"* BYE Idle timeout", "label000.", "label240."}, []string{"192.0.2.25:993", "label001."}},
		{"errors", "?level=failure", []string{"label000."}, []string{"* BYE Idle timeout"}},
		{"a folder", "?folder=Clienti%2FCaff%C3%A8", []string{"label000.", "<option value=\"Clienti/Caffè\" selected>"}, []string{"192.0.2.25:993"}},
		{"errors of a folder", "?folder=INBOX&level=failure", []string{"No such lines.", `name="level" value="failure"`, "?folder=INBOX#entries"}, []string{"label000."}},
		{"what is no level, and no page", "?level=x&page=-1&folder_page=x&reason=nothing", []string{"192.0.2.25:993", "1–100"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := b.get(address+tt.query).want(t, http.StatusOK, tt.want...)
			checkComplete(t, page.body)
			for _, not := range tt.not {
				if strings.Contains(page.body, not) {
					t.Errorf("the page shows %q", not)
				}
			}
		})
	}
}

// The sums add up in sight, also of a run that has not gone through all folders.
func TestLogOfARunAtWorkFollowsIt(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	jobs, err := p.Store.Claimable(t.Context(), p.clock.now(), 10)
	check(t, err)
	run := jobs[0].Run
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	b := p.as(p.member)
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	run.Tally = migration.Tally{Listed: 12, Copied: 5}
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunCopying))
	check(t, p.Store.SaveFolders(t.Context(), p.customer, run.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 3, Copied: 3}},
	}))
	check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{At: testNow, Level: migration.Info, Code: "trees", Args: migration.Args{"folders": 2}}}))
	page := b.get(address).want(t, http.StatusOK, "already", `role="log"`, address+"/events", "Still at work", `data-hold="Go on"`, `http-equiv="refresh"`)
	checkComplete(t, page.body)
	rest := page.body[strings.Index(page.body, `id="f-rest"`):]
	if listed := regexp.MustCompile(`>\s*9\s*<`).FindString(rest); listed == "" {
		t.Errorf("what is still at work is not told:\n%s", rest)
	}
	b.get(address+"?page=1").want(t, http.StatusOK, "Still at work")
	if still := b.get(address + "?page=1"); strings.Contains(still.body, "/events") {
		t.Error("a page of the past is live")
	}
	b.header.Set("Accept", "text/event-stream")
	if code := p.begin(t, b, address+"/events"); code != http.StatusOK {
		t.Errorf("the stream answers %d", code)
	}
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
	b.get(address+"/events").want(t, http.StatusNoContent)
	p.as(p.stranger).get(address+"/events").want(t, http.StatusNotFound)
}

// The last picture of a stream shows the end.
func TestTheStreamOfALogEndsWithTheRun(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	run := p.ran(m, migration.RunInterrupted, migration.Tally{Listed: 2, Copied: 1}, someLeft()...)
	at, err := p.logAt(t.Context(), m, "1", "1")
	check(t, err)
	picture, last, err := p.paintLog(t.Context(), at, views.LogQuery{}, nil)
	if err != nil || last || !strings.Contains(string(picture), `id="e`) {
		t.Errorf("last %v, %v:\n%s", last, err, picture)
	}
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunConnecting))
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunCopying))
	check(t, p.Store.MoveRun(t.Context(), p.customer, &run, migration.RunDone))
	picture, last, err = p.paintLog(t.Context(), at, views.LogQuery{}, nil)
	if err != nil || !last || strings.Contains(string(picture), `role="log"`) {
		t.Errorf("last %v, %v:\n%s", last, err, picture)
	}
}

// Experts see the last dialogue that ended in an error, and nothing of it is
// taken for HTML.
func TestLogShowsTheDialogueToExperts(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	run := p.ran(m, migration.RunFailed, migration.Tally{})
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	b := p.as(p.member)
	b.get(address+".source.dialogue.txt").want(t, http.StatusNotFound)
	lines := ""
	for i := range 300 {
		lines += fmt.Sprintf("C: \"T%d NOOP\"\n", i)
	}
	check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{
		At: testNow, Level: migration.Failure, Code: migration.EntryTranscript,
		Args: migration.Args{"side": "source", "dialogue": lines + "S: \"T300 NO <b>•••</b>\"\n"},
	}}))
	page := b.get(address).want(t, http.StatusOK, "For experts", "Dialogue with the source server", "The last 200 lines", "T300 NO &lt;b&gt;•••&lt;/b&gt;", "The end of the dialogue with the source server.")
	if strings.Contains(page.body, "T5 NOOP") {
		t.Error("the page shows all of a long dialogue")
	}
	file := b.get(address+".source.dialogue.txt").want(t, http.StatusOK, "T5 NOOP", "T300 NO <b>")
	if got := file.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	b.get(address+".destination.dialogue.txt").want(t, http.StatusNotFound)
	p.as(p.stranger).get(address+".source.dialogue.txt").want(t, http.StatusNotFound)
}

func TestLogAsAFile(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	b := p.as(p.member)

	text := b.get(address+".txt").want(t, http.StatusOK, "Pass 1 of anna@rossi.example", "copied 7", "Cestino", "* BYE Idle timeout")
	if want := `attachment; filename="` + m.Code + `-1-log1.txt"`; text.header.Get("Content-Disposition") != want {
		t.Errorf("Content-Disposition %q", text.header.Get("Content-Disposition"))
	}

	table := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.get(address+".csv").want(t, http.StatusOK).body, "\uFEFF")))
	table.Comma = ';'
	rows, err := table.ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[4][7] != "'=cmd|' /C calc'!A0" {
		t.Errorf("a formula may run: %q", rows[4][7])
	}
	if rows[3][6] != "M. Ferri <m@rossi.example>" || rows[3][8] != fmt.Sprint(71<<20) {
		t.Errorf("the large message is %q", rows[3])
	}

	lines := b.get(address+".entries.csv").want(t, http.StatusOK, "at;level;code;folder;text;server_text", `;INBOX;"Folder INBOX is done`, ";* BYE")
	if got := strings.Count(lines.body, "\r\n"); got != 5 {
		t.Errorf("%d lines in the table of entries", got)
	}

	var file struct {
		logFile
		Folders    []logFolder
		Exceptions []logException
		Entries    []logEntry
	}
	if err := json.Unmarshal([]byte(b.get(address+".json").want(t, http.StatusOK).body), &file); err != nil {
		t.Fatal(err)
	}
	if file.Copied != 7 || file.Status != "done" || len(file.Exceptions) != 5 || len(file.Entries) != 4 || len(file.Folders) != 2 || file.Folders[1].State != "left_out" || file.Entries[2].Args["folder"] != "INBOX" {
		t.Errorf("as JSON: %+v", file)
	}
}
