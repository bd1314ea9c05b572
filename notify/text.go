package notify

import (
	"strings"
	"unicode/utf8"
)

// lineWidth is where lines of the plain text are broken, in characters; longer
// words, such as addresses, stand out.
const lineWidth = 72

// text returns the mail as plain text.
func (w words) text() string {
	var b strings.Builder
	paragraph(&b, w.Title)
	for _, text := range w.Lead {
		paragraph(&b, text)
	}
	for _, part := range w.Sections {
		part.text(&b)
	}
	b.WriteString("-- \n")
	for _, text := range w.Foot {
		b.WriteString(wrapped(text, "", ""))
	}
	return b.String()
}

func (s section) text(b *strings.Builder) {
	if s.Title != "" {
		b.WriteString("\n" + wrapped(strings.ToUpper(s.Title), "", "") + "\n")
	}
	for _, text := range s.Text {
		paragraph(b, text)
	}
	for _, line := range s.Exact {
		b.WriteString("    " + line + "\n")
	}
	if len(s.Exact) > 0 {
		b.WriteString("\n")
	}
	if s.Small != "" {
		paragraph(b, s.Small)
	}
	for _, item := range s.Items {
		b.WriteString(wrapped(item, "- ", "  "))
	}
	if len(s.Items) > 0 {
		b.WriteString("\n")
	}
	if s.Button.URL != "" {
		b.WriteString(s.Button.Label + ":\n" + s.Button.URL + "\n\n")
	}
}

func paragraph(b *strings.Builder, text string) { b.WriteString(wrapped(text, "", "") + "\n") }

// wrapped breaks a text into lines, the first after one indent and the others
// after another.
func wrapped(text, first, others string) string {
	var b strings.Builder
	line, indent := first, first
	for word := range strings.SplitSeq(text, " ") {
		if line != indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth {
			b.WriteString(line + "\n")
			line, indent = others, others
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
