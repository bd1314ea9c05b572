package views

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// headline is the sentence that answers what the reader came for. What stands
// between "**" is strong.
func (v MigrationView) headline(ctx context.Context) string {
	switch v.phase() {
	case migration.PhaseDraft:
		return v.say(ctx, "draft", nil)
	case migration.PhaseValidating:
		done := v.Migration.Checks.Rows - v.Migration.Checks.Waiting
		return v.count(ctx, "validating", done, map[string]any{"total": v.Migration.Checks.Rows})
	case migration.PhaseInvalid:
		if v.Migration.Checks.Failed == 0 {
			return v.say(ctx, "invalid.empty", nil)
		}
		return v.count(ctx, "invalid", v.Migration.Checks.Failed, nil)
	case migration.PhaseScheduled:
		next, _ := migration.Current(v.Migration.Passes)
		return v.say(ctx, "scheduled", map[string]any{"pass": thePass(ctx, next.Number), "when": locale.When(ctx, next.PlannedAt, v.Now)})
	case migration.PhaseCutOver:
		return v.cutOverLead(ctx)
	case migration.PhaseFinished:
		return v.count(ctx, "finished", there(v.pass().Runs.Tally), nil)
	case migration.PhaseExceptions:
		return v.exceptions(ctx)
	case migration.PhaseCancelled:
		return v.say(ctx, "cancelled", nil)
	}
	return v.running(ctx)
}

// cutOverLead says how many domains are to be changed; of which nobody knows
// better, all.
func (v MigrationView) cutOverLead(ctx context.Context) string {
	change, all := v.toChange(), len(v.MX)
	switch {
	case v.allChanged():
		return v.say(ctx, "cut_over.changed", nil)
	case change > 0 && change < all:
		return v.count(ctx, "cut_over.some", change, map[string]any{"total": all})
	}
	return v.say(ctx, "cut_over", map[string]any{"title": domainsOf(ctx, v.Migration)})
}

func (v MigrationView) say(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.migration.lead."+name, args)
}

func (v MigrationView) count(ctx context.Context, name string, n int, args map[string]any) string {
	return locale.N(ctx, "page.migration.lead."+name, n, args)
}

// running tells how far the pass is, and in a second sentence what happens next.
func (v MigrationView) running(ctx context.Context) string {
	pass, _ := migration.Current(v.Migration.Passes)
	name := map[string]any{"pass": thePass(ctx, pass.Number)}
	total := expected(v.Migration, pass)
	if pass.Status == migration.PassPlanned {
		return v.say(ctx, "due", name)
	}
	if pass.Runs.Tally.Listed == 0 && pass.Status == migration.PassRunning {
		if pass.Runs.AtWork == 0 && v.Pauses.holds() >= pass.Runs.Open {
			return v.say(ctx, "held", name) // the others are parked
		}
		return v.say(ctx, "begun", name)
	}
	lead := v.count(ctx, "running", there(pass.Runs.Tally), map[string]any{"total": total})
	switch {
	case pass.Status == migration.PassPaused:
		return lead + " " + v.say(ctx, "paused", name)
	case pass.Status == migration.PassInterrupted:
		return lead + " " + v.say(ctx, "interrupted", name)
	case v.timeLeft() > 0:
		return lead + " " + v.say(ctx, "left", map[string]any{"time": locale.About(ctx, v.timeLeft())})
	}
	return lead
}

// exceptions tells what arrived of what was to arrive; those left out by a rule
// that everybody saw were not.
func (v MigrationView) exceptions(ctx context.Context) string {
	lead := v.result(ctx) + v.unfinished(ctx)
	if current, _ := passOf(v.Migration, len(v.Migration.Passes)); current.Status == migration.PassCancelled {
		lead += " " + v.say(ctx, "pass_cancelled", map[string]any{"pass": thePass(ctx, current.Number)})
	}
	return lead
}

// unfinished tells of the resources whose runs have not come to their end, each
// sentence with a blank before it.
func (v MigrationView) unfinished(ctx context.Context) string {
	text, runs := "", v.pass().Runs
	if runs.Parked > 0 {
		text += " " + v.count(ctx, "parked", runs.Parked, nil)
	}
	if failed := runs.Failed + runs.Cancelled; failed > 0 {
		text += " " + v.count(ctx, "failed", failed, nil)
	}
	return text
}

// result is the sentence of what is there and what is not.
func (v MigrationView) result(ctx context.Context) string {
	t := v.pass().Runs.Tally
	wanted := max(t.Listed-v.byRule(), there(t))
	if wanted == 0 {
		return v.say(ctx, "nothing", nil)
	}
	if wanted == there(t) {
		return v.count(ctx, "all", wanted, nil)
	}
	return v.count(ctx, "some", there(t), map[string]any{"total": wanted})
}

// below is what stands under the headline, in plain words.
func (v MigrationView) below(ctx context.Context) []string {
	var lines []string
	switch v.phase() {
	case migration.PhaseCutOver:
		lines = append(lines, stripped(v.result(ctx)+v.unfinished(ctx)))
	case migration.PhaseValidating:
		lines = append(lines, locale.T(ctx, "page.migration.below.validating", nil))
	case migration.PhaseInvalid:
		lines = append(lines, locale.T(ctx, "page.migration.below.invalid", nil))
	case migration.PhaseFinished:
		lines = append(lines, locale.T(ctx, "page.migration.below.finished", nil))
	case migration.PhaseCancelled:
		lines = append(lines, locale.T(ctx, "page.migration.below.cancelled", nil))
	}
	if n := v.byRule(); n > 0 && v.counted() && !v.underWay() {
		lines = append(lines, locale.N(ctx, "page.migration.by_rule", n, nil))
	}
	return lines
}

// stripped is a sentence without its marks.
func stripped(text string) string {
	plain := ""
	for _, piece := range parts(text) {
		plain += piece.text
	}
	return plain
}

// line is the row of the passes, with the cut-over between the first two. There
// is none before they are planned.
func (v MigrationView) line(ctx context.Context) []ui.PassStep {
	var steps []ui.PassStep
	for _, pass := range v.Migration.Passes {
		if pass.Number == 2 {
			steps = append(steps, v.gapStep(ctx, pass))
		}
		steps = append(steps, v.passStep(ctx, pass))
	}
	return steps
}

func (v MigrationView) passStep(ctx context.Context, pass migration.Pass) ui.PassStep {
	step := ui.PassStep{Title: passName(ctx, pass.Number), When: locale.Moment(ctx, startOf(pass), v.Now), Exact: locale.Exact(ctx, startOf(pass))}
	if waitsForVerdict(v.Migration) && pass.Due(v.Now) {
		step.When, step.Exact = locale.T(ctx, "page.list.soonest", nil), ""
	}
	switch {
	case pass.Status == migration.PassDone:
		step.State = ui.StepDone
		step.When += " → " + clockOrMoment(ctx, pass.End(), startOf(pass), v.Now)
		step.Exact += " → " + locale.Exact(ctx, pass.End())
		step.Lines = append(step.Lines, v.passSum(ctx, pass))
	case pass.Status == migration.PassPlanned && !v.waitsForIt(pass):
		step.Lines = append(step.Lines, v.planned(ctx, pass))
		step.Extra = v.planActions(pass)
	default:
		step.Title += ", " + locale.T(ctx, "page.migration.step."+string(pass.Status), nil)
	}
	if text := again(ctx, pass, v.Now); text != "" {
		step.Lines = append(step.Lines, text)
	}
	if v.waitsForIt(pass) {
		step.State = ui.StepNow
		step.Lines = append(step.Lines, v.meanwhile(ctx, pass))
	}
	return step
}

// again says when what had failed in a pass was tried again; "" where it was not.
func again(ctx context.Context, pass migration.Pass, now time.Time) string {
	switch {
	case pass.ReopenedAt.IsZero():
		return ""
	case pass.EndedAt.IsZero():
		return locale.T(ctx, "page.migration.step.again", map[string]any{
			"end": locale.Moment(ctx, pass.End(), now), "from": locale.Moment(ctx, pass.ReopenedAt, now),
		})
	}
	return locale.T(ctx, "page.migration.step.again.done", map[string]any{
		"from": locale.Moment(ctx, pass.ReopenedAt, now), "to": clockOrMoment(ctx, pass.EndedAt, pass.ReopenedAt, now),
	})
}

// waitsForIt reports whether a pass is the one on its way, or due.
func (v MigrationView) waitsForIt(pass migration.Pass) bool {
	current, open := migration.Current(v.Migration.Passes)
	running := current.Status != migration.PassPlanned || current.Due(v.Now)
	return open && running && current.Number == pass.Number && v.Migration.Validity == migration.Valid
}

func (v MigrationView) passSum(ctx context.Context, pass migration.Pass) string {
	return locale.N(ctx, "page.migration.step.sum", pass.Runs.Tally.Copied, map[string]any{"size": locale.Bytes(ctx, pass.Runs.Tally.Bytes)})
}

func (v MigrationView) meanwhile(ctx context.Context, pass migration.Pass) string {
	if pass.Status == migration.PassPaused {
		return locale.T(ctx, "page.migration.close_page.paused", nil)
	}
	if v.SendsMail {
		return locale.T(ctx, "page.migration.close_page.mail", nil)
	}
	return locale.T(ctx, "page.migration.close_page", nil)
}

// planned says how a pass that waits stands to the first.
func (v MigrationView) planned(ctx context.Context, pass migration.Pass) string {
	first, _ := passOf(v.Migration, 1)
	if pass.Number != 2 {
		return locale.T(ctx, "page.migration.step.planned", nil)
	}
	return locale.T(ctx, "page.migration.step.after_first", map[string]any{"span": gapText(ctx, first, pass)})
}

// planActions are the links to move or start a pass; none for who may not.
func (v MigrationView) planActions(pass migration.Pass) templ.Component {
	if !v.CanChange || pass.Number != 2 || v.Migration.Validity != migration.Valid {
		return nil
	}
	return planLinks(v)
}

// gapStep is the time between the passes, when the MX records are changed.
func (v MigrationView) gapStep(ctx context.Context, second migration.Pass) ui.PassStep {
	first, _ := passOf(v.Migration, 1)
	step := ui.PassStep{Title: locale.T(ctx, "page.migration.gap", nil), Gap: true}
	switch {
	case v.phase() == migration.PhaseCutOver:
		step.State = ui.StepNow
		step.Title = locale.T(ctx, "page.migration.gap.now", nil)
		step.When = locale.T(ctx, "page.migration.gap.left", map[string]any{"span": locale.Span(ctx, second.PlannedAt.Sub(v.Now))})
	case first.Status == migration.PassDone:
		step.State = ui.StepDone
	case v.phase() != migration.PhaseCancelled:
		step.Lines = []string{locale.T(ctx, "page.migration.gap.wait", nil)}
	}
	if at, ok := v.changedAt(); ok {
		step.Lines = []string{locale.T(ctx, "page.migration.gap.changed", map[string]any{"at": locale.When(ctx, at, v.Now)})}
	}
	return step
}

// canMove reports whether pass 2 still waits.
func (v MigrationView) canMove() bool {
	second, planned := passOf(v.Migration, 2)
	return planned && second.Status == migration.PassPlanned && v.Migration.Validity == migration.Valid
}

// status of the pass on its way; "": there is none.
func (v MigrationView) status() migration.PassStatus {
	if !v.underWay() {
		return ""
	}
	current, _ := migration.Current(v.Migration.Passes)
	return current.Status
}

// startLabel names the pass that a button starts.
func (v MigrationView) startLabel(ctx context.Context) string {
	next, _ := migration.Current(v.Migration.Passes)
	if next.Number > 2 {
		return locale.T(ctx, "page.migration.start", nil)
	}
	return locale.T(ctx, "page.migration.start."+strconv.Itoa(next.Number), nil)
}

// canCancel reports whether there is something to cancel: not what has ended,
// and not a draft, which is deleted.
func (v MigrationView) canCancel() bool {
	switch v.phase() {
	case migration.PhaseDraft, migration.PhaseFinished, migration.PhaseExceptions, migration.PhaseCancelled:
		return false
	}
	return v.Migration.Validity.CanBecome(migration.Cancelled)
}

// noticeTexts say what became of the notices: where no mail leaves, that once.
func (v MigrationView) noticeTexts(ctx context.Context) []string {
	var texts []string
	silent := false
	for _, n := range v.Notices {
		if (n.Kind == migration.NoticeHostPaused || n.Kind == migration.NoticeFull) && n.GaveUp && n.Tries == 0 {
			continue // it was over before it was told
		}
		if n.SentAt.IsZero() && !v.SendsMail {
			silent = true
			continue
		}
		texts = append(texts, v.noticeText(ctx, n))
	}
	if silent {
		texts = append(texts, locale.T(ctx, "page.migration.notice.not_set_up", nil))
	}
	return texts
}

func (v MigrationView) noticeText(ctx context.Context, n migration.Notice) string {
	key, args := "waiting", map[string]any{"what": v.noticeName(ctx, n), "at": locale.When(ctx, n.SentAt, v.Now)}
	switch {
	case !n.SentAt.IsZero():
		key = "sent"
	case n.GaveUp:
		key = "gave_up"
	case n.Tries > 0:
		key, args["at"] = "again", locale.When(ctx, n.NextAt, v.Now)
	}
	return locale.T(ctx, "page.migration.notice."+key, args)
}

func (v MigrationView) noticeName(ctx context.Context, n migration.Notice) string {
	if n.Kind == migration.NoticePassDone {
		return numbered(ctx, "page.migration.notice.pass_done", n.Pass)
	}
	return locale.T(ctx, "page.migration.notice."+string(n.Kind), nil)
}

// latestSecond is until when pass 2 may be put off.
func (v MigrationView) latestSecond() time.Time {
	first, _ := passOf(v.Migration, 1)
	return v.Policy.LatestSecond(first.PlannedAt)
}

// plain are the records as one copies them.
func (g DomainRecords) plain() string {
	text := ""
	for _, record := range g.Records {
		text += record.Priority + " " + record.Host + "\n"
	}
	return text
}

func (v MigrationView) reasonsTitle(ctx context.Context) string {
	if v.underWay() {
		return locale.T(ctx, "page.migration.reasons.so_far", nil)
	}
	return locale.T(ctx, "page.migration.reasons", nil)
}

// remedy says what comes of a reason: a rule is a rule, a failure is tried again
// as long as a pass is to come.
func (v MigrationView) remedy(ctx context.Context, reason migration.ReasonCount) string {
	_, more := migration.Current(v.Migration.Passes)
	if reason.Reason.ByRule() {
		return locale.T(ctx, "page.migration.reason.rule", nil)
	}
	if reason.Kind == migration.Failed && more && v.pass().Number == 1 {
		return locale.T(ctx, "page.migration.reason.again", nil)
	}
	return locale.T(ctx, "reason."+string(reason.Reason)+".fix", nil)
}
