package migration

import "time"

// Args are the facts of a Problem or an Entry, by name: locale puts them into
// the sentence of the code.
type Args map[string]any

// Entry is one line of a run's log: a code with its facts, and the server's
// own words where it said any. No text of ours is stored; the viewer's language
// is chosen when it is shown.
type Entry struct {
	At         time.Time
	Level      Level
	Code       string
	Args       Args
	ServerText string
}

// Level ranks entries.
type Level string

// Levels of entries.
const (
	Info    Level = "info"
	Warning Level = "warning"
	Failure Level = "failure"
)

// Progress is the latest state of one run, for those who watch.
type Progress struct {
	RunID     int64
	Status    RunStatus
	Folder    string // the one at work
	Tally     Tally
	UpdatedAt time.Time
}
