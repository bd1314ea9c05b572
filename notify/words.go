package notify

import (
	"strconv"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
)

// invalid tells which rows have to be corrected (S17).
func (w *writer) invalid() words {
	count, args := len(w.letter.Failed), map[string]any{"title": w.title()}
	foot, button := w.foot("invalid"), w.link("invalid.button", "/edit/file")
	if count == 0 {
		return words{
			Subject: w.t("invalid.empty.subject", args), Title: w.t("invalid.empty.title", nil), Foot: foot,
			Lead:     []string{w.t("invalid.empty.text", nil)},
			Sections: []section{{Button: button}},
		}
	}
	return words{
		Subject: w.n("invalid.subject", count, args), Title: w.n("invalid.title", count, nil), Foot: foot,
		Lead:     []string{w.t("invalid.text", nil), w.t("unchanged", nil)},
		Sections: []section{{Title: w.t("invalid.rows", nil), Items: w.list(w.letter.Failed), Button: button}},
	}
}

// firstPass tells that the MX records can be changed (S13).
func (w *writer) firstPass() words {
	said := words{
		Subject: w.t("first.subject", map[string]any{"title": w.ofDomains()}),
		Title:   w.t("first.title", w.passArgs()),
		Lead:    append(w.result(), w.t("unchanged", nil)),
		Foot:    w.foot("pass"),
	}
	w.headFailures(&said)
	said.Lead = append(said.Lead, w.second()...)
	for _, part := range [][]section{w.failed("failed.first"), w.cutOver(), w.leftOut(), w.parked(), w.late(), w.domainList()} {
		said.Sections = append(said.Sections, part...)
	}
	return said
}

// laterPass tells what pass 2, or one for stragglers, has brought.
func (w *writer) laterPass() words {
	verdict := w.verdict()
	said := words{
		Subject: w.t(verdict+".subject", map[string]any{"title": w.ofTitle()}),
		Title:   w.t(verdict+".title", w.passArgs()),
		Lead:    append(w.result(), w.t("unchanged", nil)),
		Foot:    w.foot("pass"),
	}
	if verdict == parkedVerdict {
		said.Title = w.n("parked.title", len(w.letter.Parked), w.passArgs())
	}
	w.headFailures(&said)
	for _, part := range [][]section{w.failed("failed.last"), w.parked(), w.leftOut(), w.end(verdict)} {
		said.Sections = append(said.Sections, part...)
	}
	return said
}

// What a later pass has come to: keys of texts.
const (
	parkedVerdict     = "parked"     // some runs go on
	cleanVerdict      = "clean"      // everything is there
	byRuleVerdict     = "by_rule"    // everything but the folders that no one wanted
	exceptionsVerdict = "exceptions" // not everything
)

// verdict sums up a later pass. "Finished" alone means that nothing was left out
// (V-1).
func (w *writer) verdict() string {
	c := w.counts()
	switch {
	case len(w.letter.Parked) > 0:
		return parkedVerdict
	case w.pass().Runs.Clean():
		return cleanVerdict
	case c.left == 0 && c.open == 0 && len(w.letter.Failed) == 0:
		return byRuleVerdict
	}
	return exceptionsVerdict
}

// headFailures puts resources that failed first: they are what a person has to
// look at.
func (w *writer) headFailures(said *words) {
	if count := len(w.letter.Failed); count > 0 {
		said.Subject = w.n("failed.subject", count, map[string]any{"title": w.title()})
		said.Title = w.n("failed.title", count, w.passArgs())
	}
}

// passArgs name the pass, for the beginning of a sentence.
func (w *writer) passArgs() map[string]any {
	number := w.letter.Notice.Pass
	if number > 2 {
		return map[string]any{"pass": w.t("pass.more", map[string]any{"number": number})}
	}
	return map[string]any{"pass": w.t("pass."+strconv.Itoa(number), nil)}
}

// second says when pass 2 starts, if it is to come.
func (w *writer) second() []string {
	next, ok := w.passNumber(2)
	switch {
	case !ok || next.Status.Ended():
		return nil
	case next.Status == migration.PassPlanned && !next.Due(w.Now()):
		return []string{w.t("second.at", map[string]any{"at": locale.When(w.ctx, next.PlannedAt, w.Now())})}
	}
	return []string{w.t("second.now", nil)}
}

// cutOver says which records to enter, with the one button.
func (w *writer) cutOver() []section {
	part := section{
		Title:  w.t("mx.title", map[string]any{"title": w.ofDomains()}),
		Text:   []string{w.t("mx.unknown", nil)},
		Button: w.link("mx.button", ""),
		Small:  w.t("mx.late_mail", nil),
	}
	if len(w.letter.Records) > 0 {
		part.Text, part.Exact = []string{w.t("mx.records", nil)}, w.list(w.letter.Records)
	}
	if len(w.second()) > 0 {
		part.Small = w.t("mx.ttl", nil)
	}
	part.Items = w.domainsNow()
	if migration.AllThere(w.letter.Domains) {
		part.Title, part.Text, part.Exact = w.t("mx.changed.title", nil), []string{w.t("mx.changed", nil)}, nil
	}
	return []section{part}
}

// domainsNow says of each domain how its records stand now, as the page does;
// nothing of those that could not be read.
func (w *writer) domainsNow() []string {
	var lines []string
	for _, d := range w.letter.Domains {
		if line := w.domainNow(d); line != "" {
			lines = append(lines, line)
		}
	}
	return w.list(lines)
}

func (w *writer) domainNow(d migration.DomainMX) string {
	var hosts []string
	for _, r := range d.Records {
		hosts = append(hosts, r.Host)
	}
	until, known := d.OldUntil()
	args := map[string]any{
		"domain": d.Domain.Name, "records": strings.Join(hosts, ", "), "ttl": locale.Span(w.ctx, d.TTL),
		"until": locale.When(w.ctx, until, w.Now()),
	}
	switch state := d.State(); {
	case state == migration.MXOld, state == migration.MXMixed, state == migration.MXNone, state == migration.MXUnjudged:
		return w.t("mx.now."+string(state), args)
	case state == migration.MXThere && known && until.After(w.Now()):
		return w.t("mx.now.waiting", args)
	case state == migration.MXThere:
		return w.t("mx.now.there", args)
	}
	return ""
}

// domainList names the domains where there are several, and nothing more is known
// of them.
func (w *writer) domainList() []section {
	domains := w.letter.Migration.Domains
	if len(domains) < 2 || len(w.domainsNow()) > 0 {
		return nil
	}
	return []section{{Title: w.t("mx.domains", nil), Items: w.list(domains)}}
}

// late says how far pass 2 can be put off, while it can.
func (w *writer) late() []section {
	next, ok := w.passNumber(2)
	if !ok || next.Status != migration.PassPlanned || next.Due(w.Now()) {
		return nil
	}
	latest := w.Policy.LatestSecond(w.letter.Migration.Passes[0].PlannedAt)
	if !latest.After(next.PlannedAt) {
		return nil
	}
	text := w.t("late.text", map[string]any{"latest": locale.When(w.ctx, latest, w.Now())})
	return []section{{Title: w.t("late.title", nil), Text: []string{text}}}
}

func (w *writer) failed(text string) []section {
	if len(w.letter.Failed) == 0 {
		return nil
	}
	return []section{{Title: w.t("failed.section", nil), Text: []string{w.t(text, nil)}, Items: w.list(w.letter.Failed)}}
}

func (w *writer) parked() []section {
	if len(w.letter.Parked) == 0 {
		return nil
	}
	return []section{{Title: w.t("parked.section", nil), Text: []string{w.t("parked.text", nil)}, Items: w.list(w.letter.Parked)}}
}

// end says what to do after the last pass, with the one button.
func (w *writer) end(verdict string) []section {
	text := "end.exceptions"
	if verdict == cleanVerdict {
		text = "end.clean"
	}
	return []section{{Title: w.t("end.title", nil), Text: []string{w.t(text, nil)}, Button: w.link("button", "")}}
}
