package views

import (
	"context"
	"slices"
	"strconv"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// WizardStep is one of the five questions; its value is the last part of its
// address.
type WizardStep string

// The steps, in their order.
const (
	StepServer WizardStep = "server"
	StepFile   WizardStep = "file"
	StepFirst  WizardStep = "first"
	StepSecond WizardStep = "second"
	StepReview WizardStep = "review"
)

func wizardSteps() []WizardStep {
	return []WizardStep{StepServer, StepFile, StepFirst, StepSecond, StepReview}
}

// After reports whether a step comes after another one.
func (w WizardStep) After(other WizardStep) bool {
	return slices.Index(wizardSteps(), w) > slices.Index(wizardSteps(), other)
}

// WizardPage is what every step has.
type WizardPage struct {
	Page
	Step      WizardStep
	Open      WizardStep // the first one without an answer
	Migration migration.Migration
	Problems  Problems
	Policy    migration.Policy
	Now       time.Time
	SendsMail bool
}

func (p WizardPage) path(step WizardStep) string {
	return "/migrations/" + p.Migration.Code + "/edit/" + string(step)
}

func (p WizardPage) version() string { return strconv.Itoa(p.Migration.Version) }

// frame is the stepper: steps that have an answer can be gone to.
func (p WizardPage) frame(ctx context.Context) WizardFrame {
	frame := WizardFrame{
		Saved: locale.T(ctx, "page.wizard.saved", map[string]any{"at": locale.Clock(ctx, p.Migration.ChangedAt)}),
	}
	for _, step := range wizardSteps() {
		item := ui.Step{Name: locale.T(ctx, "page.wizard.step."+string(step), nil)}
		switch {
		case step == p.Step:
			item.State = ui.StepNow
		case p.Step.After(step), !step.After(p.Open) && step != p.Open:
			item.State, item.Href = ui.StepDone, p.path(step)
		}
		frame.Steps = append(frame.Steps, item)
	}
	return frame
}

// wideFrame is the frame for the table of rows.
func (p WizardPage) wideFrame(ctx context.Context) WizardFrame {
	frame := p.frame(ctx)
	frame.Wide = true
	return frame
}

func (p WizardPage) say(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.wizard."+string(p.Step)+"."+name, args)
}

// tells says how people learn that it is time to change the MX records: by mail,
// or, where none is sent, from the page of the migration.
func (p WizardPage) tells(ctx context.Context, how string) string {
	if !p.SendsMail {
		how = "page"
	}
	return locale.T(ctx, "page.wizard.line.mx."+how, nil)
}

// ServerForm is the answer to where the mail comes from.
type ServerForm struct {
	Type    migration.ServerType
	TLS     migration.TLSMode
	TLSName string
	Pin     string
	// Master is MasterForm.String of one of MasterForms, or MasterOwn, whose form
	// is Pattern.
	Master, Pattern string
	Provider        string // migration.Provider.Name; "": none
}

// ServerPage is step 1.
type ServerPage struct {
	WizardPage
	Form ServerForm
	// TooMany says that as many migrations are planned as may be at once.
	TooMany bool
}

func serverTypes() []migration.ServerType {
	return []migration.ServerType{migration.Standard, migration.Gmail, migration.Exchange, migration.Office365}
}

func (p ServerPage) choice(ctx context.Context, kind migration.ServerType) ui.ChoiceSpec {
	key := "page.wizard.server." + string(kind)
	return ui.ChoiceSpec{
		Name: "server", Value: string(kind), Checked: p.Form.Type == kind,
		Title: locale.T(ctx, "server_type."+string(kind), nil), Text: locale.T(ctx, key, nil),
		Prepare: ui.Prepare{
			Title: locale.T(ctx, "page.wizard.server.prepare", nil),
			Ticks: []string{locale.T(ctx, key+".tick1", nil), locale.T(ctx, key+".tick2", nil)},
			Foot:  locale.T(ctx, key+".file", nil),
		},
	}
}

// HowToStep is one thing to do at a server before mail can be moved from it.
type HowToStep struct {
	Text string
	Code string // what to type there; "": nothing
}

// steps are those of a type of server, as many as the language files have.
func (p ServerPage) steps(ctx context.Context, kind migration.ServerType) (steps []HowToStep) {
	for n := 1; ; n++ {
		key := "page.wizard.server." + string(kind) + ".step" + strconv.Itoa(n)
		step := HowToStep{Text: locale.T(ctx, key, nil), Code: locale.T(ctx, key+".code", nil)}
		if step.Text == key {
			return steps
		}
		if step.Code == key+".code" {
			step.Code = ""
		}
		steps = append(steps, step)
	}
}

// SampleFile is a file that shows a form of the CSV.
type SampleFile struct{ Name, File string }

// samplesOf are the files whose form goes with a type of server (S4, S5, S6).
func samplesOf(kind migration.ServerType) []SampleFile {
	standard := SampleFile{"standard", "1-standard.csv"}
	switch kind {
	case migration.Gmail:
		return []SampleFile{standard}
	case migration.Office365:
		return []SampleFile{{"office365", "3-microsoft-365.csv"}}
	}
	return []SampleFile{standard, {"master", "2-master-user.csv"}}
}

// connects reports whether anything but the default was chosen of how the
// servers are reached: then it is shown open.
func (p ServerPage) connects() bool {
	form := p.Form
	return form.TLS != "" || form.TLSName != "" || form.Pin != "" || form.Master != "" || len(p.Problems) > 0
}

func (p ServerPage) tlsOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, mode := range []migration.TLSMode{"", migration.TLSDirect, migration.TLSStartTLS} {
		name := string(mode)
		if name == "" {
			name = "auto"
		}
		options = append(options, ui.Option{
			Value: string(mode), Text: locale.T(ctx, "page.wizard.server.tls."+name, nil), Hint: locale.T(ctx, "page.wizard.server.tls."+name+".hint", nil),
		})
	}
	return options
}

// UploadPage is step 2 before there is a file.
type UploadPage struct {
	WizardPage
	HasFile  bool
	Demo     bool
	Domains  []string                 // those the user may name
	Password bool                     // each row ends with the password of its destination mailbox
	Account  migration.ServiceAccount // whose key opens rows without a password; zero: none
	Support  Support                  // who helps where there are neither passwords nor a master user (S25)
}

// form is how a row looks for the type of server that was chosen.
func (p UploadPage) form(ctx context.Context) string {
	key := "page.wizard.file.form.standard"
	if p.Migration.ServerType == migration.Office365 {
		key = "page.wizard.file.form.office365"
	}
	if p.Account.ClientID != "" {
		key = "page.wizard.file.form.key"
	}
	form := locale.T(ctx, key, nil)
	if p.Password {
		form += locale.T(ctx, "page.wizard.file.form.password", nil)
	}
	return form
}

// uploadBack leads back to the rows where there are some.
func (p UploadPage) uploadBack() string {
	if p.HasFile {
		return p.path(StepFile)
	}
	return p.path(StepServer)
}
