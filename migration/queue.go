package migration

// The database is the queue of the scheduler: what follows is what it takes out
// of it, and puts back. Nothing else remembers that there is work to do.

// CheckJob is a row that waits for its check.
type CheckJob struct {
	Customer    int64
	MigrationID int64
	Type        ServerType
	Provider    string // Provider.Name; "": nobody said
	Chosen      FolderChoices
	// Resource has both endpoints complete but for their secrets.
	Resource Resource
}

// RunJob is a run that may be taken: it is waiting, was interrupted, or is
// parked and its time has come.
type RunJob struct {
	Customer    int64
	MigrationID int64
	Pass        int // number
	Type        ServerType
	Provider    string // Provider.Name; "": nobody said
	Chosen      FolderChoices
	Gmail       GmailChoice
	Run         Run // as it stands in the store; the guarded move starts from it
	// Resource has both endpoints complete but for their secrets.
	Resource Resource
}

// RunProgress is where a run at work stands, to be written down.
type RunProgress struct {
	Customer int64
	RunID    int64
	Tally    Tally  // so far
	Folder   string // the one at work, decoded for people; empty: none yet
}
