package main

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

func TestParkedRunsGoOnInTheNextPass(t *testing.T) {
	tests := []struct {
		name, class string
		fault       imaptest.Fault
		hasTime     bool
		want        string
	}{
		{"quota", "over_quota", imaptest.Fault{Command: "APPEND", Nth: 2, Reply: "NO [OVERQUOTA] full"}, false, "listed 3 copied 1 present 2 skipped 0 failed 0"},
		{"throttled", "throttled", imaptest.Fault{Command: "LOGIN", Reply: "NO [UNAVAILABLE] later, please"}, true, "listed 3 copied 3 present 0 skipped 0 failed 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dest := destAccount(t, imaptest.AccountOptions{Without: []string{"LITERAL+"}, Faults: []imaptest.Fault{tt.fault}})
			m := newMoving(t, dest, sourceAccount(t, 3))
			r := m.run(t.Context(), exitResumable).Resources[0]
			if r.Status != "parked" || r.Error == nil || r.Error.Class != tt.class || (r.RetryAt != nil) != tt.hasTime {
				t.Fatalf("got %+v, error %+v", r, r.Error)
			}
			if tt.hasTime {
				if at, err := time.Parse(time.RFC3339, *r.RetryAt); err != nil || time.Until(at) < 59*time.Minute {
					t.Errorf("retry at %s", *r.RetryAt)
				}
			}
			dest.SetFaults()
			r = m.run(t.Context(), exitDone).Resources[0]
			if got := sumsOf(r.sums); got != tt.want || r.Error != nil || r.RetryAt != nil {
				t.Errorf("got %s, %+v", got, r)
			}
			holds(t, dest, 3, 1)
		})
	}
}

func TestWhatEndedInAnUnfinishedPassIsToldAgain(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	appended := 0
	dest := destAccount(t, imaptest.AccountOptions{
		Without: []string{"LITERAL+"},
		Faults:  []imaptest.Fault{{Command: "APPEND", Nth: 4, Silent: true}},
		Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
			if cmd.Name == "APPEND" {
				appended++
			}
			if appended == 4 { // the second row has begun
				stop()
			}
			return false
		},
	})
	first := sourceAccount(t, 3)
	fill(first, "Spam", 2)
	m := newMoving(t, dest, first, sourceAccount(t, 3))
	before := m.run(ctx, exitResumable).Resources[0]
	dest.SetFaults()
	seen := len(first.Commands())
	after := m.run(t.Context(), exitDone)
	if len(first.Commands()) != seen {
		t.Error("a run that was done has been run again")
	}
	got, want := asJSON(t, withoutSeconds(after.Resources[0])), asJSON(t, withoutSeconds(before))
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if sumsOf(after.Totals.sums) != "listed 8 copied 6 present 0 skipped 2 failed 0" {
		t.Errorf("totals %+v", after.Totals)
	}
}

func TestAParkedRowKeepsNoOtherWaiting(t *testing.T) {
	first, busy := sourceAccount(t, 3), sourceAccount(t, 1)
	busy.SetFaults(imaptest.Fault{Command: "LOGIN", Reply: "NO [UNAVAILABLE] later, please"})
	m := newMoving(t, destAccount(t, imaptest.AccountOptions{}), first, busy)
	m.run(t.Context(), exitResumable)
	first.Folder("INBOX").Add(imaptest.Message{Body: message(77)})
	if got := sumsOf(m.run(t.Context(), exitResumable).Resources[0].sums); got != "listed 4 copied 1 present 3 skipped 0 failed 0" {
		t.Errorf("got %s", got)
	}
}

// A stop keeps the pass open; the row whose login failed in it is tried again.
func TestAFailedRowIsTriedAgainInAnUnfinishedPass(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wrong, last := sourceAccount(t, 2), sourceAccount(t, 2)
	wrong.SetFaults(imaptest.Fault{Command: "LOGIN", Reply: "NO [AUTHENTICATIONFAILED] no"})
	dest := destAccount(t, imaptest.AccountOptions{Hook: func(cmd imaptest.Command, _ *imaptest.Session) bool {
		if cmd.Name == "APPEND" {
			stop()
		}
		return false
	}})
	m := newMoving(t, dest, wrong, last)
	if got := m.run(ctx, exitResumable).Resources; got[0].Status != "failed" || got[1].Status != "interrupted" {
		t.Fatalf("got %s and %s", got[0].Status, got[1].Status)
	}
	wrong.SetFaults()
	for _, r := range m.run(t.Context(), exitDone).Resources {
		if r.Status != "done" || r.Listed != 2 {
			t.Errorf("row %d: %s, %s", r.Row, r.Status, sumsOf(r.sums))
		}
	}
}

func withoutSeconds(r resourceReport) resourceReport {
	r.Seconds = 0
	return r
}

func asJSON(t *testing.T, r resourceReport) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
