package main

import (
	"context"
	"math"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// result is where a resource stands at the end of a call.
type result struct {
	resource   migration.Resource
	run        migration.Run
	exceptions []migration.Outcome
	took       time.Duration
	log        string // file
	err        error  // ours: what happened could not be written down
}

// status is that of the run. One that nobody got to, or that the store still
// holds for being at work, goes on with the next call.
func (r result) status() migration.RunStatus {
	switch {
	case r.err != nil:
		return migration.RunInterrupted
	case r.run.Status.Ended(), r.run.Status == migration.RunParked:
		return r.run.Status
	}
	return migration.RunInterrupted
}

// isMissing reports whether something that was wanted is not there. A folder
// that could not be made counts, though no message was in it.
func (r result) isMissing() bool {
	if r.status() == migration.RunFailed || r.run.Tally.Failed > 0 {
		return true
	}
	for _, o := range r.exceptions {
		if o.Kind == migration.Failed {
			return true
		}
	}
	return false
}

// exitCode: what can be resumed goes before what is missing.
func exitCode(results []result) int {
	code := exitDone
	for _, r := range results {
		switch {
		case r.status() == migration.RunInterrupted || r.status() == migration.RunParked:
			return exitResumable
		case r.isMissing():
			code = exitFailed
		}
	}
	return code
}

// passReport is the result of run for programs. Its form is fixed.
type passReport struct {
	Resources []resourceReport `json:"resources"`
	Totals    totals           `json:"totals"`
}

type resourceReport struct {
	Row         int     `json:"row"`
	Destination string  `json:"destination"`
	Status      string  `json:"status"`
	RetryAt     *string `json:"retry_at"`
	sums
	Exceptions []exception `json:"exceptions"`
	Error      *trouble    `json:"error"`
}

type sums struct {
	Listed  int     `json:"listed"`
	Copied  int     `json:"copied"`
	Present int     `json:"present"`
	Skipped int     `json:"skipped"`
	Failed  int     `json:"failed"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

type totals struct {
	Resources int `json:"resources"`
	sums
}

// exception is a message that is not there, or a whole folder of them, with a
// UID of 0.
type exception struct {
	Folder     string `json:"folder"`
	UID        uint32 `json:"uid"`
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason"`
	Count      int    `json:"count"`
	ServerText string `json:"server_text"`
}

type trouble struct {
	Class string `json:"class"`
	Text  string `json:"text"`
}

func newReport(ctx context.Context, results []result) passReport {
	report := passReport{Resources: []resourceReport{}, Totals: totals{Resources: len(results)}}
	var tally migration.Tally
	var took time.Duration
	for _, r := range results {
		report.Resources = append(report.Resources, newResourceReport(ctx, r))
		tally, took = tally.Plus(r.run.Tally), took+r.took
	}
	report.Totals.sums = newSums(tally, took)
	return report
}

func newResourceReport(ctx context.Context, r result) resourceReport {
	report := resourceReport{
		Row: r.resource.Row, Destination: r.resource.Destination.Auth.Login, Status: string(r.status()),
		sums: newSums(r.run.Tally, r.took), Exceptions: []exception{}, Error: r.trouble(ctx),
	}
	if !r.run.RetryAt.IsZero() {
		at := rfc3339(r.run.RetryAt)
		report.RetryAt = &at
	}
	for _, o := range r.exceptions {
		report.Exceptions = append(report.Exceptions, exception{
			o.Folder, o.UID, string(o.Kind), string(o.Reason), o.Count, o.ServerText,
		})
	}
	return report
}

// newSums rounds to milliseconds.
func newSums(t migration.Tally, took time.Duration) sums {
	return sums{t.Listed, t.Copied, t.Present, t.Skipped, t.Failed, t.Bytes, math.Round(took.Seconds()*1000) / 1000}
}

// trouble is what went wrong with the run as a whole; nil: nothing did.
func (r result) trouble(ctx context.Context) *trouble {
	class, detail := r.run.ErrorClass, r.run.ErrorText
	if r.err != nil {
		class, detail = string(imapsync.ClassInternal), r.err.Error()
	}
	if class == "" {
		return nil
	}
	return &trouble{Class: class, Text: troubleText(ctx, class, detail)}
}
