package ui

import "github.com/a-h/templ"

// ColumnSpec describes a column of a table.
type ColumnSpec struct {
	Text   string
	Hidden bool // the head is for screen readers only, such as that of buttons
	Number bool // numbers stand at the right
	Class  string
	// Href sorts by this column; Sorted is "ascending" or "descending" where the
	// table is.
	Href, Sorted string
}

func (c ColumnSpec) class() string {
	if c.Number {
		return joined(c.Class, "t-r")
	}
	return c.Class
}

func (c ColumnSpec) arrow() IconName {
	switch c.Sorted {
	case "ascending":
		return IconArrowUp
	case "descending":
		return IconArrowDown
	}
	return ""
}

// TableSpec describes a table. Its rows are the children of Table, each
// <tr role="row"> with one RowHead and Cells, Counts. Where its box is narrow,
// rows become cards; the roles are written out so that it stays a table for
// screen readers.
type TableSpec struct {
	Label     string // what the table holds …
	LabelID   string // … or the id of the heading that says it
	Columns   []ColumnSpec
	Class     string          // more classes, such as "t-table--five"
	BodyID    string          // of <tbody>, for rows that change live
	Foot      templ.Component // the row of totals, <tr role="row">
	After     templ.Component // below the table, in its box: Pager
	BodyAttrs templ.Attributes
}

func (t TableSpec) attrs() templ.Attributes {
	if t.LabelID != "" {
		return templ.Attributes{"aria-labelledby": t.LabelID}
	}
	return templ.Attributes{"aria-label": t.Label}
}

// CellSpec describes a cell. Column is the head of its column, which stands
// above it where rows are cards.
type CellSpec struct {
	Column string
	Number bool
	Class  string // t-wide: a line of its own in a card; t-phone-0: not there at all
	ID     string
}

func (c CellSpec) class() string {
	if c.Number {
		return joined("t-r", c.Class)
	}
	return c.Class
}

// CountSpec describes a cell with a count. Zero is grey; more than zero has the
// colour of the tone, Wait for what was left out, Err for what failed.
type CountSpec struct {
	Column string
	N      int
	Tone   Tone
	None   bool // nothing to count yet: a dash
	Class  string
}

func (c CountSpec) cell() CellSpec {
	class := c.Class
	switch {
	case c.N == 0 || c.None:
		class = joined("t-zero", class)
	case c.Tone == Wait:
		class = joined("t-table__warn", class)
	case c.Tone == Err:
		class = joined("t-table__err", class)
	}
	return CellSpec{Column: c.Column, Number: true, Class: class}
}

// Tab is one of the views of a table or a page; its Href carries the state.
type Tab struct {
	Text, Href string
	Count      int
	NoCount    bool
	Current    bool
}

// LogTab is one of the pages about a thing: log 1, log 2.
type LogTab struct {
	Title, Text, Href string
	Current           bool
}

// SearchSpec describes the search above a table. It works by GET; Keep holds
// what of the address must stay, as pairs of name and value.
type SearchSpec struct {
	Action string // "": this page
	Name   string // "": "q"
	Label  string // also the placeholder
	Value  string
	Keep   [][2]string
	Attrs  templ.Attributes
}

func (s SearchSpec) name() string { return orText(s.Name, "q") }

// PagerSpec describes which part of a list one sees. Prev and Next are addresses;
// an empty one is not shown.
type PagerSpec struct {
	From, To, Total int
	Prev, Next      string
}

// Crumb is one part of the path to a page; the last one has no Href.
type Crumb struct{ Text, Href string }

// HeadSpec describes the beginning of a page: path, title, what it is, what can
// be done, what the last action had to say.
type HeadSpec struct {
	Crumbs  []Crumb
	Title   string
	Address bool            // the title is a mail address, which breaks anywhere
	Lead    templ.Component // a sentence as the title, instead of Title
	Text    string
	Meta    templ.Component // pills and small facts in a row
	Actions templ.Component // buttons, forms
	Flash   []Message
}

func joined(one, other string) string {
	if one == "" || other == "" {
		return one + other
	}
	return one + " " + other
}

// current marks the link to what one sees.
func current(is bool, value string) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": value}
}
