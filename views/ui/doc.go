// Package ui holds the parts that pages are composed of: they know no migration
// and no resource, only texts, numbers and addresses. A part is a function that
// takes a Spec; what a Spec leaves empty is left out of the page.
//
// Texts come ready in the language of the reader. The few words that a part
// adds by itself ("Error: ", "done") stand under ui.* in package locale.
//
// Everything works without scripts and under a policy without inline styles:
// no part writes a style attribute. PartsPage shows all of them with their
// states; a new part is added there.
package ui

import "github.com/a-h/templ"

// Tone is what a thing wants to say by its colour. An icon and a word always
// say it too.
type Tone string

// The tones.
const (
	Plain Tone = ""     // a fact
	OK    Tone = "ok"   // done, nothing to do
	Run   Tone = "run"  // on its way
	Wait  Tone = "wait" // waits for a human, or was left out
	Err   Tone = "err"  // a person has to mend it
)

// icon is the icon that goes with a tone where none is chosen.
func (t Tone) icon() IconName {
	switch t {
	case OK:
		return IconDone
	case Run:
		return IconRunning
	case Wait:
		return IconWarning
	case Err:
		return IconFault
	}
	return IconInfo
}

// or returns the first name, or the second where there is none.
func (n IconName) or(other IconName) IconName {
	if n == "" {
		return other
	}
	return n
}

// suffix returns base and, unless the tone is Plain, base--tone.
func (t Tone) suffix(base string) string {
	if t == Plain {
		return base
	}
	return base + " " + base + "--" + string(t)
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// optional makes attributes of pairs of name and value; those with an empty
// value are left out.
func optional(pairs ...string) templ.Attributes {
	attrs := templ.Attributes{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attrs[pairs[i]] = pairs[i+1]
		}
	}
	return attrs
}
