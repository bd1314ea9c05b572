package ui

import "github.com/a-h/templ"

// NoteSpec describes one fact with at most one button.
type NoteSpec struct {
	Tone    Tone // Plain, Wait, Err or OK
	Icon    IconName
	Heading string // for a note of more than a line
	Strong  string // the beginning of the text that is read first
	Text    string
	Action  ButtonSpec // shown if it has a Text
	Live    bool       // spoken when it is swapped in
	ID      string
}

func (n NoteSpec) attrs() templ.Attributes {
	attrs := optional("id", n.ID)
	if n.Live {
		attrs["role"] = "status"
	}
	return attrs
}

func (n NoteSpec) action() ButtonSpec {
	n.Action.Small = true
	return n.Action
}

// Fault is one thing to correct: what the link says, and where it leads, such as
// "#email".
type Fault struct{ Text, Href string }

// Message is what the last action had to say.
type Message struct {
	Tone Tone // OK or Plain; errors stand where they belong
	Text string
}

// EmptySpec describes what stands where there is no data yet.
type EmptySpec struct {
	Title, Text string
	Actions     []ButtonSpec
	Steps       []EmptyStep
}

// EmptyStep is one of the steps that lead to the first data.
type EmptyStep struct{ Title, Text string }

// DialogSpec describes the question before something is destroyed. The children
// of Dialog are what stands between the question and the buttons: what stays,
// what goes.
type DialogSpec struct {
	ID      string // "": "dialog"
	Title   string // the question, with the name of the thing
	Action  string // where the answer yes is posted
	Confirm ButtonSpec
	Cancel  string
	// Back is where "no" leads on the page that stands in for the dialog where no
	// scripts run. With it the dialog is open in that page; links with
	// data-dialog fetch it from there.
	Back string
}

func (d DialogSpec) id() string { return orText(d.ID, "dialog") }

func (d DialogSpec) class() string {
	if d.Back != "" {
		return "t-dialog t-dialog--page"
	}
	return "t-dialog"
}

// DialogItem is one line of what stays or goes.
type DialogItem struct {
	Tone         Tone
	Strong, Text string
}
