package views

import (
	"context"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// TimeForm is the answer to when a pass starts.
type TimeForm struct {
	Answer     string // asap, gap, at, or a time as one of the offers has it
	At         time.Time
	Date, Time string // as they were written, where At is not known
	Warnings   []migration.Problem
	// Earliest and Latest bound the date, in the fields that can say so; zero: not.
	Earliest, Latest time.Time
}

func dateOf(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(locale.Zone(ctx)).Format(dateField)
}

// Fields of a date and a time of the day.
const (
	dateField  = "2006-01-02"
	timeField  = "15:04"
	localField = dateField + "T" + timeField
)

func (f TimeForm) date(ctx context.Context) string {
	if f.Date != "" || f.At.IsZero() {
		return f.Date
	}
	return f.At.In(locale.Zone(ctx)).Format(dateField)
}

func (f TimeForm) clock(ctx context.Context) string {
	if f.Time != "" || f.At.IsZero() {
		return f.Time
	}
	return f.At.In(locale.Zone(ctx)).Format(timeField)
}

func local(ctx context.Context, t time.Time) string { return t.In(locale.Zone(ctx)).Format(localField) }

// zoneHint says in whose time the fields are, with the difference to UTC.
func zoneHint(ctx context.Context, now time.Time) string {
	zone := locale.Zone(ctx)
	return locale.T(ctx, "page.wizard.zone", map[string]any{"zone": zone.String(), "offset": now.In(zone).Format("UTC-07:00")})
}

// FirstPage is step 3.
type FirstPage struct {
	WizardPage
	Form      TimeForm
	Evening   time.Time
	Records   []DomainRecords
	Inventory Inventory
}

// line is what follows, as far as it is known.
func (p FirstPage) line(ctx context.Context) []ui.PassStep {
	first := ui.PassStep{Title: locale.T(ctx, "page.wizard.line.first", nil), State: ui.StepNow, Lines: p.Inventory.work(ctx)}
	return []ui.PassStep{
		first,
		{Title: locale.T(ctx, "page.wizard.line.mx", nil), Gap: true, Lines: []string{p.tells(ctx, "write")}},
		{
			Title: locale.T(ctx, "page.wizard.line.second", nil), When: locale.T(ctx, "page.wizard.line.second.later", nil),
			Lines: []string{locale.T(ctx, "page.wizard.line.second.text", nil)},
		},
	}
}

// domains joins the names of the domains that move.
func domainNames(records []DomainRecords) string {
	var names []string
	for _, r := range records {
		names = append(names, r.Domains...)
	}
	return strings.Join(names, ", ")
}

// DraftSecondPage is step 4.
type DraftSecondPage struct {
	WizardPage
	Form                   TimeForm
	First, Offered, Latest time.Time
	Night                  time.Time // zero: no night lies in between
	Records                []DomainRecords
	Inventory              Inventory
}

// hours is the picture of the rule.
func (p DraftSecondPage) hours(ctx context.Context) ui.HoursSpec {
	advised := p.First.Add(p.Policy.AdvisedGap)
	best := p.First.Add(2 * p.Policy.AdvisedGap)
	second := p.Offered
	if !p.Form.At.IsZero() {
		second = p.Form.At
	}
	args := map[string]any{
		"first": locale.Clock(ctx, p.First), "second": locale.Clock(ctx, second), "from": locale.Clock(ctx, advised),
		"to": locale.Clock(ctx, best), "latest": locale.When(ctx, p.Latest, p.Now), "hours": int(p.Policy.MaxGap.Hours()),
	}
	spec := ui.HoursSpec{
		Label: p.say(ctx, "hours", args), First: p.say(ctx, "hours.first", args), Early: p.say(ctx, "hours.early", args),
		Best: p.say(ctx, "hours.best", args), Free: p.say(ctx, "hours.free", args), No: p.say(ctx, "hours.no", args),
	}
	if gap := second.Sub(p.First); gap > 0 && gap <= p.Policy.MaxGap {
		spec.Second, spec.After = p.say(ctx, "hours.second", args), int(gap.Round(time.Hour).Hours())
	}
	return spec
}
