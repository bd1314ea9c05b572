package main

import (
	"strings"
	"testing"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

func someResults() []result {
	at := func(login string, row int) migration.Resource {
		return migration.Resource{Row: row, Destination: migration.Endpoint{Auth: migration.Auth{Login: login}}}
	}
	return []result{
		{
			resource: at("a@x.it", 2), took: 1234567 * time.Microsecond,
			run: migration.Run{Status: migration.RunDone, Tally: migration.Tally{Listed: 10, Copied: 4, Present: 2, Skipped: 3, Failed: 1, Bytes: 4096}},
			exceptions: []migration.Outcome{
				{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Spam", Count: 3},
				{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "Società <1>", UID: 7, Count: 1, ServerText: `NO "header"`, From: "x", Subject: "y", Size: 5},
			},
		},
		{
			resource: at("b", 3), took: time.Second,
			run: migration.Run{
				Status: migration.RunParked, RetryAt: time.Date(2026, 11, 23, 12, 0, 0, 5, time.FixedZone("CET", 3600)),
				ErrorClass: "throttled", ErrorText: "source: NO [LIMIT] slow",
			},
		},
		{resource: at("c", 4), run: migration.Run{Status: migration.RunWaiting}},
	}
}

const wantReport = `{"resources":[` +
	`{"row":2,"destination":"a@x.it","status":"done","retry_at":null,"listed":10,"copied":4,"present":2,"skipped":3,"failed":1,"bytes":4096,"seconds":1.235,` +
	`"exceptions":[{"folder":"Spam","uid":0,"outcome":"skipped","reason":"folder_excluded","count":3,"server_text":""},` +
	`{"folder":"Società <1>","uid":7,"outcome":"failed","reason":"refused","count":1,"server_text":"NO \"header\""}],"error":null},` +
	`{"row":3,"destination":"b","status":"parked","retry_at":"2026-11-23T11:00:00Z","listed":0,"copied":0,"present":0,"skipped":0,"failed":0,"bytes":0,"seconds":1,` +
	`"exceptions":[],"error":{"class":"throttled","text":"The server asks to go slower. Call again later: it goes on where it stopped. (source: NO [LIMIT] slow)"}},` +
	`{"row":4,"destination":"c","status":"interrupted","retry_at":null,"listed":0,"copied":0,"present":0,"skipped":0,"failed":0,"bytes":0,"seconds":0,"exceptions":[],"error":null}],` +
	`"totals":{"resources":3,"listed":10,"copied":4,"present":2,"skipped":3,"failed":1,"bytes":4096,"seconds":2.235}}` + "\n"

func TestReportHasItsForm(t *testing.T) {
	var out safeBuffer
	writeJSON(&program{stdout: &out}, newReport(t.Context(), someResults()))
	if out.String() != wantReport {
		t.Errorf("got  %s\nwant %s", out.String(), wantReport)
	}
}

func TestReportOfNothingHasLists(t *testing.T) {
	var out safeBuffer
	writeJSON(&program{stdout: &out}, newReport(t.Context(), nil))
	want := `{"resources":[],"totals":{"resources":0,"listed":0,"copied":0,"present":0,"skipped":0,"failed":0,"bytes":0,"seconds":0}}` + "\n"
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
}

func TestExitCodeOfResults(t *testing.T) {
	run := func(status migration.RunStatus) result { return result{run: migration.Run{Status: status}} }
	failedMessage := run(migration.RunDone)
	failedMessage.run.Tally = migration.Tally{Listed: 1, Failed: 1}
	emptyFolder := run(migration.RunDone)
	emptyFolder.exceptions = []migration.Outcome{{Kind: migration.Failed, Reason: migration.ReasonFolderCreate}}
	skipped := run(migration.RunDone)
	skipped.run.Tally = migration.Tally{Listed: 1, Skipped: 1}
	unwritten := run(migration.RunDone)
	unwritten.err = migration.ErrConflict
	tests := []struct {
		name    string
		results []result
		want    int
	}{
		{"all done", []result{run(migration.RunDone), skipped}, exitDone},
		{"a message failed", []result{failedMessage, run(migration.RunDone)}, exitFailed},
		{"a folder without messages failed", []result{emptyFolder}, exitFailed},
		{"an account failed", []result{run(migration.RunDone), run(migration.RunFailed)}, exitFailed},
		{"parked goes before failed", []result{run(migration.RunFailed), run(migration.RunParked)}, exitResumable},
		{"interrupted goes before failed", []result{run(migration.RunInterrupted), failedMessage}, exitResumable},
		{"never begun", []result{run(migration.RunWaiting)}, exitResumable},
		{"not written down", []result{unwritten}, exitResumable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.results); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestCertificateTroubleNamesTheFlags(t *testing.T) {
	tests := []struct{ detail, name, pin string }{
		{"source: …", "--source-name", "--source-pin"},
		{"destination: …", "--dest-name", "--dest-pin"},
	}
	for _, lang := range locale.Languages() {
		for _, tt := range tests {
			got := troubleText(locale.With(t.Context(), lang), "certificate", tt.detail)
			for _, want := range []string{tt.name, tt.pin, tt.detail} {
				if !contains(got, want) {
					t.Errorf("%s: %q lacks %s", lang, got, want)
				}
			}
		}
	}
}

func TestTheLastSentenceLeavesNothingOut(t *testing.T) {
	done := func(tally migration.Tally) result {
		return result{run: migration.Run{Status: migration.RunDone, Tally: tally}}
	}
	whole := done(migration.Tally{Listed: 7, Copied: 4, Present: 3})
	partly := done(migration.Tally{Listed: 9, Copied: 7, Failed: 2})
	lacking := result{run: migration.Run{Status: migration.RunFailed, ErrorClass: "login"}}
	tests := []struct {
		name    string
		results []result
		want    string
	}{
		{"everything is there", []result{whole}, "Everything is there: 7 messages."},
		{
			"some is left out by rule",
			[]result{whole, done(migration.Tally{Listed: 1, Skipped: 1})},
			"Everything is there (7 messages) but 1 message left out by rule",
		},
		{"messages failed", []result{whole, partly}, "Not everything is there: 2 messages were not copied"},
		{"an account failed", []result{whole, lacking}, "Not everything is there: 1 account failed"},
		{
			"an account and messages failed",
			[]result{whole, partly, lacking},
			"Not everything is there, see above: accounts that failed: 1; messages not copied: 2. 14 messages are there.",
		},
		{"an account is to go on", []result{whole, partly, {run: migration.Run{Status: migration.RunParked}}}, "Not finished: 1 account is to go on"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx := locale.With(t.Context(), locale.English)
			if got := (&summary{results: test.results}).conclusion(ctx); !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
