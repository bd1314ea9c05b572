package migration

import "time"

// FolderState says how far one run came with one folder.
type FolderState string

// States of a folder in a run.
const (
	FolderDone    FolderState = "done"     // every message has its outcome
	FolderLeftOut FolderState = "left_out" // by a rule: Reason says which
	FolderFailed  FolderState = "failed"   // it could not be gone through: Reason says why
	FolderOpen    FolderState = "open"     // the run ended before it did
)

// FolderTally is what one run did in one source folder. The tallies of all its
// folders add up to that of the run when that has ended.
type FolderTally struct {
	Name        string // source folder, decoded for people
	Destination string // the same at the destination; "": it has no place there
	Role        string // such as `\Sent`; "": an ordinary folder
	State       FolderState
	Reason      Reason // of a folder that was left out or failed
	Tally       Tally
}

// EntryTranscript is the code of the engine’s entry that comes with the end of a dialogue
// that broke down. Args: side, dialogue.
const EntryTranscript = "transcript"

// Transcript is the end of the last dialogue of a run with one server that ended
// in an error. No password and no mail is in it.
type Transcript struct {
	Side     string // of the server: source, destination
	At       time.Time
	Dialogue string
}
