package ui

import "time"

// LogSpec describes one entry of a log.
type LogSpec struct {
	ID     string // for lines that change live
	Tone   Tone   // Plain, OK, Wait or Err
	At     time.Time
	Clock  string // At as the reader's clock shows it
	Exact  string // with day and zone, for the pointer
	Text   string // what happened
	Detail string
	Said   string // the server's own words
}

func (l LogSpec) level() string {
	switch l.Tone {
	case OK:
		return "ok"
	case Wait:
		return "warn"
	case Err:
		return "err"
	}
	return "info"
}

func (l LogSpec) icon() IconName {
	if l.Tone == Plain {
		return IconPoint
	}
	return l.Tone.icon()
}

// ExceptionsSpec describes a group of messages that were left out for one
// reason. The count stands in the title.
type ExceptionsSpec struct {
	ID          string // "": none; links lead to it
	Title, Hint string
	Help        Fault // where more is said; shown if it has a Text
	Tone        Tone  // Wait: left out; Err: failed
	Pill        string
	Items       []Exception
	More        ButtonSpec // to the others of the group; shown if it has a Text
	Pager       *PagerSpec // which of the group are shown; nil: the first ones
}

func (e ExceptionsSpec) icon() IconName {
	if e.Tone == Err {
		return IconMailX
	}
	return IconMinus
}

// Exception is one message: which it is, why it is not there, what to do.
type Exception struct {
	Subject, Meta  string
	Reason, Remedy string
	Said           string // the server's own words
}

// Record is an MX record.
type Record struct{ Priority, Host string }

// RecordsSpec describes the MX records of a domain as they are and as they shall
// be.
type RecordsSpec struct {
	Domain   string
	Old, New []Record
	OldHint  string // TTL, who said so
	NewHint  string
}

func (r RecordsSpec) plain() string {
	text := ""
	for _, record := range r.New {
		text += record.Priority + " " + record.Host + "\n"
	}
	return text
}
