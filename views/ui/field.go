package ui

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Width is how wide a field is.
type Width string

// The widths of fields.
const (
	Full   Width = ""
	Medium Width = "t-w-m"
	Short  Width = "t-w-s"
)

// Option is one of the things a select, or a group of radio buttons, offers.
type Option struct {
	Value, Text string
	Hint        string // radio buttons only
}

// FieldSpec describes a labelled field. Its order in the page is label, hint,
// error, control.
type FieldSpec struct {
	ID    string // what error links point to; "": Name
	Name  string
	Label string
	Hint  string
	Error string // a sentence; the field is then marked as wrong
	// HintPart stands where Hint does, for hints that are more than a text.
	HintPart templ.Component
	// LabelHidden leaves the label to screen readers.
	LabelHidden bool
	// Type is that of <input>: email, password, number, date, time,
	// datetime-local, file …; "": text. Rows makes it a textarea, Options a select.
	Type    string
	Rows    int
	Options []Option
	// Value is what stands in it. A password is never sent back: its Value is
	// not written.
	Value        string
	Width        Width
	Mono         bool // for codes and rows of a file
	Required     bool
	ReadOnly     bool
	Disabled     bool
	Focus        bool   // the one field of a page that has the focus at first
	Autocomplete string // of HTML: username, current-password, off …
	InputMode    string
	Placeholder  string
	Min, Max     string
	Step         string
	MaxLength    int
	Accept       string // of files
	Attrs        templ.Attributes
}

func (f FieldSpec) id() string { return orText(f.ID, f.Name) }

func (f FieldSpec) class() string {
	classes := []string{"form-control"}
	if f.Options != nil {
		classes[0] = "form-select"
	}
	if f.Width != Full {
		classes = append(classes, string(f.Width))
	}
	if f.Mono {
		classes = append(classes, "t-mono")
	}
	return strings.Join(classes, " ")
}

func (f FieldSpec) labelClass() string {
	if f.LabelHidden {
		return "visually-hidden"
	}
	return "form-label"
}

func (f FieldSpec) hasHint() bool { return f.Hint != "" || f.HintPart != nil }

// describedBy names the texts that go with the control, the error first.
func (f FieldSpec) describedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.id()+"-err")
	}
	if f.hasHint() {
		ids = append(ids, f.id()+"-hint")
	}
	return strings.Join(ids, " ")
}

// common are the attributes every kind of control has.
func (f FieldSpec) common() templ.Attributes {
	attrs := optional("aria-describedby", f.describedBy(), "autocomplete", f.Autocomplete)
	if f.Error != "" {
		attrs["aria-invalid"] = "true"
	}
	for name, set := range map[string]bool{"required": f.Required, "readonly": f.ReadOnly, "disabled": f.Disabled, "autofocus": f.Focus} {
		if set {
			attrs[name] = true
		}
	}
	for name, value := range f.Attrs {
		attrs[name] = value
	}
	return attrs
}

// written are the attributes of controls one writes into.
func (f FieldSpec) written() templ.Attributes {
	attrs := optional("placeholder", f.Placeholder, "inputmode", f.InputMode)
	if f.MaxLength > 0 {
		attrs["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	switch f.Type {
	case "email", "password", "url":
		attrs["spellcheck"] = "false"
		attrs["autocapitalize"] = "none"
	}
	return attrs
}

func (f FieldSpec) input() templ.Attributes {
	attrs := optional("min", f.Min, "max", f.Max, "step", f.Step, "accept", f.Accept)
	if f.Type != "password" && f.Type != "file" {
		attrs["value"] = f.Value
	}
	return attrs
}

// CheckSpec describes one box to tick, or one radio button.
type CheckSpec struct {
	ID, Name, Value string // ID "": Name, with the Value of a radio behind it
	Label, Hint     string
	Radio           bool
	Checked         bool
	Disabled        bool
	Attrs           templ.Attributes
}

func (c CheckSpec) id() string {
	if c.ID == "" && c.Radio {
		return c.Name + "-" + c.Value
	}
	return orText(c.ID, c.Name)
}

func (c CheckSpec) kind() string {
	if c.Radio {
		return "radio"
	}
	return "checkbox"
}

func (c CheckSpec) value() string {
	if c.Value == "" && !c.Radio {
		return "on"
	}
	return c.Value
}

// RadiosSpec describes a question with a few short answers.
type RadiosSpec struct {
	Name, Legend string
	Error        string
	Value        string // the answer that is chosen
	Options      []Option
}

func (r RadiosSpec) describedBy() string {
	if r.Error == "" {
		return ""
	}
	return r.Name + "-err"
}

func (r RadiosSpec) check(o Option) CheckSpec {
	return CheckSpec{Name: r.Name, Value: o.Value, Label: o.Text, Hint: o.Hint, Radio: true, Checked: o.Value == r.Value}
}

// ChoicesSpec describes a question with two to five answers that need a
// sentence each.
type ChoicesSpec struct {
	Name         string
	Legend       string
	LegendHidden bool // where the title of the page is the question
	Error        string
	List         bool // one below the other
}

func (c ChoicesSpec) describedBy() string {
	if c.Error == "" {
		return ""
	}
	return c.Name + "-err"
}

func (c ChoicesSpec) class() string {
	if c.List {
		return "t-choices t-choices--list"
	}
	return "t-choices"
}

// ChoiceSpec describes one answer. Fields that belong to it alone are the
// children of Choice; HasFields must then be set, since a label holds one
// control.
type ChoiceSpec struct {
	ID, Name, Value string // ID "": Name and Value
	Title, Text     string
	Pill            string // "Recommended"
	Checked         bool
	HasFields       bool
	Prepare         Prepare
}

func (c ChoiceSpec) id() string { return orText(c.ID, c.Name+"-"+c.Value) }

// Prepare is what to have ready for a choice.
type Prepare struct {
	Title string // "Have ready"; "": nothing is shown
	Ticks []string
	Foot  string
}
