package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// ButtonKind is how much a button weighs. A page has one primary button.
type ButtonKind string

// The kinds of buttons.
const (
	Secondary ButtonKind = ""
	Primary   ButtonKind = "btn-primary"
	Danger    ButtonKind = "btn-danger" // destroys something
)

// ButtonSpec describes a button or a link.
type ButtonSpec struct {
	Text string // a verb
	// Of says to screen readers what the verb is about, where many buttons of a
	// page have the same Text: "Delete", of "M-3FM9K".
	Of   string
	Icon IconName
	Kind ButtonKind
	// Href makes it a link; else it submits its form, unless Plain.
	Href  string
	Plain bool // type="button": for scripts only
	// Name and Value go with the form when this button submits it.
	Name, Value string
	Small       bool
	Large       bool
	Push        bool // to the far end of a row of actions
	Disabled    bool // the reason stands beside it, or in Title
	Title       string
	Attrs       templ.Attributes
}

func (b ButtonSpec) class() string {
	classes := []string{"btn"}
	if b.Kind != Secondary {
		classes = append(classes, string(b.Kind))
	}
	if b.Small {
		classes = append(classes, "t-btn-sm")
	}
	if b.Large {
		classes = append(classes, "t-btn-lg")
	}
	if b.Push {
		classes = append(classes, "t-push")
	}
	return strings.Join(classes, " ")
}

func (b ButtonSpec) kind() string {
	if b.Plain {
		return "button"
	}
	return "submit"
}

func (b ButtonSpec) label() string { return strings.TrimSpace(b.Text + " " + b.Of) }

func pillIconClass(name IconName) string {
	if name == IconRunning {
		return "icon t-spin"
	}
	return "icon"
}

func toneIconClass(tone Tone) string {
	if tone == Plain {
		return "icon"
	}
	return "icon t-ic-" + string(tone)
}
