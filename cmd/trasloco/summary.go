package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

// mostMessages is how many messages of a resource are shown one by one.
const mostMessages = 20

// tellResults writes the result where it is wanted and returns the exit code.
// err is of the end of the pass: it is as good as an interruption.
func (w *work) tellResults(ctx context.Context, results []result, err error) int {
	code := exitCode(results)
	if err != nil {
		code = exitResumable
		fmt.Fprintln(w.stderr, troubleText(ctx, "internal", err.Error()))
	}
	if w.settings.json {
		writeJSON(w.program, newReport(ctx, results))
		return code
	}
	s := &summary{pass: w.pass.Number, results: results}
	fmt.Fprint(w.stdout, s.text(ctx))
	return code
}

// summary is the result of run for people.
type summary struct {
	pass    int
	results []result
	b       strings.Builder
}

func (s *summary) text(ctx context.Context) string {
	s.line(locale.T(ctx, "cli.pass", map[string]any{"pass": s.pass}))
	s.resources(ctx)
	for _, r := range s.results {
		s.exceptions(ctx, r)
	}
	s.line("")
	s.line(s.conclusion(ctx))
	return s.b.String()
}

func (s *summary) line(text string) { s.b.WriteString(text + "\n") }

// resources is a table with a line for each, and below it what stopped some.
func (s *summary) resources(ctx context.Context) {
	t := table{right: map[int]bool{1: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true}}
	head := []string{""}
	for _, name := range []string{"row", "destination", "status", "listed", "copied", "present", "skipped", "failed", "size", "time"} {
		head = append(head, locale.T(ctx, "cli.column."+name, nil))
	}
	t.add(head...)
	var tally migration.Tally
	for _, r := range s.results {
		t.add(append([]string{"", fmt.Sprint(r.resource.Row), plain(r.resource.Destination.Auth.Login), statusName(ctx, r)},
			append(numbers(ctx, r.run.Tally), locale.Duration(ctx, r.took.Round(time.Millisecond)))...)...)
		tally = tally.Plus(r.run.Tally)
	}
	if len(s.results) > 1 {
		t.add(append([]string{"", "", locale.T(ctx, "cli.total", nil), ""}, numbers(ctx, tally)...)...)
	}
	t.write(&s.b)
	for _, r := range s.results {
		if trouble := r.trouble(ctx); trouble != nil {
			s.line("")
			s.line("  " + heading(ctx, r) + ": " + trouble.Text + retryText(ctx, r.run.RetryAt))
		}
	}
}

// retryText says from when on a parked run is worth another call.
func retryText(ctx context.Context, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " " + locale.T(ctx, "cli.retry", map[string]any{"at": at.Format("2006-01-02 15:04 MST")})
}

func statusName(ctx context.Context, r result) string {
	return locale.T(ctx, "status."+string(r.status()), nil)
}

func numbers(ctx context.Context, t migration.Tally) []string {
	var texts []string
	for _, n := range []int{t.Listed, t.Copied, t.Present, t.Skipped, t.Failed} {
		texts = append(texts, locale.Number(ctx, n))
	}
	return append(texts, locale.Bytes(ctx, t.Bytes))
}

func heading(ctx context.Context, r result) string {
	return locale.T(ctx, "cli.heading", map[string]any{"row": r.resource.Row, "destination": r.resource.Destination.Auth.Login})
}

// group is what was left out of one folder for one reason.
type group struct {
	folder   string
	kind     migration.OutcomeKind
	reason   migration.Reason
	count    int
	messages []migration.Outcome // those that are known one by one
	said     string              // the server's words about the folder
}

func groupsOf(exceptions []migration.Outcome) []group {
	var groups []group
	for _, o := range exceptions {
		i := slices.IndexFunc(groups, func(g group) bool {
			return g.folder == o.Folder && g.kind == o.Kind && g.reason == o.Reason
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{folder: o.Folder, kind: o.Kind, reason: o.Reason})
		}
		g := &groups[i]
		g.count += o.Count
		if o.UID == 0 {
			g.said = cmp.Or(g.said, o.ServerText)
		} else {
			g.messages = append(g.messages, o)
		}
	}
	return groups
}

// exceptions names what is not there, folder by folder. A remedy is given once
// for each reason.
func (s *summary) exceptions(ctx context.Context, r result) {
	if len(r.exceptions) == 0 {
		return
	}
	s.line("")
	s.line("  " + heading(ctx, r))
	room, hidden := mostMessages, 0
	remedies := map[migration.Reason]bool{}
	for _, g := range groupsOf(r.exceptions) {
		s.group(ctx, g, !remedies[g.reason])
		remedies[g.reason] = true
		shown := min(len(g.messages), room)
		s.messages(ctx, g.messages[:shown])
		room, hidden = room-shown, hidden+len(g.messages)-shown
	}
	if hidden > 0 {
		s.line("    " + locale.N(ctx, "cli.more_in", hidden, map[string]any{"file": r.log}))
	}
}

func (s *summary) group(ctx context.Context, g group, withRemedy bool) {
	text := locale.N(ctx, "cli.group."+string(g.kind), g.count, map[string]any{
		"folder": g.folder, "reason": locale.T(ctx, "reason."+string(g.reason), nil),
	})
	if withRemedy {
		text += " " + locale.T(ctx, "reason."+string(g.reason)+".fix", nil)
	}
	s.line("    " + text)
	if g.said != "" {
		s.line("      " + plain(g.said))
	}
}

// messages shows date, sender, subject and size, and what the server said.
func (s *summary) messages(ctx context.Context, list []migration.Outcome) {
	t := table{right: map[int]bool{3: true}}
	for _, o := range list {
		date := ""
		if !o.Date.IsZero() {
			date = o.Date.Format(time.DateOnly)
		}
		t.add("    ", date, cut(plain(o.From), 32), locale.Bytes(ctx, o.Size), cut(plain(o.Subject), 48), plain(o.ServerText))
	}
	t.write(&s.b)
}

// conclusion is the one sentence that is read if no other is.
func (s *summary) conclusion(ctx context.Context) string {
	var tally migration.Tally
	var unfinished, failed int
	missing := false
	for _, r := range s.results {
		tally = tally.Plus(r.run.Tally)
		missing = missing || r.isMissing()
		switch r.status() {
		case migration.RunFailed:
			failed++
		case migration.RunDone:
		default:
			unfinished++
		}
	}
	there := map[string]any{"there": locale.N(ctx, "count.messages", tally.Copied+tally.Present, nil)}
	switch {
	case unfinished > 0:
		return locale.N(ctx, "cli.end.unfinished", unfinished, there)
	case failed > 0 && tally.Failed > 0:
		there["accounts"], there["messages"] = failed, tally.Failed
		return locale.T(ctx, "cli.end.both", there)
	case failed > 0:
		return locale.N(ctx, "cli.end.accounts", failed, there)
	case missing:
		return locale.N(ctx, "cli.end.missing", tally.Failed, there)
	case tally.Skipped > 0:
		return locale.N(ctx, "cli.end.skipped", tally.Skipped, there)
	}
	return locale.T(ctx, "cli.end.all", there)
}

// resultLine is a resource in one line, for logs of jobs that nobody watches.
func resultLine(ctx context.Context, r result) string {
	t := r.run.Tally
	return locale.T(ctx, "cli.finished", map[string]any{
		"row": r.resource.Row, "destination": r.resource.Destination.Auth.Login, "status": statusName(ctx, r),
		"listed": t.Listed, "copied": t.Copied, "present": t.Present, "skipped": t.Skipped, "failed": t.Failed,
		"size": locale.Bytes(ctx, t.Bytes), "time": r.took.Round(time.Millisecond),
	})
}
