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
		entry(migration.Info, "folder_done", "", migration.Args{
			"folder": "INBOX", "destination": "INBOX", "role": "", "listed": 10, "copied": 4, "present": 0, "skipped": 0, "failed": 0, "bytes": 100,
		}),
		entry(migration.Warning, "reconnecting", "* BYE Idle timeout", migration.Args{"side": "source", "class": "transport", "wait": "1s"}),
		entry(migration.Info, "folder_done", "", migration.Args{ // once more, after the interruption
			"folder": "INBOX", "destination": "INBOX", "role": "", "listed": 10, "copied": 7, "present": 0, "skipped": 1, "failed": 2, "bytes": 4096,
		}),
		entry(migration.Info, "folder_left_out", "", migration.Args{
			"folder": "Cestino", "role": `\Trash`, "reason": "folder_excluded", "listed": 5, "skipped": 5, "bytes": 0, "copied": 0, "present": 0, "failed": 0,
		}),
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
			"Log 1 di anna@rossi.example", "sono a destinazione.", "3 sono rimasti fuori:", "2 li ha rifiutati il server, 1 supera i 50", "Cestino",
			"Altri 5, in Cestino, non si copiano per regola della migrazione.", "Fatta con eccezioni", "11 minuti", "non si copia", "stesso nome",
			"Rifiutati dalla destinazione: 2", "NO [CANNOT] Message contains a virus", "Tavole &lt;finali&gt;", "(senza oggetto)",
			"* BYE Idle timeout", "Posta in arrivo",
		}},
		{"in English", p.member, []string{
			"Log 1 of anna@rossi.example", "messages are at the destination.", "3 were left out:", "2 were refused by the server, 1 is over 50",
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

var unsaid = regexp.MustCompile(`>(page|ui|nav|entry|reason|class|run_status|phase)\.[a-z_.]+|\{[a-z_]+\}`)

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

func TestLogOfAPassThatHasNotBegun(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	for _, pass := range []int{1, 2} {
		page := p.as(p.operator).get(path("migrations", m.Code, "resources", 1, "log", pass))
		page.want(t, http.StatusOK, "Questa esecuzione non è ancora cominciata.", "Log 2")
		checkComplete(t, page.body)
	}
}

func TestLogThatIsNotThereIsNotFound(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	for _, rest := range []string{"2/log/1", "x/log/1", "1/log/3", "1/log/x", "1/log/1.exe", "0/log/1", "-1/log/1"} {
		p.as(p.operator).get(path("migrations", m.Code, "resources")+"/"+rest).want(t, http.StatusNotFound)
	}
	p.as(p.stranger).get(path("migrations", m.Code, "resources", 1, "log", 1)).want(t, http.StatusNotFound)
	p.as(p.operator).get(path("migrations", m.Code, "resources", 1)).wantGoTo(t, path("migrations", m.Code, "resources", 1, "log", 1))
}

func TestLogShowsTheFirstOfManyAndThenAll(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	var left []migration.Outcome
	for i := range 30 {
		left = append(left, migration.Outcome{
			Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", UID: uint32(i + 1), Count: 1, Subject: fmt.Sprintf("subject %02d", i),
		})
	}
	p.ran(m, migration.RunDone, migration.Tally{Listed: 30, Failed: 30}, left...)
	address := path("migrations", m.Code, "resources", 1, "log", 1)
	first := p.as(p.member).get(address).want(t, http.StatusOK, "subject 19", "Show 10 more", `href="?all=refused#exceptions"`)
	if strings.Contains(first.body, "subject 20") {
		t.Error("more than the first twenty are shown")
	}
	p.as(p.member).get(address+"?all=refused").want(t, http.StatusOK, "subject 29")
	notable := p.as(p.member).get(address+"?entries=notable").want(t, http.StatusOK, "* BYE Idle timeout")
	if strings.Contains(notable.body, "192.0.2.25:993") {
		t.Error("entries that only inform are shown among warnings and errors")
	}
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

	var file logFile
	if err := json.Unmarshal([]byte(b.get(address+".json").want(t, http.StatusOK).body), &file); err != nil {
		t.Fatal(err)
	}
	if file.Copied != 7 || file.Status != "done" || len(file.Exceptions) != 5 || len(file.Entries) != 5 || file.Entries[1].Args["folder"] != "INBOX" {
		t.Errorf("as JSON: %+v", file)
	}
}
