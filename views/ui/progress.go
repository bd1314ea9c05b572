package ui

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"trasloco/locale"
)

// ProgressSize is how thick a progress bar is.
type ProgressSize string

// The sizes: alone in a card, ordinary, in the cell of a table.
const (
	Large ProgressSize = "lg"
	Usual ProgressSize = ""
	Small ProgressSize = "sm"
)

// ProgressSpec describes how far one thing is. Where nothing is known yet, use a
// pill instead: an empty bar that moves says nothing.
type ProgressSpec struct {
	Value, Max int // a Max below 1 counts as an empty bar
	Label      string
	Tone       Tone // Plain while it runs, Wait, OK
	Size       ProgressSize
	ID         string
}

func (p ProgressSpec) class() string {
	class := p.Tone.suffix("t-progress")
	if p.Size != Usual {
		class += " t-progress--" + string(p.Size)
	}
	return class
}

func (p ProgressSpec) most() int { return max(p.Max, 1) }

func (p ProgressSpec) value() int { return min(max(p.Value, 0), p.most()) }

func (p ProgressSpec) text(ctx context.Context) string {
	return locale.Number(ctx, p.value()) + " / " + locale.Number(ctx, p.most())
}

// OutcomeSpec holds the counts of a run, a pass or a migration. Once it has
// ended the four add up to Listed.
type OutcomeSpec struct {
	Copied, Present, Skipped, Failed int
	Listed                           int
	// Running shows what is still to do too.
	Running bool
	// Later: the counts are those of a pass after the first. Then "copied" says
	// that it means this pass, or nobody would believe that "0" is good news.
	Later bool
}

// label names a count.
func (o OutcomeSpec) label(ctx context.Context, kind string) string {
	if o.Later && kind == "copied" {
		kind = "copied.now"
	}
	return locale.T(ctx, "ui.outcome."+kind, nil)
}

func (o OutcomeSpec) todo() int {
	return max(o.Listed-o.Copied-o.Present-o.Skipped-o.Failed, 0)
}

// segment is one colour of the outcome bar.
type segment struct {
	class    string
	from, to float64
}

func (s segment) x() string     { return strconv.FormatFloat(s.from, 'f', 1, 64) }
func (s segment) width() string { return strconv.FormatFloat(s.to-s.from, 'f', 1, 64) }

// The bar is drawn on 1000 units; what is there at all has at least 4, with a
// gap of 1.5 between two colours.
const (
	barUnits   = 1000.0
	barLeast   = 4.0
	barBetween = 1.5
)

type share struct {
	class string
	n     int
}

// segments divides the bar by the counts. Where the least widths would not fit,
// the largest colour gives way.
func (o OutcomeSpec) segments() []segment {
	shares := []share{{"t-oc-copied", o.Copied}, {"t-oc-present", o.Present}, {"t-oc-skipped", o.Skipped}, {"t-oc-failed", o.Failed}}
	total := max(o.Listed, o.Copied+o.Present+o.Skipped+o.Failed)
	if total < 1 {
		return nil
	}
	widths, largest, sum := make([]float64, len(shares)), 0, 0.0
	for i, s := range shares {
		if s.n > 0 {
			widths[i] = max(barUnits*float64(s.n)/float64(total), barLeast)
			sum += widths[i] + barBetween
		}
		if widths[i] > widths[largest] {
			largest = i
		}
	}
	widths[largest] -= max(sum-barBetween-barUnits, 0)
	var drawn []segment
	at := 0.0
	for i, s := range shares {
		if s.n > 0 {
			drawn = append(drawn, segment{s.class, at, at + widths[i]})
			at += widths[i] + barBetween
		}
	}
	return drawn
}

// words are the counts as screen readers say the bar; zeros stand in the list
// below it.
func (o OutcomeSpec) words(ctx context.Context) string {
	var parts []string
	for _, s := range []share{{"copied", o.Copied}, {"present", o.Present}, {"skipped", o.Skipped}, {"failed", o.Failed}} {
		if s.n > 0 {
			parts = append(parts, o.label(ctx, s.class)+" "+locale.Number(ctx, s.n))
		}
	}
	return strings.Join(append(parts, o.label(ctx, "listed")+" "+locale.Number(ctx, o.Listed)), ", ")
}

// StepState is where a thing stands in a row of things.
type StepState string

// The states of a step.
const (
	StepAhead StepState = ""
	StepNow   StepState = "now"
	StepDone  StepState = "done"
)

// Step is one step of the wizard. A done one with an Href can be gone back to.
type Step struct {
	Name, Href string
	State      StepState
}

// StepperSpec describes the steps of the wizard; one of them is StepNow.
type StepperSpec struct {
	Label string // what the steps are of, for screen readers
	Steps []Step
}

// PassStep is one stop of the two-pass line.
type PassStep struct {
	Title string
	When  string
	Exact string   // the same with nothing left out, for who points at it
	Lines []string // what else there is to say
	State StepState
	Gap   bool // the time between the passes
	// Extra stands last, for links and forms.
	Extra templ.Component
}

// HoursSpec describes the hours between the two passes as a picture. The fields
// of the form below it carry the exact times.
type HoursSpec struct {
	Label string // the whole rule in a sentence
	First string // "Pass 1 14:00"
	// Second is the label of the second pin, at the full hour After; none if it
	// is empty.
	Second                string
	After                 int // 0 to 23
	Early, Best, Free, No string
}

func (h HoursSpec) secondClass() string {
	return "t-hours__pin t-at-" + strconv.Itoa(min(max(h.After, 0), 23))
}

// tick is an hour written below the bar.
type tick struct{ class, text string }

func ticks() []tick {
	return []tick{
		{"t-hours__tick t-at-0", "0 h"},
		{"t-hours__tick t-at-4", "4 h"},
		{"t-hours__tick t-at-8", "8 h"},
		{"t-hours__tick t-hours__tick--opt t-at-12", "12 h"},
		{"t-hours__tick t-at-16", "16 h"},
		{"t-hours__tick t-hours__tick--end", "23 h"},
	}
}

// Fact is a plain number with a label above it and small words behind it.
type Fact struct{ Label, Value, Small string }

func (s PassStep) attrs() templ.Attributes {
	attrs := optional("data-state", string(s.State))
	if s.State == StepNow {
		attrs["aria-current"] = "step"
	}
	return attrs
}
